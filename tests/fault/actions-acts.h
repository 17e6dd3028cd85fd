/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * actions-acts.h - what an action might try, each a function.
 *
 * Each prints "done", or the name of an errno, and a newline; and returns what it is to
 * exit with.
 *
 * Used by: actions-hostile.c.  Uses: nothing.
 */
#ifndef EPC_ACTIONS_ACTS_H
#define EPC_ACTIONS_ACTS_H

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define FORKS 150
#define EATS (UINT64_C(256) << 20) /* bytes */

/* Said with write(2): a buffer would be said again by each child. */
static int say(const char *word)
{
	return dprintf(STDOUT_FILENO, "%s\n", word) < 0;
}

/* What came of a system call. */
static int told(long r)
{
	return say(r >= 0 ? "done" : strerrorname_np(errno));
}

/* Leave no time for anything else; not for ever, where nobody ends it. */
static int stay(void)
{
	for (int i = 0; i < 60; i++)
		(void)sleep(1);
	return 0;
}

/* --- files ------------------------------------------------------------------- */

static int write_into(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0666);

	return told(fd < 0 ? fd : write(fd, "x", 1));
}

static int act_write(const char *path)
{
	return write_into(path, O_WRONLY);
}

static int act_truncate(const char *path)
{
	return write_into(path, O_WRONLY | O_TRUNC);
}

static int act_create(const char *path)
{
	return write_into(path, O_WRONLY | O_CREAT | O_EXCL);
}

static int act_read(const char *path)
{
	char c;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return told(fd < 0 ? fd : read(fd, &c, 1));
}

static int act_mkdir(const char *path)
{
	return told(mkdir(path, 0777));
}

static int act_unlink(const char *path)
{
	return told(unlink(path));
}

static int act_symlink(const char *path)
{
	return told(symlink("/etc/passwd", path));
}

static int act_mkfifo(const char *path)
{
	return told(mkfifo(path, 0666));
}

static int act_chmod(const char *path)
{
	return told(chmod(path, 04777));
}

static int act_touch(const char *path)
{
	return told(utimensat(AT_FDCWD, path, NULL, 0));
}

/* By another one, as an editor does. */
static int act_replace(const char *path)
{
	char beside[4096];
	int fd;

	(void)snprintf(beside, sizeof beside, "%.4000s.new", path);
	fd = open(beside, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	return told(fd < 0 || write(fd, "x", 1) < 0 ? -1 : rename(beside, path));
}

/* --- the machine ------------------------------------------------------------- */

static int act_inet(const char *unused)
{
	(void)unused;
	return told(socket(AF_INET, SOCK_STREAM, 0));
}

static int act_socketpair(const char *unused)
{
	int ends[2];

	(void)unused;
	return told(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
}

/* An abstract one: that is, no file. */
static int act_connect(const char *name)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0)
		return told(fd);
	(void)snprintf(to.sun_path + 1, sizeof to.sun_path - 1, "%s", name);
	return told(connect(fd, (struct sockaddr *)&to,
			    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
					strlen(name))));
}

static int act_listen(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)snprintf(at.sun_path + 1, sizeof at.sun_path - 1, "%s", name);
	if (bind(fd, (struct sockaddr *)&at,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name))) <
		    0 ||
	    listen(fd, 100) < 0)
		return told(-1);
	(void)say("done");
	return stay();
}

static int act_shared_memory(const char *unused)
{
	(void)unused;
	return told(shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0666));
}

static int act_memfd(const char *unused)
{
	(void)unused;
	return told((long)syscall(SYS_memfd_create, "x", 0));
}

static int act_user_namespace(const char *unused)
{
	(void)unused;
	return told(unshare(CLONE_NEWUSER));
}

static int act_clone_namespace(const char *unused)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);

	(void)unused;
	if (pid == 0)
		_exit(0);
	return told(pid);
}

static int act_io_uring(const char *unused)
{
	struct io_uring_params how = { 0 };

	(void)unused;
	return told(syscall(SYS_io_uring_setup, 1, &how));
}

static int act_keyring(const char *unused)
{
	(void)unused;
	return told(syscall(SYS_add_key, "user", "x", "y", 1, -2 /* the process's */));
}

/* getpid(2) of 32 bits, from a program of 64. */
static int act_other_abi(const char *unused)
{
	(void)unused;
#ifdef __x86_64__
	long r;

	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(20L)
			 : "memory", "r8", "r9", "r10", "r11");
	errno = r < 0 ? (int)-r : 0;
	return told(r < 0 ? -1 : 0);
#else
	return say("ENOSYS");
#endif
}

/* --- other processes --------------------------------------------------------- */

static int act_kill(const char *pid)
{
	return told(kill((pid_t)atoi(pid), SIGKILL));
}

static int act_kill_all(const char *unused)
{
	(void)unused;
	return told(kill(-1, SIGKILL));
}

static int act_kill_parent(const char *unused)
{
	int failed;

	(void)unused;
	failed = told(kill(getppid(), SIGKILL));
	(void)usleep(300000); /* it may end by that */
	return failed;
}

static int act_trace(const char *pid)
{
	return told(ptrace(PTRACE_ATTACH, (pid_t)atoi(pid), NULL, NULL));
}

static int act_memory_of(const char *pid)
{
	char path[64];

	(void)snprintf(path, sizeof path, "/proc/%.20s/mem", pid);
	return told(open(path, O_RDWR | O_CLOEXEC));
}

/* --- never ending ------------------------------------------------------------ */

static int act_fork(const char *unused)
{
	(void)unused;
	for (int i = 0; i < FORKS; i++) {
		pid_t pid = fork();

		if (pid == 0)
			return stay();
		if (pid < 0)
			return told(pid);
	}
	return say("done");
}

/* Each child of each child, whoever is ended. */
static int act_bomb(const char *unused)
{
	(void)unused;
	for (int i = 0; i < 1000000; i++)
		if (fork() < 0)
			(void)sched_yield();
	return 0;
}

static int act_daemon(const char *unused)
{
	(void)unused;
	if (fork() > 0)
		return say("done");
	(void)setsid();
	(void)prctl(PR_SET_PDEATHSIG, 0);
	if (fork() > 0)
		_exit(0);
	return stay(); /* standard output is open */
}

static int act_deaf(const char *unused)
{
	(void)unused;
	for (int i = 1; i < NSIG; i++)
		(void)signal(i, SIG_IGN);
	(void)setsid();
	return stay();
}

static int act_stopped(const char *unused)
{
	(void)unused;
	return raise(SIGSTOP);
}

static int act_sleep(const char *unused)
{
	(void)unused;
	return stay();
}

static int act_spin(const char *unused)
{
	volatile pid_t me = getpid();

	(void)unused;
	while (me != 0)
		;
	return 0;
}

static int act_fill(const char *unused)
{
	static char bytes[65536];

	(void)unused;
	memset(bytes, 'x', sizeof bytes);
	while (write(STDOUT_FILENO, bytes, sizeof bytes) > 0)
		;
	return 0;
}

static int act_complain(const char *unused)
{
	static char bytes[65536];

	(void)unused;
	memset(bytes, 'x', sizeof bytes);
	for (int i = 0; i < 32; i++)
		if (write(STDERR_FILENO, bytes, sizeof bytes) < 0)
			return 1;
	return 0;
}

static int act_eat(const char *unused)
{
	(void)unused;
	for (uint64_t n = 0; n < EATS; n += 1 << 20) {
		char *more = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (more == MAP_FAILED)
			return told(-1);
		memset(more, 1, 1 << 20);
	}
	return say("done");
}

/* Memory that its limit does not count: shared and in no file, or a stack's. */
static int act_map(const char *flags)
{
	int how = strcmp(flags, "stack") == 0 ? MAP_PRIVATE | MAP_GROWSDOWN : MAP_SHARED;
	char *more = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, how | MAP_ANONYMOUS, -1,
			  0);

	return more == MAP_FAILED ? told(-1) : say("done");
}

/* As allocators do that keep the parts of their memory far from each other. */
static int act_reserve(const char *unused)
{
	char *more = mmap(NULL, UINT64_C(64) << 30, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	(void)unused;
	if (more == MAP_FAILED || mprotect(more, 1 << 20, PROT_READ | PROT_WRITE) < 0)
		return told(-1);
	memset(more, 1, 1 << 20);
	return say("done");
}

static int act_signal(const char *number)
{
	return raise(atoi(number));
}

static int act_exit(const char *status)
{
	return atoi(status);
}

/* --- what it is given -------------------------------------------------------- */

extern char **environ;

static int act_environment(const char *unused)
{
	(void)unused;
	for (char **e = environ; *e; e++)
		(void)say(*e);
	return 0;
}

static int act_facts(const char *unused)
{
	char cwd[64];

	(void)unused;
	dprintf(STDOUT_FILENO, "cwd %s umask %03o groups %d uid %d fds",
		getcwd(cwd, sizeof cwd), umask(0), getgroups(0, NULL), getuid() != 0);
	for (int fd = 0; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			dprintf(STDOUT_FILENO, " %d", fd);
	return say("");
}

static int act_input(const char *unused)
{
	char bytes[65536];
	size_t total = 0;
	ssize_t n;

	(void)unused;
	while ((n = read(STDIN_FILENO, bytes, sizeof bytes)) > 0)
		total += (size_t)n;
	dprintf(STDOUT_FILENO, "%zu\n", total);
	return 0;
}

static int act_forge_input(const char *unused)
{
	(void)unused;
	return told(pwrite(STDIN_FILENO, "x", 1, 0));
}

/* A program that is set-id: who is it then? */
static int act_gain(const char *program)
{
	(void)execl(program, program, "--act", "who", "", (char *)NULL);
	return told(-1);
}

static int act_who(const char *unused)
{
	(void)unused;
	return say(geteuid() == 0 ? "done" : "EPERM");
}

/* Whatever is to be run by a shell. */
static int act_shell(const char *line)
{
	int status = system(line); /* NOLINT: of the test's own */

	return say(status == 0 ? "done" : "failed");
}

static const struct {
	const char *name;
	int (*run)(const char *arg);
} acts[] = {
	{ "write", act_write },
	{ "truncate", act_truncate },
	{ "create", act_create },
	{ "read", act_read },
	{ "mkdir", act_mkdir },
	{ "unlink", act_unlink },
	{ "symlink", act_symlink },
	{ "mkfifo", act_mkfifo },
	{ "chmod", act_chmod },
	{ "touch", act_touch },
	{ "replace", act_replace },
	{ "inet", act_inet },
	{ "socketpair", act_socketpair },
	{ "connect", act_connect },
	{ "listen", act_listen },
	{ "shared-memory", act_shared_memory },
	{ "memfd", act_memfd },
	{ "user-namespace", act_user_namespace },
	{ "clone-namespace", act_clone_namespace },
	{ "io-uring", act_io_uring },
	{ "keyring", act_keyring },
	{ "other-abi", act_other_abi },
	{ "kill", act_kill },
	{ "kill-all", act_kill_all },
	{ "kill-parent", act_kill_parent },
	{ "trace", act_trace },
	{ "memory-of", act_memory_of },
	{ "fork", act_fork },
	{ "bomb", act_bomb },
	{ "daemon", act_daemon },
	{ "deaf", act_deaf },
	{ "stopped", act_stopped },
	{ "sleep", act_sleep },
	{ "spin", act_spin },
	{ "fill", act_fill },
	{ "complain", act_complain },
	{ "eat", act_eat },
	{ "map", act_map },
	{ "reserve", act_reserve },
	{ "signal", act_signal },
	{ "exit", act_exit },
	{ "environment", act_environment },
	{ "facts", act_facts },
	{ "input", act_input },
	{ "forge-input", act_forge_input },
	{ "gain", act_gain },
	{ "who", act_who },
	{ "shell", act_shell },
};

static int act(const char *name, const char *arg)
{
	for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
		if (strcmp(acts[i].name, name) == 0)
			return acts[i].run(arg);
	return say("no such act");
}

#endif
