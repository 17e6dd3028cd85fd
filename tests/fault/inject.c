/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inject - run a command, and let one of its system calls fail, or end it there.
 *
 *     inject [OPTION]... COMMAND [ARG]...
 *       -o FILE     write what was done: with -a "NAME OBJECT" of the call that was hit,
 *                   or an empty line; without, "P.NAME.N BY NAME OBJECT" of each call
 *       -a P.NAME.N at the Nth call by that name of process P: 0 is the command, 1 its
 *                   first child
 *       -k          kill the process before the call is made
 *       -e ERRNO    the call is not made, and fails with this errno; only close(2) is
 *                   made, for it closes whatever it returns
 *       -l ERRNO    the call is made, and fails with this errno all the same
 *       -f          from there on, all calls of the process by that name
 *       -t SECONDS  until all is killed (30)
 *
 * Numbers count from the command's own start, for each process alone: processes that
 * run at the same time do not change each other's.  BY is "ld" for what the dynamic
 * loader does, else "it".
 *
 * The exit status is the command's, or 128 and the signal; 124: it, or a process that it
 * started, was still there after its time; 126: it cannot be traced, or no call can be
 * made to fail, on this machine.  strace would do, but fires at the Nth call of each of
 * its processes: where a worker comes first, the points of its parent are never seen.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES_MAX 64
#define TEXT_MAX 512
#define CALLS_MAX 512 /* numbers of calls */
#define EXIT_LATE 124
#define EXIT_UNABLE 126
#define SYSCALL_STOP (SIGTRAP | 0x80)
#define NR(a) (sizeof(a) / sizeof *(a))

enum how { HOW_NONE, HOW_KILL, HOW_FAIL, HOW_LIE };

struct process {
	pid_t pid;                /* 0: ended */
	long by_name;             /* that call fails from now on; -1: none */
	bool fails;               /* the call it is in */
	bool begun;               /* its first stop is over */
	unsigned made[CALLS_MAX]; /* calls begun, by number */
};

struct inject {
	struct process all[PROCESSES_MAX];
	unsigned nr_all;
	unsigned long at_process, at_nr;
	long at_call;
	enum how how;
	int error;
	bool forever;
	FILE *log;               /* NULL: none */
	char hit[TEXT_MAX];      /* "": not yet */
	uint64_t ld_from, ld_to; /* where the dynamic loader is mapped */
	int status;              /* of the command, as wait(2) has it */
};

/* --- what a call is --------------------------------------------------------------- */

/* Which argument is a descriptor, which a path; -1: none. */
struct name {
	long nr;
	const char *name;
	signed char fd, path;
};

#define ON_FD(name)                      \
	{                                \
		SYS_##name, #name, 0, -1 \
	}
#define AT_FD(name)                     \
	{                               \
		SYS_##name, #name, 0, 1 \
	}
#define BY_PATH(name)                    \
	{                                \
		SYS_##name, #name, -1, 0 \
	}
#define OTHER(name)                       \
	{                                 \
		SYS_##name, #name, -1, -1 \
	}

/* What is not here is told by its number. */
static const struct name names[] = {
	ON_FD(read),
	ON_FD(write),
	ON_FD(close),
	ON_FD(lseek),
	ON_FD(fcntl),
	ON_FD(fsync),
	ON_FD(fdatasync),
	ON_FD(fchmod),
	ON_FD(fchown),
	ON_FD(ftruncate),
	ON_FD(fallocate),
	ON_FD(flock),
	ON_FD(ioctl),
	ON_FD(getdents64),
	ON_FD(fstatfs),
	ON_FD(fgetxattr),
	ON_FD(pread64),
	ON_FD(dup3),
	ON_FD(close_range),
	ON_FD(signalfd4),
	ON_FD(landlock_add_rule),
	ON_FD(landlock_restrict_self),
	AT_FD(openat),
	AT_FD(openat2),
	AT_FD(unlinkat),
	AT_FD(mkdirat),
	AT_FD(fchmodat),
	AT_FD(fchownat),
	AT_FD(faccessat),
	AT_FD(faccessat2),
	AT_FD(readlinkat),
	AT_FD(renameat2),
	AT_FD(linkat),
	AT_FD(utimensat),
	AT_FD(newfstatat),
	AT_FD(statx),
	BY_PATH(statfs),
	BY_PATH(execve),
	OTHER(mmap),
	OTHER(munmap),
	OTHER(mprotect),
	OTHER(brk),
	OTHER(clone),
	OTHER(clone3),
	OTHER(wait4),
	OTHER(waitid),
	OTHER(pipe2),
	OTHER(ppoll),
	OTHER(kill),
	OTHER(getrandom),
	OTHER(exit_group),
	OTHER(prctl),
	OTHER(clock_gettime),
	OTHER(clock_nanosleep),
	OTHER(nanosleep),
	OTHER(geteuid),
	OTHER(getppid),
	OTHER(getpid),
	OTHER(setgroups),
	OTHER(setresuid),
	OTHER(setresgid),
	OTHER(capset),
	OTHER(capget),
	OTHER(prlimit64),
	OTHER(seccomp),
	OTHER(rseq),
	OTHER(futex),
	OTHER(restart_syscall),
	OTHER(rt_sigaction),
	OTHER(rt_sigprocmask),
	OTHER(set_robust_list),
	OTHER(set_tid_address),
	OTHER(landlock_create_ruleset),
	OTHER(pidfd_open),
	OTHER(timerfd_create),
#ifdef SYS_renameat
	AT_FD(renameat),
#endif
#ifdef SYS_open /* older machines have them without "at" too */
	BY_PATH(open),
	BY_PATH(stat),
	BY_PATH(lstat),
	BY_PATH(access),
	BY_PATH(mkdir),
	BY_PATH(unlink),
	BY_PATH(rename),
	BY_PATH(readlink),
	BY_PATH(rmdir),
	BY_PATH(chmod),
	ON_FD(fstat),
	ON_FD(dup2),
	OTHER(pipe),
	OTHER(poll),
	OTHER(fork),
	OTHER(vfork),
#endif
};

/* The path that an argument points to, into @text; what cannot be read is "". */
static void read_path(pid_t pid, uint64_t at, char *text)
{
	for (size_t i = 0; i < PATH_MAX - sizeof(long); i += sizeof(long)) {
		long word;

		errno = 0;
		word = ptrace(PTRACE_PEEKDATA, pid, at + i, NULL);
		if (errno)
			word = 0;
		memcpy(text + i, &word, sizeof word);
		if (memchr(&word, '\0', sizeof word))
			return;
	}
	text[PATH_MAX - 1] = '\0';
}

static void read_fd(pid_t pid, int fd, char *text)
{
	char link[64];
	ssize_t n;

	(void)snprintf(link, sizeof link, "/proc/%d/fd/%d", (int)pid, fd);
	n = readlink(link, text, PATH_MAX - 1);
	text[n > 0 ? n : 0] = '\0';
}

/* "NAME OBJECT", with the folder of a path that is relative to one. */
static void describe(pid_t pid, const struct __ptrace_syscall_info *info, char *ret)
{
	const struct name *n = NULL;
	char fd[PATH_MAX] = "", path[PATH_MAX] = "";

	for (size_t i = 0; i < NR(names) && !n; i++)
		if (names[i].nr == (long)info->entry.nr)
			n = &names[i];
	if (!n) {
		(void)snprintf(ret, TEXT_MAX, "%d", (int)info->entry.nr);
		return;
	}

	if (n->path >= 0)
		read_path(pid, info->entry.args[n->path], path);
	if (n->fd >= 0 && path[0] != '/')
		read_fd(pid, (int)info->entry.args[n->fd], fd);
	(void)snprintf(ret, TEXT_MAX, "%s %.240s%s%.200s", n->name, fd,
		       *fd && *path ? "/" : "", path);
}

/* Where the loader is, for calls are of two kinds: its own and the program's. */
static void find_loader(struct inject *j, pid_t pid)
{
	char line[PATH_MAX + 128], *name;
	uint64_t from, to;
	FILE *f;

	(void)snprintf(line, sizeof line, "/proc/%d/maps", (int)pid);
	f = fopen(line, "re");
	while (f && fgets(line, sizeof line, f)) {
		name = strrchr(line, '/');
		if (!name || strncmp(name, "/ld", 3) != 0 ||
		    sscanf(line, "%" SCNx64 "-%" SCNx64, &from, &to) != 2)
			continue;
		if (!j->ld_to)
			j->ld_from = from;
		j->ld_to = to;
	}
	if (f)
		(void)fclose(f);
}

/* --- what is done to it ------------------------------------------------------------ */

#ifdef __x86_64__
static bool can_fail(void)
{
	return true;
}

static void skip_call(pid_t pid)
{
	(void)ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, orig_rax),
		     -1L);
}

static void set_result(pid_t pid, int error)
{
	(void)ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, rax),
		     -(long)error);
}
#else
static bool can_fail(void)
{
	return false;
}

static void skip_call(pid_t pid)
{
	(void)pid;
}

static void set_result(pid_t pid, int error)
{
	(void)pid, (void)error;
}
#endif

static bool is_meant(const struct inject *j, const struct process *p, long nr)
{
	return j->how != HOW_NONE &&
	       (p->by_name == nr || (p == &j->all[j->at_process] && nr == j->at_call &&
				     p->made[nr] == j->at_nr));
}

static void on_entry(struct inject *j, struct process *p,
		     const struct __ptrace_syscall_info *info)
{
	long nr = (long)info->entry.nr;
	bool meant, by_ld = info->instruction_pointer >= j->ld_from &&
			    info->instruction_pointer < j->ld_to;
	char text[TEXT_MAX];

	if (nr < 0 || nr >= CALLS_MAX)
		return; /* a call that does not exist */

	p->made[nr]++;
	meant = is_meant(j, p, nr);
	if (j->log || meant)
		describe(p->pid, info, text);
	if (j->log && j->how == HOW_NONE)
		(void)fprintf(j->log, "%td.%.*s.%u %s %s\n", p - j->all,
			      (int)strcspn(text, " "), text, p->made[nr],
			      by_ld ? "ld" : "it", text);
	if (!meant)
		return;

	if (!*j->hit)
		memcpy(j->hit, text, sizeof text);
	if (j->forever)
		p->by_name = nr;
	if (j->how == HOW_KILL)
		(void)kill(p->pid, SIGKILL);
	if (j->how == HOW_FAIL && nr != SYS_close)
		skip_call(p->pid);
	p->fails = j->how != HOW_KILL;
}

static int on_syscall(struct inject *j, struct process *p)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, p->pid, sizeof info, &info) < 0)
		return errno == ESRCH ? 0 : -errno;

	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		on_entry(j, p, &info);
	} else if (p->fails) {
		set_result(p->pid, j->error);
		p->fails = false;
	}
	return 0;
}

/* --- the processes ---------------------------------------------------------------- */

static struct process *find_process(struct inject *j, pid_t pid)
{
	for (unsigned i = 0; i < j->nr_all; i++)
		if (j->all[i].pid == pid)
			return &j->all[i];
	if (j->nr_all == PROCESSES_MAX)
		return NULL;

	j->all[j->nr_all] = (struct process){ .pid = pid, .by_name = -1 };
	return &j->all[j->nr_all++];
}

static bool is_late;

static void on_alarm(int sig)
{
	(void)sig;
	is_late = true;
}

static void kill_all(const struct inject *j)
{
	for (unsigned i = 0; i < j->nr_all; i++)
		if (j->all[i].pid > 0)
			(void)kill(j->all[i].pid, SIGKILL);
}

static void run_command(char **argv)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(EXIT_UNABLE);

	(void)raise(SIGSTOP);
	(void)execvp(argv[0], argv);
	_exit(EXIT_UNABLE);
}

/* Start the command; it stands behind its execve(2), before its first own call. */
static int start(struct inject *j, char **argv)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK |
			     PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
			     PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
	pid_t pid = fork();
	int status;

	if (pid == 0)
		run_command(argv);
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, pid, 0, options) < 0 ||
	    ptrace(PTRACE_CONT, pid, 0, 0) < 0 || waitpid(pid, &status, 0) < 0 ||
	    status >> 8 != (SIGTRAP | (PTRACE_EVENT_EXEC << 8)))
		return -1;

	find_process(j, pid)->begun = true;
	find_loader(j, pid);
	return ptrace(PTRACE_SYSCALL, pid, 0, 0) < 0 ? -1 : 0;
}

/* Which signal a stopped process is to get when it goes on; -1: it cannot be traced. */
static int on_stop(struct inject *j, struct process *p, int status)
{
	int sig = WSTOPSIG(status);
	bool first = !p->begun;

	p->begun = true;
	if (sig == SYSCALL_STOP)
		return on_syscall(j, p) < 0 ? -1 : 0;
	if (status >> 16 || (first && sig == SIGSTOP))
		return 0;
	return sig;
}

/* Until none is left; what outlives the command has its time too. */
static int follow(struct inject *j)
{
	pid_t pid, command = j->all[0].pid;
	int status, sig;

	for (;;) {
		struct process *p;

		pid = waitpid(-1, &status, __WALL);
		if (pid < 0 && errno == EINTR && is_late) {
			kill_all(j);
			continue;
		}
		if (pid < 0)
			return errno == ECHILD ? 0 : -1;

		p = find_process(j, pid);
		if (!p)
			return -1;
		if (!WIFSTOPPED(status)) {
			p->pid = 0;
			if (pid == command)
				j->status = status;
			continue;
		}
		sig = on_stop(j, p, status);
		if (sig < 0)
			return -1;
		(void)ptrace(PTRACE_SYSCALL, pid, 0, sig);
	}
}

/* --- main ------------------------------------------------------------------------- */

static int usage(void)
{
	(void)fprintf(stderr, "usage: inject [-f] [-o FILE] [-t SECONDS] [-a P.NAME.N "
			      "-k|-e ERRNO|-l ERRNO] COMMAND [ARG]...\n");
	return EXIT_UNABLE;
}

/* P.NAME.N, or P.NUMBER.N for a call whose name is not known here. */
static bool take_point(struct inject *j, const char *point)
{
	char name[32];

	if (sscanf(point, "%lu.%31[^.].%lu", &j->at_process, name, &j->at_nr) != 3)
		return false;

	j->at_call = atol(name);
	for (size_t i = 0; i < NR(names); i++)
		if (strcmp(names[i].name, name) == 0)
			j->at_call = names[i].nr;
	return j->at_process < PROCESSES_MAX;
}

static bool take_option(struct inject *j, int c, unsigned *ret_seconds)
{
	switch (c) {
	case 'a':
		return take_point(j, optarg);
	case 'e':
	case 'l':
		j->how = c == 'e' ? HOW_FAIL : HOW_LIE;
		j->error = atoi(optarg);
		return can_fail();
	case 'f':
		j->forever = true;
		return true;
	case 'k':
		j->how = HOW_KILL;
		return true;
	case 'o':
		j->log = fopen(optarg, "we");
		return j->log;
	case 't':
		*ret_seconds = (unsigned)atoi(optarg);
		return true;
	default:
		return false;
	}
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_alarm }; /* no SA_RESTART */
	struct inject j = { 0 };
	unsigned seconds = 30;
	int c;

	while ((c = getopt(argc, argv, "+a:e:fkl:o:t:")) != -1)
		if (!take_option(&j, c, &seconds))
			return usage();
	if (optind == argc)
		return usage();

	if (sigaction(SIGALRM, &action, NULL) < 0)
		return EXIT_UNABLE;
	(void)alarm(seconds);
	if (start(&j, argv + optind) < 0 || follow(&j) < 0) {
		kill_all(&j);
		(void)fprintf(stderr, "inject: cannot trace: %s\n", strerror(errno));
		return EXIT_UNABLE;
	}

	if (j.log &&
	    (j.how == HOW_NONE ? 0 : fprintf(j.log, "%s\n", j.hit)) + fclose(j.log) < 0)
		return EXIT_UNABLE;
	if (is_late)
		return EXIT_LATE;
	return WIFSIGNALED(j.status) ? 128 + WTERMSIG(j.status) : WEXITSTATUS(j.status);
}
