/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cache-folder.h - cache folders, files and odd things in their place, for tests.
 *
 * Used by: t-folder.c, t-folder-places.c, t-folder-write.c.
 */
#ifndef EPC_CACHE_FOLDER_H
#define EPC_CACHE_FOLDER_H

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "folder.h"
#include "t.h"
#include "tmp.h"

#define NR(a) (sizeof(a) / sizeof *(a))
#define KEY "/usr/lib"
#define FILE_NAME "usr-lib.v1"
#define OLD "old bytes"

enum { ROOT = 0, ALICE = 1001, BOB = 1002, CAROL = 1003 };

/* RUN, or a visible SKIP for who cannot give files away. */
#define RUN_AS_ROOT(fn)                                                           \
	do {                                                                      \
		if (geteuid() == 0)                                               \
			RUN(fn);                                                  \
		else                                                              \
			printf("ok %d - %s # SKIP needs root\n", ++t_count, #fn); \
	} while (0)

static inline char *join(char out[PATH_MAX], const struct tmp *t, const char *below)
{
	size_t n = strlen(t->path);

	MUST(n + strlen(below) < PATH_MAX);
	memcpy(out, t->path, n);
	strcpy(out + n, below);
	return out;
}

static inline void make_venv(const struct tmp *t)
{
	MUST(mkdirat(t->fd, "venv", 0755) == 0 && mkdirat(t->fd, "bare", 0755) == 0);
	tmp_put(t->fd, "venv/pyvenv.cfg", "home = /usr/bin\n");
}

static inline mode_t mode_of(const struct tmp *t, const char *name)
{
	struct stat st;

	return fstatat(t->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0
								  : st.st_mode & 07777;
}

/* --- reading as somebody ------------------------------------------------------- */

struct result {
	int r;
	struct folder_file file;
};

static inline void result_release(struct result *res)
{
	free(res->file.bytes);
}
#define auto_result AUTO(result_release)

static inline struct result read_as(const char *place, uid_t euid, uid_t dir_owner)
{
	const struct folder_reader who = { ROOT_HOST, euid, dir_owner, NULL };
	struct result res = { .file.why = "" };

	res.r = folder_read(place, span_of(KEY), &who, &res.file);
	return res;
}

/* The writer that this process is. */
static inline struct folder_env own_env(void)
{
	return (struct folder_env){ .euid = geteuid(), .root = ROOT_HOST };
}

static inline struct result read_own(const struct tmp *t)
{
	return read_as(t->path, geteuid(), geteuid());
}

/* Runs a function as somebody who is not root; true when it returned true. */
static inline bool as_a_user(bool (*fn)(const struct tmp *t), const struct tmp *t)
{
	int status;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		if (geteuid() == 0)
			MUST(setresgid(ALICE, ALICE, ALICE) == 0 &&
			     setresuid(ALICE, ALICE, ALICE) == 0);
		_exit(fn(t) ? 0 : 1);
	}
	MUST(waitpid(pid, &status, 0) == pid);
	return status == 0;
}

/* --- what may be where a cache file should be ---------------------------------- */

/* clang-format off */
enum thing { NOTHING, REGULAR, LINK, DANGLING, HARD_LINK, FIFO, FOLDER, SOCKET, TOO_BIG };
/* clang-format on */

static inline void make_socket(const struct tmp *t)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = FILE_NAME };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int back = open(".", O_PATH | O_CLOEXEC);

	MUST(fd >= 0 && back >= 0 && fchdir(t->fd) == 0); /* sun_path is short */
	MUST(bind(fd, (const struct sockaddr *)&a, sizeof a) == 0);
	MUST(fchdir(back) == 0 && close(back) == 0 && close(fd) == 0);
}

static inline void make_huge(const struct tmp *t, off_t size)
{
	int fd = openat(t->fd, "huge", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	MUST(fd >= 0 && ftruncate(fd, size) == 0 && close(fd) == 0);
	MUST(renameat(t->fd, "huge", t->fd, FILE_NAME) == 0);
}

static inline void make_thing(const struct tmp *t, enum thing thing)
{
	switch (thing) {
	case NOTHING:
		break;
	case REGULAR:
		tmp_put(t->fd, FILE_NAME, OLD);
		break;
	case LINK:
	case DANGLING:
		if (thing == LINK)
			tmp_put(t->fd, "target", OLD);
		MUST(symlinkat("target", t->fd, FILE_NAME) == 0);
		break;
	case HARD_LINK:
		tmp_put(t->fd, FILE_NAME, OLD);
		MUST(linkat(t->fd, FILE_NAME, t->fd, "other", 0) == 0);
		break;
	case FIFO:
		MUST(mkfifoat(t->fd, FILE_NAME, 0644) == 0);
		break;
	case FOLDER:
		MUST(mkdirat(t->fd, FILE_NAME, 0755) == 0);
		break;
	case SOCKET:
		make_socket(t);
		break;
	case TOO_BIG:
		make_huge(t, (off_t)FOLDER_FILE_MAX + 1);
		break;
	}
}

static inline bool has_mode(enum thing thing)
{
	return thing != NOTHING && thing != LINK && thing != DANGLING;
}

#endif
