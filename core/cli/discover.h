/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * discover.h - find directories without looking at any.
 *
 * Whoever refreshes, or runs actions, waits for no file system but those of the cache and
 * the configuration: a child looks, see watched.h.
 *
 * Used by: cmd-refresh.c, cmd-trigger.c, sites.c.  Uses: watched.h, dirs.h.
 */
#ifndef EPC_DISCOVER_H
#define EPC_DISCOVER_H

#include "conf.h"
#include "dirs.h"

/* What is to be found; its messages are the finder's to print. */
struct discovery {
	struct epc_ctx *ctx; /* borrowed */
	/* Not negative where it has found all that there is, which may be nothing. */
	int (*find)(struct epc_ctx *ctx, const void *data, struct dirs *d);
	const void *data; /* borrowed */
};

/*
 * discover - find directories, and what dirs_note() tells of each
 *
 * What does not answer is among them where it may be there.  0, or -1, and said why.
 */
int discover(const struct discovery *what, struct dirs *d);

/* discover_system - those of system_dirs(). */
int discover_system(struct epc_ctx *ctx, const struct conf *conf, struct dirs *d);

#endif
