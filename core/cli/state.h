/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * state.h - what the last refresh by root came to: /var/lib/epcache/state.json.
 *
 * For people to look at: nothing depends on it, and that it cannot be written or read
 * is no failure.
 *
 * Used by: cmd-refresh.c, cmd-trigger.c, cmd-status.c, state-show.c, seen.c.
 * Uses: supervise.h, epcache.h, store.h.
 * Spec: epcache(1), "FILES"
 */
#ifndef EPC_STATE_H
#define EPC_STATE_H

#include <cjson/cJSON.h>

#include "supervise.h"

#define STATE_MAX (16 << 20) /* bytes of a file; a larger one is not read */
#define STATE_FOLDER "/var/lib/epcache"

/*
 * state_keep - write down what a refresh by root came to
 * @by:  what was run: "refresh", "trigger rpm"
 *
 * One that found nothing to do after one that went well leaves the file as it is.
 */
void state_keep(const struct epc_ctx *ctx, const char *by,
		const struct supervised_dir *dirs, size_t nr);

/* state_result - "written", "unchanged", "skipped", "failed". */
const char *state_result(enum supervised end);

/*
 * state_load - what is written down, as it is: an object with "last_refresh"
 *
 * Of a file that root or the caller owns, and nobody else may write.  NULL: there is
 * none.  To be given to cJSON_Delete().
 */
cJSON *state_load(const struct epc_ctx *ctx);

/*
 * state_of - what the last refresh made of one directory
 * @state:  of state_load(), or NULL
 *
 * A new object: time, by, result, error, layers, missing; null when it was not among
 * its directories.  NULL when out of memory.
 */
cJSON *state_of(const cJSON *state, struct epc_str dir);

/* state_skipped - was the directory not for the workers of the last refresh to read? */
bool state_skipped(const cJSON *state, struct epc_str dir);

/*
 * state_take_pause - take over from a row what a directory has failed in before
 * @state:  of state_load(), or NULL
 *
 * Sets .failures, and .again_s while it is not to be tried.
 */
void state_take_pause(const cJSON *state, struct supervised_dir *d);

/*
 * state_folder - the open folder that state.json is in, made where it is missing
 *
 * Negative when it is not root's alone.
 */
int state_folder(const struct epc_ctx *ctx);

/* state_read - as state_load(), of another file there. */
cJSON *state_read(const struct epc_ctx *ctx, const char *name);

/* state_write - replace a file there; where that fails, it is as it was. */
void state_write(int folder, const char *name, const char *text);

/* state_time - now, as it is written down; SOURCE_DATE_EPOCH goes before the clock. */
cJSON *state_time(void);

/* state_print - the last refresh in a line for people, and what of a sandbox it lacked. */
void state_print(const cJSON *state);

#endif
