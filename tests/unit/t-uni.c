/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "uni.h"

#include "t.h"

#define NR(table) (sizeof(table) / sizeof(table)[0])
#define CP_MAX 0x10ffff

/* A literal with its length, so that it may hold NUL. */
#define SPAN(s) ((struct span){ (s), sizeof(s) - 1 })

static void decodes_strictly(void)
{
	static const struct {
		const char *name;
		struct span s;
		size_t n;
		uint32_t cp;
	} rows[] = {
		{ "NUL", { "\0", 1 }, 1, 0 },
		{ "ASCII", { "ab", 2 }, 1, 'a' },
		{ "last of ASCII", { "\x7f", 1 }, 1, 0x7f },
		{ "first of two", { "\xc2\x80", 2 }, 2, 0x80 },
		{ "last of two", { "\xdf\xbf", 2 }, 2, 0x7ff },
		{ "first of three", { "\xe0\xa0\x80", 3 }, 3, 0x800 },
		{ "last of three", { "\xef\xbf\xbf", 3 }, 3, 0xffff },
		{ "before the surrogates", { "\xed\x9f\xbf", 3 }, 3, 0xd7ff },
		{ "after the surrogates", { "\xee\x80\x80", 3 }, 3, 0xe000 },
		{ "first of four", { "\xf0\x90\x80\x80", 4 }, 4, 0x10000 },
		{ "last of all", { "\xf4\x8f\xbf\xbf", 4 }, 4, CP_MAX },
		{ "what follows is left", { "\xc3\xa9x", 3 }, 2, 0xe9 },
		{ "continuation alone", { "\x80", 1 }, 0, 0 },
		{ "overlong of one", { "\xc1\xbf", 2 }, 0, 0 },
		{ "overlong of two", { "\xe0\x9f\xbf", 3 }, 0, 0 },
		{ "overlong of three", { "\xf0\x8f\xbf\xbf", 4 }, 0, 0 },
		{ "first surrogate", { "\xed\xa0\x80", 3 }, 0, 0 },
		{ "last surrogate", { "\xed\xbf\xbf", 3 }, 0, 0 },
		{ "above U+10FFFF", { "\xf4\x90\x80\x80", 4 }, 0, 0 },
		{ "lead of five", { "\xf8\x88\x80\x80\x80", 5 }, 0, 0 },
		{ "lead of five, cut", { "\xf8\x90\x80\x80", 4 }, 0, 0 },
		{ "what is needed is not ours", { "\xe2\x80\xa8", 2 }, 0, 0 },
		{ "cut after one", { "\xe2", 1 }, 0, 0 },
		{ "cut after two", { "\xe2\x80", 2 }, 0, 0 },
		{ "ended by ASCII", { "\xe2\x80x", 3 }, 0, 0 },
	};

	for (size_t i = 0; i < NR(rows); i++) {
		uint32_t cp = 0;

		T_ROW(rows[i].name);
		T(utf8_decode(rows[i].s, &cp) == rows[i].n);
		T(cp == rows[i].cp);
	}
}

static void decodes_the_last(void)
{
	static const struct {
		const char *name;
		struct span s;
		size_t n;
		uint32_t cp;
	} rows[] = {
		{ "ASCII", { "\xc3\xa9x", 3 }, 1, 'x' },
		{ "two bytes", { "x\xc3\xa9", 3 }, 2, 0xe9 },
		{ "four bytes", { "x\xf0\x90\x90\x80", 5 }, 4, 0x10400 },
		{ "alone", { "\xe2\x80\xa8", 3 }, 3, 0x2028 },
		{ "cut", { "x\xe2\x80", 3 }, 0, 0 },
		{ "one continuation too many", { "\xc3\xa9\x80", 3 }, 0, 0 },
		{ "continuations only", { "\x80\x80\x80\x80\x80", 5 }, 0, 0 },
	};

	for (size_t i = 0; i < NR(rows); i++) {
		uint32_t cp = 0;

		T_ROW(rows[i].name);
		T(utf8_decode_last(rows[i].s, &cp) == rows[i].n);
		T(cp == rows[i].cp);
	}
}

static void encodes_what_it_decodes(void)
{
	for (uint32_t cp = 0; cp <= CP_MAX; cp++) {
		char bytes[4];
		size_t n = utf8_encode(cp, bytes);
		uint32_t back = 0;
		bool surrogate = cp >= 0xd800 && cp <= 0xdfff;

		T(utf8_decode((struct span){ bytes, n }, &back) == (surrogate ? 0 : n));
		T(surrogate || back == cp);
	}
}

static void finds_the_valid_prefix(void)
{
	T(utf8_valid(SPAN("")) == 0);
	T(utf8_valid(SPAN("a\0b")) == 3);
	T(utf8_valid(SPAN("\xc3\xa9t\xc3\xa9")) == 5);
	T(utf8_valid(SPAN("ab\xff")) == 2);
	T(utf8_valid(SPAN("ab\xe2\x80")) == 2);
	T(utf8_valid(SPAN("\xff")) == 0);
}

/* The set of the reference, each one and no other. */
static void knows_all_white_space(void)
{
	static const struct {
		uint32_t first, last;
	} spaces[] = {
		{ 0x09, 0x0d },     { 0x1c, 0x20 },     { 0x85, 0x85 },
		{ 0xa0, 0xa0 },     { 0x1680, 0x1680 }, { 0x2000, 0x200a },
		{ 0x2028, 0x2029 }, { 0x202f, 0x202f }, { 0x205f, 0x205f },
		{ 0x3000, 0x3000 },
	};

	for (uint32_t cp = 0, i = 0; cp <= CP_MAX; cp++) {
		if (i < NR(spaces) && cp > spaces[i].last)
			i++;
		T(uni_is_space(cp) == (i < NR(spaces) && cp >= spaces[i].first));
	}
}

/* The numbers are CPython 3.13's own; they show a table that was cut or shifted. */
static void counts_what_python_counts(void)
{
	uint32_t words = 0, changed = 0;

	for (uint32_t cp = 0; cp <= CP_MAX; cp++) {
		char bytes[4], low[8];
		size_t n = utf8_encode(cp, bytes);
		long low_n = uni_lower((struct span){ bytes, n }, low, sizeof low);

		words += uni_is_word(cp);
		changed += low_n != (long)n || memcmp(low, bytes, n) != 0;
	}
	T(words == 138558);
	T(changed == 1433);
}

static void knows_word_characters(void)
{
	static const struct {
		const char *name;
		uint32_t cp;
		bool is;
	} rows[] = {
		{ "a", 'a', true },
		{ "Z", 'Z', true },
		{ "0", '0', true },
		{ "9", '9', true },
		{ "underscore", '_', true },
		{ "before 0", '/', false },
		{ "after 9", ':', false },
		{ "before A", '@', false },
		{ "after Z", '[', false },
		{ "before a", '`', false },
		{ "after z", '{', false },
		{ "dot", '.', false },
		{ "NUL", 0, false },
		{ "capital A as a control", 'A' - 0x40, false },
		{ "e acute", 0xe9, true },
		{ "superscript two", 0xb2, true },
		{ "combining acute", 0x301, false },
		{ "not assigned", 0x378, false },
		{ "ideograph", 0x4e2d, true },
		{ "zero-width space", 0x200b, false },
		{ "Deseret", 0x10400, true },
		{ "last of all", CP_MAX, false },
	};

	for (size_t i = 0; i < NR(rows); i++) {
		T_ROW(rows[i].name);
		T(uni_is_word(rows[i].cp) == rows[i].is);
	}
}

#define SIGMA "\xce\xa3"
#define SMALL "\xcf\x83"
#define FINAL "\xcf\x82"

static void lowers_as_python_does(void)
{
	static const struct {
		const char *name;
		struct span s, low;
	} rows[] = {
		{ "empty", { "", 0 }, { "", 0 } },
		{ "ASCII", { "Foo_BAR-1@[`{", 13 }, { "foo_bar-1@[`{", 13 } },
		{ "NUL", { "A\0B", 3 }, { "a\0b", 3 } },
		{ "I with a dot grows", { "\xc4\xb0", 2 }, { "i\xcc\x87", 3 } },
		{ "Kelvin shrinks", { "\xe2\x84\xaa", 3 }, { "k", 1 } },
		{ "A with stroke grows", { "\xc8\xba", 2 }, { "\xe2\xb1\xa5", 3 } },
		{ "every other one: capital", { "\xc4\x80", 2 }, { "\xc4\x81", 2 } },
		{ "every other one: small", { "\xc4\x81", 2 }, { "\xc4\x81", 2 } },
		{ "title case", { "\xc7\x85", 2 }, { "\xc7\x86", 2 } },
		{ "Cherokee", { "\xe1\x8e\xa0", 3 }, { "\xea\xad\xb0", 3 } },
		{ "Deseret", { "\xf0\x90\x90\x80", 4 }, { "\xf0\x90\x90\xa8", 4 } },
		{ "not UTF-8",
		  { "A\xff\xc3"
		    "B",
		    4 },
		  { "a\xff\xc3"
		    "b",
		    4 } },
		{ "a surrogate", { "\xed\xa0\x80", 3 }, { "\xed\xa0\x80", 3 } },
		{ "sigma alone", { SIGMA, 2 }, { SMALL, 2 } },
		{ "sigma at the end", { "A" SIGMA, 3 }, { "a" FINAL, 3 } },
		{ "sigma within", { "A" SIGMA "B", 4 }, { "a" SMALL "b", 4 } },
		{ "two", { "A" SIGMA SIGMA, 5 }, { "a" SMALL FINAL, 5 } },
		{ "after a digit", { "1" SIGMA, 3 }, { "1" SMALL, 3 } },
		{ "before a digit", { "A" SIGMA "1", 4 }, { "a" FINAL "1", 4 } },
		{ "before a dot", { "A" SIGMA ".b", 5 }, { "a" SMALL ".b", 5 } },
		{ "before a hyphen", { "A" SIGMA "-b", 5 }, { "a" FINAL "-b", 5 } },
		{ "after a dot", { "A." SIGMA, 4 }, { "a." FINAL, 4 } },
		{ "before a dot and the end",
		  { "A" SIGMA ".", 4 },
		  { "a" FINAL ".", 4 } },
		{ "after a bad byte", { "A\xff" SIGMA, 4 }, { "a\xff" SMALL, 4 } },
		{ "before a bad byte", { "A" SIGMA "\xff", 4 }, { "a" FINAL "\xff", 4 } },
	};

	for (size_t i = 0; i < NR(rows); i++) {
		char low[16];
		size_t n = rows[i].low.n;

		T_ROW(rows[i].name);
		T(uni_lower(rows[i].s, low, sizeof low) == (long)n);
		T(span_eq((struct span){ low, n }, rows[i].low));
		T(uni_lower(rows[i].s, low, n) == (long)n);
		T(n == 0 || uni_lower(rows[i].s, low, n - 1) == -1);
	}
}

int main(void)
{
	RUN(decodes_strictly);
	RUN(decodes_the_last);
	RUN(encodes_what_it_decodes);
	RUN(finds_the_valid_prefix);
	RUN(knows_all_white_space);
	RUN(counts_what_python_counts);
	RUN(knows_word_characters);
	RUN(lowers_as_python_does);
	return t_done();
}
