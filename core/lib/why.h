/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * why.h - what is wrong with a distribution, in words.
 *
 * Used by: answer.c, image.c.  Uses: view.h, scan.h.
 */
#ifndef EPC_WHY_H
#define EPC_WHY_H

#include "view.h"

/* why_raises - does importlib.metadata raise for it, were it to take part in an answer? */
bool why_raises(const struct view_dist *d);

/* why_reason - what is wrong, a constant: "not UTF-8". */
const char *why_reason(const struct view_dist *d);

#endif
