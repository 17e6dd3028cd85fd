/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "auto.h"
#include "out.h"
#include "store.h"

#define FOLDER "epcache"
#define PARENT "/var/lib"
#define FILE_NAME "state.json"
#define PAUSE_S 60 /* after a first failure that cost time; each next is twice as long */
#define PAUSE_MAX_S 86400
#define LOCK_MS 1000 /* rather no record than waiting for one */

const char *state_result(enum supervised end)
{
	static const char *const names[] = {
		[SUPERVISED_WRITTEN] = "written",
		[SUPERVISED_UNCHANGED] = "unchanged",
		[SUPERVISED_SKIPPED] = "skipped",
		[SUPERVISED_FAILED] = "failed",
	};

	return names[end];
}

/* --- what is written --------------------------------------------------------- */

/* The layers that every worker had which read something. */
static unsigned common_layers(const struct supervised_dir *dirs, size_t nr, bool *ret_any)
{
	unsigned common = ~0u;

	*ret_any = false;
	for (size_t i = 0; i < nr; i++)
		if (dirs[i].has_layers) {
			common &= dirs[i].layers;
			*ret_any = true;
		}
	return common;
}

static cJSON *json_layers(unsigned layers, bool has)
{
	cJSON *array = cJSON_CreateArray();

	for (unsigned i = 0; array && i < SANDBOX_NR_LAYERS; i++)
		if (((layers >> i) & 1) == (has ? 1u : 0u) &&
		    !out_append(array, cJSON_CreateString(sandbox_layer_name(i)))) {
			cJSON_Delete(array);
			return NULL;
		}
	return array;
}

/* Of a failure that cost time: how many there were, and when it may cost it again. */
static bool add_pause(cJSON *o, const struct supervised_dir *d)
{
	unsigned failures = d->failures + (d->again_s == 0);
	int64_t pause_s = PAUSE_S;

	if (d->end != SUPERVISED_FAILED || d->is_busy || (!d->cost_time && !d->again_s))
		return true;
	for (unsigned i = 1; i < failures && pause_s < PAUSE_MAX_S; i++)
		pause_s *= 2;
	if (d->again_s == 0)
		pause_s += time(NULL);
	return out_add(o, "failures", cJSON_CreateNumber(failures)) &&
	       out_add(o, "again",
		       cJSON_CreateNumber((double)(d->again_s ? d->again_s : pause_s)));
}

static cJSON *json_dir(const struct supervised_dir *d)
{
	cJSON *o = cJSON_CreateObject();

	if (out_add(o, "directory", out_json_str(out_str(supervised_name(d)))) &&
	    out_add(o, "result", cJSON_CreateString(state_result(d->end))) &&
	    out_add(o, "error", out_json_str(out_str(d->error))) && add_pause(o, d))
		return o;

	cJSON_Delete(o);
	return NULL;
}

static cJSON *json_dirs(const struct supervised_dir *dirs, size_t nr)
{
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; array && i < nr; i++)
		if (!out_append(array, json_dir(&dirs[i]))) {
			cJSON_Delete(array);
			return NULL;
		}
	return array;
}

/* As of an image that is to come out the same each time it is built. */
static time_t now(void)
{
	const char *text = secure_getenv("SOURCE_DATE_EPOCH");
	char *end;
	long long s = text ? strtoll(text, &end, 10) : -1;

	return s >= 0 && text[0] && !*end ? (time_t)s : time(NULL);
}

cJSON *state_time(void)
{
	const time_t at = now();
	char text[32] = "";
	struct tm utc;

	if (gmtime_r(&at, &utc))
		(void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
	return cJSON_CreateString(text);
}

static cJSON *json_refresh(const char *by, const struct supervised_dir *dirs, size_t nr)
{
	cJSON *o = cJSON_CreateObject();
	unsigned layers;
	bool any, ok;

	layers = common_layers(dirs, nr, &any);
	ok = out_add(o, "time", state_time()) &&
	     out_add(o, "by", cJSON_CreateString(by)) &&
	     out_add(o, "layers", any ? json_layers(layers, true) : cJSON_CreateNull()) &&
	     out_add(o, "missing",
		     any ? json_layers(layers, false) : cJSON_CreateNull()) &&
	     out_add(o, "directories", json_dirs(dirs, nr));
	if (ok)
		return o;

	cJSON_Delete(o);
	return NULL;
}

/* --- the file ---------------------------------------------------------------- */

static bool is_roots_own(const struct stat *st)
{
	return st->st_uid == 0 && !(st->st_mode & 022);
}

int state_folder(const struct epc_ctx *ctx)
{
	autoclose int parent = epc_ctx_open(ctx, PARENT, O_PATH | O_DIRECTORY);
	autoclose int fd = -1;
	struct stat st;

	/* Who may write there could put another of root's folders in the place of ours. */
	if (parent < 0 || fstat(parent, &st) < 0 || !is_roots_own(&st))
		return -1;

	(void)mkdirat(parent, FOLDER, 0755);
	fd = openat(parent, FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || !is_roots_own(&st))
		return -1;
	return take_fd(fd);
}

void state_write(int folder, const char *name, const char *text)
{
	auto_store struct store st = STORE_INIT;
	autoclose int lock = -1;

	if (store_lock(folder, LOCK_MS, &lock) < 0)
		return;
	(void)store_sweep(folder);
	if (store_begin(&st, folder, name, 0644) < 0)
		return;

	/* Not worth waiting for the disk: without it, status knows less. */
	st.hasty = true;
	if (store_write(&st, text, strlen(text)) < 0 || store_commit(&st) < 0)
		return; /* and the file is as it was */
}

cJSON *state_read(const struct epc_ctx *ctx, const char *name)
{
	autofree char *text = NULL;
	autoclose int fd = -1;
	char path[64];
	struct stat st;
	ssize_t n;

	(void)snprintf(path, sizeof path, STATE_FOLDER "/%s", name);
	fd = epc_ctx_open(ctx, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (st.st_mode & 022) ||
	    (st.st_uid != 0 && st.st_uid != geteuid()) || st.st_size > STATE_MAX)
		return NULL;

	text = malloc((size_t)st.st_size + 1);
	n = text ? read(fd, text, (size_t)st.st_size) : -1;
	return n > 0 ? cJSON_ParseWithLength(text, (size_t)n) : NULL;
}

cJSON *state_load(const struct epc_ctx *ctx)
{
	return state_read(ctx, FILE_NAME);
}

/* Did the last refresh go well, with the layers of this one? */
static bool is_same(const cJSON *old, const cJSON *new)
{
	const cJSON *last = cJSON_GetObjectItem(old, "last_refresh"), *dir;

	cJSON_ArrayForEach(dir, cJSON_GetObjectItem(last, "directories"))
	{
		const char *result = cJSON_GetStringValue(cJSON_GetObjectItem(dir,
									      "result"));

		if (!result || strcmp(result, state_result(SUPERVISED_FAILED)) == 0)
			return false;
	}
	return last && cJSON_Compare(cJSON_GetObjectItem(last, "layers"),
				     cJSON_GetObjectItem(new, "layers"), true);
}

void state_keep(const struct epc_ctx *ctx, const char *by,
		const struct supervised_dir *dirs, size_t nr)
{
	cJSON *last = json_refresh(by, dirs, nr), *all = state_load(ctx);
	bool is_quiet = true;
	char *text = NULL;
	int folder;

	for (size_t i = 0; i < nr; i++)
		is_quiet &= dirs[i].end == SUPERVISED_UNCHANGED;
	if (last && (!is_quiet || !is_same(all, last))) {
		/* What else is in it is not ours to lose. */
		if (!cJSON_IsObject(all)) {
			cJSON_Delete(all);
			all = cJSON_CreateObject();
		}
		cJSON_DeleteItemFromObject(all, "last_refresh");
		if (out_add(all, "last_refresh", take_ptr(last)))
			text = cJSON_Print(all);
	}
	cJSON_Delete(last);
	cJSON_Delete(all);

	folder = text ? state_folder(ctx) : -1;
	if (folder >= 0) {
		state_write(folder, FILE_NAME, text);
		(void)close(folder);
	}
	cJSON_free(text);
}
