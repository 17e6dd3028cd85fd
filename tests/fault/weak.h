/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weak.h - system calls without what protects them from links, for a test of a test.
 *
 * Once .weak is set, links are followed wherever they lead: in the middle of a path,
 * at its end, and out of a root.  A program that includes this is linked with --wrap,
 * see the Makefile.
 *
 * Used by: races.c.
 */
#ifndef EPC_WEAK_H
#define EPC_WEAK_H

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool weak;       /* links are followed wherever they lead */
static bool no_openat2; /* as on a kernel without it */
/* Called before and after what opens a path below a folder; or NULL. */
static void (*on_open)(const char *path, bool after);

long __real_syscall(long nr, ...);
long __wrap_syscall(long nr, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_openat64(int at, const char *path, int flags, ...);
int __wrap___open64_2(const char *path, int flags);
int __wrap___openat64_2(int at, const char *path, int flags);
void __wrap_stamp_wait(int64_t ns);

static void tell(const char *path, bool after)
{
	int error = errno;

	if (on_open)
		on_open(path, after);
	errno = error;
}

static int open_weakly(int at, const char *path, int flags, mode_t mode)
{
	int fd;

	if (weak && !(flags & O_CREAT))
		flags &= ~O_NOFOLLOW;
	tell(path, false);
	fd = (int)__real_syscall(SYS_openat, at, path, flags, mode);
	tell(path, true);
	return fd;
}

/* The mode is there only when a file is made. */
#define MODE_OF(flags, mode)                          \
	do {                                          \
		va_list ap_;                          \
		va_start(ap_, flags);                 \
		if ((flags)&O_CREAT)                  \
			(mode) = va_arg(ap_, mode_t); \
		va_end(ap_);                          \
	} while (0)

int __wrap_openat64(int at, const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE_OF(flags, mode);
	return open_weakly(at, path, flags, mode);
}

int __wrap_open64(const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE_OF(flags, mode);
	return open_weakly(AT_FDCWD, path, flags, mode);
}

int __wrap___openat64_2(int at, const char *path, int flags)
{
	return open_weakly(at, path, flags, 0);
}

int __wrap___open64_2(const char *path, int flags)
{
	return open_weakly(AT_FDCWD, path, flags, 0);
}

/* Its arguments, for openat2(2): a folder, a path, how, the size of that. */
static long openat2_weakly(int at, const char *path, const struct open_how *how, size_t n)
{
	struct open_how open = *how;
	long fd;

	if (no_openat2) {
		errno = ENOSYS;
		return -1;
	}
	if (weak) {
		/* What is absolute in the root would else be so outside. */
		while ((open.resolve & RESOLVE_IN_ROOT) && *path == '/')
			path++;
		open.resolve = 0;
		open.flags &= ~(uint64_t)O_NOFOLLOW;
	}
	tell(path, false);
	fd = __real_syscall(SYS_openat2, at, *path ? path : ".", &open, n);
	tell(path, true);
	return fd;
}

long __wrap_syscall(long nr, ...)
{
	long arg[6];
	va_list ap;

	va_start(ap, nr);
	for (size_t i = 0; i < sizeof arg / sizeof *arg; i++)
		arg[i] = va_arg(ap, long);
	va_end(ap);

	if (nr == SYS_openat2)
		return openat2_weakly((int)arg[0], (const char *)arg[1],
				      (const struct open_how *)arg[2], (size_t)arg[3]);
	return __real_syscall(nr, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}

void __wrap_stamp_wait(int64_t ns)
{
	(void)ns;
}

#endif
