/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * span.h - a borrowed run of bytes.
 *
 * Names and texts of other people hold any byte, NUL included, so nothing
 * inside the library is a C string.  A span is not terminated and never freed
 * by its holder.
 *
 * Used by: everything.  Uses: nothing.
 */
#ifndef EPC_SPAN_H
#define EPC_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
	const char *p;
	size_t n; /* bytes */
};

/* A string literal or C string without its NUL; NULL gives the empty span. */
static inline struct span span_of(const char *s)
{
	return (struct span){ s, s ? strlen(s) : 0 };
}

static inline bool span_eq(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Order by bytes, a prefix first; in UTF-8 this is the order of code points. */
static inline int span_cmp(struct span a, struct span b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int r = n ? memcmp(a.p, b.p, n) : 0;

	return r ? r : (a.n > b.n) - (a.n < b.n);
}

/* What is left from an offset on, which is at most .n. */
static inline struct span span_from(struct span s, size_t at)
{
	return (struct span){ s.p + at, s.n - at };
}

static inline bool span_ends(struct span s, struct span tail)
{
	return s.n >= tail.n && memcmp(s.p + s.n - tail.n, tail.p, tail.n) == 0;
}

#endif
