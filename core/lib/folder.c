/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "folder.h"

#include <errno.h>
#include <sys/mman.h>

#include "folder-parts.h"
#include "stamp.h"

/* --- whom to believe --------------------------------------------------------- */

static bool is_believed(const struct folder_reader *who, uid_t owner)
{
	return owner == 0 ||
	       (who->euid != 0 && (owner == who->euid || owner == who->dir_owner));
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
		*ret_why = S_ISDIR(st->st_mode) ? "is a directory"
						: "is not a regular file";
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
	struct fresh_fs fs;
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

	fs = stamp_fs(fd);
	ret_file->id.settled = !fs.remote && !fs.doubt &&
			       fresh_settled_local(&ret_file->id.token, before_ns, false);
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
