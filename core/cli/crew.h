/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * crew.h - workers at work: started, listened to, and never waited for in vain.
 *
 *     struct crew crew = crew_init(4, 20000);
 *
 *     crew_start(&crew, &job);                 while there is room: crew_has_room()
 *     while ((job = crew_wait(&crew)))
 *             use(job, and crew_job_release(job));
 *
 * Used by: supervise.c, tests/unit/t-crew.c, tests/fault/escape.c.  Uses: worker.h.
 */
#ifndef EPC_CREW_H
#define EPC_CREW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker.h"

#define CREW_MAX 8

/* How a worker came to its end. */
enum crew_end {
	CREW_TOLD,    /* what it was to tell: .result, and .image with 0 */
	CREW_CRASHED, /* by .signal; 0: it ended early */
	CREW_HUNG, /* past its time, which is that it was let run, or waited for files */
	CREW_GARBAGE, /* what it told is not what a worker tells */
	CREW_FAILED,  /* it could not be started or heard: .result is a negative errno */
};

struct crew_job {
	struct worker_task task;
	unsigned limit_ms; /* less where less is left for all */

	/* Set by crew_wait(). */
	enum crew_end end;
	int result; /* EPC_* of epc_image_build(), WORKER_NOT_DROPPED, a negative errno */
	int signal;
	int64_t ran_ms; /* of a processor; with CREW_HUNG */
	bool has_hello; /* .layers and .owner are known */
	unsigned layers;
	uid_t owner;          /* of the directory */
	struct epc_str image; /* borrowed from .in */

	/* The crew's own. */
	pid_t pid;
	int fd;                    /* owned; -1 */
	char *in;                  /* owned; what came out of the pipe */
	size_t n, cap;             /* bytes */
	int64_t start_ms, look_ms; /* of the monotonic clock */
	int64_t since_ms; /* when it began to wait for its turn, on that; 0: it does not */
};

struct crew {
	struct crew_job *at[CREW_MAX]; /* borrowed; running, or to be handed out */
	size_t nr, max;
	const struct crew_job *large; /* borrowed; the only one whose image is large */
	int64_t end_ms;               /* of all together */
};

/* crew_init - @max at once, CREW_MAX at most; @total_ms for all of them, 0: no limit. */
struct crew crew_init(size_t max, unsigned total_ms);
bool crew_has_room(const struct crew *crew);

/* crew_has_time - is there any left of that for all? */
bool crew_has_time(const struct crew *crew);

/*
 * crew_start - start a worker for a job
 * @job:  its task and limit set; to be left alone until crew_wait() hands it back,
 *        which it does also when the worker could not be started
 */
void crew_start(struct crew *crew, struct crew_job *job);

/*
 * crew_wait - the next job that has come to its end; NULL when none is left
 *
 * A worker past its time is killed.  One that does not even die, stuck in the kernel,
 * is left behind.
 */
struct crew_job *crew_wait(struct crew *crew);

/* crew_job_release - give back what was read. */
void crew_job_release(struct crew_job *job);

#endif
