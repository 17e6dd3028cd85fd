/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * build.h - one directory, from the disk to the bytes of its cache file.
 *
 * One call without side effects besides reading below @dirfd, so that it can
 * run in a process of its own that may do nothing else.
 *
 * Used by: check.c, ctx.c.  Uses: index.h, scan.h, stamp.h, view.h.
 */
#ifndef EPC_BUILD_H
#define EPC_BUILD_H

#include "index.h"
#include "scan.h"
#include "view.h"

struct build_opts {
	struct scan_opts scan;
	uint32_t flags; /* of the header */
	const struct view
		*old; /* the last cache of the directory, for remote stamps; or NULL */
	struct fresh_seen now; /* stamp_seen(), for remote stamps */
	bool blank;            /* without tokens, so that they are no one system's */
};

/*
 * build_bytes - scan a directory and lay out its cache file
 * @dirfd:  the directory, opened O_RDONLY|O_DIRECTORY
 * @key:    its path, as keyed
 *
 * Returns 0, or the negative errno of scan_begin(), index_finish() or malloc.
 */
must_check int build_bytes(int dirfd, struct span key, const struct build_opts *opts,
			   char **ret_bytes, size_t *ret_n);

/*
 * build_item - put one scanned item, and its entries, into an index
 * @settled:  of the item's token
 */
must_check int build_item(struct index *ix, struct scan_item *item, bool settled);

#endif
