/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * drop.h - the layers of a sandbox that concern who a process is.
 *
 * The kernel is asked directly: what glibc, or a library that was loaded before it,
 * says of ids may be played (fakeroot).
 *
 * Used by: sandbox.c, broker.c, scrub.c, runner-limit.c.  Uses: nothing.
 */
#ifndef EPC_DROP_H
#define EPC_DROP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

/* How prlimit(2) has the name of a limit: of which glibc makes an enum. */
#ifdef __GLIBC__
typedef enum __rlimit_resource drop_resource;
#else
typedef int drop_resource;
#endif

enum drop {
	DROP_DONE,
	DROP_NOT_HAD, /* the system has no such thing; nothing was lost by it */
};

/* drop_fds - close all descriptors but these, at most 4 of them; -1 are passed over. */
bool drop_fds(const int *keep, size_t nr_keep);

/* drop_limits - memory, time of the processor, descriptors; no files, processes, cores. */
bool drop_limits(unsigned cpu_seconds);

/* drop_new_privs - no set-id program gives anything any more. */
bool drop_new_privs(void);

/*
 * drop_lacks_id - has this user namespace no such id?  The system's own has all of them.
 *
 * An id of -1 is not asked about.
 */
bool drop_lacks_id(uid_t uid, gid_t gid);

/*
 * drop_user - for good, and proved by trying to get back
 *
 * Returns DROP_DONE; DROP_NOT_HAD for who is not root, or is root only of a user
 * namespace that has no such user, or groups that cannot be changed; or a negative
 * errno: there are rights to lose, and they are not lost.
 */
int drop_user(uid_t uid, gid_t gid);

/* drop_caps - all capabilities, in all sets; true when none is left. */
bool drop_caps(void);

/*
 * drop_bonds - not to be traced or dumped, and not to outlive the parent
 *
 * Returns DROP_DONE, DROP_NOT_HAD, or -ECHILD: it is gone already.
 */
int drop_bonds(pid_t parent);

#endif
