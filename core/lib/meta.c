/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "meta.h"

static bool is_end(char c)
{
	return c == '\n' || c == '\r';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct span cut(struct span s, size_t n)
{
	return (struct span){ s.p + n, s.n - n };
}

/* Take a line without its end, which is LF, CR or CR LF. */
static struct span line_take(struct span *rest)
{
	struct span line = { rest->p, 0 };

	while (line.n < rest->n && !is_end(line.p[line.n]))
		line.n++;

	*rest = cut(*rest, line.n);
	if (rest->n >= 2 && rest->p[0] == '\r' && rest->p[1] == '\n')
		*rest = cut(*rest, 2);
	else if (rest->n >= 1)
		*rest = cut(*rest, 1);
	return line;
}

/* Of the field name that a line starts with, or -1 where it is no header. */
static long name_length(struct span line)
{
	size_t n = 0;

	while (n < line.n && line.p[n] > ' ' && line.p[n] <= '~' && line.p[n] != ':')
		n++;

	return n < line.n && line.p[n] == ':' ? (long)n : -1;
}

/* Does a line start with a name, given in lower case, in any case of letters? */
static bool is_named(struct span line, struct span name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = line.p[i];

		if ((c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c) != name.p[i])
			return false;
	}
	return true;
}

static struct span value_of(struct span line, size_t name_n)
{
	struct span value = cut(line, name_n + 1);

	while (value.n > 0 && is_blank(value.p[0]))
		value = cut(value, 1);
	return value;
}

enum meta_outcome meta_field(struct span text, struct span name, struct span *ret_value)
{
	static const struct span from = { "From ", 5 };

	while (text.n > 0) {
		struct span line = line_take(&text);
		long n = name_length(line);

		if (line.n > 0 && is_blank(line.p[0]))
			continue;
		/* The envelope of an mbox passes for a header, wherever it stands. */
		if (line.n >= from.n && memcmp(line.p, from.p, from.n) == 0)
			continue;
		if (n < 0)
			return META_ABSENT;
		if ((size_t)n != name.n || !is_named(line, name))
			continue;
		if (text.n > 0 && is_blank(text.p[0]))
			return META_FOLDED;

		*ret_value = value_of(line, name.n);
		return META_FOUND;
	}
	return META_ABSENT;
}
