/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * runner-parts.h - what the three processes of a runner have to do with one another.
 *
 * Used by: runner*.c, tests/fault/actions-hostile.c.  Uses: runner.h.
 */
#ifndef EPC_RUNNER_PARTS_H
#define EPC_RUNNER_PARTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "runner.h"

#define RUNNER_PROCESSES 64 /* threads count; beside those that the user has already */

struct runner_job {
	const struct action *action; /* borrowed */
	uid_t uid;                   /* who the action is */
	gid_t gid;
	uint64_t processes_max; /* that this user may have, those of others included */
	bool is_apart;          /* the keeper has mounts of its own */
	unsigned layers;        /* RUNNER_* bits, so far */
	pid_t parent;           /* of the action: the keeper, as it sees itself */

	/* Ends of pipes; all are the runner's to close. */
	int in;    /* the action's standard input */
	int out;   /* its standard output */
	int err;   /* its standard error */
	int tell;  /* for words to the runner; its end is the keeper's */
	int alive; /* comes to its end with the runner */
};

/* What is told the runner, each in one write(2). */
enum runner_word_kind {
	RUNNER_WORD_LAYERS = 1, /* the layers; the action starts now */
	RUNNER_WORD_ERROR,      /* a negative errno: it does not start */
	RUNNER_WORD_ENDED,      /* as waitpid(2) has it */
};

struct runner_word {
	int32_t kind, value;
};

/* runner_tell - say it; that nobody listens any more does not matter. */
void runner_tell(const struct runner_job *job, enum runner_word_kind kind, int value);

/* runner_keep - be the keeper: start the action, and see to the end of all of it. */
_Noreturn void runner_keep(struct runner_job *job);

/* runner_contain - be the action. */
_Noreturn void runner_contain(struct runner_job *job);

/* runner_limit - the rlimits of an action, of its own user. */
bool runner_limit(const struct runner_job *job);

/*
 * runner_user_threads - how many threads the processes of this user have
 * @proc:  path of /proc
 *
 * Returns 0 or a negative errno; *ret_nr is then 0.
 */
int runner_user_threads(const char *proc, uid_t uid, unsigned *ret_nr);

/*
 * runner_user_find - who the action is to be
 * @worker_user:  who a filter is, as User= has it; or NULL
 *
 * Sets .uid, .gid and .processes_max of the job.  Returns 0; -ESRCH for a user who does
 * not exist; -EPERM for root.
 */
int runner_user_find(struct runner_job *job, const char *worker_user);

#endif
