/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * watched.h - look at directories that may not answer.
 *
 * The looking goes on in a child.  Where one directory holds it, it is ended and done
 * again without that one, so that what it does has to be without effect until its end.
 *
 *     const struct child_task task = { look, &looking, .stuck_ms = WATCHED_MS };
 *     r = watched_ask(&task, &answer);
 *
 * Used by: main.c, opt.c, discover.c.  Uses: child.h, core/lib/watch.h.
 */
#ifndef EPC_WATCHED_H
#define EPC_WATCHED_H

#include <stdbool.h>
#include <stddef.h>

#include "child.h"
#include "watch.h"

#define WATCHED_MS \
	8000 /* that a directory is given to answer in, the first one that does not */

/*
 * watched_ask - as child_ask(), and again without each directory that does not answer
 *
 * What did not answer once is not asked again by this process.  What the child prints
 * is printed here, once it has ended: one that is held for ever holds no pipe.
 */
int watched_ask(const struct child_task *task, struct child_answer *ret);

/*
 * watched_begin - have what does not answer known to children that are forked from now on
 *
 * Returns 0 or a negative errno.
 */
int watched_begin(void);

/* watched_leave_out - do not look at what did not answer some time ago, and say nothing. */
void watched_leave_out(const char *dir);

/* watched_page - for epc_ctx_set_watch(), in the child; NULL: nobody watches. */
struct epc_watch *watched_page(void);

/* watched_silent - the i-th directory that did not answer; NULL: there are no more. */
const char *watched_silent(size_t i);

/* watched_has_remote - may any file system that is mounted here not answer? */
bool watched_has_remote(void);

#endif
