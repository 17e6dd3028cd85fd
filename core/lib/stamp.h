/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stamp.h - take tokens: the file-system side of fresh.h.
 *
 * Used by: scan.c, check.c, ctx.c.  Uses: fresh.h.
 */
#ifndef EPC_STAMP_H
#define EPC_STAMP_H

#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "auto.h"
#include "fresh.h"

/*
 * stamp_fs - what the stamps of the mount are worth that a descriptor is on
 *
 * One fstatfs(2), which tells of the mount as it is now.
 */
struct fresh_fs stamp_fs(int fd);

/*
 * stamp_fs_below - the same for who settles tokens
 *
 * Where a mount is read-only and the file system is not, as in a sandbox of systemd's,
 * the kernel makes the stamps all the same.  Reads /proc; readers do without.
 */
struct fresh_fs stamp_fs_below(int fd);

/* A token, and what else statx(2) tells in the same call. */
struct stamp {
	struct token token;
	mode_t mode;
	uid_t uid;
	uint64_t mount; /* which mount it lies on; 0 where the kernel does not tell */
};

/* stamp_of - what fstat(2) tells; no btime and no mount. */
struct stamp stamp_of(const struct stat *st);

/*
 * stamp_at - take the token of a name below a directory, links followed
 * @dirfd:  an open directory or file
 * @name:   relative path; "" for @dirfd itself
 * @fs:     of @dirfd; where that is not sure to be local, a server is asked, past
 *          attribute caches
 *
 * Uses statx(2), and fstatat(2) (btime then 0) where a filter refuses that.
 * Returns 0 or the negative errno of the call.
 */
must_check int stamp_at(int dirfd, const char *name, struct fresh_fs fs,
			struct stamp *ret_stamp);

/* stamp_now_ns - CLOCK_REALTIME_COARSE, the clock that stamps files. */
int64_t stamp_now_ns(void);

/*
 * stamp_wait - sleep until the coarse clock has moved on
 * @ns:  by how much, as fresh_wait_ns() returned it
 *
 * Sleeps for FRESH_TICK_WAIT_NS at most, also when the clock is set meanwhile.
 */
void stamp_wait(int64_t ns);

/* stamp_seen - the present moment, for fresh_seen_long_ago(); reads the boot id. */
struct fresh_seen stamp_seen(void);

#endif
