/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sources.h - where an answer came from, for --verbose.
 *
 * Used by: cmd-query.c, cmd-explain.c.  Uses: msg.h.
 */
#ifndef EPC_SOURCES_H
#define EPC_SOURCES_H

#include <time.h>

#include "epcache.h"

/*
 * sources_say - a line on stderr for each directory, and one for all of them
 * @nr:    what was printed,
 * @what:  and what that is, "entry points"
 * @ms:    how long the library took
 */
void sources_say(struct epc_answer *answer, size_t nr, const char *what, double ms);

/* sources_ms - milliseconds since CLOCK_MONOTONIC had this value. */
double sources_ms(const struct timespec *start);

#endif
