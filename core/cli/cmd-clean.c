/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "msg.h"
#include "out.h"

static cJSON *json_gone(struct epc_str path, const char *why)
{
	cJSON *o = cJSON_CreateObject();

	if (out_add(o, "file", out_json_str(path)) &&
	    out_add(o, "why", out_json_str(out_str(why))))
		return o;

	cJSON_Delete(o);
	return NULL;
}

static bool print_json(struct epc_cleaned *cleaned, size_t *ret_nr)
{
	cJSON *array = cJSON_CreateArray();
	struct epc_str path;
	const char *why;

	while (array && epc_cleaned_next(cleaned, &path, &why)) {
		if (!out_append(array, json_gone(path, why))) {
			cJSON_Delete(array);
			array = NULL;
		}
		++*ret_nr;
	}
	return out_json(array);
}

static bool print_text(const struct opts *o, struct epc_cleaned *cleaned, size_t *ret_nr)
{
	struct out_table t = { .width = 3, .fold = 2 };
	struct epc_str path;
	const char *why;

	while (epc_cleaned_next(cleaned, &path, &why)) {
		out_cell(&t, out_str(o->dry_run ? "would remove" : "removed"));
		out_cell(&t, path);
		out_cell(&t, out_str(why));
		++*ret_nr;
	}
	return out_table_print(&t);
}

static int report(const struct opts *o, struct epc_cleaned *cleaned)
{
	size_t nr = 0;
	bool ok = true;

	if (o->quiet)
		return EXIT_DONE;

	ok = o->json ? print_json(cleaned, &nr) : print_text(o, cleaned, &nr);
	if (o->verbose)
		msg("%zu files %s '%s'", nr,
		    o->dry_run ? "would be removed from" : "removed from",
		    epc_cleaned_folder(cleaned).data);
	return ok ? out_flush(EXIT_DONE) : EXIT_FAILED;
}

/* There is no folder to be cleaned. */
static int report_none(const struct opts *o, const char *place)
{
	if (o->verbose && !o->quiet)
		msg("there is no cache folder%s%s", place ? " " : "", place ? place : "");
	if (!o->json || o->quiet)
		return EXIT_DONE;
	return out_json(cJSON_CreateArray()) ? out_flush(EXIT_DONE) : EXIT_FAILED;
}

static int clean_with(const struct opts *o, struct epc_ctx *ctx)
{
	struct epc_cleaned *cleaned;
	const char *place;
	int r;

	r = epc_clean(ctx, o->dry_run ? EPC_REFRESH_DRY_RUN : 0u, &cleaned);
	if (r == 0) {
		r = report(o, cleaned);
		epc_cleaned_free(cleaned);
		return r;
	}

	place = epc_ctx_trouble(ctx).data;
	if (r == EPC_ABSENT)
		return report_none(o, place);
	msg("cannot clean '%s': %s", place ? place : "the cache folder",
	    r == EPC_BUSY ? "a refresh holds the lock; try again later" : strerror(-r));
	return EXIT_FAILED;
}

static int clean(const struct opts *o)
{
	struct epc_ctx *ctx;
	int r;

	if (o->nr_args > 0) {
		msg("unexpected argument '%s'; see 'epcache clean --help'", o->args[0]);
		return EXIT_USAGE;
	}

	r = opt_ctx(o, &ctx);
	if (r)
		return r;

	r = clean_with(o, ctx);
	epc_ctx_free(ctx);
	return r;
}

const struct cmd cmd_clean = {
	.name = "clean",
	.args = "[OPTION]...",
	.summary = "Remove cache files that are of no use any more",
	.bit = FOR_CLEAN,
	.run = clean,
	.only_looks = true,
};
