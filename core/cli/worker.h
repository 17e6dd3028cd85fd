/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * worker.h - a process without rights, that reads one directory.
 *
 *   who refreshes (root) ── forks ──► worker (User=, sandboxed)
 *        ▲   struct worker_hello: before it has read anything
 *        └── struct worker_end, and the bytes of the image: a pipe, nothing else
 *
 * What comes out of the pipe is foreign: the end is a number that is looked at as such,
 * and the bytes are for epc_image_from_bytes().
 *
 * Used by: crew.c, tests/fault/escape.c.  Uses: sandbox.h, epcache.h.
 */
#ifndef EPC_WORKER_H
#define EPC_WORKER_H

#include <stdint.h>

#include "epcache.h"
#include "sandbox.h"

/* Beside what epc_image_build() returns: root's rights could not be given up. */
#define WORKER_NOT_DROPPED 1000

#define WORKER_HELLO 0x6f6c6c65u
#define WORKER_END 0x21646e65u

/* The directory is open, and nothing of it read. */
struct worker_hello {
	uint32_t magic;
	uint32_t layers; /* SANDBOX_* */
	uint32_t owner;  /* user id, of the directory */
	uint32_t spare;  /* 0 */
};

/* Follows the hello; alone when the directory could not be opened. */
struct worker_end {
	uint32_t magic;
	int32_t result; /* of epc_image_build(); 0: an image follows */
	uint64_t n;     /* bytes of the image, or 0 */
};

/* What a worker is to do. */
struct worker_task {
	struct epc_ctx *ctx;         /* borrowed */
	const char *dir;             /* borrowed */
	const struct epc_image *old; /* borrowed; what was published last, or NULL */
	unsigned flags;              /* EPC_REFRESH_* */
	struct sandbox_who who;
};

/*
 * worker_run - be a worker: read, write into the pipe, end
 * @out:  the pipe's end to write into
 *
 * To be called in a process that was forked for it.
 */
_Noreturn void worker_run(const struct worker_task *task, int out);

#endif
