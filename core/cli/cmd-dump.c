/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "msg.h"
#include "out.h"
#include "reading.h"
#include "target.h"

/* Numbers of 64 bits go as text: a double would round them. */
static cJSON *json_int(int64_t n)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%lld", (long long)n);
	return cJSON_CreateRaw(text);
}

static cJSON *json_uint(uint64_t n)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%llu", (unsigned long long)n);
	return cJSON_CreateRaw(text);
}

static cJSON *json_token(const struct epc_token *t)
{
	cJSON *o = cJSON_CreateObject();

	if (out_add(o, "ino", json_uint(t->ino)) &&
	    out_add(o, "size", json_uint(t->size)) &&
	    out_add(o, "type", json_int(t->type)) &&
	    out_add(o, "mtime_ns", json_int(t->mtime_ns)) &&
	    out_add(o, "ctime_ns", json_int(t->ctime_ns)) &&
	    out_add(o, "btime_ns", json_int(t->btime_ns)) &&
	    out_add(o, "settled", cJSON_CreateBool(t->settled)))
		return o;

	cJSON_Delete(o);
	return NULL;
}

static cJSON *json_entries(const struct epc_dist *d)
{
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; i < epc_dist_nr_entries(d); i++) {
		struct epc_str group, name, value;
		cJSON *o = cJSON_CreateObject();
		bool ok;

		epc_dist_entry(d, i, &group, &name, &value);
		ok = out_add(o, "group", out_json_str(group)) &&
		     out_add(o, "name", out_json_str(name)) &&
		     out_add(o, "value", out_json_str(value));
		ok = out_append(array, o) && ok;
		if (!ok) {
			cJSON_Delete(array);
			return NULL;
		}
	}
	return array;
}

static cJSON *json_dist(const struct epc_dist *d)
{
	cJSON *o = cJSON_CreateObject();
	struct epc_token token;
	bool ok;

	ok = out_add(o, "folder", out_json_str(epc_dist_folder(d))) &&
	     out_add(o, "normalized_name", out_json_str(epc_dist_normalized_name(d))) &&
	     out_add(o, "name", out_json_str(epc_dist_name(d))) &&
	     out_add(o, "version", out_json_str(epc_dist_version(d))) &&
	     out_add(o, "kind", out_json_str(out_str(epc_dist_kind(d)))) &&
	     out_add(o, "state", out_json_str(out_str(epc_dist_state(d)))) &&
	     out_add(o, "wins", cJSON_CreateBool(epc_dist_wins(d))) &&
	     out_add(o, "rejected_by_3.15", cJSON_CreateBool(epc_dist_rejected_315(d))) &&
	     out_add(o, "raises", out_json_str(out_str(epc_dist_why(d)))) &&
	     out_add(o, "line", json_int(epc_dist_line(d)));
	if (ok && epc_dist_token(d, &token) == 0)
		ok = out_add(o, "token", json_token(&token));
	ok = ok && out_add(o, "entry_points", json_entries(d));
	if (ok)
		return o;

	cJSON_Delete(o);
	return NULL;
}

static cJSON *json_image(struct epc_image *image)
{
	cJSON *o = cJSON_CreateObject(), *dists = cJSON_CreateArray();
	const struct epc_dist *d;
	struct epc_token token;
	bool ok = dists;

	epc_image_token(image, &token);
	while (ok && (d = epc_image_next_dist(image)))
		ok = out_append(dists, json_dist(d));
	ok = ok && out_add(o, "directory", out_json_str(epc_image_path(image))) &&
	     out_add(o, "fast_allowed",
		     cJSON_CreateBool(epc_image_fast_allowed(image))) &&
	     out_add(o, "token", json_token(&token));
	ok = out_add(o, "distributions", dists) && ok;
	if (ok)
		return o;

	cJSON_Delete(o);
	return NULL;
}

/* The file's content, or NULL, and said why. */
static cJSON *json_file(const struct epc_ctx *ctx, const char *path)
{
	struct epc_image *image;
	cJSON *value;
	int r;

	r = epc_image_from_file(ctx, path, &image);
	if (r < 0)
		msg("cannot read '%s': %s", path, strerror(-r));
	else if (r > 0)
		msg("'%s' is %s", path,
		    r == EPC_NEWER ? "of a newer format; upgrade this epcache"
				   : "no cache file, or a damaged one");
	if (r != 0)
		return NULL;

	value = json_image(image);
	epc_image_free(image);
	if (!value)
		msg("out of memory");
	return value;
}

static int dump_file(const struct epc_ctx *ctx, const char *path)
{
	cJSON *value = json_file(ctx, path);

	if (!value || !out_json(value))
		return EXIT_FAILED;
	return out_flush(EXIT_DONE);
}

/* Without an argument: the files that directories are answered from now, in a list. */
static int dump_used(struct epc_ctx *ctx, const struct dirs *dirs, bool verbose)
{
	cJSON *array = cJSON_CreateArray();
	struct epc_answer *answer;
	const struct epc_dir *d;
	bool ok = true;
	int r;

	r = reading_query(ctx, dirs, "", NULL, &answer);
	if (r < 0) {
		msg("cannot look at the directories: %s", strerror(-r));
		cJSON_Delete(array);
		return EXIT_FAILED;
	}

	while (ok && (d = epc_answer_next_dir(answer))) {
		bool used = epc_dir_source(d) == EPC_FROM_CACHE;
		const char *file = used ? epc_dir_cache_file(d).data : NULL;

		if (used)
			ok = out_append(array, json_file(ctx, file));
		if (verbose)
			msg("%s: %s", epc_dir_path(d).data,
			    used ? file : "no cache file is used; see 'epcache status'");
	}
	epc_answer_free(answer);
	ok = out_json(array) && ok;
	return out_flush(ok ? EXIT_DONE : EXIT_FAILED);
}

static int dump(const struct opts *o)
{
	auto_dirs struct dirs dirs = { 0 };
	struct epc_ctx *ctx;
	int r;

	if (o->nr_args > 1) {
		msg("unexpected argument '%s'; see 'epcache dump --help'", o->args[1]);
		return EXIT_USAGE;
	}

	r = opt_ctx(o, &ctx);
	if (r)
		return r;

	if (o->nr_args == 1)
		r = dump_file(ctx, o->args[0]);
	else
		r = target_dirs(o, ctx, &dirs);
	if (!r && o->nr_args == 0)
		r = dump_used(ctx, &dirs, o->verbose);
	epc_ctx_free(ctx);
	return r;
}

const struct cmd cmd_dump = {
	.name = "dump",
	.args = "[OPTION]... [FILE]",
	.summary = "Print a cache file as JSON",
	.bit = FOR_DUMP,
	.run = dump,
};
