/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * owners.h - which packages own a path, asked of the package managers, live.
 *
 *     owners_start(&own, ctx, o->root);      first: later this process may start no other
 *     owners_ask(&own, paths, nr);
 *     owners_of(&own, i)                     of the i-th path
 *
 * A process of its own, with the rights of nobody, starts the helpers; each of them
 * knows one package manager.
 *
 * Used by: found.c, cmd-query.c, cmd-owner.c, cmd-status.c.  Uses: drop.h, nobody.h, msg.h.
 */
#ifndef EPC_OWNERS_H
#define EPC_OWNERS_H

#include <stdbool.h>
#include <sys/types.h>

#include "epcache.h"

struct owners {
	int ask, answer; /* owned; pipes; -1: not started */
	char *text;      /* owned; the answers */
	char **of;       /* owned; borrowed from the text: one a path; NULL: unknown */
	size_t nr;
};

#define OWNERS_INIT ((struct owners){ .ask = -1, .answer = -1 })

/*
 * owners_start - start the process that is to be asked
 * @root:  the system in this folder, or NULL
 *
 * Returns 0, or -1, and said so.
 */
int owners_start(struct owners *own, const struct epc_ctx *ctx, const char *root);

/*
 * owners_ask - ask for paths, once
 *
 * Why something is not known is said, once.  Returns 0, or -1 when out of memory, and
 * said so.
 */
int owners_ask(struct owners *own, const char *const *paths, size_t nr);

/* owners_of - "" for a path that no package owns, "a, b"; NULL: not known. */
const char *owners_of(const struct owners *own, size_t i);

void owners_release(struct owners *own);
#define auto_owners __attribute__((cleanup(owners_release)))

#endif
