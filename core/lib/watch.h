/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * watch.h - which directory a process is looking at, for another that watches it.
 *
 * A file system that does not answer holds whoever asks it, whatever signal is sent.  So
 * one process looks, and says in memory that both share what it is about to look at;
 * the other one ends it when it does not get on, and starts another, which is to leave
 * out that directory.
 *
 * Used by: ctx.c, dir.c, clean.c, core/cli/watched.c.  Uses: nothing.
 */
#ifndef EPC_WATCH_H
#define EPC_WATCH_H

#include <limits.h>
#include <stddef.h>

struct epc_ctx;

#define WATCH_MAX 32

struct epc_watch {
	char at[PATH_MAX]; /* what is being looked at; it may be longer than that */
	char silent[WATCH_MAX][PATH_MAX]; /* what did not answer, and all beneath it */
	size_t nr_silent;
};

/* epc_ctx_set_watch - @watch outlives the context; NULL: nobody watches, the default. */
void epc_ctx_set_watch(struct epc_ctx *ctx, struct epc_watch *watch);

/*
 * ctx_look - say that something is about to be looked at
 *
 * Returns 0, or -ETIMEDOUT for what did not answer another process.
 */
int ctx_look(const struct epc_ctx *ctx, const char *path);

#endif
