/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * landlock.h - which files a process may open, by landlock(7).
 *
 * Takes no_new_privs.  Newer kernels also take away TCP, abstract sockets and signals
 * to other processes.
 *
 * Used by: sandbox.c, runner-contain.c.  Uses: nothing.
 */
#ifndef EPC_LANDLOCK_H
#define EPC_LANDLOCK_H

#include <stdbool.h>

/* landlock_beneath - from now on only below this open directory, to read and list. */
bool landlock_beneath(int dir);

/*
 * landlock_action - from now on all files, to read, list and execute, and /dev/null to write
 * @writable:  open directory, below which files are made and changed as well; or -1
 */
bool landlock_action(int writable);

/* landlock_read_only - from now on all files, but only to read and list. */
bool landlock_read_only(void);

#endif
