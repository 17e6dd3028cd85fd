/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "stamp.h"
#include "store.h"

/* A FIFO must not block, a terminal not become ours, a planted link not lead away. */
#define OPEN_FILE (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

/* --- whom to believe --------------------------------------------------------- */

static bool is_believed(const struct folder_reader *who, uid_t owner)
{
	return owner == 0 ||
	       (who->euid != 0 && (owner == who->euid || owner == who->dir_owner));
}

static bool others_write(const struct stat *st)
{
	return st->st_mode & (S_IWGRP | S_IWOTH);
}

/* What speaks against a folder, or NULL. */
static const char *folder_doubt(const struct folder_reader *who, const struct stat *st)
{
	if (S_ISLNK(st->st_mode))
		return "its folder is a symbolic link";
	if (!is_believed(who, st->st_uid))
		return "its folder belongs to another user";
	if (others_write(st))
		return "its folder is writable by others";
	return NULL;
}

/* What speaks against a file, or NULL.  No link at all: it was replaced just now. */
static const char *file_doubt(const struct folder_reader *who, const struct stat *st)
{
	if (!is_believed(who, st->st_uid))
		return "belongs to another user";
	if (others_write(st))
		return "is writable by others";
	if (S_ISREG(st->st_mode) && st->st_nlink > 1)
		return "has more than one link";
	return NULL;
}

/* --- reading ----------------------------------------------------------------- */

static bool is_absence(int error)
{
	return error == ENOENT || error == ENOTDIR || error == EACCES;
}

/*
 * O_PATH asks for no right to list the folder.  Without O_DIRECTORY, which would
 * make a link look like any other thing that is no folder.
 */
static int open_place(const char *place, const struct folder_reader *who, int *ret_fd,
		      const char **ret_why)
{
	autoclose int fd = root_open(who->root, place, O_PATH | O_NOFOLLOW);
	const char *doubt;
	struct stat st;

	if (fd < 0)
		return is_absence(-fd) || fd == -ELOOP ? FOLDER_ABSENT : fd;
	if (fstat(fd, &st) < 0)
		return -errno;

	doubt = folder_doubt(who, &st);
	if (doubt) {
		*ret_why = doubt;
		return FOLDER_UNTRUSTED;
	}

	*ret_fd = take_fd(fd);
	return FOLDER_OK;
}

/* What an open(2) that failed says of the file. */
static int open_failed(int error, const char **ret_why)
{
	if (is_absence(error))
		return FOLDER_ABSENT;

	if (error == ELOOP) {
		*ret_why = "is a symbolic link";
		return FOLDER_UNTRUSTED;
	}
	if (error == ENXIO) { /* a socket, or a device without driver */
		*ret_why = "is not a regular file";
		return FOLDER_DAMAGED;
	}
	return -error;
}

static int judge_file(const struct folder_reader *who, const struct stat *st,
		      const char **ret_why)
{
	const char *doubt = file_doubt(who, st);

	if (doubt) {
		*ret_why = doubt;
		return FOLDER_UNTRUSTED;
	}
	if (!S_ISREG(st->st_mode)) {
		*ret_why = "is not a regular file";
		return FOLDER_DAMAGED;
	}
	if (st->st_size > FOLDER_FILE_MAX) {
		*ret_why = "is too large";
		return FOLDER_DAMAGED;
	}
	return FOLDER_OK;
}

/* Returns 0; 1 when the file ended too early; or a negative errno. */
static int read_full(int fd, char *buf, size_t n)
{
	while (n > 0) {
		ssize_t got = read(fd, buf, n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return 1;

		buf += got;
		n -= (size_t)got;
	}
	return 0;
}

#define PAGE 4096u          /* the least there is; a larger one makes a call that fails */
#define POPULATE_MIN 32768u /* bytes; below that one call costs what it saves */
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

/* Have the pages of a large buffer made in one call: a fault for each costs more. */
static void populate(char *p, size_t n)
{
	uintptr_t start = ((uintptr_t)p + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
	uintptr_t end = ((uintptr_t)p + n) & ~(uintptr_t)(PAGE - 1);

	if (n >= POPULATE_MIN)
		(void)madvise((void *)start, end - start, MADV_POPULATE_WRITE);
}

static bool is_known(const struct folder_reader *who, const struct folder_id *id)
{
	return who->known && who->known->dev == id->dev &&
	       fresh_token_eq(&who->known->token, &id->token);
}

static int read_file(int dirfd, const char *name, const struct folder_reader *who,
		     struct folder_file *ret_file)
{
	int64_t before_ns = stamp_now_ns();
	autoclose int fd = openat(dirfd, name, OPEN_FILE);
	autofree char *bytes = NULL;
	struct stat st;
	int r;

	if (fd < 0)
		return open_failed(errno, &ret_file->why);
	if (fstat(fd, &st) < 0)
		return -errno;

	r = judge_file(who, &st, &ret_file->why);
	if (r != FOLDER_OK)
		return r;

	ret_file->id = (struct folder_id){ st.st_dev, stamp_of(&st).token, false };
	ret_file->n = (size_t)st.st_size;
	ret_file->mtime_ns = ret_file->id.token.mtime_ns;
	if (is_known(who, &ret_file->id))
		return FOLDER_KNOWN;

	ret_file->id.settled = stamp_fs(fd) == FRESH_LOCAL &&
			       fresh_settled_local(&ret_file->id.token, before_ns);
	bytes = malloc((size_t)st.st_size + 1); /* and a NUL */
	if (!bytes)
		return -ENOMEM;

	populate(bytes, (size_t)st.st_size);
	r = read_full(fd, bytes, (size_t)st.st_size);
	if (r < 0)
		return r;
	if (r > 0) {
		ret_file->why = "was cut while being read";
		return FOLDER_DAMAGED;
	}

	bytes[st.st_size] = '\0';
	ret_file->bytes = take_ptr(bytes);
	return FOLDER_OK;
}

static int read_once(const char *place, const char *name, const struct folder_reader *who,
		     struct folder_file *ret_file)
{
	autoclose int fd = -1;
	int r;

	r = open_place(place, who, &fd, &ret_file->why);
	if (r != FOLDER_OK)
		return r;

	return read_file(fd, name, who, ret_file);
}

int folder_read_named(const char *place, const char *name,
		      const struct folder_reader *who, struct folder_file *ret_file)
{
	int r;

	r = read_once(place, name, who, ret_file);
	if (r != -ESTALE)
		return r;

	/* NFS: replaced under our hands; the new one is there by now. */
	return read_once(place, name, who, ret_file);
}

int folder_read(const char *place, struct span key, const struct folder_reader *who,
		struct folder_file *ret_file)
{
	char name[PATH_FILE_MAX + 1];

	path_file(key, name);
	return folder_read_named(place, name, who, ret_file);
}

/* --- writing ----------------------------------------------------------------- */

#define FIXED_MODE \
	01000 /* beside the mode of a folder to make: whatever the umask says */

/* By a descriptor: whoever may write here may have put something else there by now. */
static int fix_mode(int at, const char *name, mode_t mode, uid_t euid)
{
	autoclose int fd = openat(at, name,
				  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid != euid)
		return -EPERM;

	return fchmod(fd, mode) < 0 ? -errno : 0;
}

/* Root makes nothing in other people's folders. */
static int make_below(int at, const char *name, mode_t mode, uid_t euid)
{
	struct stat st;

	if (fstat(at, &st) < 0)
		return -errno;
	if (euid == 0 && st.st_uid != 0)
		return -EPERM;
	if (mkdirat(at, name, mode & 0777) < 0)
		return errno == EEXIST ? 0 : -errno;
	/* Root's umask is not to hide the system's caches from everybody else. */
	return mode & FIXED_MODE ? fix_mode(at, name, mode & 0777, euid) : 0;
}

/* Make the last component of a path whose parents are there. */
static int make_last(const struct folder_env *env, char *path, mode_t mode)
{
	char *slash = strrchr(path, '/');
	const char *parent = !slash ? "." : slash == path ? "/" : path;
	autoclose int fd = -1;

	if (slash && slash != path)
		*slash = '\0';
	fd = root_open(env->root, parent, O_PATH | O_DIRECTORY);
	if (slash)
		*slash = '/';
	if (fd < 0)
		return fd;

	return make_below(fd, slash ? slash + 1 : path, mode, env->euid);
}

/* Make what is missing, from the top; parents are traversed as they are, links too. */
static int make_path(const struct folder_env *env, const char *path, mode_t mode)
{
	autofree char *copy = strdup(path);
	char *at = copy;

	if (!copy)
		return -ENOMEM;

	while (at) {
		autoclose int fd = -1;
		int r;

		at = strchr(at + strspn(at, "/"), '/');
		if (at)
			*at = '\0';
		fd = root_open(env->root, copy, O_PATH);
		r = fd == -ENOENT ? make_last(env, copy, mode) : fd;
		if (r < 0)
			return r;
		if (at)
			*at = '/';
	}
	return 0;
}

static int open_or_make(const struct folder_env *env, const char *path, mode_t mode,
			bool make)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
	autofree char *clean = NULL;
	size_t n = strlen(path);
	int fd, r;

	while (n > 0 && path[n - 1] == '/')
		n--;
	if (n == 0)
		return -EINVAL; /* "" or "/" */

	clean = strndup(path, n);
	if (!clean)
		return -ENOMEM;

	fd = root_open(env->root, clean, flags);
	if (fd != -ENOENT || !make)
		return fd;

	r = make_path(env, clean, mode);
	return r < 0 ? r : root_open(env->root, clean, flags);
}

/* Only who owns a virtual environment writes into it: root not for somebody else. */
static int check_prefix(const struct folder_env *env, const char *path)
{
	size_t n = strlen(path) - strlen(FOLDER_PREFIX);
	autofree char *prefix = strndup(path, n);
	autoclose int fd = -1;
	struct stat st;

	if (!prefix)
		return -ENOMEM;

	fd = root_open(env->root, prefix, O_PATH | O_DIRECTORY);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	return st.st_uid == env->euid ? 0 : -EPERM;
}

int folder_open(const struct folder_place *place, const struct folder_env *env, bool make,
		struct folder *ret_folder)
{
	mode_t mode = place->level == FOLDER_AT_USER ? 0700 : 0755;
	autoclose int fd = -1;
	struct stat st;
	int r = 0;

	if (place->level == FOLDER_AT_SYSTEM)
		mode |= FIXED_MODE;
	if (place->level == FOLDER_AT_PREFIX)
		r = check_prefix(env, place->path);
	if (r < 0)
		return r;

	fd = open_or_make(env, place->path, mode, make);
	if (fd == -ENOENT && !make) {
		*ret_folder = (struct folder){ -1, !(mode & 077) };
		return 0;
	}
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid != env->euid || others_write(&st))
		return -EPERM;

	*ret_folder = (struct folder){ take_fd(fd), !(st.st_mode & (S_IRWXG | S_IRWXO)) };
	return 0;
}

static bool same_bytes(int fd, const char *bytes, size_t n)
{
	char buf[16384];

	while (n > 0) {
		ssize_t got = read(fd, buf, n < sizeof buf ? n : sizeof buf);

		if (got <= 0 || memcmp(buf, bytes, (size_t)got) != 0)
			return false;

		bytes += got;
		n -= (size_t)got;
	}
	return true;
}

/* Is a file as publishing would leave it: owner, mode, links and bytes? */
static bool is_as_wanted(int dirfd, const char *name, const char *bytes, size_t n,
			 mode_t mode)
{
	autoclose int fd = openat(dirfd, name, OPEN_FILE);
	struct stat dir, st;

	if (fd < 0 || fstat(dirfd, &dir) < 0 || fstat(fd, &st) < 0)
		return false;
	if (st.st_mode != (S_IFREG | mode) || st.st_nlink != 1 || st.st_uid != dir.st_uid)
		return false;

	return (size_t)st.st_size == n && same_bytes(fd, bytes, n);
}

static int replace(int dirfd, const char *name, const void *bytes, size_t n, mode_t mode)
{
	auto_store struct store st = STORE_INIT;
	int r;

	if (n > FOLDER_FILE_MAX)
		return -EFBIG;

	r = store_begin(&st, dirfd, name, mode);
	if (r < 0)
		return r;

	r = store_write(&st, bytes, n);
	if (r < 0)
		return r;

	return store_commit(&st);
}

int folder_publish(int fd, struct span key, const void *bytes, size_t n, mode_t mode)
{
	char name[PATH_FILE_MAX + 1];
	int r;

	path_file(key, name);
	if (is_as_wanted(fd, name, bytes, n, mode))
		return FOLDER_SAME;

	r = replace(fd, name, bytes, n, mode);
	if (r < 0) {
		(void)folder_unlink(fd, key);
		return r;
	}
	return FOLDER_WRITTEN;
}

int folder_unlink(int fd, struct span key)
{
	char name[PATH_FILE_MAX + 1];

	path_file(key, name);
	if (unlinkat(fd, name, 0) < 0)
		return errno == ENOENT ? 0 : -errno;

	(void)fsync(fd); /* or a power cut brings the old answer back */
	return 0;
}
