/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * actions.h - the registered actions: which there are, and which are believed.
 *
 * A file NN-name.action in /etc/epcache/actions.d goes before the one of that name in
 * /usr/lib/epcache/actions.d, and an empty one, or a link to /dev/null, masks it.
 *
 *     auto_actions struct actions all = { 0 };
 *     r = actions_load(ctx, &all);
 *     for (i = 0; i < all.nr; i++)
 *             if (all.at[i].state == ACTION_READY) ...
 *
 * Used by: engine.c, cmd-actions.c.  Uses: action.h, digest.h.
 * Spec: epcache-action(5)
 */
#ifndef EPC_ACTIONS_H
#define EPC_ACTIONS_H

#include "action.h"
#include "digest.h"
#include "epcache.h"

#define ACTION_FILE_MAX (64u << 10) /* bytes of one registration */

enum action_state {
	ACTION_READY,
	ACTION_MASKED,
	ACTION_IGNORED, /* .why has the reason */
};

/* One name; in order of the names. */
struct registered {
	struct action action;       /* but for .name and .file, of ACTION_READY only */
	struct digest registration; /* of the text of its file */
	enum action_state state;
	char *why; /* owned; "FILE:LINE: what is wrong", or NULL */
};

struct actions {
	struct registered *at; /* owned */
	size_t nr;
};

/*
 * actions_load - find and read the registrations of the system that a context looks at
 * @ret:  to be released, also after a failure
 *
 * A file counts only if it, and every folder above it, belongs to root (or to the caller,
 * where that is not root), is writable by nobody else, and is reached without a symbolic
 * link.  What is wrong with one is in its row, not a failure.  Returns 0, or -ENOMEM.
 */
must_check int actions_load(const struct epc_ctx *ctx, struct actions *ret);
void actions_release(struct actions *all);
#define auto_actions AUTO(actions_release)

/* actions_find - by name; NULL: there is none. */
const struct registered *actions_find(const struct actions *all, const char *name);

/* actions_warn - say what is wrong with those that are ignored. */
void actions_warn(const struct actions *all);

/*
 * actions_read - the text of an open file, ACTION_FILE_MAX bytes at most
 *
 * Returns bytes, or a negative errno; -EFBIG: there are more.
 */
must_check ssize_t actions_read(int fd, char **ret_text);

/* actions_fault - "FILE:LINE: what is wrong 'QUOTE'; see ...": the caller's, or NULL. */
char *actions_fault(const char *file, const struct action_fault *fault);

#endif
