/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each rule of the filters of system calls: what it lets through, and what it does not. */
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "drop.h"
#include "filter.h"
#include "sanitized.h"
#include "t.h"
#include "tmp.h"

/* As in each process that is filtered. */
enum { SITE = 50, OUT = 51, OTHER = 52 };
enum { PASSED = 0, NOT_PASSED = 1, NO_FILTER = 2 };

#define FS_TMPFILE (O_TMPFILE & ~O_DIRECTORY) /* the kernel's part of it */
#define HIGH ((intptr_t)((uintptr_t)1 << (8 * sizeof(intptr_t) - 1)))

struct row {
	const char *name;
	long nr;
	intptr_t arg[6];
	bool worker, reader; /* may they? */
};

static char page[4096] __attribute__((aligned(4096)));
static char buffer[256];
static struct iovec vec = { buffer, 0 };

#define A(object) ((intptr_t)(object))
#define OPEN(flags)                          \
	SYS_openat,                          \
	{                                    \
		SITE, A("file"), flags, 0600 \
	}
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static const struct row rows[] = {
	{ "read", OPEN(O_RDONLY), true, true },
	{ "read, all harmless", OPEN(O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), true, true },
	{ "list", SYS_openat, { SITE, A("."), O_DIRECTORY }, true, true },
	{ "write", OPEN(O_WRONLY), false, false },
	{ "read and write", OPEN(O_RDWR), false, false },
	{ "neither", OPEN(O_ACCMODE), false, false },
	{ "create", OPEN(O_CREAT), false, false },
	{ "create only", OPEN(O_CREAT | O_EXCL), false, false },
	{ "truncate", OPEN(O_TRUNC), false, false },
	{ "append", OPEN(O_APPEND), false, false },
	{ "unnamed",
	  SYS_openat,
	  { SITE, A("."), O_TMPFILE | O_RDWR, 0600 },
	  false,
	  false },
	{ "unnamed, unsaid", OPEN(FS_TMPFILE), false, false },
	{ "write, high bits", OPEN(O_WRONLY | HIGH), false, false },
#ifdef SYS_open
	{ "old read", SYS_open, { A("/"), O_RDONLY }, true, true },
	{ "old write", SYS_open, { A("file"), O_WRONLY }, false, false },
	{ "old both", SYS_open, { A("file"), O_RDWR }, false, false },
	{ "old create", SYS_open, { A("file"), O_CREAT, 0600 }, false, false },
	{ "old truncate", SYS_open, { A("file"), O_TRUNC }, false, false },
	{ "old append", SYS_open, { A("file"), O_APPEND }, false, false },
	{ "old unnamed", SYS_open, { A("."), O_TMPFILE | O_RDWR, 0600 }, false, false },
	{ "creat", SYS_creat, { A("file"), 0600 }, false, false },
#endif
#ifdef SYS_stat
	{ "status, as musl asks", SYS_stat, { A("file"), A(buffer) }, true, true },
	{ "of a link", SYS_lstat, { A("file"), A(buffer) }, true, true },
	{ "a link", SYS_readlink, { A("file"), A(buffer), 1 }, true, true },
#endif
#ifdef SYS_mmap
	{ "map", SYS_mmap, { 0, 4096, PROT_READ | PROT_WRITE, ANON, -1, 0 }, true, true },
	{ "map to run", SYS_mmap, { 0, 4096, PROT_EXEC, ANON, -1, 0 }, false, false },
	{ "map for all",
	  SYS_mmap,
	  { 0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, ANON, -1, 0 },
	  false,
	  false },
#endif
	{ "protect", SYS_mprotect, { A(page), 4096, PROT_READ }, true, true },
	{ "protect to run", SYS_mprotect, { A(page), 4096, PROT_EXEC }, false, false },
	{ "protect for all",
	  SYS_mprotect,
	  { A(page), 4096, PROT_READ | PROT_WRITE | PROT_EXEC },
	  false,
	  false },
	{ "into the pipe", SYS_write, { OUT, A("x"), 1 }, true, false },
	{ "into standard output", SYS_write, { STDOUT_FILENO, A(""), 0 }, false, true },
	{ "into standard error", SYS_write, { STDERR_FILENO, A(""), 0 }, false, true },
	{ "into another", SYS_write, { OTHER, A("x"), 1 }, false, false },
	{ "into it, high bits", SYS_write, { OUT | HIGH, A("x"), 1 }, false, false },
	{ "pieces into the pipe", SYS_writev, { OUT, A(&vec), 1 }, false, false },
	{ "pieces into output", SYS_writev, { STDOUT_FILENO, A(&vec), 1 }, false, true },
	{ "pieces into error", SYS_writev, { STDERR_FILENO, A(&vec), 1 }, false, true },
	{ "pieces into another", SYS_writev, { OTHER, A(&vec), 1 }, false, false },
	{ "at a place", SYS_pwrite64, { OTHER, A("x"), 1, 0 }, false, false },
	{ "flags", SYS_fcntl, { OTHER, F_GETFL }, false, true },
	{ "set flags", SYS_fcntl, { OTHER, F_SETFL, O_APPEND }, false, false },
	{ "duplicate", SYS_fcntl, { OTHER, F_DUPFD, 0 }, false, false },
	{ "own", SYS_fcntl, { OTHER, F_SETOWN, 0 }, false, false },
	{ "make it larger", SYS_ftruncate, { OTHER, 10 }, false, false },
	{ "terminal", SYS_ioctl, { OTHER, TCGETS, A(buffer) }, false, true },
#ifdef TCGETS2
	{ "terminal, newer", SYS_ioctl, { OTHER, TCGETS2, A(buffer) }, false, true },
	{ "set terminal, newer", SYS_ioctl, { OTHER, TCSETS2, A(buffer) }, false, false },
#endif
	{ "its size", SYS_ioctl, { OTHER, TIOCGWINSZ, A(buffer) }, false, true },
	{ "set terminal", SYS_ioctl, { OTHER, TCSETS, A(buffer) }, false, false },
	{ "type", SYS_ioctl, { OTHER, TIOCSTI, A("x") }, false, false },
	{ "close at exec", SYS_ioctl, { OTHER, FIOCLEX }, false, false },
	{ "where it is", SYS_getcwd, { A(buffer), sizeof buffer }, false, true },
	{ "who it is", SYS_getuid, { 0 }, false, true },
	{ "go", SYS_fchdir, { SITE }, false, false },
};

/* --- a process that is filtered ----------------------------------------------- */

/* Not to be denied is enough: what a terminal is asked has another answer here. */
static int try_row(const struct row *row, bool (*filter)(void))
{
	const intptr_t *a = row->arg;
	long r;

	if (!filter())
		return NO_FILTER;
	r = syscall(row->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	return r < 0 && errno == EPERM ? NOT_PASSED : PASSED;
}

static bool no_filter(void)
{
	return true;
}

static bool worker_filter(void)
{
	return drop_new_privs() && filter_worker(OUT);
}

static bool reader_filter(void)
{
	return drop_new_privs() && filter_reader(-1);
}

static void stage(const char *path)
{
	int fds[2];

	MUST(chdir(path) == 0 && pipe(fds) == 0);
	MUST(dup2(fds[1], OUT) == OUT && dup2(fds[0], SITE - 1) == SITE - 1);
	MUST(dup2(open(".", O_RDONLY | O_DIRECTORY), SITE) == SITE);
	MUST(dup2(open("other", O_RDWR | O_CREAT, 0600), OTHER) == OTHER);
	MUST(dup2(open("null", O_RDWR | O_CREAT, 0600), STDOUT_FILENO) >= 0);
}

static int outcome(const char *path, const struct row *row, bool (*filter)(void))
{
	int status;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		stage(path);
		_exit(try_row(row, filter));
	}

	MUST(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* --- tests ------------------------------------------------------------------- */

static void check_rows(bool (*filter)(void), bool is_worker)
{
	auto_tmp struct tmp t = tmp_make();

	tmp_put(t.fd, "file", "bytes");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		bool may = is_worker ? rows[i].worker : rows[i].reader;

		T_ROW(rows[i].name);
		T(outcome(t.path, &rows[i], filter) == (may ? PASSED : NOT_PASSED));
	}
}

static void a_worker_reads_and_writes_into_its_pipe(void)
{
	check_rows(worker_filter, true);
}

static void a_reader_reads_and_prints(void)
{
	check_rows(reader_filter, false);
}

/* Else what the rows say of the filters would be no news. */
static void without_a_filter_nothing_is_denied(void)
{
	auto_tmp struct tmp t = tmp_make();

	tmp_put(t.fd, "file", "bytes");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		T_ROW(rows[i].name);
		/* Typing is a matter of rights, and of the kernel. */
		if (strcmp(rows[i].name, "type") != 0)
			T(outcome(t.path, &rows[i], no_filter) == PASSED);
	}
}

#ifdef __x86_64__
/* The same calls by the numbers of another ABI: the process ends, or has no such thing. */
static void other_abis_are_no_way_round(void)
{
	const struct row write = {
		"x32", 0x40000000 | SYS_write, { OTHER, A("x"), 1 }, 0, 0
	};
	auto_tmp struct tmp t = tmp_make();

	tmp_put(t.fd, "file", "bytes");
	T(outcome(t.path, &write, worker_filter) != PASSED);
	T(outcome(t.path, &write, reader_filter) != PASSED);
	T(tmp_has(t.fd, "other", ""));
}
#endif

static bool has_filters(void)
{
	const struct row row = { "read", OPEN(O_RDONLY), true, true };
	auto_tmp struct tmp t = tmp_make();

	return outcome(t.path, &row, worker_filter) != NO_FILTER;
}

int main(void)
{
	if (SANITIZED || getenv("VALGRIND") || !has_filters()) {
		printf("ok 1 - filters # SKIP %s\n1..1\n",
		       SANITIZED || getenv("VALGRIND")
			       ? "a checked build needs more calls"
			       : "needs seccomp");
		return 0;
	}

	RUN(without_a_filter_nothing_is_denied);
	RUN(a_worker_reads_and_writes_into_its_pipe);
	RUN(a_reader_reads_and_prints);
#ifdef __x86_64__
	RUN(other_abis_are_no_way_round);
#endif
	return t_done();
}
