/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The writing half of folder.h: make a cache folder, publish and remove a file in it. */
#include "folder.h"

#include <errno.h>

#include "folder-parts.h"
#include "store.h"

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
