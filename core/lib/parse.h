/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * parse.h - entry_points.txt, one entry at a time.
 *
 * Pure: no I/O, no allocation, no globals; the fuzz target calls it directly.
 * The grammar is the one that CPython 3.10 to 3.14 implements (Sectioned.read
 * and Pair.parse of importlib.metadata), which differs from the specification
 * in what it tolerates.
 * Spec: https://packaging.python.org/en/latest/specifications/entry-points/
 *
 *     struct parse p = parse_init(text);
 *     while ((r = parse_next(&p, &e)) != PARSE_END)
 *             if (r == PARSE_ENTRY)
 *                     use(&e);
 *             else
 *                     complain(p.line, r);
 *
 * Used by: scan.c, tests/fuzz/fuzz-parse.c.  Uses: span.h, uni.h.
 */
#ifndef EPC_PARSE_H
#define EPC_PARSE_H

#include "span.h"

enum parse_outcome {
	PARSE_END = 0,
	PARSE_ENTRY = 1,
	PARSE_NO_EQUALS = 2, /* a line without '=' in a group: Python raises */
	PARSE_NOT_UTF8 = 3,  /* a line, of any sort, that is not UTF-8: likewise */
};

struct entry {
	struct span group; /* "console_scripts" */
	struct span name;  /* "pip"; may be empty, may hold NUL */
	struct span value; /* "pip._internal:main [extra]"; may be empty */
	bool rejected_315; /* CPython 3.15 refuses, or may refuse, this value */
};

struct parse {
	struct span rest;  /* not read yet */
	struct span group; /* of the entries to come; p == NULL before the first */
	unsigned line;     /* 1-based as str.splitlines() counts, of the line read last */
};

static inline struct parse parse_init(struct span text)
{
	return (struct parse){ .rest = text };
}

/*
 * parse_next - find the next entry, or the next line that is wrong
 * @p:          a parse; its line is the one that the outcome is about
 * @ret_entry:  set on PARSE_ENTRY; its spans borrow from the text
 *
 * After a wrong line the parse goes on with the next one, so that a caller can
 * report what is wrong and keep what is well-formed.  A group whose own line is
 * wrong has no name, so its entries are passed over.
 */
enum parse_outcome parse_next(struct parse *p, struct entry *ret_entry);

/*
 * parse_value_ok_315 - does CPython 3.15 accept this value of an entry point?
 * @value:  as parse_next() gives it: stripped, without line ends
 *
 * 3.15 matches (?P<module>[\w.]+)\s*(:\s*(?P<attr>[\w.]+)\s*)?((?P<extras>\[.*\])\s*)?$
 * when the entry point is made.  Returns false also where the Unicode version
 * would decide.
 */
bool parse_value_ok_315(struct span value);

#endif
