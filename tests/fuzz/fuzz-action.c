/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-action.c - any bytes are a registration: what is taken of it keeps the rules, and
 * what is wrong is told of a line that is there.
 */
#include <assert.h>
#include <stdint.h>

#include "action.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_faults(const struct action_faults *f, struct span text)
{
	unsigned lines = 1;

	for (size_t i = 0; i < text.n; i++)
		lines += text.p[i] == '\n';
	assert(f->nr > 0 && f->nr <= ACTION_FAULTS);
	for (size_t i = 0; i < f->nr; i++) {
		assert(f->at[i].wrong && f->at[i].line <= lines);
		assert(!memchr(f->at[i].quote.p, '\n', f->at[i].quote.n));
	}
}

static void check_action(const struct action *a)
{
	bool is_user = a->mode == ACTION_USER;

	assert(a->exec && a->exec[0] && a->exec[0][0] == '/' && a->exec[0][1]);
	assert(a->timeout_s >= 1 && a->timeout_s <= 30);
	assert(a->memory_max >= 1 << 20 && a->memory_max <= UINT64_C(64) << 30);
	assert(!a->user == !is_user && !a->writable_path == !is_user);
	assert(!is_user || (strcmp(a->user, "root") != 0 && a->writable_path[0] == '/' &&
			    !strstr(a->writable_path, "/../")));
	for (size_t i = 0; a->groups && a->groups[i]; i++)
		assert(a->groups[i][0] && !strchr(a->groups[i], ' '));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { (const char *)data, size };
	struct action_faults faults;
	auto_action struct action a = { 0 };
	int r = action_parse(text, &a, &faults);

	(void)action_name_is_valid(text);
	if (r == 0)
		check_action(&a);
	else
		check_faults(&faults, text);
	return 0;
}
