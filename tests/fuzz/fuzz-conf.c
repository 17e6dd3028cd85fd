/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-conf.c - any bytes are an epcache.conf, and what comes out of it written as a
 * line comes out the same.
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>

#include "auto.h"
#include "conf-parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_span(struct span s, struct span text)
{
	assert(s.p >= text.p && s.n <= text.n &&
	       s.p - text.p <= (ptrdiff_t)(text.n - s.n));
	assert(!memchr(s.p, '\n', s.n));
}

static void check_round_trip(const struct conf_line *line)
{
	autofree char *text = NULL;
	int n = asprintf(&text, "\n %s\t= %.*s \r\n", conf_key_name(line->key),
			 (int)line->value.n, line->value.p);
	struct conf_parse p;
	struct conf_line back;

	if (n < 0)
		return;
	p = conf_parse_init((struct span){ text, (size_t)n });
	assert(conf_parse_next(&p, &back) && p.line == 2);
	assert(!back.wrong && back.key == line->key);
	assert(span_eq(back.value, line->value));
	assert(!conf_parse_next(&p, &back));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { (const char *)data, size };
	struct conf_parse p = conf_parse_init(text);
	struct conf_line line;
	unsigned number = 0;

	while (conf_parse_next(&p, &line)) {
		assert(p.line > number);
		number = p.line;
		if (line.wrong) {
			check_span(line.quote, text);
			continue;
		}
		assert(line.key < NR_CONF_KEYS);
		check_span(line.value, text);
		check_round_trip(&line);
	}
	assert(p.rest.n == 0);
	return 0;
}
