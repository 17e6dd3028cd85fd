/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hammer - readers and refreshers on a directory that changes all the while.
 *
 * A writer changes one distribution at a time, each by one rename, and counts the
 * generations of each: begun before it shows, done after.  What a strict reader finds
 * of a distribution must then be whole, of a generation from done, as it was before
 * the reading, to begun, as it is after it; and never older than what it found before.
 * Four refreshers publish meanwhile, one of them by the tool, and one of the readers
 * asks the tool.  EPCACHE names that.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <time.h>

#include "child.h"
#include "epcache.h"

#include "../unit/t.h"

#define NR_DISTS 8
#define NR_ENTRIES 5     /* in each */
#define COMES_AND_GOES 6 /* this one is there in even generations alone */
#define IS_EXCHANGED 7   /* of this one, the whole folder is another each time */
#define NR_REFRESHERS 4
#define NR_READERS 4
#define STEPS_A_BURST 16
#define HAMMER_PATH_MAX (PATH_MAX + 64)
#define SHORT_PATH_MAX 64

struct generations {
	uint64_t of[NR_DISTS];
};

/* What all processes share. */
struct board {
	_Atomic uint64_t begun[NR_DISTS], done[NR_DISTS];
	_Atomic unsigned long steps, reads, by_tool, cached, live;
	_Atomic bool stop;
	_Atomic unsigned long torn, untrue, backward, failed, published, unchanged;
};

static struct board *board;
static struct tmp tmp; /* below it: site, cache, and aside, for what is not there now */
static char site[HAMMER_PATH_MAX], cache[HAMMER_PATH_MAX];

/* --- the writer --------------------------------------------------------------------- */

static void nap_us(long us)
{
	(void)nanosleep(&(struct timespec){ .tv_nsec = us * 1000 }, NULL);
}

static void write_text(const char *path, int dist, uint64_t generation)
{
	char text[256] = "[g]\n";
	size_t n = strlen(text);

	for (int i = 0; i < NR_ENTRIES; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%d.%d = m:%llu\n", dist,
				      i, (unsigned long long)generation);
	tmp_put(tmp.fd, path, text);
}

static void move(const char *from, const char *to, unsigned flags)
{
	MUST(renameat2(tmp.fd, from, tmp.fd, to, flags) == 0);
}

/*
 * A folder of its own for each generation, named in path: who opened the one before
 * must not find what does not show yet.
 */
static void write_folder(int dist, uint64_t generation, char path[static SHORT_PATH_MAX])
{
	char text[SHORT_PATH_MAX + 32];

	(void)snprintf(path, SHORT_PATH_MAX, "aside/d%d-%llu", dist,
		       (unsigned long long)generation);
	MUST(mkdirat(tmp.fd, path, 0755) == 0);
	(void)snprintf(text, sizeof text, "%s/entry_points.txt", path);
	write_text(text, dist, generation);
}

/* One change, which takes effect in one call. */
static void step(int dist)
{
	uint64_t generation = board->begun[dist] + 1;
	bool leaves = dist == COMES_AND_GOES && generation % 2 == 1;
	bool is_folder = dist == COMES_AND_GOES || dist == IS_EXCHANGED;
	char folder[SHORT_PATH_MAX], text[SHORT_PATH_MAX + 32];
	char next[SHORT_PATH_MAX] = "aside/text";

	(void)snprintf(folder, sizeof folder, "site/d%d-1.dist-info", dist);
	(void)snprintf(text, sizeof text, "%s/entry_points.txt", folder);
	if (leaves)
		(void)snprintf(next, sizeof next, "aside/left-%llu",
			       (unsigned long long)generation);
	else if (is_folder)
		write_folder(dist, generation, next);
	else
		write_text(next, dist, generation);
	board->begun[dist] = generation;
	if (leaves)
		move(folder, next, 0);
	else if (is_folder)
		move(next, folder, dist == IS_EXCHANGED ? RENAME_EXCHANGE : 0);
	else
		move(next, text, 0);
	board->done[dist] = generation;
	board->steps++;
}

/* In bursts, so that there are times in which a cache is fresh. */
static void write_often(void *arg)
{
	(void)arg;
	for (unsigned n = 0; !board->stop; n++) {
		int dist = (int)(n * 5 % NR_DISTS);

		step(dist);
		nap_us(n % STEPS_A_BURST == 0 ? 20000 : 100);
	}
}

/* --- a reader ------------------------------------------------------------------------ */

/* What one answer says of each distribution. */
struct found {
	unsigned nr[NR_DISTS]; /* entries */
	struct generations at;
	bool torn;
};

static struct generations look(const _Atomic uint64_t from[NR_DISTS])
{
	struct generations g;

	for (int i = 0; i < NR_DISTS; i++)
		g.of[i] = from[i];
	return g;
}

static void find(struct found *f, const char *name, const char *value)
{
	unsigned long long generation;
	int dist, entry;

	if (sscanf(name, "%d.%d", &dist, &entry) != 2 || dist < 0 || dist >= NR_DISTS ||
	    sscanf(value, "m:%llu", &generation) != 1) {
		f->torn = true;
		return;
	}
	f->torn |= (unsigned)entry != f->nr[dist];
	f->torn |= f->nr[dist] > 0 && f->at.of[dist] != generation;
	f->at.of[dist] = generation;
	f->nr[dist]++;
}

static bool was_away(uint64_t from, uint64_t to)
{
	return from % 2 == 1 || from < to;
}

static void tell(int dist, unsigned nr, uint64_t at, uint64_t from, uint64_t to)
{
	printf("# d%d: %u entries of generation %llu, but it was %llu to %llu\n", dist,
	       nr, (unsigned long long)at, (unsigned long long)from,
	       (unsigned long long)to);
	(void)fflush(stdout);
}

/* Judge an answer that was made between two looks at the board. */
static void judge(const struct found *f, const struct generations *before,
		  const struct generations *after, struct generations *last)
{
	bool torn = f->torn, untrue = false, backward = false;

	for (int i = 0; i < NR_DISTS; i++) {
		uint64_t from = before->of[i], to = after->of[i], at = f->at.of[i];
		bool is_true = f->nr[i] ? at >= from && at <= to
					: i == COMES_AND_GOES && was_away(from, to);

		if (!is_true)
			tell(i, f->nr[i], at, from, to);
		untrue |= !is_true;
		if (f->nr[i] == 0)
			continue;
		torn |= f->nr[i] != NR_ENTRIES;
		backward |= at < last->of[i];
		last->of[i] = at;
	}
	board->torn += torn;
	board->untrue += untrue;
	board->backward += backward;
	board->reads++;
}

static struct epc_ctx *new_ctx(void)
{
	struct epc_ctx *ctx;

	MUST(epc_ctx_new(&ctx) == 0);
	MUST(epc_ctx_set_cache_dir(ctx, cache) == 0);
	epc_ctx_set_check(ctx, EPC_CHECK_STRICT);
	return ctx;
}

static void read_by_library(struct epc_ctx *ctx, struct found *f)
{
	const char *path = site;
	const struct epc_entry *e;
	struct epc_answer *a;

	MUST(epc_query(ctx, &path, 1, "g", NULL, &a) == 0);
	while ((e = epc_answer_next(a)))
		find(f, epc_entry_name(e).data, epc_entry_value(e).data);
	if (epc_dir_source(epc_answer_next_dir(a)) == EPC_FROM_CACHE)
		board->cached++;
	else
		board->live++;
	epc_answer_free(a);
}

static void read_by_tool(struct found *f)
{
	static struct said said;
	int status = tool_run(&said, (const char *[]){ "query", "g", "--path", site,
						       "--cache-dir", cache, "--check",
						       "strict", NULL });

	board->failed += status != 0;
	for (char *rest = said.text, *line; (line = strsep(&rest, "\n"));) {
		char *tab = strchr(line, '\t');

		if (tab)
			find(f, line, tab + 1);
	}
	board->by_tool++;
}

struct reader {
	unsigned long tries, steps; /* at least */
	bool by_tool;
};

/* Many steps, and both ways of reading, or the test would prove little. */
static bool is_enough(const struct reader *r, unsigned long n)
{
	if (n < r->tries)
		return false;
	return r->by_tool || n > 50 * r->tries ||
	       (board->steps >= r->steps && board->cached && board->live);
}

static void read_often(void *arg)
{
	const struct reader *r = arg;
	struct generations last = { { 0 } };
	struct epc_ctx *ctx = new_ctx();

	for (unsigned long n = 0; !is_enough(r, n); n++) {
		struct generations before = look(board->done), after;
		struct found f = { .torn = false };

		if (r->by_tool)
			read_by_tool(&f);
		else
			read_by_library(ctx, &f);
		after = look(board->begun);
		judge(&f, &before, &after, &last);
	}
	epc_ctx_free(ctx);
}

/* --- a refresher ----------------------------------------------------------------------- */

static void refresh_often(void *arg)
{
	struct epc_ctx *ctx = new_ctx();

	(void)arg;
	for (unsigned n = 0; !board->stop; n++) {
		int r = epc_refresh(ctx, site, n % 8 ? 0 : EPC_REFRESH_FORCE, NULL);

		board->published += r == 0;
		board->unchanged += r == EPC_UNCHANGED;
		board->failed += r != 0 && r != EPC_UNCHANGED;
		nap_us(1000);
	}
	epc_ctx_free(ctx);
}

static void refresh_by_tool(void *arg)
{
	static struct said said;

	(void)arg;
	while (!board->stop) {
		int status = tool_run(&said, (const char *[]){ "refresh", "--cache-dir",
							       cache, site, NULL });

		board->failed += status != 0;
		if (status != 0)
			printf("# refresh: %d: %s", status, said.text);
		(void)fflush(stdout);
		nap_us(1000);
	}
}

/* --- all of them ------------------------------------------------------------------------ */

static void set_up(void)
{
	char folder[64], text[96];

	board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(board != MAP_FAILED);
	tmp = tmp_make();
	MUST(fchmod(tmp.fd, 0755) == 0); /* for whoever the tool reads as */
	MUST(mkdirat(tmp.fd, "site", 0755) == 0 && mkdirat(tmp.fd, "aside", 0755) == 0);
	MUST(mkdirat(tmp.fd, "cache", 0755) == 0);
	(void)snprintf(site, sizeof site, "%s/site", tmp.path);
	(void)snprintf(cache, sizeof cache, "%s/cache", tmp.path);
	for (int i = 0; i < NR_DISTS; i++) {
		(void)snprintf(folder, sizeof folder, "site/d%d-1.dist-info", i);
		(void)snprintf(text, sizeof text, "%s/entry_points.txt", folder);
		MUST(mkdirat(tmp.fd, folder, 0755) == 0);
		write_text(text, i, 0);
	}
}

static void no_answer_is_wrong(void)
{
	unsigned long tries = tries_of(20000, 1000000) / NR_READERS;
	struct reader by_library = { tries, tries / 5, false };
	struct reader by_tool = { tries_of(200, 5000), 0, true };
	pid_t writer, refreshers[NR_REFRESHERS], readers[NR_READERS + 1];

	set_up();
	writer = child_start(write_often, NULL);
	for (int i = 0; i < NR_REFRESHERS; i++)
		refreshers[i] = child_start(i ? refresh_often : refresh_by_tool, NULL);
	for (int i = 0; i <= NR_READERS; i++)
		readers[i] = child_start(read_often, i ? &by_library : &by_tool);
	for (int i = 0; i <= NR_READERS; i++)
		T(child_wait(readers[i]) == 0);
	board->stop = true;
	for (int i = 0; i < NR_REFRESHERS; i++)
		T(child_wait(refreshers[i]) == 0);
	T(child_wait(writer) == 0);

	printf("# %lu reads, %lu from the cache, %lu live, %lu by the tool; %lu steps, "
	       "%lu refreshes published, %lu had nothing to do\n",
	       board->reads, board->cached, board->live, board->by_tool, board->steps,
	       board->published, board->unchanged);
	printf("# %lu torn, %lu untrue, %lu backward, %lu failed\n", board->torn,
	       board->untrue, board->backward, board->failed);
	T(board->torn == 0 && board->untrue == 0 && board->backward == 0);
	T(board->failed == 0);
	T(board->cached > 0 && board->live > 0 && board->published > 0 &&
	  board->unchanged > 0);
	tmp_release(&tmp);
}

int main(void)
{
	tool_setup();
	MUST(tool_path());
	RUN(no_answer_is_wrong);
	return t_done();
}
