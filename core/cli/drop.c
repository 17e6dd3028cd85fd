/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "auto.h"
#include "sanitized.h"

#define MEMORY_MAX (UINT64_C(2) << 30) /* bytes; 200,000 distributions take 0.2 GiB */
#define STACK_MAX (UINT64_C(8) << 20)  /* bytes; RLIMIT_DATA does not count the stack */
#define FDS_MAX 32
#define CLOSE_MAX 1024 /* descriptors, one by one */
#define KEEP_MAX 4

/* Of 32 bits on every machine. */
#ifdef SYS_setresuid32
#define SETRESUID SYS_setresuid32
#define SETRESGID SYS_setresgid32
#define GETRESUID SYS_getresuid32
#define GETRESGID SYS_getresgid32
#define SETGROUPS SYS_setgroups32
#define GETGROUPS SYS_getgroups32
#define FCHOWN SYS_fchown32
#else
#define SETRESUID SYS_setresuid
#define SETRESGID SYS_setresgid
#define GETRESUID SYS_getresuid
#define GETRESGID SYS_getresgid
#define SETGROUPS SYS_setgroups
#define GETGROUPS SYS_getgroups
#define FCHOWN SYS_fchown
#endif

/* --- descriptors and limits -------------------------------------------------- */

static bool close_between(unsigned first, unsigned last)
{
	if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
		return true;

	/* Linux before 5.9: more than these are not to be had without asking /proc. */
	for (unsigned fd = first; fd <= last && fd < CLOSE_MAX; fd++)
		(void)close((int)fd);
	return last < CLOSE_MAX || (unsigned long)sysconf(_SC_OPEN_MAX) <= CLOSE_MAX;
}

bool drop_fds(const int *keep, size_t nr_keep)
{
	unsigned next = SANITIZED ? STDERR_FILENO + 1 : 0;
	bool done = true;

	/* Ascending: each time up to the lowest that is to be kept. */
	for (size_t round = 0; round < nr_keep; round++) {
		unsigned lowest = ~0u;

		for (size_t i = 0; i < nr_keep; i++)
			if (keep[i] >= 0 && (unsigned)keep[i] >= next &&
			    (unsigned)keep[i] < lowest)
				lowest = (unsigned)keep[i];
		if (lowest == ~0u)
			break;
		if (lowest > next)
			done = close_between(next, lowest - 1) && done;
		next = lowest + 1;
	}
	return close_between(next, ~0u) && done;
}

static bool limit_to(drop_resource resource, rlim_t value)
{
	struct rlimit limit, old;

	/* One that is lower already stays so, though root might raise it. */
	if (prlimit(0, resource, NULL, &old) == 0 && old.rlim_cur < value)
		value = old.rlim_cur;
	limit.rlim_cur = limit.rlim_max = value;
	return prlimit(0, resource, &limit, NULL) == 0;
}

bool drop_limits(unsigned cpu_seconds)
{
	const struct {
		drop_resource resource;
		rlim_t value;
	} limits[] = {
		/* What is written to, not what is reserved, as some allocators do. */
		{ RLIMIT_DATA, SANITIZED ? RLIM_INFINITY : MEMORY_MAX },
		{ RLIMIT_STACK, STACK_MAX },
		{ RLIMIT_CPU, cpu_seconds },
		{ RLIMIT_NOFILE, FDS_MAX },
		{ RLIMIT_NPROC, 0 },
		{ RLIMIT_FSIZE, 0 }, /* pipes have none */
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_MEMLOCK, 0 },
		{ RLIMIT_MSGQUEUE, 0 },
	};
	bool done = true;

	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
		done = limit_to(limits[i].resource, limits[i].value) && done;
	return done;
}

bool drop_new_privs(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

/* --- user and capabilities --------------------------------------------------- */

/* Is it this user, whichever of its ids is asked, and is there no way back? */
static bool is_user(uid_t uid)
{
	uid_t u[3] = { 0 };

	return syscall(GETRESUID, &u[0], &u[1], &u[2]) == 0 && u[0] == uid &&
	       u[1] == uid && u[2] == uid && syscall(SETRESUID, -1, 0, -1) < 0 &&
	       syscall(SETRESUID, 0, 0, 0) < 0;
}

static bool is_group(gid_t gid)
{
	gid_t g[3] = { 0 };

	return syscall(GETRESGID, &g[0], &g[1], &g[2]) == 0 && g[0] == gid &&
	       g[1] == gid && g[2] == gid && syscall(SETRESGID, -1, 0, -1) < 0 &&
	       syscall(GETGROUPS, 0, NULL) == 0;
}

/* As user namespaces do that somebody without rights has made; never the system's own. */
static bool is_setgroups_denied(void)
{
	autoclose int fd = open("/proc/self/setgroups", O_RDONLY | O_CLOEXEC);
	char text[4];

	return fd >= 0 && read(fd, text, sizeof text) == sizeof text &&
	       memcmp(text, "deny", sizeof text) == 0;
}

/* A file that is nowhere, given to that id, tells; /proc would, but is not everywhere. */
bool drop_lacks_id(uid_t uid, gid_t gid)
{
	autoclose int fd = memfd_create("epcache-id", MFD_CLOEXEC);

	return fd >= 0 && syscall(FCHOWN, fd, uid, gid) < 0 && errno == EINVAL;
}

/* As drop_user(), for groups. */
static int drop_groups(gid_t gid)
{
	int r = DROP_DONE;

	if (syscall(SETGROUPS, 0, NULL) < 0 && syscall(GETGROUPS, 0, NULL) != 0) {
		if (!is_setgroups_denied())
			return -EPERM;
		r = DROP_NOT_HAD;
	}
	if (syscall(SETRESGID, gid, gid, gid) < 0) {
		int error = errno;

		if (error != EINVAL || !drop_lacks_id((uid_t)-1, gid))
			return -error;
		r = DROP_NOT_HAD;
	}
	return r;
}

/*
 * Is root played by a tracer that answers for the kernel, as proot(1) does?  It forgets
 * who is at the other end of a socket.
 */
static bool is_played(void)
{
	struct ucred peer;
	socklen_t n = sizeof peer;
	int ends[2];
	bool is_other;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return false;

	is_other = getsockopt(ends[0], SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0 &&
		   peer.uid != (uid_t)syscall(SYS_geteuid);
	(void)close(ends[0]);
	(void)close(ends[1]);
	return is_other;
}

int drop_user(uid_t uid, gid_t gid)
{
	int groups;

	if ((syscall(SYS_geteuid) != 0 && syscall(SYS_getuid) != 0) || is_played())
		return DROP_NOT_HAD;
	if (uid == 0 || gid == 0)
		return -EPERM;

	/* While it is root's to say so; a kernel answers EINVAL for the first it has not. */
	for (unsigned long cap = 0; cap < 64; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			break;

	groups = drop_groups(gid);
	/*
	 * A namespace without this user, or group, is not the system's own, which has all
	 * of them: then what "root" may do is no more than what the user may who made it.
	 */
	if (syscall(SETRESUID, uid, uid, uid) < 0) {
		int error = errno;

		return error == EINVAL && drop_lacks_id(uid, (gid_t)-1) ? DROP_NOT_HAD
									: -error;
	}
	/*
	 * The change set it to fs.suid_dumpable, and nobody may attach to what holds
	 * root's pipes.  Where that is 1, a process of the same user could before this call.
	 */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (groups < 0)
		return groups;

	return is_user(uid) && (groups == DROP_NOT_HAD || is_group(gid)) ? groups
									 : -EPERM;
}

bool drop_caps(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3] = { 0 };

	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	/* Where it is refused, another user has none left to lose. */
	(void)syscall(SYS_capset, &head, caps);
	memset(caps, 0xff, sizeof caps);
	if (syscall(SYS_capget, &head, caps) < 0)
		return false;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		if (caps[i].effective | caps[i].permitted | caps[i].inheritable)
			return false;
	return true;
}

/* A tracer that plays the file system has to read the paths in our memory. */
static bool is_readable(void)
{
	autoclose int fd = open("/", O_PATH | O_CLOEXEC);

	return fd >= 0 || errno != EFAULT;
}

int drop_bonds(pid_t parent)
{
	bool done = prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;

	if (done && !is_readable()) {
		(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
		done = false;
	}
	done = prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && done;
	if (getppid() != parent)
		return -ECHILD;

	return done ? DROP_DONE : DROP_NOT_HAD;
}
