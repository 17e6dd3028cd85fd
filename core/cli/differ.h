/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * differ.h - a process without rights that finds what changed, and makes the JSON of it.
 *
 *   engine (root) ── forks ──► differ (User=, sandboxed; reads below one folder)
 *        ▲   one byte, and the JSON: a pipe, nothing else
 *
 * Used by: engine.c.  Uses: change.h, digest.h, sandbox.h.
 */
#ifndef EPC_DIFFER_H
#define EPC_DIFFER_H

#include "action.h"
#include "digest.h"
#include "epcache.h"
#include "sandbox.h"

#define DIFFER_MS 10000        /* for one action */
#define DIFFER_MAX (64u << 20) /* bytes of JSON */

/* One directory. */
struct differ_dir {
	struct digest
		before; /* the file of this name is of what was seen last; "": none */
	struct epc_image *after; /* borrowed; NULL: it has no cache any more */
};

struct differ_task {
	const struct epc_ctx *ctx;   /* borrowed */
	const struct action *action; /* borrowed; who is told, of which groups */
	const struct differ_dir *dirs;
	size_t nr;
	const char *folder; /* borrowed; path of what was seen */
	int folder_fd;      /* borrowed; the same, open */
	struct sandbox_who who;
};

/* What came of it. */
struct differ_result {
	bool is_relevant; /* something changed that the action is to be told of */
	char *json;       /* owned */
	size_t n;         /* bytes */
};

/*
 * differ_run - find what changed
 * @ret:  .json is the caller's to free, with 0 only
 *
 * What was seen, and cannot be read any more, counts as not seen.  Returns 0; -ETIME;
 * -EFBIG; -EPROTO when the process ended early; or a negative errno.
 */
must_check int differ_run(const struct differ_task *task, struct differ_result *ret);

#endif
