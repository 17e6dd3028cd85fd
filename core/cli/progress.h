/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * progress.h - one line on a terminal that tells how far a long work has got.
 *
 * Kept on stderr, and only where that is a terminal that can erase a line.  Nothing is
 * shown of a work that is short and has few steps.
 *
 *     struct progress p = progress_init(nr, wanted);
 *     progress_show(&p, i, name);   before each step
 *     progress_hide(&p);            after it, before anything else is printed
 *
 * Used by: cmd-refresh.c.  Uses: out.h.
 */
#ifndef EPC_PROGRESS_H
#define EPC_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	size_t nr; /* steps */
	bool wanted;
	bool shown;
	int64_t start_ms; /* of CLOCK_MONOTONIC */
};

struct progress progress_init(size_t nr, bool wanted);

/* progress_show - "[3/20] name", cut to the width of the terminal; step @i is from 0. */
void progress_show(struct progress *p, size_t i, const char *name);
void progress_hide(struct progress *p);

#endif
