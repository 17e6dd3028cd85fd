/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * whole.h - write all of it, whatever a single write(2) takes.
 *
 * Used by: broker.c, owners.c, worker.c.  Uses: nothing.
 */
#ifndef EPC_WHOLE_H
#define EPC_WHOLE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

/* whole_write - false when it could not be written, with errno. */
static inline bool whole_write(int fd, const void *bytes, size_t n)
{
	const char *p = bytes;

	while (n > 0) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno != EINTR)
			return false;
		p += done > 0 ? done : 0;
		n -= done > 0 ? (size_t)done : 0;
	}
	return true;
}

#endif
