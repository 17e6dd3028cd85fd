/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "name.h"

#include <assert.h>
#include <stdint.h>

#include "uni.h"

/*
 * Does a name end so, capital letters aside?  str.lower() gives an ASCII letter
 * only for one more code point, the Kelvin sign, and no tail here has a 'k'; a
 * capital I with a dot becomes an 'i' with a dot after it, which matches nothing.
 */
static bool ends_nocase(struct span s, struct span tail)
{
	if (s.n < tail.n)
		return false;

	for (size_t i = 0; i < tail.n; i++)
		if (ascii_lower(s.p[s.n - tail.n + i]) != tail.p[i])
			return false;
	return true;
}

/* str.partition(): what precedes the first @c; the rest after it, p == NULL without. */
static struct span partition(struct span s, char c, struct span *ret_rest)
{
	const char *at = s.n > 0 ? memchr(s.p, c, s.n) : NULL;

	*ret_rest = (struct span){ NULL, 0 };
	if (!at)
		return s;

	*ret_rest = (struct span){ at + 1, (size_t)(s.p + s.n - at - 1) };
	return (struct span){ s.p, (size_t)(at - s.p) };
}

/* What precedes the last dot; all of it without one. */
static struct span before_last_dot(struct span s)
{
	const char *dot = memrchr(s.p, '.', s.n);

	return dot ? (struct span){ s.p, (size_t)(dot - s.p) } : s;
}

static bool is_only_dots(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '.')
			return false;
	return true;
}

/* A version without the "-py3.11-linux-x86_64" that easy_install put after it. */
static struct span strip_python_tag(struct span version)
{
	for (size_t i = 0; i + 3 < version.n; i++) {
		const char *p = version.p + i;

		if (memcmp(p, "-py", 3) == 0 && p[3] >= '0' && p[3] <= '9')
			return (struct span){ version.p, i };
	}
	return version;
}

enum name_kind name_kind(struct span folder, bool in_egg)
{
	struct span egg = span_of("egg-info");

	if (ends_nocase(folder, span_of(".dist-info")))
		return NAME_DIST_INFO;
	if (ends_nocase(folder, span_of(".egg-info")))
		return NAME_EGG_INFO;
	if (in_egg && folder.n == egg.n && ends_nocase(folder, egg))
		return NAME_EGG;
	return NAME_OTHER;
}

bool name_is_egg(struct span path)
{
	/* The tail holds no '/', so it lies within the basename. */
	return ends_nocase(path, span_of(".egg"));
}

struct name_parts name_split(struct span folder, enum name_kind kind)
{
	struct span tail = span_of(kind == NAME_DIST_INFO ? ".dist-info" : ".egg-info");
	struct span stem = before_last_dot(folder);
	struct name_parts parts = { .name = { folder.p, 0 } };

	/* To os.path.splitext() leading dots are of the name, never of a suffix. */
	if (kind == NAME_EGG || is_only_dots(stem))
		return parts;

	parts.name = partition(stem, '-', &parts.version);
	if (kind == NAME_EGG_INFO)
		parts.version = strip_python_tag(parts.version);
	parts.settled = parts.name.n > 0 && span_ends(folder, tail);
	return parts;
}

static bool is_separator(char c)
{
	return c == '-' || c == '_' || c == '.';
}

static size_t run_length(struct span s, size_t at, bool separators)
{
	size_t n = 0;

	while (at + n < s.n && is_separator(s.p[at + n]) == separators)
		n++;
	return n;
}

static bool is_ascii(struct span s)
{
	uint64_t word, all = 0;
	size_t at = 0;

	for (; s.n - at >= sizeof word; at += sizeof word) {
		memcpy(&word, s.p + at, sizeof word);
		all |= word;
	}
	word = 0;
	memcpy(&word, s.p + at, s.n - at);
	return !((all | word) & UINT64_C(0x8080808080808080));
}

/* ASCII, each byte lowered by itself, and each separator an underscore. */
static const char normal[] =
	"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"
	"\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f"
	" !\"#$%&'()*+,__/"
	"0123456789:;<=>?"
	"@abcdefghijklmno"
	"pqrstuvwxyz[\\]^_"
	"`abcdefghijklmno"
	"pqrstuvwxyz{|}~\x7f";

static long normalize_ascii(struct span name, char *out, size_t cap)
{
	size_t done = 0;
	char last = '\0';

	for (size_t at = 0; at < name.n; at++) {
		char c = normal[(unsigned char)name.p[at]];

		if (c == '_' && last == '_')
			continue;
		if (done == cap)
			return -1;
		out[done++] = last = c;
	}
	return (long)done;
}

/*
 * Python replaces each run by '-', lowers, then makes '-' of it '_'.  A '-' ends
 * the context of a final sigma, so each piece can be lowered by itself.
 */
long name_normalize(struct span name, char *out, size_t cap)
{
	size_t at = 0, done = 0;

	if (is_ascii(name))
		return normalize_ascii(name, out, cap);

	while (at < name.n) {
		size_t n = run_length(name, at, false);
		long low = uni_lower((struct span){ name.p + at, n }, out + done,
				     cap - done);

		if (low < 0)
			return -1;
		done += (size_t)low;
		at += n;
		if (at == name.n)
			break;

		if (done == cap)
			return -1;
		out[done++] = '_';
		at += run_length(name, at, true);
	}
	return (long)done;
}

size_t name_key(struct span folder, char out[NAME_NORM_MAX])
{
	char low[NAME_NORM_MAX];
	struct span name = folder, rest;
	long n;

	/* Only what is not ASCII is lowered by what stands around it. */
	if (!is_ascii(folder)) {
		n = uni_lower(folder, low, sizeof low);
		assert(n >= 0);
		name = (struct span){ low, (size_t)n };
	}
	name = before_last_dot(name);
	n = name_normalize(partition(name, '-', &rest), out, NAME_NORM_MAX);
	assert(n >= 0);
	return (size_t)n;
}

bool name_is_of_key(struct span folder, struct span name)
{
	struct span rest, stem = before_last_dot(folder);

	/* Lowered first, or later: that is the same without what ASCII has not. */
	return name.n > 0 && name.p == folder.p && is_ascii(folder) &&
	       partition(stem, '-', &rest).n == name.n;
}
