/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * actions-show.h - the registered actions, and what came of them, for people and JSON.
 *
 * Used by: cmd-actions.c, cmd-status.c.  Uses: actions.h, seen.h, out.h.
 */
#ifndef EPC_ACTIONS_SHOW_H
#define EPC_ACTIONS_SHOW_H

#include <stdbool.h>

#include "actions.h"
#include "out.h"

/* actions_show - a row for each; @is_verbose: with what they said, too.  False: failed. */
bool actions_show(const struct epc_ctx *ctx, const struct actions *all, bool is_verbose);

/* actions_show_json - the same as a JSON array. */
bool actions_show_json(const struct epc_ctx *ctx, const struct actions *all);

/* actions_show_trouble - a line for each that failed last, or is in quarantine. */
void actions_show_trouble(const struct epc_ctx *ctx, const struct actions *all);

/* actions_trouble_json - the same as a JSON array, the caller's; NULL without memory. */
cJSON *actions_trouble_json(const struct epc_ctx *ctx, const struct actions *all);

#endif
