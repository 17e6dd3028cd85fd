/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * roster.h - find the distribution of a view by its folder's name.
 *
 * A directory is usually listed in the order in which it was listed last, so
 * the guess "the same place as last time" is tried first; only when it fails is
 * a sorted table made.
 *
 * Used by: build.c, check.c.  Uses: view.h.
 */
#ifndef EPC_ROSTER_H
#define EPC_ROSTER_H

#include "view.h"

struct roster {
	const struct view *view; /* borrowed; may be NULL: nothing is ever found */
	uint32_t *by_name; /* owned; numbers of distributions by folder name, or NULL */
};

/*
 * roster_find - the distribution whose folder has this name
 * @guess:  number to try first; any
 *
 * Returns 1 with its number, 0, or -ENOMEM.
 */
must_check int roster_find(struct roster *r, struct span folder, uint32_t guess,
			   uint32_t *ret_dist);

void roster_release(struct roster *r);
#define auto_roster AUTO(roster_release)

#endif
