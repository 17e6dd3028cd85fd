/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#define TMP_TRIES 8   /* 64 random bits: one that exists already was planted */
#define NAP_MAX_MS 64 /* between two looks at a lock */

enum { LOCK_TAKEN, LOCK_BUSY, LOCK_UNKNOWN };

static int lock_try(int fd)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_OFD_SETLK, &whole) == 0)
		return LOCK_TAKEN;

	switch (errno) {
	case EAGAIN:
	case EACCES:
	case EINTR:
		return LOCK_BUSY;
	case ENOLCK:
	case EOPNOTSUPP:
	case EINVAL: /* a kernel without these locks, or what plays one */
		return LOCK_UNKNOWN;
	default:
		return -errno;
	}
}

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Polled: F_OFD_SETLKW has no deadline, and an alarm is not the library's to set. */
static int lock_wait(int fd, int timeout_ms)
{
	int64_t end = now_ms() + timeout_ms;

	for (int64_t nap = 1;; nap = nap < NAP_MAX_MS ? 2 * nap : nap) {
		int r = lock_try(fd);
		int64_t left = end - now_ms();
		struct timespec t = { 0 };

		if (r != LOCK_BUSY)
			return r;
		if (left <= 0)
			return -ETIMEDOUT;

		t.tv_nsec = (long)(nap < left ? nap : left) * 1000000;
		(void)nanosleep(&t, NULL);
	}
}

int store_lock(int dirfd, int timeout_ms, int *ret_fd)
{
	autoclose int fd = openat(dirfd, STORE_LOCK,
				  O_RDWR | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC,
				  0600);
	int r;

	if (fd < 0)
		return -errno;

	r = lock_wait(fd, timeout_ms);
	if (r < 0)
		return r;

	*ret_fd = r == LOCK_TAKEN ? take_fd(fd) : -1;
	return 0;
}

bool store_is_tmp(const char *name)
{
	size_t n = strlen(STORE_TMP_PREFIX);

	return strncmp(name, STORE_TMP_PREFIX, n) == 0 && strlen(name) == n + 16 &&
	       strspn(name + n, "0123456789abcdef") == 16;
}

/* Returns 1 when the name was a leftover and is gone, 0 when it is to stay. */
static int sweep_name(int dirfd, const char *name)
{
	struct stat st;

	if (!store_is_tmp(name))
		return 0;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISREG(st.st_mode))
		return 0;
	return unlinkat(dirfd, name, 0) < 0 ? -errno : 1;
}

static void dir_close(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

int store_sweep(int dirfd)
{
	/* Not a dup: that would share, and move, the caller's position. */
	autoclose int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO(dir_close) DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	int nr = 0;

	if (!d)
		return -errno;

	(void)take_fd(fd); /* now the stream's */
	while ((errno = 0, e = readdir(d))) {
		int r = sweep_name(dirfd, e->d_name);

		if (r < 0)
			return r;

		nr += r;
	}
	return errno ? -errno : nr;
}

/* Open a fresh name beside the target; O_EXCL makes a planted link harmless. */
static int open_tmp(struct store *st)
{
	for (int i = 0; i < TMP_TRIES; i++) {
		uint64_t salt;
		ssize_t n = getrandom(&salt, sizeof salt, 0);

		if (n != sizeof salt)
			return n < 0 ? -errno : -EIO;

		(void)snprintf(st->tmp, sizeof st->tmp, STORE_TMP_PREFIX "%016" PRIx64,
			       salt);
		st->fd = openat(st->dirfd, st->tmp,
				O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
				0600);
		if (st->fd >= 0)
			return 0;
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

int store_begin(struct store *st, int dirfd, const char *name, mode_t mode)
{
	size_t n = strlen(name);
	int r;

	assert(st->fd < 0 && !strchr(name, '/'));
	if (n > STORE_NAME_MAX)
		return -ENAMETOOLONG;

	memcpy(st->name, name, n + 1);
	st->dirfd = dirfd;
	r = open_tmp(st);
	if (r < 0) {
		st->tmp[0] = '\0'; /* not ours to remove */
		return r;
	}

	/* Not through open(2): the umask is the caller's, the mode is ours. */
	return fchmod(st->fd, mode) < 0 ? -errno : 0;
}

int store_write(struct store *st, const void *buf, size_t n)
{
	const char *p = buf;

	while (n > 0) {
		ssize_t done = write(st->fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		if (done == 0)
			return -EIO; /* or this would turn for ever */

		p += done;
		n -= (size_t)done;
	}
	return 0;
}

/*
 * NFS sends a rename again when the answer got lost; the second finds the temp
 * file gone, because the first has worked.
 */
static bool is_published(const struct store *st, const struct stat *ours)
{
	struct stat there;

	return fstatat(st->dirfd, st->name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       there.st_dev == ours->st_dev && there.st_ino == ours->st_ino;
}

static int rename_tmp(const struct store *st, const struct stat *ours)
{
	int r;

	if (renameat(st->dirfd, st->tmp, st->dirfd, st->name) == 0)
		return 0;

	r = -errno;
	return r == -ENOENT && is_published(st, ours) ? 0 : r;
}

int store_commit(struct store *st)
{
	struct stat ours;
	int r;

	/* The bytes must be on disk before the name points at them. */
	if (fstat(st->fd, &ours) < 0 || (!st->hasty && fsync(st->fd) < 0))
		return -errno;
	/* NFS says here that the disk is full.  EINTR: synced, and the fd is gone. */
	if (close(take_fd(st->fd)) < 0 && errno != EINTR)
		return -errno;

	r = rename_tmp(st, &ours);
	if (r < 0)
		return r;

	st->tmp[0] = '\0';
	if (!st->hasty)
		(void)fsync(st->dirfd); /* readers see the new file in any case */
	return 0;
}

void store_abort(struct store *st)
{
	if (st->fd >= 0)
		(void)close(take_fd(st->fd));
	if (st->tmp[0])
		(void)unlinkat(st->dirfd, st->tmp, 0);
	st->tmp[0] = '\0';
}
