/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "actions-show.h"
#include "advice.h"
#include "auto.h"
#include "cmd.h"
#include "conf.h"
#include "found.h"
#include "msg.h"
#include "out.h"
#include "reading.h"
#include "sandbox.h"
#include "state.h"
#include "target.h"

/* What is said of one directory. */
struct row {
	const struct epc_dir *dir;
	const char *state;
	const char *why;       /* NULL: it is fresh */
	const char *unsettled; /* or NULL: no text has to be read to check it */
	char *advice;          /* owned; with .why */
	enum out_colour colour;
	struct epc_cache_info info;
	bool has_info;
};

/* What every row is printed with. */
struct report {
	const struct opts *o;
	const struct epc_ctx *ctx;
	cJSON *state;           /* owned; of the last refresh, or NULL */
	struct actions actions; /* those that root runs */
	cJSON *trouble;         /* owned; of them, with --json */

	/* With --owner. */
	struct found_list dists; /* of all directories, each once */
	struct owners own;
};

static void report_release(struct report *rep)
{
	cJSON_Delete(rep->state);
	cJSON_Delete(rep->trouble);
	actions_release(&rep->actions);
	found_release(&rep->dists);
	owners_release(&rep->own);
}

/* Of one directory. */
struct owned {
	size_t nr, unowned, unknown; /* distributions */
};

static void row_release(struct row *row)
{
	free(row->advice);
}

#define auto_row __attribute__((cleanup(row_release)))

static struct row row_live(const struct opts *o, const struct epc_dir *d)
{
	static const enum out_colour colours[] = {
		[EPC_OK] = OUT_FAINT,       [EPC_ABSENT] = OUT_DOUBTFUL,
		[EPC_UNTRUSTED] = OUT_BAD,  [EPC_DAMAGED] = OUT_BAD,
		[EPC_NEWER] = OUT_DOUBTFUL, [EPC_STALE] = OUT_DOUBTFUL,
	};
	enum epc_outcome bypass = epc_dir_bypass(d);
	struct row row = {
		.state = advice_state(bypass),
		.why = epc_dir_why(d),
		.advice = advice_on(bypass, epc_dir_path(d).data,
				    epc_dir_cache_file(d).data, epc_dir_why(d)),
		.colour = colours[bypass],
	};

	if (bypass == EPC_ABSENT)
		row.why = "has no cache file";
	if (bypass == EPC_OK) {
		row.why = advice_live_why(advice_live(o));
		row.advice = strdup(advice_live_mend(advice_live(o)));
	}
	return row;
}

/* A refresh would only say it again, so it is not advised. */
static void row_skipped(struct row *row)
{
	free(row->advice);
	row->why = "has no cache file: those who refresh it may not read it";
	row->advice = strdup("nothing is to be done, who may read it reads it live");
}

static const char *why_unsettled(const struct epc_dir *d)
{
	switch (epc_dir_unsettled(d)) {
	case EPC_SETTLED:
		return NULL;
	case EPC_UNSETTLED_OVERLAY:
		return "texts are read to check it: the directory is on an overlay";
	case EPC_UNSETTLED_READ_ONLY:
		return "texts are read to check it: the directory is mounted read-only";
	case EPC_UNSETTLED_UNLISTED:
		return "texts are read to check it: the stamps of this file system are "
		       "not relied on";
	case EPC_UNSETTLED_STAMPS:
		return "texts are read to check it: some stamps are those of a builder of "
		       "images, or of the future";
	case EPC_UNSETTLED_NETWORK:
		return "texts are read to check it, until a refresh at least 4 s later "
		       "finds the same";
	case EPC_UNSETTLED_YET:
		return "texts are read to check it, until the next refresh";
	}
	return NULL;
}

static struct row row_of(const struct report *rep, const struct epc_dir *d)
{
	struct row row;

	switch (epc_dir_source(d)) {
	case EPC_FROM_LIVE:
		row = row_live(rep->o, d);
		if (epc_dir_bypass(d) == EPC_ABSENT &&
		    state_skipped(rep->state, epc_dir_path(d)))
			row_skipped(&row);
		break;
	case EPC_FROM_CACHE:
		row = (struct row){ .state = "fresh",
				    .unsettled = why_unsettled(d),
				    .colour = OUT_GOOD };
		break;
	case EPC_FROM_ARCHIVE:
		row = (struct row){ .state = "archive",
				    .why = "is not read by epcache",
				    .advice = strdup("ask importlib.metadata"),
				    .colour = OUT_FAINT };
		break;
	default:
		row = (struct row){ .state = advice_state(EPC_NO_DIR),
				    .why = "is no directory, or may not be read",
				    .advice = advice_on(EPC_NO_DIR, NULL, NULL, NULL),
				    .colour = OUT_FAINT };
	}

	row.dir = d;
	row.has_info = epc_dir_cache_info(d, &row.info) == 0;
	return row;
}

static int64_t age_s(const struct row *row)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec - row->info.mtime_ns / 1000000000;
}

/* --- who owns it ------------------------------------------------------------- */

static bool is_of(const struct found *f, const struct epc_dir *d)
{
	return strcmp(f->dir, epc_dir_path(d).data) == 0;
}

static struct owned count_owned(const struct report *rep, const struct epc_dir *d)
{
	struct owned n = { 0 };

	for (size_t i = 0; i < rep->dists.nr; i++) {
		const char *owner = owners_of(&rep->own, i);

		if (!is_of(&rep->dists.at[i], d))
			continue;
		n.nr++;
		n.unowned += owner && !*owner;
		n.unknown += !owner;
	}
	return n;
}

static bool has_dists_of(const struct report *rep, const struct epc_dir *d)
{
	for (size_t i = 0; i < rep->dists.nr; i++)
		if (is_of(&rep->dists.at[i], d))
			return true;
	return false;
}

/* The distributions of each directory; one that was given twice is read once. */
static void find_dists(struct report *rep, struct epc_ctx *ctx, struct epc_answer *answer)
{
	const struct epc_dir *d;

	while ((d = epc_answer_next_dir(answer)))
		if (!has_dists_of(rep, d))
			found_add_dir(&rep->dists, ctx, epc_dir_path(d).data, NULL);
	epc_answer_rewind(answer);
}

/* --- JSON -------------------------------------------------------------------- */

static cJSON *json_owners(const struct report *rep, const struct epc_dir *d)
{
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; array && i < rep->dists.nr; i++) {
		const char *owner = owners_of(&rep->own, i);
		cJSON *dist;

		if (!is_of(&rep->dists.at[i], d))
			continue;
		dist = found_json(&rep->dists.at[i]);
		if (out_append(array, dist) &&
		    (!owner || out_add(dist, "owner",
				       out_json_str(out_str(*owner ? owner : NULL)))))
			continue;
		cJSON_Delete(array);
		array = NULL;
	}
	return array;
}

/* What is known of some only is no number. */
static cJSON *json_number(size_t n, bool known)
{
	return known ? cJSON_CreateNumber((double)n) : cJSON_CreateNull();
}

static bool json_owned(cJSON *o, const struct report *rep, const struct epc_dir *d)
{
	struct owned n = count_owned(rep, d);

	return out_add(o, "owned", json_number(n.nr - n.unowned, !n.unknown)) &&
	       out_add(o, "unowned", json_number(n.unowned, !n.unknown)) &&
	       out_add(o, "owners", json_owners(rep, d));
}

static bool json_info(cJSON *o, const struct row *row)
{
	return out_add(o, "bytes", cJSON_CreateNumber((double)row->info.bytes)) &&
	       out_add(o, "age_seconds", cJSON_CreateNumber((double)age_s(row))) &&
	       out_add(o, "settled", cJSON_CreateBool(row->info.settled)) &&
	       out_add(o, "unsettled", out_json_str(out_str(row->unsettled))) &&
	       out_add(o, "fast_allowed", cJSON_CreateBool(row->info.fast_allowed)) &&
	       out_add(o, "stamps_trusted", cJSON_CreateBool(row->info.trusted));
}

static cJSON *json_row(const struct report *rep, const struct row *row)
{
	cJSON *o = cJSON_CreateObject();
	bool ok;

	ok = out_add(o, "directory", out_json_str(epc_dir_path(row->dir))) &&
	     out_add(o, "state", out_json_str(out_str(row->state))) &&
	     out_add(o, "why", out_json_str(out_str(row->why))) &&
	     out_add(o, "advice", out_json_str(out_str(row->advice))) &&
	     out_add(o, "distributions",
		     cJSON_CreateNumber((double)epc_dir_nr_dists(row->dir))) &&
	     out_add(o, "entry_points",
		     cJSON_CreateNumber((double)epc_dir_nr_entries(row->dir))) &&
	     out_add(o, "cache_file", out_json_str(epc_dir_cache_file(row->dir)));
	if (row->has_info)
		ok = ok && json_info(o, row);
	if (rep->o->owner)
		ok = ok && json_owned(o, rep, row->dir);
	ok = ok &&
	     out_add(o, "last_refresh", state_of(rep->state, epc_dir_path(row->dir))) &&
	     out_add(o, "failed_actions", cJSON_Duplicate(rep->trouble, true));
	if (ok)
		return o;

	cJSON_Delete(o);
	return NULL;
}

static bool print_json(struct report *rep, struct epc_answer *answer)
{
	cJSON *array = cJSON_CreateArray();
	const struct epc_dir *d;

	rep->trouble = actions_trouble_json(rep->ctx, &rep->actions);
	while (array && (d = epc_answer_next_dir(answer))) {
		auto_row struct row row = row_of(rep, d);

		if (!out_append(array, json_row(rep, &row))) {
			cJSON_Delete(array);
			array = NULL;
		}
	}
	return out_json(array);
}

/* --- text -------------------------------------------------------------------- */

static void align_right(struct out_table *t)
{
	if (t->nr)
		t->cells[t->nr - 1].right = true;
}

static void age_cell(struct out_table *t, const struct row *row)
{
	static const struct {
		int64_t seconds;
		const char *unit;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "m" } };
	int64_t age = age_s(row);
	char text[32];

	/* A clock that was set back since is no reason to print nonsense. */
	(void)snprintf(text, sizeof text, "%llds", age > 0 ? (long long)age : 0LL);
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (age >= units[i].seconds) {
			(void)snprintf(text, sizeof text, "%lld%s",
				       (long long)(age / units[i].seconds),
				       units[i].unit);
			break;
		}
	out_cell(t, out_str(text));
	align_right(t);
}

/* As ls -h has it: the numbers are for people, in few columns. */
static void size_cell(struct out_table *t, size_t bytes)
{
	char text[32];

	if (bytes < 1000)
		(void)snprintf(text, sizeof text, "%zu", bytes);
	else if (bytes < 10239)
		(void)snprintf(text, sizeof text, "%.1fK", (double)bytes / 1024);
	else if (bytes < 1048576)
		(void)snprintf(text, sizeof text, "%zuK", bytes >> 10);
	else
		(void)snprintf(text, sizeof text, "%.1fM", (double)bytes / 1048576);
	out_cell(t, out_str(text));
	align_right(t);
}

static void head(struct out_table *t)
{
	static const char *const names[] = { "DIRECTORY", "STATE", "DISTS", "ENTRIES",
					     "AGE",       "SIZE",  "OWNED", "UNOWNED" };

	for (size_t i = 0; out_is_terminal() && i < t->width; i++) {
		out_cell(t, out_str(names[i]));
		if (i >= 2)
			align_right(t);
		out_paint(t, OUT_FAINT);
	}
}

static void no_cells(struct out_table *t, const char *sign)
{
	for (int i = 0; i < 2; i++) {
		out_cell(t, out_str(sign));
		align_right(t);
	}
}

static void owned_cells(struct out_table *t, const struct report *rep,
			const struct epc_dir *d)
{
	struct owned n = count_owned(rep, d);

	if (n.unknown) {
		no_cells(t, out_owner(NULL));
		return;
	}
	out_number(t, n.nr - n.unowned);
	out_number(t, n.unowned);
	if (n.unowned)
		out_paint(t, OUT_DOUBTFUL);
}

static void body(struct out_table *t, const struct report *rep, const struct row *row)
{
	out_cell(t, epc_dir_path(row->dir));
	out_cell(t, out_str(row->unsettled ? "unsettled" : row->state));
	out_paint(t, row->colour);
	out_number(t, epc_dir_nr_dists(row->dir));
	out_number(t, epc_dir_nr_entries(row->dir));
	if (row->has_info) {
		age_cell(t, row);
		size_cell(t, row->info.bytes);
	} else {
		no_cells(t, "-");
	}
	if (rep->o->owner)
		owned_cells(t, rep, row->dir);
}

static void print_line(struct epc_str text)
{
	char *safe = text.data ? out_escape(text) : NULL;

	if (safe)
		printf("  %s\n", safe);
	free(safe);
}

static void print_time(const char *name, int64_t ns)
{
	int64_t s = ns / 1000000000 - (ns % 1000000000 < 0);

	printf("%s %lld.%09lld", name, (long long)s, (long long)(ns - s * 1000000000));
}

static void print_token(const struct epc_image *image)
{
	struct epc_token t;

	epc_image_token(image, &t);
	printf("  inode %llu, %llu bytes, %s\n  ", (unsigned long long)t.ino,
	       (unsigned long long)t.size, t.settled ? "settled" : "not settled");
	print_time("mtime", t.mtime_ns);
	print_time(", ctime", t.ctime_ns);
	(void)putchar('\n');
}

static void print_texts(struct epc_image *image)
{
	size_t nr = 0, settled = 0;
	const struct epc_dist *d;

	while ((d = epc_image_next_dist(image))) {
		struct epc_token t;

		if (epc_dist_token(d, &t) != 0)
			continue;
		nr++;
		settled += t.settled;
	}
	printf("  %zu of %zu entry_points.txt settled\n", settled, nr);
}

/* What the cache file has recorded to be checked by. */
static void print_recorded(const struct epc_ctx *ctx, const struct row *row)
{
	struct epc_image *image;

	if (!row->has_info ||
	    epc_image_from_file(ctx, epc_dir_cache_file(row->dir).data, &image) != 0)
		return;

	print_token(image);
	print_texts(image);
	printf("  the fast check is %s\n",
	       row->info.fast_allowed ? "allowed" : "not allowed");
	if (row->info.trusted)
		printf("  its stamps are trusted\n");
	epc_image_free(image);
}

static void print_owner(const struct found *f, const char *owner)
{
	autofree char *title = found_title(f), *line = NULL;

	if (!title ||
	    asprintf(&line, "%s: %s", title, *owner ? owner : "no package") < 0) {
		line = NULL; /* undefined by now */
		out_lose();
		return;
	}
	print_line(out_str(line));
}

/* What no package owns is what is looked for: it comes first.  Not known was said. */
static void print_owners(const struct report *rep, const struct epc_dir *d)
{
	for (int rest = 0; rest <= 1; rest++)
		for (size_t i = 0; i < rep->dists.nr; i++) {
			const char *owner = owners_of(&rep->own, i);

			if (owner && is_of(&rep->dists.at[i], d) && !*owner != (bool)rest)
				print_owner(&rep->dists.at[i], owner);
		}
}

/* Below the table, so that the columns stay narrow: why, and what to do. */
static void print_why(const struct report *rep, const struct row *row)
{
	char *path = out_escape(epc_dir_path(row->dir));

	printf("\n%s\n", path ? path : "");
	free(path);
	if (row->why || rep->o->verbose)
		print_line(epc_dir_cache_file(row->dir));
	if (row->unsettled)
		print_line(out_str(row->unsettled));
	if (row->why) {
		print_line(out_str(row->why));
		print_line(out_str(row->advice));
	}
	if (rep->o->verbose) {
		print_recorded(rep->ctx, row);
		print_owners(rep, row->dir);
	}
}

static bool print_text(const struct report *rep, struct epc_answer *answer)
{
	struct out_table t = { .width = rep->o->owner ? 8 : 6, .fold = 1 };
	const struct epc_dir *d;

	head(&t);
	while ((d = epc_answer_next_dir(answer))) {
		auto_row struct row row = row_of(rep, d);

		body(&t, rep, &row);
	}
	if (!out_table_print(&t))
		return false;

	epc_answer_rewind(answer);
	while ((d = epc_answer_next_dir(answer))) {
		auto_row struct row row = row_of(rep, d);

		if (row.why || row.unsettled || rep->o->verbose)
			print_why(rep, &row);
	}
	state_print(rep->state);
	/* Those that failed; 'epcache actions list' has all. */
	actions_show_trouble(rep->ctx, &rep->actions);
	return true;
}

/* --- the command ------------------------------------------------------------- */

/* Stale, or not one directory cached: then no start of Python gains anything. */
static bool is_of_use(struct epc_answer *answer)
{
	size_t nr = 0, absent = 0;
	const struct epc_dir *d;
	bool stale = false;

	epc_answer_rewind(answer);
	while ((d = epc_answer_next_dir(answer))) {
		nr++;
		stale |= epc_dir_bypass(d) == EPC_STALE;
		absent += epc_dir_bypass(d) == EPC_ABSENT ||
			  epc_dir_source(d) == EPC_FROM_NOTHING;
	}
	return !stale && (nr == 0 || absent < nr);
}

static int print(struct report *rep, struct epc_answer *answer)
{
	bool ok, good;

	/* It is of the folders that refreshes of root write into by themselves. */
	if (!rep->o->quiet && !rep->o->cache_dir)
		rep->state = state_load(rep->ctx);
	if (!rep->o->quiet && epc_answer_note_hidden(answer) == 0)
		msg_broken(answer);
	ok = rep->o->quiet  ? true
	     : rep->o->json ? print_json(rep, answer)
			    : print_text(rep, answer);
	good = is_of_use(answer);
	if (!ok)
		return EXIT_FAILED;
	return out_flush(good ? EXIT_DONE : EXIT_NOTHING);
}

static int report(const struct opts *o, struct epc_ctx *ctx, const struct dirs *dirs)
{
	AUTO(report_release)
	struct report rep = { .o = o, .ctx = ctx, .own = OWNERS_INIT };
	bool owner = o->owner && !o->quiet;
	struct epc_answer *answer;
	int r;

	/* Before all rights but reading are given up. */
	if (!o->quiet && !o->cache_dir && actions_load(ctx, &rep.actions) < 0) {
		msg("out of memory");
		return EXIT_FAILED;
	}
	if (owner && owners_start(&rep.own, ctx, o->root) < 0)
		return EXIT_FAILED;
	reading_allow(rep.own.ask);
	/* Any group will do: what is wanted is how each directory would be read. */
	r = reading_query(ctx, dirs, "", NULL, &answer);
	if (r < 0) {
		msg("cannot look at the directories: %s", strerror(-r));
		return EXIT_FAILED;
	}

	if (owner) {
		/* Unlike the question, this reads them all. */
		(void)sandbox_reader(rep.own.ask);
		find_dists(&rep, ctx, answer);
	}
	r = owner && found_ask(&rep.dists, &rep.own) < 0 ? EXIT_FAILED
							 : print(&rep, answer);
	epc_answer_free(answer);
	return r;
}

static int status(const struct opts *o)
{
	auto_dirs struct dirs dirs = { 0 };
	struct epc_ctx *ctx;
	int r;

	r = opt_ctx(o, &ctx);
	if (r)
		return r;

	if (o->config && o->nr_args > 0) {
		msg("unexpected argument '%s'; see 'epcache status --help'", o->args[0]);
		r = EXIT_USAGE;
	} else if (o->config)
		r = o->quiet ? EXIT_DONE : conf_print(ctx, o->json);
	else
		r = target_rows(o, ctx, &dirs);
	if (!r && !o->config)
		r = report(o, ctx, &dirs);
	epc_ctx_free(ctx);
	return r;
}

const struct cmd cmd_status = {
	.name = "status",
	.args = "[OPTION]... [DIR]...",
	.summary = "Say how each directory would be read, and why",
	.bit = FOR_STATUS,
	.run = status,
	.only_looks = true,
};
