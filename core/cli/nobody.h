/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nobody.h - the user that workers of root are.
 *
 * Used by: supervise.c.  Uses: sandbox.h.
 */
#ifndef EPC_NOBODY_H
#define EPC_NOBODY_H

#include "sandbox.h"

/*
 * nobody_find - the ids of a user; those of nobody, 65534, where there is no such user
 * @name:  a name, or a number, which need not be a user's; NULL: none is known
 *
 * Never root.  To be called before anything foreign is read: the system's name
 * services are asked in this process.
 */
struct sandbox_who nobody_find(const char *name);

#endif
