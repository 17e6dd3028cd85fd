/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-parse.c - any bytes are an entry_points.txt, and what comes out of it
 * written as a text and parsed again comes out the same.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "auto.h"
#include "parse.h"
#include "uni.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_inside(struct span s, struct span text)
{
	return s.p >= text.p && s.n <= text.n &&
	       s.p - text.p <= (ptrdiff_t)(text.n - s.n);
}

static void check_span(struct span s, struct span text)
{
	assert(is_inside(s, text));
	assert(utf8_valid(s) == s.n);
}

/* No white space at either end. */
static void check_stripped(struct span s)
{
	uint32_t cp;

	if (s.n == 0)
		return;
	assert(utf8_decode(s, &cp) > 0 && !uni_is_space(cp));
	assert(utf8_decode_last(s, &cp) > 0 && !uni_is_space(cp));
}

static size_t put(char *out, size_t at, struct span s)
{
	memcpy(out + at, s.p, s.n);
	return at + s.n;
}

static void check_round_trip(const struct entry *e)
{
	size_t n = 0;
	autofree char *text = malloc(e->group.n + e->name.n + e->value.n + 4);
	struct entry back;
	struct parse p;

	if (!text)
		return;
	n = put(text, n, span_of("["));
	n = put(text, n, e->group);
	n = put(text, n, span_of("]\n"));
	n = put(text, n, e->name);
	n = put(text, n, span_of("="));
	n = put(text, n, e->value);

	p = parse_init((struct span){ text, n });
	assert(parse_next(&p, &back) == PARSE_ENTRY);
	assert(span_eq(back.group, e->group) && span_eq(back.name, e->name));
	assert(span_eq(back.value, e->value) && back.rejected_315 == e->rejected_315);
	assert(parse_next(&p, &back) == PARSE_END);
}

static void check_entry(const struct entry *e, struct span text)
{
	check_span(e->group, text);
	check_span(e->name, text);
	check_span(e->value, text);
	check_stripped(e->name);
	check_stripped(e->value);
	check_round_trip(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { (const char *)data, size };
	struct parse p = parse_init(text);
	unsigned line = 0;
	bool valid = true;
	enum parse_outcome r;
	struct entry e;

	while ((r = parse_next(&p, &e)) != PARSE_END) {
		assert(p.line > line);
		line = p.line;
		valid = valid && r != PARSE_NOT_UTF8;
		if (r == PARSE_ENTRY)
			check_entry(&e, text);
	}
	assert(p.rest.n == 0);
	assert(valid == (utf8_valid(text) == size));
	return 0;
}
