/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * root.h - open paths of a system that lives in a folder.
 *
 * Below another root, absolute links and ".." must mean what they would mean there:
 * a path may never lead out, whoever wrote the links on it.
 *
 *     fd = root_open(root, "/usr/lib/python3", O_RDONLY | O_DIRECTORY);
 *
 * Used by: folder.c, scan.c, ctx.c, dir.c.  Uses: auto.h.
 */
#ifndef EPC_ROOT_H
#define EPC_ROOT_H

#include "auto.h"

#define ROOT_HOST (-1) /* no other root: open(2) as usual */

/*
 * root_open - open a path as if a directory were the root
 * @root:   an open directory, or ROOT_HOST
 * @path:   taken from @root, be it absolute or not; with ROOT_HOST as open(2) does
 * @flags:  of open(2), but for O_CREAT; O_CLOEXEC is added
 *
 * By openat2(RESOLVE_IN_ROOT), and one component at a time where that call is not
 * to be had.  Returns the descriptor, or a negative errno.
 */
must_check int root_open(int root, const char *path, int flags);

/* root_walk - the way of root_open() for kernels and filters without openat2(2). */
must_check int root_walk(int root, const char *path, int flags);

#endif
