/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * replaced - cache files that are replaced, cut, overwritten and removed while readers
 * read them: the answer is always right, and no reader dies.
 *
 * The directory stays as it is.  Its cache file is now the right one, now one of
 * what was there before, or parts of both, and changes at any moment of a reading:
 * whole by a rename, and in place, as only a broken writer or a file system does.
 * EPCACHE names the tool, which is asked too.  Linked with --wrap for read(2), which so
 * fails as it does when a server has replaced the file.
 */
#include <errno.h>
#include <stdint.h>

#include "child.h"
#include "epcache.h"

#include "../unit/t.h"

#define NR(a) (sizeof(a) / sizeof *(a))
#define NR_DISTS 20
#define NR_OLD 3 /* states of the directory before this one */
#define REPLACED_PATH_MAX (PATH_MAX + NAME_MAX + 8)

struct bytes {
	char *p;
	size_t n;
};

static struct tmp tmp; /* below it: site and cache */
static char site[REPLACED_PATH_MAX], cache[REPLACED_PATH_MAX];
static char file[NAME_MAX + 8];        /* the cache file, below .tmp */
static struct bytes files[NR_OLD + 1]; /* what it held over time; the last is right */
static struct epc_ctx *ctx;

/* --- a server that replaces files --------------------------------------------------------- */

static int stale_reads; /* this many are to fail */

ssize_t __real_read(int fd, void *buf, size_t n);
ssize_t __wrap_read(int fd, void *buf, size_t n);
ssize_t __wrap___read_chk(int fd, void *buf, size_t n, size_t room);

ssize_t __wrap_read(int fd, void *buf, size_t n)
{
	if (stale_reads == 0)
		return __real_read(fd, buf, n);

	stale_reads--;
	errno = ESTALE;
	return -1;
}

/* What read(2) is called where its caller has been fortified. */
ssize_t __wrap___read_chk(int fd, void *buf, size_t n, size_t room)
{
	MUST(n <= room);
	return __wrap_read(fd, buf, n);
}

/* --- set-up --------------------------------------------------------------------------- */

/* The texts of the directory in one of its states, all of the same length. */
static void write_site(int state)
{
	char folder[64], path[96], text[64];

	for (int i = 0; i < NR_DISTS; i++) {
		(void)snprintf(folder, sizeof folder, "site/d%d-1.dist-info", i);
		(void)snprintf(path, sizeof path, "%s/entry_points.txt", folder);
		(void)snprintf(text, sizeof text, "[g]\nd%d = m:%d\n", i, state);
		(void)mkdirat(tmp.fd, folder, 0755);
		tmp_put(tmp.fd, path, text);
	}
}

static void find_file(void)
{
	DIR *dir = opendir(cache);

	MUST(dir);
	for (const struct dirent *e = readdir(dir); e; e = readdir(dir))
		if (e->d_name[0] != '.')
			(void)snprintf(file, sizeof file, "cache/%s", e->d_name);
	(void)closedir(dir);
	MUST(*file);
}

static struct bytes take_file(void)
{
	int fd = openat(tmp.fd, file, O_RDONLY | O_CLOEXEC);
	struct bytes b;
	struct stat st;

	MUST(fd >= 0 && fstat(fd, &st) == 0);
	b.n = (size_t)st.st_size;
	b.p = malloc(b.n);
	MUST(b.p && read(fd, b.p, b.n) == (ssize_t)b.n);
	(void)close(fd);
	return b;
}

static void set_up(void)
{
	tmp = tmp_make();
	MUST(fchmod(tmp.fd, 0755) == 0);
	MUST(mkdirat(tmp.fd, "site", 0755) == 0 && mkdirat(tmp.fd, "cache", 0755) == 0);
	(void)snprintf(site, sizeof site, "%s/site", tmp.path);
	(void)snprintf(cache, sizeof cache, "%s/cache", tmp.path);
	MUST(epc_ctx_new(&ctx) == 0 && epc_ctx_set_cache_dir(ctx, cache) == 0);
	epc_ctx_set_check(ctx, EPC_CHECK_STRICT);
	for (int state = 0; state <= NR_OLD; state++) {
		write_site(state);
		MUST(epc_refresh(ctx, site, 0, NULL) >= 0);
		if (!*file)
			find_file();
		files[state] = take_file();
	}
}

static void tear_down(void)
{
	for (size_t i = 0; i < NR(files); i++)
		free(files[i].p);
	epc_ctx_free(ctx);
	tmp_release(&tmp);
}

/* --- what happens to the file ------------------------------------------------------------ */

static void replace(const struct bytes *b)
{
	int fd = openat(tmp.fd, "cache/.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			0644);

	MUST(fd >= 0 && write(fd, b->p, b->n) == (ssize_t)b->n);
	(void)close(fd);
	MUST(renameat(tmp.fd, "cache/.new", tmp.fd, file) == 0);
}

/* The file, if it is there, from a quarter of it on: cut, and written again. */
static void overwrite(const struct bytes *b, unsigned quarter)
{
	off_t from = (off_t)(b->n * quarter / 4);
	int fd = openat(tmp.fd, file, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	MUST(ftruncate(fd, from) == 0);
	MUST(pwrite(fd, b->p + from, b->n - (size_t)from, from) ==
	     (ssize_t)(b->n - (size_t)from));
	(void)close(fd);
}

static void change_for_ever(void *arg)
{
	(void)arg;
	for (unsigned n = 0;; n++) {
		const struct bytes *right = files + NR_OLD, *old = files + n % NR_OLD;

		replace(n % 2 ? right : old);
		overwrite(n % 2 ? old : right, n / 2 % 4);
		replace(right);
		overwrite(right, n % 4);
		MUST(unlinkat(tmp.fd, file, 0) == 0);
	}
}

/* --- readers ------------------------------------------------------------------------------ */

/* "m:3", of each distribution once. */
static bool is_right(struct epc_answer *a)
{
	const struct epc_entry *e;
	unsigned nr = 0;

	while ((e = epc_answer_next(a))) {
		if (strtol(epc_entry_value(e).data + 2, NULL, 10) != NR_OLD)
			return false;
		nr++;
	}
	return nr == NR_DISTS;
}

static void readers_are_right_whatever_happens_to_the_file(void)
{
	unsigned long tries = tries_of(20000, 1000000), n = 0, wrong = 0;
	unsigned long outcomes[EPC_NO_DIR + 1] = { 0 }, cut = 0;
	pid_t child = child_start(change_for_ever, NULL);
	const char *path = site, *why;

	for (; n < tries ||
	       (n < 50 * tries && !(outcomes[EPC_OK] && outcomes[EPC_DAMAGED] &&
				    outcomes[EPC_STALE] && outcomes[EPC_ABSENT]));
	     n++) {
		const struct epc_dir *dir;
		struct epc_answer *a;

		MUST(epc_query(ctx, &path, 1, NULL, NULL, &a) == 0);
		dir = epc_answer_next_dir(a);
		why = epc_dir_why(dir);
		outcomes[epc_dir_bypass(dir)]++;
		cut += why && strstr(why, "was cut");
		wrong += !is_right(a);
		epc_answer_free(a);
	}
	child_stop(child);
	printf("# %lu reads: %lu from the cache, %lu absent, %lu stale, %lu damaged, of which "
	       "%lu cut while being read; %lu wrong\n",
	       n, outcomes[EPC_OK], outcomes[EPC_ABSENT], outcomes[EPC_STALE],
	       outcomes[EPC_DAMAGED], cut, wrong);
	T(wrong == 0);
	T(outcomes[EPC_OK] && outcomes[EPC_DAMAGED] && outcomes[EPC_STALE] &&
	  outcomes[EPC_ABSENT]);
}

static void a_file_that_a_server_replaced_is_opened_once_more(void)
{
	static const struct {
		int stale;
		enum epc_source source;
		enum epc_outcome bypass;
	} rows[] = { { 0, EPC_FROM_CACHE, EPC_OK },
		     { 1, EPC_FROM_CACHE, EPC_OK },
		     { 2, EPC_FROM_LIVE, EPC_DAMAGED } };
	const char *path = site;

	MUST(epc_refresh(ctx, site, 0, NULL) >= 0);
	for (size_t i = 0; i < NR(rows); i++) {
		const struct epc_dir *dir;
		struct epc_answer *a;

		replace(files +
			NR_OLD); /* what the context has read once it does not read */
		stale_reads = rows[i].stale;
		MUST(epc_query(ctx, &path, 1, NULL, NULL, &a) == 0);
		dir = epc_answer_next_dir(a);
		T(stale_reads == 0);
		T(epc_dir_source(dir) == rows[i].source);
		T(epc_dir_bypass(dir) == rows[i].bypass);
		T(is_right(a));
		epc_answer_free(a);
	}
}

/* The lines of a query that are entries, each right? */
static bool is_right_text(char *text)
{
	unsigned nr = 0;

	for (char *line; (line = strsep(&text, "\n"));) {
		const char *tab = strchr(line, '\t');

		if (!tab)
			continue;
		if (strtol(tab + 3, NULL, 10) != NR_OLD)
			return false;
		nr++;
	}
	return nr == NR_DISTS;
}

static void the_tool_is_right_whatever_happens_to_the_file(void)
{
	static struct said said;
	unsigned long tries = tries_of(60, 2000), wrong = 0;
	pid_t child = child_start(change_for_ever, NULL);
	char path[2 * REPLACED_PATH_MAX];

	(void)snprintf(path, sizeof path, "%s/%s", tmp.path, file);
	for (unsigned long n = 0; n < tries; n++) {
		int status = tool_run(&said,
				      (const char *[]){ "query", "g", "--path", site,
							"--cache-dir", cache, NULL });

		wrong += status != 0 || !is_right_text(said.text);
		/* Whatever these find, they end by themselves. */
		status = tool_run(&said,
				  (const char *[]){ n % 2 ? "verify" : "status",
						    "--cache-dir", cache, site, NULL });
		wrong += status > 3;
		status = tool_run(&said, (const char *[]){ "dump", path, NULL });
		wrong += status > 3;
	}
	child_stop(child);
	T(wrong == 0);
}

/* And who writes: it finds nothing to do, or makes the file anew. */
static void a_refresh_beside_it_leaves_the_right_file(void)
{
	unsigned long tries = tries_of(25, 2000), failed = 0;
	pid_t child = child_start(change_for_ever, NULL);
	char path[2 * REPLACED_PATH_MAX];
	struct epc_image *image;

	for (unsigned long n = 0; n < tries; n++) {
		int r = epc_refresh(ctx, site, n % 2 ? EPC_REFRESH_FORCE : 0, NULL);

		failed += r != 0 && r != EPC_UNCHANGED;
	}
	child_stop(child);
	T(failed == 0);
	MUST(epc_refresh(ctx, site, 0, NULL) >= 0);
	(void)snprintf(path, sizeof path, "%s/%s", tmp.path, file);
	MUST(epc_image_from_file(ctx, path, &image) == 0);
	T(epc_image_bytes(image).len == files[NR_OLD].n &&
	  memcmp(epc_image_bytes(image).data, files[NR_OLD].p, files[NR_OLD].n) == 0);
	epc_image_free(image);
}

int main(void)
{
	tool_setup();
	MUST(tool_path());
	set_up();
	RUN(readers_are_right_whatever_happens_to_the_file);
	RUN(a_file_that_a_server_replaced_is_opened_once_more);
	RUN(the_tool_is_right_whatever_happens_to_the_file);
	RUN(a_refresh_beside_it_leaves_the_right_file);
	tear_down();
	return t_done();
}
