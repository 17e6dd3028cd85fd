/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drop.h"
#include "runner-parts.h"

/* As of Linux 5.12; in no header that can be had together with <sys/mount.h>. */
struct attributes {
	uint64_t set, clear, propagation, userns;
};
#define ATTRIBUTES_ALL 0x8000 /* AT_RECURSIVE */
#define ATTRIBUTE_RDONLY 0x1
#define ATTRIBUTE_NOSUID 0x2

void runner_tell(const struct runner_job *job, enum runner_word_kind kind, int value)
{
	const struct runner_word word = { (int32_t)kind, value };

	(void)!write(job->tell, &word, sizeof word);
}

/* --- mounts ------------------------------------------------------------------ */

static bool attributes_set(const char *path, unsigned flags, struct attributes what)
{
	return syscall(SYS_mount_setattr, AT_FDCWD, path, flags, &what, sizeof what) == 0;
}

/*
 * All mounts are read-only, but for the one place where the action may write.  What
 * Landlock leaves is stopped as well: another mode, owner, or time of a file.
 */
static bool mounts_close(const struct action *action)
{
	const struct attributes closed = { .set = ATTRIBUTE_RDONLY | ATTRIBUTE_NOSUID };
	const struct attributes opened = { .clear = ATTRIBUTE_RDONLY };
	const char *open_path = action->mode == ACTION_USER ? action->writable_path
							    : NULL;

	/* In a chroot it is no mount: what is done here would be seen outside. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return false;

	/* Of this namespace's processes; where that is refused, the other is left. */
	(void)mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	if (open_path && mount(open_path, open_path, NULL, MS_BIND, NULL) < 0)
		return false;

	return attributes_set("/", ATTRIBUTES_ALL, closed) &&
	       (!open_path || attributes_set(open_path, 0, opened));
}

/* --- the end ----------------------------------------------------------------- */

/* Reap what there is: true when it was this process, whose status is set. */
static bool reap(pid_t pid, int *ret_status)
{
	bool found = false;
	pid_t got;
	int status;

	while ((got = waitpid(-1, &status, WNOHANG)) > 0) {
		if (got != pid)
			continue;
		*ret_status = status;
		found = true;
	}
	return found;
}

/* --- the keeper -------------------------------------------------------------- */

/* Until the action, or the runner, comes to its end: true with the action's status. */
static bool wait_for(const struct runner_job *job, int signals, pid_t pid,
		     int *ret_status)
{
	struct pollfd fds[] = { { job->alive, POLLIN, 0 }, { signals, POLLIN, 0 } };
	struct signalfd_siginfo info;

	for (;;) {
		if (reap(pid, ret_status))
			return true;
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return false;
		if (fds[0].revents)
			return false;
		if (fds[1].revents)
			(void)!read(signals, &info, sizeof info);
	}
}

/* What is left of the pipes is the action's. */
static void become_keeper(struct runner_job *job)
{
	/* A signal from a terminal is for the runner, whose end is this one's as well. */
	(void)setsid();
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (job->is_apart && mounts_close(job->action))
		job->layers |= RUNNER_READ_ONLY;
	job->parent = getpid();
}

_Noreturn void runner_keep(struct runner_job *job)
{
	int signals, status = 0;
	bool has_ended;
	sigset_t set;
	pid_t pid;

	become_keeper(job);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	pid = signals < 0 ? -1 : fork();
	if (pid == 0)
		runner_contain(job);
	if (pid < 0) {
		runner_tell(job, RUNNER_WORD_ERROR, -errno);
		_exit(1);
	}

	/* Not to keep what the action writes into open, nor what the runner has. */
	(void)drop_fds((const int[]){ job->tell, job->alive, signals }, 3);
	has_ended = wait_for(job, signals, pid, &status);
	if (has_ended)
		runner_tell(job, RUNNER_WORD_ENDED, status);
	/* The namespace ends with its first process. */
	_exit(0);
}
