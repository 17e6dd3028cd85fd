/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hangfs.c - a folder once more, of which some requests are never answered: a network
 * file system whose server is gone.
 *
 * usage: hangfs SOURCE MOUNT_POINT stat|list|open|all
 *
 * Mounts SOURCE, read-only, and serves it in the foreground.  What is not answered: the
 * attributes of what is in it, the list of a folder, the content of a file, or all.
 */
#define FUSE_USE_VERSION 31
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int source;       /* the folder, open */
static const char *what; /* is not answered */

static int begin(const char *kind)
{
	while (strcmp(what, kind) == 0 || strcmp(what, "all") == 0)
		(void)pause();
	return source;
}

/* Paths come with a leading slash. */
static const char *below(const char *path)
{
	return path[1] ? path + 1 : ".";
}

static int on_getattr(const char *path, struct stat *st, struct fuse_file_info *file)
{
	(void)file;
	return fstatat(begin("stat"), below(path), st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno
										: 0;
}

static int on_open(const char *path, struct fuse_file_info *file)
{
	int fd = openat(begin("open"), below(path), O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	file->fh = (uint64_t)fd;
	return 0;
}

static int on_read(const char *path, char *buf, size_t size, off_t at,
		   struct fuse_file_info *file)
{
	ssize_t n = pread((int)file->fh, buf, size, at);

	(void)path;
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
	int fd = openat(begin("list"), below(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;

	(void)at;
	(void)file;
	(void)flags;
	if (!d)
		return -errno;
	while ((e = readdir(d)))
		(void)fill(buf, e->d_name, NULL, 0, 0);
	(void)closedir(d);
	return 0;
}

static const struct fuse_operations operations = {
	.getattr = on_getattr,
	.open = on_open,
	.read = on_read,
	.release = on_release,
	.readdir = on_readdir,
};

int main(int argc, char **argv)
{
	char *args[] = { argv[0],
			 (char[]){ "-f" },
			 (char[]){ "-o" },
			 (char[]){ "ro,allow_other,attr_timeout=0,entry_timeout=0" },
			 argc == 4 ? argv[2] : NULL,
			 NULL };

	if (argc != 4)
		errx(2, "usage: hangfs SOURCE MOUNT_POINT stat|list|open|all");

	what = argv[3];
	source = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (source < 0)
		err(1, "%s", argv[1]);
	return fuse_main(sizeof args / sizeof args[0] - 1, args, &operations, NULL);
}
