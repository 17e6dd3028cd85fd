/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sandbox.h - give up the rights that reading other people's files does not need.
 *
 * Layers, each worth something without the others.  One that the system does not have
 * is left out; only a user that cannot be changed where there are root's rights to
 * lose is an error.
 *
 *     r = sandbox_drop(&who, keep, 2, &layers);    first: before anything is opened
 *     fd = open(the directory)
 *     layers |= sandbox_confine(fd, out);          then: before anything is read
 *
 * Used by: worker.c, cmd-*.c, state.c, tests/fault/escape.c.
 * Uses: drop.h, landlock.h, filter.h.
 * Spec: SECURITY.md, "What a worker may do"
 */
#ifndef EPC_SANDBOX_H
#define EPC_SANDBOX_H

#include <stddef.h>
#include <sys/types.h>

enum {
	SANDBOX_FDS = 1,           /* no descriptors but those named */
	SANDBOX_LIMITS = 2,        /* rlimits */
	SANDBOX_NO_NEW_PRIVS = 4,  /* nothing to be gained by execve(2) */
	SANDBOX_USER = 8,          /* another user, proved */
	SANDBOX_CAPABILITIES = 16, /* none left */
	SANDBOX_PRIVATE = 32,      /* not dumpable, ends with its parent */
	SANDBOX_LANDLOCK = 64,     /* files: reading, of the directory alone */
	SANDBOX_SECCOMP = 128,     /* system calls: those of reading files */
};
#define SANDBOX_NR_LAYERS 8

/* Who is to be after the drop; of no effect for who is not root. */
struct sandbox_who {
	uid_t uid;
	gid_t gid;
	unsigned cpu_seconds; /* of the processor, for RLIMIT_CPU */
	pid_t parent;         /* ends with it */
};

/* sandbox_layer_name - of the layer with this bit number, below SANDBOX_NR_LAYERS. */
const char *sandbox_layer_name(unsigned i);

/*
 * sandbox_drop - close, limit, and be nobody
 * @keep:    descriptors to keep, at most 4; -1 are passed over
 * @ret_layers:  the layers that are in place now
 *
 * To be called in a process of one thread.  Returns 0; -ECHILD when the parent is gone;
 * or a negative errno: root's rights could not be given up, and then nothing foreign may
 * be read.
 */
int sandbox_drop(const struct sandbox_who *who, const int *keep, size_t nr_keep,
		 unsigned *ret_layers);

/*
 * sandbox_confine - read below one directory, write into one descriptor, no more
 * @dir:  open directory
 * @out:  descriptor
 *
 * Returns the layers that are in place now.
 */
unsigned sandbox_confine(int dir, int out);

/*
 * sandbox_reader - for a command that reads with the rights of who called it
 *
 * @also:  a descriptor to write into, beside standard output and error; or -1
 *
 * From now on this process opens files only to read them, and starts no other.
 * Returns the layers that are in place now.
 */
unsigned sandbox_reader(int also);

#endif
