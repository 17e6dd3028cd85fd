/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can happen to a tree, and what the judge makes of it. */
#include "fresh.h"

#include "t.h"

#define S INT64_C(1000000000)
#define MS INT64_C(1000000)
#define T0 (INT64_C(1700000000) * S) /* a whole second */
#define ODD 123456789                /* nanoseconds of a fine stamp */
#define N(a) (sizeof(a) / sizeof(a)[0])

/* As recorded: inode, size, mtime, ctime, btime, type. */
#define M (T0 + ODD)
#define C (T0 + ODD)
#define B (T0 + 5)
#define F 0100000

static void judges_what_happened_to_a_tree(void)
{
	static const struct {
		const char *name;
		struct token now; /* against what was recorded, settled */
		enum fresh_verdict unread;
	} rows[] = {
		{ "untouched", { 7, 99, M, C, B, F }, FRESH_YES },
		{ "bind mount: the same inode", { 7, 99, M, C, B, F }, FRESH_YES },
		{ "container layer: stamps cut to seconds, new inode and ctime",
		  { 8, 99, T0, T0 + 9 * S + ODD, 0, F },
		  FRESH_LOOK },
		{ "ostree: mtime 0", { 7, 99, 0, C, B, F }, FRESH_LOOK },
		{ "restored backup: old mtime, new inode and ctime",
		  { 9, 99, M, T0 + 3600 * S + ODD, B, F },
		  FRESH_LOOK },
		{ "rsync -t in place: the same size and mtime",
		  { 7, 99, M, T0 + 60 * S + ODD, B, F },
		  FRESH_LOOK },
		{ "hard link made: ctime alone",
		  { 7, 99, M, T0 + S + ODD, B, F },
		  FRESH_LOOK },
		{ "mtime set back", { 7, 99, T0 - S, T0 + S + ODD, B, F }, FRESH_LOOK },
		{ "mtime and ctime earlier: clock set back",
		  { 7, 99, T0 - S + ODD, T0 - S + ODD, B, F },
		  FRESH_LOOK },
		{ "one nanosecond later", { 7, 99, T0 + ODD + 1, C, B, F }, FRESH_LOOK },
		{ "one nanosecond earlier",
		  { 7, 99, T0 + ODD - 1, C, B, F },
		  FRESH_LOOK },
		{ "inode used again: other ctime",
		  { 7, 99, M, T0 + ODD + 1, B, F },
		  FRESH_LOOK },
		{ "inode used again: other btime",
		  { 7, 99, M, C, T0 + 6, F },
		  FRESH_LOOK },
		{ "btime no longer told", { 7, 99, M, C, 0, F }, FRESH_LOOK },
		{ "renamed over: other inode alone", { 8, 99, M, C, B, F }, FRESH_LOOK },
		{ "other size alone", { 7, 100, M, C, B, F }, FRESH_LOOK },
		{ "a directory now", { 7, 99, M, C, B, 0040000 }, FRESH_LOOK },
	};
	const struct token then = { 7, 99, M, C, B, F };

	for (size_t i = 0; i < N(rows); i++) {
		const struct token *now = &rows[i].now;

		T_ROW(rows[i].name);
		T(fresh_token_eq(&then, now) == (rows[i].unread == FRESH_YES));
		T(fresh_token_eq(now, &then) == (rows[i].unread == FRESH_YES));
		T(fresh_judge(&then, true, now, FRESH_UNREAD) == rows[i].unread);
		/* What is not settled proves nothing, and content decides alone. */
		T(fresh_judge(&then, false, now, FRESH_UNREAD) == FRESH_LOOK);
		for (int settled = 0; settled < 2; settled++) {
			T(fresh_judge(&then, settled, now, FRESH_EQUAL) == FRESH_YES);
			T(fresh_judge(&then, settled, now, FRESH_DIFFERS) == FRESH_NO);
		}
	}
}

/* clang-format off */
#define STAMPS(m, c) { .mtime_ns = (m), .ctime_ns = (c) }
/* clang-format on */

static void expect_wait(const struct token *t, int64_t now, bool trusted, int64_t wait)
{
	T(fresh_settled_local(t, now, trusted) == (wait == 0));
	T(fresh_wait_ns(t, now, trusted) == wait);
	if (wait > 0) { /* and it is just long enough */
		T(fresh_settled_local(t, now + wait, trusted));
		T(!fresh_settled_local(t, now + wait - 1, trusted));
	}
}

/* wait: 0 when settled at .now, -1 when no short wait helps; both for trusted stamps. */
static void settles_only_what_can_no_longer_change_unseen(void)
{
	static const struct {
		const char *name;
		struct token t;
		int64_t now;
		int64_t wait;
	} rows[] = {
		{ "long ago", STAMPS(T0 + ODD, T0 + ODD), T0 + 3600 * S, 0 },
		{ "a tick ago", STAMPS(T0 + ODD, T0 + ODD), T0 + ODD + 4 * MS, 0 },
		{ "the tick before, by 1 ns", STAMPS(T0 + ODD, T0 + ODD), T0 + ODD + 1,
		  0 },
		{ "the same tick", STAMPS(T0 + ODD, T0 + ODD), T0 + ODD, 1 },
		{ "the same tick, mtime older", STAMPS(T0, T0 + ODD), T0 + ODD, 1 },
		{ "the same tick, mtime alone", STAMPS(T0 + ODD, T0 + 5), T0 + ODD, 1 },
		{ "a fine stamp ahead of the tick", STAMPS(T0 + ODD, T0 + ODD),
		  T0 + ODD - 4 * MS, 4 * MS + 1 },
		{ "future: 30 ms to wait, still worth it", STAMPS(T0, T0 + ODD),
		  T0 + ODD - 30 * MS + 1, 30 * MS },
		{ "future: 30 ms and 1 ns", STAMPS(T0, T0 + ODD), T0 + ODD - 30 * MS,
		  -1 },
		{ "future: a day, by ctime (clock was ahead)",
		  STAMPS(T0, T0 + 86400 * S + ODD), T0, -1 },
		{ "future: a day, by mtime (touch -d)", STAMPS(T0 + 86400 * S, T0 + ODD),
		  T0 + S, -1 },
		{ "mtime 0 (ostree)", STAMPS(0, T0 + ODD), T0 + S, 0 },
		{ "mtime before the epoch", STAMPS(-5 * S, T0 + ODD), T0 + S, 0 },
		{ "mtime of a whole second (tar) and fine ctime", STAMPS(T0, T0 + ODD),
		  T0 + S, 0 },
		{ "1 s stamps: the same second", STAMPS(T0, T0), T0 + 900 * MS, -1 },
		{ "1 s stamps: the next second", STAMPS(T0, T0), T0 + S + 100 * MS, -1 },
		{ "2 s stamps: within the 2 s", STAMPS(T0, T0), T0 + 1999 * MS, -1 },
		{ "whole seconds: 2.1 s later", STAMPS(T0, T0), T0 + 2100 * MS, 1 },
		{ "whole seconds: 2.1 s and 1 ns", STAMPS(T0, T0), T0 + 2100 * MS + 1,
		  0 },
		{ "whole seconds: almost there", STAMPS(T0, T0), T0 + 2080 * MS,
		  20 * MS + 1 },
		{ "whole-second ctime under a fine mtime", STAMPS(T0 + ODD, T0), T0 + S,
		  -1 },
		{ "ctime 0 (image)", STAMPS(0, 0), T0, 0 },
		{ "ctime 1 ns short of 1 s", STAMPS(0, S - 1), T0, 0 },
		{ "ctime 1 s and a bit", STAMPS(0, S + 1), T0, 0 },
		{ "ctime before the epoch", STAMPS(T0, -S), T0 + 9 * S, 0 },
		{ "ctime out of range", STAMPS(T0, INT64_MIN), T0 + 9 * S, -1 },
		{ "mtime out of range", STAMPS(INT64_MIN, T0 + ODD), T0 + 9 * S, -1 },
		{ "mtime at the end of time", STAMPS(INT64_MAX, T0 + ODD), T0 + 9 * S,
		  -1 },
		{ "the end of time, whole seconds", STAMPS(INT64_MAX, T0), INT64_MAX,
		  -1 },
		{ "clock set back before the stamp", STAMPS(T0 + ODD, T0 + ODD), T0 - S,
		  -1 },
		{ "no clock", STAMPS(T0 + ODD, T0 + ODD), 0, -1 },
		{ "another mount's clock", STAMPS(T0 + ODD, T0 + ODD), INT64_MIN, -1 },
	};

	for (size_t i = 0; i < N(rows); i++) {
		const struct token *t = &rows[i].t;
		/* What builders of images make, and no kernel where stamps are fine. */
		bool made = t->ctime_ns % S == 0 || t->ctime_ns < S;

		T_ROW(rows[i].name);
		expect_wait(t, rows[i].now, true, rows[i].wait);
		expect_wait(t, rows[i].now, false, made ? -1 : rows[i].wait);
	}
}

static void tells_what_the_stamps_of_a_mount_are_worth(void)
{
	static const struct {
		const char *name;
		uint32_t magic;
		struct fresh_fs rw;
		enum fresh_doubt ro;
	} rows[] = {
		{ "ext4", 0xef53, { false, FRESH_NO_DOUBT }, FRESH_READ_ONLY },
		{ "xfs", 0x58465342, { false, FRESH_NO_DOUBT }, FRESH_READ_ONLY },
		{ "btrfs", 0x9123683e, { false, FRESH_NO_DOUBT }, FRESH_READ_ONLY },
		{ "tmpfs", 0x01021994, { false, FRESH_NO_DOUBT }, FRESH_READ_ONLY },
		{ "f2fs", 0xf2f52010, { false, FRESH_NO_DOUBT }, FRESH_READ_ONLY },
		{ "nfs", 0x6969, { true, FRESH_NO_DOUBT }, FRESH_READ_ONLY },
		{ "lustre", 0x0bd00bd0, { true, FRESH_NO_DOUBT }, FRESH_READ_ONLY },
		{ "cifs", 0xff534d42, { true, FRESH_NO_DOUBT }, FRESH_READ_ONLY },
		{ "smb2", 0xfe534d42, { true, FRESH_NO_DOUBT }, FRESH_READ_ONLY },
		{ "ceph", 0x00c36400, { true, FRESH_NO_DOUBT }, FRESH_READ_ONLY },
		{ "gpfs", 0x47504653, { true, FRESH_NO_DOUBT }, FRESH_READ_ONLY },
		{ "overlay", 0x794c7630, { false, FRESH_OVERLAY }, FRESH_OVERLAY },
		{ "squashfs", 0x73717368, { false, FRESH_READ_ONLY }, FRESH_READ_ONLY },
		{ "erofs", 0xe0f5e1e2, { false, FRESH_READ_ONLY }, FRESH_READ_ONLY },
		{ "iso9660", 0x9660, { false, FRESH_READ_ONLY }, FRESH_READ_ONLY },
		{ "zfs", 0x2fc12fc1, { false, FRESH_UNLISTED }, FRESH_UNLISTED },
		{ "bcachefs", 0xca451a4e, { false, FRESH_UNLISTED }, FRESH_UNLISTED },
		{ "FUSE", 0x65735546, { true, FRESH_UNLISTED }, FRESH_UNLISTED },
		{ "9p", 0x01021997, { true, FRESH_UNLISTED }, FRESH_UNLISTED },
		{ "vfat", 0x4d44, { true, FRESH_UNLISTED }, FRESH_UNLISTED },
		{ "what does not exist yet",
		  0,
		  { true, FRESH_UNLISTED },
		  FRESH_UNLISTED },
	};

	for (size_t i = 0; i < N(rows); i++) {
		struct fresh_fs rw = fresh_fs_of(rows[i].magic, false);
		struct fresh_fs ro = fresh_fs_of(rows[i].magic, true);

		T_ROW(rows[i].name);
		T(rw.remote == rows[i].rw.remote && rw.doubt == rows[i].rw.doubt);
		T(ro.remote == rows[i].rw.remote && ro.doubt == rows[i].ro);
	}
}

static void tells_how_far_apart_two_sightings_are(void)
{
	static const struct {
		const char *name;
		struct fresh_seen then, now;
		bool long_ago;
	} rows[] = {
		{ "one boot, 4 s", { 1, 10 * S, T0 }, { 1, 14 * S, T0 + 4 * S }, true },
		{ "one boot, 1 ns less",
		  { 1, 10 * S, T0 },
		  { 1, 14 * S - 1, T0 + 4 * S },
		  false },
		{ "one boot, the same moment",
		  { 1, 10 * S, T0 },
		  { 1, 10 * S, T0 },
		  false },
		{ "one boot, wall clock set ahead",
		  { 1, 10 * S, T0 },
		  { 1, 11 * S, T0 + 3600 * S },
		  false },
		{ "one boot, wall clock set back",
		  { 1, 10 * S, T0 },
		  { 1, 20 * S, T0 - 3600 * S },
		  true },
		{ "one boot, running backwards",
		  { 1, 20 * S, T0 },
		  { 1, 10 * S, T0 + 9 * S },
		  false },
		{ "a reboot, 4 s by the wall",
		  { 1, 90 * S, T0 },
		  { 2, 5 * S, T0 + 4 * S },
		  true },
		{ "a reboot, less by the wall",
		  { 1, 90 * S, T0 },
		  { 2, 99 * S, T0 + 4 * S - 1 },
		  false },
		{ "a reboot, clock set back by 4 s",
		  { 1, 90 * S, T0 },
		  { 2, 5 * S, T0 - 4 * S },
		  true },
		{ "a reboot, clock set back by less",
		  { 1, 90 * S, T0 },
		  { 2, 5 * S, T0 - 4 * S + 1 },
		  false },
		{ "boot unknown both times: the wall",
		  { 0, 10 * S, T0 },
		  { 0, 99 * S, T0 + S },
		  false },
		{ "boot unknown both times: 4 s",
		  { 0, 10 * S, T0 },
		  { 0, 1 * S, T0 + 4 * S },
		  true },
		{ "boot unknown once", { 1, 10 * S, T0 }, { 0, 99 * S, T0 + S }, false },
		{ "nonsense in a file",
		  { 1, INT64_MIN, INT64_MIN },
		  { 2, INT64_MAX, INT64_MAX },
		  true },
		{ "nonsense, one boot", { 1, INT64_MIN, 0 }, { 1, INT64_MAX, 0 }, true },
	};

	for (size_t i = 0; i < N(rows); i++) {
		T_ROW(rows[i].name);
		T(fresh_seen_long_ago(&rows[i].then, &rows[i].now) == rows[i].long_ago);
	}
}

int main(void)
{
	RUN(judges_what_happened_to_a_tree);
	RUN(settles_only_what_can_no_longer_change_unseen);
	RUN(tells_what_the_stamps_of_a_mount_are_worth);
	RUN(tells_how_far_apart_two_sightings_are);
	return t_done();
}
