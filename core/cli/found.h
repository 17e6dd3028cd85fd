/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * found.h - distributions, and which packages own them.
 *
 *     AUTO(found_release) struct found_list l = { 0 };
 *     found_add_dir(&l, ctx, "/usr/lib/python3/dist-packages", NULL);
 *     if (found_ask(&l, &own) == 0)
 *             owner = owners_of(&own, 0);      of l.at[0]
 *
 * Used by: cmd-owner.c, cmd-status.c.  Uses: out.h, owners.h, msg.h.
 */
#ifndef EPC_FOUND_H
#define EPC_FOUND_H

#include <stdbool.h>
#include <stddef.h>

#include "epcache.h"
#include "out.h"
#include "owners.h"

/* A distribution whose owner is asked for. */
struct found {
	char *dir, *path;     /* owned; the path is that of its metadata folder */
	char *name, *version; /* owned; name, version NULL: not known */
};

struct found_list {
	struct found *at; /* owned */
	size_t nr;
	bool failed; /* out of memory */
};

void found_release(struct found_list *l);

/* found_add - one of a directory; name_version are its name and its version. */
void found_add(struct found_list *l, const char *dir, struct epc_str folder,
	       const struct epc_str name_version[2]);

/*
 * found_add_dir - the distributions of a directory, read live
 * @name:  only those of this name; NULL: all
 *
 * A directory that is not there has none; that one cannot be read is said.
 */
void found_add_dir(struct found_list *l, struct epc_ctx *ctx, const char *dir,
		   const char *name);

/* found_ask - who owns them?  As owners_ask(); the answers are in the order of the list. */
int found_ask(const struct found_list *l, struct owners *own);

/* found_json - as "distribution" of query --json; NULL when out of memory. */
cJSON *found_json(const struct found *f);

/* found_title - "NAME VERSION", which the caller frees; NULL when out of memory. */
char *found_title(const struct found *f);

#endif
