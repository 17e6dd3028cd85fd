/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* state-show.c - state_of(), state_print(): what state.json has for people. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "out.h"
#include "state.h"

static const cJSON *last_of(const cJSON *state)
{
	return cJSON_GetObjectItem(state, "last_refresh");
}

static const char *text_of(const cJSON *object, const char *key)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(object, key));

	return text ? text : "";
}

/* 0 where there is none, and for what is no time. */
static double number_of(const cJSON *object, const char *key)
{
	const cJSON *n = cJSON_GetObjectItem(object, key);

	return cJSON_IsNumber(n) && n->valuedouble > 0 && n->valuedouble < 1e15
		       ? n->valuedouble
		       : 0;
}

static const cJSON *dir_of(const cJSON *state, struct epc_str path)
{
	/* As it was written: with what is not UTF-8 in the way of out_json_str(). */
	cJSON *raw = out_json_str(path), *name = NULL;
	const cJSON *dir, *found = NULL;
	char *text = raw ? cJSON_PrintUnformatted(raw) : NULL;

	name = text ? cJSON_Parse(text) : NULL;
	cJSON_ArrayForEach(dir, cJSON_GetObjectItem(last_of(state), "directories"))
	{
		if (name &&
		    cJSON_Compare(cJSON_GetObjectItem(dir, "directory"), name, true))
			found = dir;
	}
	cJSON_free(text);
	cJSON_Delete(name);
	cJSON_Delete(raw);
	return found;
}

void state_take_pause(const cJSON *state, struct supervised_dir *d)
{
	const cJSON *row = dir_of(state, out_str(supervised_name(d)));
	double failures = number_of(row, "failures");
	double left = number_of(row, "again") - (double)time(NULL);

	/* A clock may have been set back. */
	if (!(failures >= 1 && failures < 1000))
		return;
	d->failures = (unsigned)failures;
	if (left > 0 && left <= 2 * 86400)
		d->again_s = (int64_t)((double)time(NULL) + left);
}

/* A copy of a member, or null. */
static bool copy(cJSON *to, const char *key, const cJSON *from)
{
	const cJSON *item = cJSON_GetObjectItem(from, key);

	return out_add(to, key, item ? cJSON_Duplicate(item, true) : cJSON_CreateNull());
}

cJSON *state_of(const cJSON *state, struct epc_str path)
{
	const cJSON *last = last_of(state), *dir = dir_of(state, path);
	cJSON *o;

	if (!dir)
		return cJSON_CreateNull();

	o = cJSON_CreateObject();
	if (copy(o, "time", last) && copy(o, "by", last) && copy(o, "result", dir) &&
	    copy(o, "error", dir) && copy(o, "layers", last) && copy(o, "missing", last))
		return o;

	cJSON_Delete(o);
	return NULL;
}

bool state_skipped(const cJSON *state, struct epc_str path)
{
	return strcmp(text_of(dir_of(state, path), "result"),
		      state_result(SUPERVISED_SKIPPED)) == 0;
}

/* ", sandboxed", or what it did without. */
static void print_layers(const cJSON *last)
{
	const cJSON *missing = cJSON_GetObjectItem(last, "missing"), *layer;
	const char *before = "; without ";

	if (!cJSON_IsArray(missing))
		return;
	if (cJSON_GetArraySize(missing) == 0)
		(void)fputs("; all layers of the sandbox", stdout);
	cJSON_ArrayForEach(layer, missing)
	{
		const char *name = cJSON_GetStringValue(layer);
		char *safe = out_escape(out_str(name ? name : ""));

		printf("%s%s", before, safe ? safe : "");
		before = ", ";
		free(safe);
	}
}

static size_t count(const cJSON *dirs, enum supervised end)
{
	const cJSON *dir;
	size_t n = 0;

	cJSON_ArrayForEach(dir, dirs)
		n += strcmp(text_of(dir, "result"), state_result(end)) == 0;
	return n;
}

/* What triggers do not try for a while, and until when. */
static void print_pauses(const cJSON *dirs)
{
	const cJSON *dir;

	cJSON_ArrayForEach(dir, dirs)
	{
		const time_t at = (time_t)number_of(dir, "again");
		char *path = out_escape(out_str(text_of(dir, "directory")));
		char when[32] = "";
		struct tm utc;

		if (at > time(NULL) && path && gmtime_r(&at, &utc) &&
		    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc))
			printf("%s: failed %.0f times in a row, at a cost of time; triggers "
			       "try it again after %s, 'epcache refresh' at once\n",
			       path, number_of(dir, "failures"), when);
		free(path);
	}
}

void state_print(const cJSON *state)
{
	const cJSON *last = last_of(state), *dirs;
	char *time, *by;

	if (!cJSON_IsObject(last))
		return;

	dirs = cJSON_GetObjectItem(last, "directories");
	time = out_escape(out_str(text_of(last, "time")));
	by = out_escape(out_str(text_of(last, "by")));
	printf("\nlast change by root: %s, %s: %zu written, %zu failed", time ? time : "",
	       by ? by : "", count(dirs, SUPERVISED_WRITTEN),
	       count(dirs, SUPERVISED_FAILED));
	free(time);
	free(by);
	print_layers(last);
	(void)putchar('\n');
	print_pauses(dirs);
}
