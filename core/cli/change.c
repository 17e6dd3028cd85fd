/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "change.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"

struct entry {
	struct epc_str group, name, value;
};

/* A distribution that takes part in answers; strings borrow from its image. */
struct item {
	struct epc_str key; /* what makes it the same one before and after */
	struct epc_str folder, name, version;
	const char *opaque;    /* constant; why importlib.metadata raises, or NULL */
	struct entry *entries; /* owned */
	size_t nr;
};

struct items {
	struct item *at; /* owned; by key */
	size_t nr;
};

/* What is being written. */
struct writer {
	const struct change *change;
	const struct change_dir *dir;
	FILE *out;
	bool is_relevant, no_memory, is_first;
};

/* --- what there is ----------------------------------------------------------- */

static void items_release(struct items *items)
{
	for (size_t i = 0; i < items->nr; i++)
		free(items->at[i].entries);
	free(items->at);
}

static int compare_str(struct epc_str a, struct epc_str b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int r = n ? memcmp(a.data, b.data, n) : 0;

	return r ? r : (a.len > b.len) - (a.len < b.len);
}

static bool is_same_str(struct epc_str a, struct epc_str b)
{
	return !a.data == !b.data && compare_str(a, b) == 0;
}

static int compare_items(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int r = compare_str(x->key, y->key);

	return r ? r : compare_str(x->folder, y->folder);
}

static int items_add(struct items *items, const struct epc_dist *d)
{
	struct epc_str norm = epc_dist_normalized_name(d);
	struct item *more = reallocarray(items->at, items->nr + 1, sizeof *more), *item;

	if (!more)
		return -ENOMEM;
	items->at = more;
	item = &more[items->nr];
	*item = (struct item){
		.key = norm.len ? norm : epc_dist_folder(d),
		.folder = epc_dist_folder(d),
		.name = epc_dist_name(d),
		.version = epc_dist_version(d),
		.opaque = epc_dist_why(d),
		.nr = epc_dist_nr_entries(d),
	};
	item->entries = calloc(item->nr + 1, sizeof *item->entries);
	if (!item->entries)
		return -ENOMEM;

	items->nr++;
	for (size_t i = 0; i < item->nr; i++) {
		struct entry *e = &item->entries[i];

		epc_dist_entry(d, i, &e->group, &e->name, &e->value);
	}
	return 0;
}

static int items_load(struct items *items, struct epc_image *image)
{
	const struct epc_dist *d;
	int r = 0;

	if (!image)
		return 0;
	epc_image_rewind(image);
	while (r == 0 && (d = epc_image_next_dist(image)))
		if (epc_dist_wins(d))
			r = items_add(items, d);
	if (items->nr > 1)
		qsort(items->at, items->nr, sizeof *items->at, compare_items);
	return r;
}

/* --- what is of interest ----------------------------------------------------- */

static bool is_same_entry(const struct entry *a, const struct entry *b)
{
	return is_same_str(a->group, b->group) && is_same_str(a->name, b->name) &&
	       is_same_str(a->value, b->value);
}

/* The next entry of a group, from *@at on. */
static const struct entry *next_of(const struct item *item, const char *group, size_t *at)
{
	while (item && *at < item->nr) {
		const struct entry *e = &item->entries[(*at)++];

		if (is_same_str(e->group, out_str(group)))
			return e;
	}
	return NULL;
}

static bool is_group_same(const struct item *before, const struct item *after,
			  const char *group)
{
	size_t i = 0, j = 0;
	const struct entry *a, *b;

	do {
		a = next_of(before, group, &i);
		b = next_of(after, group, &j);
		if (!a != !b || (a && !is_same_entry(a, b)))
			return false;
	} while (a);
	return true;
}

/* One that came, went or changed: is it one of the groups that are asked for? */
static void note(struct writer *w, const struct item *before, const struct item *after)
{
	char *const *groups = w->change->groups;

	w->is_relevant |= !groups;
	for (size_t i = 0; groups && groups[i]; i++)
		w->is_relevant |= !is_group_same(before, after, groups[i]);
}

static bool is_same_item(const struct item *a, const struct item *b)
{
	if (!is_same_str(a->folder, b->folder) || !is_same_str(a->name, b->name) ||
	    !is_same_str(a->version, b->version) || !a->opaque != !b->opaque ||
	    a->nr != b->nr)
		return false;

	for (size_t i = 0; i < a->nr; i++)
		if (!is_same_entry(&a->entries[i], &b->entries[i]))
			return false;
	return true;
}

/* --- JSON -------------------------------------------------------------------- */

static cJSON *json_entry(const struct entry *e)
{
	cJSON *o = cJSON_CreateObject();

	if (out_add(o, "group", out_json_str(e->group)) &&
	    out_add(o, "name", out_json_str(e->name)) &&
	    out_add(o, "value", out_json_str(e->value)))
		return o;

	cJSON_Delete(o);
	return NULL;
}

static cJSON *json_entries(const struct item *item)
{
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; array && i < item->nr; i++)
		if (!out_append(array, json_entry(&item->entries[i]))) {
			cJSON_Delete(array);
			return NULL;
		}
	return array;
}

static cJSON *json_item(const struct writer *w, const struct item *item)
{
	char buf[OUT_PATH_MAX];
	cJSON *o = out_json_dist(item->name, item->version,
				 out_path(w->dir->path, item->folder, buf));

	if (out_add(o, "opaque", out_json_str(out_str(item->opaque))) &&
	    out_add(o, "entry_points", json_entries(item)))
		return o;

	cJSON_Delete(o);
	return NULL;
}

/* One value at a time: a big directory is never in memory as a whole once more. */
static void put(struct writer *w, cJSON *value)
{
	char *text = value ? cJSON_PrintUnformatted(value) : NULL;

	w->no_memory |= !text;
	if (text)
		(void)fprintf(w->out, "%s%s", w->is_first ? "" : ",\n", text);
	w->is_first = false;
	cJSON_free(text);
	cJSON_Delete(value);
}

static void put_changed(struct writer *w, const struct item *before,
			const struct item *after)
{
	cJSON *o = cJSON_CreateObject();

	if (!out_add(o, "before", json_item(w, before)) ||
	    !out_add(o, "after", json_item(w, after))) {
		cJSON_Delete(o);
		o = NULL;
	}
	put(w, o);
}

/* --- the walk ---------------------------------------------------------------- */

enum kind { ADDED, REMOVED, CHANGED };

static void put_pair(struct writer *w, enum kind kind, const struct item *before,
		     const struct item *after)
{
	enum kind is = !before ? ADDED : !after ? REMOVED : CHANGED;

	if (is != kind || (is == CHANGED && is_same_item(before, after)))
		return;

	note(w, before, after);
	if (is == CHANGED)
		put_changed(w, before, after);
	else
		put(w, json_item(w, after ? after : before));
}

/* Both are sorted: go through them side by side. */
static void put_kind(struct writer *w, enum kind kind, const struct items *before,
		     const struct items *after)
{
	size_t i = 0, j = 0;

	while (i < before->nr || j < after->nr) {
		const struct item *a = i < before->nr ? &before->at[i] : NULL;
		const struct item *b = j < after->nr ? &after->at[j] : NULL;
		int order = !a ? 1 : !b ? -1 : compare_str(a->key, b->key);

		put_pair(w, kind, order <= 0 ? a : NULL, order >= 0 ? b : NULL);
		i += order <= 0;
		j += order >= 0;
	}
}

static void put_items(struct writer *w, const struct items *before,
		      const struct items *after)
{
	static const char *const names[] = {
		[ADDED] = "added", [REMOVED] = "removed", [CHANGED] = "changed"
	};

	(void)fputs("{\"directory\":", w->out);
	w->is_first = true;
	put(w, out_json_str(w->dir->path));
	for (int kind = ADDED; kind <= CHANGED; kind++) {
		(void)fprintf(w->out, ",\n\"%s\":[", names[kind]);
		w->is_first = true;
		put_kind(w, (enum kind)kind, before, after);
		(void)fputc(']', w->out);
	}
	(void)fputs(",\n\"distributions\":[", w->out);
	w->is_first = true;
	for (size_t i = 0; i < after->nr; i++)
		put(w, json_item(w, &after->at[i]));
	(void)fputs("]}", w->out);
}

/* Nothing for one that has no metadata, as /usr/bin. */
static void put_dir(struct writer *w, bool *is_first_dir)
{
	struct items before = { 0 }, after = { 0 };

	w->no_memory |= items_load(&before, w->dir->before) < 0 ||
			items_load(&after, w->dir->after) < 0;
	if (before.nr + after.nr > 0) {
		(void)fputs(*is_first_dir ? "" : ",\n", w->out);
		*is_first_dir = false;
		put_items(w, &before, &after);
	}
	items_release(&before);
	items_release(&after);
}

int change_write(const struct change *c, FILE *out, bool *ret_relevant)
{
	struct writer w = { .change = c, .out = out, .is_first = true };
	bool is_first_dir = true;

	(void)fprintf(out, "{\"api\":%d,\n\"action\":", CHANGE_API);
	put(&w, out_json_str(out_str(c->action)));
	(void)fputs(",\n\"directories\":[", out);
	for (size_t i = 0; i < c->nr; i++) {
		w.dir = &c->dirs[i];
		put_dir(&w, &is_first_dir);
	}
	(void)fputs("]}\n", out);
	if (w.no_memory)
		return -ENOMEM;
	if (fflush(out) != 0 || ferror(out))
		return -EIO;

	*ret_relevant = w.is_relevant;
	return 0;
}
