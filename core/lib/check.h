/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * check.h - does a cache file still describe its directory?
 *
 * Compares tokens, and content where they do not settle it; nothing is believed
 * that was not either.  Where the cache is right but not the whole answer for
 * this reader (the listing comes in another order; a private item that this
 * reader may read), it makes the bytes that are, in memory.
 *
 * Used by: ctx.c.  Uses: build.h, fresh.h, scan.h, stamp.h, view.h.
 */
#ifndef EPC_CHECK_H
#define EPC_CHECK_H

#include "build.h"
#include "view.h"

enum check_outcome {
	CHECK_FRESH = 0,   /* the view holds */
	CHECK_AMENDED = 1, /* it holds once amended: ret_bytes are to be used instead */
	CHECK_STALE = 2,   /* the directory has changed */
};

/* What a check found besides, for a refresh. */
struct check_report {
	struct fresh_fs fs; /* of the mount as it is now */
	bool unsettled;     /* a refresh may settle a token, or has one to record */
	bool other_names;   /* it is stale since the directory has others */
};

/*
 * check_strict - look at the directory and at each text's token
 * @v:      view of the cache file
 * @dirfd:  the directory, opened O_RDONLY|O_DIRECTORY; its offset may move
 * @opts:   how an item that must be read is read
 *
 * Returns an enum check_outcome, or a negative errno; the report is set in any case.
 */
must_check int check_strict(const struct view *v, int dirfd, const struct scan_opts *opts,
			    char **ret_bytes, size_t *ret_n,
			    struct check_report *ret_report);

/*
 * check_fast - look at the directory's token alone, whatever mount it is on
 *
 * Where that does not settle it, the same as check_strict().
 */
must_check int check_fast(const struct view *v, int dirfd, const struct scan_opts *opts,
			  char **ret_bytes, size_t *ret_n,
			  struct check_report *ret_report);

#endif
