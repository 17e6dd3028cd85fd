/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* watched.c - runs what looks at directories in a child, and leaves out what holds it. */
#include "watched.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "auto.h"
#include "out.h"
#include "whole.h"

#define NEXT_MS 2000 /* for each that does not answer after the first one */

/* Shared with the child; the process has one, as it has one life. */
static struct epc_watch *page;
static bool is_child;
static size_t nr_old; /* of what does not answer: those that were known before */

/* What the child prints: one that is left behind is to hold nobody's pipe or terminal. */
static int said[2] = { -1, -1 };

struct epc_watch *watched_page(void)
{
	return is_child ? page : NULL;
}

const char *watched_silent(size_t i)
{
	i += nr_old;
	return page && i < page->nr_silent ? page->silent[i] : NULL;
}

void watched_leave_out(const char *dir)
{
	const size_t n = strlen(dir);

	if (!page || page->nr_silent != nr_old || nr_old >= WATCH_MAX || n >= PATH_MAX)
		return;
	memcpy(page->silent[nr_old++], dir, n + 1);
	page->nr_silent = nr_old;
}

static int run_watched(void *data, int out)
{
	const struct child_task *task = data;

	is_child = true;
	if (dup2(said[0], STDOUT_FILENO) < 0 || dup2(said[1], STDERR_FILENO) < 0)
		return EXIT_FAILURE;
	return task->run(task->data, out);
}

/* Leave out what the child was looking at; false when there is no such thing. */
static bool leave_out(void)
{
	size_t n = strnlen(page->at, sizeof page->at - 1);

	if (n == 0 || page->nr_silent >= WATCH_MAX)
		return false;
	memcpy(page->silent[page->nr_silent], page->at, n);
	page->silent[page->nr_silent++][n] = '\0';
	page->at[0] = '\0';
	return true;
}

int watched_begin(void)
{
	void *shared;

	if (page)
		return 0;
	shared = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return -errno;
	page = shared;
	return 0;
}

/* Files of nobody's, in memory. */
static int said_open(void)
{
	for (int i = 0; i < 2; i++) {
		said[i] = memfd_create("epcache-said", MFD_CLOEXEC);
		if (said[i] < 0)
			return -errno;
	}
	return 0;
}

/* Print what the last child did. */
static void said_pass_on(void)
{
	char bytes[16384];
	ssize_t n;

	for (int i = 0; i < 2; i++) {
		(void)lseek(said[i], 0, SEEK_SET);
		while ((n = read(said[i], bytes, sizeof bytes)) > 0)
			if (!whole_write(i == 0 ? STDOUT_FILENO : STDERR_FILENO, bytes,
					 (size_t)n)) {
				out_lose();
				break;
			}
	}
}

static void said_close(void)
{
	for (int i = 0; i < 2; i++)
		if (said[i] >= 0)
			(void)close(take_fd(said[i]));
}

int watched_ask(const struct child_task *task, struct child_answer *ret)
{
	struct child_task mine = *task;
	bool again = true;
	int r;

	*ret = (struct child_answer){ 0 };
	mine.run = run_watched;
	mine.data = (void *)(uintptr_t)task;
	do {
		r = watched_begin();
		if (r == 0)
			r = said_open();
		if (r == 0) {
			if (page->nr_silent > 0 && mine.stuck_ms > NEXT_MS)
				mine.stuck_ms = NEXT_MS;
			r = child_ask(&mine, ret);
			again = r == -ETIMEDOUT && leave_out();
			if (!again)
				said_pass_on();
		}
		said_close();
	} while (r == -ETIMEDOUT && again);
	return r;
}

/* --- what is mounted --------------------------------------------------------- */

/* By the kernel's names; what is not among them may have a server that does not answer. */
static bool is_local(const char *type)
{
	static const char *const types[] = {
		"bdev",       "bfs",        "binfmt_misc", "bpf",      "btrfs",
		"cgroup",     "cgroup2",    "configfs",    "debugfs",  "devpts",
		"devtmpfs",   "efivarfs",   "erofs",       "exfat",    "ext2",
		"ext3",       "ext4",       "f2fs",        "fusectl",  "hugetlbfs",
		"iso9660",    "mqueue",     "nfsd",        "nsfs",     "ntfs3",
		"overlay",    "proc",       "pstore",      "ramfs",    "rootfs",
		"rpc_pipefs", "securityfs", "selinuxfs",   "squashfs", "sysfs",
		"tmpfs",      "tracefs",    "udf",         "vfat",     "xfs",
		"zfs",
	};

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (strcmp(types[i], type) == 0)
			return true;
	return false;
}

/* Of a line of mountinfo: is it of a file system that is not asked for directories? */
static bool is_out_of_the_way(const char *place)
{
	return strncmp(place, "/proc/", 6) == 0 || strncmp(place, "/sys/", 5) == 0 ||
	       strncmp(place, "/dev/", 5) == 0;
}

bool watched_has_remote(void)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	autofree char *line = NULL;
	char place[256], type[64];
	bool is_remote = !mounts;
	size_t cap = 0;

	/* Spec: proc_pid_mountinfo(5) */
	while (!is_remote && getline(&line, &cap, mounts) > 0) {
		const char *rest = strstr(line, " - ");

		is_remote = !rest || sscanf(rest, " - %63s", type) != 1 ||
			    sscanf(line, "%*s %*s %*s %*s %255s", place) != 1 ||
			    (!is_local(type) && !is_out_of_the_way(place));
	}
	if (mounts)
		(void)fclose(mounts);
	return is_remote;
}
