/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "root.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define LINKS_MAX 40 /* as the kernel has it */
#define DEPTH_MAX 128
#define RACE_TRIES 16 /* EAGAIN: a rename while ".." was being resolved */

/* Where a walk has got to: the directories from the root down to here. */
struct walk {
	int fds[DEPTH_MAX];  /* owned, but for the first, which is the root */
	int depth;           /* of the last one */
	int links;           /* followed so far */
	char rest[PATH_MAX]; /* still to go */
};

static void climb(struct walk *w, int depth)
{
	while (w->depth > depth)
		(void)close(w->fds[w->depth--]);
}

static void walk_release(struct walk *w)
{
	climb(w, 0);
}

/* Cut the first component off what is left; NULL at the end. */
static char *take_component(char **rest)
{
	char *part;

	do {
		part = strsep(rest, "/");
	} while (part && !*part);
	return part;
}

static bool is_end(const char *rest)
{
	return !rest || !rest[strspn(rest, "/")];
}

/* Put where a link leads in front of what is left. */
static int follow(struct walk *w, int link, const char *rest)
{
	char target[PATH_MAX], joined[PATH_MAX];
	ssize_t n = readlinkat(link, "", target, sizeof target - 1);
	int len;

	if (n < 0)
		return -errno;
	if (++w->links > LINKS_MAX)
		return -ELOOP;

	target[n] = '\0';
	if (target[0] == '/')
		climb(w, 0);
	len = snprintf(joined, sizeof joined, "%s/%s", target, rest ? rest : "");
	if (len < 0 || (size_t)len >= sizeof joined)
		return -ENAMETOOLONG;

	memcpy(w->rest, joined, (size_t)len + 1);
	return 0;
}

/* One component: 1 with the descriptor when it was the last, 0, or a negative errno. */
static int step(struct walk *w, const char *part, char *rest, int flags, int *ret_fd)
{
	int here = w->fds[w->depth];
	autoclose int fd = openat(here, part, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	bool last = is_end(rest);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode) && !(last && (flags & O_NOFOLLOW)))
		return follow(w, fd, rest);
	if (last) {
		/* Swapped for a link meanwhile, it is not followed. */
		*ret_fd = openat(here, part, flags | O_NOFOLLOW | O_CLOEXEC);
		return *ret_fd < 0 ? -errno : 1;
	}
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	if (w->depth + 1 == DEPTH_MAX)
		return -ENAMETOOLONG;

	w->fds[++w->depth] = take_fd(fd);
	memmove(w->rest, rest, strlen(rest) + 1);
	return 0;
}

int root_walk(int root, const char *path, int flags)
{
	AUTO(walk_release) struct walk w = { .fds = { root } };
	size_t n = strlen(path);
	int fd = -1, r = 0;

	if (n >= sizeof w.rest)
		return -ENAMETOOLONG;

	memcpy(w.rest, path, n + 1);
	while (r == 0) {
		char *rest = w.rest;
		char *part = take_component(&rest);

		if (!part) {
			fd = openat(w.fds[w.depth], ".", flags | O_CLOEXEC);
			return fd < 0 ? -errno : fd;
		}
		if (strcmp(part, ".") == 0 || strcmp(part, "..") == 0) {
			if (part[1] && w.depth > 0)
				climb(&w, w.depth - 1);
			memmove(w.rest, rest ? rest : "", rest ? strlen(rest) + 1 : 1);
			continue;
		}
		r = step(&w, part, rest, flags, &fd);
	}
	return r < 0 ? r : fd;
}

static int open_in_root(int root, const char *path, int flags)
{
	const struct open_how how = {
		.flags = (unsigned)flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd = -1;

	for (int i = 0; i < RACE_TRIES; i++) {
		fd = syscall(SYS_openat2, root, path, &how, sizeof how);
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd < 0 ? -errno : (int)fd;
}

int root_open(int root, const char *path, int flags)
{
	int fd;

	if (root == ROOT_HOST) {
		fd = open(path, flags | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}

	fd = open_in_root(root, path, flags);
	if (fd == -ENOSYS || fd == -EPERM)
		return root_walk(root, path, flags);
	return fd;
}
