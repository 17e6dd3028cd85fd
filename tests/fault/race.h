/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * race.h - a system in a folder, a folder beside it where nothing may go, and a child
 * that exchanges names of the first for links to the second, as fast as it can.
 *
 * What lies outside says CANARY.
 *
 * Used by: races.c, races-write.c.  Uses: weak.h, child.h, epcache.h.
 */
#ifndef EPC_RACE_H
#define EPC_RACE_H

#include "weak.h"

#include <ftw.h>

#include "child.h"
#include "epcache.h"

#define NR(a) (sizeof(a) / sizeof *(a))
#define CANARY "CANARY"
#define SITE "/usr/lib/site" /* the directory, as it is called in the root */
#define TREE_PATH_MAX (PATH_MAX + 256)

/* --- the trees ---------------------------------------------------------------------- */

struct rig {
	struct tmp tmp; /* below it: root, and outside, where nothing may go */
	struct epc_ctx *host, *inside; /* of the running system; of the one in root */
	char site[TREE_PATH_MAX];      /* the directory, from outside the root */
	struct epc_image *last;        /* read last, with .host */
	unsigned long tries, both[2];  /* how often a name was seen as it is, and not */
	unsigned long found;           /* canaries */
	uint64_t outside;              /* fingerprint */
};

static inline void put(const struct rig *g, const char *path, const char *text)
{
	char copy[TREE_PATH_MAX];

	MUST(snprintf(copy, sizeof copy, "%s", path) < (int)sizeof copy);
	for (char *at = copy; (at = strchr(at, '/')); *at++ = '/') {
		*at = '\0';
		MUST(mkdirat(g->tmp.fd, copy, 0755) == 0 || errno == EEXIST);
	}
	tmp_put(g->tmp.fd, copy, text);
}

static inline void make_trees(const struct rig *g)
{
	static const char *const files[][2] = {
		{ "root" SITE "/good-1.dist-info/entry_points.txt",
		  "[g]\ngood = m:good\n" },
		{ "root" SITE "/one-1.dist-info/entry_points.txt", "[g]\none = m:one\n" },
		{ "root" SITE "/ODD-1.DIST-INFO/entry_points.txt", "[g]\nodd = m:odd\n" },
		{ "root" SITE "/ODD-1.DIST-INFO/METADATA", "Name: oddity\nVersion: 1\n" },
		{ "root/spare/entry_points.txt", "" },
		{ "root/cache/dummy", "" },
		{ "root/var/cache/epcache/dummy", "" },
		{ "outside/entry_points.txt", "[g]\n" CANARY " = m\n" },
		{ "outside/METADATA", "Name: " CANARY "\nVersion: 1\n" },
		{ "outside/one/entry_points.txt", "[g]\n" CANARY " = m\n" },
		{ "outside/odd/entry_points.txt", "[g]\n" CANARY " = m\n" },
		{ "outside/odd/METADATA", "Name: " CANARY "\nVersion: 1\n" },
		{ "outside/lib/site/c-1.dist-info/entry_points.txt",
		  "[g]\n" CANARY " = m\n" },
		{ "outside/cache/epcache/dummy", "" },
	};

	for (size_t i = 0; i < NR(files); i++)
		put(g, files[i][0], files[i][1]);
}

static uint64_t fingerprint;

static inline int add_to_fingerprint(const char *path, const struct stat *st, int type,
				     struct FTW *ftw)
{
	const int64_t parts[] = { st->st_mode,           st->st_size,
				  st->st_mtim.tv_sec,    st->st_mtim.tv_nsec,
				  st->st_ctim.tv_sec,    st->st_ctim.tv_nsec,
				  (int64_t)strlen(path), type };

	(void)ftw;
	for (size_t i = 0; i < NR(parts); i++)
		fingerprint = (fingerprint ^ (uint64_t)parts[i]) *
			      UINT64_C(0x100000001b3);
	return 0;
}

static inline uint64_t fingerprint_of(const struct rig *g)
{
	char path[TREE_PATH_MAX];

	(void)snprintf(path, sizeof path, "%s/outside", g->tmp.path);
	fingerprint = 0;
	MUST(nftw(path, add_to_fingerprint, 8, FTW_PHYS) == 0);
	return fingerprint;
}

static inline void rig_open(struct rig *g)
{
	char path[TREE_PATH_MAX];

	*g = (struct rig){ .tmp = tmp_make() };
	MUST(fchmod(g->tmp.fd, 0755) == 0);
	make_trees(g);
	g->outside = fingerprint_of(g);
	(void)snprintf(g->site, sizeof g->site, "%s/root" SITE, g->tmp.path);
	(void)snprintf(path, sizeof path, "%s/root", g->tmp.path);
	MUST(epc_ctx_new(&g->host) == 0 && epc_ctx_new(&g->inside) == 0);
	MUST(epc_ctx_set_root(g->inside, path) == 0);
	epc_ctx_set_check(g->inside, EPC_CHECK_LIVE);
}

static inline void rig_close(struct rig *g)
{
	epc_image_free(g->last);
	epc_ctx_free(g->host);
	epc_ctx_free(g->inside);
	tmp_release(&g->tmp);
}

/* --- the changes -------------------------------------------------------------------- */

/* Two names below the rig's folder; %OUT in the target is the outside, absolute. */
struct swap {
	const char *name, *target;
};

struct swaps {
	const struct rig *rig;
	struct swap at[2];
};

/* The link that takes turns with a name, beside the root's other files. */
static inline void spare_name(size_t i, char ret_name[32])
{
	(void)snprintf(ret_name, 32, "root/spare/%zu", i);
}

static inline void make_link(const struct rig *g, size_t i, const char *target)
{
	bool absolute = strncmp(target, "OUT", 3) == 0;
	char path[TREE_PATH_MAX], spare[32];

	(void)snprintf(path, sizeof path, "%s%s%s", absolute ? g->tmp.path : "",
		       absolute ? "/outside" : "", absolute ? target + 3 : target);
	spare_name(i, spare);
	/* There since an earlier run, under one of its two names. */
	MUST(symlinkat(path, g->tmp.fd, spare) == 0 || errno == EEXIST);
}

static inline int open_parent(int at, const char *name)
{
	char copy[TREE_PATH_MAX];
	int fd;

	(void)snprintf(copy, sizeof copy, "%s", name);
	*strrchr(copy, '/') = '\0';
	fd = openat(at, copy, O_PATH | O_DIRECTORY | O_CLOEXEC);
	MUST(fd >= 0);
	return fd;
}

/* By descriptors: a name below one that is swapped could lead this child outside. */
static inline void swap_for_ever(void *arg)
{
	const struct swaps *s = arg;
	int at = s->rig->tmp.fd, parents[NR(s->at)];
	char spare[32];

	for (size_t i = 0; i < NR(s->at); i++)
		parents[i] = s->at[i].name ? open_parent(at, s->at[i].name) : -1;
	for (size_t i = 0;; i = (i + 1) % NR(s->at)) {
		if (parents[i] < 0)
			continue;
		spare_name(i, spare);
		if (renameat2(parents[i], strrchr(s->at[i].name, '/') + 1, at, spare,
			      RENAME_EXCHANGE) < 0)
			_exit(1);
	}
}

/* A name that is swapped: what of it shows in an image, and where the swaps matter. */
struct race {
	const char *name;
	struct swap at[2];
	const char *mark;
	bool root_only; /* outside a root, a link to the directory is followed by all */
};

/* --- the names ------------------------------------------------------------------- */

#define FOLDER "root" SITE "/one-1.dist-info"
#define TEXT FOLDER "/entry_points.txt"
#define ODD "root" SITE "/ODD-1.DIST-INFO"

static const struct race races[] = {
	{ "a metadata folder", { { FOLDER, "OUT/one" } }, "m:one", false },
	{ "a metadata folder, by ..",
	  { { FOLDER, "../../../../outside/one" } },
	  "m:one",
	  false },
	{ "entry_points.txt", { { TEXT, "OUT/entry_points.txt" } }, "m:one", false },
	{ "entry_points.txt, by ..",
	  { { TEXT, "../../../../../outside/entry_points.txt" } },
	  "m:one",
	  false },
	{ "METADATA", { { ODD "/METADATA", "OUT/METADATA" } }, "oddity", false },
	{ "the folder of METADATA", { { ODD, "OUT/odd" } }, "oddity", false },
	{ "a folder and its entry_points.txt",
	  { { FOLDER, "OUT/one" }, { TEXT, "OUT/entry_points.txt" } },
	  "m:one",
	  false },
	{ "the directory", { { "root" SITE, "OUT/lib/site" } }, "m:good", true },
	{ "the directory, by ..",
	  { { "root" SITE, "../../../outside/lib/site" } },
	  "m:good",
	  true },
	{ "a folder on the way", { { "root/usr/lib", "OUT/lib" } }, "m:good", true },
	{ "a folder on the way, by ..",
	  { { "root/usr/lib", "../../outside/lib" } },
	  "m:good",
	  true },
};

static inline pid_t start_swaps(struct swaps *s, const struct rig *g,
				const struct race *race)
{
	*s = (struct swaps){ .rig = g, .at = { race->at[0], race->at[1] } };
	for (size_t i = 0; i < NR(s->at); i++)
		if (s->at[i].name)
			make_link(g, i, s->at[i].target);
	return child_start(swap_for_ever, s);
}

#endif
