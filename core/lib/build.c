/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "build.h"

#include <errno.h>

#include "roster.h"

/* One directory being read: what decides whether its tokens are settled. */
struct job {
	const struct build_opts *opts;
	struct scan scan;
	struct index index;
	struct roster roster; /* of the last cache */
	uint32_t nr;          /* items so far */
	bool same_names;      /* each item so far was in the last cache */
	bool waits;           /* some remote token is not settled yet */
	bool news;            /* ... and was not in the last cache either */
};

static void job_release(struct job *j)
{
	scan_release(&j->scan);
	index_release(&j->index);
	roster_release(&j->roster);
}

/*
 * A remote token settles when an earlier scan, long enough ago, saw the same
 * token and content.
 */
static bool settled_remote(struct job *j, bool seen, bool was_settled)
{
	const struct view *old = j->opts->old;

	if (seen && (was_settled ||
		     (old->has_seen && fresh_seen_long_ago(&old->seen, &j->opts->now))))
		return true;

	j->waits = true;
	j->news |= !seen;
	return false;
}

static bool item_settled_remote(struct job *j, const struct scan_item *it, bool known,
				uint32_t dist)
{
	struct token token;
	uint64_t hash[2];
	uint32_t text;
	bool was_settled, seen;

	text = known ? view_dist(j->opts->old, dist).text : FMT_NONE;
	if (text == FMT_NONE)
		return settled_remote(j, false, false);

	was_settled = view_text_token(j->opts->old, text, &token);
	view_text_hash(j->opts->old, text, hash);
	seen = fresh_token_eq(&token, &it->token) && hash[0] == it->hash[0] &&
	       hash[1] == it->hash[1];
	return settled_remote(j, seen, was_settled);
}

/* Negative errno, or whether the item's token is settled. */
static int item_settled(struct job *j, const struct scan_item *it)
{
	uint32_t dist = 0;
	int known = 0;
	bool may = it->state == SCAN_TEXT && scan_decides(&j->scan);

	if (!j->scan.fs.remote)
		return may && fresh_settled_local(&it->token, it->before_ns,
						  j->opts->scan.trusted);

	known = roster_find(&j->roster, it->folder, j->nr, &dist);
	if (known < 0)
		return known;

	j->same_names &= known == 1;
	return may && item_settled_remote(j, it, known == 1, dist);
}

/* The directory's content is its names: all of the last cache's, and no others. */
static bool dir_settled_remote(struct job *j)
{
	const struct view *old = j->opts->old;
	enum fmt_settled was;
	struct token token;

	if (!old)
		return settled_remote(j, false, false);

	was = view_dir_token(old, &token);
	return settled_remote(j,
			      j->same_names && old->nr_dists == j->nr &&
				      fresh_token_eq(&token, &j->scan.token),
			      was != FMT_UNSETTLED);
}

/* A fast check is asked for by who knows the directory: for it, other stamps do as well. */
static enum fmt_settled dir_settled(struct job *j)
{
	const struct scan *s = &j->scan;
	bool decides = scan_decides(s), settled;

	if (!s->steady)
		return FMT_UNSETTLED;

	settled = s->fs.remote ? dir_settled_remote(j)
			       : fresh_settled_local(&s->token, s->before_ns,
						     s->opts.trusted || !decides);
	return !settled ? FMT_UNSETTLED : decides ? FMT_SETTLED : FMT_SETTLED_FAST;
}

static int add_entries(struct index *ix, struct scan_item *item)
{
	enum parse_outcome o;
	struct entry e;
	int r;

	while ((o = scan_entry(item, &e)) != PARSE_END) {
		if (o != PARSE_ENTRY) {
			index_bad_line(ix, item->parse.line,
				       o == PARSE_NOT_UTF8 ? SCAN_NOT_UTF8
							   : SCAN_NO_EQUALS);
			continue;
		}

		r = index_add_entry(ix, &(struct index_entry){
						.group = e.group,
						.name = e.name,
						.value = e.value,
						.rejected_315 = e.rejected_315,
					});
		if (r < 0)
			return r;
	}
	return 0;
}

/* Bytes of a file for an entry, and maybe a group, beside the strings; rounded up. */
#define ENTRY_COST 56

#define TEXT_SMALL 4096 /* bytes: a block on disk */
#define GROWTH_MAX 8    /* times a larger text, in the cache file */

/* Can all that a text holds be added?  Only of a large one is that counted. */
static bool fits(const struct index *ix, const struct scan_item *item)
{
	size_t room = index_room(ix), n = item->text.n;
	struct scan_item copy = *item;
	enum parse_outcome o;
	struct entry e;

	/* The shortest entry is "=" and a line end. */
	if (n <= TEXT_SMALL && n <= room / (1 + ENTRY_COST / 2))
		return true;
	if (ix->max == FMT_SIZE_MAX && n > TEXT_SMALL && room > GROWTH_MAX * n)
		room = GROWTH_MAX * n;

	while (n <= room && (o = scan_entry(&copy, &e)) != PARSE_END)
		n += o == PARSE_ENTRY ? ENTRY_COST : 0;
	return n <= room;
}

#define NORM_GROWTH 3 /* a normalised name has at most so many times the bytes */

/* The normalised name of an item, which has no .p where there is no name. */
static int normalize(const struct scan_item *item, struct span key, char **ret_room,
		     struct span *ret_norm)
{
	size_t room = NORM_GROWTH * item->name.n + 1;
	long n;

	if (!item->name.p)
		return 0;
	if (name_is_of_key(item->folder, item->name)) {
		*ret_norm = key;
		return 0;
	}

	/* From METADATA it may be long: as an array, most of it would be cleared in vain. */
	*ret_room = malloc(room);
	if (!*ret_room)
		return -ENOMEM;

	n = name_normalize(item->name, *ret_room, room);
	if (n >= 0)
		*ret_norm = (struct span){ *ret_room, (size_t)n };
	return 0;
}

int build_item(struct index *ix, struct scan_item *item, bool settled)
{
	bool is_large = item->state == SCAN_TEXT && !fits(ix, item);
	bool text = item->state == SCAN_TEXT && !is_large;
	char key_room[NAME_NORM_MAX];
	struct span key = { key_room, 0 }, norm = { NULL, 0 };
	autofree char *norm_room = NULL;
	int r;

	if (item->kind != NAME_EGG)
		key.n = name_key(item->folder, key_room);
	r = normalize(item, key, &norm_room, &norm);
	if (r < 0)
		return r;

	r = index_add_dist(ix, &(struct index_dist){
				       .folder = item->folder,
				       .norm = norm,
				       .key = key,
				       .name = item->name,
				       .version = item->version,
				       .kind = (uint8_t)item->kind,
				       .state = (uint8_t)(is_large ? SCAN_LARGE
								   : item->state),
				       .why = (uint8_t)item->why,
				       .nameless = norm.p == NULL,
				       .live_name = !item->name_settled,
				       .hash = { item->hash[0], item->hash[1] },
				       .token = item->token,
				       .settled = settled,
			       });
	if (r < 0 || !text)
		return r;

	return add_entries(ix, item);
}

static int add_items(struct job *j)
{
	struct scan_item item;
	int r, settled;

	while ((r = scan_next(&j->scan, &item)) > 0) {
		settled = j->opts->blank ? 0 : item_settled(j, &item);
		if (settled < 0)
			return settled;
		if (j->opts->blank)
			item.token = (struct token){ 0 };

		r = build_item(&j->index, &item, settled > 0);
		if (r < 0)
			return r;
		j->nr++;
	}
	return r;
}

/* What waits for its second sighting keeps the time of the first. */
static int add_seen(struct job *j)
{
	const struct view *old = j->opts->old;

	if (!j->waits)
		return 0;
	if (old && old->has_seen && !j->news)
		return index_set_seen(&j->index, &old->seen);

	return index_set_seen(&j->index, &j->opts->now);
}

/* Of build_scan(): the directory changed, in a way that matters to what was read. */
#define NOT_HELD 1

static int build_scan(int dirfd, struct span key, const struct build_opts *opts,
		      char **ret_bytes, size_t *ret_n)
{
	AUTO(job_release)
	struct job j = {
		.opts = opts,
		.scan = SCAN_INIT,
		.index = INDEX_INIT,
		.roster = { .view = opts->old },
		.same_names = true,
	};
	int r;

	/* Confined: it becomes a file, whose readers are to be spared what swells. */
	if (opts->scan.confined)
		j.index.max = FMT_SIZE_MAX;
	r = scan_begin(&j.scan, dirfd, &opts->scan);
	if (r < 0)
		return r;

	r = index_begin(&j.index, key, opts->flags,
			opts->blank ? &(struct token){ 0 } : &j.scan.token,
			FMT_UNSETTLED);
	if (r < 0)
		return r;

	r = add_items(&j);
	if (r < 0)
		return r;
	if (!scan_held(&j.scan))
		return NOT_HELD;

	if (!opts->blank) {
		index_settle(&j.index, dir_settled(&j));
		r = add_seen(&j);
	}
	if (r < 0)
		return r;

	return index_finish(&j.index, ret_bytes, ret_n);
}

int build_bytes(int dirfd, struct span key, const struct build_opts *opts,
		char **ret_bytes, size_t *ret_n)
{
	struct build_opts careful = *opts;
	int r = build_scan(dirfd, key, opts, ret_bytes, ret_n);

	if (r != NOT_HELD)
		return r;

	careful.scan.one_by_one = true;
	return build_scan(dirfd, key, &careful, ret_bytes, ret_n);
}
