/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reap.h - wait for a child of ours, but not for ever.
 *
 * Used by: broker.c, crew.c, differ.c, runner.c, start.c.  Uses: clock.h.
 */
#ifndef EPC_REAP_H
#define EPC_REAP_H

#include <errno.h>
#include <stdbool.h>
#include <sys/types.h>
#include <sys/wait.h>

#include "clock.h"

/*
 * reap_within - wait for the end of a child
 * @limit_ms:    milliseconds
 * @ret_status:  of wait(2); left as it is for one that is no child, or not any more
 *
 * Returns false when it has not ended by then: it is to be killed, or, where not even
 * that ends it, stuck in the kernel, to be left behind.
 */
static inline bool reap_within(pid_t pid, int64_t limit_ms, int *ret_status)
{
	const int64_t end = clock_ms() + limit_ms;
	long nap_ns = 200000;

	for (;;) {
		pid_t got = waitpid(pid, ret_status, WNOHANG);

		if (got > 0 || (got < 0 && errno != EINTR))
			return true;
		if (clock_ms() >= end)
			return false;
		(void)nanosleep(&(struct timespec){ .tv_nsec = nap_ns }, NULL);
		/* Most end at once; the others are not to cost the processor anything. */
		if (nap_ns < 5000000)
			nap_ns *= 2;
	}
}

#endif
