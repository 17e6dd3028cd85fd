/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * floor.c - the least that a program which checks each distribution can do.
 *
 * usage: floor NAMES DIR; NAMES is a file of paths below DIR, a NUL after each.  It
 * reads NAMES, opens DIR, and makes one statx(2) for each path.
 */
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int names, dir;
	struct stat st;
	char *buf;

	if (argc != 3)
		errx(2, "usage: floor NAMES DIR");

	names = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (names < 0 || fstat(names, &st) < 0)
		err(1, "%s", argv[1]);
	buf = malloc((size_t)st.st_size + 1);
	if (!buf || read(names, buf, (size_t)st.st_size) != st.st_size)
		err(1, "%s", argv[1]);
	buf[st.st_size] = '\0';
	dir = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		err(1, "%s", argv[2]);

	for (char *p = buf; p < buf + st.st_size; p += strlen(p) + 1) {
		struct statx x;

		(void)statx(dir, p, 0, STATX_BASIC_STATS | STATX_BTIME, &x);
	}
	free(buf);
	return 0;
}
