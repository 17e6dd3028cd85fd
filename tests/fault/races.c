/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * races - links swapped in while a directory is being read: never followed out of it.
 *
 * A child exchanges a name below the directory, or on the way to it, for a link that
 * leads outside, as fast as it can, while this process reads: as a refresh does, and
 * as a query does in a system in a folder (--root).  What lies outside says CANARY,
 * which must never be in an image or an answer, and must not change.
 *
 * Linked with --wrap for openat(2), open(2) and syscall(2), so that each race is also
 * run without what protects from it, where the canary must be found, or the race would
 * prove nothing; and on a kernel without openat2(2).  With --wrap=stamp_wait a try
 * takes no wait for a tick of the clock.
 */
#include "race.h"

#include <time.h>

#include "../unit/t.h"

/* --- one try ------------------------------------------------------------------------ */

static bool holds(struct epc_str s, const char *text)
{
	return s.data && memmem(s.data, s.len, text, strlen(text));
}

static int build(struct epc_ctx *ctx, const char *dir, const struct epc_image *old,
		 struct epc_image **ret_image)
{
	struct epc_site *site;
	int r = epc_site_open(ctx, dir, &site);

	if (r != 0)
		return r;

	r = epc_image_build(site, old, old ? 0 : EPC_REFRESH_FORCE, ret_image);
	epc_site_free(site);
	return r;
}

/* As a refresh does; @again, only what seems to have changed. */
static void read_image(struct rig *g, struct epc_ctx *ctx, bool again, const char *mark)
{
	const char *dir = ctx == g->host ? g->site : SITE;
	struct epc_image *image = NULL;
	int r = build(ctx, dir, again ? g->last : NULL, &image);

	T(r == 0 || r == EPC_UNCHANGED || r == EPC_NO_DIR || r == -ELOOP || r == -EAGAIN);
	if (r != 0) {
		g->both[1]++;
		return;
	}

	g->found += holds(epc_image_bytes(image), CANARY);
	g->both[!holds(epc_image_bytes(image), mark)]++;
	epc_image_free(g->last);
	g->last = image;
}

/* As a query does that finds no cache. */
static void ask(struct rig *g, const char *mark)
{
	const char *path = SITE;
	const struct epc_entry *e;
	struct epc_answer *a;
	bool canary = false, seen = false;

	MUST(epc_query(g->inside, &path, 1, NULL, NULL, &a) == 0);
	while ((e = epc_answer_next(a))) {
		canary |= holds(epc_entry_name(e), CANARY) ||
			  holds(epc_entry_dist_name(e), CANARY);
		seen |= holds(epc_entry_value(e), mark) ||
			holds(epc_entry_dist_name(e), mark);
	}
	g->found += canary;
	g->both[!seen]++;
	epc_answer_free(a);
}

static void try_once(struct rig *g, const struct race *race, unsigned long n)
{
	g->tries++;
	no_openat2 = n & 1;
	switch (n / 2 % 5) {
	case 0:
		read_image(g, g->inside, false, race->mark);
		break;
	case 1:
		ask(g, race->mark);
		break;
	case 2:
		read_image(g, g->inside, true, race->mark);
		break;
	default:
		if (!race->root_only)
			read_image(g, g->host, n / 2 % 5 == 4, race->mark);
	}
	no_openat2 = false;
}

/* --- links for names ---------------------------------------------------------------- */

/* Run a race for @tries, and longer until both sides of it were seen. */
static void run_race(struct rig *g, const struct race *race, unsigned long tries)
{
	struct swaps swaps;
	pid_t swapper = start_swaps(&swaps, g, race);

	for (unsigned long n = 0;
	     n < tries || (n < 100 * tries && !(g->both[0] && g->both[1])); n++)
		try_once(g, race, n);
	child_stop(swapper);
}

static void nothing_outside_is_read(void)
{
	unsigned long tries = tries_of(5000, 1000000);

	for (size_t i = 0; i < NR(races); i++) {
		struct rig g;

		T_ROW(races[i].name);
		rig_open(&g);
		run_race(&g, races + i, tries);
		printf("# %s: %lu tries, %lu with the name, %lu without; %lu canaries\n",
		       races[i].name, g.tries, g.both[0], g.both[1], g.found);
		T(g.found == 0);
		T(g.both[0] > 0 && g.both[1] > 0);
		T(fingerprint_of(&g) == g.outside);
		rig_close(&g);
	}
}

/* What the test before this one is worth. */
static void without_protection_the_outside_is_read(void)
{
	for (size_t i = 0; i < NR(races); i++) {
		struct rig g;

		T_ROW(races[i].name);
		rig_open(&g);
		weak = true;
		/* As many as it takes, within reason: it is a race. */
		for (int round = 0; round < 50 && g.found == 0; round++)
			run_race(&g, races + i, 200);
		weak = false;
		T(g.found > 0);
		rig_close(&g);
	}
}

/* --- the directory itself, for another -------------------------------------------------- */

#define NR_EACH 12 /* distributions in each of two directories */

static void make_two(const struct rig *g)
{
	char name[64], text[64];

	for (int i = 0; i < 2 * NR_EACH; i++) {
		char letter = i % 2 ? 'a' : 'b';

		(void)snprintf(name, sizeof name,
			       "two/%c/%c%d-1.dist-info/entry_points.txt", letter, letter,
			       i / 2);
		(void)snprintf(text, sizeof text, "[g]\nn%d = %c:x\n", i / 2, letter);
		put(g, name, text);
	}
}

/* All of one directory, and nothing of the other? */
static bool is_one_of_two(struct epc_image *image, bool seen[2])
{
	const struct epc_dist *d;
	unsigned nr[2] = { 0 };

	while ((d = epc_image_next_dist(image))) {
		struct epc_str group, name, value;

		if (epc_dist_nr_entries(d) != 1)
			return false;
		epc_dist_entry(d, 0, &group, &name, &value);
		if (*epc_dist_folder(d).data != *value.data)
			return false;
		nr[*value.data == 'b']++;
	}
	seen[0] |= nr[0] == NR_EACH;
	seen[1] |= nr[1] == NR_EACH;
	return nr[0] + nr[1] == NR_EACH && (nr[0] == 0 || nr[1] == 0);
}

/* Read two/a, which takes turns with what @other names. */
static void swap_two(const char *other)
{
	unsigned long tries = tries_of(5000, 1000000), mixed = 0, n = 0;
	bool seen[2] = { false, false };
	struct swaps swaps = { .at = { { "two/a", NULL } } };
	char path[TREE_PATH_MAX];
	pid_t swapper;
	struct rig g;

	rig_open(&g);
	swaps.rig = &g;
	make_two(&g);
	MUST(symlinkat("b", g.tmp.fd, "two/link") == 0);
	MUST(renameat(g.tmp.fd, other, g.tmp.fd, "root/spare/0") == 0);
	(void)snprintf(path, sizeof path, "%s/two/a", g.tmp.path);

	swapper = child_start(swap_for_ever, &swaps);
	for (; n < tries || (n < 100 * tries && !(seen[0] && seen[1])); n++) {
		struct epc_image *image;

		MUST(build(g.host, path, NULL, &image) == 0);
		mixed += !is_one_of_two(image, seen);
		epc_image_free(image);
	}
	child_stop(swapper);
	T(mixed == 0);
	T(seen[0] && seen[1]);
	rig_close(&g);
}

static void a_directory_swapped_for_a_link_is_read_whole(void)
{
	swap_two("two/link");
}

static void a_directory_swapped_for_another_is_read_whole(void)
{
	swap_two("two/b");
}

/* --- what is private ------------------------------------------------------------------ */

/* A name that everybody may read takes turns with one that only its owner may. */
static void swap_private(const char *name, const char *private_text, const char *folder)
{
	unsigned long tries = tries_of(5000, 1000000), n = 0;
	struct swaps swaps = { .at = { { name, NULL } } };
	pid_t swapper;
	struct rig g;

	rig_open(&g);
	swaps.rig = &g;
	put(&g, private_text, "[g]\n" CANARY " = m\n");
	MUST(fchmodat(g.tmp.fd, folder, folder == private_text ? 0600 : 0700, 0) == 0);
	MUST(renameat(g.tmp.fd, folder, g.tmp.fd, "root/spare/0") == 0);

	swapper = child_start(swap_for_ever, &swaps);
	for (; n < tries || (n < 100 * tries && !(g.both[0] && g.both[1])); n++)
		read_image(&g, g.host, n & 1, "m:one");
	child_stop(swapper);
	printf("# %lu tries, %lu public, %lu private; %lu canaries\n", n, g.both[0],
	       g.both[1], g.found);
	T(g.found == 0);
	T(g.both[0] > 0 && g.both[1] > 0);
	rig_close(&g);
}

static void a_private_text_is_not_kept_for_all(void)
{
	swap_private(TEXT, "root/private", "root/private");
}

static void a_private_folder_is_not_kept_for_all(void)
{
	swap_private(FOLDER, "root/private/entry_points.txt", "root/private");
}

/* --- a swap at the worst moment --------------------------------------------------------- */

static const struct rig *swapped_in; /* what on_open() changes */
static unsigned nr_swaps;

/* Another thing stands for the folder while its text is opened, and no longer. */
static void swap_while_opened(const char *path, bool after)
{
	if (nr_swaps > 1 || strcmp(path, "one-1.dist-info/entry_points.txt") != 0)
		return;

	MUST((nr_swaps == 1) == after);
	MUST(renameat2(swapped_in->tmp.fd, FOLDER, swapped_in->tmp.fd, "root/spare/0",
		       RENAME_EXCHANGE) == 0);
	nr_swaps++;
}

static void swap_once(struct rig *g, unsigned flags)
{
	const struct timespec tick = { .tv_nsec = 50000000 };
	struct epc_image *image;
	struct epc_site *site;

	/* Only a settled directory's texts are opened in one call. */
	(void)nanosleep(&tick, NULL);
	swapped_in = g;
	nr_swaps = 0;
	on_open = swap_while_opened;
	MUST(epc_site_open(g->host, g->site, &site) == 0);
	T(epc_image_build(site, NULL, EPC_REFRESH_FORCE | flags, &image) == 0);
	on_open = NULL;
	T(nr_swaps == 2);
	T(!holds(epc_image_bytes(image), CANARY));
	T(holds(epc_image_bytes(image), "m:one"));
	epc_image_free(image);
	epc_site_free(site);
}

static void what_was_read_of_a_swapped_folder_is_thrown_away(void)
{
	static const unsigned flags[] = { 0, EPC_REFRESH_BENEATH };

	for (size_t i = 0; i < 2 * NR(flags); i++) {
		struct rig g;

		rig_open(&g);
		if (i % 2) {
			make_link(&g, 0, "OUT/one");
		} else {
			put(&g, "root/spare/0/entry_points.txt", "[g]\n" CANARY " = m\n");
			MUST(fchmodat(g.tmp.fd, "root/spare/0", 0700, 0) == 0);
		}
		swap_once(&g, flags[i / 2]);
		rig_close(&g);
	}
}

int main(void)
{
	tool_setup();
	RUN(nothing_outside_is_read);
	RUN(without_protection_the_outside_is_read);
	RUN(a_directory_swapped_for_a_link_is_read_whole);
	RUN(a_directory_swapped_for_another_is_read_whole);
	RUN(a_private_text_is_not_kept_for_all);
	RUN(a_private_folder_is_not_kept_for_all);
	RUN(what_was_read_of_a_swapped_folder_is_thrown_away);
	return t_done();
}
