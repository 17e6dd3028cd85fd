/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stranger - a process of some user that disturbs whatever it may.
 *
 *     stranger UID [trace]
 *
 * Tries for ever to attach to each process of this PID namespace and, without "trace",
 * to signal it.  At the first success it says what it could do, and ends with 1.  Says
 * "ready" before; ends with 0 when its input does.
 */
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <unistd.h>

#define AHEAD 64 /* pids that may come next */

/* What could be done to this process, or NULL. */
static const char *disturb(pid_t pid, bool may_signal)
{
	if (ptrace(PTRACE_SEIZE, pid, 0, 0) == 0)
		return "trace";
	return may_signal && kill(pid, 0) == 0 ? "signal" : NULL;
}

static bool is_over(void)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&in, 1, 0) > 0;
}

static int disturb_all(bool may_signal)
{
	const pid_t self = getpid();
	pid_t last = self;

	while (!is_over())
		for (pid_t pid = 1; pid <= last + AHEAD; pid++) {
			const char *done = pid == self ? NULL : disturb(pid, may_signal);

			if (done) {
				printf("%s %d\n", done, (int)pid);
				return 1;
			}
			if (pid > last && kill(pid, 0) == -1 && errno == EPERM)
				last = pid;
		}
	return 0;
}

int main(int argc, char **argv)
{
	uid_t uid = argc > 1 ? (uid_t)strtoul(argv[1], NULL, 10) : 0;

	if (uid == 0 || setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 ||
	    setresuid(uid, uid, uid) < 0)
		return 2;

	printf("ready\n");
	(void)fflush(stdout);
	return disturb_all(argc < 3);
}
