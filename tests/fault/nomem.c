/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nomem - preloaded into a program, lets one of its allocations fail.
 *
 *     NOMEM=P.N[+] NOMEM_COUNT=FILE LD_PRELOAD=nomem.so COMMAND
 *
 * P is 0 for the command and 1 for its children, which count together; N is the
 * number of the allocation, from 1; with "+" all from there on fail.  FILE holds how
 * many there were, in this byte order: uint32_t of the command, uint32_t of its
 * children, uint32_t that failed.  What is not counted is other people's: without
 * memory, getpwnam(3) of glibc 2.36 crashes, and libseccomp 2.5 may turn for ever in
 * seccomp_load(3), and so what that library asks for is there.  No system call is made after the start, for there are processes
 * here that may make but a few.
 *
 * Used by: nomem.sh.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "auto.h"

#define API __attribute__((visibility("default")))

enum { COMMAND, CHILDREN, FAILED, NR_COUNTS };

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t nr, size_t n);
extern void *__libc_realloc(void *p, size_t n);

static _Atomic uint32_t *counts; /* shared with children; NULL: nothing is counted */
static const bool *is_command;   /* on a page that children get as zeros */
static unsigned at_process, at_nr;
static bool forever;
static bool pauses; /* nothing is counted */
static struct passwd *(*next_getpwnam)(const char *);

__attribute__((constructor)) static void set_up(void)
{
	const char *at = getenv("NOMEM"), *file = getenv("NOMEM_COUNT");
	autoclose int fd = file ? open(file, O_RDWR | O_CLOEXEC) : -1;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char plus = '\0';
	bool *mark;
	void *shared, *symbol;

	if (fd < 0 || ftruncate(fd, sizeof(uint32_t) * NR_COUNTS) < 0)
		return;
	if (at && sscanf(at, "%u.%u%c", &at_process, &at_nr, &plus) < 2)
		return;

	shared = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	mark = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	if (shared == MAP_FAILED || mark == MAP_FAILED ||
	    madvise(mark, page, MADV_WIPEONFORK) < 0)
		return;

	symbol = dlsym(RTLD_NEXT, "getpwnam");
	memcpy(&next_getpwnam, &symbol, sizeof symbol);
	*mark = true;
	is_command = mark;
	forever = plus == '+';
	counts = shared;
}

static bool is_of_libseccomp(const void *caller)
{
	Dl_info info;

	return dladdr(caller, &info) && strstr(info.dli_fname, "/libseccomp.so");
}

/* Count one allocation.  Returns whether it is to fail. */
static bool fails(const void *caller)
{
	unsigned process;
	uint32_t nr;

	if (!counts || pauses || is_of_libseccomp(caller))
		return false;

	process = *is_command ? COMMAND : CHILDREN;
	nr = ++counts[process];
	if (at_nr == 0 || process != at_process || nr < at_nr || (nr > at_nr && !forever))
		return false;

	counts[FAILED]++;
	errno = ENOMEM;
	return true;
}

API void *malloc(size_t n)
{
	return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(n);
}

API void *calloc(size_t nr, size_t n)
{
	return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(nr, n);
}

API void *realloc(void *p, size_t n)
{
	return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(p, n);
}

API struct passwd *getpwnam(const char *name)
{
	struct passwd *found;

	pauses = true;
	found = next_getpwnam(name);
	pauses = false;
	return found;
}
