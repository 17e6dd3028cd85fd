/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auto.h"
#include "drop.h"
#include "filter.h"
#include "landlock.h"
#include "runner-parts.h"

#define TELL 3   /* beside standard input, output and error */
#define ABOVE 10 /* descriptors that are not in the way */
#define PROCESSES_END 65536

/* --- descriptors and signals ------------------------------------------------- */

static bool descriptors_set(struct runner_job *job)
{
	int from[] = { job->in, job->out, job->err, job->tell };

	/* Out of the way first: any of them may have the number of another. */
	for (int i = 0; i <= TELL; i++) {
		from[i] = fcntl(from[i], F_DUPFD, ABOVE);
		if (from[i] < 0)
			return false;
	}
	for (int i = 0; i <= TELL; i++)
		if (dup3(from[i], i, i == TELL ? O_CLOEXEC : 0) < 0)
			return false;

	job->tell = TELL;
	return drop_fds((const int[]){ 0, 1, 2, TELL }, TELL + 1);
}

/* As a program expects them that was not told otherwise. */
static void signals_reset(void)
{
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		(void)signal(i, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* --- who it is, and what it may ---------------------------------------------- */

static void add(struct runner_job *job, bool is_there, unsigned layer)
{
	job->layers |= is_there ? layer : 0;
}

/* Not root any more: 0, or a negative errno. */
static int be_user(struct runner_job *job)
{
	int r;

	/* One of root's would be inherited, with what is in it. */
	(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	add(job, drop_new_privs(), RUNNER_NO_NEW_PRIVS);
	r = drop_user(job->uid, job->gid);
	if (r < 0)
		return r;
	/* Also where root is one of a user namespace's, the action is not. */
	if (r != DROP_DONE)
		return -EPERM;

	add(job, true, RUNNER_USER);
	add(job, drop_caps(), RUNNER_CAPABILITIES);
	r = drop_bonds(job->parent);
	return r < 0 ? r : 0;
}

/* By another name, "/" is all there is. */
static bool is_top(int fd)
{
	struct stat st, top;

	return fstat(fd, &st) < 0 || stat("/", &top) < 0 ||
	       (st.st_dev == top.st_dev && st.st_ino == top.st_ino);
}

/* Can this user have one more, where no more than so many are allowed? */
static bool can_fork(rlim_t max)
{
	struct rlimit usual, tried;
	bool can;
	pid_t pid;

	if (getrlimit(RLIMIT_NPROC, &usual) < 0)
		return true;
	tried = usual;
	tried.rlim_cur = max < usual.rlim_max ? max : usual.rlim_max;
	(void)setrlimit(RLIMIT_NPROC, &tried);
	pid = fork();
	if (pid == 0)
		_exit(0);
	can = pid > 0 || errno != EAGAIN || tried.rlim_cur < max;
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
	(void)setrlimit(RLIMIT_NPROC, &usual);
	return can;
}

/*
 * The kernel counts those of this user in all PID namespaces, which no /proc shows: a
 * container's neighbours, say.  They are not to take away what the action may have.
 */
static void make_room(struct runner_job *job)
{
	uint64_t spare = RUNNER_PROCESSES - RUNNER_PROCESSES / 4;

	while (job->processes_max < PROCESSES_END &&
	       !can_fork(job->processes_max - spare))
		job->processes_max += job->processes_max - spare;
}

static int confine(struct runner_job *job)
{
	bool is_user = job->action->mode == ACTION_USER;
	autoclose int writable = -1;

	/* By who may write there, or not. */
	if (is_user) {
		writable = open(job->action->writable_path,
				O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (writable < 0)
			return -errno;
		if (is_top(writable))
			return -EINVAL;
	}
	add(job, landlock_action(writable), RUNNER_LANDLOCK);
	add(job, filter_action(is_user), RUNNER_SECCOMP);
	return 0;
}

static _Noreturn void fail(const struct runner_job *job, int r)
{
	runner_tell(job, RUNNER_WORD_ERROR, r);
	_exit(1);
}

_Noreturn void runner_contain(struct runner_job *job)
{
	static const char *const environment[] = {
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
		"LC_ALL=C.UTF-8",
		"HOME=/nonexistent",
		"EPCACHE_API=1",
		NULL,
	};
	int r;

	if (!descriptors_set(job))
		fail(job, -errno);
	signals_reset();
	(void)umask(022);
	(void)setsid();
	if (chdir("/") < 0)
		fail(job, -errno);
	r = be_user(job);
	if (r == 0) {
		make_room(job);
		r = confine(job);
	}
	if (r < 0)
		fail(job, r);

	add(job, runner_limit(job), RUNNER_LIMITS);
	runner_tell(job, RUNNER_WORD_LAYERS, (int)job->layers);
	/* The kernel takes what it does not change as what may be changed. */
	(void)execve(job->action->exec[0], job->action->exec,
		     (char *const *)(uintptr_t)environment);
	fail(job, -errno);
}
