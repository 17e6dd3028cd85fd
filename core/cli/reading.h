/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reading.h - questions to the library, in a sandbox where they read other people's files.
 *
 * Used by: cmd-query.c, cmd-explain.c, cmd-status.c, cmd-verify.c, cmd-dump.c.
 * Uses: dirs.h, sandbox.h.
 */
#ifndef EPC_READING_H
#define EPC_READING_H

#include "dirs.h"
#include "epcache.h"

/*
 * reading_query - epc_query(), in the sandbox as soon as a directory has to be read live
 *
 * What the caches answer costs no sandbox.  Afterwards this process may be one that can
 * only read and print.
 */
int reading_query(struct epc_ctx *ctx, const struct dirs *path, const char *group,
		  const char *name, struct epc_answer **ret_answer);

/* reading_allow - a descriptor that may be written into from in there; -1: none. */
void reading_allow(int fd);

#endif
