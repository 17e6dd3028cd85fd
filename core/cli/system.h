/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * system.h - the directories that root keeps caches of.
 *
 * Used by: cmd-refresh.c, cmd-trigger.c, target.c.  Uses: conf.h, python.h.
 */
#ifndef EPC_SYSTEM_H
#define EPC_SYSTEM_H

#include "conf.h"
#include "dirs.h"

/*
 * system_dirs - those of scripts, of every Python, and of Directory=, without Exclude=
 *
 * What a script finds on its sys.path, in this order: its own directory comes first.
 * A Directory= that does not exist is passed over: a distribution may name what not
 * every machine has.  Returns 0; 1, and no directory, when there is neither a Python
 * nor a Directory=: a refresh has nothing to do there; or -1, when it has said why.
 */
int system_dirs(struct epc_ctx *ctx, const struct conf *conf, struct dirs *d);

/*
 * system_missing - after system_dirs(): add each Directory= that it has passed over
 *
 * Returns 0, or -1 when out of memory, and said so.
 */
int system_missing(const struct conf *conf, struct dirs *d);

#endif
