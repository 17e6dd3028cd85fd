/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* child.c - starts a process, listens to it, and ends it when it takes too long. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "auto.h"
#include "clock.h"
#include "pulse.h"
#include "reap.h"

#define LOOK_MS 500  /* between two looks at how it gets on */
#define REAP_MS 2000 /* for it to end in, once it has said all */
#define KILL_MS 200  /* for it to end in that was killed */

struct child {
	const struct child_task *task;
	struct child_answer *ret;
	pid_t pid;
	int fd;     /* borrowed; the pipe's end to read */
	size_t cap; /* bytes */
	int64_t start_ms, moved_ms;
	uint64_t turns; /* as of .moved_ms */
};

static int make_room(struct child *c)
{
	size_t cap = c->cap ? 2 * c->cap : 4096;
	char *more;

	if (c->ret->n < c->cap)
		return 0;
	if (c->ret->n > c->task->max)
		return -EFBIG;
	more = realloc(c->ret->bytes, cap);
	if (!more)
		return -ENOMEM;

	c->ret->bytes = more;
	c->cap = cap;
	return 0;
}

/* 1 at the end of what it says, 0, or a negative errno. */
static int hear(struct child *c)
{
	ssize_t got;
	int r = make_room(c);

	if (r < 0)
		return r;
	got = read(c->fd, c->ret->bytes + c->ret->n, c->cap - c->ret->n);
	if (got < 0)
		return errno == EINTR ? 0 : -errno;
	c->ret->n += (size_t)got;
	return got == 0;
}

static bool is_late(struct child *c)
{
	const struct pulse p = pulse_of(c->pid);
	const int64_t now = clock_ms();

	if (p.turns != c->turns || p.is_ready) {
		c->turns = p.turns;
		c->moved_ms = now;
	}
	if (c->task->stuck_ms && now - c->moved_ms >= c->task->stuck_ms)
		return true;
	return c->task->limit_ms &&
	       pulse_took_ms(&p, now - c->start_ms) >= c->task->limit_ms;
}

static int listen_to(struct child *c)
{
	int r = 0;

	while (r == 0) {
		struct pollfd p = { .fd = c->fd, .events = POLLIN };
		int n = poll(&p, 1, LOOK_MS);

		if (n > 0)
			r = hear(c);
		else if (n == 0 && is_late(c))
			r = -ETIMEDOUT;
		else if (n < 0 && errno != EINTR)
			r = -errno;
	}
	return r < 0 ? r : 0;
}

static void end(struct child *c, bool is_killed)
{
	if (!is_killed && reap_within(c->pid, REAP_MS, &c->ret->status))
		return;
	(void)kill(c->pid, SIGKILL);
	(void)reap_within(c->pid, KILL_MS, &c->ret->status);
}

static _Noreturn void be_child(const struct child_task *task, pid_t parent, int out)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	/* Without the handlers of exit(3): what is in buffers is the task's to write. */
	_exit(getppid() == parent ? task->run(task->data, out) : EXIT_FAILURE);
}

int child_ask(const struct child_task *task, struct child_answer *ret)
{
	const pid_t self = getpid();
	struct child c = { .task = task, .ret = ret };
	int pipes[2], r;

	*ret = (struct child_answer){ 0 };
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;

	(void)fflush(NULL);
	(void)signal(SIGCHLD, SIG_DFL);
	c.pid = fork();
	if (c.pid == 0) {
		(void)close(pipes[0]);
		be_child(task, self, pipes[1]);
	}
	r = c.pid < 0 ? -errno : 0;
	(void)close(pipes[1]);
	c.fd = pipes[0];
	c.start_ms = c.moved_ms = clock_ms();
	if (r == 0) {
		r = listen_to(&c);
		end(&c, r < 0);
	}
	(void)close(pipes[0]);
	if (r < 0)
		free(take_ptr(ret->bytes));
	return r;
}
