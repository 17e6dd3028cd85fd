/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "uni.h"

#include "uni-tables.h"

#define NR(table) (sizeof(table) / sizeof(table)[0])

enum {
	CP_MAX = 0x10ffff,
	SURROGATE_FIRST = 0xd800,
	SURROGATE_LAST = 0xdfff,
	CAPITAL_I_DOT = 0x130, /* the only one that becomes two code points */
	CAPITAL_SIGMA = 0x3a3,
	FINAL_SIGMA = 0x3c2,
};

/* The white space of ASCII, a bit each; re and str agree on 1C to 1F. */
#define ASCII_SPACES 0x1f0003e00ULL

/* Length of the sequence that a byte begins; 0 when it begins none. */
static size_t sequence_length(unsigned char c)
{
	if (c < 0x80)
		return 1;
	if (c < 0xc0 || c >= 0xf8)
		return 0;
	return c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* May a sequence of this length stand for this code point? */
static bool is_well_formed(uint32_t cp, size_t n)
{
	/* What fits into fewer bytes is overlong. */
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

	if (cp >= SURROGATE_FIRST && cp <= SURROGATE_LAST)
		return false;
	return cp >= least[n] && cp <= CP_MAX;
}

size_t utf8_decode(struct span s, uint32_t *ret_cp)
{
	unsigned char lead = (unsigned char)s.p[0];
	size_t n = sequence_length(lead);
	uint32_t cp;

	if (n == 1) {
		*ret_cp = lead;
		return 1;
	}
	if (n == 0 || n > s.n)
		return 0;

	cp = lead & (0x7fU >> n);
	for (size_t i = 1; i < n; i++) {
		if (!is_continuation(s.p[i]))
			return 0;
		cp = cp << 6 | ((unsigned char)s.p[i] & 0x3f);
	}
	if (!is_well_formed(cp, n))
		return 0;

	*ret_cp = cp;
	return n;
}

size_t utf8_decode_last(struct span s, uint32_t *ret_cp)
{
	uint32_t cp;
	size_t n = 1;

	while (n < s.n && n < 4 && is_continuation(s.p[s.n - n]))
		n++;
	if (utf8_decode(span_from(s, s.n - n), &cp) != n)
		return 0;

	*ret_cp = cp;
	return n;
}

size_t utf8_encode(uint32_t cp, char *out)
{
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;

	for (size_t i = n - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (cp & 0x3f));
		cp >>= 6;
	}
	out[0] = (char)(lead[n] | cp);
	return n;
}

size_t utf8_valid(struct span s)
{
	size_t at = 0, n;
	uint32_t cp;

	while (at < s.n) {
		n = utf8_decode(span_from(s, at), &cp);
		if (n == 0)
			break;
		at += n;
	}
	return at;
}

/* The range that holds a code point, or NULL. */
static const struct uni_range *find(const struct uni_range *ranges, size_t nr,
				    uint32_t cp)
{
	size_t lo = 0, hi = nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (cp > ranges[mid].last)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < nr && cp >= ranges[lo].first ? &ranges[lo] : NULL;
}

bool uni_is_space(uint32_t cp)
{
	if (cp < 0x80)
		return cp <= ' ' && (ASCII_SPACES >> cp & 1);
	return find(uni_spaces, NR(uni_spaces), cp);
}

bool uni_is_word(uint32_t cp)
{
	if (cp < 0x80)
		return uni_is_ascii_word(cp);
	return find(uni_words, NR(uni_words), cp);
}

static bool is_ignorable(uint32_t cp)
{
	return find(uni_ignorable, NR(uni_ignorable), cp);
}

static bool is_cased(uint32_t cp)
{
	return find(uni_cased, NR(uni_cased), cp);
}

/* Is the last of these that is not case-ignorable a letter with case? */
static bool ends_cased(struct span before)
{
	uint32_t cp;
	size_t n;

	for (; before.n > 0; before.n -= n) {
		n = utf8_decode_last(before, &cp);
		if (n == 0)
			return false;
		if (!is_ignorable(cp))
			return is_cased(cp);
	}
	return false;
}

/* Is the first of these that is not case-ignorable a letter with case? */
static bool begins_cased(struct span after)
{
	uint32_t cp;
	size_t n;

	for (; after.n > 0; after = span_from(after, n)) {
		n = utf8_decode(after, &cp);
		if (n == 0)
			return false;
		if (!is_ignorable(cp))
			return is_cased(cp);
	}
	return false;
}

/* Lower case of one code point outside ASCII, by itself; at most 4 bytes. */
static size_t lower_one(uint32_t cp, char *out)
{
	const struct uni_range *r = find(uni_capitals, NR(uni_capitals), cp);
	const struct uni_shift *shift;

	if (cp == CAPITAL_I_DOT) {
		out[0] = 'i';
		return 1 + utf8_encode(0x307, out + 1);
	}
	if (!r)
		return utf8_encode(cp, out);

	shift = &uni_shifts[r - uni_capitals];
	if ((cp - r->first) % shift->step == 0)
		cp = (uint32_t)((int32_t)cp + shift->add);
	return utf8_encode(cp, out);
}

/* Lower case of what stands at an offset, @ret_n bytes long. */
static size_t lower_at(struct span s, size_t at, char *out, size_t *ret_n)
{
	uint32_t cp;

	*ret_n = utf8_decode(span_from(s, at), &cp);
	if (*ret_n == 0) {
		out[0] = s.p[at];
		*ret_n = 1;
		return 1;
	}
	if (cp == CAPITAL_SIGMA && ends_cased((struct span){ s.p, at }) &&
	    !begins_cased(span_from(s, at + *ret_n)))
		return utf8_encode(FINAL_SIGMA, out);
	return lower_one(cp, out);
}

/* Found by comparing str.lower() of CPython 3.10 to 3.15 for each code point. */
static const struct uni_range unsure_case[] = {
	{ 0x1c89, 0x1c89 },   { 0x2c2f, 0x2c2f },   { 0xa7c0, 0xa7c0 },
	{ 0xa7cb, 0xa7dc },   { 0x10570, 0x10595 }, { 0x10d50, 0x10d65 },
	{ 0x16ea0, 0x16eb8 },
};

bool uni_has_unsure_case(struct span s, bool with_dots)
{
	bool dotted = with_dots && s.n > 0 && memchr(s.p, '.', s.n);
	uint32_t cp;
	size_t n;

	for (; s.n > 0; s = span_from(s, n)) {
		n = (unsigned char)s.p[0] < 0x80 ? 0 : utf8_decode(s, &cp);
		if (n > 0 && ((dotted && cp == CAPITAL_SIGMA) ||
			      find(unsure_case, NR(unsure_case), cp)))
			return true;
		n += n == 0;
	}
	return false;
}

long uni_lower(struct span s, char *out, size_t cap)
{
	size_t at = 0, done = 0;

	while (at < s.n) {
		char low[4];
		size_t n, low_n;

		if ((unsigned char)s.p[at] < 0x80) {
			if (done == cap)
				return -1;
			out[done++] = ascii_lower(s.p[at++]);
			continue;
		}
		low_n = lower_at(s, at, low, &n);
		if (low_n > cap - done)
			return -1;

		memcpy(out + done, low, low_n);
		done += low_n;
		at += n;
	}
	return (long)done;
}
