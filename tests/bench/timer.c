/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * timer.c - time one thing at a time, for bench.py.
 *
 * usage: timer CACHE_DIR DIR...; then, on stdin, one name of a row of the table a
 * line; prints the nanoseconds that it took.  The floors make only the system calls
 * that cannot be avoided, so that a ratio to them says what the rest costs.
 */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "epcache.h"
#include "supervise.h"

#define GROUP "bench.group"
#define TEXT "/entry_points.txt"

struct job {
	struct epc_ctx *ctx;
	const char *cache;
	const char *const *dirs;
	size_t nr_dirs;
	char **folders; /* of the first directory, for the floor of the check */
	size_t nr_folders;
	unsigned flags; /* of the last refresh that wrote */
};

static bool is_metadata(const char *name)
{
	size_t n = strlen(name);

	return n > 10 && strcmp(name + n - 10, ".dist-info") == 0;
}

/* List, and open, fstat, read and close each text. */
static void floor_scan(struct job *job)
{
	DIR *d = opendir(job->dirs[0]);
	static char buf[65536];
	char path[512];
	struct dirent *e;

	if (!d)
		err(1, "%s", job->dirs[0]);
	while ((e = readdir(d))) {
		struct stat st;
		int fd;

		if (!is_metadata(e->d_name))
			continue;
		(void)snprintf(path, sizeof path, "%s" TEXT, e->d_name);
		fd = openat(dirfd(d), path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (fstat(fd, &st) < 0 || read(fd, buf, sizeof buf) < 0)
			err(1, "%s", path);
		(void)close(fd);
	}
	(void)closedir(d);
}

/* One stat for each distribution. */
static void floor_check(struct job *job)
{
	int fd = open(job->dirs[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statx x;

	for (size_t i = 0; i < job->nr_folders; i++)
		(void)statx(fd, job->folders[i], 0, STATX_BASIC_STATS | STATX_BTIME, &x);
	(void)close(fd);
}

static void build(struct job *job)
{
	struct epc_image *image = NULL;
	struct epc_site *site;

	if (epc_site_open(job->ctx, job->dirs[0], &site) != 0 ||
	    epc_image_build(site, NULL, EPC_REFRESH_FORCE, &image) != 0)
		errx(1, "cannot build");
	epc_image_free(image);
	epc_site_free(site);
}

static void refresh(struct job *job, unsigned flags, int want)
{
	int r = epc_refresh(job->ctx, job->dirs[0], flags, NULL);

	if (r != want)
		errx(1, "refresh: %d, not %d", r, want);
}

static void refresh_unchanged(struct job *job)
{
	refresh(job, job->flags, EPC_UNCHANGED);
}

/* With both fsyncs: another flag in the header makes other bytes each time. */
static void refresh_written(struct job *job)
{
	job->flags ^= EPC_REFRESH_FAST_OK;
	refresh(job, job->flags, 0);
}

static void on_dir(void *data, size_t i)
{
	(void)data;
	(void)i;
}

/* As root, by a worker without rights; as another user, by a sandboxed one. */
static void separated(struct job *job, unsigned flags, enum supervised want)
{
	const struct supervise_opts opts = { .limit_ms = 60000, .at_once = 1 };
	const struct supervise_watch watch = { on_dir, on_dir, NULL, NULL };
	struct supervised_dir d = { .dir = job->dirs[0], .flags = flags };

	supervise(job->ctx, &opts, &d, 1, &watch);
	if (d.end != want)
		errx(1, "separated: %d: %s", (int)d.end, d.error ? d.error : "");
	supervised_release(&d, 1);
}

/* Up to the bytes that have been verified, but not written. */
static void separated_build(struct job *job)
{
	separated(job, job->flags | EPC_REFRESH_FORCE | EPC_REFRESH_DRY_RUN,
		  SUPERVISED_UNCHANGED);
}

static void separated_written(struct job *job)
{
	job->flags ^= EPC_REFRESH_FAST_OK;
	separated(job, job->flags, SUPERVISED_WRITTEN);
}

static void separated_unchanged(struct job *job)
{
	separated(job, job->flags, SUPERVISED_UNCHANGED);
}

static void query(struct job *job, enum epc_check check, size_t nr_dirs)
{
	struct epc_answer *answer;
	size_t nr = 0;

	epc_ctx_set_check(job->ctx, check);
	if (epc_query(job->ctx, job->dirs, nr_dirs, GROUP, NULL, &answer) < 0)
		errx(1, "cannot query");
	while (epc_answer_next(answer))
		nr++;
	if (nr == 0)
		errx(1, "an empty answer");
	if (check != EPC_CHECK_LIVE &&
	    epc_dir_source(epc_answer_next_dir(answer)) != EPC_FROM_CACHE)
		errx(1, "not from the cache");
	epc_answer_free(answer);
}

static void query_strict(struct job *job)
{
	query(job, EPC_CHECK_STRICT, 1);
}

static void query_fast(struct job *job)
{
	query(job, EPC_CHECK_FAST, 1);
}

static void query_fast_all(struct job *job)
{
	query(job, EPC_CHECK_FAST, job->nr_dirs);
}

/* By a context that has read no cache file yet, as a program's first query is. */
static void query_first(struct job *job, enum epc_check check, size_t nr_dirs)
{
	struct job first = *job;

	if (epc_ctx_new(&first.ctx) < 0 ||
	    epc_ctx_set_cache_dir(first.ctx, job->cache) < 0)
		errx(1, "out of memory");
	query(&first, check, nr_dirs);
	epc_ctx_free(first.ctx);
}

static void query_strict_first(struct job *job)
{
	query_first(job, EPC_CHECK_STRICT, 1);
}

static void query_fast_first(struct job *job)
{
	query_first(job, EPC_CHECK_FAST, 1);
}

static void query_fast_all_first(struct job *job)
{
	query_first(job, EPC_CHECK_FAST, job->nr_dirs);
}

static void query_live(struct job *job)
{
	query(job, EPC_CHECK_LIVE, 1);
}

static const struct {
	const char *name;
	void (*run)(struct job *job);
} rows[] = {
	{ "floor-scan", floor_scan },
	{ "floor-check", floor_check },
	{ "build", build },
	{ "refresh-written", refresh_written },
	{ "refresh-unchanged", refresh_unchanged },
	{ "separated", separated_build },
	{ "separated-written", separated_written },
	{ "separated-unchanged", separated_unchanged },
	{ "query-strict", query_strict },
	{ "query-fast", query_fast },
	{ "query-fast-all", query_fast_all },
	{ "query-strict-first", query_strict_first },
	{ "query-fast-first", query_fast_first },
	{ "query-fast-all-first", query_fast_all_first },
	{ "query-live", query_live },
};

/* A function of its own, so that callgrind can be told to count here only. */
__attribute__((noinline)) static void row_run(size_t i, struct job *job)
{
	rows[i].run(job);
}

static int64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void list_folders(struct job *job)
{
	DIR *d = opendir(job->dirs[0]);
	struct dirent *e;
	char path[512];

	if (!d)
		err(1, "%s", job->dirs[0]);
	while ((e = readdir(d))) {
		if (!is_metadata(e->d_name))
			continue;
		(void)snprintf(path, sizeof path, "%s" TEXT, e->d_name);
		job->folders = reallocarray(job->folders, job->nr_folders + 1,
					    sizeof *job->folders);
		if (!job->folders)
			err(1, NULL);
		job->folders[job->nr_folders++] = strdup(path);
	}
	(void)closedir(d);
}

static void prepare(struct job *job, const char *cache)
{
	job->cache = cache;
	if (epc_ctx_new(&job->ctx) < 0 || epc_ctx_set_cache_dir(job->ctx, cache) < 0)
		errx(1, "out of memory");

	for (size_t i = 0; i < job->nr_dirs; i++)
		if (epc_refresh(job->ctx, job->dirs[i], job->flags, NULL) < 0)
			errx(1, "cannot refresh");
	list_folders(job);
}

int main(int argc, char **argv)
{
	struct job job = { .dirs = (const char *const *)argv + 2,
			   .nr_dirs = (size_t)(argc > 2 ? argc - 2 : 0),
			   /* Or texts are read in each check of slowfs. */
			   .flags = EPC_REFRESH_TRUSTED };
	char line[64];

	if (argc < 3)
		errx(2, "usage: timer CACHE_DIR DIR...");

	prepare(&job, argv[1]);
	while (fgets(line, sizeof line, stdin)) {
		size_t i = 0;
		int64_t start;

		line[strcspn(line, "\n")] = '\0';
		while (i < sizeof rows / sizeof rows[0] &&
		       strcmp(rows[i].name, line) != 0)
			i++;
		if (i == sizeof rows / sizeof rows[0])
			errx(2, "no row '%s'", line);

		start = now_ns();
		row_run(i, &job);
		printf("%lld\n", (long long)(now_ns() - start));
		(void)fflush(stdout);
	}
	return 0;
}
