/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the package managers' hooks call.  A transaction must neither fail nor hang
 * because of it, and its output is other people's: one line at most, the rest is logged.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "auto.h"
#include "child.h"
#include "clock.h"
#include "cmd.h"
#include "conf.h"
#include "discover.h"
#include "msg.h"
#include "scrub.h"
#include "start.h"
#include "state.h"
#include "supervise.h"
#include "watched.h"

#define DIR_SEC 10   /* for one directory, unless TimeoutSec= is less */
#define TOTAL_SEC 20 /* for all */
#define LAST_SEC 45 /* whatever hangs, this process ends; waiting for the lock included */
#define ACTIONS_LAST_SEC 110 /* likewise, where actions are run by processes of ours */
#define DRAIN_MS 5000
#define FORGET_MS 3000
#define CACHE_SUFFIX ".v1" /* epcache.cache(5) */
#define AT_ONCE 4

#define PUBLISHED 100 /* beside exit statuses: there is something to tell actions of */

static const char *const managers[] = { "rpm", "pacman", "dpkg" };

/* --- what was inherited ------------------------------------------------------ */

static void give_up(int signal)
{
	(void)signal;
	_exit(EXIT_DONE);
}

/*
 * rpm writes the names of the files into a pipe; it would be told of a broken one.
 * All that triggers maintain is refreshed, so they are of no interest.
 */
static void drain(void)
{
	int64_t end = clock_ms() + DRAIN_MS, left;
	char buf[65536];
	struct stat st;

	if (fstat(STDIN_FILENO, &st) < 0 || !S_ISFIFO(st.st_mode))
		return;

	while ((left = end - clock_ms()) > 0) {
		struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
		ssize_t n;

		if (poll(&p, 1, (int)left) <= 0)
			return;
		n = read(STDIN_FILENO, buf, sizeof buf);
		if (n == 0 || (n < 0 && errno != EINTR))
			return;
	}
}

/* What goes on apart, and what of it is to be done. */
struct work {
	const struct opts *o;
	const char *manager;
	bool is_refresh; /* readers may get old answers where it does not end */
	int (*step)(struct epc_ctx *ctx, const struct conf *conf, const char *manager);
};

static int do_step(const struct work *work)
{
	auto_conf struct conf conf = { 0 };
	struct epc_ctx *ctx;
	int r;

	msg_to_log();
	r = opt_ctx(work->o, &ctx);
	if (r)
		return r;

	/* Without root's rights there is no folder of the system's to write into. */
	if (conf_load(ctx, &conf) == 0 && conf.trigger &&
	    (geteuid() == 0 || epc_ctx_root_fd(ctx) >= 0))
		r = work->step(ctx, &conf, work->manager);
	epc_ctx_free(ctx);
	return r;
}

/* --- when it does not come to its own end ------------------------------------ */

/* Cache files that may be of before the change: readers read live without them. */
static int forget(void *data, int unused)
{
	const unsigned flags = EPC_REFRESH_NAMED | EPC_REFRESH_DRY_RUN;
	const struct opts *o = data;
	struct epc_folder *folder;
	const struct dirent *e;
	struct epc_ctx *ctx;
	int fd = -1;
	DIR *d;

	(void)unused;
	if (opt_ctx(o, &ctx) != 0)
		return EXIT_FAILURE;
	/* Whose folder it is has been looked at: nobody else's is opened. */
	if (epc_folder_open(ctx, "/", flags, &folder) == 0)
		fd = epc_ctx_open(ctx, epc_folder_path(folder).data,
				  O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	d = fd < 0 ? NULL : fdopendir(fd);
	while (d && (e = readdir(d))) {
		const char *dot = strrchr(e->d_name, '.');

		if (dot && strcmp(dot, CACHE_SUFFIX) == 0)
			(void)unlinkat(fd, e->d_name, 0);
	}
	return d ? EXIT_SUCCESS : EXIT_FAILURE; /* which closes all */
}

/* @signal: that ended it; 0: it took too long */
static void report_early_end(const struct opts *o, int signal)
{
	const struct child_task task = {
		.run = forget,
		.data = (void *)(uintptr_t)o,
		.limit_ms = FORGET_MS,
	};
	const char *why = signal ? strsignal(signal) : "it took too long";
	struct child_answer answer;

	(void)child_ask(&task, &answer);
	free(answer.bytes);
	(void)fprintf(stderr,
		      "epcache: the refresh ended early (%s); its cache files are "
		      "removed: run 'epcache refresh'\n",
		      why ? why : "a signal");
	msg_to_log();
	msg("the refresh ended early (%s); its cache files are removed",
	    why ? why : "a signal");
}

static void interrupt(int signal)
{
	(void)signal;
}

/* Its wait status, or -1 when it took longer, and was killed. */
static int wait_for(pid_t pid, unsigned last_sec)
{
	/* Again and again, should the first come just before the wait. */
	const struct itimerval timer = { { 1, 0 }, { (time_t)last_sec, 0 } };
	const struct sigaction no_restart = { .sa_handler = interrupt };
	const int64_t end = clock_ms() + 1000 * (int64_t)last_sec;
	int status = 0;
	pid_t got;

	(void)sigaction(SIGALRM, &no_restart, NULL);
	(void)setitimer(ITIMER_REAL, &timer, NULL);
	while ((got = waitpid(pid, &status, 0)) < 0 && errno == EINTR && clock_ms() < end)
		;
	(void)alarm(0);
	if (got == pid || errno != EINTR)
		return status;

	(void)kill(pid, SIGKILL);
	return -1;
}

/*
 * All that may touch a file system goes on in a child: one that does not answer holds a
 * process whatever signal it gets, but not the one that the package manager waits for.
 * Returns the step's result, or an exit status.
 */
static int do_apart(const struct work *work, unsigned last_sec)
{
	const pid_t self = getpid();
	int status;
	pid_t pid;

	(void)signal(SIGCHLD, SIG_DFL); /* so that its end can be waited for */
	pid = fork();
	if (pid < 0)
		return do_step(work);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		exit(getppid() == self ? do_step(work) : EXIT_DONE);
	}
	status = wait_for(pid, last_sec);
	if (status != -1 && WIFEXITED(status))
		return WEXITSTATUS(status);
	if (work->is_refresh)
		report_early_end(work->o, status == -1 ? 0 : WTERMSIG(status));
	return EXIT_DONE;
}

static void inherit_nothing(const char *manager)
{
	sigset_t alarms;

	/* What a manager blocks, not to be interrupted, is blocked here as well. */
	(void)sigemptyset(&alarms);
	(void)sigaddset(&alarms, SIGALRM);
	(void)sigprocmask(SIG_UNBLOCK, &alarms, NULL);
	(void)signal(SIGALRM, give_up);
	(void)alarm(LAST_SEC); /* what is inherited may hang, too */
	(void)umask(022);
	scrub_environment();
	scrub_descriptors();
	if (strcmp(manager, "rpm") == 0)
		drain();
}

/* --- the refresh ------------------------------------------------------------- */

/* Root's own directories first: what is others' may take all the time there is. */
static size_t make_rows(const struct conf *conf, const cJSON *state,
			const struct dirs *dirs, struct supervised_dir *rows)
{
	/* A transaction in an image that is being built. */
	unsigned image = getenv("SOURCE_DATE_EPOCH")
				 ? EPC_REFRESH_REPRODUCIBLE | EPC_REFRESH_FORCE
				 : 0;
	size_t nr = 0;

	for (int others = 0; others <= 1; others++)
		for (size_t i = 0; i < dirs->nr; i++) {
			const char *dir = dirs->paths[i];

			if ((dirs->notes[i] == DIRS_ROOTS) == (bool)others)
				continue;
			rows[nr].dir = dir;
			rows[nr].is_silent = dirs->notes[i] == DIRS_SILENT;
			state_take_pause(state, &rows[nr]);
			rows[nr++].flags = conf_flags(conf, dir) | image;
		}
	return nr;
}

static void show_nothing(void *data, size_t i)
{
	(void)data;
	(void)i;
}

/* The reasons into the log, the sum of them to who looks at the transaction. */
static void tell(const struct supervised_dir *rows, size_t nr)
{
	const char *what = "are without a cache of their entry points";
	size_t failed = 0;

	for (size_t i = 0; i < nr; i++) {
		const char *error = rows[i].error ? rows[i].error : "out of memory";

		if (rows[i].end == SUPERVISED_FAILED)
			msg("cannot refresh '%s': %s", rows[i].dir, error);
		else
			continue;
		if (rows[i].is_busy)
			what = "were not refreshed, as another refresh holds the lock";
		failed++;
	}
	if (failed)
		(void)fprintf(
			stderr,
			"epcache: %zu of %zu directories %s; see 'epcache status'\n",
			failed, nr, what);
}

/* Whether anything was published. */
static bool refresh(struct epc_ctx *ctx, const struct conf *conf, const char *manager,
		    const cJSON *state, const struct dirs *dirs)
{
	unsigned sec = conf->timeout_sec < DIR_SEC ? conf->timeout_sec : DIR_SEC;
	const struct supervise_opts how = {
		.user = conf->user,
		.limit_ms = 1000 * sec,
		.total_ms = 1000 * TOTAL_SEC,
		.at_once = AT_ONCE,
		.is_elsewhere = epc_ctx_root_fd(ctx) >= 0,
	};
	const struct supervise_watch watch = { show_nothing, show_nothing, NULL, NULL };
	autofree struct supervised_dir *rows = calloc(dirs->nr + 1, sizeof *rows);
	bool is_new;
	char by[32];
	size_t nr;

	if (!rows)
		return false;

	nr = make_rows(conf, state, dirs, rows);
	supervise(ctx, &how, rows, nr, &watch);
	(void)snprintf(by, sizeof by, "trigger %s", manager);
	state_keep(ctx, by, rows, nr);
	tell(rows, nr);
	is_new = start_wanted(rows, nr);
	supervised_release(rows, nr);
	return is_new;
}

/* What is not to be tried is not to be looked at. */
static void leave_out_paused(const cJSON *state)
{
	const cJSON *last = cJSON_GetObjectItem(state, "last_refresh"), *row;

	cJSON_ArrayForEach(row, cJSON_GetObjectItem(last, "directories"))
	{
		const char *dir = cJSON_GetStringValue(cJSON_GetObjectItem(row,
									   "directory"));
		struct supervised_dir d = { .dir = dir ? dir : "" };

		state_take_pause(state, &d);
		if (d.again_s)
			watched_leave_out(d.dir);
	}
}

static int refresh_system(struct epc_ctx *ctx, const struct conf *conf,
			  const char *manager)
{
	auto_dirs struct dirs dirs = { 0 };
	cJSON *state = state_load(ctx);
	bool is_new;

	leave_out_paused(state);
	is_new = discover_system(ctx, conf, &dirs) == 0 &&
		 refresh(ctx, conf, manager, state, &dirs);
	cJSON_Delete(state);
	return is_new ? PUBLISHED : EXIT_DONE;
}

static int run_actions(struct epc_ctx *ctx, const struct conf *conf, const char *manager)
{
	(void)manager;
	start_actions(ctx, conf);
	return EXIT_DONE;
}

static int trigger(const struct opts *o)
{
	struct work work = { .o = o };

	for (size_t i = 0; i < sizeof managers / sizeof managers[0]; i++)
		if (o->nr_args == 1 && strcmp(o->args[0], managers[i]) == 0)
			work.manager = managers[i];
	if (!work.manager) {
		msg("a trigger is of rpm, pacman or dpkg; see 'epcache trigger --help'");
		return EXIT_USAGE;
	}

	inherit_nothing(work.manager);
	(void)watched_begin(); /* for both */
	work.step = refresh_system;
	work.is_refresh = true;
	if (do_apart(&work, LAST_SEC) != PUBLISHED)
		return EXIT_DONE;

	work.step = run_actions;
	work.is_refresh = false;
	return do_apart(&work, ACTIONS_LAST_SEC);
}

const struct cmd cmd_trigger = {
	.name = "trigger",
	.args = "[OPTION]... rpm|pacman|dpkg",
	.summary = "Refresh from a package manager's hook; never fails",
	.bit = FOR_TRIGGER,
	.run = trigger,
	.never_fails = true,
};
