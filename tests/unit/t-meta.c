/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "meta.h"

#include "t.h"

#define N(a) (sizeof(a) / sizeof(a)[0])

static struct span span_n(const char *p, size_t n)
{
	return (struct span){ p, n };
}

/* Each row was compared with email.message_from_string(text)['Name'] of CPython 3.11. */
static void takes_fields_as_the_email_parser_does(void)
{
	static const struct {
		const char *name, *text;
		enum meta_outcome outcome;
		const char *value;
	} rows[] = {
		{ "usual", "Metadata-Version: 2.1\nName: foo\nVersion: 1\n", META_FOUND,
		  "foo" },
		{ "no end of line", "Name: foo", META_FOUND, "foo" },
		{ "CR LF", "A: b\r\nName: foo\r\n", META_FOUND, "foo" },
		{ "CR alone", "A: b\rName: foo\rC: d", META_FOUND, "foo" },
		{ "CR CR LF is an empty line", "A: b\r\r\nName: foo\n", META_ABSENT,
		  NULL },
		{ "any case of letters", "nAmE: foo\n", META_FOUND, "foo" },
		{ "blanks and tabs before the value", "Name:\t \tfoo\n", META_FOUND,
		  "foo" },
		{ "none before the value", "Name:foo\n", META_FOUND, "foo" },
		{ "blanks after the value stay", "Name: foo \t\n", META_FOUND, "foo \t" },
		{ "other white space stays", "Name: \vfoo\f\n", META_FOUND, "\vfoo\f" },
		{ "a colon in the value", "Name: a: b\n", META_FOUND, "a: b" },
		{ "not ASCII", "Name: f\xc3\xb6\n", META_FOUND, "f\xc3\xb6" },
		{ "empty value", "Name:\nVersion: 1\n", META_FOUND, "" },
		{ "empty value at the end", "Name:", META_FOUND, "" },
		{ "the first of two", "Name: foo\nName: bar\n", META_FOUND, "foo" },
		{ "the first of two, empty", "Name:\nName: bar\n", META_FOUND, "" },
		{ "after a folded field", "A: b\n c\n\td\nName: foo\n", META_FOUND,
		  "foo" },
		{ "a continuation as first line", " x\nName: foo\n", META_FOUND, "foo" },
		{ "folded", "Name: foo\n bar\n", META_FOLDED, NULL },
		{ "folded by a blank line", "Name: foo\n \nA: b\n", META_FOLDED, NULL },
		{ "folded by a tab at the end", "Name:\n\t", META_FOLDED, NULL },
		{ "folded with CR LF", "Name: foo\r\n bar\r\n", META_FOLDED, NULL },
		{ "in the body", "A: b\n\nName: foo\n", META_ABSENT, NULL },
		{ "after a line that is no header", "A: b\nnope\nName: foo\n",
		  META_ABSENT, NULL },
		{ "a blank before the colon ends the header", "Name : foo\nName: bar\n",
		  META_ABSENT, NULL },
		{ "a field name not in ASCII", "N\xc3\xa4h: x\nName: foo\n", META_ABSENT,
		  NULL },
		{ "a control character in a field name", "A\x7f: x\nName: foo\n",
		  META_ABSENT, NULL },
		{ "byte-order mark", "\xef\xbb\xbfName: foo\n", META_ABSENT, NULL },
		{ "no field name", ": x\nName: foo\n", META_FOUND, "foo" },
		{ "no field name, continued", ": x\n y\nName: foo\n", META_FOUND, "foo" },
		{ "envelope first", "From me\nName: foo\n", META_FOUND, "foo" },
		{ "envelope later", "A: b\nFrom me\n x\nName: foo\n", META_FOUND, "foo" },
		{ "envelope between field and continuation",
		  "Name: foo\nFrom me\n bar\nA: b\n", META_FOUND, "foo" },
		{ "envelope in lower case", "from me\nName: foo\n", META_ABSENT, NULL },
		{ "a longer field name", "Names: x\nName-: y\n", META_ABSENT, NULL },
		{ "a shorter field name", "Nam: x\n", META_ABSENT, NULL },
		{ "only an empty line", "\n", META_ABSENT, NULL },
		{ "nothing", "", META_ABSENT, NULL },
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct span value = { NULL, 0 };

		T_ROW(rows[i].name);
		T(meta_field(span_of(rows[i].text), span_of("name"), &value) ==
		  rows[i].outcome);
		T((value.p != NULL) == (rows[i].value != NULL));
		T(span_eq(value, span_of(rows[i].value)));
	}
}

static void keeps_nul_bytes(void)
{
	static const char text[] = "A: \0\nName: a\0b\n";
	struct span value = { NULL, 0 };

	T(meta_field(span_n(text, sizeof text - 1), span_of("name"), &value) ==
	  META_FOUND);
	T(span_eq(value, span_n("a\0b", 3)));
}

int main(void)
{
	RUN(takes_fields_as_the_email_parser_does);
	RUN(keeps_nul_bytes);
	return t_done();
}
