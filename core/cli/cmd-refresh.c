/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "auto.h"
#include "cmd.h"
#include "conf.h"
#include "discover.h"
#include "msg.h"
#include "out.h"
#include "progress.h"
#include "python.h"
#include "scrub.h"
#include "start.h"
#include "state.h"
#include "supervise.h"
#include "system.h"
#include "target.h"

/* --- which directories ------------------------------------------------------- */

static int check_args(const struct opts *o)
{
	int sources = o->system + o->user + !!o->venv + !!o->python;

	if (sources + (o->nr_args > 0) > 1) {
		msg("give directories or one of --system, --user, --venv and --python");
		return EXIT_USAGE;
	}
	return 0;
}

/* What find() is to find. */
struct wanted {
	const struct opts *o;
	const struct conf *conf;
};

/* Goes on in a child. */
static int find(struct epc_ctx *ctx, const void *data, struct dirs *d)
{
	const struct wanted *wanted = data;
	const struct opts *o = wanted->o;
	const char *venv = secure_getenv("VIRTUAL_ENV");

	if (o->venv)
		return python_venv(ctx, d, o->venv);
	if (o->user)
		return python_user(ctx, d);
	/* The environment tells nothing about the system in another root. */
	if (o->system || o->root || geteuid() == 0)
		return system_dirs(ctx, wanted->conf, d);

	return venv && *venv ? python_venv(ctx, d, venv) : python_user(ctx, d);
}

static int find_dirs(const struct opts *o, struct epc_ctx *ctx, const struct conf *conf,
		     struct dirs *d)
{
	const struct wanted wanted = { o, conf };

	if (o->python)
		return python_ask(ctx, d, o->python);
	return discover(&(struct discovery){ ctx, find, &wanted }, d);
}

/* --- refreshing -------------------------------------------------------------- */

/* As builders of images set it; on a running system it means something else. */
static bool is_reproducible(const struct opts *o)
{
	return o->reproducible || (o->root && getenv("SOURCE_DATE_EPOCH"));
}

/* @key: what the configuration may name the directory by, or NULL */
static unsigned flags_of(const struct opts *o, const struct conf *conf, const char *key)
{
	/* A cache folder that was given is for whatever directory was given with it. */
	return (o->force ? EPC_REFRESH_FORCE : 0u) |
	       (is_reproducible(o) ? EPC_REFRESH_REPRODUCIBLE | EPC_REFRESH_FORCE : 0u) |
	       (o->dry_run ? EPC_REFRESH_DRY_RUN : 0u) |
	       (o->cache_dir ? EPC_REFRESH_NAMED : 0u) |
	       (key ? conf_flags(conf, key) : 0u);
}

static const char *result_of(const struct opts *o, const struct supervised_dir *d)
{
	return d->end == SUPERVISED_WRITTEN && o->dry_run ? "would be written"
							  : state_result(d->end);
}

/* --- reporting --------------------------------------------------------------- */

static cJSON *json_row(const struct opts *o, const struct supervised_dir *row)
{
	const struct epc_refreshed *f = &row->found;
	cJSON *object = cJSON_CreateObject();
	bool ok;

	ok = cJSON_AddItemToObject(object, "directory",
				   out_json_str(out_str(supervised_name(row)))) &&
	     cJSON_AddStringToObject(object, "result", result_of(o, row)) &&
	     cJSON_AddItemToObject(object, "error", out_json_str(out_str(row->error))) &&
	     cJSON_AddNumberToObject(object, "distributions", (double)f->nr_dists) &&
	     cJSON_AddNumberToObject(object, "entry_points", (double)f->nr_entries) &&
	     cJSON_AddNumberToObject(object, "opaque", (double)f->nr_opaque) &&
	     cJSON_AddNumberToObject(object, "private", (double)f->nr_private) &&
	     cJSON_AddNumberToObject(object, "bytes", (double)f->bytes) &&
	     cJSON_AddBoolToObject(object, "settled", f->settled) &&
	     cJSON_AddNumberToObject(object, "milliseconds", row->ms);
	if (ok)
		return object;

	cJSON_Delete(object);
	return NULL;
}

static bool report_json(const struct opts *o, const struct supervised_dir *rows,
			size_t nr)
{
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; array && i < nr; i++) {
		cJSON *item = json_row(o, &rows[i]);

		if (!item || !cJSON_AddItemToArray(array, item)) {
			cJSON_Delete(item);
			cJSON_Delete(array);
			array = NULL;
		}
	}
	return out_json(array);
}

/* In columns their headings say what the numbers are; between tabs, they do. */
static void head(struct out_table *t)
{
	static const char *const names[] = { "DIRECTORY", "RESULT", "DISTS", "ENTRIES",
					     "TIME" };

	for (size_t i = 0; i < t->width; i++) {
		out_cell(t, out_str(names[i]));
		t->cells[t->nr ? t->nr - 1 : 0].right = i >= 2;
		out_paint(t, OUT_FAINT);
	}
}

static void __attribute__((format(printf, 2, 3)))
number_cell(struct out_table *t, const char *format, ...)
{
	char text[64];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	out_cell(t, out_str(text));
	if (t->nr)
		t->cells[t->nr - 1].right = true;
}

static void body(const struct opts *o, struct out_table *t,
		 const struct supervised_dir *row)
{
	static const enum out_colour colours[] = {
		[SUPERVISED_WRITTEN] = OUT_GOOD,
		[SUPERVISED_UNCHANGED] = OUT_FAINT,
		[SUPERVISED_SKIPPED] = OUT_DOUBTFUL,
		[SUPERVISED_FAILED] = OUT_BAD,
	};
	bool people = out_is_terminal();

	out_cell(t, out_str(row->dir));
	out_cell(t, out_str(result_of(o, row)));
	out_paint(t, colours[row->end]);
	number_cell(t, "%zu%s", row->found.nr_dists, people ? "" : " distributions");
	number_cell(t, "%zu%s", row->found.nr_entries, people ? "" : " entry points");
	number_cell(t, "%.2f ms", row->ms);
}

static bool report_text(const struct opts *o, const struct supervised_dir *rows,
			size_t nr)
{
	struct out_table t = { .width = 5, .fold = 1 };
	size_t nr_dists = 0, nr_entries = 0;
	double ms = 0;

	if (out_is_terminal())
		head(&t);
	for (size_t i = 0; i < nr; i++) {
		body(o, &t, &rows[i]);
		nr_dists += rows[i].found.nr_dists;
		nr_entries += rows[i].found.nr_entries;
		ms += rows[i].ms;
	}
	if (!out_table_print(&t))
		return false;

	return printf("%zu directories, %zu distributions, %zu entry points, %.2f ms\n",
		      nr, nr_dists, nr_entries, ms) >= 0;
}

/* What is shown while it goes on. */
struct showing {
	struct progress progress;
	const struct supervised_dir *rows;
	int status;
};

static void show_begin(void *data, size_t i)
{
	struct showing *s = data;

	progress_show(&s->progress, i, s->rows[i].dir);
}

static void show_end(void *data, size_t i)
{
	struct showing *s = data;
	const struct supervised_dir *row = &s->rows[i];
	const char *error = row->error ? row->error : "out of memory";

	progress_hide(&s->progress);
	if (row->end == SUPERVISED_SKIPPED)
		msg("'%s' is %s", row->dir, error);
	if (row->end != SUPERVISED_FAILED)
		return;

	s->status = EXIT_FAILED;
	msg("cannot refresh '%s': %s", row->dir, error);
}

/* By what the cache holds: the directory itself is not this process's to look at. */
static void show_broken(void *data, struct epc_image *image)
{
	struct showing *s = data;
	const struct epc_dist *d;

	progress_hide(&s->progress);
	while ((d = epc_image_next_dist(image))) {
		char buf[OUT_PATH_MAX], line[16] = "";
		struct epc_str path = out_path(epc_image_path(image), epc_dist_folder(d),
					       buf);

		if (!epc_dist_why(d))
			continue;
		if (epc_dist_line(d))
			(void)snprintf(line, sizeof line, ":%u", epc_dist_line(d));
		msg("%.*s%s%s: %s; importlib.metadata raises; mend it", (int)path.len,
		    path.data, epc_dist_name(d).len ? "/entry_points.txt" : "", line,
		    epc_dist_why(d));
	}
}

/* What was done, to whom it is of interest. */
static bool report(const struct opts *o, const struct supervised_dir *rows, size_t nr)
{
	bool ok = true;

	if (o->json)
		ok = report_json(o, rows, nr);
	else if (o->verbose || o->dry_run)
		ok = report_text(o, rows, nr);
	return ok && out_flush(EXIT_DONE) == EXIT_DONE;
}

static int refresh_all(const struct opts *o, struct epc_ctx *ctx, const struct conf *conf,
		       char **dirs, const char *notes, size_t nr)
{
	const struct supervise_opts how = {
		.user = conf->user,
		.limit_ms = 1000 * conf->timeout_sec,
		.at_once = 1,
		.is_elsewhere = epc_ctx_root_fd(ctx) >= 0,
	};
	autofree struct supervised_dir *rows = calloc(nr + 1, sizeof *rows);
	struct showing showing = { progress_init(nr, !o->quiet && !o->json), rows, 0 };
	const struct supervise_watch watch = {
		show_begin,
		show_end,
		&showing,
		o->verbose && !o->quiet ? show_broken : NULL,
	};
	bool ok;

	if (!rows) {
		msg("out of memory");
		return EXIT_FAILED;
	}

	for (size_t i = 0; i < nr; i++) {
		rows[i].dir = dirs[i];
		rows[i].is_silent = notes && notes[i] == DIRS_SILENT;
		rows[i].key = target_key(o, dirs[i]);
		rows[i].flags = flags_of(o, conf, rows[i].key);
	}
	supervise(ctx, &how, rows, nr, &watch);
	if (geteuid() == 0 && !o->dry_run && !o->cache_dir)
		state_keep(ctx, "refresh", rows, nr);

	ok = report(o, rows, nr);
	/* Not for a cache folder of its own, which is for who gave it alone. */
	if (!o->dry_run && !o->cache_dir && start_wanted(rows, nr))
		start_actions(ctx, conf);
	supervised_release(rows, nr);
	return ok ? showing.status : EXIT_FAILED;
}

static int refresh_found(const struct opts *o, struct epc_ctx *ctx)
{
	auto_conf struct conf conf = { 0 };
	auto_dirs struct dirs found = { 0 };

	if (conf_load(ctx, &conf) < 0 ||
	    (o->nr_args == 0 && find_dirs(o, ctx, &conf, &found) < 0))
		return EXIT_FAILED;
	/* What was asked for is known: root hands nothing else of its caller's on. */
	if (geteuid() == 0)
		scrub_environment();
	if (o->nr_args > 0)
		return refresh_all(o, ctx, &conf, o->args, NULL, (size_t)o->nr_args);

	return refresh_all(o, ctx, &conf, found.paths, found.notes, found.nr);
}

static int refresh(const struct opts *o)
{
	struct epc_ctx *ctx;
	int r = check_args(o);

	if (r == 0)
		r = opt_ctx(o, &ctx);
	if (r)
		return r;

	r = refresh_found(o, ctx);
	epc_ctx_free(ctx);
	return r;
}

const struct cmd cmd_refresh = {
	.name = "refresh",
	.args = "[OPTION]... [DIR]...",
	.summary = "Bring cache files up to date",
	.bit = FOR_REFRESH,
	.run = refresh,
};
