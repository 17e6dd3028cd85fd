/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * supervise.h - refresh directories, each read by a worker of its own.
 *
 * This process keeps the cache folder, the lock and the commit; it opens no directory
 * that a cache is for, and parses no text of anybody else.
 *
 * Used by: cmd-refresh.c, cmd-trigger.c.  Uses: crew.h, epcache.h.
 */
#ifndef EPC_SUPERVISE_H
#define EPC_SUPERVISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "epcache.h"
#include "sandbox.h"

struct supervise_opts {
	const char *user;  /* borrowed; who workers are, where this is root */
	unsigned limit_ms; /* for one directory */
	unsigned total_ms; /* for all; 0: no limit */
	size_t at_once;    /* workers */
	bool is_elsewhere; /* another root: its users are not this system's */
};

enum supervised {
	SUPERVISED_WRITTEN,
	SUPERVISED_UNCHANGED,
	SUPERVISED_SKIPPED, /* it is not for the worker's user to read: not cached */
	SUPERVISED_FAILED,
};

/* One directory. */
struct supervised_dir {
	const char *dir; /* borrowed */
	char *key;       /* owned; the name that readers know it by; NULL: .dir */
	unsigned flags;  /* EPC_REFRESH_* */
	bool is_silent;  /* its file system does not answer: it is not even asked again */
	unsigned failures; /* before this one, one after the other; 0 where none counts */
	int64_t again_s; /* not to be read before, since the epoch; 0: it is to be read */

	/* Set by supervise(). */
	enum supervised end;
	bool is_busy; /* somebody else holds the lock: an old file stays, also when failed */
	char *error;    /* owned; why, and what to do, when failed or skipped; or NULL */
	bool cost_time; /* its failure did, and would again */
	bool has_layers;
	unsigned layers; /* SANDBOX_*, of its worker */
	struct epc_refreshed found;
	double ms; /* from the start of its worker */
};

/* Who wants to know when a directory is begun, what was found in it, and when it is done. */
struct supervise_watch {
	void (*begin)(void *data, size_t i);
	void (*end)(void *data, size_t i);
	void *data;
	void (*found)(void *data, struct epc_image *image); /* verified; or NULL */
};

/*
 * supervise - refresh directories
 *
 * Readers never get the old answer of one that could not be read: its file is removed.
 */
void supervise(struct epc_ctx *ctx, const struct supervise_opts *opts,
	       struct supervised_dir *dirs, size_t nr,
	       const struct supervise_watch *watch);
void supervised_release(struct supervised_dir *dirs, size_t nr);

/* supervised_name - what others than who named it can find the directory by. */
const char *supervised_name(const struct supervised_dir *d);

#endif
