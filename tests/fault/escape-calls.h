/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * escape-calls.h - what a worker must not be able to do: mostly a system call each.
 *
 * The working directory is the worker's directory, "..", which everybody may write as
 * well, is a folder beside it that a worker has no business in.  Both have a "file".
 *
 * Used by: escape.c.
 */
#ifndef EPC_ESCAPE_CALLS_H
#define EPC_ESCAPE_CALLS_H

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/landlock.h>
#include <linux/openat2.h>
#include <linux/perf_event.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

/* Descriptors that are open before a worker drops them. */
enum { HELD_FILE = 40, HELD_SPACE = 41, HELD_TERMINAL = 42, HELD_LISTENER = 43 };

/* In the place of an argument: what is known only when it is tried. */
enum {
	DIRECTORY = -77001,  /* the worker's, open */
	PARENT = -77002,     /* process */
	OUT = -77003,        /* the pipe */
	PAGE = -77004,       /* address of one page, readable */
	FILE_PARTS = -77005, /* a handle of ../file, for open_by_handle_at(2) */
};

struct call {
	const char *name;
	long nr;
	intptr_t arg[6];
	int past; /* this errno comes after all that could have denied it, too; or 0 */
};

#define A(object) ((intptr_t)(object))
#define FD_HERE ((intptr_t)AT_FDCWD)

static char escape_buffer[64];
static struct iovec escape_iov[] = { { escape_buffer, 1 } };
static const struct timespec escape_times[2] = { { 1, 0 }, { 1, 0 } };
static const char *const escape_argv[] = { "prog", NULL };
static const struct sched_param escape_sched = { 0 };
static const struct rlimit escape_limit = { 1 << 30, 1 << 30 };
static const struct open_how escape_how_read = { .flags = O_RDONLY };
static const struct open_how escape_how_write = { .flags = O_WRONLY };
static const struct clone_args escape_clone = { .exit_signal = SIGCHLD };
static const struct __user_cap_header_struct escape_cap_head = {
	.version = _LINUX_CAPABILITY_VERSION_3,
};
static const struct __user_cap_data_struct escape_caps[2] = {
	{ 1u << CAP_DAC_OVERRIDE, 1u << CAP_DAC_OVERRIDE, 0 },
};
static const union bpf_attr escape_bpf = {
	.map_type = BPF_MAP_TYPE_ARRAY,
	.key_size = 4,
	.value_size = 4,
	.max_entries = 1,
};
static const struct perf_event_attr escape_perf = {
	.type = PERF_TYPE_SOFTWARE,
	.size = sizeof escape_perf,
	.config = PERF_COUNT_SW_TASK_CLOCK,
	.exclude_kernel = 1,
	.exclude_hv = 1,
};
static unsigned char escape_uring[120]; /* struct io_uring_params, all zeros */
static uint64_t escape_aio;

static const struct call escape_calls[] = {
	/* writing */
	{ "write-own", SYS_openat, { FD_HERE, A("file"), O_WRONLY }, 0 },
	{ "read-write-own", SYS_openat, { FD_HERE, A("file"), O_RDWR }, 0 },
	{ "append-own", SYS_openat, { FD_HERE, A("file"), O_WRONLY | O_APPEND }, 0 },
	{ "truncate-own", SYS_openat, { FD_HERE, A("file"), O_RDONLY | O_TRUNC }, 0 },
	{ "create-own", SYS_openat, { FD_HERE, A("new"), O_WRONLY | O_CREAT, 0644 }, 0 },
	{ "create-to-read", SYS_openat, { FD_HERE, A("new"), O_CREAT, 0644 }, 0 },
	{ "unnamed-own", SYS_openat, { FD_HERE, A("."), O_TMPFILE | O_RDWR, 0600 }, 0 },
	{ "write-held", SYS_write, { HELD_FILE, A("x"), 1 }, 0 },
	{ "write-beside", SYS_openat, { FD_HERE, A("../file"), O_WRONLY }, 0 },
	{ "write-closed", SYS_openat, { FD_HERE, A("../closed"), O_WRONLY }, 0 },
	{ "write-null", SYS_openat, { FD_HERE, A("/dev/null"), O_WRONLY }, 0 },
	{ "write-tmp", SYS_openat, { FD_HERE, A("/tmp"), O_TMPFILE | O_RDWR, 0600 }, 0 },
	{ "write-cache",
	  SYS_openat,
	  { FD_HERE, A("../../cache"), O_TMPFILE | O_RDWR, 0600 },
	  0 },
	{ "truncate", SYS_truncate, { A("file"), 0 }, 0 },
	{ "open-how",
	  SYS_openat2,
	  { DIRECTORY, A("file"), A(&escape_how_write), sizeof escape_how_write },
	  0 },
	/* reading what is not the worker's to read */
	{ "read-beside", SYS_openat, { FD_HERE, A("../file"), O_RDONLY }, 0 },
	{ "read-up", SYS_openat, { DIRECTORY, A(".."), O_RDONLY }, 0 },
	{ "read-closed", SYS_openat, { FD_HERE, A("../closed"), O_RDONLY }, 0 },
	{ "read-link", SYS_openat, { FD_HERE, A("link-out"), O_RDONLY }, 0 },
	{ "read-all", SYS_openat, { FD_HERE, A("/"), O_RDONLY | O_DIRECTORY }, 0 },
	{ "read-passwd", SYS_openat, { FD_HERE, A("/etc/passwd"), O_RDONLY }, 0 },
	{ "read-shadow", SYS_openat, { FD_HERE, A("/etc/shadow"), O_RDONLY }, 0 },
	{ "read-memory", SYS_openat, { FD_HERE, A("/proc/self/mem"), O_RDONLY }, 0 },
	{ "read-how",
	  SYS_openat2,
	  { FD_HERE, A("../file"), A(&escape_how_read), sizeof escape_how_read },
	  0 },
	{ "read-handle", SYS_open_by_handle_at, { DIRECTORY, FILE_PARTS, O_RDONLY }, 0 },
	/* names, owners, modes, times */
	{ "mkdir", SYS_mkdirat, { FD_HERE, A("made"), 0755 }, 0 },
	{ "mkdir-beside", SYS_mkdirat, { FD_HERE, A("../made"), 0755 }, 0 },
	{ "rmdir", SYS_unlinkat, { FD_HERE, A("empty"), AT_REMOVEDIR }, 0 },
	{ "unlink", SYS_unlinkat, { FD_HERE, A("file"), 0 }, 0 },
	{ "unlink-beside", SYS_unlinkat, { FD_HERE, A("../file"), 0 }, 0 },
	{ "rename", SYS_renameat2, { FD_HERE, A("file"), FD_HERE, A("renamed"), 0 }, 0 },
	{ "link", SYS_linkat, { FD_HERE, A("file"), FD_HERE, A("linked"), 0 }, 0 },
	{ "symlink", SYS_symlinkat, { A("file"), FD_HERE, A("linked") }, 0 },
	{ "mkfifo", SYS_mknodat, { FD_HERE, A("fifo"), S_IFIFO | 0644, 0 }, 0 },
	{ "mknod", SYS_mknodat, { FD_HERE, A("null"), S_IFCHR | 0666, 0x103 }, 0 },
	{ "chmod", SYS_fchmodat, { FD_HERE, A("file"), 0777 }, 0 },
	{ "chmod-self", SYS_fchmod, { DIRECTORY, 0777 }, 0 },
	{ "chown", SYS_fchownat, { FD_HERE, A("file"), 1, 1, 0 }, 0 },
	{ "touch", SYS_utimensat, { FD_HERE, A("file"), A(escape_times), 0 }, 0 },
	{ "setxattr", SYS_setxattr, { A("file"), A("user.x"), A("x"), 1, 0 }, 0 },
	{ "watch", SYS_inotify_init1, { 0 }, 0 },
	{ "watch-all", SYS_fanotify_init, { 0, 0 }, 0 },
	{ "lock", SYS_flock, { DIRECTORY, 1 }, 0 },
	{ "duplicate", SYS_fcntl, { DIRECTORY, F_DUPFD, 0 }, 0 },
	{ "ioctl", SYS_ioctl, { DIRECTORY, FIOCLEX }, 0 },
	{ "type", SYS_ioctl, { HELD_TERMINAL, TIOCSTI, A("x") }, 0 },
	/* sockets */
	{ "socket-inet", SYS_socket, { AF_INET, SOCK_STREAM, 0 }, 0 },
	{ "socket-unix", SYS_socket, { AF_UNIX, SOCK_STREAM, 0 }, 0 },
	{ "socket-netlink", SYS_socket, { AF_NETLINK, SOCK_RAW, 0 }, 0 },
	{ "socket-raw", SYS_socket, { AF_INET, SOCK_RAW, IPPROTO_ICMP }, 0 },
	{ "socketpair",
	  SYS_socketpair,
	  { AF_UNIX, SOCK_STREAM, 0, A(escape_buffer) },
	  0 },
	/* who it is */
	{ "setuid", SYS_setresuid, { 0, 0, 0 }, 0 },
	{ "setgid", SYS_setresgid, { 0, 0, 0 }, 0 },
	{ "setgroups", SYS_setgroups, { 0, 0 }, 0 },
	{ "capset", SYS_capset, { A(&escape_cap_head), A(escape_caps) }, 0 },
	{ "dumpable", SYS_prctl, { PR_SET_DUMPABLE, 1 }, 0 },
	{ "outlive", SYS_prctl, { PR_SET_PDEATHSIG, 0 }, 0 },
	{ "raise-limits", SYS_prlimit64, { 0, RLIMIT_MSGQUEUE, A(&escape_limit), 0 }, 0 },
	{ "schedule", SYS_sched_setscheduler, { 0, 0, A(&escape_sched) }, 0 },
	{ "session", SYS_setpgid, { 0, 0 }, 0 },
	/* other processes, and new ones */
	{ "trace-parent", SYS_ptrace, { PTRACE_SEIZE, PARENT, 0, 0 }, 0 },
	{ "read-parent",
	  SYS_process_vm_readv,
	  { PARENT, A(escape_iov), 1, A(escape_iov), 1, 0 },
	  0 },
	{ "write-parent",
	  SYS_process_vm_writev,
	  { PARENT, A(escape_iov), 1, A(escape_iov), 1, 0 },
	  0 },
	{ "kill-parent", SYS_kill, { PARENT, 0 }, 0 },
	{ "kill-init", SYS_kill, { 1, 0 }, 0 },
	{ "hold-parent", SYS_pidfd_open, { PARENT, 0 }, 0 },
	{ "limit-parent",
	  SYS_prlimit64,
	  { PARENT, RLIMIT_CORE, 0, A(escape_buffer) },
	  0 },
	{ "fork", SYS_clone, { SIGCHLD, 0, 0, 0, 0 }, 0 },
	{ "fork-3", SYS_clone3, { A(&escape_clone), sizeof escape_clone }, 0 },
	{ "fork-wait", SYS_clone, { CLONE_VFORK | SIGCHLD, 0, 0, 0, 0 }, 0 },
	{ "execve", SYS_execve, { A("../prog"), A(escape_argv), 0 }, ENOEXEC },
	{ "execve-own", SYS_execve, { A("prog"), A(escape_argv), 0 }, ENOEXEC },
	{ "execveat",
	  SYS_execveat,
	  { FD_HERE, A("../prog"), A(escape_argv), 0, 0 },
	  ENOEXEC },
	/* memory */
	{ "map-exec",
	  SYS_mmap,
	  { 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0 },
	  0 },
	{ "protect-exec", SYS_mprotect, { PAGE, 4096, PROT_READ | PROT_EXEC }, 0 },
	{ "protect-key",
	  SYS_pkey_mprotect,
	  { PAGE, 4096, PROT_READ | PROT_EXEC, -1 },
	  0 },
	{ "memory",
	  SYS_mmap,
	  { 0, (intptr_t)(2u << 30), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0 },
	  0 },
	{ "memory-anonymous",
	  SYS_mmap,
	  { 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0 },
	  0 },
	{ "memory-stack",
	  SYS_mmap,
	  { 0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN,
	    -1, 0 },
	  0 },
	{ "memory-file", SYS_memfd_create, { A("x"), 0 }, 0 },
	{ "memory-lock", SYS_mlock, { PAGE, 4096 }, 0 },
	{ "memory-shared", SYS_shmget, { 0, 4096, 0600 }, 0 },
	/* name spaces, mounts, the machine */
	{ "unshare-user", SYS_unshare, { CLONE_NEWUSER }, 0 },
	{ "unshare-net", SYS_unshare, { CLONE_NEWNET }, 0 },
	{ "setns", SYS_setns, { HELD_SPACE, 0 }, 0 },
	{ "mount", SYS_mount, { A("none"), A("../empty"), A("tmpfs"), 0, 0 }, 0 },
	{ "mount-new", SYS_fsopen, { A("tmpfs"), 0 }, 0 },
	{ "umount", SYS_umount2, { A("../empty"), 0 }, EINVAL },
	{ "chroot", SYS_chroot, { A("..") }, 0 },
	{ "pivot-root", SYS_pivot_root, { A("../empty"), A("../empty") }, EBUSY },
	{ "sethostname", SYS_sethostname, { A("escaped"), 7 }, 0 },
	{ "reboot", SYS_reboot, { 0, 0, 0, 0 }, EINVAL },
	{ "kernel-module", SYS_init_module, { A(escape_buffer), 0, A("") }, ENOEXEC },
	{ "kernel-log", SYS_syslog, { 10, 0, 0 }, 0 },
	/* large parts of the kernel */
	{ "bpf", SYS_bpf, { BPF_MAP_CREATE, A(&escape_bpf), sizeof escape_bpf }, 0 },
	{ "keys", SYS_keyctl, { KEYCTL_JOIN_SESSION_KEYRING, 0 }, 0 },
	{ "userfaultfd", SYS_userfaultfd, { O_CLOEXEC | 1 }, 0 },
	{ "perf", SYS_perf_event_open, { A(&escape_perf), 0, -1, -1, 0 }, 0 },
	{ "io-uring", SYS_io_uring_setup, { 1, A(escape_uring) }, 0 },
	{ "aio", SYS_io_setup, { 1, A(&escape_aio) }, 0 },
#ifdef __x86_64__
	/* older ways of the same */
	{ "old-open", SYS_open, { A("file"), O_WRONLY }, 0 },
	{ "old-creat", SYS_creat, { A("new"), 0644 }, 0 },
	{ "old-fork", SYS_fork, { 0 }, 0 },
	{ "other-abi", 0x40000000 | SYS_kill, { PARENT, 0 }, 0 },
#endif
};

#define NR_ESCAPE_CALLS (sizeof escape_calls / sizeof *escape_calls)

#endif
