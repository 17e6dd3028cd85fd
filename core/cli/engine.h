/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * engine.h - run the registered actions that something has changed for.
 *
 * In the order of their names, one at a time, each compared with what it saw last.
 * This process keeps the lock, what was seen, and what is published; it parses no text
 * but registrations: what changed is found by a differ, and actions are run by a runner.
 *
 *     auto_engine struct engine e = { .ctx = ctx, .conf = &conf };
 *     r = engine_run(&e);
 *     for (i = 0; i < e.nr; i++)
 *             tell(&e.rows[i]);
 *
 * Used by: cmd-actions.c, start.c.  Uses: actions.h, conf.h, differ.h, runner.h, seen.h.
 * Spec: epcache-action(5)
 */
#ifndef EPC_ENGINE_H
#define EPC_ENGINE_H

#include "auto.h"
#include "conf.h"
#include "epcache.h"

#define ENGINE_TOTAL_MS 90000 /* for all actions */
#define ENGINE_FAILURES 3     /* in a row, and an action is not run any more */

enum engine_end {
	ENGINE_UNCHANGED,     /* nothing that it is to be told of */
	ENGINE_DONE,          /* it was run, and did well */
	ENGINE_WOULD_RUN,     /* dry run */
	ENGINE_FAILED,        /* it was run; .why */
	ENGINE_NOT_RUN,       /* it could not be; .why */
	ENGINE_NOT_CONTAINED, /* the same, always and for all: this system contains nothing */
	ENGINE_QUARANTINED, /* it failed too often */
};

/* What came of one action; again, when it was run once more. */
struct engine_row {
	char *name; /* owned */
	enum engine_end end;
	char *why;   /* owned; or NULL */
	unsigned ms; /* how long it ran */
};

struct engine {
	struct epc_ctx *ctx;     /* borrowed */
	const struct conf *conf; /* borrowed */
	const char *only;        /* borrowed; the name of the only one to run, or NULL */
	bool force;   /* also what is unchanged, or in quarantine; with .only */
	bool dry_run; /* only find out what would be run */
	int wait_ms;  /* for another engine, at most */

	/* Set by engine_run(). */
	struct engine_row *rows; /* owned */
	size_t nr;
};

/*
 * engine_run - run what is to be run
 *
 * What changes meanwhile is looked at as well, by all actions: who finds another engine
 * at work need not come again.  Returns 0; EPC_BUSY; EPC_ABSENT when there is no action .only; or a
 * negative errno.  Says what is wrong with registrations.
 */
must_check int engine_run(struct engine *e);
void engine_release(struct engine *e);
#define auto_engine AUTO(engine_release)

/* engine_end_name - "unchanged", "done", "would run", ... */
const char *engine_end_name(enum engine_end end);

#endif
