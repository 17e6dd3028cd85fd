/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "runner.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "auto.h"
#include "clock.h"
#include "late.h"
#include "reap.h"
#include "runner-parts.h"
#include "whole.h"

#define REAP_MS 4000 /* for the keeper, and all of its namespace, to end in */
#define CHUNK 16384  /* bytes, for one read */
#define FIRST_BYTES 65536
#define DRAIN_MAX 300 /* reads: more than any pipe holds */
#define EXEC_NEVER 8u /* MFD_NOEXEC_SEAL, as of Linux 6.3 */

static const char *const names[RUNNER_NR_LAYERS] = {
	"pid-namespace",     "namespaces", "read-only",
	"no-new-privileges", "user",       "capabilities",
	"landlock",          "seccomp",    "limits",
};

const char *runner_layer_name(unsigned i)
{
	return names[i];
}

/* One run, as the runner sees it. */
struct run {
	struct runner_job job;
	struct runner_result *ret; /* borrowed */
	size_t out_max, out_cap;   /* bytes */
	pid_t keeper;
	int64_t end_ms; /* of the monotonic clock */
	bool is_told;   /* the action's status is known, or that it did not start */

	/* Owned; this process's ends of the pipes: -1 at their end. */
	int out, err, tell, alive;
};

/* --- start ------------------------------------------------------------------- */

/* What is in a file that nobody can change any more. */
static int input_make(const void *bytes, size_t n)
{
	const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	autoclose int fd = memfd_create("epcache-change", flags | EXEC_NEVER);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("epcache-change", flags);
	if (fd < 0 || !whole_write(fd, bytes, n) || lseek(fd, 0, SEEK_SET) < 0 ||
	    fcntl(fd, F_ADD_SEALS,
		  F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return -errno;

	return take_fd(fd);
}

static int pipe_make(int *ret_read, int *ret_write)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;

	*ret_read = ends[0];
	*ret_write = ends[1];
	return 0;
}

static int pipes_make(struct run *run, const struct runner_task *task)
{
	struct runner_job *job = &run->job;
	int r;

	job->in = input_make(task->input, task->nr_input);
	if (job->in < 0)
		return job->in;
	r = pipe_make(&run->out, &job->out);
	if (r == 0)
		r = pipe_make(&run->err, &job->err);
	if (r == 0)
		r = pipe_make(&run->tell, &job->tell);
	if (r == 0)
		r = pipe_make(&job->alive, &run->alive);
	if (r < 0)
		return r;

	return fcntl(run->out, F_SETFL, O_NONBLOCK) < 0 ||
			       fcntl(run->err, F_SETFL, O_NONBLOCK) < 0 ||
			       fcntl(run->tell, F_SETFL, O_NONBLOCK) < 0
		       ? -errno
		       : 0;
}

static void shut(int *fd)
{
	if (*fd >= 0)
		(void)close(take_fd(*fd));
}

/* Close the ends of one side: the runner's, or those for the keeper and the action. */
static void pipes_close(struct run *run, bool is_runners)
{
	struct runner_job *job = &run->job;
	int *const of_runner[] = { &run->out, &run->err, &run->tell, &run->alive, NULL };
	int *const of_keeper[] = { &job->in,   &job->out,   &job->err,
				   &job->tell, &job->alive, NULL };

	for (int *const *fd = is_runners ? of_runner : of_keeper; *fd; fd++)
		shut(*fd);
}

/* fork(2), with namespaces. */
static pid_t fork_apart(unsigned long flags)
{
#if defined(__s390__) || defined(__CRIS__)
	return (pid_t)syscall(SYS_clone, NULL, flags | SIGCHLD, NULL, NULL, NULL);
#else
	return (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
#endif
}

/* Start a keeper: 0, or a negative errno. */
static int keeper_start(struct run *run, unsigned long flags)
{
	run->job.is_apart = flags & CLONE_NEWNS;
	run->job.layers = RUNNER_PID_NAMESPACE |
			  (flags & CLONE_NEWNET ? RUNNER_NAMESPACES : 0);
	run->keeper = fork_apart(flags);
	if (run->keeper == 0) {
		pipes_close(run, true);
		runner_keep(&run->job);
	}
	return run->keeper < 0 ? -errno : 0;
}

static void fail(struct run *run, enum runner_end end, int r)
{
	run->ret->end = end;
	run->ret->error = r;
}

/* True when it is started. */
static bool start(struct run *run, const struct runner_task *task)
{
	/* Kernels are built without some of them. */
	static const unsigned long ways[] = {
		CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWNET,
		CLONE_NEWPID | CLONE_NEWNS,
		CLONE_NEWPID,
	};
	int r;

	r = geteuid() != 0 ? -EPERM : pipes_make(run, task);
	if (r == 0)
		r = runner_user_find(&run->job, task->worker_user);
	if (r < 0) {
		fail(run, RUNNER_FAILED, r);
		return false;
	}
	late_load();
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		r = keeper_start(run, ways[i]);
		if (r == 0)
			return true;
	}

	/* Nothing else ends all that an action starts, and only that. */
	fail(run, RUNNER_NOT_CONTAINED, r);
	return false;
}

/* --- listen ------------------------------------------------------------------ */

static void words_read(struct run *run)
{
	struct runner_word word;
	ssize_t got;

	while ((got = read(run->tell, &word, sizeof word)) == sizeof word) {
		if (word.kind == RUNNER_WORD_LAYERS) {
			run->ret->layers = (unsigned)word.value;
			continue;
		}
		if (run->is_told)
			continue;

		run->is_told = true;
		if (word.kind == RUNNER_WORD_ERROR) {
			fail(run, RUNNER_FAILED, word.value);
		} else if (WIFSIGNALED(word.value)) {
			run->ret->end = RUNNER_SIGNALLED;
			run->ret->signal = WTERMSIG(word.value);
		} else {
			run->ret->end = RUNNER_EXITED;
			run->ret->status = WEXITSTATUS(word.value);
		}
	}
	if (got >= 0 || (errno != EAGAIN && errno != EINTR))
		shut(&run->tell);
}

/* Room for as many bytes more. */
static bool out_grow(struct run *run, size_t n)
{
	size_t cap = run->out_cap ? run->out_cap : FIRST_BYTES;
	char *more;

	while (cap < run->ret->nr_out + n)
		cap *= 2;
	if (cap == run->out_cap)
		return true;

	more = realloc(run->ret->out, cap);
	if (!more)
		return false;

	run->ret->out = more;
	run->out_cap = cap;
	return true;
}

/* What there is, once: a negative errno, -EAGAIN when there is nothing. */
static int out_read(struct run *run)
{
	struct runner_result *ret = run->ret;
	char bytes[CHUNK];
	ssize_t got = read(run->out, bytes, sizeof bytes);

	if (got < 0)
		return -errno;
	if (got == 0) {
		shut(&run->out);
		return -EAGAIN;
	}
	if ((size_t)got > run->out_max - ret->nr_out)
		return -EMSGSIZE;
	if (!out_grow(run, (size_t)got))
		return -ENOMEM;

	memcpy(ret->out + ret->nr_out, bytes, (size_t)got);
	ret->nr_out += (size_t)got;
	return 0;
}

/* The same, of which the last is kept. */
static int err_read(struct run *run)
{
	struct runner_result *ret = run->ret;
	char bytes[CHUNK];
	ssize_t got = read(run->err, bytes, sizeof bytes);
	size_t over;

	if (got < 0)
		return -errno;
	if (got == 0) {
		shut(&run->err);
		return -EAGAIN;
	}
	if (!ret->err)
		ret->err = malloc(RUNNER_ERR_MAX);
	if (!ret->err)
		return -ENOMEM;

	over = ret->nr_err + (size_t)got > RUNNER_ERR_MAX
		       ? ret->nr_err + (size_t)got - RUNNER_ERR_MAX
		       : 0;
	memmove(ret->err, ret->err + over, ret->nr_err - over);
	memcpy(ret->err + ret->nr_err - over, bytes, (size_t)got);
	ret->nr_err += (size_t)got - over;
	return 0;
}

/* --- the end ----------------------------------------------------------------- */

/* The keeper, first of its namespace, takes all of it along, whoever ends it. */
static void keeper_end(struct run *run)
{
	int status;

	(void)kill(run->keeper, SIGKILL);
	(void)reap_within(run->keeper, REAP_MS, &status);
}

/* It does not come to its own end any more: this is its end. */
static void stop(struct run *run, enum runner_end end, int r)
{
	run->is_told = true;
	run->ret->status = run->ret->signal = 0;
	fail(run, end, r);
}

/* One read of what is there: false when it has to be stopped. */
static bool hear(struct run *run, const struct pollfd *fds)
{
	int r = 0;

	if (fds[0].revents)
		words_read(run);
	if (fds[1].revents && run->out >= 0)
		r = out_read(run);
	if (fds[2].revents && run->err >= 0 && (r == 0 || r == -EAGAIN || r == -EINTR))
		r = err_read(run);
	if (r == 0 || r == -EAGAIN || r == -EINTR)
		return true;

	stop(run, r == -EMSGSIZE ? RUNNER_TOO_MUCH : RUNNER_FAILED,
	     r == -EMSGSIZE ? 0 : r);
	return false;
}

/* Until the keeper's end, the action's, or its time's. */
static void listen_to(struct run *run)
{
	while (run->tell >= 0 && !run->is_told) {
		struct pollfd fds[] = { { run->tell, POLLIN, 0 },
					{ run->out, POLLIN, 0 },
					{ run->err, POLLIN, 0 } };
		int64_t left = run->end_ms - clock_ms();

		if (left <= 0) {
			stop(run, RUNNER_TIMED_OUT, 0);
			return;
		}
		if (poll(fds, 3, (int)left) < 0)
			continue;
		if (!hear(run, fds))
			return;
	}
}

/* What was written before the end; of one that has none, not for ever. */
static void drain(struct run *run)
{
	int out = 0, err = 0;

	if (run->tell >= 0)
		words_read(run);
	for (unsigned i = 0; i < DRAIN_MAX; i++) {
		if (run->out >= 0 && (out == 0 || out == -EINTR))
			out = out_read(run);
		if (run->err >= 0 && (err == 0 || err == -EINTR))
			err = err_read(run);
	}
	if (out == -EMSGSIZE)
		stop(run, RUNNER_TOO_MUCH, 0);
	else if (out < 0 && out != -EAGAIN)
		stop(run, RUNNER_FAILED, out);
}

static unsigned limit_of(const struct runner_task *task)
{
	unsigned own_ms = task->action->timeout_s * 1000;

	return task->limit_ms < own_ms ? task->limit_ms : own_ms;
}

void runner_run(const struct runner_task *task, struct runner_result *ret)
{
	const int64_t start_ms = clock_ms();
	struct run run = {
		.job = { .action = task->action,
			 .in = -1,
			 .out = -1,
			 .err = -1,
			 .tell = -1,
			 .alive = -1 },
		.ret = ret,
		.out_max = task->action->mode == ACTION_USER ? RUNNER_OUT_USER_MAX
							     : RUNNER_OUT_MAX,
		.end_ms = start_ms + limit_of(task),
		.out = -1,
		.err = -1,
		.tell = -1,
		.alive = -1,
	};
	const struct sigaction fresh = { .sa_handler = SIG_DFL };
	struct sigaction old;
	bool is_started;

	/* Where children are not waited for, nobody hears how they end. */
	(void)sigaction(SIGCHLD, &fresh, &old);
	/* Of a keeper that ends before it says why. */
	*ret = (struct runner_result){ .end = RUNNER_FAILED, .error = -ECHILD };
	is_started = start(&run, task);
	pipes_close(&run, false);
	if (is_started) {
		listen_to(&run);
		keeper_end(&run);
		drain(&run);
	}
	pipes_close(&run, true);
	(void)sigaction(SIGCHLD, &old, NULL);
	ret->ms = (unsigned)(clock_ms() - start_ms);
}

void runner_release(struct runner_result *r)
{
	free(r->out);
	free(r->err);
	*r = (struct runner_result){ 0 };
}
