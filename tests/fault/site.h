/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * site.h - a sys.path directory on disk, and what a test knows to be in it.
 *
 * The model is kept beside each change, never read back with the library's scan
 * or parser: it is the truth that the library is compared with.  Nothing here
 * takes the status of a file that was cached unless it must: on a kernel with
 * multigrain stamps that would make the next change easier to see.
 *
 * Used by: change.h, fresh-prop.c, damage.c.  Uses: tmp.h.
 */
#ifndef EPC_SITE_H
#define EPC_SITE_H

#include <errno.h>
#include <stdint.h>
#include <time.h>

#include "../unit/tmp.h"

#define SITE_DISTS_MAX 8
#define SITE_FOLDER_MAX 48
#define SITE_TEXT_MAX 160
#define SITE_PATH_MAX 256
#define SITE_TEXT "entry_points.txt"

/* --- chance -------------------------------------------------------------------- */

/* splitmix64: the same on every machine, and any seed will do. */
struct rng {
	uint64_t state;
};

static inline uint64_t rng_next(struct rng *g)
{
	uint64_t z = g->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static inline unsigned rng_below(struct rng *g, unsigned n)
{
	return (unsigned)(rng_next(g) % n);
}

static inline bool rng_one_in(struct rng *g, unsigned n)
{
	return rng_below(g, n) == 0;
}

/* --- the model ----------------------------------------------------------------- */

struct dist {
	char folder[SITE_FOLDER_MAX];
	bool is_file; /* an .egg-info that is a file */
	bool has_text;
	bool text_hidden;   /* its mode keeps its content out of a shared cache */
	bool text_link;     /* ... or that it is a link */
	bool folder_hidden; /* ... or its folder's mode */
	bool folder_link;
	bool dated; /* the text's mtime is a package's, not that of writing */
	struct timespec mtime;
	size_t n; /* bytes of the text */
	char text[SITE_TEXT_MAX];
};

struct contents {
	struct dist dists[SITE_DISTS_MAX];
	unsigned nr;
	bool closed; /* others may not look into the directory */
};

struct site {
	char path[SITE_PATH_MAX]; /* of the directory; what is beside it is ours too */
	struct contents now;
	unsigned serial; /* for names that are used once */
};

struct path {
	char s[2 * SITE_PATH_MAX];
};

/* The site, a name in it, or a file in a folder of it. */
static inline struct path site_path(const struct site *s, const char *folder,
				    const char *file)
{
	struct path p;
	int n = snprintf(p.s, sizeof p.s, "%s%s%s%s%s", s->path, folder ? "/" : "",
			 folder ? folder : "", file ? "/" : "", file ? file : "");

	MUST(n > 0 && (size_t)n < sizeof p.s);
	return p;
}

static inline struct path text_path(const struct site *s, const struct dist *d)
{
	return site_path(s, d->folder, SITE_TEXT);
}

/* A name beside the site, or in it, that was not used before. */
static inline struct path new_path(struct site *s, const char *head)
{
	struct path p;
	int n = snprintf(p.s, sizeof p.s, "%s%s%u", s->path, head, s->serial++);

	MUST(n > 0 && (size_t)n < sizeof p.s);
	return p;
}

static inline struct dist *dist_find(struct contents *c, const char *folder)
{
	for (unsigned i = 0; i < c->nr; i++)
		if (strcmp(c->dists[i].folder, folder) == 0)
			return c->dists + i;
	return NULL;
}

/* Is it left to each reader to read what is in there? */
static inline bool dist_is_hidden(const struct contents *c, const struct dist *d)
{
	return d->folder_link || (d->has_text && (d->text_hidden || d->text_link ||
						  d->folder_hidden || c->closed));
}

/* The same names, and the same bytes in all that @cached may hold? */
static inline bool contents_same(const struct contents *cached, struct contents *now)
{
	if (cached->nr != now->nr)
		return false;

	for (unsigned i = 0; i < cached->nr; i++) {
		const struct dist *a = cached->dists + i;
		const struct dist *b = dist_find(now, a->folder);

		if (!b)
			return false;
		if (dist_is_hidden(cached, a))
			continue;
		if (a->has_text != b->has_text ||
		    (a->has_text &&
		     (a->n != b->n || memcmp(a->text, b->text, a->n) != 0)))
			return false;
	}
	return true;
}

/* --- texts --------------------------------------------------------------------- */

static inline void dist_fill_text(struct dist *d, struct rng *g)
{
	unsigned nr = 1 + rng_below(g, 3);

	d->has_text = true;
	d->n = 0;
	if (rng_one_in(g, 20))
		return; /* present and empty is something else than absent */

	for (unsigned i = 0; i < nr; i++) {
		int n = snprintf(d->text + d->n, sizeof d->text - d->n,
				 "[g%u]\ne%u = m%06x:f\n", rng_below(g, 3), i,
				 (unsigned)rng_next(g) & 0xffffff);

		MUST(n > 0 && d->n + (size_t)n < sizeof d->text);
		d->n += (size_t)n;
	}
}

/* Change one digit of one value; false where there is none. */
static inline bool dist_alter_text(struct dist *d, struct rng *g)
{
	char *at = d->n ? memmem(d->text, d->n, " = m", 4) : NULL;

	if (!at)
		return false;

	at += 4 + rng_below(g, 6);
	*at = (char)(*at == 'f' ? '0' : *at == '9' ? 'a' : *at + 1);
	return true;
}

/* A package's date: mostly whole seconds of the past, at times of the epoch or the future. */
static inline void dist_date(struct dist *d, struct rng *g)
{
	d->dated = !rng_one_in(g, 3);
	d->mtime.tv_sec = 1500000000 + rng_below(g, 200000000);
	d->mtime.tv_nsec = rng_one_in(g, 3) ? rng_below(g, 1000000000) : 0;
	if (rng_one_in(g, 20))
		d->mtime.tv_sec = 0;
	else if (rng_one_in(g, 40))
		d->mtime.tv_sec = time(NULL) + 86400;
}

/* --- on disk ------------------------------------------------------------------- */

static inline void set_mtime(const char *path, struct timespec mtime)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, mtime };

	MUST(utimensat(AT_FDCWD, path, times, 0) == 0);
}

static inline void remove_tree(const char *path)
{
	MUST(nftw(path, tmp_remove_, 8, FTW_DEPTH | FTW_PHYS) == 0);
}

/* A new file with the text of @d. */
static inline void write_text(const char *path, const struct dist *d)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	MUST(fd >= 0 && write(fd, d->text, d->n) == (ssize_t)d->n && close(fd) == 0);
	if (d->dated)
		set_mtime(path, d->mtime);
}

static inline void write_empty(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	MUST(fd >= 0 && close(fd) == 0);
}

/* All of a distribution, as a folder or file of that name; it hides nothing. */
static inline void write_dist(const char *path, struct dist *d)
{
	char text[2 * SITE_PATH_MAX + sizeof SITE_TEXT];

	d->text_hidden = d->text_link = d->folder_hidden = d->folder_link = false;
	if (d->is_file) {
		write_empty(path);
		return;
	}

	MUST(mkdir(path, 0755) == 0);
	(void)snprintf(text, sizeof text, "%s/" SITE_TEXT, path);
	if (d->has_text)
		write_text(text, d);
}

/* A new distribution in the model alone; NULL when there is no room. */
static inline struct dist *dist_new(struct site *s, struct rng *g)
{
	struct dist d = { .is_file = false };
	unsigned kind = rng_below(g, 10);

	if (s->now.nr == SITE_DISTS_MAX)
		return NULL;

	/* Few names, so that versions of one shadow each other. */
	do
		(void)snprintf(d.folder, sizeof d.folder, "pkg%u-%u.%u.%s",
			       rng_below(g, 6), rng_below(g, 3), rng_below(g, 10),
			       rng_one_in(g, 3) ? "egg-info" : "dist-info");
	while (dist_find(&s->now, d.folder));

	dist_date(&d, g);
	if (kind >= 3)
		dist_fill_text(&d, g);
	d.is_file = kind == 0 && strstr(d.folder, ".egg-info");

	s->now.dists[s->now.nr] = d;
	return s->now.dists + s->now.nr++;
}

static inline void dist_forget(struct site *s, struct dist *d)
{
	*d = s->now.dists[--s->now.nr];
}

static inline void site_make(struct site *s, const char *path, unsigned nr, struct rng *g)
{
	*s = (struct site){ .serial = 0 };
	MUST(strlen(path) < sizeof s->path);
	strcpy(s->path, path);

	MUST(mkdir(s->path, 0755) == 0);
	for (unsigned i = 0; i < nr; i++) {
		struct dist *d = dist_new(s, g);

		write_dist(site_path(s, d->folder, NULL).s, d);
	}
}

#endif
