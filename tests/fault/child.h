/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * child.h - processes beside a test: some that change what it looks at until they are
 * stopped, and the tool itself.
 *
 *     pid_t pid = child_start(swap_for_ever, &swap);
 *     ...
 *     child_stop(pid);
 *
 *     struct said said;
 *     T(tool_run(&said, (const char *[]){ "query", "--all", NULL }) == 3);
 *
 * Used by: races.c, hammer.c, replaced.c.  Uses: tmp.h.
 */
#ifndef EPC_CHILD_H
#define EPC_CHILD_H

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "../unit/tmp.h"

#define TOOL_ARGS_MAX 16
#define TOOL_SAID_MAX 65536

/* What the tool printed, both streams. */
struct said {
	size_t n;
	char text[TOOL_SAID_MAX];
};

/* Never outlives the test, however that ends. */
static inline pid_t child_start(void (*run)(void *), void *arg)
{
	pid_t test = getpid(), pid;

	(void)fflush(stdout);
	pid = fork();
	MUST(pid >= 0);
	if (pid > 0)
		return pid;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == test)
		run(arg);
	_exit(0);
}

static inline void child_stop(pid_t pid)
{
	MUST(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
}

/* Wait for a child that ends by itself; its exit status, or 128 and the signal. */
static inline int child_wait(pid_t pid)
{
	int status;

	MUST(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* What LONG makes of a number of tries. */
static inline unsigned long tries_of(unsigned long usual, unsigned long when_long)
{
	const char *s = getenv("LONG");

	return s && *s ? when_long : usual;
}

static inline const char *tool_path(void)
{
	return getenv("EPCACHE_TOOL");
}

/* A test sets EPCACHE for the tool, to which it would mean another thing. */
static inline void tool_setup(void)
{
	static const char *const not_ours[] = { "EPCACHE",        "EPCACHE_DIR",
						"XDG_CACHE_HOME", "XDG_RUNTIME_DIR",
						"HOME",           "VIRTUAL_ENV" };
	const char *tool = getenv("EPCACHE");

	if (tool)
		MUST(setenv("EPCACHE_TOOL", tool, 1) == 0);
	for (size_t i = 0; i < sizeof not_ours / sizeof *not_ours; i++)
		MUST(unsetenv(not_ours[i]) == 0);
	(void)umask(022);
}

static inline void tool_exec(const char *const *args, int out)
{
	char *argv[TOOL_ARGS_MAX + 2] = { NULL };

	MUST((argv[0] = strdup("epcache")));
	for (int i = 0; args[i] && i < TOOL_ARGS_MAX; i++)
		MUST((argv[i + 1] = strdup(args[i])));
	if (dup2(out, STDOUT_FILENO) >= 0 && dup2(out, STDERR_FILENO) >= 0)
		(void)execv(tool_path(), argv);
	_exit(127);
}

/* Its exit status, or 128 and the signal that ended it. */
static inline int tool_run(struct said *ret_said, const char *const *args)
{
	const size_t max = sizeof ret_said->text - 1;
	size_t n = 0;
	int ends[2];
	ssize_t got;
	pid_t pid;

	(void)fflush(stdout);
	MUST(pipe2(ends, O_CLOEXEC) == 0);
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0)
		tool_exec(args, ends[1]);

	(void)close(ends[1]);
	while (n < max && (got = read(ends[0], ret_said->text + n, max - n)) > 0)
		n += (size_t)got;
	ret_said->text[n] = '\0';
	ret_said->n = n;
	(void)close(ends[0]);
	return child_wait(pid);
}

#endif
