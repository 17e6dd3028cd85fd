/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * clock.h - how long something takes, and until when it may.
 *
 * Used by: ask.c, broker.c, cmd-trigger.c, crew.c, differ.c, engine.c, progress.c, reap.h,
 * runner.c, supervise.c.  Uses: nothing.
 */
#ifndef EPC_CLOCK_H
#define EPC_CLOCK_H

#include <stdint.h>
#include <time.h>

/* clock_ms - milliseconds since some time before this process was started. */
static inline int64_t clock_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

#endif
