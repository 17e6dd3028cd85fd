/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * races-write - as races, for what is written, and for the tool itself.
 *
 * Folders on the way to the cache folder of a system in a folder are exchanged for links
 * that lead out of it, while it is refreshed: what is outside must stay as it is.
 * EPCACHE names the tool.  Linked as races is, and with --wrap=mkdirat.
 */
#include "race.h"

#include "../unit/t.h"

/* --- the cache folder ----------------------------------------------------------------- */

static const struct race folder_races[] = {
	{ .name = "the cache folder",
	  { { "root/var/cache/epcache", "OUT/cache/epcache" } } },
	{ .name = "the cache folder, by ..",
	  { { "root/var/cache/epcache", "../../../outside/cache/epcache" } } },
	{ .name = "a folder on the way", { { "root/var/cache", "OUT/cache" } } },
	{ .name = "a folder on the way, by ..",
	  { { "root/var/cache", "../../outside/cache" } } },
};

/* Refresh the system in the root, with whatever result; how often was a file published? */
static unsigned long refresh_often(struct rig *g, unsigned long tries)
{
	unsigned long published = 0;
	char text[32];

	for (unsigned long n = 0; n < tries; n++) {
		(void)snprintf(text, sizeof text, "[g]\nn%lu = m\n", n);
		put(g, "root" SITE "/one-1.dist-info/entry_points.txt", text);
		no_openat2 = n & 1;
		published += epc_refresh(g->inside, SITE, EPC_REFRESH_FORCE, NULL) == 0;
	}
	no_openat2 = false;
	return published;
}

static bool outside_changes(const struct race *race, unsigned long tries)
{
	unsigned long published;
	struct swaps swaps;
	pid_t swapper;
	bool changed;
	struct rig g;

	rig_open(&g);
	swapper = start_swaps(&swaps, &g, race);
	published = refresh_often(&g, tries);
	child_stop(swapper);
	changed = fingerprint_of(&g) != g.outside;
	printf("# %s: %lu refreshes, %lu published\n", race->name, tries, published);
	rig_close(&g);
	return changed;
}

static void nothing_outside_is_written(void)
{
	for (size_t i = 0; i < NR(folder_races); i++) {
		T_ROW(folder_races[i].name);
		T(!outside_changes(folder_races + i, tries_of(200, 50000)));
	}
}

static void without_protection_the_outside_is_written(void)
{
	weak = true;
	for (size_t i = 0; i < NR(folder_races); i++) {
		bool changes = false;

		T_ROW(folder_races[i].name);
		/* As many as it takes, within reason: it is a race. */
		for (int round = 0; round < 50 && !changes; round++)
			changes = outside_changes(folder_races + i, 50);
		T(changes);
	}
	weak = false;
}

static const struct rig *swap_made; /* a folder that is made in it is a link at once */

int __real_mkdirat(int at, const char *name, mode_t mode);
int __wrap_mkdirat(int at, const char *name, mode_t mode);

int __wrap_mkdirat(int at, const char *name, mode_t mode)
{
	int r = __real_mkdirat(at, name, mode);

	if (r < 0 || !swap_made || strcmp(name, "epcache") != 0)
		return r;

	MUST(renameat(at, name, swap_made->tmp.fd, "root/spare/made") == 0);
	MUST(symlinkat("../../../outside/cache/epcache", at, name) == 0);
	return r;
}

static mode_t mode_outside_after_making(void)
{
	const char *const outside = "outside/cache/epcache";
	const char *const folder = "root/var/cache/epcache";
	struct stat st;
	struct rig g;

	rig_open(&g);
	MUST(fchmodat(g.tmp.fd, outside, 0700, 0) == 0);
	MUST(unlinkat(g.tmp.fd, "root/var/cache/epcache/dummy", 0) == 0);
	MUST(unlinkat(g.tmp.fd, folder, AT_REMOVEDIR) == 0);
	swap_made = &g;
	(void)refresh_often(&g, 1);
	swap_made = NULL;
	MUST(fstatat(g.tmp.fd, folder, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	     S_ISLNK(st.st_mode));
	MUST(fstatat(g.tmp.fd, outside, &st, 0) == 0);
	rig_close(&g);
	return st.st_mode & 07777;
}

static void the_mode_of_nothing_outside_is_changed(void)
{
	T(mode_outside_after_making() == 0700);
	weak = true;
	T(mode_outside_after_making() != 0700);
	weak = false;
}

/* --- the tool --------------------------------------------------------------------------- */

static bool canary_in_file(int fd)
{
	static char bytes[1 << 16];
	ssize_t n = fd < 0 ? 0 : read(fd, bytes, sizeof bytes);

	if (fd >= 0)
		(void)close(fd);
	return n > 0 && memmem(bytes, (size_t)n, CANARY, sizeof CANARY - 1);
}

/* Of all cache files in a folder below the rig's. */
static bool canary_in_files(const struct rig *g, const char *folder)
{
	int fd = openat(g->tmp.fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	bool canary = false;

	MUST(dir);
	for (const struct dirent *e = readdir(dir); e; e = readdir(dir))
		if (e->d_name[0] != '.')
			canary |= canary_in_file(openat(fd, e->d_name,
							O_RDONLY | O_CLOEXEC));
	(void)closedir(dir);
	return canary;
}

static bool canary_by_tool(const struct rig *g, const struct race *race)
{
	static struct said said;
	char root[TREE_PATH_MAX];
	bool canary;

	(void)snprintf(root, sizeof root, "%s/root", g->tmp.path);
	(void)tool_run(&said, (const char *[]){ "refresh", "--force", "--root", root,
						"--cache-dir", "/cache", SITE, NULL });
	canary = canary_in_files(g, "root/cache");
	(void)tool_run(&said,
		       (const char *[]){ "query", "--all", "--root", root, "--cache-dir",
					 "/cache", "--path", SITE, NULL });
	canary |= memmem(said.text, said.n, CANARY, sizeof CANARY - 1) != NULL;
	if (race->root_only)
		return canary;

	(void)snprintf(root, sizeof root, "%s/cache-of-host", g->tmp.path);
	(void)tool_run(&said, (const char *[]){ "refresh", "--force", "--cache-dir", root,
						g->site, NULL });
	return canary || canary_in_files(g, "cache-of-host");
}

static void the_tool_reads_nothing_outside(void)
{
	unsigned long tries = tries_of(6, 500);

	for (size_t i = 0; i < NR(races); i++) {
		struct swaps swaps;
		pid_t swapper;
		struct rig g;

		T_ROW(races[i].name);
		rig_open(&g);
		swapper = start_swaps(&swaps, &g, races + i);
		for (unsigned long n = 0; n < tries; n++)
			g.found += canary_by_tool(&g, races + i);
		child_stop(swapper);
		T(g.found == 0);
		T(fingerprint_of(&g) == g.outside);
		rig_close(&g);
	}
}

int main(void)
{
	tool_setup();
	MUST(tool_path());
	RUN(nothing_outside_is_written);
	RUN(without_protection_the_outside_is_written);
	RUN(the_mode_of_nothing_outside_is_changed);
	RUN(the_tool_reads_nothing_outside);
	return t_done();
}
