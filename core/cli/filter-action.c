/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An action is any program: sh, Python, what was compiled.  What may be called is listed,
 * and all else is not there (ENOSYS), as on an older kernel: programs and libraries are
 * made for that, and what kernels learn later is not allowed by having been forgotten.
 * What programs are told that they may not do is EPERM.
 */
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/mman.h>

#include "filter.h"

static const char *const any[] = {
	/* descriptors */
	"read",
	"write",
	"readv",
	"writev",
	"pread64",
	"pwrite64",
	"preadv",
	"pwritev",
	"preadv2",
	"pwritev2",
	"close",
	"close_range",
	"lseek",
	"_llseek",
	"dup",
	"dup2",
	"dup3",
	"fcntl",
	"fcntl64",
	"ioctl",
	"pipe",
	"pipe2",
	"sendfile",
	"sendfile64",
	"splice",
	"tee",
	"copy_file_range",
	"readahead",
	"fadvise64",
	"fadvise64_64",
	"arm_fadvise64_64",
	"flock",
	"fsync",
	"fdatasync",
	"poll",
	"ppoll",
	"ppoll_time64",
	"select",
	"_newselect",
	"pselect6",
	"pselect6_time64",
	"epoll_create",
	"epoll_create1",
	"epoll_ctl",
	"epoll_wait",
	"epoll_pwait",
	"epoll_pwait2",
	"eventfd",
	"eventfd2",
	"signalfd",
	"signalfd4",
	"timerfd_create",
	"timerfd_settime",
	"timerfd_settime64",
	"timerfd_gettime",
	"timerfd_gettime64",
	"inotify_init",
	"inotify_init1",
	"inotify_add_watch",
	"inotify_rm_watch",
	/* files; whether they may be written, and made, is not to be seen here */
	"open",
	"openat",
	"creat",
	"access",
	"faccessat",
	"faccessat2",
	"stat",
	"stat64",
	"lstat",
	"lstat64",
	"fstat",
	"fstat64",
	"newfstatat",
	"fstatat64",
	"statx",
	"readlink",
	"readlinkat",
	"getdents",
	"getdents64",
	"getcwd",
	"chdir",
	"fchdir",
	"statfs",
	"statfs64",
	"fstatfs",
	"fstatfs64",
	"getxattr",
	"lgetxattr",
	"fgetxattr",
	"listxattr",
	"llistxattr",
	"flistxattr",
	"umask",
	/* memory; none that outlives a process, or counts as nobody's */
	"brk",
	"munmap",
	"mremap",
	"mprotect",
	"madvise",
	"mincore",
	"msync",
	"mlock",
	"mlock2",
	"munlock",
	"mlockall",
	"munlockall",
	"membarrier",
	"pkey_alloc",
	"pkey_free",
	"pkey_mprotect",
	/* processes */
	"fork",
	"vfork",
	"execve",
	"execveat",
	"exit",
	"exit_group",
	"wait4",
	"waitpid",
	"waitid",
	"getpid",
	"getppid",
	"gettid",
	"getpgid",
	"getpgrp",
	"setpgid",
	"getsid",
	"setsid",
	"prctl",
	"arch_prctl",
	"set_thread_area",
	"get_thread_area",
	"set_tls",
	"set_tid_address",
	"set_robust_list",
	"get_robust_list",
	"rseq",
	"getrlimit",
	"ugetrlimit",
	"setrlimit",
	"prlimit64",
	"getrusage",
	"getpriority",
	"setpriority",
	"sched_yield",
	"sched_getaffinity",
	"sched_setaffinity",
	"sched_getscheduler",
	"sched_getparam",
	"sched_get_priority_max",
	"sched_get_priority_min",
	"sched_getattr",
	"times",
	"uname",
	"sysinfo",
	"getcpu",
	"getrandom",
	"cacheflush",
	"riscv_flush_icache",
	"riscv_hwprobe",
	/* users: to be who it is, for it has no capabilities to be another */
	"getuid",
	"geteuid",
	"getgid",
	"getegid",
	"getresuid",
	"getresgid",
	"getgroups",
	"getuid32",
	"geteuid32",
	"getgid32",
	"getegid32",
	"getresuid32",
	"getresgid32",
	"getgroups32",
	"setuid",
	"setgid",
	"setreuid",
	"setregid",
	"setresuid",
	"setresgid",
	"setfsuid",
	"setfsgid",
	"setuid32",
	"setgid32",
	"setreuid32",
	"setregid32",
	"setresuid32",
	"setresgid32",
	"setfsuid32",
	"setfsgid32",
	"capget",
	"capset",
	/* signals, to those that it may signal */
	"kill",
	"tkill",
	"tgkill",
	"pidfd_open",
	"pidfd_send_signal",
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigpending",
	"rt_sigsuspend",
	"rt_sigtimedwait",
	"rt_sigtimedwait_time64",
	"rt_sigqueueinfo",
	"rt_tgsigqueueinfo",
	"rt_sigreturn",
	"sigaction",
	"sigprocmask",
	"sigpending",
	"sigsuspend",
	"sigreturn",
	"signal",
	"sigaltstack",
	"pause",
	/* time */
	"time",
	"gettimeofday",
	"clock_gettime",
	"clock_gettime64",
	"clock_getres",
	"clock_getres_time64",
	"nanosleep",
	"clock_nanosleep",
	"clock_nanosleep_time64",
	"alarm",
	"getitimer",
	"setitimer",
	"timer_create",
	"timer_settime",
	"timer_settime64",
	"timer_gettime",
	"timer_gettime64",
	"timer_getoverrun",
	"timer_delete",
	"restart_syscall",
	/* threads */
	"futex",
	"futex_time64",
	"futex_waitv",
	"futex_wait",
	"futex_wake",
	"futex_requeue",
	/* fewer rights still */
	"seccomp",
	"landlock_create_ruleset",
	"landlock_add_rule",
	"landlock_restrict_self",
};

/* Landlock knows of some of these, and of others nothing: modes, owners and times. */
static const char *const changing[] = {
	"mkdir",        "mkdirat",   "rmdir",      "unlink",      "unlinkat",
	"rename",       "renameat",  "renameat2",  "link",        "linkat",
	"symlink",      "symlinkat", "mknod",      "mknodat",     "chmod",
	"fchmod",       "fchmodat",  "fchmodat2",  "chown",       "fchown",
	"lchown",       "fchownat",  "chown32",    "fchown32",    "lchown32",
	"truncate",     "ftruncate", "truncate64", "ftruncate64", "fallocate",
	"utime",        "utimes",    "futimesat",  "utimensat",   "utimensat_time64",
	"setxattr",     "lsetxattr", "fsetxattr",  "removexattr", "lremovexattr",
	"fremovexattr",
};

static const char *const refused[] = {
	"socket",
	"socketpair",
	"socketcall",
	"connect",
	"bind",
	"listen",
	"ptrace",
	"process_vm_readv",
	"process_vm_writev",
	"pidfd_getfd",
	"mount",
	"umount2",
	"unshare",
	"setns",
	"chroot",
	"pivot_root",
	"setgroups",
	"setgroups32",
	"bpf",
	"perf_event_open",
	"keyctl",
	"add_key",
	"request_key",
	"personality",
	"open_by_handle_at",
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

#define NAMESPACES                                                                     \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
	 CLONE_NEWPID | CLONE_NEWNET)
#if defined(__s390__) || defined(__CRIS__)
#define CLONE_FLAGS 1 /* which argument */
#else
#define CLONE_FLAGS 0
#endif

static bool add_names(scmp_filter_ctx f, uint32_t action, const char *const *names,
		      size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		int call = seccomp_syscall_resolve_name(names[i]);

		/* Negative for what this machine, or its library, has not. */
		if (call >= 0 && seccomp_rule_add_array(f, action, call, 0, NULL) < 0)
			return false;
	}
	return true;
}

/* clone3(2) is not there: its flags cannot be seen, and who calls it falls back. */
static bool add_clone(scmp_filter_ctx f)
{
	const struct scmp_arg_cmp arg = {
		.arg = CLONE_FLAGS,
		.op = SCMP_CMP_MASKED_EQ,
		.datum_a = NAMESPACES,
		.datum_b = 0,
	};

	return seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, &arg) == 0;
}

/*
 * No memory that RLIMIT_DATA does not count: what is shared and in no file, and what
 * grows as a stack does.
 */
static bool add_mmap(scmp_filter_ctx f)
{
	const uint64_t none[] = { MAP_ANONYMOUS | MAP_GROWSDOWN,
				  MAP_SHARED | MAP_GROWSDOWN };
	const int calls[] = { SCMP_SYS(mmap), SCMP_SYS(mmap2) };

	for (size_t i = 0; i < COUNT(calls); i++)
		for (size_t j = 0; calls[i] >= 0 && j < COUNT(none); j++) {
			const struct scmp_arg_cmp arg = { 3, SCMP_CMP_MASKED_EQ, none[j],
							  0 };

			if (seccomp_rule_add_array(f, SCMP_ACT_ALLOW, calls[i], 1, &arg) <
			    0)
				return false;
		}
	return true;
}

bool filter_action(bool may_change)
{
	const uint32_t no = SCMP_ACT_ERRNO(EPERM);
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	bool done;

	if (!f)
		return false;

	/* Calls of another ABI, as i386 and x32, are none of these: they are not there. */
	(void)seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
	done = add_names(f, SCMP_ACT_ALLOW, any, COUNT(any)) && add_clone(f) &&
	       add_mmap(f) && add_names(f, no, refused, COUNT(refused)) &&
	       add_names(f, may_change ? SCMP_ACT_ALLOW : no, changing,
			 COUNT(changing)) &&
	       seccomp_load(f) == 0;
	seccomp_release(f);
	return done;
}
