/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * threads - the library in many threads at once, each with a context of its own.
 *
 * Some read, some refresh, some do all that a context can do, on two directories and
 * one cache folder.  Built with -fsanitize=thread, which then ends it with a failure
 * for any memory that two of them share; see threads.sh.
 */
#include <errno.h>
#include <pthread.h>

#include "epcache.h"

#include "../unit/t.h"
#include "../unit/tmp.h"

#define NR_THREADS 8
#define ROUNDS 40
#define NR_DISTS 10
#define THREADS_PATH_MAX (PATH_MAX + 64)

static char sites[2][THREADS_PATH_MAX], cache[THREADS_PATH_MAX];

struct worker {
	pthread_t thread;
	unsigned number, wrong; /* written by its thread alone, until that is joined */
};

static unsigned ask(struct epc_ctx *ctx)
{
	const char *const paths[] = { sites[0], sites[1] };
	const struct epc_entry *e;
	struct epc_answer *a;
	unsigned nr = 0;

	if (epc_query(ctx, paths, 2, "g", NULL, &a) != 0)
		return 0;
	while ((e = epc_answer_next(a)))
		nr += epc_entry_value(e).len > 0 && epc_entry_dist_version(e).len > 0;
	while (epc_answer_next_note(a) || epc_answer_next_dir(a))
		continue;
	epc_answer_free(a);
	return nr;
}

static bool verify(struct epc_ctx *ctx, const char *dir)
{
	struct epc_diff *diff;
	bool same;

	/* Another thread may be replacing it. */
	if (epc_verify(ctx, dir, &diff) != 0)
		return true;
	same = !epc_diff_next(diff);
	epc_diff_free(diff);
	return same;
}

/* One round: @kind decides what this thread does beside asking. */
static bool do_round(unsigned kind, unsigned round)
{
	const char *dir = sites[round % 2];
	struct epc_ctx *ctx;
	bool ok;
	int r = 0;

	if (epc_ctx_new(&ctx) != 0)
		return false;
	ok = epc_ctx_set_cache_dir(ctx, cache) == 0;
	epc_ctx_set_check(ctx, (enum epc_check)(round % (EPC_CHECK_LIVE + 1)));
	if (kind == 0)
		r = epc_refresh(ctx, dir, round % 4 ? 0 : EPC_REFRESH_FORCE, NULL);
	if (kind == 1)
		ok &= verify(ctx, dir);
	if (kind == 2 && round % 8 == 0)
		r = epc_refresh(ctx, "/nowhere/at/all", 0, NULL);
	ok &= r == 0 || r == EPC_UNCHANGED || (kind == 2 && r == EPC_NO_DIR);
	(void)epc_ctx_trouble(ctx);
	ok &= ask(ctx) == 2 * NR_DISTS;
	epc_ctx_free(ctx);
	return ok;
}

static void *work(void *arg)
{
	struct worker *w = arg;

	for (unsigned round = 0; round < ROUNDS; round++)
		w->wrong += !do_round(w->number % 4, round);
	return NULL;
}

static void write_sites(const struct tmp *tmp)
{
	char folder[64], path[96];

	for (int i = 0; i < 2 * NR_DISTS; i++) {
		(void)snprintf(folder, sizeof folder, "%d/d%d-1.dist-info", i % 2, i);
		(void)snprintf(path, sizeof path, "%s/entry_points.txt", folder);
		MUST(mkdirat(tmp->fd, folder, 0755) == 0);
		tmp_put(tmp->fd, path, "[g]\na = m:x\n");
	}
}

static void threads_do_not_disturb_each_other(void)
{
	auto_tmp struct tmp tmp = tmp_make();
	struct worker workers[NR_THREADS] = { 0 };

	for (int i = 0; i < 2; i++) {
		(void)snprintf(sites[i], sizeof sites[i], "%s/%d", tmp.path, i);
		MUST(mkdir(sites[i], 0755) == 0);
	}
	(void)snprintf(cache, sizeof cache, "%s/cache", tmp.path);
	write_sites(&tmp);
	for (unsigned i = 0; i < NR_THREADS; i++) {
		workers[i].number = i;
		errno = pthread_create(&workers[i].thread, NULL, work, workers + i);
		MUST(errno == 0);
	}
	for (unsigned i = 0; i < NR_THREADS; i++) {
		MUST(pthread_join(workers[i].thread, NULL) == 0);
		T(workers[i].wrong == 0);
	}
}

int main(void)
{
	(void)umask(022);
	MUST(unsetenv("EPCACHE") == 0 && unsetenv("EPCACHE_DIR") == 0);
	RUN(threads_do_not_disturb_each_other);
	return t_done();
}
