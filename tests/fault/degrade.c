/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * degrade - run a command on a system that lacks something, or a worker alone.
 *
 *     degrade [OPTION]... COMMAND [ARG]...
 *     degrade [OPTION]... -l DIR [USER]
 *       -n CALL=ERRNO            the system call fails with this; 0: it says that it is
 *                                done, and is not
 *       -n CALL:ARG:VALUE=ERRNO  the same, when its argument has this value
 *       -U "0 OUTER COUNT"       in a user namespace of these users, as its root
 *       -G "0 OUTER COUNT"       and of these groups
 *       -d                       which denies setgroups(2)
 *       -p                       with the limits of a worker
 *       -l                       print the layers that a worker has, which reads DIR for
 *                                USER, and what became of it
 *
 * The exit status is the command's, or 128 and the signal; 126: what it is to lack cannot
 * be taken away on this machine.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crew.h"
#include "drop.h"
#include "nobody.h"

#define EXIT_UNABLE 126
#define RULES_MAX 8
#define WORKER_MS 10000

struct degrade {
	const char *rules[RULES_MAX]; /* borrowed */
	size_t nr_rules;
	const char *uids, *gids; /* borrowed; maps, or NULL */
	bool denies_groups;
	bool wants_limits;
	bool wants_layers;
};

static void __attribute__((noreturn)) unable(const char *what)
{
	fprintf(stderr, "degrade: %s: %s\n", what, strerror(errno));
	exit(EXIT_UNABLE);
}

/* --- system calls ------------------------------------------------------------ */

static int errno_of(const char *name)
{
	static const struct {
		const char *name;
		int value;
	} all[] = {
		{ "0", 0 },           { "EACCES", EACCES }, { "EAGAIN", EAGAIN },
		{ "EINVAL", EINVAL }, { "ENOSYS", ENOSYS }, { "EOPNOTSUPP", EOPNOTSUPP },
		{ "EPERM", EPERM },
	};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (strcmp(all[i].name, name) == 0)
			return all[i].value;
	errno = EINVAL;
	unable(name);
}

static void add_rule(scmp_filter_ctx f, const char *rule)
{
	char name[32], error[16];
	struct scmp_arg_cmp arg = { .op = SCMP_CMP_EQ };
	int call, n, r;

	n = sscanf(rule, "%31[a-z0-9_]:%u:%" SCNu64 "=%15s", name, &arg.arg, &arg.datum_a,
		   error);
	if (n != 4 && sscanf(rule, "%31[a-z0-9_]=%15s", name, error) != 2) {
		errno = EINVAL;
		unable(rule);
	}

	call = seccomp_syscall_resolve_name(name);
	/* Nothing to be done about what this machine has not. */
	if (call == __NR_SCMP_ERROR)
		return;
	r = seccomp_rule_add_array(f, SCMP_ACT_ERRNO((unsigned)errno_of(error)), call,
				   n == 4 ? 1 : 0, &arg);
	if (r < 0) {
		errno = -r;
		unable(rule);
	}
}

/* Root keeps what no_new_privs would take, since that may be what is to be lacking. */
static void take_calls(const struct degrade *d)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	int r;

	if (!f)
		unable("seccomp");
	for (size_t i = 0; i < d->nr_rules; i++)
		add_rule(f, d->rules[i]);

	(void)seccomp_attr_set(f, SCMP_FLTATR_CTL_NNP, geteuid() != 0);
	r = seccomp_load(f);
	seccomp_release(f);
	if (r < 0) {
		errno = -r;
		unable("seccomp");
	}
}

/* --- user namespace ---------------------------------------------------------- */

static void write_for(pid_t pid, const char *file, const char *text)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0) {
		(void)kill(pid, SIGKILL);
		unable(path);
	}
	(void)close(fd);
}

static int status_of(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return EXIT_UNABLE;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* In the namespace, this returns in a child; its parent stays out, to write the maps. */
static void enter_namespace(const struct degrade *d)
{
	int begun[2], mapped[2];
	pid_t pid;
	char c = 0;

	if (pipe2(begun, O_CLOEXEC) < 0 || pipe2(mapped, O_CLOEXEC) < 0)
		unable("pipe");
	pid = fork();
	if (pid < 0)
		unable("fork");
	if (pid > 0) {
		(void)close(begun[1]);
		(void)close(mapped[0]);
		if (read(begun[0], &c, 1) == 1) {
			if (d->denies_groups)
				write_for(pid, "setgroups", "deny");
			write_for(pid, "uid_map", d->uids);
			write_for(pid, "gid_map", d->gids);
			if (write(mapped[1], &c, 1) != 1)
				unable("write");
		}
		exit(status_of(pid));
	}

	(void)close(mapped[1]);
	if (unshare(CLONE_NEWUSER) < 0)
		unable("user namespace");
	if (write(begun[1], &c, 1) != 1 || read(mapped[0], &c, 1) != 1)
		exit(EXIT_UNABLE);
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		unable("root of a user namespace");
}

/* --- a worker ---------------------------------------------------------------- */

static const char *end_of(const struct crew_job *job)
{
	if (job->end != CREW_TOLD)
		return "ended early";
	if (job->result == WORKER_NOT_DROPPED)
		return "not dropped";
	return job->result == 0 ? "read" : strerror(job->result < 0 ? -job->result : 0);
}

static int show_layers(const char *dir, const char *user)
{
	struct crew crew = crew_init(1, 0);
	struct crew_job job = { .task.dir = dir, .limit_ms = WORKER_MS, .fd = -1 };

	if (epc_ctx_new(&job.task.ctx) < 0)
		return 1;

	job.task.who = nobody_find(user);
	job.task.who.cpu_seconds = WORKER_MS / 1000;
	crew_start(&crew, &job);
	if (!crew_wait(&crew))
		return 1;

	for (unsigned i = 0; i < SANDBOX_NR_LAYERS; i++)
		if (job.layers & 1u << i)
			printf("%s ", sandbox_layer_name(i));
	printf("%s\n", end_of(&job));
	crew_job_release(&job);
	epc_ctx_free(job.task.ctx);
	return 0;
}

static bool read_options(int argc, char **argv, struct degrade *d)
{
	int c;

	while ((c = getopt(argc, argv, "+n:U:G:dpl")) != -1) {
		if (c == 'n' && d->nr_rules < RULES_MAX)
			d->rules[d->nr_rules++] = optarg;
		else if (c == 'U')
			d->uids = optarg;
		else if (c == 'G')
			d->gids = optarg;
		else if (c == 'd')
			d->denies_groups = true;
		else if (c == 'p')
			d->wants_limits = true;
		else if (c == 'l')
			d->wants_layers = true;
		else
			return false;
	}
	return optind < argc && !d->uids == !d->gids;
}

int main(int argc, char **argv)
{
	struct degrade d = { 0 };

	if (!read_options(argc, argv, &d))
		return 2;

	if (d.uids)
		enter_namespace(&d);
	if (d.nr_rules > 0)
		take_calls(&d);
	if (d.wants_layers)
		return show_layers(argv[optind], argv[optind + 1]);

	if (d.wants_limits && !drop_limits(WORKER_MS / 1000))
		unable("limits");
	(void)execvp(argv[optind], argv + optind);
	unable(argv[optind]);
}
