/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * actions-hostile - run an action that does its worst, some times.
 *
 *     actions-hostile [OPTION]... WHAT [ARG]
 *       -x LAYER    without this layer; may be given more than once
 *       -n ROUNDS   so many times
 *       -t MS       the time that it has
 *       -u USER -w PATH   in the mode "user"
 *       -i BYTES    so much standard input
 *       -N          as a runner would that does not contain anything
 *       -p          print what it printed, too
 *
 * Each round comes to one word or more: how it ended, what it printed in its first line,
 * "survivor" when a process of it is left, "late" when it took far too long.  Each
 * outcome is printed once, with how often it came.  What it can do is in actions-acts.h.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actions-acts.h"
#include "drop.h"
#include "filter.h"
#include "landlock.h"
#include "runner-parts.h"

#define OUTCOMES_MAX 16
#define MEMORY_MAX (UINT64_C(64) << 20) /* bytes */
#define LATE_MS 8000                    /* after its time; a slow machine is not late */
#define SCANS 500                       /* for what is to be left, SCAN_MS apart */
#define SCAN_MS 20

/* --- without some layers ----------------------------------------------------- */

static unsigned without; /* RUNNER_* bits */

bool __real_drop_new_privs(void);
bool __wrap_drop_new_privs(void);
bool __wrap_drop_new_privs(void)
{
	return without & RUNNER_NO_NEW_PRIVS || __real_drop_new_privs();
}

int __real_drop_user(uid_t uid, gid_t gid);
int __wrap_drop_user(uid_t uid, gid_t gid);
int __wrap_drop_user(uid_t uid, gid_t gid)
{
	return without & RUNNER_USER ? DROP_DONE : __real_drop_user(uid, gid);
}

bool __real_drop_caps(void);
bool __wrap_drop_caps(void);
bool __wrap_drop_caps(void)
{
	return without & RUNNER_CAPABILITIES || __real_drop_caps();
}

bool __real_landlock_action(int writable);
bool __wrap_landlock_action(int writable);
bool __wrap_landlock_action(int writable)
{
	return without & RUNNER_LANDLOCK || __real_landlock_action(writable);
}

bool __real_filter_action(bool may_change);
bool __wrap_filter_action(bool may_change);
bool __wrap_filter_action(bool may_change)
{
	return without & RUNNER_SECCOMP || __real_filter_action(may_change);
}

bool __real_runner_limit(const struct runner_job *job);
bool __wrap_runner_limit(const struct runner_job *job);
bool __wrap_runner_limit(const struct runner_job *job)
{
	return without & RUNNER_LIMITS || __real_runner_limit(job);
}

/* Namespaces are refused, as in a container. */
static void refuse(uint64_t flag)
{
	const struct scmp_arg_cmp arg = { 0, SCMP_CMP_MASKED_EQ, flag, flag };
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);

	if (!f || seccomp_attr_set(f, SCMP_FLTATR_CTL_NNP, 0) < 0 ||
	    seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW) < 0 ||
	    seccomp_rule_add_array(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1, &arg) <
		    0 ||
	    seccomp_load(f) < 0)
		exit(126);
	seccomp_release(f);
}

static unsigned layer_of(const char *name)
{
	for (unsigned i = 0; i < RUNNER_NR_LAYERS; i++)
		if (strcmp(runner_layer_name(i), name) == 0)
			return 1u << i;
	fprintf(stderr, "actions-hostile: no layer '%s'\n", name);
	exit(2);
}

/* --- one round --------------------------------------------------------------- */

struct hostile {
	struct action action;
	struct runner_task task;
	char mark[32]; /* the last argument of each of its processes */
	unsigned rounds;
	bool is_naive, prints;
};

/* Processes of this mark, which are ended: how many. */
static unsigned survivors(const char *mark)
{
	unsigned found = 0;
	DIR *proc = opendir("/proc");
	const struct dirent *e;

	while (proc && (e = readdir(proc))) {
		char path[64], line[4096];
		int fd;
		ssize_t n;

		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		(void)snprintf(path, sizeof path, "/proc/%.20s/cmdline", e->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? 0 : read(fd, line, sizeof line);
		if (fd >= 0)
			(void)close(fd);
		/* This process has no such argument: it makes it. */
		if (n <= 0 || !memmem(line, (size_t)n, mark, strlen(mark)))
			continue;
		found++;
		(void)kill((pid_t)atoi(e->d_name), SIGKILL);
	}
	if (proc)
		(void)closedir(proc);
	return found;
}

/*
 * A process that forks and ends between the listing of /proc and the reading is not seen,
 * nor is its child.  Where one is to be left it comes to rest, and is then seen.
 */
static bool has_survivors(const struct hostile *h)
{
	for (unsigned i = 0; i < (h->is_naive ? SCANS : 2); i++) {
		if (survivors(h->mark) > 0) {
			while (survivors(h->mark) > 0)
				(void)usleep(1000);
			return true;
		}
		if (h->is_naive)
			(void)usleep(SCAN_MS * 1000);
	}
	return false;
}

/* As package managers run hooks: started, and waited for. */
static void run_naively(struct hostile *h, struct runner_result *ret)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		(void)dup2(null, STDOUT_FILENO);
		(void)execv(h->action.exec[0], h->action.exec);
		_exit(127);
	}
	(void)waitpid(pid, &status, 0);
	*ret = (struct runner_result){ .end = RUNNER_EXITED,
				       .status = WEXITSTATUS(status) };
}

static const char *error_name(int r)
{
	const char *name = strerrorname_np(-r);

	return name ? name : "?";
}

static void describe(const struct hostile *h, const struct runner_result *r,
		     char *ret_text, size_t size)
{
	static const char *const ends[] = {
		"exited", "signalled", "timed-out", "too-much", "not-contained", "failed",
	};
	const char *end = r->out ? memchr(r->out, '\n', r->nr_out) : NULL;
	char detail[32] = "";

	if (r->end == RUNNER_EXITED || r->end == RUNNER_SIGNALLED)
		(void)snprintf(detail, sizeof detail, " %d",
			       r->end == RUNNER_EXITED ? r->status : r->signal);
	else if (r->error < 0)
		(void)snprintf(detail, sizeof detail, " %s", error_name(r->error));
	(void)snprintf(ret_text, size, "%s%s%s%.*s%s%s", ends[r->end], detail,
		       end ? " " : "", end ? (int)(end - r->out) : 0, end ? r->out : "",
		       has_survivors(h) ? " survivor" : "",
		       r->ms > h->task.limit_ms + LATE_MS ? " late" : "");
}

static void run_once(struct hostile *h, unsigned round, char *ret_text, size_t size)
{
	struct runner_result r;

	(void)snprintf(h->mark, sizeof h->mark, "hostile-%d-%u", (int)getpid(), round);
	if (h->is_naive)
		run_naively(h, &r);
	else
		runner_run(&h->task, &r);
	describe(h, &r, ret_text, size);
	if (h->prints) {
		if (r.out)
			(void)fwrite(r.out, 1, r.nr_out, stdout);
		printf("stderr %zu\n", r.nr_err);
		for (unsigned i = 0; i < RUNNER_NR_LAYERS; i++)
			if (r.layers & 1u << i)
				printf("layer %s\n", runner_layer_name(i));
	}
	runner_release(&r);
}

static void run_all(struct hostile *h)
{
	static struct {
		char text[256];
		unsigned count;
	} outcomes[OUTCOMES_MAX];
	char text[sizeof outcomes[0].text];

	for (unsigned round = 0; round < h->rounds; round++) {
		run_once(h, round, text, sizeof text);
		for (size_t i = 0; i < OUTCOMES_MAX; i++) {
			if (outcomes[i].count > 0 && strcmp(outcomes[i].text, text) != 0)
				continue;
			memcpy(outcomes[i].text, text, sizeof text);
			outcomes[i].count++;
			break;
		}
	}
	for (size_t i = 0; i < OUTCOMES_MAX && outcomes[i].count > 0; i++)
		printf("%u %s\n", outcomes[i].count, outcomes[i].text);
}

/* --- what is asked for ------------------------------------------------------- */

static void option(struct hostile *h, int o)
{
	switch (o) {
	case 'x':
		without |= layer_of(optarg);
		break;
	case 'n':
		h->rounds = (unsigned)atoi(optarg);
		break;
	case 't':
		h->task.limit_ms = (unsigned)atoi(optarg);
		break;
	case 'u':
		h->action.mode = ACTION_USER;
		h->action.user = optarg;
		break;
	case 'w':
		h->action.writable_path = optarg;
		break;
	case 'i':
		h->task.nr_input = (size_t)atoi(optarg);
		break;
	case 'N':
		h->is_naive = true;
		break;
	case 'p':
		h->prints = true;
		break;
	default:
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct hostile h = { .action = { .timeout_s = 30, .memory_max = MEMORY_MAX },
			     .task = { .limit_ms = 20000 },
			     .rounds = 1 };
	char *exec[6] = { NULL };
	char self[4096], *input;
	ssize_t n;
	int o;

	if (argc > 3 && strcmp(argv[1], "--act") == 0)
		return act(argv[2], argv[3]);

	while ((o = getopt(argc, argv, "x:n:t:u:w:i:Np")) >= 0)
		option(&h, o);
	n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (optind >= argc || n < 0)
		return 2;

	self[n] = '\0';
	exec[0] = self;
	memcpy(&exec[1], &(const char *){ "--act" }, sizeof exec[1]);
	exec[2] = argv[optind];
	exec[3] = argv[optind + 1] ? argv[optind + 1] : h.mark;
	exec[4] = h.mark;
	h.action.exec = exec;
	h.task.action = &h.action;
	input = calloc(1, h.task.nr_input + 1);
	h.task.input = input;
	if (without & RUNNER_PID_NAMESPACE)
		refuse(CLONE_NEWPID);
	if (without & RUNNER_NAMESPACES)
		refuse(CLONE_NEWNS);
	run_all(&h);
	free(input);
	return 0;
}
