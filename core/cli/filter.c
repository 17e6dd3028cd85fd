/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "filter.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "auto.h"
#include "sanitized.h"

/* A file is opened to be read; what O_TMPFILE has beside O_DIRECTORY is the kernel's. */
#define NO_OPEN (O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY))

/*
 * By name, for a machine has one or the other, and so have C libraries: stat(3) is
 * newfstatat(2) in glibc, stat(2) in musl, and statx(2) where time has 32 bits.
 * openat2(2) is not among them: a filter cannot see its flags.
 */
static const char *const any[] = {
	/* the most frequent first */
	"read",
	"close",
	"fstat",
	"fstat64",
	"newfstatat",
	"fstatat64",
	"statx",
	"stat",
	"stat64",
	"lstat",
	"lstat64",
	"fgetxattr",
	"getdents64",
	"lseek",
	"_llseek",
	"pread64",
	"fstatfs",
	"fstatfs64",
	"readlinkat",
	"readlink",
	"brk",
	"munmap",
	"mremap",
	"madvise",
	"clock_gettime",
	"clock_gettime64",
	"gettimeofday",
	"clock_nanosleep",
	"clock_nanosleep_time64",
	"nanosleep",
	"restart_syscall",
	"getrandom",
	"sysinfo",
	"exit",
	"exit_group",
	"rt_sigreturn",
	"sigreturn",
};

/* What printing takes beside that. */
static const char *const printing[] = {
	"getcwd", "getuid", "geteuid", "getgid", "getegid", "statfs", "statfs64",
};

/* An argument that has to be so: (argument & mask) == value. */
struct rule {
	const char *name;
	unsigned arg;
	uint64_t mask, value;
};

static const struct rule reading[] = {
	{ "openat", 2, NO_OPEN, O_RDONLY },
	{ "open", 1, NO_OPEN, O_RDONLY },
	{ "mprotect", 2, PROT_EXEC, 0 },
};

static const struct rule terminal[] = {
	{ "write", 0, ~UINT64_C(0), STDOUT_FILENO },
	{ "write", 0, ~UINT64_C(0), STDERR_FILENO },
	{ "writev", 0, ~UINT64_C(0), STDOUT_FILENO },
	{ "writev", 0, ~UINT64_C(0), STDERR_FILENO },
	/* isatty(3) asks for the one, or from glibc 2.42 on for the other. */
	{ "ioctl", 1, ~UINT64_C(0), TCGETS },
#ifdef TCGETS2
	{ "ioctl", 1, ~UINT64_C(0), TCGETS2 },
#endif
	{ "ioctl", 1, ~UINT64_C(0), TIOCGWINSZ },
	{ "fcntl", 1, ~UINT64_C(0), F_GETFL },
	{ "fcntl64", 1, ~UINT64_C(0), F_GETFL },
};

/* A sanitizer's own calls. */
static const char *const sanitizing[] = {
	"mprotect", "mmap",   "sigaltstack", "rt_sigaction", "rt_sigprocmask",
	"futex",    "gettid", "getpid",      "tgkill",       "sched_yield",
	"write",    "openat", "prctl",       "tkill",
};

/*
 * Of a library that was loaded before all others, to play root: it asks a server what
 * files are to look like, and ends the process where it cannot.
 */
extern int fakeroot_isdisabled(void) __attribute__((weak));
extern void fakechroot_init(void) __attribute__((weak));

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

bool filter_plays_paths(void)
{
	return fakechroot_init != NULL;
}

static bool add_names(scmp_filter_ctx f, const char *const *names, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		int call = seccomp_syscall_resolve_name(names[i]);

		/* Negative for what this machine has not. */
		if (call >= 0 &&
		    seccomp_rule_add_array(f, SCMP_ACT_ALLOW, call, 0, NULL) < 0)
			return false;
	}
	return true;
}

static bool add_rules(scmp_filter_ctx f, const struct rule *rules, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		int call = seccomp_syscall_resolve_name(rules[i].name);
		const struct scmp_arg_cmp arg = {
			.arg = rules[i].arg,
			.op = SCMP_CMP_MASKED_EQ,
			.datum_a = rules[i].mask,
			.datum_b = rules[i].value,
		};

		if (call >= 0 &&
		    seccomp_rule_add_array(f, SCMP_ACT_ALLOW, call, 1, &arg) < 0)
			return false;
	}
	return true;
}

/*
 * Memory that is not executable, and that RLIMIT_DATA counts: it does not count what is
 * shared, or grows as a stack does.
 */
static bool add_mmap(scmp_filter_ctx f)
{
	const int calls[] = { SCMP_SYS(mmap), SCMP_SYS(mmap2) };
	const struct scmp_arg_cmp args[] = {
		{ 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 },
		{ 3, SCMP_CMP_MASKED_EQ, MAP_SHARED | MAP_GROWSDOWN, 0 },
	};

	for (size_t i = 0; i < COUNT(calls); i++)
		if (calls[i] >= 0 &&
		    seccomp_rule_add_array(f, SCMP_ACT_ALLOW, calls[i], 2, args) < 0)
			return false;
	return true;
}

/* Done with by who loads it, or gives up. */
static scmp_filter_ctx filter_new(void)
{
	scmp_filter_ctx f = NULL;

	if (!fakeroot_isdisabled && !filter_plays_paths())
		f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (!f)
		return NULL;
	if (add_names(f, any, COUNT(any)) && add_rules(f, reading, COUNT(reading)) &&
	    add_mmap(f) && (!SANITIZED || add_names(f, sanitizing, COUNT(sanitizing))))
		return f;

	seccomp_release(f);
	return NULL;
}

bool filter_worker(int out)
{
	const struct rule writing = { "write", 0, ~UINT64_C(0), (uint64_t)(unsigned)out };
	scmp_filter_ctx f = filter_new();
	bool done = f && add_rules(f, &writing, 1) && seccomp_load(f) == 0;

	seccomp_release(f);
	return done;
}

bool filter_reader(int also)
{
	const struct rule writing = { "write", 0, ~UINT64_C(0),
				      (uint64_t)(unsigned)also };
	/* A search for leaks, at the end, takes another process that traces this one. */
	scmp_filter_ctx f = SANITIZED ? NULL : filter_new();
	bool done = f && add_names(f, printing, COUNT(printing)) &&
		    add_rules(f, terminal, COUNT(terminal)) &&
		    (also < 0 || add_rules(f, &writing, 1)) && seccomp_load(f) == 0;

	seccomp_release(f);
	return done;
}
