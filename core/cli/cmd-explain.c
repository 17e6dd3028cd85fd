/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "advice.h"
#include "cmd.h"
#include "msg.h"
#include "out.h"
#include "reading.h"
#include "sources.h"
#include "target.h"

static const char *source_of(const struct epc_dir *d)
{
	static const char *const names[] = {
		[EPC_FROM_NOTHING] = "nothing is there",
		[EPC_FROM_CACHE] = "from the cache",
		[EPC_FROM_LIVE] = "read live",
		[EPC_FROM_ARCHIVE] = "an archive, not read",
	};

	return names[epc_dir_source(d)];
}

/* Why a directory was read live, when it was. */
static const char *why_of(const struct opts *o, const struct epc_dir *d)
{
	if (epc_dir_bypass(d) == EPC_ABSENT)
		return "has no cache file";
	if (epc_dir_bypass(d) == EPC_OK)
		return epc_dir_source(d) == EPC_FROM_LIVE
			       ? advice_live_why(advice_live(o))
			       : NULL;
	return epc_dir_why(d);
}

/* --- JSON -------------------------------------------------------------------- */

static cJSON *json_dir(const struct opts *opts, const struct epc_dir *d)
{
	cJSON *o = cJSON_CreateObject();

	if (out_add(o, "directory", out_json_str(epc_dir_path(d))) &&
	    out_add(o, "source", out_json_str(out_str(source_of(d)))) &&
	    out_add(o, "cache_file", out_json_str(epc_dir_cache_file(d))) &&
	    out_add(o, "why", out_json_str(out_str(why_of(opts, d)))))
		return o;

	cJSON_Delete(o);
	return NULL;
}

static cJSON *json_hidden_by(const struct epc_entry *e)
{
	struct epc_str directory, folder;
	char path[OUT_PATH_MAX];
	cJSON *o;

	if (!epc_entry_hidden_by(e, &directory, &folder))
		return cJSON_CreateNull();

	o = cJSON_CreateObject();
	if (out_add(o, "directory", out_json_str(directory)) &&
	    out_add(o, "path", out_json_str(out_path(directory, folder, path))))
		return o;

	cJSON_Delete(o);
	return NULL;
}

static cJSON *json_candidate(const struct epc_entry *e)
{
	char path[OUT_PATH_MAX];
	cJSON *o = cJSON_CreateObject();

	if (out_add(o, "value", out_json_str(epc_entry_value(e))) &&
	    out_add(o, "distribution",
		    out_json_dist(epc_entry_dist_name(e), epc_entry_dist_version(e),
				  out_path(epc_entry_directory(e),
					   epc_entry_dist_folder(e), path))) &&
	    out_add(o, "directory", out_json_str(epc_entry_directory(e))) &&
	    out_add(o, "hidden_by", json_hidden_by(e)))
		return o;

	cJSON_Delete(o);
	return NULL;
}

static bool print_json(const struct opts *opts, struct epc_answer *answer, size_t *ret_nr)
{
	cJSON *o = cJSON_CreateObject();
	cJSON *path = cJSON_CreateArray(), *candidates = cJSON_CreateArray();
	const struct epc_entry *e;
	const struct epc_dir *d;
	bool ok = path && candidates;

	while (ok && (d = epc_answer_next_dir(answer)))
		ok = out_append(path, json_dir(opts, d));
	while (ok && (e = epc_answer_next_candidate(answer))) {
		ok = out_append(candidates, json_candidate(e));
		++*ret_nr;
	}

	ok = ok && out_add(o, "group", out_json_str(out_str(opts->args[0]))) &&
	     out_add(o, "name", out_json_str(out_str(opts->args[1])));
	ok = out_add(o, "path", path) && ok;
	ok = out_add(o, "candidates", candidates) && ok;
	if (!ok) {
		cJSON_Delete(o);
		o = NULL;
	}
	return out_json(o);
}

/* --- text -------------------------------------------------------------------- */

/* The source, and why it is that one where this takes few words. */
static const char *source_and_why(const struct opts *o, const struct epc_dir *d)
{
	if (epc_dir_source(d) != EPC_FROM_LIVE)
		return source_of(d);
	if (epc_dir_bypass(d) == EPC_ABSENT)
		return "read live: no cache file";
	return epc_dir_bypass(d) == EPC_OK ? advice_live_why(advice_live(o))
					   : source_of(d);
}

static bool print_path(const struct opts *o, struct epc_answer *answer)
{
	struct out_table t = { .width = 3, .fold = 2 };
	const struct epc_dir *d;
	size_t n = 0;

	while ((d = epc_answer_next_dir(answer))) {
		out_number(&t, ++n);
		out_cell(&t, epc_dir_path(d));
		out_cell(&t, out_str(source_and_why(o, d)));
	}
	return out_table_print(&t);
}

/* Below the table, so that the columns stay narrow: such a path takes a line. */
static void print_bypassed(struct epc_answer *answer)
{
	const struct epc_dir *d;

	epc_answer_rewind(answer);
	for (size_t n = 1; (d = epc_answer_next_dir(answer)); n++) {
		struct epc_str file = epc_dir_cache_file(d);
		char *safe;

		if (epc_dir_bypass(d) == EPC_OK || !file.data)
			continue;
		safe = out_escape(file);
		printf("%zu: %s\n   %s\n", n, safe ? safe : "", epc_dir_why(d));
		free(safe);
	}
}

static void print_candidate(const struct epc_entry *e)
{
	struct epc_str directory, folder;
	char *value = out_escape(epc_entry_value(e));
	char *where = out_escape(epc_entry_directory(e));
	char *what = out_escape(epc_entry_dist_folder(e));
	bool hidden = epc_entry_hidden_by(e, &directory, &folder);

	printf("%s %s\n   of %s/%s\n", hidden ? "  " : "->", value ? value : "",
	       where ? where : "", what ? what : "");
	free(where);
	free(what);
	if (hidden) {
		where = out_escape(directory);
		what = out_escape(folder);
		printf("   hidden by %s/%s\n", where ? where : "", what ? what : "");
		free(where);
		free(what);
	}
	free(value);
}

static bool print_text(const struct opts *o, struct epc_answer *answer, size_t *ret_nr)
{
	const struct epc_entry *e;

	if (!print_path(o, answer))
		return false;

	print_bypassed(answer);
	while ((e = epc_answer_next_candidate(answer))) {
		if ((*ret_nr)++ == 0)
			(void)putchar('\n');
		print_candidate(e);
	}
	if (*ret_nr == 0)
		puts("\nno distribution there has it");
	return true;
}

/* --- the command ------------------------------------------------------------- */

static int explain_on(const struct opts *o, struct epc_ctx *ctx, const struct dirs *path)
{
	struct epc_answer *answer;
	struct timespec start;
	bool found, opaque, ok;
	size_t nr = 0;
	double ms;
	int r;

	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	r = reading_query(ctx, path, o->args[0], o->args[1], &answer);
	ms = sources_ms(&start);
	if (r < 0) {
		msg("cannot query: %s", strerror(-r));
		return EXIT_FAILED;
	}

	found = epc_answer_next(answer);
	opaque = epc_answer_is_opaque(answer);
	if (opaque && !o->quiet)
		msg_notes(answer);
	ok = o->json ? print_json(o, answer, &nr) : print_text(o, answer, &nr);
	if (o->verbose)
		sources_say(answer, nr, "candidates", ms);
	epc_answer_free(answer);
	if (!ok)
		return EXIT_FAILED;
	if (opaque)
		return out_flush(EXIT_OPAQUE);
	return out_flush(found ? EXIT_DONE : EXIT_NOTHING);
}

static int explain(const struct opts *o)
{
	auto_dirs struct dirs path = { 0 };
	struct epc_ctx *ctx;
	int r;

	if (o->nr_args != 2) {
		msg("give a GROUP and a NAME; see 'epcache explain --help'");
		return EXIT_USAGE;
	}

	r = opt_ctx(o, &ctx);
	if (r)
		return r;

	r = target_path(o, ctx, &path);
	if (!r)
		r = explain_on(o, ctx, &path);
	epc_ctx_free(ctx);
	return r;
}

const struct cmd cmd_explain = {
	.name = "explain",
	.args = "[OPTION]... GROUP NAME",
	.summary = "Say where an entry point comes from, and what hides others",
	.bit = FOR_EXPLAIN,
	.run = explain,
	.only_looks = true,
};
