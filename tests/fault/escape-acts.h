/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * escape-acts.h - what a worker must not be able to do, where that takes several calls.
 *
 * Each returns 0 when it was done, or the negative errno that it failed with.
 *
 * Used by: escape.c.  Uses: escape-calls.h.
 */
#ifndef EPC_ESCAPE_ACTS_H
#define EPC_ESCAPE_ACTS_H

#include <time.h>

#include "escape-calls.h"

#define MANY_FILES 64

/* Where somebody outside listens. */
static struct sockaddr_un escape_abstract = { .sun_family = AF_UNIX };
static struct sockaddr_un escape_path = { .sun_family = AF_UNIX };
static struct sockaddr_in escape_inet = { .sin_family = AF_INET };
static socklen_t escape_inet_len = sizeof escape_inet;

static inline int result_of_call(long r)
{
	return r < 0 ? -errno : 0;
}

/* --- sockets ----------------------------------------------------------------- */

static inline void listen_at(const void *address, socklen_t n, int as)
{
	int fd = socket(((const struct sockaddr *)address)->sa_family,
			SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	if (bind(fd, address, n) == 0 && listen(fd, 4) == 0)
		(void)dup2(fd, as);
	(void)close(fd);
}

/*
 * Another process, which looks whether this one is there: a signal at its death would
 * be one that Landlock holds back.  Where it cannot be had, nothing is done.
 */
static inline void listen_outside(void)
{
	const struct timespec nap = { .tv_nsec = 2000000 };
	pid_t worker = getpid();

	(void)snprintf(escape_abstract.sun_path + 1, sizeof escape_abstract.sun_path - 1,
		       "epcache-escape-%d", (int)worker);
	(void)snprintf(escape_path.sun_path, sizeof escape_path.sun_path, "../socket");
	escape_inet.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listen_at(&escape_abstract, sizeof escape_abstract, HELD_LISTENER);
	listen_at(&escape_path, sizeof escape_path, HELD_LISTENER + 1);
	listen_at(&escape_inet, sizeof escape_inet, HELD_LISTENER + 2);
	(void)getsockname(HELD_LISTENER + 2, (void *)&escape_inet, &escape_inet_len);

	if (fork() != 0)
		return;
	for (int fd = 0; fd < HELD_LISTENER; fd++)
		(void)close(fd);
	while (getppid() == worker)
		(void)nanosleep(&nap, NULL);
	_exit(0);
}

static inline int connect_to(int family, const void *address, socklen_t n)
{
	int fd = socket(family, SOCK_STREAM, 0);

	return fd < 0 ? -errno : result_of_call(connect(fd, address, n));
}

static inline int connect_inet(int out)
{
	(void)out;
	return connect_to(AF_INET, &escape_inet, sizeof escape_inet);
}

static inline int connect_abstract(int out)
{
	(void)out;
	return connect_to(AF_UNIX, &escape_abstract, sizeof escape_abstract);
}

static inline int connect_path(int out)
{
	(void)out;
	return connect_to(AF_UNIX, &escape_path, sizeof escape_path);
}

static inline int bind_inet(int out)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)out;
	return fd < 0 ? -errno : result_of_call(bind(fd, (const void *)&any, sizeof any));
}

/* --- files ------------------------------------------------------------------- */

static inline int write_bytes(int out)
{
	int fd = open("file", O_WRONLY);

	(void)out;
	return fd < 0 ? -errno : result_of_call(write(fd, "x", 1));
}

static inline int open_many(int out)
{
	(void)out;
	for (int i = 0; i < MANY_FILES; i++)
		if (open(".", O_RDONLY) < 0)
			return -errno;
	return 0;
}

static inline int map_exec_file(int out)
{
	int fd = open("prog", O_RDONLY);

	(void)out;
	if (fd < 0)
		return -errno;
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED
		       ? -errno
		       : 0;
}

/* --- programs ---------------------------------------------------------------- */

static inline int exec_memory(int out)
{
	int fd = memfd_create("x", 0);
	long r;

	(void)out;
	if (fd < 0 || write(fd, "no program", 10) < 0)
		return -errno;

	r = syscall(SYS_execveat, fd, "", escape_argv, NULL, AT_EMPTY_PATH);
	return r < 0 && errno == ENOEXEC ? 0 : result_of_call(r);
}

static inline int fork_shared(int out)
{
	pid_t pid = vfork();

	(void)out;
	if (pid == 0)
		_exit(0);
	return result_of_call(pid);
}

/* A set-id program of root's is this one: it tells for itself, see escape.c. */
static inline int exec_setid(int out)
{
	char text[16];

	(void)snprintf(text, sizeof text, "%d", out);
	if (fcntl(out, F_SETFD, 0) < 0)
		return -errno;
	return result_of_call(execl("../../setid", "escape-setid", text, (char *)NULL));
}

static const struct act {
	const char *name;
	int (*run)(int out);
} escape_acts[] = {
	{ "connect-inet", connect_inet },   { "connect-abstract", connect_abstract },
	{ "connect-path", connect_path },   { "bind-inet", bind_inet },
	{ "write-bytes", write_bytes },     { "open-many", open_many },
	{ "map-file-exec", map_exec_file }, { "exec-memory", exec_memory },
	{ "fork-shared", fork_shared },     { "set-id", exec_setid },
};

#define NR_ESCAPE_ACTS (sizeof escape_acts / sizeof *escape_acts)

#endif
