/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * select.h - merge the directories of a sys.path into one answer.
 *
 * The first distribution of a normalised name, in sys.path order, hides all
 * later ones, whether or not it has entry points; what is opaque counts only
 * if it is not hidden.
 *
 *     struct select s = select_init(dirs, nr, group);
 *     while (select_next(&s, &hit))
 *             ...
 *
 * Used by: answer.c.  Uses: view.h.
 */
#ifndef EPC_SELECT_H
#define EPC_SELECT_H

#include "view.h"

struct select_names;

/* One sys.path entry. */
struct select_dir {
	const struct view *view;          /* NULL: contributes nothing */
	const struct select_names *names; /* borrowed, the same for all; NULL: few */
	bool in_egg; /* as it stands on sys.path, EGG-INFO counts in it */
};

struct select {
	const struct select_dir *dirs; /* borrowed */
	size_t nr_dirs;
	struct span group; /* p == NULL: all */

	size_t dir;                /* where the next hit is looked for */
	uint32_t at, end;          /* members of the group, or places in the order */
	uint32_t entry, entry_end; /* all groups: entries of the present distribution */
	uint32_t dist;             /* looked at last */
	bool dist_counts;          /* and whether it takes part */
	bool started;              /* at and end are set for .dir */
};

struct select_hit {
	size_t dir;
	struct view_entry entry;
};

/*
 * select_names_new - which directory is the first to have each name
 * @dirs:  get it as their names; they must not change any more
 *
 * Without it each look-up asks every directory, which is faster for few, and quadratic
 * for many: for few nothing is made.
 * Returns 0 or -ENOMEM.
 */
must_check int select_names_new(struct select_dir *dirs, size_t nr_dirs,
				struct select_names **ret_names);
struct select_names *select_names_free(struct select_names *names);

struct select select_init(const struct select_dir *dirs, size_t nr_dirs,
			  struct span group);

/* select_next - the next entry in the answer's order; 1 or 0. */
int select_next(struct select *s, struct select_hit *ret_hit);

/* select_sees - is the distribution there for a reader whose sys.path says what is an egg? */
bool select_sees(const struct select_dir *dir, const struct view_dist *d);

/*
 * select_hidden_by - what keeps a distribution out of the answer
 *
 * Returns 1 with the distribution of the same name that comes before it, or 0.
 */
int select_hidden_by(const struct select_dir *dirs, size_t dir, uint32_t dist,
		     size_t *ret_dir, uint32_t *ret_dist);

/*
 * select_counts - does a distribution take part in the answer?
 *
 * It wins in its own directory, and no earlier directory has its name.
 */
bool select_counts(const struct select_dir *dirs, size_t dir, uint32_t dist);

#endif
