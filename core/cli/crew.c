/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "crew.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "late.h"
#include "pulse.h"
#include "reap.h"

#define HEAD (sizeof(struct worker_hello) + sizeof(struct worker_end))
#define IMAGE_MAX (20u << 20)  /* bytes; a larger one is no cache file */
#define IMAGE_SMALL (4u << 20) /* bytes; larger ones are heard one after the other */
#define FIRST_BYTES 65536      /* what a pipe holds */
#define PIPE_BYTES (1 << 20)   /* what an unprivileged user may have it hold */
#define LOOK_MS 100            /* between two looks at whether a worker was let run */
#define REAP_MS 200 /* for a worker to die in, that was killed or has told all */

struct crew crew_init(size_t max, unsigned total_ms)
{
	return (struct crew){
		.max = max < CREW_MAX ? max : CREW_MAX,
		.end_ms = total_ms ? clock_ms() + total_ms : INT64_MAX,
	};
}

bool crew_has_room(const struct crew *crew)
{
	return crew->nr < crew->max;
}

bool crew_has_time(const struct crew *crew)
{
	return crew->end_ms == INT64_MAX || clock_ms() < crew->end_ms;
}

/* --- start ------------------------------------------------------------------- */

static int start(struct crew_job *job)
{
	int pipes[2], r;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;

	/* Fewer turns of reader and writer, where it is granted. */
	(void)fcntl(pipes[0], F_SETPIPE_SZ, PIPE_BYTES);
	job->task.who.parent = getpid();
	late_load();
	job->pid = fork();
	if (job->pid == 0)
		worker_run(&job->task, pipes[1]);

	r = job->pid < 0 || fcntl(pipes[0], F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
	(void)close(pipes[1]);
	job->fd = pipes[0];
	return r;
}

/* --- listen ------------------------------------------------------------------ */

static struct worker_end end_of(const struct crew_job *job)
{
	struct worker_end end = { 0 };

	if (job->has_hello && job->n >= HEAD)
		memcpy(&end, job->in + sizeof(struct worker_hello), sizeof end);
	else if (!job->has_hello && job->n >= sizeof end)
		memcpy(&end, job->in, sizeof end);
	return end;
}

static void take_hello(struct crew_job *job)
{
	struct worker_hello hello;

	if (job->has_hello || job->n < sizeof hello)
		return;

	memcpy(&hello, job->in, sizeof hello);
	if (hello.magic != WORKER_HELLO)
		return;
	job->has_hello = true;
	job->layers = hello.layers;
	job->owner = hello.owner;
}

/* More than a worker would tell is not waited for. */
static bool is_too_much(const struct crew_job *job)
{
	struct worker_end end = end_of(job);

	if (end.magic != WORKER_END)
		return job->n >= HEAD;
	return end.n > IMAGE_MAX || job->n > HEAD + end.n;
}

static int make_room(struct crew_job *job)
{
	size_t cap = job->cap ? 2 * job->cap : FIRST_BYTES;
	struct worker_end end = end_of(job);
	char *more;

	if (job->n < job->cap)
		return 0;
	if (end.magic == WORKER_END && end.n <= IMAGE_MAX && cap < HEAD + end.n + 1)
		cap = (size_t)(HEAD + end.n + 1);
	more = realloc(job->in, cap);
	if (!more)
		return -ENOMEM;

	job->in = more;
	job->cap = cap;
	return 0;
}

/* Read what there is: 1 at the end of the pipe, 0, or a negative errno. */
static int hear(struct crew_job *job)
{
	ssize_t got;
	int r;

	r = make_room(job);
	if (r < 0)
		return r;

	got = read(job->fd, job->in + job->n, job->cap - job->n);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (got == 0)
		return 1;

	job->n += (size_t)got;
	take_hello(job);
	return is_too_much(job) ? -EBADMSG : 0;
}

/* --- whose turn it is ---------------------------------------------------------- */

static bool is_large(const struct crew_job *job)
{
	struct worker_end end = end_of(job);

	return end.magic == WORKER_END && end.n > IMAGE_SMALL;
}

/*
 * May it be heard now?  Workers that lie are not to fill the memory of who listens, so
 * one image at most is large.  The others' time stands still until it is their turn.
 */
static bool take_turn(struct crew *crew, struct crew_job *job)
{
	int64_t now = clock_ms();

	if (!is_large(job) || crew->large == job)
		return true;
	if (crew->large) {
		job->since_ms = job->since_ms ? job->since_ms : now;
		return false;
	}

	crew->large = job;
	if (job->since_ms) {
		job->start_ms += now - job->since_ms;
		job->look_ms += now - job->since_ms;
	}
	job->since_ms = 0;
	return true;
}

/* When its time may be over; of one that waits for its turn, only with that of all. */
static int64_t end_ms_of(const struct crew *crew, const struct crew_job *job)
{
	return job->since_ms ? crew->end_ms : job->look_ms;
}

/* --- the end ----------------------------------------------------------------- */

/* Whether what was told is whole; the result with it. */
static bool take_end(struct crew_job *job)
{
	struct worker_end end = end_of(job);
	size_t head = job->has_hello ? HEAD : sizeof end;

	if (end.magic != WORKER_END || job->n != head + end.n || end.result < -4095 ||
	    (end.n > 0) != (end.result == 0) || (end.result == 0 && !job->has_hello))
		return false;

	job->result = end.result;
	job->image = (struct epc_str){ job->in + head, (size_t)end.n };
	return true;
}

static void finish(struct crew_job *job, enum crew_end end)
{
	int status = 0;

	if (job->fd >= 0)
		(void)close(job->fd);
	job->fd = -1;
	job->end = end;
	if (job->pid < 0)
		return;
	if (end != CREW_TOLD)
		(void)kill(job->pid, SIGKILL);
	if (!reap_within(job->pid, REAP_MS, &status)) {
		(void)kill(job->pid, SIGKILL);
		(void)reap_within(job->pid, REAP_MS, &status);
	}
	if (end != CREW_TOLD || take_end(job))
		return;

	/* It closed the pipe early: what it told is not even looked at. */
	job->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	job->end = job->n == 0 || status != 0 ? CREW_CRASHED : CREW_GARBAGE;
}

void crew_start(struct crew *crew, struct crew_job *job)
{
	int64_t left;
	int r;

	job->pid = -1;
	job->fd = -1;
	job->start_ms = clock_ms();
	left = crew->end_ms - job->start_ms;
	if (left < job->limit_ms)
		job->limit_ms = left > 0 ? (unsigned)left : 0;
	job->look_ms = job->start_ms + job->limit_ms;
	job->end = CREW_TOLD;
	r = start(job);
	if (r < 0) {
		finish(job, CREW_FAILED);
		job->result = r;
	}
	crew->at[crew->nr++] = job;
}

static struct crew_job *hand_out(struct crew *crew, size_t i)
{
	struct crew_job *job = crew->at[i];

	crew->at[i] = crew->at[--crew->nr];
	if (crew->large == job)
		crew->large = NULL;
	return job;
}

/* Milliseconds until the first worker's time may be over, for poll(2). */
static int patience(const struct crew *crew)
{
	int64_t end = INT64_MAX, left;

	for (size_t i = 0; i < crew->nr; i++)
		if (end_ms_of(crew, crew->at[i]) < end)
			end = end_ms_of(crew, crew->at[i]);

	left = end - clock_ms();
	return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

/*
 * Has it had its time?  What it was not let run in is given to it again, and to those
 * that come after it.
 */
static bool is_hung(struct crew *crew, struct crew_job *job)
{
	const int64_t now = clock_ms();
	struct pulse p;
	int64_t left;

	if (now < end_ms_of(crew, job))
		return false;
	if (job->since_ms)
		return true;

	p = pulse_of(job->pid);
	left = job->limit_ms - pulse_took_ms(&p, now - job->start_ms);
	if (left > 0 && crew->end_ms != INT64_MAX)
		crew->end_ms += left;
	job->look_ms = now + (left < LOOK_MS ? LOOK_MS : left);
	job->ran_ms = p.ran_ms;
	return left <= 0;
}

/* Is this one at its end, after something happened? */
static bool is_over(struct crew *crew, struct crew_job *job, bool has_news)
{
	int r = has_news ? hear(job) : 0;

	if (r > 0) {
		finish(job, CREW_TOLD);
	} else if (r == -EBADMSG) {
		finish(job, CREW_GARBAGE);
	} else if (r < 0) {
		finish(job, CREW_FAILED);
		job->result = r;
	} else if (is_hung(crew, job)) {
		finish(job, CREW_HUNG);
	} else {
		return false;
	}
	return true;
}

struct crew_job *crew_wait(struct crew *crew)
{
	struct pollfd fds[CREW_MAX];

	while (crew->nr > 0) {
		for (size_t i = 0; i < crew->nr; i++) {
			if (crew->at[i]->end == CREW_FAILED)
				return hand_out(crew, i);
			/* One whose turn it is not is passed over, as -1 is. */
			fds[i] = (struct pollfd){ take_turn(crew, crew->at[i])
							  ? crew->at[i]->fd
							  : -1,
						  POLLIN, 0 };
		}
		if (poll(fds, (nfds_t)crew->nr, patience(crew)) < 0 && errno != EINTR)
			fds[0].revents = fds[0].fd < 0 ? 0 : POLLERR; /* read, and see */

		for (size_t i = 0; i < crew->nr; i++)
			if (is_over(crew, crew->at[i], fds[i].revents != 0))
				return hand_out(crew, i);
	}
	return NULL;
}

void crew_job_release(struct crew_job *job)
{
	if (job->fd >= 0)
		(void)close(job->fd);
	job->fd = -1;
	free(job->in);
	job->in = NULL;
	job->n = job->cap = 0;
}
