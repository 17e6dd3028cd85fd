/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fresh.h - is what was recorded still what is there?  Pure functions.
 *
 * Tokens are the accelerator, content is the truth.  A token identifies one
 * state of one file or directory; it is taken before reading what it stands
 * for.  Equal and settled means unchanged; anything else means that the content
 * has to be compared, and only content that differs means stale.  Tokens are
 * compared for equality only: nothing here asks which is older, and no reader
 * looks at a clock.
 *
 * A token is settled when no later change could leave it as it is.  Only the
 * writer decides that, from the time at which the token was taken.  A settled token
 * decides only on a mount whose stamps this system's kernel makes and that cover all
 * that an answer depends on; the reader judges the mount that it finds.
 *
 * Used by: stamp.c, scan.c, check.c, index.c, view.c.  Uses: nothing.
 */
#ifndef EPC_FRESH_H
#define EPC_FRESH_H

#include <stdbool.h>
#include <stdint.h>

/* One state of one inode.  st_dev is left out: it changes over reboots and on NFS. */
struct token {
	uint64_t ino;
	uint64_t size;    /* bytes */
	int64_t mtime_ns; /* since the epoch; INT64_MIN when out of range */
	int64_t ctime_ns;
	int64_t btime_ns; /* 0 where the file system has none */
	uint32_t type;    /* st_mode & S_IFMT */
};

/* Why the stamps of a mount do not decide. */
enum fresh_doubt {
	FRESH_NO_DOUBT, /* they do */
	FRESH_OVERLAY,  /* a merged directory shows the stamps of its upper layer alone */
	FRESH_READ_ONLY, /* they may be an image builder's, and recur in the next image */
	FRESH_UNLISTED,  /* FUSE, and whatever else is not known to cover everything */
};

/* What the stamps of a mount are worth. */
struct fresh_fs {
	bool remote; /* another clock makes them: they settle when two scans have seen them */
	enum fresh_doubt doubt;
};

#define FRESH_LOCAL ((struct fresh_fs){ .remote = false })
#define FRESH_REMOTE ((struct fresh_fs){ .remote = true })

/* What is known of the content, once it has been looked at. */
enum fresh_content { FRESH_UNREAD, FRESH_EQUAL, FRESH_DIFFERS };

enum fresh_verdict {
	FRESH_YES,  /* unchanged */
	FRESH_LOOK, /* the tokens do not settle it: compare the content */
	FRESH_NO,   /* changed */
};

/* When an earlier scan saw a token, on the clocks of the machine that scanned. */
struct fresh_seen {
	uint64_t boot;   /* hash of the boot id; 0: unknown */
	int64_t boot_ns; /* CLOCK_BOOTTIME */
	int64_t wall_ns; /* CLOCK_REALTIME */
};

/* FAT stores 2 s, ext4 with 128-byte inodes 1 s. */
#define FRESH_COARSE_NS INT64_C(2100000000)
/* Three ticks at HZ=100: what a writer may wait, once, for its tokens to settle. */
#define FRESH_TICK_WAIT_NS INT64_C(30000000)
/* Between two sightings on a remote file system. */
#define FRESH_REMOTE_AGE_NS INT64_C(4000000000)

/*
 * fresh_fs_of - what the stamps of a mount are worth
 * @magic:      f_type of statfs(2)
 * @read_only:  ST_RDONLY of it
 *
 * A list of what may be relied on: everything else is FRESH_UNLISTED.
 */
struct fresh_fs fresh_fs_of(uint32_t magic, bool read_only);

bool fresh_token_eq(const struct token *a, const struct token *b);

/*
 * fresh_judge - may a recorded token stand for what is there now?
 * @recorded:  as stored
 * @settled:   as stored with it
 * @now:       taken just now
 * @content:   the outcome of comparing the content, FRESH_UNREAD before
 */
enum fresh_verdict fresh_judge(const struct token *recorded, bool settled,
			       const struct token *now, enum fresh_content content);

/*
 * fresh_settled_local - can no later change leave this token as it is?
 * @t:          a token from a local file system
 * @before_ns:  CLOCK_REALTIME_COARSE as read before the token was taken
 * @trusted:    an administrator vouches for the stamps, whoever made them
 *
 * True when both stamps lie before the tick in which the token was taken: any
 * later change is stamped with that tick or a later one.  A stamp in the future and
 * one out of range never settle.  Neither does a ctime of whole seconds or of the
 * first second of the epoch, which no kernel makes where stamps have nanoseconds but
 * every builder of images does (mtime may be either: utimes(2) sets it).  Trusted,
 * these do as well, whole seconds after 2.1 s.
 */
bool fresh_settled_local(const struct token *t, int64_t before_ns, bool trusted);

/*
 * fresh_wait_ns - how long until a local token can be settled
 *
 * Returns 0 when it can be now, the nanoseconds to wait when that is at most
 * FRESH_TICK_WAIT_NS, and -1 when waiting would not help or takes longer.
 */
int64_t fresh_wait_ns(const struct token *t, int64_t now_ns, bool trusted);

/*
 * fresh_seen_long_ago - are two sightings at least FRESH_REMOTE_AGE_NS apart?
 *
 * Within one boot CLOCK_BOOTTIME decides, which cannot be set.  Over a reboot,
 * or where the boot is unknown, the wall clocks must differ by as much, in
 * either direction.
 */
bool fresh_seen_long_ago(const struct fresh_seen *then, const struct fresh_seen *now);

#endif
