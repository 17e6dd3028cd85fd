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
	bool has_namespace;     /* the keeper is the first process of a PID namespace */
	bool is_apart;          /* with mounts of its own */
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

/* runner_end_user - end all processes of the job's user, for as long as that may take. */
void runner_end_user(const struct runner_job *job);

/* runner_contain - be the action. */
_Noreturn void runner_contain(struct runner_job *job);

/* runner_limit - the rlimits of an action, of its own user. */
bool runner_limit(const struct runner_job *job);

struct runner_count {
	unsigned processes; /* zombies not counted */
	unsigned threads;   /* of all */
};

/*
 * runner_user_count - how many processes of this user there are
 * @proc:  path of /proc
 *
 * Returns 0, or a negative errno.
 */
int runner_user_count(const char *proc, uid_t uid, struct runner_count *ret);

/*
 * runner_user_find - who the action is to be, in a PID namespace
 * @worker_user:  who a filter is, as User= has it; or NULL
 *
 * Sets .uid, .gid and .processes_max of the job.  Returns 0; -ESRCH for a user who does
 * not exist; -EPERM for root.
 */
int runner_user_find(struct runner_job *job, const char *worker_user);

/*
 * runner_user_own - who it is to be without: somebody whom no other process is
 *
 * A filter can be anybody.  To be called after runner_user_find().  Returns 0, or -EPERM:
 * somebody else is that user as well, or /proc does not tell.
 */
int runner_user_own(struct runner_job *job);

#endif
