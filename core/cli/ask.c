/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ask.c - python_ask(): an interpreter's sys.path, asked of itself. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "auto.h"
#include "clock.h"
#include "msg.h"
#include "python.h"
#include "whole.h"

#define ANSWER_MAX (1u << 20) /* bytes of all entries of a sys.path */

static const char question[] =
	"import os, sys\n"
	"os.write(1, b'\\0'.join(os.fsencode(p) for p in sys.path) + b'\\0')\n";

/* @trouble: a pipe for the errno that tells why it cannot be run */
static void run_child(const char *exe, int out, int trouble)
{
	int null = open("/dev/null", O_RDWR);

	if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0) {
		(void)setpgid(0, 0);
		(void)execlp(exe, exe, "-I", "-c", question, (char *)NULL);
	}
	(void)whole_write(trouble, &errno, sizeof errno);
	_exit(127);
}

/* Read until the end, the limit of size, or the limit of time; -1 for the limits. */
static ssize_t read_answer(int fd, char *buf)
{
	int64_t end = clock_ms() + PYTHON_SECONDS * 1000;
	size_t n = 0;

	while (n < ANSWER_MAX) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = end - clock_ms();
		ssize_t got;
		int r;

		if (left <= 0)
			return -1;
		r = poll(&p, 1, (int)left);
		if (r == 0)
			return -1;
		if (r < 0 && errno == EINTR)
			continue; /* a read now would wait without a limit */
		got = read(fd, buf + n, ANSWER_MAX - n);
		if (got == 0)
			return (ssize_t)n;
		if (got < 0 && errno != EINTR)
			return -1;
		n += got > 0 ? (size_t)got : 0;
	}
	return -1;
}

static int take_answer(struct dirs *d, const char *buf, size_t n)
{
	for (size_t at = 0; at < n; at += strlen(buf + at) + 1)
		if (dirs_add(d, buf + at) < 0)
			return -1;
	return 0;
}

/* Has it ended, if it is given a moment?  Its output has. */
static bool is_over(pid_t pid, int *ret_status)
{
	const struct timespec nap = { .tv_nsec = 10000000 };
	int64_t end = clock_ms() + 1000;

	do {
		if (waitpid(pid, ret_status, WNOHANG) == pid)
			return true;
		(void)nanosleep(&nap, NULL);
	} while (clock_ms() < end);
	return false;
}

static int finish(struct dirs *d, const char *exe, pid_t pid, char *buf, ssize_t n,
		  int trouble)
{
	int status = 0, error;

	/* It has said all, or will not: what it still does is of no interest. */
	if (n < 0 || !is_over(pid, &status)) {
		(void)kill(-pid, SIGKILL);
		(void)kill(pid, SIGKILL); /* before it has made a group of its own */
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	if (n < 0) {
		msg("'%s' did not tell its sys.path within %d seconds and %u bytes", exe,
		    PYTHON_SECONDS, ANSWER_MAX);
		return -1;
	}
	if (n == 0 && read(trouble, &error, sizeof error) == sizeof error) {
		msg("cannot run '%s': %s; give --python an interpreter, or name the "
		    "directories",
		    exe, strerror(error));
		return -1;
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || n == 0 ||
	    buf[n - 1] != '\0') {
		msg("'%s' did not tell its sys.path; is it a Python interpreter?", exe);
		return -1;
	}
	return take_answer(d, buf, (size_t)n);
}

/* What is in another root is not meant to be run from here. */
static bool is_own_root(struct epc_ctx *ctx)
{
	autoclose int fd = epc_ctx_open(ctx, "/", O_PATH | O_DIRECTORY);
	struct stat theirs, ours;

	return fd >= 0 && fstat(fd, &theirs) == 0 && stat("/", &ours) == 0 &&
	       theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev;
}

static bool may_ask(struct epc_ctx *ctx, const char *exe)
{
	if (!is_own_root(ctx))
		msg("--python runs '%s', which is not to be done for another root; name the "
		    "directories instead",
		    exe);
	else if (geteuid() == 0)
		msg("--python runs '%s', which root must not; run this as another user, or name "
		    "the directories",
		    exe);
	else
		return true;
	return false;
}

int python_ask(struct epc_ctx *ctx, struct dirs *d, const char *exe)
{
	autoclose int trouble = -1; /* why it cannot be run */
	char *buf;
	int pipes[2], troubles[2], r;
	pid_t pid;

	if (!may_ask(ctx, exe))
		return -1;

	buf = malloc(ANSWER_MAX);
	r = buf ? pipe2(troubles, O_CLOEXEC | O_NONBLOCK) : -1;
	trouble = r < 0 ? -1 : troubles[0];
	if (r < 0 || pipe2(pipes, O_CLOEXEC) < 0) {
		msg("cannot ask '%s': %s", exe, strerror(errno));
		if (r == 0)
			(void)close(troubles[1]);
		free(buf);
		return -1;
	}

	pid = fork();
	if (pid == 0)
		run_child(exe, pipes[1], troubles[1]);
	(void)close(pipes[1]);
	(void)close(troubles[1]);
	if (pid < 0) {
		msg("cannot ask '%s': %s", exe, strerror(errno));
		r = -1;
	} else {
		r = finish(d, exe, pid, buf, read_answer(pipes[0], buf), trouble);
	}

	(void)close(pipes[0]);
	free(buf);
	return r;
}
