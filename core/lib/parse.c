/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parse.h"

#include "uni.h"

/* The control characters that end a line for str.splitlines(), a bit each. */
#define LINE_ENDS                                                                      \
	(1U << '\n' | 1U << '\v' | 1U << '\f' | 1U << '\r' | 1U << 0x1c | 1U << 0x1d | \
	 1U << 0x1e)

static bool ends_line(uint32_t cp)
{
	if (cp < 0x20)
		return LINE_ENDS >> cp & 1;
	return cp == 0x85 || cp == 0x2028 || cp == 0x2029;
}

/* Nearly every byte is one of these: neither ends a line nor needs decoding. */
static bool is_plain(char c)
{
	return c >= 0x20 && c < 0x7f;
}

/* How many bytes a run begins with that are plain, eight at a time. */
static size_t count_plain(struct span s)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t word;
	size_t n = 0;

	for (; s.n - n >= sizeof word; n += sizeof word) {
		memcpy(&word, s.p + n, sizeof word);
		/* Below 0x20, above 0x7f, or 0x7f itself. */
		if (((word - ones * 0x20) | word | (word + ones)) & ones * 0x80)
			break;
	}
	while (n < s.n && is_plain(s.p[n]))
		n++;
	return n;
}

/* Cut off the line end that a text begins with; an empty text stays empty. */
static struct span skip_line_end(struct span s)
{
	uint32_t cp;

	if (s.n > 1 && memcmp(s.p, "\r\n", 2) == 0)
		return span_from(s, 2);
	return s.n > 0 ? span_from(s, utf8_decode(s, &cp)) : s;
}

/* Cut the first line, and what ends it, off a text. */
static struct span take_line(struct span *rest, bool *ret_valid)
{
	struct span line = { rest->p, 0 };
	size_t n;
	uint32_t cp;

	*ret_valid = true;
	for (; line.n < rest->n; line.n += n) {
		n = count_plain(span_from(*rest, line.n));
		if (n > 0)
			continue;

		n = utf8_decode(span_from(*rest, line.n), &cp);
		if (n > 0 && ends_line(cp))
			break;
		if (n == 0) {
			*ret_valid = false;
			n = 1;
		}
	}

	*rest = skip_line_end(span_from(*rest, line.n));
	return line;
}

/* Nearly every byte that is looked at for white space is of ASCII, and none. */
static bool is_ink(char c)
{
	return c > ' ' && c < 0x7f;
}

static struct span skip_spaces(struct span s)
{
	uint32_t cp;
	size_t n;

	while (s.n > 0 && !is_ink(s.p[0])) {
		n = utf8_decode(s, &cp);
		if (n == 0 || !uni_is_space(cp))
			break;
		s = span_from(s, n);
	}
	return s;
}

/* str.strip() */
static struct span strip(struct span s)
{
	uint32_t cp;
	size_t n;

	s = skip_spaces(s);
	while (s.n > 0 && !is_ink(s.p[s.n - 1])) {
		n = utf8_decode_last(s, &cp);
		if (n == 0 || !uni_is_space(cp))
			break;
		s.n -= n;
	}
	return s;
}

static bool is_bracketed(struct span s)
{
	return s.n > 0 && s.p[0] == '[' && s.p[s.n - 1] == ']';
}

static bool is_bracket(char c)
{
	return c == '[' || c == ']';
}

/* str.strip('[]'): all of them, in any order. */
static struct span strip_brackets(struct span s)
{
	while (s.n > 0 && is_bracket(s.p[0]))
		s = span_from(s, 1);
	while (s.n > 0 && is_bracket(s.p[s.n - 1]))
		s.n--;
	return s;
}

static bool is_plain_word(char c)
{
	return ((unsigned char)c < 0x80 && uni_is_ascii_word((unsigned char)c)) ||
	       c == '.';
}

/* What [\w.]+ matches is skipped. */
static struct span skip_words(struct span s)
{
	uint32_t cp;
	size_t n;

	while (s.n > 0) {
		if (is_plain_word(s.p[0])) {
			s = span_from(s, 1);
			continue;
		}
		n = utf8_decode(s, &cp);
		if (n == 0 || !uni_is_word(cp))
			break;
		s = span_from(s, n);
	}
	return s;
}

/*
 * Word characters, white space, ':' and '[' are four disjoint sets, so taking
 * the longest run each time finds a match if there is any.
 */
bool parse_value_ok_315(struct span value)
{
	struct span attr, rest = skip_words(value);

	if (rest.n == value.n)
		return false;

	rest = skip_spaces(rest);
	if (rest.n > 0 && rest.p[0] == ':') {
		attr = skip_spaces(span_from(rest, 1));
		rest = skip_words(attr);
		if (rest.n == attr.n)
			return false;
	}
	return rest.n == 0 || is_bracketed(strip(rest));
}

static enum parse_outcome parse_pair(struct span line, struct span group,
				     struct entry *ret_entry)
{
	const char *equals = memchr(line.p, '=', line.n);
	size_t at;

	if (!equals)
		return PARSE_NO_EQUALS;

	at = (size_t)(equals - line.p);
	ret_entry->group = group;
	ret_entry->name = strip((struct span){ line.p, at });
	ret_entry->value = strip(span_from(line, at + 1));
	ret_entry->rejected_315 = !parse_value_ok_315(ret_entry->value);
	return PARSE_ENTRY;
}

enum parse_outcome parse_next(struct parse *p, struct entry *ret_entry)
{
	while (p->rest.n > 0) {
		bool valid;
		struct span line = strip(take_line(&p->rest, &valid));

		p->line++;
		if (!valid) {
			if (is_bracketed(line))
				p->group = (struct span){ NULL, 0 };
			return PARSE_NOT_UTF8;
		}
		if (is_bracketed(line))
			p->group = strip_brackets(line);
		else if (line.n > 0 && line.p[0] != '#' && p->group.p)
			return parse_pair(line, p->group, ret_entry);
	}
	return PARSE_END;
}
