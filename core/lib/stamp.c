/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stamp.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <time.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define NS_PER_S INT64_C(1000000000)
#define MASK_MOUNT 0x1000u /* STATX_MNT_ID, where the library knows of it */
#define POLL_NS 500000     /* far below a tick, which is 1 to 10 ms */

struct fresh_fs stamp_fs(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return fresh_fs_of(0, false);

	return fresh_fs_of((uint32_t)fs.f_type, fs.f_flags & ST_RDONLY);
}

/*
 * The kernel has the mount's number there; musl's struct has no name for it, but room.
 * 0 where the kernel does not tell.
 */
static uint64_t mount_of_x(const struct statx *x)
{
	uint64_t mount = 0;

	static_assert(sizeof *x == 256, "the kernel's struct");
	if (x->stx_mask & MASK_MOUNT)
		memcpy(&mount, (const char *)x + 144, sizeof mount);
	return mount;
}

/* Which mount a descriptor is on; 0 where the kernel does not tell. */
static uint64_t mount_of(int fd)
{
	struct statx x;

	if (statx(fd, "", AT_EMPTY_PATH, MASK_MOUNT, &x) < 0)
		return 0;
	return mount_of_x(&x);
}

/* Of a line of mountinfo: is it of this mount, and its file system writable? */
static bool line_is_writable(const char *line, uint64_t mount)
{
	const char *rest = strstr(line, " - ");
	char *end;

	if (strtoull(line, &end, 10) != mount || *end != ' ' || !rest)
		return false;

	/* " - ", the type, the source, the options of the file system. */
	for (int i = 0; rest && i < 3; i++)
		rest = strchr(rest + 1, ' ');
	return rest && strncmp(rest, " rw", 3) == 0;
}

static bool is_writable_below(int fd)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	uint64_t mount = mount_of(fd);
	bool writable = false;
	char *line = NULL;
	size_t cap = 0;

	while (f && mount && !writable && getline(&line, &cap, f) > 0)
		writable = line_is_writable(line, mount);

	free(line);
	if (f)
		(void)fclose(f);
	return writable;
}

struct fresh_fs stamp_fs_below(int fd)
{
	struct fresh_fs fs = stamp_fs(fd), writable;
	struct statfs st;

	if (fs.doubt != FRESH_READ_ONLY || fstatfs(fd, &st) < 0)
		return fs;

	writable = fresh_fs_of((uint32_t)st.f_type, false);
	return !writable.doubt && is_writable_below(fd) ? writable : fs;
}

static int64_t time_ns(int64_t s, int64_t ns)
{
	if (s <= INT64_MIN / NS_PER_S || s >= INT64_MAX / NS_PER_S)
		return INT64_MIN;

	return s * NS_PER_S + ns;
}

struct stamp stamp_of(const struct stat *st)
{
	return (struct stamp){
		.token = { .ino = st->st_ino,
			   .size = (uint64_t)st->st_size,
			   .mtime_ns = time_ns(st->st_mtim.tv_sec, st->st_mtim.tv_nsec),
			   .ctime_ns = time_ns(st->st_ctim.tv_sec, st->st_ctim.tv_nsec),
			   .type = st->st_mode & S_IFMT },
		.mode = st->st_mode,
		.uid = st->st_uid,
	};
}

/* Where a filter knows no statx(2). */
static int stamp_at_old(int dirfd, const char *name, int flags, struct stamp *ret_stamp)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, flags) < 0)
		return -errno;

	*ret_stamp = stamp_of(&st);
	return 0;
}

static struct stamp stamp_of_x(const struct statx *x)
{
	struct stamp st = {
		.token = { .ino = x->stx_ino,
			   .size = x->stx_size,
			   .mtime_ns = time_ns(x->stx_mtime.tv_sec, x->stx_mtime.tv_nsec),
			   .ctime_ns = time_ns(x->stx_ctime.tv_sec, x->stx_ctime.tv_nsec),
			   .type = x->stx_mode & S_IFMT },
		.mode = x->stx_mode,
		.uid = x->stx_uid,
	};

	if (x->stx_mask & STATX_BTIME)
		st.token.btime_ns = time_ns(x->stx_btime.tv_sec, x->stx_btime.tv_nsec);
	st.mount = mount_of_x(x);
	return st;
}

int stamp_at(int dirfd, const char *name, struct fresh_fs fs, struct stamp *ret_stamp)
{
	int flags = AT_NO_AUTOMOUNT | (*name ? 0 : AT_EMPTY_PATH);
	/* Below an overlay may be a server. */
	int sync = fs.remote || fs.doubt ? AT_STATX_FORCE_SYNC : AT_STATX_SYNC_AS_STAT;
	struct statx x;

	if (statx(dirfd, name, flags | sync, STATX_BASIC_STATS | STATX_BTIME | MASK_MOUNT,
		  &x) == 0) {
		*ret_stamp = stamp_of_x(&x);
		return 0;
	}
	if (errno != ENOSYS && errno != EPERM)
		return -errno;

	return stamp_at_old(dirfd, name, flags, ret_stamp);
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec t = { 0 };

	(void)clock_gettime(clock, &t);
	return time_ns(t.tv_sec, t.tv_nsec);
}

int64_t stamp_now_ns(void)
{
	return clock_ns(CLOCK_REALTIME_COARSE);
}

void stamp_wait(int64_t ns)
{
	const struct timespec poll = { .tv_nsec = POLL_NS };
	int64_t until = stamp_now_ns() + ns;
	int64_t now = clock_ns(CLOCK_REALTIME) + 1;
	int64_t give_up = clock_ns(CLOCK_MONOTONIC) + FRESH_TICK_WAIT_NS;

	/* Since Linux 6.13 stamps can be finer than ticks, and so ahead of the coarse clock. */
	if (until < now)
		until = now;

	/* The coarse clock jumps from tick to tick, so the time to sleep is not known. */
	while (stamp_now_ns() < until && clock_ns(CLOCK_MONOTONIC) < give_up)
		(void)nanosleep(&poll, NULL);
}

/* Of the text of the boot id; 0 where /proc is not to be had. */
static uint64_t boot_hash(void)
{
	autoclose int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	char id[64];
	ssize_t n;

	if (fd < 0)
		return 0;

	n = read(fd, id, sizeof id);
	return n > 0 ? XXH3_64bits(id, (size_t)n) : 0;
}

struct fresh_seen stamp_seen(void)
{
	return (struct fresh_seen){
		.boot = boot_hash(),
		.boot_ns = clock_ns(CLOCK_BOOTTIME),
		.wall_ns = clock_ns(CLOCK_REALTIME),
	};
}
