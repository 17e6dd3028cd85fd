/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * target.h - which directories a command is about.
 *
 * Used by: cmd-*.c.  Uses: cmd.h, python.h.
 */
#ifndef EPC_TARGET_H
#define EPC_TARGET_H

#include "cmd.h"
#include "python.h"

/*
 * target_path - the sys.path that a query is answered for: --path, --python, or that of
 * the system's Python
 *
 * Says what is wrong.  Returns 0, EXIT_USAGE or EXIT_FAILED.
 */
int target_path(const struct opts *o, struct epc_ctx *ctx, struct dirs *ret_path);

/*
 * target_dirs - the directories that a report is about: the arguments, or all that a
 * refresh by this user, and one by root, would keep
 */
int target_dirs(const struct opts *o, struct epc_ctx *ctx, struct dirs *ret_dirs);

/* target_rows - these, and of Directory= also what does not exist. */
int target_rows(const struct opts *o, struct epc_ctx *ctx, struct dirs *ret_dirs);

/*
 * target_key - the name that readers, and reports, know a directory by
 *
 * Returns the caller's to free; NULL when out of memory, or where there is no working
 * directory for a relative one.
 */
char *target_key(const struct opts *o, const char *dir);

#endif
