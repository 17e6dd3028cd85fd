/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths below another root never lead out of it, whichever way they are resolved. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "root.h"
#include "t.h"
#include "tmp.h"

/* A folder with "outside" (which must not be reached) and "root" in it. */
static int make_tree(const char *top)
{
	static const struct {
		const char *name,
			*target; /* NULL: a directory; "": a file with its name */
	} tree[] = {
		{ "outside", "" },
		{ "root", NULL },
		{ "root/etc", NULL },
		{ "root/etc/file", "" },
		{ "root/deep", NULL },
		{ "root/deep/er", NULL },
		{ "root/deep/er/file", "" },
		{ "root/outside", "" },
		{ "root/abs", "/etc/file" },
		{ "root/up", "../../../../outside" },
		{ "root/deep/up", "../../../outside" },
		{ "root/absup", "/../../outside" },
		{ "root/dir", "/deep" },
		{ "root/deep/back", ".." },
		{ "root/chain", "dir/back/etc" },
		{ "root/loop", "loop" },
		{ "root/dangling", "nothing" },
	};
	int fd = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < sizeof tree / sizeof tree[0]; i++) {
		const char *name = tree[i].name, *target = tree[i].target;
		int file;

		if (!target) {
			T(mkdirat(fd, name, 0755) == 0);
		} else if (*target) {
			T(symlinkat(target, fd, name) == 0);
		} else {
			file = openat(fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
			T(write(file, name, strlen(name)) == (ssize_t)strlen(name));
			(void)close(file);
		}
	}
	return fd;
}

static const struct {
	const char *path;
	int flags;
	int r;            /* 0: opened */
	const char *text; /* of the file, its path from the top */
} rows[] = {
	{ "/etc/file", O_RDONLY, 0, "root/etc/file" },
	{ "etc/file", O_RDONLY, 0, "root/etc/file" },
	{ "//etc/./file", O_RDONLY, 0, "root/etc/file" },
	{ "/abs", O_RDONLY, 0, "root/etc/file" },
	{ "/up", O_RDONLY, 0, "root/outside" },
	{ "/deep/up", O_RDONLY, 0, "root/outside" },
	{ "/absup", O_RDONLY, 0, "root/outside" },
	{ "/../../outside", O_RDONLY, 0, "root/outside" },
	{ "/deep/../../../outside", O_RDONLY, 0, "root/outside" },
	{ "/dir/er/file", O_RDONLY, 0, "root/deep/er/file" },
	{ "/chain/file", O_RDONLY, 0, "root/etc/file" },
	{ "/dir/back/dir/back/etc/file", O_RDONLY, 0, "root/etc/file" },
	{ "/deep/er/../er/file", O_RDONLY, 0, "root/deep/er/file" },
	{ "/loop", O_RDONLY, -ELOOP, NULL },
	{ "/dangling", O_RDONLY, -ENOENT, NULL },
	{ "/nothing/file", O_RDONLY, -ENOENT, NULL },
	{ "/etc/file/more", O_RDONLY, -ENOTDIR, NULL },
	{ "/abs", O_RDONLY | O_NOFOLLOW, -ELOOP, NULL },
	{ "/dir/er", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, NULL },
	{ "/etc/file", O_RDONLY | O_DIRECTORY, -ENOTDIR, NULL },
	{ "/", O_RDONLY | O_DIRECTORY, 0, NULL },
	{ "/deep/..", O_RDONLY | O_DIRECTORY, 0, NULL },
	{ "..", O_RDONLY | O_DIRECTORY, 0, NULL },
};

static bool holds(int fd, const char *text)
{
	char buf[64] = "";
	ssize_t n = read(fd, buf, sizeof buf - 1);

	return n == (ssize_t)strlen(text) && strcmp(buf, text) == 0;
}

static void check_rows(int (*open_below)(int, const char *, int))
{
	auto_tmp struct tmp tmp = tmp_make();
	int top = make_tree(tmp.path);
	int root = openat(top, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int fd = open_below(root, rows[i].path, rows[i].flags);

		T_ROW(rows[i].path);
		T(rows[i].r ? fd == rows[i].r : fd >= 0);
		if (fd >= 0 && rows[i].text)
			T(holds(fd, rows[i].text));
		if (fd >= 0)
			(void)close(fd);
	}
	(void)close(root);
	(void)close(top);
}

static void openat2_stays_inside(void)
{
	check_rows(root_open);
}

static void walking_stays_inside(void)
{
	check_rows(root_walk);
}

static void a_walk_leaves_no_descriptor_open(void)
{
	int before = dup(0), after;

	(void)close(before);
	check_rows(root_walk);
	after = dup(0);
	(void)close(after);
	T(before == after);
}

static void the_host_is_opened_as_usual(void)
{
	int fd = root_open(ROOT_HOST, "/", O_RDONLY | O_DIRECTORY);

	T(fd >= 0);
	T(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	(void)close(fd);
	T(root_open(ROOT_HOST, "/nothing-here", O_RDONLY) == -ENOENT);
}

int main(void)
{
	RUN(openat2_stays_inside);
	RUN(walking_stays_inside);
	RUN(a_walk_leaves_no_descriptor_open);
	RUN(the_host_is_opened_as_usual);
	return t_done();
}
