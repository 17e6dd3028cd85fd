/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * change.h - what people and package managers do to a sys.path directory.
 *
 * Each function makes one change to the disk and the same to the model.  Some
 * change nothing that counts: those must not make a cache stale.
 *
 *     const char *what = site_change(&site, &rng);
 *
 * Used by: fresh-prop.c.  Uses: site.h.
 */
#ifndef EPC_CHANGE_H
#define EPC_CHANGE_H

#include "site.h"

/* --- whom -------------------------------------------------------------------- */

/* One distribution with a text, or without one; NULL where there is none. */
static inline struct dist *pick(struct site *s, struct rng *g, bool with_text)
{
	unsigned start = s->now.nr ? rng_below(g, s->now.nr) : 0;

	for (unsigned i = 0; i < s->now.nr; i++) {
		struct dist *d = s->now.dists + (start + i) % s->now.nr;

		if (d->has_text == with_text && (with_text || !d->is_file))
			return d;
	}
	return NULL;
}

static inline struct dist *pick_any(struct site *s, struct rng *g)
{
	return s->now.nr ? s->now.dists + rng_below(g, s->now.nr) : NULL;
}

/* What a package manager knows beforehand; for a text of no package, what is there. */
static inline struct timespec mtime_of(const char *path, const struct dist *d)
{
	struct stat st;

	if (d->dated)
		return d->mtime;

	MUST(stat(path, &st) == 0);
	return st.st_mtim;
}

/* Write the text of the model over what is there, without a new file. */
static inline void overwrite(const char *path, const struct dist *d, int flags)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags);

	MUST(fd >= 0 && write(fd, d->text, d->n) == (ssize_t)d->n && close(fd) == 0);
}

/* A new file takes the place of the text; a link or mode of the old is gone. */
static inline void replace_by_rename(struct site *s, struct dist *d)
{
	struct path text = text_path(s, d);
	struct path made = site_path(s, d->folder, SITE_TEXT ".new");

	write_text(made.s, d);
	MUST(rename(made.s, text.s) == 0);
	d->text_hidden = d->text_link = false;
}

static inline void replace_by_unlink(struct site *s, struct dist *d)
{
	struct path text = text_path(s, d);

	MUST(unlink(text.s) == 0);
	write_text(text.s, d);
	d->text_hidden = d->text_link = false;
}

/* --- what counts --------------------------------------------------------------- */

static inline void change_nothing(struct site *s, struct rng *g)
{
	(void)s, (void)g;
}

/* In place, or as pip does it: under another name, then renamed. */
static inline void change_install(struct site *s, struct rng *g)
{
	struct dist *d = dist_new(s, g);
	struct path made;

	if (!d)
		return;
	if (rng_one_in(g, 2)) {
		write_dist(site_path(s, d->folder, NULL).s, d);
		return;
	}
	made = new_path(s, "/~made");
	write_dist(made.s, d);
	MUST(rename(made.s, site_path(s, d->folder, NULL).s) == 0);
}

static inline void change_remove(struct site *s, struct rng *g)
{
	struct dist *d = pick_any(s, g);
	struct path from;

	if (!d)
		return;
	from = site_path(s, d->folder, NULL);
	if (rng_one_in(g, 2))
		remove_tree(from.s);
	else
		MUST(rename(from.s, new_path(s, "/~gone").s) == 0);
	dist_forget(s, d);
}

/* dpkg and rpm: the same name and date, often the same size. */
static inline void change_by_rename(struct site *s, struct rng *g)
{
	struct dist *d = pick(s, g, true);
	struct timespec mtime;

	if (!d)
		return;
	mtime = mtime_of(text_path(s, d).s, d);
	if (!dist_alter_text(d, g))
		dist_fill_text(d, g);
	replace_by_rename(s, d);
	set_mtime(text_path(s, d).s, mtime);
}

/* pacman: the inode number comes back as well. */
static inline void change_by_unlink(struct site *s, struct rng *g)
{
	struct dist *d = pick(s, g, true);
	struct timespec mtime;

	if (!d)
		return;
	mtime = mtime_of(text_path(s, d).s, d);
	if (!dist_alter_text(d, g))
		dist_fill_text(d, g);
	replace_by_unlink(s, d);
	set_mtime(text_path(s, d).s, mtime);
}

static inline void change_in_place(struct site *s, struct rng *g)
{
	struct dist *d = pick(s, g, true);

	if (d && dist_alter_text(d, g))
		overwrite(text_path(s, d).s, d, 0);
}

/* rsync -t --inplace */
static inline void change_in_place_dated(struct site *s, struct rng *g)
{
	struct dist *d = pick(s, g, true);
	struct path text;
	struct timespec mtime;

	if (!d)
		return;
	text = text_path(s, d);
	mtime = mtime_of(text.s, d);
	if (dist_alter_text(d, g))
		overwrite(text.s, d, 0);
	set_mtime(text.s, mtime);
}

static inline void change_all_in_place(struct site *s, struct rng *g)
{
	struct dist *d = pick(s, g, true);

	if (!d)
		return;
	dist_fill_text(d, g);
	overwrite(text_path(s, d).s, d, O_TRUNC);
}

static inline void change_add_text(struct site *s, struct rng *g)
{
	struct dist *d = pick(s, g, false);

	if (!d)
		return;
	(void)remove(text_path(s, d).s); /* what makes none of it: a folder */
	dist_fill_text(d, g);
	write_text(text_path(s, d).s, d);
	d->text_hidden = d->text_link = false;
}

static inline void change_drop_text(struct site *s, struct rng *g)
{
	struct dist *d = pick(s, g, true);

	if (!d)
		return;
	MUST(unlink(text_path(s, d).s) == 0);
	d->has_text = false;
	if (rng_one_in(g, 4))
		MUST(mkdir(text_path(s, d).s, 0755) == 0);
}

static inline void change_version(struct site *s, struct rng *g)
{
	struct dist *d = pick_any(s, g);
	char folder[SITE_FOLDER_MAX];

	if (!d)
		return;
	memcpy(folder, d->folder, sizeof folder);
	*(strchr(folder, '-') + 1) = (char)('0' + rng_below(g, 10));
	if (dist_find(&s->now, folder))
		return;
	MUST(rename(site_path(s, d->folder, NULL).s, site_path(s, folder, NULL).s) == 0);
	memcpy(d->folder, folder, sizeof folder);
}

/* Exchanged at once, or in three steps; the model's names change places. */
static inline void change_swap(struct site *s, struct rng *g)
{
	struct dist *a = pick_any(s, g), *b = pick_any(s, g);
	struct path pa, pb, aside;
	char folder[SITE_FOLDER_MAX];

	if (!a || a == b)
		return;
	pa = site_path(s, a->folder, NULL);
	pb = site_path(s, b->folder, NULL);
	if (rng_one_in(g, 2) ||
	    renameat2(AT_FDCWD, pa.s, AT_FDCWD, pb.s, RENAME_EXCHANGE) < 0) {
		aside = new_path(s, "/aside");
		MUST(rename(pa.s, aside.s) == 0 && rename(pb.s, pa.s) == 0 &&
		     rename(aside.s, pb.s) == 0);
	}
	memcpy(folder, a->folder, sizeof folder);
	memcpy(a->folder, b->folder, sizeof folder);
	memcpy(b->folder, folder, sizeof folder);
}

/* One text goes where another was; with it all that is of the file. */
static inline void change_move_text(struct site *s, struct rng *g)
{
	struct dist *from = pick(s, g, true), *to = pick(s, g, true);

	if (!from || from == to)
		return;
	MUST(rename(text_path(s, from).s, text_path(s, to).s) == 0);
	memcpy(to->text, from->text, sizeof to->text);
	to->n = from->n;
	to->dated = from->dated;
	to->mtime = from->mtime;
	to->text_hidden = from->text_hidden;
	to->text_link = from->text_link;
	from->has_text = false;
}

/* rm -r and mkdir again, with a text, without one, or with the same one. */
static inline void change_made_again(struct site *s, struct rng *g)
{
	struct dist *d = pick_any(s, g);
	struct path folder;

	if (!d || d->is_file)
		return;
	folder = site_path(s, d->folder, NULL);
	remove_tree(folder.s);
	if (rng_one_in(g, 4))
		d->has_text = !d->has_text && d->n > 0;
	else if (d->has_text && !rng_one_in(g, 4))
		(void)dist_alter_text(d, g);
	write_dist(folder.s, d);
}

static inline void change_to_link(struct site *s, struct rng *g)
{
	struct dist *d = pick(s, g, true);
	struct path target;

	if (!d)
		return;
	if (rng_one_in(g, 2))
		(void)dist_alter_text(d, g);
	target = new_path(s, ".text");
	write_text(target.s, d);
	MUST(unlink(text_path(s, d).s) == 0 && symlink(target.s, text_path(s, d).s) == 0);
	d->text_link = true;
	d->text_hidden = false;
}

static inline void change_folder_to_link(struct site *s, struct rng *g)
{
	struct dist *d = pick(s, g, true);
	struct path target, folder;

	if (!d)
		return;
	if (rng_one_in(g, 2))
		(void)dist_alter_text(d, g);
	target = new_path(s, ".folder");
	folder = site_path(s, d->folder, NULL);
	write_dist(target.s, d);
	remove_tree(folder.s);
	MUST(symlink(target.s, folder.s) == 0);
	d->folder_link = true;
}

/* A restored backup, a container layer: all is copied; at times one text differs. */
static inline void change_to_copy(struct site *s, struct rng *g)
{
	struct path copy = new_path(s, ".copy"), aside = new_path(s, ".old");
	bool alter = rng_one_in(g, 3);
	struct dist *d = alter ? pick(s, g, true) : NULL;

	if (d)
		(void)dist_alter_text(d, g);
	MUST(mkdir(copy.s, 0755) == 0);
	for (unsigned i = 0; i < s->now.nr; i++) {
		struct path p;

		d = s->now.dists + i;
		MUST(snprintf(p.s, sizeof p.s, "%s/%s", copy.s, d->folder) <
		     (int)sizeof p.s);
		write_dist(p.s, d);
	}
	MUST(rename(s->path, aside.s) == 0 && rename(copy.s, s->path) == 0);
	s->now.closed = false;
}

/* --- what does not --------------------------------------------------------------- */

static inline void change_and_revert(struct site *s, struct rng *g)
{
	struct dist *d = pick(s, g, true);
	struct path text;
	struct dist other;

	if (!d)
		return;
	text = text_path(s, d);
	other = *d;
	if (!dist_alter_text(&other, g))
		return;
	overwrite(text.s, &other, 0);
	overwrite(text.s, d, 0);
	if (d->dated && rng_one_in(g, 2))
		set_mtime(text.s, d->mtime);
}

static inline void change_same_bytes(struct site *s, struct rng *g)
{
	struct dist *d = pick(s, g, true);

	if (!d)
		return;
	switch (rng_below(g, 4)) {
	case 0:
		overwrite(text_path(s, d).s, d, 0);
		break;
	case 1:
		overwrite(text_path(s, d).s, d, O_TRUNC);
		break;
	case 2:
		replace_by_rename(s, d);
		break;
	default:
		replace_by_unlink(s, d);
		break;
	}
}

static inline void change_hard_link(struct site *s, struct rng *g)
{
	struct dist *d = pick(s, g, true);
	struct path other = new_path(s, ".link");

	if (!d || d->text_link)
		return;
	MUST(link(text_path(s, d).s, other.s) == 0);
	if (rng_one_in(g, 2))
		MUST(unlink(other.s) == 0);
}

static inline void change_mode(struct site *s, struct rng *g)
{
	static const mode_t text_modes[] = { 0600, 0644, 0444, 0755, 0640 };
	static const mode_t folder_modes[] = { 0700, 0755, 0711, 0750 };
	struct dist *d = pick(s, g, true);
	mode_t mode;

	if (!d || rng_one_in(g, 4)) {
		s->now.closed = rng_one_in(g, 2);
		MUST(chmod(s->path, s->now.closed ? 0700 : 0755) == 0);
		return;
	}
	if (rng_one_in(g, 3)) {
		mode = folder_modes[rng_below(g, 4)];
		MUST(chmod(site_path(s, d->folder, NULL).s, mode) == 0);
		d->folder_hidden = (mode & 0111) != 0111;
		return;
	}
	mode = text_modes[rng_below(g, 5)];
	MUST(chmod(text_path(s, d).s, mode) == 0);
	d->text_hidden = (mode & 0444) != 0444;
}

static inline void change_touch(struct site *s, struct rng *g)
{
	struct dist *d = pick(s, g, true);
	struct timespec when = { .tv_nsec = UTIME_NOW };
	struct path p = site_path(s, NULL, NULL);

	if (d && !rng_one_in(g, 3))
		p = rng_one_in(g, 3) ? site_path(s, d->folder, NULL) : text_path(s, d);
	if (rng_one_in(g, 3))
		when = (struct timespec){ .tv_sec = rng_below(g, 1600000000) };
	set_mtime(p.s, when);
}

static inline void change_away_and_back(struct site *s, struct rng *g)
{
	struct dist *d = pick_any(s, g);
	bool text = d && d->has_text && rng_one_in(g, 2);
	struct path from, aside = new_path(s, rng_one_in(g, 2) ? "/aside" : ".aside");

	if (!d)
		return;
	from = text ? text_path(s, d) : site_path(s, d->folder, NULL);
	MUST(rename(from.s, aside.s) == 0 && rename(aside.s, from.s) == 0);
}

static inline void change_unrelated(struct site *s, struct rng *g)
{
	static const char *const heads[] = { "/mod", "/x.dist-info.", "/dist-info",
					     "/__pycache__" };
	struct dist *d = pick(s, g, true);
	struct path made = new_path(s, heads[rng_below(g, 4)]);

	if (d && rng_one_in(g, 3))
		made = site_path(s, d->folder, "RECORD");
	write_empty(made.s);
	if (rng_one_in(g, 3))
		MUST(rename(made.s, site_path(s, "module.py", NULL).s) == 0);
	else if (rng_one_in(g, 2))
		MUST(unlink(made.s) == 0);
}

/* --- any ------------------------------------------------------------------------- */

/* One change, by chance; returns what it was. */
static inline const char *site_change(struct site *s, struct rng *g)
{
	static const struct {
		const char *name;
		void (*change)(struct site *s, struct rng *g);
	} all[] = {
		{ "nothing", change_nothing },
		{ "install", change_install },
		{ "remove", change_remove },
		{ "replaced by rename, date kept", change_by_rename },
		{ "unlinked and created, date kept", change_by_unlink },
		{ "edited in place", change_in_place },
		{ "edited in place, date kept", change_in_place_dated },
		{ "rewritten in place", change_all_in_place },
		{ "text added", change_add_text },
		{ "text dropped", change_drop_text },
		{ "other version in the name", change_version },
		{ "two folders swapped", change_swap },
		{ "text moved onto another", change_move_text },
		{ "folder made again", change_made_again },
		{ "text made a link", change_to_link },
		{ "folder made a link", change_folder_to_link },
		{ "directory replaced by a copy", change_to_copy },
		{ "edited and reverted", change_and_revert },
		{ "written with the same bytes", change_same_bytes },
		{ "hard link", change_hard_link },
		{ "mode", change_mode },
		{ "touch", change_touch },
		{ "renamed away and back", change_away_and_back },
		{ "unrelated file", change_unrelated },
	};
	unsigned i = rng_below(g, sizeof all / sizeof *all);

	all[i].change(s, g);
	/* Package managers date directories as well. */
	if (rng_one_in(g, 4))
		set_mtime(s->path, (struct timespec){ .tv_sec = 1600000000 });
	return all[i].name;
}

#endif
