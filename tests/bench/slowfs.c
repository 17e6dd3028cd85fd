/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * slowfs.c - a folder once more, each request to which takes its time: a network file
 * system whose latency can be set, and whose requests are counted.
 *
 * usage: slowfs SOURCE CONTROL MOUNT_POINT
 *
 * Mounts SOURCE, read-only, and serves it in the foreground.  CONTROL is a file of two
 * numbers of 64 bits, which others may map or write at any time: the latency of each
 * request in nanoseconds, and how many requests there were.  The kernel keeps no names:
 * each part of each path is looked up again, which brings its attributes along, as NFS
 * does it for a client that knows nothing yet.  What is not waited for (forget, release)
 * is neither slow nor counted.
 */
#define FUSE_USE_VERSION 31
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Shared with whoever measures. */
struct control {
	_Atomic uint64_t latency_ns;
	_Atomic uint64_t nr_requests;
};

struct slow {
	struct control *control;
	int source; /* the folder, open */
};

/* The source; the request has been counted, and has waited. */
static int begin(void)
{
	const struct slow *slow = fuse_get_context()->private_data;
	uint64_t ns = slow->control->latency_ns;
	struct timespec t = { (time_t)(ns / 1000000000), (long)(ns % 1000000000) };

	slow->control->nr_requests++;
	while (ns > 0 && nanosleep(&t, &t) < 0 && errno == EINTR)
		;
	return slow->source;
}

/* Paths come with a leading slash. */
static const char *below(const char *path)
{
	return path[1] ? path + 1 : ".";
}

static void *on_init(struct fuse_conn_info *conn, struct fuse_config *config)
{
	conn->want &= ~(unsigned)(FUSE_CAP_READDIRPLUS | FUSE_CAP_READDIRPLUS_AUTO);
	config->use_ino = 1;
	config->entry_timeout = 0;
	config->negative_timeout = 0;
	config->attr_timeout = 3600;
	config->direct_io = 1;
	return fuse_get_context()->private_data;
}

static int on_getattr(const char *path, struct stat *st, struct fuse_file_info *file)
{
	int source = begin();

	(void)file;
	return fstatat(source, below(path), st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int on_readlink(const char *path, char *buf, size_t size)
{
	ssize_t n = readlinkat(begin(), below(path), buf, size - 1);

	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return 0;
}

static int on_open(const char *path, struct fuse_file_info *file)
{
	int fd = openat(begin(), below(path), O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	file->fh = (uint64_t)fd;
	return 0;
}

static int on_read(const char *path, char *buf, size_t size, off_t at,
		   struct fuse_file_info *file)
{
	ssize_t n;

	(void)path;
	(void)begin();
	n = pread((int)file->fh, buf, size, at);
	return n < 0 ? -errno : (int)n;
}

static int on_release(const char *path, struct fuse_file_info *file)
{
	(void)path;
	(void)close((int)file->fh);
	return 0;
}

static int on_readdir(const char *path, void *buf, fuse_fill_dir_t fill, off_t at,
		      struct fuse_file_info *file, enum fuse_readdir_flags flags)
{
	int fd = openat(begin(), below(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	(void)at;
	(void)file;
	(void)flags;
	if (!d)
		return -errno;
	while ((e = readdir(d))) {
		struct stat st = { .st_ino = e->d_ino,
				   .st_mode = (mode_t)e->d_type << 12 }; /* DTTOIF */

		if (fill(buf, e->d_name, &st, 0, 0) != 0)
			break;
	}
	(void)closedir(d);
	return 0;
}

static const struct fuse_operations operations = {
	.init = on_init,
	.getattr = on_getattr,
	.readlink = on_readlink,
	.open = on_open,
	.read = on_read,
	.release = on_release,
	.readdir = on_readdir,
};

int main(int argc, char **argv)
{
	char *args[] = { argv[0],
			 (char[]){ "-f" },
			 (char[]){ "-s" },
			 (char[]){ "-o" },
			 (char[]){ "ro,allow_other" },
			 argc == 4 ? argv[3] : NULL,
			 NULL };
	struct slow slow;
	int fd;

	if (argc != 4)
		errx(2, "usage: slowfs SOURCE CONTROL MOUNT_POINT");

	slow.source = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (slow.source < 0)
		err(1, "%s", argv[1]);
	fd = open(argv[2], O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || ftruncate(fd, sizeof *slow.control) < 0)
		err(1, "%s", argv[2]);
	slow.control = mmap(NULL, sizeof *slow.control, PROT_READ | PROT_WRITE,
			    MAP_SHARED, fd, 0);
	if (slow.control == MAP_FAILED)
		err(1, "%s", argv[2]);
	(void)close(fd);
	return fuse_main(sizeof args / sizeof args[0] - 1, args, &operations, &slow);
}
