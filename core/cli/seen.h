/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * seen.h - what each action saw last, and what came of it.
 *
 * /var/lib/epcache/actions.json has a row for each action.  The cache files that it was
 * told of are in seen/ beside that, each once, by their digests: so a change can be told
 * that is of several refreshes, and one that nothing is left of.
 *
 *     auto_seen struct seen seen = SEEN_INIT;
 *     r = seen_open(&seen, ctx, 0);                 the only one who runs actions
 *     row = seen_row(&seen, "50-name");
 *     seen_keep(&seen, &digest, image);             then: seen_told(row, ...)
 *     seen_save(&seen);
 *
 * Used by: engine.c, cmd-actions.c, actions-show.c.  Uses: digest.h, state.h, store.h.
 * Spec: epcache-action(5), "FILES"
 */
#ifndef EPC_SEEN_H
#define EPC_SEEN_H

#include <cjson/cJSON.h>

#include "auto.h"
#include "digest.h"
#include "epcache.h"

#define SEEN_FOLDER "/var/lib/epcache/seen"

struct seen {
	const struct epc_ctx *ctx; /* borrowed */
	cJSON *all;                /* owned; an object, by the names of actions */
	int folder;                /* owned; of the file */
	int files;                 /* owned; SEEN_FOLDER */
	int lock;                  /* owned */
};

#define SEEN_INIT ((struct seen){ .folder = -1, .files = -1, .lock = -1 })

/*
 * seen_open - load what was seen, as the only one who runs actions
 * @wait_ms:  for another one, at most; negative: only to look, beside whoever runs them
 *
 * Returns 0, EPC_BUSY, or a negative errno.
 */
must_check int seen_open(struct seen *seen, const struct epc_ctx *ctx, int wait_ms);
void seen_release(struct seen *seen);
#define auto_seen AUTO(seen_release)

/*
 * seen_load - only to look: all rows, or NULL when there is no file to be believed
 *
 * To be given to cJSON_Delete().
 */
cJSON *seen_load(const struct epc_ctx *ctx);

/* seen_row - of one action, made where there is none; NULL when out of memory. */
cJSON *seen_row(struct seen *seen, const char *action);

/* seen_keep - have the bytes of a cache file, for as long as a row names them. */
must_check int seen_keep(struct seen *seen, const struct digest *digest,
			 const struct epc_image *image);

/* seen_of - what a row has of a directory; "": nothing. */
struct digest seen_of(const cJSON *row, const char *dir_key);

/* seen_drop - remove files that no row names. */
void seen_drop(struct seen *seen);

/* seen_save - write the rows down. */
void seen_save(struct seen *seen);

#endif
