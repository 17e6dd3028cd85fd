/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * runner.h - run one action, contained, to its end.
 *
 * Two processes are started.  The keeper is the first one of a PID namespace of its own:
 * all that the action starts ends with it.  Where no such namespace can be had, the action
 * is not run.  The action is the keeper's child, without rights.
 *
 *     runner_run(&task, &result);
 *     if (result.end == RUNNER_EXITED && result.status == 0)
 *             use(result.out, result.nr_out);
 *     runner_release(&result);
 *
 * Used by: engine.c, tests/fault/actions-hostile.c.  Uses: action.h, drop.h, filter.h, landlock.h,
 * nobody.h.
 * Spec: SECURITY.md, "What an action may do"
 */
#ifndef EPC_RUNNER_H
#define EPC_RUNNER_H

#include <stddef.h>

#include "action.h"

#define RUNNER_OUT_MAX (16u << 20)      /* bytes of standard output, of a filter */
#define RUNNER_OUT_USER_MAX (64u << 10) /* of an action of a user's */
#define RUNNER_ERR_MAX (16u << 10)      /* bytes of standard error: the last */

/* How it came to its end. */
enum runner_end {
	RUNNER_EXITED,        /* .status */
	RUNNER_SIGNALLED,     /* .signal */
	RUNNER_TIMED_OUT,     /* past its time: killed */
	RUNNER_TOO_MUCH,      /* more standard output than is allowed: killed */
	RUNNER_NOT_CONTAINED, /* no PID namespace: it was not run; .error says why */
	RUNNER_FAILED,        /* it was not run: .error is a negative errno */
};

enum {
	RUNNER_PID_NAMESPACE = 1, /* all of it ends with the keeper; never missing */
	RUNNER_NAMESPACES = 2,    /* of mounts, IPC and the network */
	RUNNER_READ_ONLY = 4,     /* all mounts, and a /proc of its own */
	RUNNER_NO_NEW_PRIVS = 8,  /* nothing to be gained by execve(2) */
	RUNNER_USER = 16,         /* not root, proved; never missing */
	RUNNER_CAPABILITIES = 32, /* none left */
	RUNNER_LANDLOCK = 64,     /* files: reading and executing, writing where it may */
	RUNNER_SECCOMP = 128,     /* no sockets, no other processes' memory, ... */
	RUNNER_LIMITS = 256,      /* rlimits */
};
#define RUNNER_NR_LAYERS 9

struct runner_task {
	const struct action *action; /* borrowed */
	const char *worker_user; /* borrowed; who a filter is, as User= has it; or NULL */
	const void *input;       /* borrowed; for its standard input */
	size_t nr_input;         /* bytes */
	unsigned limit_ms;       /* at most; the action's own time counts too */
};

struct runner_result {
	enum runner_end end;
	int status; /* of exit(2) */
	int signal;
	int error; /* a negative errno */
	char *out; /* owned; standard output, up to the limit of its mode */
	size_t nr_out;
	char *err; /* owned; the last of standard error */
	size_t nr_err;
	unsigned ms;     /* how long it took */
	unsigned layers; /* RUNNER_* bits, of those that were in place */
};

/* runner_layer_name - of the layer with this bit number, below RUNNER_NR_LAYERS. */
const char *runner_layer_name(unsigned i);

/*
 * runner_run - run an action, and end all that it started
 * @ret:  to be released with runner_release(), however it ended
 *
 * To be called by root (who else does gets -EPERM), in a process of one thread.  When it
 * returns, no process of the action is left; only one that not even SIGKILL ends, stuck
 * in the kernel, is left behind.  Should the caller end before, so does the action.
 */
void runner_run(const struct runner_task *task, struct runner_result *ret);

/* runner_release - give back what was read. */
void runner_release(struct runner_result *r);

#endif
