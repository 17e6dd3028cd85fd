/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "advice.h"
#include "auto.h"
#include "cmd.h"
#include "msg.h"
#include "out.h"
#include "sandbox.h"
#include "target.h"

/* What a verification adds up to. */
struct tally {
	const struct opts *o;
	cJSON *array;    /* NULL: text is printed */
	const char *key; /* of the directory at hand, for JSON */
	size_t changes;
	bool failed;
};

static const struct {
	const char *name; /* in JSON */
	const char *mark; /* before the line */
} kinds[] = {
	[EPC_DIST_ADDED] = { "distribution added", "+ " },
	[EPC_DIST_REMOVED] = { "distribution removed", "- " },
	[EPC_DIST_CHANGED] = { "distribution changed", "c " },
	[EPC_ENTRY_ADDED] = { "entry point added", "    + " },
	[EPC_ENTRY_REMOVED] = { "entry point removed", "    - " },
	[EPC_WINNER_CHANGED] = { "winner changed", "w " },
	[EPC_ORDER_CHANGED] = { "order changed", "o " },
};

/* --- differences ------------------------------------------------------------- */

/* The keys of every row; @c: NULL where nothing was compared. */
static bool add_change(cJSON *o, const char *dir, const struct epc_change *c)
{
	const struct epc_str none = { NULL, 0 };
	const char *what = c ? kinds[epc_change_kind(c)].name : "not compared";

	return out_add(o, "directory", out_json_str(out_str(dir))) &&
	       out_add(o, "difference", out_json_str(out_str(what))) &&
	       out_add(o, "folder", out_json_str(c ? epc_change_folder(c) : none)) &&
	       out_add(o, "group", out_json_str(c ? epc_change_group(c) : none)) &&
	       out_add(o, "name", out_json_str(c ? epc_change_name(c) : none)) &&
	       out_add(o, "value", out_json_str(c ? epc_change_value(c) : none));
}

static cJSON *json_change(const char *dir, const struct epc_change *c)
{
	cJSON *o = cJSON_CreateObject();

	if (add_change(o, dir, c))
		return o;

	cJSON_Delete(o);
	return NULL;
}

static void print_change(const char *dir, const struct epc_change *c)
{
	bool entry = epc_change_group(c).data;
	char *a = out_escape(entry ? epc_change_group(c) : out_str(dir));
	char *b = out_escape(entry ? epc_change_name(c) : epc_change_folder(c));
	char *value = out_escape(epc_change_value(c));

	(void)fputs(kinds[epc_change_kind(c)].mark, stdout);
	if (a && b && entry && value)
		printf("[%s] %s = %s\n", a, b, value);
	else if (a && b && !entry)
		printf("%s/%s\n", a, b);
	free(a);
	free(b);
	free(value);
}

static void tell(struct tally *t, const char *dir, const struct epc_change *c)
{
	t->changes++;
	if (!t->array)
		print_change(dir, c);
	else if (!out_append(t->array, json_change(t->key, c)))
		t->failed = true;
}

/* --- what cannot be compared ------------------------------------------------- */

/* Why there was nothing to compare, and what to do about it. */
struct failure {
	const char *dir, *state;
	char *file, *why, *advice; /* owned; NULL: none */
};

static void failure_release(struct failure *f)
{
	free(f->file);
	free(f->why);
	free(f->advice);
}

/* How a reader fares with the cache file of a directory; NULL when out of memory. */
static const struct epc_dir *ask(struct epc_ctx *ctx, const char *dir,
				 struct epc_answer **ret_answer)
{
	epc_ctx_set_check(ctx, EPC_CHECK_STRICT); /* whatever EPCACHE says */
	if (epc_query(ctx, &dir, 1, "", NULL, ret_answer) < 0)
		return NULL;

	return epc_answer_next_dir(*ret_answer);
}

static void fill(struct failure *f, const struct epc_dir *d, enum epc_outcome outcome)
{
	static const char *const usual[] = {
		[EPC_ABSENT] = "has no cache file",
		[EPC_UNTRUSTED] = "is not to be trusted",
		[EPC_DAMAGED] = "is damaged",
		[EPC_NEWER] = "is of a newer format",
		[EPC_NO_DIR] = "is no directory",
	};
	const char *file = epc_dir_cache_file(d).data, *path = epc_dir_path(d).data;
	bool same = file && epc_dir_bypass(d) == outcome;
	const char *why = same ? epc_dir_why(d) : usual[outcome];

	f->why = strdup(why);
	f->file = file ? strdup(file) : NULL;
	/* What readers do not find damaged, a refresh does not either. */
	f->advice = outcome == EPC_DAMAGED && !same ? advice_refresh(path, true)
						    : advice_on(outcome, path, file, why);
}

static struct failure failure_of(struct epc_ctx *ctx, const char *dir, int r)
{
	struct failure f = { .dir = dir, .state = "failed" };
	struct epc_answer *answer = NULL;
	const struct epc_dir *d;

	if (r < 0) {
		f.why = strdup(strerror(-r));
		return f;
	}

	f.state = advice_state((enum epc_outcome)r);
	d = ask(ctx, dir, &answer);
	if (d)
		fill(&f, d, (enum epc_outcome)r);
	epc_answer_free(answer);
	return f;
}

static cJSON *json_failure(const char *dir, const struct failure *f)
{
	cJSON *o = cJSON_CreateObject();

	if (add_change(o, dir, NULL) &&
	    out_add(o, "state", out_json_str(out_str(f->state))) &&
	    out_add(o, "why", out_json_str(out_str(f->why))) &&
	    out_add(o, "advice", out_json_str(out_str(f->advice))) &&
	    out_add(o, "cache_file", out_json_str(out_str(f->file))))
		return o;

	cJSON_Delete(o);
	return NULL;
}

/* An advice names the directory; what the trouble is with is named once as well. */
static void say_failure(const struct failure *f, int r)
{
	if (r == EPC_ABSENT && f->advice)
		msg("no cache file; %s", f->advice);
	else if (f->file)
		msg("%s: %s; %s", f->file, f->why, f->advice ? f->advice : "");
	else if (f->advice)
		msg("'%s' %s; %s", f->dir, f->why, f->advice);
	else
		msg("cannot verify '%s': %s", f->dir, f->why ? f->why : "out of memory");
}

/* Directories without a cache file are no difference, unless one was asked for. */
static void tell_failure(struct tally *t, struct epc_ctx *ctx, const char *dir, int r)
{
	struct failure f;

	if (r == EPC_ABSENT && t->o->nr_args == 0)
		return;

	f = failure_of(ctx, dir, r);
	t->failed = true;
	say_failure(&f, r);
	if (t->array)
		(void)out_append(t->array, json_failure(t->key, &f));
	failure_release(&f);
}

/* What is the same in the cache and the directory, and makes importlib.metadata raise. */
static void say_broken(struct epc_ctx *ctx, const char *dir)
{
	struct epc_answer *answer = NULL;

	if (ask(ctx, dir, &answer) && epc_answer_note_hidden(answer) == 0)
		msg_broken(answer);
	epc_answer_free(answer);
}

/* --- the command ------------------------------------------------------------- */

static void verify_one(struct tally *t, struct epc_ctx *ctx, const char *dir)
{
	const struct epc_change *c;
	struct epc_diff *diff;
	int r;

	r = epc_verify(ctx, dir, &diff);
	if (r != 0) {
		tell_failure(t, ctx, dir, r);
		return;
	}

	while ((c = epc_diff_next(diff)))
		tell(t, dir, c);
	if (epc_diff_failed(diff)) {
		msg("cannot verify '%s': out of memory", dir);
		t->failed = true;
	}
	epc_diff_free(diff);
	if (!t->o->quiet)
		say_broken(ctx, dir);
}

static int verify_all(const struct opts *o, struct epc_ctx *ctx, const struct dirs *dirs)
{
	struct tally t = { .o = o, .array = o->json ? cJSON_CreateArray() : NULL };

	(void)sandbox_reader(-1);
	for (size_t i = 0; i < dirs->nr; i++) {
		autofree char *key = target_key(o, dirs->paths[i]);

		t.key = key ? key : dirs->paths[i];
		verify_one(&t, ctx, dirs->paths[i]);
	}
	if (o->json && !out_json(t.array))
		t.failed = true;
	if (o->verbose)
		msg("%zu directories, %zu differences", dirs->nr, t.changes);

	return out_flush(t.failed ? EXIT_FAILED : t.changes ? EXIT_NOTHING : EXIT_DONE);
}

static int verify(const struct opts *o)
{
	auto_dirs struct dirs dirs = { 0 };
	struct epc_ctx *ctx;
	int r;

	r = opt_ctx(o, &ctx);
	if (r)
		return r;

	r = target_dirs(o, ctx, &dirs);
	if (!r)
		r = verify_all(o, ctx, &dirs);
	epc_ctx_free(ctx);
	return r;
}

const struct cmd cmd_verify = {
	.name = "verify",
	.args = "[OPTION]... [DIR]...",
	.summary = "Read everything again and tell what differs from the cache",
	.bit = FOR_VERIFY,
	.run = verify,
	.only_looks = true,
};
