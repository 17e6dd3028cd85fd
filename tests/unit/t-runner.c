/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who an action is, and who may not run one; what it may do: tests/fault/actions-*. */
#include <errno.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "drop.h"
#include "nobody.h"
#include "runner-parts.h"
#include "t.h"
#include "tmp.h"

static char program[] = "/bin/true", tmp_folder[] = "/tmp";
static char *exec_words[] = { program, NULL };

/* A filter's without a user. */
static struct action action_of(char *user)
{
	return (struct action){
		.exec = exec_words,
		.timeout_s = 10,
		.memory_max = UINT64_C(1) << 30,
		.mode = user ? ACTION_USER : ACTION_FILTER,
		.user = user,
		.writable_path = user ? tmp_folder : NULL,
	};
}

/* --- who there is ------------------------------------------------------------ */

/* A process of a /proc that is not the system's. */
static void add_process(const struct tmp *proc, const char *pid, const char *state,
			const char *uids, unsigned threads)
{
	char path[64], text[256];

	MUST(mkdirat(proc->fd, pid, 0700) == 0);
	(void)snprintf(path, sizeof path, "%s/status", pid);
	(void)snprintf(text, sizeof text,
		       "Name:\ta\\nUid:\t7\nState:\t%s\nPid:\t%s\nUid:\t%s\n"
		       "Gid:\t9\t9\t9\t9\nThreads:\t%u\nNonewprivs:\t0\n",
		       state, pid, uids, threads);
	tmp_put(proc->fd, path, text);
}

static void counts_the_threads_of_a_user_by_any_id(void)
{
	static const struct {
		uid_t uid;
		unsigned threads;
	} rows[] = {
		{ 7, 0 },   { 9, 0 },  { 100, 5 },  { 101, 3 }, { 102, 3 },   { 103, 3 },
		{ 104, 1 }, { 10, 0 }, { 1000, 0 }, { 0, 4 },   { 65534, 1 },
	};
	auto_tmp struct tmp proc = tmp_make();
	unsigned nr;

	add_process(&proc, "1", "S (sleeping)", "0\t0\t0\t0", 4);
	add_process(&proc, "22", "R (running)", "100\t100\t100\t100", 2);
	add_process(&proc, "23", "D (disk sleep)", "100\t101\t102\t103", 3);
	add_process(&proc, "24", "Z (zombie)", "104\t104\t104\t104", 1);
	add_process(&proc, "99999", "S (sleeping)", "65534\t65534\t65534\t65534", 1);
	MUST(mkdirat(proc.fd, "25", 0700) == 0); /* it has just come to its end */
	MUST(mkdirat(proc.fd, "self", 0700) == 0);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char row[16];

		(void)snprintf(row, sizeof row, "%u", (unsigned)rows[i].uid);
		T_ROW(row);
		T(runner_user_threads(proc.path, rows[i].uid, &nr) == 0);
		T(nr == rows[i].threads);
	}
	T_ROW(NULL);
	T(runner_user_threads("/nonexistent", 5, &nr) == -ENOENT && nr == 0);
	T(runner_user_threads("/proc", getuid(), &nr) == 0 && nr > 0);
}

/* --- who it is --------------------------------------------------------------- */

static void is_never_root(void)
{
	char root[] = "root", nobody_known[] = "no such user", empty[] = "";
	struct action as_root = action_of(root), as_none = action_of(nobody_known),
		      as_empty = action_of(empty);
	struct runner_job job = { .action = &as_root };

	T(runner_user_find(&job, NULL) == -EPERM);
	job.action = &as_none;
	T(runner_user_find(&job, NULL) == -ESRCH);
	job.action = &as_empty;
	T(runner_user_find(&job, NULL) == -ESRCH);
}

/* Where such numbers are not mapped it is 65534. */
static bool is_nobody(uid_t uid)
{
	return nobody_is_number(uid) || uid == 65534;
}

static void is_the_workers_user_as_a_filter(void)
{
	struct action filter = action_of(NULL);
	struct runner_job job = { .action = &filter };

	T(runner_user_find(&job, "12345678") == 0);
	T(job.uid == 12345678 && is_nobody(job.gid) && job.processes_max == 64);
	T(runner_user_find(&job, "root") == 0);
	T(is_nobody(job.uid) && job.gid == job.uid && job.processes_max >= 64);
}

/* --- its limits -------------------------------------------------------------- */

static bool has_limit(drop_resource resource, rlim_t value)
{
	struct rlimit limit;

	return prlimit(0, resource, NULL, &limit) == 0 && limit.rlim_cur == value &&
	       limit.rlim_max == value;
}

static bool has_limits(const struct action *action, rlim_t file_max)
{
	const struct runner_job job = { .action = action, .processes_max = 70 };
	const struct rlimit lower = { 50, 50 };

	return prlimit(0, RLIMIT_NOFILE, &lower, NULL) == 0 && runner_limit(&job) &&
	       has_limit(RLIMIT_DATA, UINT64_C(1) << 30) && has_limit(RLIMIT_CPU, 11) &&
	       has_limit(RLIMIT_NPROC, 70) && has_limit(RLIMIT_FSIZE, file_max) &&
	       has_limit(RLIMIT_CORE, 0) && has_limit(RLIMIT_NOFILE, 50);
}

static void limits_hold_and_lower_ones_stay(void)
{
	char user[] = "anybody";
	struct action filter = action_of(NULL), as_user = action_of(user);
	int status;

	if (getenv("VALGRIND"))
		return; /* it has limits of its own */
	for (int is_user = 0; is_user < 2; is_user++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(is_user ? !has_limits(&as_user, 256 << 20)
				      : !has_limits(&filter, 0));
		T(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
	}
}

/* --- who may run one --------------------------------------------------------- */

static void is_roots_alone_to_run(void)
{
	struct action filter = action_of(NULL);
	const struct runner_task task = {
		.action = &filter, .input = "x", .nr_input = 1, .limit_ms = 1000
	};
	struct runner_result result;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (getuid() == 0 && setresuid(65534, 65534, 65534) < 0)
			_exit(2);
		runner_run(&task, &result);
		status = result.end == RUNNER_FAILED && result.error == -EPERM &&
			 !result.out && result.layers == 0;
		runner_release(&result);
		_exit(!status);
	}
	T(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
}

static void names_each_layer(void)
{
	for (unsigned i = 0; i < RUNNER_NR_LAYERS; i++)
		T(runner_layer_name(i) && *runner_layer_name(i));
}

int main(void)
{
	RUN(counts_the_threads_of_a_user_by_any_id);
	RUN(is_never_root);
	RUN(is_the_workers_user_as_a_filter);
	RUN(limits_hold_and_lower_ones_stay);
	RUN(is_roots_alone_to_run);
	RUN(names_each_layer);
	return t_done();
}
