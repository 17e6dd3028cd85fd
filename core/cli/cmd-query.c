/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "auto.h"
#include "cmd.h"
#include "msg.h"
#include "out.h"
#include "owners.h"
#include "reading.h"
#include "sources.h"
#include "target.h"

/* What the output formats share. */
struct query {
	const struct opts *o;
	struct epc_answer *answer;
	size_t nr;         /* entries printed */
	bool skipped;      /* an entry could not be printed in this format */
	struct owners own; /* with --owner */
	char **paths;      /* owned; of the metadata folders, each once, sorted */
	size_t nr_paths;
	char *dist; /* owned; the only metadata folder of interest; NULL: each is */
};

static struct epc_str path_of(const struct epc_entry *e, char buf[OUT_PATH_MAX])
{
	return out_path(epc_entry_directory(e), epc_entry_dist_folder(e), buf);
}

/* --- one distribution -------------------------------------------------------- */

static struct epc_str nth_dir(struct query *q, size_t n)
{
	const struct epc_dir *d;

	while ((d = epc_answer_next_dir(q->answer)) && n-- > 0)
		;
	return d ? epc_dir_path(d) : (struct epc_str){ NULL, 0 };
}

/* The first of that name hides the others. */
static int find_dist(struct query *q)
{
	const struct epc_dist *d;
	char path[OUT_PATH_MAX];
	size_t dir = 0;

	while ((d = epc_answer_next_dist(q->answer, &dir)) &&
	       !epc_dist_is_named(d, q->o->dist))
		;
	if (!d) {
		if (!q->o->quiet)
			msg("there is no distribution '%s'", q->o->dist);
		return EXIT_NOTHING;
	}
	q->dist = strdup(out_path(nth_dir(q, dir), epc_dist_folder(d), path).data);
	epc_answer_rewind(q->answer);
	if (q->dist)
		return 0;

	msg("out of memory");
	return EXIT_FAILED;
}

/* The next entry of the answer that was asked for; NULL at the end. */
static const struct epc_entry *next_entry(struct query *q)
{
	const struct epc_entry *e;
	char path[OUT_PATH_MAX];

	while ((e = epc_answer_next(q->answer)))
		if (!q->dist || strcmp(path_of(e, path).data, q->dist) == 0)
			return e;
	return NULL;
}

/* --- who owns it ------------------------------------------------------------- */

static int by_path(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void query_release(struct query *q)
{
	for (size_t i = 0; i < q->nr_paths; i++)
		free(q->paths[i]);
	free(q->paths);
	free(q->dist);
	owners_release(&q->own);
	epc_answer_free(q->answer);
}

/* The metadata folder of each entry; false when out of memory. */
static bool gather_paths(struct query *q)
{
	const struct epc_entry *e;
	char path[OUT_PATH_MAX], **more;

	while ((e = next_entry(q))) {
		(void)path_of(e, path);
		/* Entries of one distribution mostly follow each other. */
		if (q->nr_paths && strcmp(q->paths[q->nr_paths - 1], path) == 0)
			continue;
		more = reallocarray(q->paths, q->nr_paths + 1, sizeof *more);
		if (!more)
			return false;
		q->paths = more;
		q->paths[q->nr_paths] = strdup(path);
		if (!q->paths[q->nr_paths])
			return false;
		q->nr_paths++;
	}
	epc_answer_rewind(q->answer);
	if (q->nr_paths)
		qsort(q->paths, q->nr_paths, sizeof *q->paths, by_path);
	return true;
}

static bool ask_owners(struct query *q)
{
	if (gather_paths(q))
		return owners_ask(&q->own, (const char *const *)q->paths, q->nr_paths) ==
		       0;

	msg("out of memory");
	return false;
}

/* Of the distribution of an entry; NULL: not known. */
static const char *owner_of(const struct query *q, const struct epc_entry *e)
{
	char path[OUT_PATH_MAX], *key = path, **found;

	(void)path_of(e, path);
	found = q->nr_paths
			? bsearch(&key, q->paths, q->nr_paths, sizeof *q->paths, by_path)
			: NULL;
	return found ? owners_of(&q->own, (size_t)(found - q->paths)) : NULL;
}

/* --- one format each --------------------------------------------------------- */

static cJSON *json_entry(const struct query *q, const struct epc_entry *e)
{
	const char *owner = q->o->owner ? owner_of(q, e) : NULL;
	char path[OUT_PATH_MAX];
	cJSON *object = cJSON_CreateObject(), *dist;
	bool ok;

	dist = out_json_dist(epc_entry_dist_name(e), epc_entry_dist_version(e),
			     path_of(e, path));
	ok = dist && out_add(object, "group", out_json_str(epc_entry_group(e))) &&
	     out_add(object, "name", out_json_str(epc_entry_name(e))) &&
	     out_add(object, "value", out_json_str(epc_entry_value(e)));
	if (owner)
		ok = ok &&
		     out_add(dist, "owner", out_json_str(out_str(*owner ? owner : NULL)));
	ok = out_add(object, "distribution", dist) && ok;
	ok = ok && out_add(object, "directory", out_json_str(epc_entry_directory(e)));
	if (!ok) {
		cJSON_Delete(object);
		return NULL;
	}
	return object;
}

static bool print_json(struct query *q)
{
	cJSON *array = cJSON_CreateArray();
	const struct epc_entry *e;

	while (array && (e = next_entry(q))) {
		if (!out_append(array, json_entry(q, e))) {
			cJSON_Delete(array);
			array = NULL;
		}
		q->nr++;
	}
	return out_json(array);
}

static bool has_nul(struct epc_str s)
{
	return s.data && memchr(s.data, '\0', s.len);
}

static bool print_nul(struct query *q)
{
	const struct epc_entry *e;

	while ((e = next_entry(q))) {
		char path[OUT_PATH_MAX];
		struct epc_str fields[] = {
			epc_entry_group(e),
			epc_entry_name(e),
			epc_entry_value(e),
			epc_entry_dist_name(e),
			epc_entry_dist_version(e),
			path_of(e, path),
			{ NULL, 0 },
		};
		size_t nr = sizeof fields / sizeof fields[0] - !q->o->owner;
		bool bad = false;

		if (q->o->owner)
			fields[nr - 1] = out_str(out_owner(owner_of(q, e)));
		for (size_t i = 0; i < nr; i++)
			bad |= has_nul(fields[i]);
		if (bad) {
			msg("skipping an entry of '%s' that holds a NUL byte; use --json",
			    path);
			q->skipped = true;
			continue;
		}
		for (size_t i = 0; i < nr; i++) {
			if (fields[i].len > 0) /* what is not known has no data */
				(void)fwrite(fields[i].data, 1, fields[i].len, stdout);
			(void)putchar('\0');
		}
		q->nr++;
	}
	return true;
}

/* One entry; its strings last as long as the answer. */
struct line {
	struct epc_str group, name, value, dist, version, directory, folder;
	const char *owner; /* NULL: not asked for */
	size_t at;         /* in the answer */
};

static struct line line_of(const struct query *q, const struct epc_entry *e, size_t at)
{
	return (struct line){
		.group = epc_entry_group(e),
		.name = epc_entry_name(e),
		.value = epc_entry_value(e),
		.dist = epc_entry_dist_name(e),
		.version = epc_entry_dist_version(e),
		.directory = epc_entry_directory(e),
		.folder = epc_entry_dist_folder(e),
		.owner = q->o->owner ? out_owner(owner_of(q, e)) : NULL,
		.at = at,
	};
}

/* METADATA may have told them, with any byte in it. */
static char *join(struct epc_str name, struct epc_str version, size_t *ret_n)
{
	char *dist = malloc(name.len + version.len + 2), *at = dist;

	if (!dist)
		return NULL;
	if (name.len)
		at = mempcpy(at, name.data, name.len);
	if (version.data) {
		*at++ = ' ';
		at = mempcpy(at, version.data, version.len);
	}
	*ret_n = (size_t)(at - dist);
	return dist;
}

static void add_row(struct out_table *t, const struct line *line)
{
	size_t n;
	char *dist = join(line->dist, line->version, &n);

	if (!dist) {
		t->failed = true;
		return;
	}
	out_cell(t, line->name);
	out_cell(t, line->value);
	out_cell(t, (struct epc_str){ dist, n });
	free(dist);
	if (line->owner)
		out_cell(t, out_str(line->owner));
}

static bool print_text(struct query *q)
{
	bool group = q->o->nr_args == 0;
	struct out_table t = { .width = (group ? 4u : 3u) + q->o->owner,
			       .fold = group ? 0 : 2 };
	const struct epc_entry *e;

	while ((e = next_entry(q))) {
		struct line line = line_of(q, e, q->nr++);

		if (group)
			out_cell(&t, line.group);
		add_row(&t, &line);
	}
	return out_table_print(&t);
}

/* --- by group ---------------------------------------------------------------- */

static int by_group(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	size_t n = x->group.len < y->group.len ? x->group.len : y->group.len;
	int r = memcmp(x->group.data, y->group.data, n);

	if (r == 0)
		r = (x->group.len > y->group.len) - (x->group.len < y->group.len);
	return r ? r : (x->at > y->at) - (x->at < y->at);
}

static bool same(struct epc_str a, struct epc_str b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* The whole answer, by group; NULL when out of memory. */
static struct line *gather(struct query *q)
{
	struct line *lines = malloc(64 * sizeof *lines), *more;
	const struct epc_entry *e;
	size_t cap = 64;

	while (lines && (e = next_entry(q))) {
		if (q->nr == cap) {
			cap *= 2;
			more = reallocarray(lines, cap, sizeof *lines);
			if (!more)
				free(lines);
			lines = more;
		}
		if (lines)
			lines[q->nr] = line_of(q, e, q->nr);
		q->nr++;
	}
	if (lines)
		qsort(lines, q->nr, sizeof *lines, by_group);
	return lines;
}

/* As entry_points.txt has it: the name of a group would take a third of each line. */
static bool print_groups(struct query *q)
{
	struct line *lines = gather(q);
	bool ok = lines;

	if (!ok)
		msg("out of memory");
	for (size_t i = 0; ok && i < q->nr;) {
		struct out_table t = { .width = 3u + q->o->owner, .fold = 2 };
		size_t first = i;
		char *group = out_escape(lines[i].group);

		printf("%s[%s]\n", i > 0 ? "\n" : "", group ? group : "");
		free(group);
		for (; i < q->nr && same(lines[first].group, lines[i].group); i++)
			add_row(&t, &lines[i]);
		ok = out_table_print(&t);
	}
	free(lines);
	return ok;
}

/* --- the groups, and their sizes --------------------------------------------- */

struct group {
	struct epc_str name;
	size_t nr_entries, nr_dists;
};

static bool same_dist(const struct line *a, const struct line *b)
{
	return same(a->folder, b->folder) && same(a->directory, b->directory);
}

/* The group that begins at @i; the entries of one distribution follow each other. */
static struct group take_group(const struct line *lines, size_t nr, size_t *i)
{
	struct group g = { .name = lines[*i].group };
	size_t first = *i;

	for (; *i < nr && same(lines[first].group, lines[*i].group); ++*i) {
		g.nr_entries++;
		g.nr_dists += *i == first || !same_dist(&lines[*i - 1], &lines[*i]);
	}
	return g;
}

static cJSON *json_group(const struct group *g)
{
	cJSON *o = cJSON_CreateObject();

	if (out_add(o, "group", out_json_str(g->name)) &&
	    out_add(o, "entry_points", cJSON_CreateNumber((double)g->nr_entries)) &&
	    out_add(o, "distributions", cJSON_CreateNumber((double)g->nr_dists)))
		return o;

	cJSON_Delete(o);
	return NULL;
}

static void print_nul_group(struct query *q, const struct group *g)
{
	if (has_nul(g->name)) {
		msg("skipping a group that holds a NUL byte; use --json");
		q->skipped = true;
		return;
	}
	(void)fwrite(g->name.data, 1, g->name.len, stdout);
	printf("%c%zu%c%zu%c", '\0', g->nr_entries, '\0', g->nr_dists, '\0');
}

static bool print_sizes(struct query *q)
{
	struct out_table t = { .width = 3 };
	cJSON *array = q->o->json ? cJSON_CreateArray() : NULL;
	struct line *lines = gather(q);
	bool ok = lines && (array || !q->o->json);

	if (!ok)
		msg("out of memory");
	for (size_t i = 0; ok && i < q->nr;) {
		struct group g = take_group(lines, q->nr, &i);

		if (q->o->json) {
			ok = out_append(array, json_group(&g));
		} else if (q->o->nul) {
			print_nul_group(q, &g);
		} else {
			out_cell(&t, g.name);
			out_number(&t, g.nr_entries);
			out_number(&t, g.nr_dists);
		}
	}
	free(lines);
	if (!ok) {
		cJSON_Delete(array);
		return false;
	}
	return q->o->json ? out_json(array) : out_table_print(&t);
}

/* --- the command ------------------------------------------------------------- */

static bool lists_groups(const struct opts *o)
{
	return !o->all && o->nr_args == 0 && !o->dist;
}

static int check_args(const struct opts *o)
{
	if (o->all && o->nr_args > 0) {
		msg("give either --all or a GROUP; see 'epcache query --help'");
		return EXIT_USAGE;
	}
	if (lists_groups(o) && o->owner) {
		msg("--owner needs --all or a GROUP; see 'epcache query --help'");
		return EXIT_USAGE;
	}
	if (o->nr_args > 2) {
		msg("unexpected argument '%s'; see 'epcache query --help'", o->args[2]);
		return EXIT_USAGE;
	}
	if (o->json && o->nul) {
		msg("--json and --null exclude each other");
		return EXIT_USAGE;
	}
	return 0;
}

static int print_answer(struct query *q)
{
	bool groups = q->o->nr_args == 0 && out_is_terminal();
	bool ok = lists_groups(q->o) ? print_sizes(q)
		  : q->o->json       ? print_json(q)
		  : q->o->nul        ? print_nul(q)
		  : groups           ? print_groups(q)
				     : print_text(q);

	if (!ok)
		return EXIT_FAILED;
	if (epc_answer_is_opaque(q->answer) || q->skipped)
		return out_flush(EXIT_OPAQUE);

	if (q->nr == 0 && q->dist && !q->o->quiet)
		msg("'%s' has no such entry points", q->dist);
	/* A distribution that is there and has none was found. */
	return out_flush(q->nr || q->dist ? EXIT_DONE : EXIT_NOTHING);
}

static int answer(const struct opts *o, struct epc_ctx *ctx, const struct dirs *path)
{
	AUTO(query_release) struct query q = { .o = o, .own = OWNERS_INIT };
	struct timespec start;
	double ms;
	int r, status;

	if (o->owner && owners_start(&q.own, ctx, o->root) < 0)
		return EXIT_FAILED;
	reading_allow(q.own.ask);
	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	r = reading_query(ctx, path, o->nr_args > 0 ? o->args[0] : NULL,
			  o->nr_args > 1 ? o->args[1] : NULL, &q.answer);
	ms = sources_ms(&start);
	if (r < 0) {
		msg("cannot query: %s", strerror(-r));
		return EXIT_FAILED;
	}

	if (!o->quiet)
		msg_notes(q.answer);
	status = o->dist ? find_dist(&q) : 0;
	if (status)
		return status;
	if (o->owner && !ask_owners(&q))
		return EXIT_FAILED;
	status = print_answer(&q);
	if (o->verbose)
		sources_say(q.answer, q.nr, "entry points", ms);
	return status;
}

static int query(const struct opts *o)
{
	auto_dirs struct dirs path = { 0 };
	struct epc_ctx *ctx;
	int r = check_args(o);

	if (!r)
		r = opt_ctx(o, &ctx);
	if (r)
		return r;

	r = target_path(o, ctx, &path);
	if (!r)
		r = answer(o, ctx, &path);
	epc_ctx_free(ctx);
	return r;
}

const struct cmd cmd_query = {
	.name = "query",
	.args = "[OPTION]... [GROUP [NAME] | --all]",
	.summary = "Print entry points, or the groups there are",
	.bit = FOR_QUERY,
	.run = query,
	.only_looks = true,
};
