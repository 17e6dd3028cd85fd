/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * versions.h - which Python 3 it is, from names such as "python3.13t".
 *
 *     struct versions v = { 0 };
 *     versions_list(&v, ctx, "/usr/lib");
 *     while (versions_next(&v, &at, &one))
 *             printf("python%s\n", one.text);
 *
 * Used by: python.c.  Uses: msg.h.
 */
#ifndef EPC_VERSIONS_H
#define EPC_VERSIONS_H

#include "epcache.h"

#define MINOR_END 100 /* of the versions that are looked for: 3.0 to 3.99 */

/* One version; "t" is that of a free-threaded build, whose folders are its own. */
struct version {
	char text[8]; /* "3.13", "3.13t" */
};

struct versions {
	bool has[MINOR_END][2]; /* by minor version, and whether free-threaded */
};

/*
 * version_of - the version in the name of an interpreter
 *
 * Of "python3.13t", and of names that say more: RHEL 8 has "platform-python3.6".
 * False when there is none.
 */
bool version_of(const char *name, struct version *ret);

/*
 * versions_is_missing - is nothing there, by what opening it came to?
 * @r:  a descriptor, or a negative errno
 *
 * Says so where it cannot be told: such an error is not to pass for an absence.
 */
bool versions_is_missing(const char *path, int r);

/* versions_list - add those that have a folder "python3.N" in a directory, if it is there. */
void versions_list(struct versions *v, struct epc_ctx *ctx, const char *dir);

/* versions_next - the next one, from *@at on, which starts at 0; false at the end. */
bool versions_next(const struct versions *v, size_t *at, struct version *ret);

#endif
