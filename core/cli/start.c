/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "start.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine.h"
#include "msg.h"
#include "reap.h"

#define UNIT "epcache-actions.service"
#define SYSTEMD_MS 5000 /* for systemctl to hand the unit over */
#define KILLED_MS 2000  /* for who was killed to end in */
#define END_MS 10000    /* beside ENGINE_TOTAL_MS, for what was begun to come to an end */

bool start_wanted(const struct supervised_dir *dirs, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (dirs[i].end == SUPERVISED_WRITTEN)
			return true;
	return false;
}

/* --- children ---------------------------------------------------------------- */

/* Its wait status; -1: killed, since it took longer. */
static int wait_for(pid_t pid, int64_t limit_ms)
{
	int status = -1;

	if (reap_within(pid, limit_ms, &status))
		return status;
	(void)kill(pid, SIGKILL);
	(void)reap_within(pid, KILLED_MS, &status);
	return -1;
}

/* As fork(2), but the child ends with this process. */
static pid_t fork_bound(void)
{
	const pid_t self = getpid();
	pid_t pid;

	(void)fflush(NULL); /* what is in buffers is this process's to write */
	(void)signal(SIGCHLD, SIG_DFL);
	pid = fork();
	if (pid != 0)
		return pid;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != self)
		_exit(EXIT_FAILURE);
	return 0;
}

/* --- by systemd -------------------------------------------------------------- */

/* In a chroot, the unit would be run outside of it. */
static bool is_chroot(void)
{
	struct stat ours, first;

	/* In a unit of systemd's, root may have no right to look. */
	if (stat("/proc/1/root/.", &first) < 0)
		return errno != EACCES && errno != EPERM;
	return stat("/", &ours) < 0 || ours.st_dev != first.st_dev ||
	       ours.st_ino != first.st_ino;
}

static bool has_systemd(void)
{
	struct stat st;

	return lstat("/run/systemd/system", &st) == 0 && S_ISDIR(st.st_mode) &&
	       !is_chroot();
}

static bool start_unit(void)
{
	static const char *const words[] = { "systemctl", "--no-block",
					     "--quiet",   "--no-ask-password",
					     "start",     UNIT,
					     NULL };
	pid_t pid = fork_bound();
	int null;

	if (pid != 0)
		return pid > 0 && wait_for(pid, SYSTEMD_MS) == 0;

	/* Where the unit is not installed, it is done without. */
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; null >= 0 && fd <= 2; fd++)
		(void)dup2(null, fd);
	(void)execvp(words[0], (char *const *)(uintptr_t)words);
	_exit(127);
}

/* --- here -------------------------------------------------------------------- */

static _Noreturn void run_here(struct epc_ctx *ctx, const struct conf *conf)
{
	auto_engine struct engine e = { .ctx = ctx, .conf = conf };
	int r = engine_run(&e);

	if (r < 0)
		msg("cannot run the actions: %s", strerror(-r));
	for (size_t i = 0; i < e.nr; i++)
		if (e.rows[i].end == ENGINE_FAILED || e.rows[i].end == ENGINE_NOT_RUN)
			msg("the action '%s' failed: %s; see 'epcache actions list'",
			    e.rows[i].name, e.rows[i].why ? e.rows[i].why : "");
	(void)fflush(NULL);
	_exit(EXIT_SUCCESS);
}

void start_actions(struct epc_ctx *ctx, const struct conf *conf)
{
	pid_t pid;

	if (geteuid() != 0 || !conf->actions || getenv("EPCACHE_API"))
		return;
	/* The programs of another root are its own to run. */
	if (epc_ctx_root_fd(ctx) >= 0)
		return;
	if (has_systemd() && start_unit())
		return;

	pid = fork_bound();
	if (pid == 0)
		run_here(ctx, conf);
	if (pid < 0)
		msg("cannot run the actions: %s", strerror(errno));
	else if (wait_for(pid, ENGINE_TOTAL_MS + END_MS) == -1)
		msg("the actions did not end within %d s; see 'epcache actions list'",
		    (ENGINE_TOTAL_MS + END_MS) / 1000);
}
