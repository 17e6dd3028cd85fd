/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pulse.h - does another process get on, or is it only not let run?
 *
 * A limit that ends a process is to count the time that it took of a processor, and that
 * it waited for a file system; on a busy machine it also waits for a processor, which is
 * nobody's fault.
 *
 * Used by: child.c, crew.c.  Uses: nothing.
 */
#ifndef EPC_PULSE_H
#define EPC_PULSE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* All of it zero where /proc does not tell. */
struct pulse {
	int64_t ran_ms;    /* on a processor */
	int64_t queued_ms; /* ready to run, but not let */
	uint64_t turns;    /* times that it was let run: more after each wait */
	bool is_ready;     /* it runs, or would if it were let: no file system holds it */
};

struct pulse pulse_of(pid_t pid);

/*
 * pulse_took_ms - what of the time since its start a process took, or waited for
 *
 * Not the time in which it was not let run, of which the kernel tells once it is over.
 */
static inline int64_t pulse_took_ms(const struct pulse *p, int64_t since_ms)
{
	return p->is_ready ? p->ran_ms : since_ms - p->queued_ms;
}

#endif
