/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tree.h - a directory to scan, with whatever a test wants in it.
 *
 *     auto_tree struct tree t = tree_make();
 *     if (tree_put_all(t.site, made, n))
 *             scan_begin(&s, t.site, &opts);
 *
 * Used by: t-scan.c, t-scan-env.c.
 */
#ifndef EPC_TREE_H
#define EPC_TREE_H

#include <errno.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "t.h"
#include "tmp.h"

#define TREE_TEXT "[g]\na = m:x\n"
#define TREE_SPARSE (INT64_C(1) << 43) /* 8 TiB */
#define TREE_NOBODY 65534

/* A folder to scan, and one beside it for links to lead to. */
struct tree {
	struct tmp tmp;
	int site;
};

static inline struct tree tree_make(void)
{
	struct tree t = { .tmp = tmp_make() };

	MUST(fchmod(t.tmp.fd, 0755) == 0);
	MUST(mkdirat(t.tmp.fd, "site", 0755) == 0 && mkdirat(t.tmp.fd, "out", 0755) == 0);
	MUST(mkdirat(t.tmp.fd, "out/info", 0755) == 0);
	tmp_put(t.tmp.fd, "out/text", TREE_TEXT);
	tmp_put(t.tmp.fd, "out/info/entry_points.txt", TREE_TEXT);
	t.site = openat(t.tmp.fd, "site", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(t.site >= 0);
	return t;
}

static inline void tree_release(struct tree *t)
{
	(void)close(t->site);
	tmp_release(&t->tmp);
}
#define auto_tree __attribute__((cleanup(tree_release)))

enum made_type { DIRECTORY = 1, FILE_OF, LINK_TO, FIFO, SOCKET, DEVICE, SPARSE };

struct made {
	const char *path;
	enum made_type type;
	const char *content; /* or the target of a link */
};

static inline bool tree_socket_(int dirfd, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok;

	MUST(snprintf(addr.sun_path, sizeof addr.sun_path, "/proc/self/fd/%d/%s", dirfd,
		      path) < (int)sizeof addr.sun_path);
	ok = bind(fd, (struct sockaddr *)&addr, sizeof addr) == 0;
	(void)close(fd);
	return ok;
}

static inline bool tree_sparse_(int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	bool ok = fd >= 0 && ftruncate(fd, TREE_SPARSE) == 0;

	(void)close(fd);
	return ok;
}

/* False where this machine, or its user, cannot have such a thing. */
static inline bool tree_put(int dirfd, const struct made *m)
{
	switch (m->type) {
	case DIRECTORY:
		MUST(mkdirat(dirfd, m->path, 0755) == 0);
		return true;
	case FILE_OF:
		tmp_put(dirfd, m->path, m->content);
		return true;
	case LINK_TO:
		MUST(symlinkat(m->content, dirfd, m->path) == 0);
		return true;
	case FIFO:
		MUST(mkfifoat(dirfd, m->path, 0644) == 0);
		return true;
	case SOCKET:
		return tree_socket_(dirfd, m->path);
	case DEVICE:
		return mknodat(dirfd, m->path, S_IFCHR | 0644, makedev(1, 5)) == 0;
	case SPARSE:
		return tree_sparse_(dirfd, m->path);
	}
	return false;
}

static inline bool tree_put_all(int dirfd, const struct made *m, size_t n)
{
	for (size_t i = 0; i < n && m[i].path; i++) {
		if (!tree_put(dirfd, m + i)) {
			printf("# skipped: %s: %s\n", m[i].path, strerror(errno));
			return false;
		}
	}
	return true;
}

/* Run a test where file modes mean something: as somebody who is not root. */
static inline void as_nobody(void (*test)(void *), void *arg)
{
	int status;
	pid_t pid;

	if (geteuid() != 0) {
		test(arg);
		return;
	}
	(void)fflush(stdout);
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		t_bad_here = 0;
		MUST(setresgid(TREE_NOBODY, TREE_NOBODY, TREE_NOBODY) == 0);
		MUST(setresuid(TREE_NOBODY, TREE_NOBODY, TREE_NOBODY) == 0);
		test(arg);
		(void)fflush(stdout);
		_exit(t_bad_here != 0);
	}
	T(waitpid(pid, &status, 0) == pid && status == 0);
}

#endif
