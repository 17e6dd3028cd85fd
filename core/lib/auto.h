/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * auto.h - memory and descriptors that release themselves at the end of a scope.
 *
 * Early returns are the error path of this code base; with these there is
 * nothing to undo before them.  Initialise at declaration, give away with
 * take_ptr() or take_fd():
 *
 *     autofree char *buf = malloc(n);
 *     autoclose int fd = openat(...);
 *     ...
 *     *ret = take_ptr(buf);
 *
 * Used by: everything.  Uses: nothing.
 */
#ifndef EPC_AUTO_H
#define EPC_AUTO_H

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static inline void auto_free_(void *p)
{
	void *mem;

	memcpy(&mem, p, sizeof mem); /* p is a T **; reading it as void ** aliases */
	free(mem);
}

static inline void auto_close_(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

#define AUTO(fn) __attribute__((cleanup(fn)))
#define autofree AUTO(auto_free_)
#define autoclose AUTO(auto_close_)

#define take_ptr(p)                     \
	__extension__({                 \
		__typeof__(p) t_ = (p); \
		(p) = NULL;             \
		t_;                     \
	})

#define take_fd(fd)            \
	__extension__({        \
		int t_ = (fd); \
		(fd) = -1;     \
		t_;            \
	})

#define must_check __attribute__((warn_unused_result))

#endif
