/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * outputs.h - what filters publish: /var/cache/epcache/actions/NAME.
 *
 * Used by: engine.c.  Uses: epcache.h, store.h.
 * Spec: epcache-action(5)
 */
#ifndef EPC_OUTPUTS_H
#define EPC_OUTPUTS_H

#include <stdbool.h>

#include "actions.h"
#include "auto.h"
#include "epcache.h"

/*
 * outputs_open - the folder that they are in, made where it is missing
 *
 * Returns a descriptor, or a negative errno; -EPERM when others than the caller may
 * change what is there.
 */
must_check int outputs_open(struct epc_ctx *ctx);

/* outputs_publish - replace one, unless it is these bytes already; 0 or a negative errno. */
must_check int outputs_publish(const struct epc_ctx *ctx, int folder, const char *name,
			       struct span bytes);

/* outputs_has - is one there, that readers believe? */
bool outputs_has(const struct epc_ctx *ctx, const char *name);

/* outputs_sweep - remove those of names that are not registered, or masked. */
void outputs_sweep(int folder, const struct actions *all);

#endif
