/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * t-recent - a context reads a cache file once, and again when it is another.
 *
 * Linked with --wrap for read(2), to count the bytes, and for the clock, so that what
 * was just written is settled or not, as a test wants it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "epcache.h"
#include "recent.h"
#include "t.h"
#include "tmp.h"

#define ROOM (PATH_MAX + 64) /* for a path below another */
#define TEXT "[g]\na = m:x\n"

static size_t nr_read; /* bytes, since it was set to 0 */
static int64_t ahead_ns;

ssize_t __real_read(int fd, void *buf, size_t n);
ssize_t __wrap_read(int fd, void *buf, size_t n);
ssize_t __wrap___read_chk(int fd, void *buf, size_t n, size_t room);
int64_t __real_stamp_now_ns(void);
int64_t __wrap_stamp_now_ns(void);

ssize_t __wrap_read(int fd, void *buf, size_t n)
{
	ssize_t got = __real_read(fd, buf, n);

	nr_read += got > 0 ? (size_t)got : 0;
	return got;
}

ssize_t __wrap___read_chk(int fd, void *buf, size_t n, size_t room)
{
	MUST(n <= room);
	return __wrap_read(fd, buf, n);
}

int64_t __wrap_stamp_now_ns(void)
{
	return __real_stamp_now_ns() + ahead_ns;
}

/* --- a directory with a cache --------------------------------------------------------- */

struct rig {
	struct tmp tmp;
	char site[ROOM], file[ROOM]; /* the file's path is below tmp */
	struct epc_ctx *ctx;
};

static void find_file(struct rig *g)
{
	DIR *dir = fdopendir(openat(g->tmp.fd, "cache", O_RDONLY | O_DIRECTORY));

	MUST(dir);
	for (const struct dirent *e = readdir(dir); e; e = readdir(dir))
		if (e->d_name[0] != '.')
			(void)snprintf(g->file, sizeof g->file, "cache/%s", e->d_name);
	(void)closedir(dir);
	MUST(*g->file);
}

static void rig_open(struct rig *g)
{
	char cache[ROOM];

	*g = (struct rig){ .tmp = tmp_make() };
	ahead_ns = 10 * INT64_C(1000000000);
	MUST(mkdirat(g->tmp.fd, "site", 0755) == 0);
	MUST(mkdirat(g->tmp.fd, "site/a-1.dist-info", 0755) == 0);
	MUST(mkdirat(g->tmp.fd, "cache", 0755) == 0);
	tmp_put(g->tmp.fd, "site/a-1.dist-info/entry_points.txt", TEXT);
	(void)snprintf(g->site, sizeof g->site, "%s/site", g->tmp.path);
	(void)snprintf(cache, sizeof cache, "%s/cache", g->tmp.path);
	MUST(epc_ctx_new(&g->ctx) == 0 && epc_ctx_set_cache_dir(g->ctx, cache) == 0);
	epc_ctx_set_check(g->ctx, EPC_CHECK_STRICT);
	MUST(epc_refresh(g->ctx, g->site, 0, NULL) == 0);
	find_file(g);
}

static void rig_close(struct rig *g)
{
	epc_ctx_free(g->ctx);
	tmp_release(&g->tmp);
}

static struct epc_answer *query(struct rig *g)
{
	const char *path = g->site;
	struct epc_answer *a;

	nr_read = 0;
	MUST(epc_query(g->ctx, &path, 1, "g", NULL, &a) == 0);
	return a;
}

/* Where the answer comes from, and how many entries it has. */
static enum epc_source ask(struct rig *g, size_t *ret_nr)
{
	struct epc_answer *a = query(g);
	enum epc_source source = epc_dir_source(epc_answer_next_dir(a));

	*ret_nr = 0;
	while (epc_answer_next(a))
		++*ret_nr;
	epc_answer_free(a);
	return source;
}

/* --- tests --------------------------------------------------------------------------- */

static void the_same_file_is_read_once(void)
{
	struct rig g;
	size_t nr;

	rig_open(&g);
	T(ask(&g, &nr) == EPC_FROM_CACHE && nr == 1 && nr_read > 0);
	T(ask(&g, &nr) == EPC_FROM_CACHE && nr == 1 && nr_read == 0);
	rig_close(&g);
}

static void one_written_just_now_is_read_again(void)
{
	struct rig g;
	size_t nr;

	rig_open(&g);
	ahead_ns = -ahead_ns;
	T(ask(&g, &nr) == EPC_FROM_CACHE && nr == 1 && nr_read > 0);
	T(ask(&g, &nr) == EPC_FROM_CACHE && nr == 1 && nr_read > 0);
	rig_close(&g);
}

static void another_in_its_place_is_read(void)
{
	struct rig g;
	size_t nr;

	rig_open(&g);
	T(ask(&g, &nr) == EPC_FROM_CACHE && nr == 1);
	tmp_put(g.tmp.fd, "site/a-1.dist-info/entry_points.txt", TEXT "b = m:y\n");
	T(ask(&g, &nr) == EPC_FROM_LIVE && nr == 2);
	MUST(epc_refresh(g.ctx, g.site, 0, NULL) == 0);
	T(ask(&g, &nr) == EPC_FROM_CACHE && nr == 2);
	T(ask(&g, &nr) == EPC_FROM_CACHE && nr == 2 && nr_read == 0);
	rig_close(&g);
}

static void one_changed_in_place_is_read_again(void)
{
	struct timespec times[2] = { { 0 } };
	struct rig g;
	struct stat st;
	size_t nr;
	int fd;

	rig_open(&g);
	T(ask(&g, &nr) == EPC_FROM_CACHE && nr == 1);
	fd = openat(g.tmp.fd, g.file, O_WRONLY);
	MUST(fd >= 0 && fstat(fd, &st) == 0);
	/* In another tick: that is what makes the first state settled. */
	(void)nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	MUST(pwrite(fd, "", 1, st.st_size / 2) == 1);
	MUST(pwrite(fd, "\x5a", 1, st.st_size - 1) == 1);
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	MUST(futimens(fd, times) == 0 && close(fd) == 0);
	T(ask(&g, &nr) == EPC_FROM_LIVE && nr == 1);
	rig_close(&g);
}

static void what_is_no_longer_to_be_believed_is_not(void)
{
	struct rig g;
	size_t nr;

	rig_open(&g);
	T(ask(&g, &nr) == EPC_FROM_CACHE && nr == 1);
	MUST(fchmodat(g.tmp.fd, g.file, 0666, 0) == 0);
	T(ask(&g, &nr) == EPC_FROM_LIVE);
	MUST(fchmodat(g.tmp.fd, g.file, 0644, 0) == 0);
	T(ask(&g, &nr) == EPC_FROM_CACHE);
	MUST(fchmodat(g.tmp.fd, "cache", 0777, 0) == 0);
	T(ask(&g, &nr) == EPC_FROM_LIVE);
	MUST(fchmodat(g.tmp.fd, "cache", 0755, 0) == 0);
	MUST(unlinkat(g.tmp.fd, g.file, 0) == 0);
	T(ask(&g, &nr) == EPC_FROM_LIVE);
	rig_close(&g);
}

static void an_answer_outlives_what_its_context_keeps(void)
{
	struct epc_answer *first, *second;
	struct rig g;
	size_t nr;

	rig_open(&g);
	first = query(&g);
	second = query(&g);
	tmp_put(g.tmp.fd, "site/a-1.dist-info/entry_points.txt", TEXT "b = m:y\n");
	MUST(epc_refresh(g.ctx, g.site, 0, NULL) == 0);
	T(ask(&g, &nr) == EPC_FROM_CACHE && nr == 2);
	T(epc_answer_next(first));
	epc_answer_free(first);
	rig_close(&g);
	T(epc_answer_next(second) && !epc_answer_next(second));
	epc_answer_free(second);
}

static void more_directories_than_are_kept_are_answered(void)
{
	const char *paths[3 * RECENT_FILES];
	static char names[3 * RECENT_FILES][ROOM];
	const struct epc_entry *e;
	struct rig g;

	rig_open(&g);
	for (size_t i = 0; i < 3 * RECENT_FILES; i++) {
		char name[64];

		(void)snprintf(name, sizeof name, "site%zu", i);
		(void)snprintf(names[i], sizeof names[i], "%s/%s", g.tmp.path, name);
		paths[i] = names[i];
		MUST(mkdirat(g.tmp.fd, name, 0755) == 0);
		(void)snprintf(name, sizeof name, "site%zu/b%zu-1.dist-info", i, i);
		MUST(mkdirat(g.tmp.fd, name, 0755) == 0);
		(void)snprintf(name, sizeof name,
			       "site%zu/b%zu-1.dist-info/entry_points.txt", i, i);
		tmp_put(g.tmp.fd, name, TEXT);
		MUST(epc_refresh(g.ctx, paths[i], 0, NULL) == 0);
	}
	for (int round = 0; round < 3; round++) {
		struct epc_answer *a;
		size_t nr = 0;

		MUST(epc_query(g.ctx, paths, 3 * RECENT_FILES, "g", NULL, &a) == 0);
		while ((e = epc_answer_next(a)))
			nr += strcmp(epc_entry_directory(e).data, paths[nr]) == 0;
		T(nr == 3 * RECENT_FILES);
		epc_answer_free(a);
	}
	rig_close(&g);
}

int main(void)
{
	RUN(the_same_file_is_read_once);
	RUN(one_written_just_now_is_read_again);
	RUN(another_in_its_place_is_read);
	RUN(one_changed_in_place_is_read_again);
	RUN(what_is_no_longer_to_be_believed_is_not);
	RUN(an_answer_outlives_what_its_context_keeps);
	RUN(more_directories_than_are_kept_are_answered);
	return t_done();
}
