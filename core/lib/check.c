/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "roster.h"

#define TEXT_FILE "/entry_points.txt"

/* One check: what has been found so far to differ from the view. */
struct check {
	const struct view *v;
	struct scan
		scan; /* reads single items; lists the directory when that is needed */
	struct roster roster;
	uint32_t *order; /* owned; numbers in the live order, or NULL: as in the view */
	uint8_t *
		patched; /* owned; by number: read again for the amended bytes; or NULL */
	bool decides;    /* a settled token is enough, on this mount */
	bool unsettled;
};

static void check_release(struct check *c)
{
	scan_release(&c->scan);
	roster_release(&c->roster);
	free(take_ptr(c->order));
	free(take_ptr(c->patched));
}

/* --- the names --------------------------------------------------------------- */

/* Compare the live listing with the view's; note the order where it is another. */
static int check_names(struct check *c, int dirfd)
{
	struct scan_opts opts = c->scan.opts;
	autofree uint32_t *order = NULL;
	enum name_kind kind;
	struct span folder;
	uint32_t n = 0, dist;
	bool moved = false;
	int r;

	r = scan_begin(&c->scan, dirfd, &opts);
	if (r < 0)
		return r;
	if (c->scan.nr_names != c->v->nr_dists)
		return CHECK_STALE;

	order = reallocarray(NULL, c->scan.nr_names + 1, sizeof *order);
	if (!order)
		return -ENOMEM;

	while (scan_name(&c->scan, &folder, &kind) > 0) {
		r = roster_find(&c->roster, folder, n, &dist);
		if (r <= 0)
			return r < 0 ? r : CHECK_STALE;
		moved |= dist != n;
		order[n++] = dist;
	}

	/* A name that no longer exists cannot hide behind one listed twice: both
	 * lists have the same length, and a directory has no name twice. */
	if (moved)
		c->order = take_ptr(order);
	return CHECK_FRESH;
}

static int check_dir(struct check *c, int dirfd)
{
	struct token token;
	enum fmt_settled settled = view_dir_token(c->v, &token);
	struct stamp now;
	int r;

	r = stamp_at(dirfd, "", c->scan.fs, &now);
	if (r < 0)
		return r;

	c->scan.mount = now.mount;
	c->scan.is_closed = !scan_may_keep(&c->scan, &now, 0111);
	/* A moved token is a refresh's to record, one that may settle its to settle. */
	c->unsettled |= settled == FMT_UNSETTLED ||
			(settled == FMT_SETTLED_FAST && c->decides) ||
			!fresh_token_eq(&token, &now.token);
	if (fresh_judge(&token, c->decides && settled == FMT_SETTLED, &now.token,
			FRESH_UNREAD) == FRESH_YES)
		return CHECK_FRESH;

	return check_names(c, dirfd);
}

/* --- one item ---------------------------------------------------------------- */

static int patch(struct check *c, uint32_t i)
{
	if (!c->patched)
		c->patched = calloc(c->v->nr_dists, 1);
	if (!c->patched)
		return -ENOMEM;

	c->patched[i] = 1;
	return CHECK_FRESH;
}

static bool same_name(const struct view_dist *d, const struct scan_item *it)
{
	bool nameless = (d->flags & FMT_NAMELESS) != 0;

	return nameless == (it->name.p == NULL) && span_eq(d->name, it->name) &&
	       span_eq(d->version, it->version);
}

static bool same_content(const struct view *v, const struct view_dist *d,
			 const struct scan_item *it)
{
	uint64_t hash[2];

	if (d->state != it->state || !same_name(d, it))
		return false;
	if (it->state != SCAN_TEXT)
		return d->why == it->why;

	view_text_hash(v, d->text, hash);
	return hash[0] == it->hash[0] && hash[1] == it->hash[1];
}

/*
 * Read the item and compare.  What one reader may read and another may not is no
 * change of the directory: it amends the answer for this one.
 */
static int look(struct check *c, uint32_t i, const struct view_dist *d)
{
	struct scan_item it;
	int r;

	r = scan_one(&c->scan, d->folder, (enum name_kind)d->kind, &it);
	if (r < 0)
		return r;
	if (same_content(c->v, d, &it))
		return CHECK_FRESH;
	if (it.state == SCAN_PRIVATE || d->state == SCAN_PRIVATE ||
	    d->state == SCAN_LARGE)
		return patch(c, i);

	return CHECK_STALE;
}

/*
 * Does the folder that a text is in still let everybody in?  That it does not shows in
 * no token of the text; only who keeps the cache asks.
 */
static bool folder_is_open(const struct check *c, const struct view_dist *d)
{
	struct stamp st;

	if (!c->scan.opts.confined)
		return true;
	return stamp_at(c->scan.dirfd, d->folder.p, c->scan.fs, &st) == 0 &&
	       scan_may_keep(&c->scan, &st, 0111);
}

/*
 * A text that was absent stays so where importlib.metadata passes over what is there.
 * That one may not look is no news for a reader, and all that a keeper would know.
 */
static bool still_absent(const struct check *c, int r, const struct stamp *now)
{
	return r == -ENOENT || r == -ENOTDIR ||
	       (r == -EACCES && !c->scan.opts.confined) || (r == 0 && S_ISDIR(now->mode));
}

/* Does the token of a text decide, as it was kept and as it is found? */
static bool text_token_decides(struct check *c, const struct view_dist *d,
			       const char *path)
{
	struct token token;
	bool settled = view_text_token(c->v, d->text, &token);
	struct stamp now;
	bool same;

	/* On another mount, other stamps are what they are worth. */
	same = scan_stamp(&c->scan, path, &now) == 0 && now.mount == c->scan.mount &&
	       folder_is_open(c, d) &&
	       fresh_judge(&token, settled, &now.token, FRESH_UNREAD) == FRESH_YES;
	c->unsettled |= !same; /* a moved token is a refresh's to record */
	return same;
}

static int check_item(struct check *c, uint32_t i)
{
	char path[NAME_RAW_MAX + sizeof TEXT_FILE];
	struct view_dist d = view_dist(c->v, i);
	struct stamp now;
	int r;

	if ((d.state != SCAN_TEXT && d.state != SCAN_ABSENT) ||
	    (d.flags & FMT_LIVE_NAME) || d.folder.n > NAME_RAW_MAX)
		return look(c, i, &d);

	memcpy(path, d.folder.p, d.folder.n);
	memcpy(path + d.folder.n, TEXT_FILE, sizeof TEXT_FILE);
	if (d.state == SCAN_ABSENT) {
		r = scan_stamp(&c->scan, path, &now);
		return still_absent(c, r, &now) ? CHECK_FRESH : look(c, i, &d);
	}
	if (c->decides && text_token_decides(c, &d, path))
		return CHECK_FRESH;

	return look(c, i, &d);
}

/* --- the amended bytes ------------------------------------------------------- */

static int copy_dist(struct check *c, struct index *ix, uint32_t i)
{
	struct view_dist d = view_dist(c->v, i);
	struct index_dist id = {
		.folder = d.folder,
		.norm = d.norm,
		.key = d.key,
		.name = d.name,
		.version = d.version,
		.kind = d.kind,
		.state = d.state,
		.why = d.why,
		.nameless = (d.flags & FMT_NAMELESS) != 0,
		.live_name = (d.flags & FMT_LIVE_NAME) != 0,
	};
	int r;

	if (d.state == SCAN_TEXT) {
		id.settled = view_text_token(c->v, d.text, &id.token);
		view_text_hash(c->v, d.text, id.hash);
	}
	r = index_add_dist(ix, &id);
	if (r < 0)
		return r;
	if (d.bad_line)
		index_bad_line(ix, d.bad_line, d.why);

	for (uint32_t k = 0; k < d.nr_entries; k++) {
		struct view_entry e = view_entry(c->v, d.first_entry + k);

		r = index_add_entry(ix, &(struct index_entry){
						.group = e.group,
						.name = e.name,
						.value = e.value,
						.rejected_315 = (d.flags &
								 FMT_REJECTED_315) != 0,
					});
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_dist(struct check *c, struct index *ix, uint32_t i)
{
	struct view_dist d = view_dist(c->v, i);
	struct scan_item it;
	int r;

	r = scan_one(&c->scan, d.folder, (enum name_kind)d.kind, &it);
	if (r < 0)
		return r;

	return build_item(ix, &it, false);
}

static int amend(struct check *c, char **ret_bytes, size_t *ret_n)
{
	auto_index struct index ix = INDEX_INIT;
	struct token token;
	enum fmt_settled settled = view_dir_token(c->v, &token);
	uint32_t i;
	int r;

	r = index_begin(&ix, c->v->path, c->v->flags, &token, settled);
	if (r < 0)
		return r;

	for (uint32_t n = 0; n < c->v->nr_dists; n++) {
		i = c->order ? c->order[n] : n;
		r = c->patched && c->patched[i] ? read_dist(c, &ix, i)
						: copy_dist(c, &ix, i);
		if (r < 0)
			return r;
	}

	r = index_finish(&ix, ret_bytes, ret_n);
	return r < 0 ? r : CHECK_AMENDED;
}

static int outcome(struct check *c, char **ret_bytes, size_t *ret_n,
		   struct check_report *ret_report)
{
	ret_report->unsettled = c->unsettled;
	if (!c->order && !c->patched)
		return CHECK_FRESH;

	return amend(c, ret_bytes, ret_n);
}

static struct check check_init(const struct view *v, int dirfd,
			       const struct scan_opts *opts)
{
	struct check c = { .v = v, .scan = SCAN_INIT, .roster = { .view = v } };

	c.scan.dirfd = dirfd;
	c.scan.opts = *opts;
	c.scan.opts.trusted = v->flags & FMT_TRUSTED;
	if (!opts->has_fs)
		c.scan.opts.fs = stamp_fs(dirfd);
	c.scan.opts.has_fs = true;
	c.scan.fs = c.scan.opts.fs;
	c.decides = scan_decides(&c.scan);
	return c;
}

int check_strict(const struct view *v, int dirfd, const struct scan_opts *opts,
		 char **ret_bytes, size_t *ret_n, struct check_report *ret_report)
{
	AUTO(check_release) struct check c = check_init(v, dirfd, opts);
	int r;

	r = check_dir(&c, dirfd);
	*ret_report = (struct check_report){ .fs = c.scan.fs,
					     .other_names = r == CHECK_STALE };
	for (uint32_t i = 0; r == CHECK_FRESH && i < v->nr_dists; i++)
		r = check_item(&c, i);
	if (r != CHECK_FRESH)
		return r;

	return outcome(&c, ret_bytes, ret_n, ret_report);
}

int check_fast(const struct view *v, int dirfd, const struct scan_opts *opts,
	       char **ret_bytes, size_t *ret_n, struct check_report *ret_report)
{
	AUTO(check_release) struct check c = check_init(v, dirfd, opts);
	struct token token;
	bool settled = view_dir_token(v, &token) != FMT_UNSETTLED;
	struct stamp now;
	int r;

	*ret_report = (struct check_report){ .fs = c.scan.fs };
	r = stamp_at(dirfd, "", c.scan.fs, &now);
	if (r < 0)
		return r;
	if (fresh_judge(&token, settled, &now.token, FRESH_UNREAD) != FRESH_YES)
		return check_strict(v, dirfd, opts, ret_bytes, ret_n, ret_report);

	/* What the cache leaves to each reader is read in any check. */
	for (uint32_t k = 0; r == CHECK_FRESH && k < v->nr_odd; k++) {
		struct view_dist d = view_dist(v, view_odd(v, k));

		if (d.state != SCAN_TEXT && d.state != SCAN_ABSENT)
			r = look(&c, view_odd(v, k), &d);
	}
	if (r != CHECK_FRESH)
		return r;

	return outcome(&c, ret_bytes, ret_n, ret_report);
}
