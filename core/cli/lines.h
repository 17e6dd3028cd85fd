/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lines.h - the lines of a file of "Key=value".
 *
 * Pure: no I/O, no allocation.
 * Used by: conf-parse.c, action.c.  Uses: span.h.
 */
#ifndef EPC_LINES_H
#define EPC_LINES_H

#include "span.h"

static inline bool line_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static inline struct span line_strip(struct span s)
{
	while (s.n && line_is_blank(s.p[0]))
		s = span_from(s, 1);
	while (s.n && line_is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

/* line_take - the first line of what is left, without the blanks around it. */
static inline struct span line_take(struct span *rest)
{
	const char *end = memchr(rest->p, '\n', rest->n);
	struct span line = { rest->p, end ? (size_t)(end - rest->p) : rest->n };

	*rest = span_from(*rest, line.n + (end ? 1 : 0));
	return line_strip(line);
}

/* line_says_nothing - is it empty, or a comment? */
static inline bool line_says_nothing(struct span line)
{
	return line.n == 0 || line.p[0] == '#' || line.p[0] == ';';
}

#endif
