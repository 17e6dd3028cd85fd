/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter.h - which system calls a process may make, by seccomp(2).
 *
 * A list of what is allowed; all else fails with EPERM.  Takes no_new_privs.
 *
 * Used by: sandbox.c, runner-contain.c.  Uses: sanitized.h.
 */
#ifndef EPC_FILTER_H
#define EPC_FILTER_H

#include <stdbool.h>

/*
 * filter_plays_paths - does a library rewrite all paths, as that of fakechroot?
 *
 * It makes calls of its own, and reports ENOENT where those are refused, so that nothing
 * which is refused a process may be in its way.
 */
bool filter_plays_paths(void);

/* filter_worker - open and read files, and write into @out. */
bool filter_worker(int out);

/*
 * filter_reader - open and read files, and write into standard output and error
 * @also:  another descriptor to write into, or -1
 */
bool filter_reader(int also);

/*
 * filter_action - run any program, that does what a program does by itself
 * @may_change:  files, and what is known of them; which, others have to say
 *
 * Without sockets, other processes' memory, namespaces and mounts.
 */
bool filter_action(bool may_change);

#endif
