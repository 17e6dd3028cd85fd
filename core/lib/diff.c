/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* diff.c - what differs between a cache file and its directory. */
#include <errno.h>

#include "ctx.h"
#include "roster.h"
#include "scan.h"

struct epc_change {
	enum epc_change_kind kind;
	struct span folder;
	struct view_entry entry; /* of EPC_ENTRY_* */
};

/* The entries of one distribution that are not at the same place in both. */
struct run {
	uint32_t at, end;
};

struct epc_diff {
	char *old_bytes, *new_bytes; /* owned */
	struct view old, new;
	struct fresh_fs fs; /* of the directory */
	struct roster old_roster, new_roster;
	uint32_t next_old, next_new; /* distributions still to be compared */
	struct run removed, added;   /* entries still to be told, of .change.folder */
	struct epc_change change;    /* given out last */
	uint32_t next_winner; /* distributions whose winning is still to be compared */
	bool order_told;      /* or it is nobody's business */
	bool failed;          /* out of memory: nothing more is told */
};

struct epc_diff *epc_diff_free(struct epc_diff *diff)
{
	if (!diff)
		return NULL;

	roster_release(&diff->old_roster);
	roster_release(&diff->new_roster);
	free(diff->old_bytes);
	free(diff->new_bytes);
	free(diff);
	return NULL;
}

static bool same_entry(const struct view_entry *a, const struct view_entry *b)
{
	return span_eq(a->group, b->group) && span_eq(a->name, b->name) &&
	       span_eq(a->value, b->value);
}

/* Leave out what both begin and end with, so that an edit is told as an edit. */
static void trim(struct epc_diff *df)
{
	struct run *r = &df->removed, *a = &df->added;

	while (r->at < r->end && a->at < a->end) {
		struct view_entry x = view_entry(&df->old, r->at);
		struct view_entry y = view_entry(&df->new, a->at);

		if (!same_entry(&x, &y))
			break;
		r->at++, a->at++;
	}
	while (r->at < r->end && a->at < a->end) {
		struct view_entry x = view_entry(&df->old, r->end - 1);
		struct view_entry y = view_entry(&df->new, a->end - 1);

		if (!same_entry(&x, &y))
			break;
		r->end--, a->end--;
	}
}

static const struct epc_change *tell(struct epc_diff *df, enum epc_change_kind kind,
				     struct span folder)
{
	df->change = (struct epc_change){ .kind = kind, .folder = folder };
	return &df->change;
}

/* What the cache leaves to each reader is no difference. */
static bool is_left_to_readers(const struct view_dist *d)
{
	return d->state == SCAN_PRIVATE || d->state == SCAN_LARGE;
}

/* A hash that is right does not make them so: verify is for those who doubt the file. */
static bool same_entries(const struct epc_diff *df, const struct view_dist *a,
			 const struct view_dist *b)
{
	if (a->nr_entries != b->nr_entries)
		return false;

	for (uint32_t i = 0; i < a->nr_entries; i++) {
		struct view_entry x = view_entry(&df->old, a->first_entry + i);
		struct view_entry y = view_entry(&df->new, b->first_entry + i);

		if (!same_entry(&x, &y))
			return false;
	}
	return true;
}

static bool same_dist(const struct epc_diff *df, const struct view_dist *a,
		      const struct view_dist *b)
{
	uint64_t x[2] = { 0 }, y[2] = { 0 };

	if (is_left_to_readers(a) || is_left_to_readers(b))
		return true;
	if (a->state != b->state || !span_eq(a->norm, b->norm) ||
	    !span_eq(a->name, b->name) || !same_entries(df, a, b))
		return false;
	if (a->text == FMT_NONE)
		return a->why == b->why;

	view_text_hash(&df->old, a->text, x);
	view_text_hash(&df->new, b->text, y);
	return x[0] == y[0] && x[1] == y[1];
}

static const struct epc_change *next_entry(struct epc_diff *df)
{
	bool removed = df->removed.at < df->removed.end;
	struct span folder = df->change.folder;

	if (!removed && df->added.at == df->added.end)
		return NULL;

	tell(df, removed ? EPC_ENTRY_REMOVED : EPC_ENTRY_ADDED, folder);
	df->change.entry = removed ? view_entry(&df->old, df->removed.at++)
				   : view_entry(&df->new, df->added.at++);
	return &df->change;
}

/* Distributions of the directory: are they in the cache, and the same? */
static const struct epc_change *next_of_new(struct epc_diff *df)
{
	while (df->next_new < df->new.nr_dists) {
		struct view_dist b = view_dist(&df->new, df->next_new), a;
		uint32_t i;
		int r = roster_find(&df->old_roster, b.folder, df->next_new, &i);

		df->next_new++;
		df->failed |= r < 0;
		if (r < 0)
			return NULL;

		df->added = (struct run){ b.first_entry, b.first_entry + b.nr_entries };
		if (r == 0)
			return tell(df, EPC_DIST_ADDED, b.folder);

		a = view_dist(&df->old, i);
		if (same_dist(df, &a, &b))
			continue;
		df->removed = (struct run){ a.first_entry, a.first_entry + a.nr_entries };
		trim(df);
		return tell(df, EPC_DIST_CHANGED, b.folder);
	}
	df->added = (struct run){ 0 };
	return NULL;
}

static const struct epc_change *next_of_old(struct epc_diff *df)
{
	while (df->next_old < df->old.nr_dists) {
		struct view_dist a = view_dist(&df->old, df->next_old);
		uint32_t i;
		int r = roster_find(&df->new_roster, a.folder, df->next_old, &i);

		df->next_old++;
		df->failed |= r < 0;
		if (r < 0)
			return NULL;
		if (r > 0)
			continue;

		df->removed = (struct run){ a.first_entry, a.first_entry + a.nr_entries };
		return tell(df, EPC_DIST_REMOVED, a.folder);
	}
	return NULL;
}

/* The number that a distribution of one view has in the other. */
static bool find(struct epc_diff *df, struct roster *in, struct span folder,
		 uint32_t guess, uint32_t *ret_dist)
{
	int r = roster_find(in, folder, guess, ret_dist);

	df->failed |= r < 0;
	return r > 0;
}

/* Distributions that the cache has as well, but lets another of their name hide. */
static const struct epc_change *next_winner(struct epc_diff *df)
{
	while (!df->order_told && df->next_winner < df->new.nr_dists) {
		uint32_t i, at = df->next_winner++;
		struct view_dist b = view_dist(&df->new, at);

		if (!(b.flags & FMT_WINS) || !find(df, &df->old_roster, b.folder, at, &i))
			continue;
		if (!(view_dist(&df->old, i).flags & FMT_WINS))
			return tell(df, EPC_WINNER_CHANGED, b.folder);
	}
	return NULL;
}

/* Does it have entries in the answer, as the directory is? */
static bool is_heard(const struct epc_diff *df, uint32_t i)
{
	struct view_dist d = view_dist(&df->new, i);

	return d.nr_entries > 0 && (d.flags & FMT_WINS);
}

/* The next one that is heard, in the cache's order; false at the end. */
static bool next_heard(struct epc_diff *df, uint32_t *at, uint32_t *ret_dist)
{
	while (*at < df->old.nr_dists) {
		uint32_t i = view_order(&df->old, (*at)++);

		if (find(df, &df->new_roster, view_dist(&df->old, i).folder, i,
			 ret_dist) &&
		    is_heard(df, *ret_dist))
			return true;
	}
	return false;
}

/* The first distribution whose entries come at another place, once. */
static const struct epc_change *next_order(struct epc_diff *df)
{
	uint32_t at = 0, theirs;

	for (uint32_t k = 0; !df->order_told && k < df->new.nr_dists; k++) {
		uint32_t ours = view_order(&df->new, k), i;
		struct span folder = view_dist(&df->new, ours).folder;

		if (!is_heard(df, ours) || !find(df, &df->old_roster, folder, ours, &i))
			continue;
		if (next_heard(df, &at, &theirs) && theirs == ours)
			continue;
		df->order_told = true;
		return df->failed ? NULL : tell(df, EPC_ORDER_CHANGED, folder);
	}
	df->order_told = true;
	return NULL;
}

const struct epc_change *epc_diff_next(struct epc_diff *df)
{
	static const struct epc_change *(*const next[])(struct epc_diff *) = {
		next_entry, next_of_new, next_of_old, next_winner, next_order,
	};
	const struct epc_change *c = NULL;

	for (size_t i = 0; !c && !df->failed && i < sizeof next / sizeof next[0]; i++)
		c = next[i](df);
	return c;
}

/* A reader whom the directory's token tells to list it takes the order from there. */
static bool is_listed(const struct epc_diff *df)
{
	struct token recorded, now;
	bool settled = view_dir_token(&df->old, &recorded) == FMT_SETTLED;
	bool decides = !df->fs.doubt || df->old.flags & FMT_TRUSTED;

	(void)view_dir_token(&df->new, &now);
	return fresh_judge(&recorded, settled && decides, &now, FRESH_UNREAD) !=
	       FRESH_YES;
}

static int load(struct epc_diff *df, const struct epc_ctx *ctx, struct dir *d)
{
	struct build_opts opts = { .scan = dir_live_opts(ctx, d) };
	size_t n;
	int r;

	df->fs = stamp_fs(d->fd);
	r = dir_read_cache(ctx, d, &df->old_bytes, &n);
	if (r != 0)
		return r;

	r = view_init(&df->old, df->old_bytes, n);
	if (r == 0)
		r = view_check_order(&df->old);
	if (r == -EBADMSG)
		return EPC_DAMAGED; /* what is found there depends on how it is looked for */
	if (r == 0)
		r = build_bytes(d->fd, span_of(d->key), &opts, &df->new_bytes, &n);
	if (r == 0)
		view_own(&df->new, df->new_bytes, n);
	return r;
}

int epc_verify(struct epc_ctx *ctx, const char *dir, struct epc_diff **ret_diff)
{
	auto_dir struct dir d = DIR_INIT;
	struct epc_diff *df;
	int r;

	r = ctx_key(ctx, dir, &d.key);
	if (r < 0)
		return r;

	r = dir_open(ctx, &d);
	if (r < 0)
		return r == -ENOENT || r == -ENOTDIR ? EPC_NO_DIR : r;

	df = calloc(1, sizeof *df);
	if (!df)
		return -ENOMEM;

	r = load(df, ctx, &d);
	if (r != 0) {
		epc_diff_free(df);
		return r;
	}

	df->old_roster.view = &df->old;
	df->new_roster.view = &df->new;
	df->order_told = is_listed(df);
	*ret_diff = df;
	return 0;
}

static struct epc_str str_of(struct span s)
{
	return (struct epc_str){ s.p, s.n };
}

enum epc_change_kind epc_change_kind(const struct epc_change *c)
{
	return c->kind;
}

struct epc_str epc_change_folder(const struct epc_change *c)
{
	return str_of(c->folder);
}

struct epc_str epc_change_group(const struct epc_change *c)
{
	return str_of(c->entry.group);
}

struct epc_str epc_change_name(const struct epc_change *c)
{
	return str_of(c->entry.name);
}

struct epc_str epc_change_value(const struct epc_change *c)
{
	return str_of(c->entry.value);
}

bool epc_diff_failed(const struct epc_diff *diff)
{
	return diff->failed;
}
