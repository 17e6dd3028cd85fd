/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tmp.h - a folder for one test, below TMPDIR, removed at the end of the scope.
 *
 *     auto_tmp struct tmp t = tmp_make();
 *     tmp_put(t.fd, "name", "bytes");
 *     T(tmp_has(t.fd, "name", "bytes"));
 *
 * What goes wrong here is no test's result: it ends the program.
 * Used by: t-store.c, cache-folder.h.
 */
#ifndef EPC_TMP_H
#define EPC_TMP_H

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct tmp {
	char path[PATH_MAX];
	int fd;
};

/* Set-up that must work. */
#define MUST(cond)                                  \
	do {                                        \
		if (!(cond)) {                      \
			perror("Bail out! " #cond); \
			exit(99);                   \
		}                                   \
	} while (0)

static inline struct tmp tmp_make(void)
{
	const char *base = getenv("TMPDIR");
	struct tmp t;
	int n = snprintf(t.path, sizeof t.path, "%s/epcache-test-XXXXXX",
			 base && *base ? base : "/tmp");

	MUST(n > 0 && (size_t)n < sizeof t.path && mkdtemp(t.path));
	t.fd = open(t.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(t.fd >= 0);
	return t;
}

static inline int tmp_remove_(const char *path, const struct stat *st, int type,
			      struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static inline void tmp_release(struct tmp *t)
{
	(void)close(t->fd);
	MUST(nftw(t->path, tmp_remove_, 8, FTW_DEPTH | FTW_PHYS) == 0);
}
#define auto_tmp __attribute__((cleanup(tmp_release)))

static inline void tmp_put(int dirfd, const char *name, const char *bytes)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	MUST(fd >= 0 && write(fd, bytes, strlen(bytes)) == (ssize_t)strlen(bytes));
	MUST(fchmod(fd, 0644) == 0 && close(fd) == 0);
}

/* Does a file hold exactly these bytes? */
static inline bool tmp_has(int dirfd, const char *name, const char *bytes)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	char buf[512];
	ssize_t n;

	if (fd < 0)
		return false;

	n = read(fd, buf, sizeof buf);
	(void)close(fd);
	return n == (ssize_t)strlen(bytes) && memcmp(buf, bytes, (size_t)n) == 0;
}

/* How many names begin like this? */
static inline int tmp_count(int dirfd, const char *head)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), nr = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	MUST(d);
	for (const struct dirent *e = readdir(d); e; e = readdir(d))
		nr += strncmp(e->d_name, head, strlen(head)) == 0;
	(void)closedir(d);
	return nr;
}

#endif
