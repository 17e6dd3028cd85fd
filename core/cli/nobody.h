/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nobody.h - the user that workers of root are.
 *
 * Used by: supervise.c, broker.c, engine.c, runner-user.c.  Uses: child.h, drop.h,
 * sandbox.h.
 */
#ifndef EPC_NOBODY_H
#define EPC_NOBODY_H

#include <stdbool.h>

#include "sandbox.h"

/*
 * nobody_find - the ids of a user; a number that nobody has, where there is no such user
 * @name:  a name, or a number, which need not be a user's; NULL: none is known
 *
 * Never root.  The number is another each time, is in no range that is given to anybody,
 * and has no process and no name in /etc/passwd or /etc/group: whoever runs as nobody,
 * as services do, can neither signal nor trace who gets it.  Where this user namespace
 * lacks such numbers, it is 65534.  A name that is not in
 * /etc/passwd is asked of the system's name services, in a child that is not waited for
 * in vain.
 */
struct sandbox_who nobody_find(const char *name);

/* nobody_named - the ids of a user, root as well; -ESRCH, -ETIMEDOUT or another errno. */
int nobody_named(const char *name, struct sandbox_who *ret);

/* nobody_is_number - is it one that nobody has, as nobody_find() chooses? */
bool nobody_is_number(uid_t uid);

#endif
