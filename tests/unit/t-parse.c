/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parse.h"

#include "t.h"

#define NR(table) (sizeof(table) / sizeof(table)[0])

/* One outcome; group, name and value are NULL where it is no entry. */
struct step {
	enum parse_outcome outcome;
	unsigned line;
	const char *group, *name, *value;
};

#define ENTRY(line, group, name, value)               \
	{                                             \
		PARSE_ENTRY, line, group, name, value \
	}
#define NO_EQUALS(line)                                 \
	{                                               \
		PARSE_NO_EQUALS, line, NULL, NULL, NULL \
	}
#define NOT_UTF8(line)                                 \
	{                                              \
		PARSE_NOT_UTF8, line, NULL, NULL, NULL \
	}
#define STEPS 4 /* a row has fewer, so that an empty one, PARSE_END, follows */

struct row {
	const char *name, *text;
	struct step steps[STEPS];
};

static bool is_entry(const struct entry *e, const struct step *s)
{
	return span_eq(e->group, span_of(s->group)) && e->group.p &&
	       span_eq(e->name, span_of(s->name)) && span_eq(e->value, span_of(s->value));
}

static void check_row(const struct row *row)
{
	struct parse p = parse_init(span_of(row->text));
	const struct step *s = row->steps;
	struct entry e;

	T_ROW(row->name);
	for (; s->outcome != PARSE_END; s++) {
		T(parse_next(&p, &e) == s->outcome);
		T(p.line == s->line);
		T(s->outcome != PARSE_ENTRY || is_entry(&e, s));
	}
	T(parse_next(&p, &e) == PARSE_END);
	T(p.rest.n == 0);
}

static void check_rows(const struct row *rows, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		check_row(&rows[i]);
}

static void reads_entries(void)
{
	static const struct row rows[] = {
		{ "empty", "", { { 0 } } },
		{ "plain", "[g]\na = m:x\n", { ENTRY(2, "g", "a", "m:x") } },
		{ "comment", "[g]\n# c = d\n  # e\n", { { 0 } } },
		{ "blank lines", "\n[g]\n\n \t\na=m\n", { ENTRY(5, "g", "a", "m") } },
		{ "; c", "[g]\n; c\n", { NO_EQUALS(2) } },
		{ "; c = d", "[g]\n; c = d\n", { ENTRY(2, "g", "; c", "d") } },
		{ "trailing #", "[g]\na = m:x # hi", { ENTRY(2, "g", "a", "m:x # hi") } },
		{ "a=b=c", "[g]\na=b=c", { ENTRY(2, "g", "a", "b=c") } },
		{ "empty value", "[g]\na =\n", { ENTRY(2, "g", "a", "") } },
		{ "empty name", "[g]\n = m:x\n", { ENTRY(2, "g", "", "m:x") } },
		{ "= alone", "[g]\n=\n", { ENTRY(2, "g", "", "") } },
		{ "no =", "[g]\na\n", { NO_EQUALS(2) } },
		{ "a : m", "[g]\na : m\n", { NO_EQUALS(2) } },
		{ "two names alike",
		  "[g]\na = m\na = n",
		  { ENTRY(2, "g", "a", "m"), ENTRY(3, "g", "a", "n") } },
		{ "interpolation", "[g]\na = %(x)s%", { ENTRY(2, "g", "a", "%(x)s%") } },
		{ "continuation",
		  "[g]\na = m:x\n  c = m:z\n",
		  { ENTRY(2, "g", "a", "m:x"), ENTRY(3, "g", "c", "m:z") } },
		{ "zero-width space stays",
		  "[g]\n\xe2\x80\x8b"
		  "a = m",
		  { ENTRY(2, "g",
			  "\xe2\x80\x8b"
			  "a",
			  "m") } },
		{ "other alphabets",
		  "[\xc3\xa9]\n\xc3\xa9 = \xe4\xb8\xad",
		  { ENTRY(2, "\xc3\xa9", "\xc3\xa9", "\xe4\xb8\xad") } },
		{ "tabs", "\t[g]\t\n\ta\t=\tm\t\n", { ENTRY(2, "g", "a", "m") } },
		{ "NBSP",
		  "\xc2\xa0[g]\xc2\xa0\n\xc2\xa0"
		  "a\xc2\xa0=\xc2\xa0m\xc2\xa0",
		  { ENTRY(2, "g", "a", "m") } },
		{ "case stays", "[G]\nA = M", { ENTRY(2, "G", "A", "M") } },
		{ "goes on after a wrong line",
		  "[g]\na\nb = m",
		  { NO_EQUALS(2), ENTRY(3, "g", "b", "m") } },
	};

	check_rows(rows, NR(rows));
}

static void reads_groups(void)
{
	static const struct row rows[] = {
		{ "before a group",
		  "a = m\nb\n[g]\nc = m\n",
		  { ENTRY(4, "g", "c", "m") } },
		{ "BOM", "\xef\xbb\xbf[g]\na = m\n", { { 0 } } },
		{ "two sections alike",
		  "[g]\na = m\n[h]\nb = m\n[g]\na = m",
		  { ENTRY(2, "g", "a", "m"), ENTRY(4, "h", "b", "m"),
		    ENTRY(6, "g", "a", "m") } },
		{ "[ g ]", "[ g ]\na = m", { ENTRY(2, " g ", "a", "m") } },
		{ "[[g]]", "[[g]]\na = m", { ENTRY(2, "g", "a", "m") } },
		{ "[a]b]", "[a]b]\na = m", { ENTRY(2, "a]b", "a", "m") } },
		{ "[]", "[]\na = m", { ENTRY(2, "", "a", "m") } },
		{ "][ within [ ]", "[][g][]\na = m", { ENTRY(2, "g", "a", "m") } },
		{ "[ alone", "[g]\n[\n", { NO_EQUALS(2) } },
		{ "header and comment",
		  "[g]\n[h=] # c\na = m",
		  { ENTRY(2, "g", "[h", "] # c"), ENTRY(3, "g", "a", "m") } },
		{ "header and comment first", "[g] # c\na = m\n", { { 0 } } },
		{ "[DEFAULT]", "[DEFAULT]\na = m", { ENTRY(2, "DEFAULT", "a", "m") } },
		{ "[a = m:x]", "[a = m:x]\nb = m", { ENTRY(2, "a = m:x", "b", "m") } },
	};

	check_rows(rows, NR(rows));
}

/* Two entries with each line end of str.splitlines() between them. */
static void ends_lines_as_splitlines_does(void)
{
	static const struct {
		const char *name, *end;
		unsigned line; /* of the second entry; 2: it is no line end */
	} rows[] = {
		{ "LF", "\n", 3 },
		{ "CR", "\r", 3 },
		{ "CRLF", "\r\n", 3 },
		{ "CR CRLF", "\r\r\n", 4 },
		{ "LF CR", "\n\r", 4 },
		{ "VT", "\v", 3 },
		{ "FF", "\f", 3 },
		{ "1C", "\x1c", 3 },
		{ "1D", "\x1d", 3 },
		{ "1E", "\x1e", 3 },
		{ "85", "\xc2\x85", 3 },
		{ "2028", "\xe2\x80\xa8", 3 },
		{ "2029", "\xe2\x80\xa9", 3 },
		{ "1F is none", "\x1f", 2 },
		{ "tab is none", "\t", 2 },
		{ "DEL is none", "\x7f", 2 },
		{ "A0 is none", "\xc2\xa0", 2 },
		{ "202F is none", "\xe2\x80\xaf", 2 },
	};

	for (size_t i = 0; i < NR(rows); i++) {
		char text[32];
		struct parse p;
		struct entry e;

		T_ROW(rows[i].name);
		(void)snprintf(text, sizeof text, "[g]\na=m%sb=n", rows[i].end);
		p = parse_init(span_of(text));
		T(parse_next(&p, &e) == PARSE_ENTRY && p.line == 2);
		T((parse_next(&p, &e) == PARSE_ENTRY) == (rows[i].line > 2));
		T(p.line == rows[i].line);
	}
}

static void names_lines_that_are_not_utf8(void)
{
	static const struct row rows[] = {
		{ "in an entry", "[g]\na = \xff\n", { NOT_UTF8(2) } },
		{ "in a comment", "# \xff\n", { NOT_UTF8(1) } },
		{ "in a blank line", "[g]\n \xff \n", { NOT_UTF8(2) } },
		{ "before a group",
		  "\xff\n[g]\na = m",
		  { NOT_UTF8(1), ENTRY(3, "g", "a", "m") } },
		{ "after no =", "[g]\na\n\xff\n", { NO_EQUALS(2), NOT_UTF8(3) } },
		{ "instead of no =", "[g]\na\xff\n", { NOT_UTF8(2) } },
		{ "twice in a line is once", "[g]\n\xff = \xff\n", { NOT_UTF8(2) } },
		{ "a group's entries have none then",
		  "[g]\na = m\n[h\xff]\nb = m\n[i]\nc = m",
		  { ENTRY(2, "g", "a", "m"), NOT_UTF8(3), ENTRY(6, "i", "c", "m") } },
		{ "cut at the end", "[g]\na = \xe2\x80", { NOT_UTF8(2) } },
		{ "cut before a line end",
		  "[g]\na = \xe2\x80\nb = m",
		  { NOT_UTF8(2), ENTRY(3, "g", "b", "m") } },
		{ "a surrogate", "[g]\na = \xed\xa0\x80", { NOT_UTF8(2) } },
		{ "UTF-16", "\xff\xfe[g]\n", { NOT_UTF8(1) } },
	};

	check_rows(rows, NR(rows));
}

static void keeps_nul(void)
{
	static const char text[] = "[g\0]\na\0 = \0m\n";
	struct parse p = parse_init((struct span){ text, sizeof text - 1 });
	struct entry e;

	T(parse_next(&p, &e) == PARSE_ENTRY);
	T(span_eq(e.group, (struct span){ "g\0", 2 }));
	T(span_eq(e.name, (struct span){ "a\0", 2 }));
	T(span_eq(e.value, (struct span){ "\0m", 2 }));
	T(parse_next(&p, &e) == PARSE_END);
}

static void knows_what_315_accepts(void)
{
	static const struct {
		const char *value;
		bool ok;
	} rows[] = {
		{ "m", true },
		{ "m.n_1:x.y", true },
		{ "m : x", true },
		{ "m:x[e]", true },
		{ "m:x [e, f]", true },
		{ "m [e]", true },
		{ "m[]", true },
		{ "m:x [e] ", true },
		{ "m [e] [f]", true },
		{ "m [e\xff]", true }, /* whatever is between them */
		{ ".", true },
		{ "..:..", true },
		{ "\xc3\xa9:\xe4\xb8\xad", true },
		{ "m\xc2\xa0:\xe3\x80\x80x", true },
		{ "", false },
		{ ":x", false },
		{ "[e]", false },
		{ "m:", false },
		{ "m:[e]", false },
		{ "m:x:y", false },
		{ "m x", false },
		{ "m:x # hi", false },
		{ "m=n", false },
		{ "m-n", false },
		{ "%(x)s", false },
		{ "m [", false },
		{ "m ]", false },
		{ "m [e] f", false },
		{ "m\xe2\x80\x8bn", false },
		{ "m\xcd\xb8",
		  false }, /* U+0378 is not assigned: a later Unicode decides */
		{ "m\xff", false },
	};

	for (size_t i = 0; i < NR(rows); i++) {
		T_ROW(rows[i].value);
		T(parse_value_ok_315(span_of(rows[i].value)) == rows[i].ok);
	}
}

static void marks_the_entry_that_315_refuses(void)
{
	struct parse p = parse_init(span_of("[g]\na = m\nb = m-n\nc = m"));
	struct entry e;

	T(parse_next(&p, &e) == PARSE_ENTRY && !e.rejected_315);
	T(parse_next(&p, &e) == PARSE_ENTRY && e.rejected_315);
	T(parse_next(&p, &e) == PARSE_ENTRY && !e.rejected_315);
}

int main(void)
{
	RUN(reads_entries);
	RUN(reads_groups);
	RUN(ends_lines_as_splitlines_does);
	RUN(names_lines_that_are_not_utf8);
	RUN(keeps_nul);
	RUN(knows_what_315_accepts);
	RUN(marks_the_entry_that_315_refuses);
	return t_done();
}
