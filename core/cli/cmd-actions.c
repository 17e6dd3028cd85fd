/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actions-show.h"
#include "actions.h"
#include "auto.h"
#include "cmd.h"
#include "conf.h"
#include "engine.h"
#include "msg.h"
#include "out.h"
#include "reading.h"
#include "scrub.h"

#define BUSY_WAIT_MS 10000 /* by hand: for another run */

/* --- list -------------------------------------------------------------------- */

static int list(const struct opts *o, struct epc_ctx *ctx)
{
	auto_actions struct actions all = { 0 };
	bool ok;

	if (actions_load(ctx, &all) < 0) {
		msg("out of memory");
		return EXIT_FAILED;
	}

	if (o->json)
		ok = actions_show_json(ctx, &all);
	else
		ok = actions_show(ctx, &all, o->verbose);
	return ok ? out_flush(EXIT_DONE) : EXIT_FAILED;
}

/* --- run --------------------------------------------------------------------- */

static cJSON *json_row(const struct engine_row *row)
{
	cJSON *o = cJSON_CreateObject();

	if (out_add(o, "name", cJSON_CreateString(row->name)) &&
	    out_add(o, "result", cJSON_CreateString(engine_end_name(row->end))) &&
	    out_add(o, "why", out_json_str(out_str(row->why))) &&
	    out_add(o, "milliseconds", cJSON_CreateNumber(row->ms)))
		return o;

	cJSON_Delete(o);
	return NULL;
}

static bool report_json(const struct engine *e)
{
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; array && i < e->nr; i++)
		if (!out_append(array, json_row(&e->rows[i]))) {
			cJSON_Delete(array);
			array = NULL;
		}
	return out_json(array);
}

static bool is_failure(const struct engine_row *row)
{
	return row->end == ENGINE_FAILED || row->end == ENGINE_NOT_RUN ||
	       row->end == ENGINE_NOT_CONTAINED;
}

static const char *verb_of(enum engine_end end)
{
	return end == ENGINE_FAILED        ? "failed"
	       : end == ENGINE_QUARANTINED ? "is in quarantine"
					   : "was not run";
}

/* Failures on standard error; what was done on standard output. */
static bool report_text(const struct opts *o, const struct engine *e)
{
	struct out_table t = { .width = 3, .fold = 1 };

	for (size_t i = 0; i < e->nr; i++) {
		const struct engine_row *row = &e->rows[i];

		if (row->why && (is_failure(row) || !o->quiet))
			msg("the action '%s' %s: %s", row->name, verb_of(row->end),
			    row->why);
		if (!o->verbose && !o->dry_run)
			continue;
		out_cell(&t, out_str(row->name));
		out_cell(&t, out_str(engine_end_name(row->end)));
		out_number(&t, row->ms);
	}
	return out_table_print(&t);
}

static int run_engine(const struct opts *o, struct engine *e)
{
	int status = EXIT_DONE, r = engine_run(e);
	bool ok;

	if (r == EPC_ABSENT)
		msg("no action '%s' is active; see 'epcache actions list'", e->only);
	else if (r == EPC_BUSY)
		msg("another process runs the actions; try again later");
	else if (r < 0)
		msg("cannot run the actions: %s", strerror(-r));
	if (r != 0)
		return EXIT_FAILED;

	for (size_t i = 0; i < e->nr; i++)
		if (is_failure(&e->rows[i]) ||
		    (e->only && e->rows[i].end == ENGINE_QUARANTINED))
			status = EXIT_FAILED;
	ok = o->json ? report_json(e) : report_text(o, e);
	return ok ? out_flush(status) : EXIT_FAILED;
}

static int run(const struct opts *o, struct epc_ctx *ctx)
{
	auto_conf struct conf conf = { 0 };
	auto_engine struct engine e = {
		.ctx = ctx,
		.conf = &conf,
		.only = o->nr_args > 1 ? o->args[1] : NULL,
		.force = o->force,
		.dry_run = o->dry_run,
		.wait_ms = BUSY_WAIT_MS,
	};

	if (o->force && !e.only) {
		msg("--force is for one action; name it");
		return EXIT_USAGE;
	}
	if (epc_ctx_root_fd(ctx) >= 0) {
		msg("programs of another root are not this system's to run; "
		    "run this command inside it, by chroot(8)");
		return EXIT_FAILED;
	}
	if (geteuid() != 0) {
		msg("only root runs actions");
		return EXIT_FAILED;
	}
	if (getenv("EPCACHE_API")) {
		msg("an action does not run actions");
		return EXIT_FAILED;
	}

	scrub_environment();
	if (conf_load(ctx, &conf) < 0)
		return EXIT_FAILED;
	if (!conf.actions) {
		msg("Actions=no in epcache.conf(5): nothing is run");
		return !o->json || report_json(&e) ? out_flush(EXIT_DONE) : EXIT_FAILED;
	}
	return run_engine(o, &e);
}

/* --- check ------------------------------------------------------------------- */

/* "50-name" of a path, or NULL. */
static char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct span name = span_of(slash ? slash + 1 : path);

	if (!span_ends(name, span_of(ACTION_SUFFIX)))
		return NULL;
	name.n -= strlen(ACTION_SUFFIX);
	return action_name_is_valid(name) ? strndup(name.p, name.n) : NULL;
}

static bool add_message(cJSON *messages, char *text)
{
	autofree char *safe = text ? out_escape(out_str(text)) : NULL;

	free(text);
	return safe && out_append(messages, cJSON_CreateString(safe));
}

/* What is wrong with a file, as an array of strings; NULL without memory. */
static cJSON *check_file(const char *path)
{
	autofree char *content = NULL, *name = name_of(path);
	autoclose int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -errno : actions_read(fd, &content);
	cJSON *messages = cJSON_CreateArray();
	auto_action struct action a = { 0 };
	struct action_faults faults = { .nr = 0 };
	char *text = NULL;
	bool ok = true;

	if (!name && asprintf(&text,
			      "%s: a file is called NN-name.action, with two digits, "
			      "and small letters, digits and '-'; rename it",
			      path) >= 0)
		ok = add_message(messages, text);
	if (n < 0 && asprintf(&text, "%s: %s", path, strerror((int)-n)) >= 0)
		ok = add_message(messages, text) && ok;
	if (n >= 0 &&
	    action_parse((struct span){ content, (size_t)n }, &a, &faults) == -ENOMEM)
		ok = false;
	for (size_t i = 0; i < faults.nr; i++)
		ok = add_message(messages, actions_fault(path, &faults.at[i])) && ok;
	if (ok)
		return messages;

	cJSON_Delete(messages);
	return NULL;
}

static int check(const struct opts *o, struct epc_ctx *ctx)
{
	cJSON *messages = check_file(o->args[1]), *one;
	int status;

	(void)ctx;
	if (!messages) {
		msg("out of memory");
		return EXIT_FAILED;
	}

	status = cJSON_GetArraySize(messages) ? EXIT_FAILED : EXIT_DONE;
	if (o->json)
		return out_json(messages) ? out_flush(status) : EXIT_FAILED;

	cJSON_ArrayForEach(one, messages) msg("%s", cJSON_GetStringValue(one));
	cJSON_Delete(messages);
	return status;
}

/* --- output ------------------------------------------------------------------ */

/* As it is, with its lines and tabs, but for what does more to a terminal. */
static bool show(struct epc_str bytes)
{
	size_t start = 0;

	for (size_t i = 0; i <= bytes.len; i++) {
		autofree char *safe = NULL;

		if (i < bytes.len && bytes.data[i] != '\n' && bytes.data[i] != '\t')
			continue;
		safe = out_escape((struct epc_str){ bytes.data + start, i - start });
		if (!safe)
			return false;
		(void)fputs(safe, stdout);
		if (i < bytes.len)
			(void)putchar(bytes.data[i]);
		start = i + 1;
	}
	return true;
}

static int print_output(const struct opts *o, const struct epc_output *output)
{
	struct epc_str bytes = epc_output_bytes(output);
	cJSON *object;

	if (!o->json && out_is_terminal())
		return show(bytes) ? out_flush(EXIT_DONE) : EXIT_FAILED;
	if (!o->json) {
		(void)fwrite(bytes.data, 1, bytes.len, stdout);
		return out_flush(EXIT_DONE);
	}

	object = cJSON_CreateObject();
	if (!out_add(object, "name", out_json_str(out_str(o->args[1]))) ||
	    !out_add(object, "mtime",
		     cJSON_CreateNumber((double)(epc_output_mtime_ns(output) /
						 1000000000))) ||
	    !out_add(object, "output", out_json_str(bytes))) {
		cJSON_Delete(object);
		object = NULL;
	}
	return out_json(object) ? out_flush(EXIT_DONE) : EXIT_FAILED;
}

static int output(const struct opts *o, struct epc_ctx *ctx)
{
	const char *name = o->args[1];
	struct epc_output *published;
	int r = epc_action_output(ctx, name, &published);

	if (r == EPC_ABSENT || r == -EINVAL)
		msg("the action '%s' has published nothing; see 'epcache actions list'",
		    name);
	else if (r > 0)
		msg("what the action '%s' published is not to be believed; run "
		    "'epcache actions run %s --force' as root",
		    name, name);
	else if (r < 0)
		msg("cannot read what the action '%s' published: %s", name, strerror(-r));
	if (r != 0)
		return r == EPC_ABSENT || r == -EINVAL ? EXIT_NOTHING : EXIT_FAILED;

	r = print_output(o, published);
	epc_output_free(published);
	return r;
}

/* --- the command ------------------------------------------------------------- */

static const struct verb {
	const char *name;
	int min, max; /* arguments */
	int (*run)(const struct opts *o, struct epc_ctx *ctx);
} verbs[] = {
	{ "list", 0, 0, list },
	{ "run", 0, 1, run },
	{ "check", 1, 1, check },
	{ "output", 1, 1, output },
};

static const struct verb *find_verb(const struct opts *o)
{
	const char *word = o->nr_args ? o->args[0] : "";

	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
		const struct verb *v = &verbs[i];

		if (strcmp(word, v->name) != 0)
			continue;
		if (o->nr_args - 1 >= v->min && o->nr_args - 1 <= v->max)
			return v;
		msg("'epcache actions %s' takes %s; see 'epcache actions --help'",
		    v->name,
		    !v->max  ? "no argument"
		    : v->min ? "one argument"
			     : "one argument at most");
		return NULL;
	}
	msg("actions are to list, run, check or output, not '%s'; see "
	    "'epcache actions --help'",
	    word);
	return NULL;
}

static int actions(const struct opts *o)
{
	const struct verb *verb = find_verb(o);
	struct epc_ctx *ctx;
	int r;

	if (!verb)
		return EXIT_USAGE;
	if ((o->force || o->dry_run) && verb->run != run) {
		msg("--force and --dry-run are for 'epcache actions run'");
		return EXIT_USAGE;
	}
	r = opt_ctx(o, &ctx);
	if (r)
		return r;

	r = verb->run(o, ctx);
	epc_ctx_free(ctx);
	return r;
}

const struct cmd cmd_actions = {
	.name = "actions",
	.args = "[OPTION]... list|run [NAME]|check FILE|output NAME",
	.summary = "Programs that are run after a change; list or run them",
	.bit = FOR_ACTIONS,
	.run = actions,
};
