/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auto.h"
#include "cmd.h"
#include "found.h"
#include "msg.h"
#include "out.h"
#include "owners.h"
#include "reading.h"
#include "sandbox.h"
#include "target.h"

/* --- what is asked for ------------------------------------------------------- */

/* Those that have this entry point in the answer. */
static int add_entries(struct found_list *l, struct epc_ctx *ctx, const struct dirs *path,
		       char **args)
{
	struct epc_answer *answer;
	const struct epc_entry *e;
	int r;

	r = reading_query(ctx, path, args[0], args[1], &answer);
	if (r < 0) {
		msg("cannot query: %s", strerror(-r));
		return EXIT_FAILED;
	}

	while ((e = epc_answer_next(answer))) {
		const struct epc_str what[] = { epc_entry_dist_name(e),
						epc_entry_dist_version(e) };

		found_add(l, epc_entry_directory(e).data, epc_entry_dist_folder(e), what);
	}
	epc_answer_free(answer);
	return 0;
}

static int find(const struct opts *o, struct epc_ctx *ctx, const struct dirs *dirs,
		struct found_list *l)
{
	int r = 0;

	if (o->nr_args == 2)
		r = add_entries(l, ctx, dirs, o->args);
	for (size_t i = 0; o->nr_args < 2 && i < dirs->nr; i++)
		found_add_dir(l, ctx, dirs->paths[i], o->nr_args ? o->args[0] : NULL);
	if (l->failed)
		msg("out of memory");
	return l->failed ? EXIT_FAILED : r;
}

/* --- who owns it ------------------------------------------------------------- */

/* With --unowned: what certainly nobody owns. */
static bool is_wanted(const struct opts *o, const char *owner)
{
	return !o->unowned || (owner && !*owner);
}

static cJSON *json_row(const struct found *f, const char *owner)
{
	cJSON *o = cJSON_CreateObject();
	bool ok;

	ok = out_add(o, "distribution", found_json(f)) &&
	     out_add(o, "directory", out_json_str(out_str(f->dir)));
	if (owner)
		ok = ok &&
		     out_add(o, "owner", out_json_str(out_str(*owner ? owner : NULL)));
	if (ok)
		return o;

	cJSON_Delete(o);
	return NULL;
}

static bool print_json(const struct opts *o, const struct found_list *l,
		       const struct owners *own)
{
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; array && i < l->nr; i++)
		if (is_wanted(o, owners_of(own, i)) &&
		    !out_append(array, json_row(&l->at[i], owners_of(own, i)))) {
			cJSON_Delete(array);
			array = NULL;
		}
	return out_json(array);
}

static bool print_text(const struct opts *o, const struct found_list *l,
		       const struct owners *own)
{
	struct out_table t = { .width = o->unowned ? 2 : 3, .fold = 1 };

	for (size_t i = 0; i < l->nr; i++) {
		const struct found *f = &l->at[i];
		const char *owner = owners_of(own, i);
		autofree char *dist = found_title(f);

		if (!is_wanted(o, owner))
			continue;
		if (!dist)
			out_lose();
		if (!o->unowned)
			out_cell(&t, out_str(out_owner(owner)));
		out_cell(&t, out_str(dist ? dist : ""));
		out_cell(&t, out_str(f->path));
	}
	return out_table_print(&t);
}

static int report(const struct opts *o, const struct found_list *l,
		  const struct owners *own)
{
	size_t nr = 0, unknown = 0;
	bool ok;

	for (size_t i = 0; i < l->nr; i++) {
		nr += is_wanted(o, owners_of(own, i));
		unknown += !owners_of(own, i);
	}
	ok = o->json ? print_json(o, l, own) : print_text(o, l, own);
	if (!ok || unknown)
		return EXIT_FAILED;
	return out_flush(nr ? EXIT_DONE : EXIT_NOTHING);
}

static int tell(const struct opts *o, struct epc_ctx *ctx, const struct dirs *dirs)
{
	auto_owners struct owners own = OWNERS_INIT;
	AUTO(found_release) struct found_list l = { 0 };
	int r;

	if (owners_start(&own, ctx, o->root) < 0)
		return EXIT_FAILED;

	(void)sandbox_reader(own.ask);
	r = find(o, ctx, dirs, &l);
	if (r || found_ask(&l, &own) < 0)
		return EXIT_FAILED;

	return report(o, &l, &own);
}

static int owner(const struct opts *o)
{
	auto_dirs struct dirs dirs = { 0 };
	struct epc_ctx *ctx;
	int r;

	if (o->unowned ? o->nr_args > 0 : o->nr_args < 1 || o->nr_args > 2) {
		msg("give a distribution, or GROUP and NAME, or --unowned; see 'epcache "
		    "owner --help'");
		return EXIT_USAGE;
	}

	r = opt_ctx(o, &ctx);
	if (r)
		return r;

	r = o->unowned && !o->nr_paths && !o->python ? target_dirs(o, ctx, &dirs)
						     : target_path(o, ctx, &dirs);
	if (!r)
		r = tell(o, ctx, &dirs);
	epc_ctx_free(ctx);
	return r;
}

const struct cmd cmd_owner = {
	.name = "owner",
	.args = "[OPTION]... DISTRIBUTION | GROUP NAME | --unowned",
	.summary = "Say which package owns a distribution or an entry point",
	.bit = FOR_OWNER,
	.run = owner,
	.only_looks = true,
};
