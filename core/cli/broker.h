/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * broker.h - a process without rights that asks the helpers of package managers.
 *
 * Reads paths, each ended by NUL, to the end; then writes for each BROKER_KNOWN, the
 * names of packages, and NUL, or BROKER_UNKNOWN and NUL; and at last why some are not
 * known, and NUL.
 *
 * Used by: owners.c.  Uses: drop.h, nobody.h, epcache.h.
 * Spec: epcache(1), "owner"
 */
#ifndef EPC_BROKER_H
#define EPC_BROKER_H

#include "epcache.h"

#define BROKER_KNOWN 'k'
#define BROKER_UNKNOWN 'u'

/* broker_run - be that process: answer once, and end. */
_Noreturn void broker_run(const struct epc_ctx *ctx, const char *root, int in, int out);

#endif
