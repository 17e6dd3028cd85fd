/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * start.h - have the actions run after a refresh, without making it wait for nothing.
 *
 * Used by: cmd-refresh.c, cmd-trigger.c.  Uses: conf.h, engine.h, supervise.h.
 * Spec: epcache-action(5), "WHEN ACTIONS RUN"
 */
#ifndef EPC_START_H
#define EPC_START_H

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"
#include "epcache.h"
#include "supervise.h"

/* start_wanted - was anything published that actions may be told of? */
bool start_wanted(const struct supervised_dir *dirs, size_t nr);

/*
 * start_actions - by systemd where that runs, and then not waited for; else by a process
 * of ours, for ENGINE_TOTAL_MS and the time to end
 *
 * To be called without any lock.  Nothing is run for another root, whose programs are
 * not this system's to run; nor within an action; nor by other users than root.  Says
 * which actions failed.
 */
void start_actions(struct epc_ctx *ctx, const struct conf *conf);

#endif
