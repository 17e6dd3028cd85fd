/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * child.h - do something in a process of its own, and do not wait for it in vain.
 *
 *     const struct child_task task = { look_up, &name, .limit_ms = 3000, .max = 64 };
 *     struct child_answer answer;
 *     r = child_ask(&task, &answer);
 *
 * Used by: differ.c, nobody.c, watched.c.  Uses: pulse.h, reap.h.
 */
#ifndef EPC_CHILD_H
#define EPC_CHILD_H

#include <stddef.h>

struct child_task {
	/* Goes on in the child: writes its answer into @out; returns an exit status. */
	int (*run)(void *data, int out);
	void *data;
	unsigned limit_ms; /* that it may take, but for waiting to be let run; 0: none */
	unsigned stuck_ms; /* that one wait of it may take; 0: no limit */
	size_t max;        /* bytes of an answer; more is -EFBIG */
};

struct child_answer {
	char *bytes; /* owned; NULL where there are none */
	size_t n;
	int status; /* of wait(2), of a child that ended by itself */
};

/*
 * child_ask - run it, and take what it wrote
 *
 * The child ends with this process.  Returns 0 once it has ended by itself, with whatever
 * status; -ETIMEDOUT, -EFBIG, or another negative errno, when it was killed.  One that
 * does not even die of that, stuck in the kernel, is left behind.
 */
int child_ask(const struct child_task *task, struct child_answer *ret);

#endif
