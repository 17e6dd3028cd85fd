/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * change.h - what has changed in directories, and what they hold now, as JSON.
 *
 * Works on cache files that are in memory, and prints; no other I/O.
 *
 *     const struct change c = { "50-name", NULL, dirs, nr };
 *     r = change_write(&c, stream, &is_relevant);
 *
 * Used by: differ.c, tests/fuzz/fuzz-change.c.
 * Uses: out.h, epcache.h.
 * Spec: epcache-action(5), "THE CHANGE"; core/actions/change.schema.json
 */
#ifndef EPC_CHANGE_H
#define EPC_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "auto.h"
#include "epcache.h"

#define CHANGE_API 1 /* "api"; a member that goes or means something else makes it 2 */

/* One directory; no image: it was, or is, not cached. */
struct change_dir {
	struct epc_str path;              /* borrowed */
	struct epc_image *before, *after; /* borrowed; each may be NULL */
};

struct change {
	const char *action; /* borrowed; the name of who is told */
	char *const
		*groups; /* borrowed; ends with NULL; NULL: any group is of interest */
	const struct change_dir *dirs; /* borrowed */
	size_t nr;
};

/*
 * change_write - print it as one JSON object and a line end
 * @ret_relevant:  whether something changed that is of interest
 *
 * Distributions that another one of their directory hides are left out.
 * Returns 0, -ENOMEM, or -EIO when the stream failed.
 */
must_check int change_write(const struct change *c, FILE *out, bool *ret_relevant);

#endif
