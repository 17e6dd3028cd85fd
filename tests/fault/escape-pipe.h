/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * escape-pipe.h - what a worker that was taken over may tell, and how it may end.
 *
 * These run with all layers on, after the hello.  One that returns lets the worker tell
 * what it returned, as epc_image_build() would have.
 *
 * Used by: escape.c.  Uses: worker.h.
 */
#ifndef EPC_ESCAPE_PIPE_H
#define EPC_ESCAPE_PIPE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "../../core/cli/worker.h"
#include "../../core/lib/format.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define MEBI (UINT64_C(1) << 20)

/* What an attack has to work with. */
struct attack {
	int out;
	struct epc_str own;   /* a right image of this directory */
	struct epc_str other; /* a right image of another */
	struct epc_str fast; /* of this one, to be checked less well than was asked for */
	struct epc_str secret; /* of this one, for fewer readers than was asked for */
};

static inline void tell(const struct attack *a, const void *bytes, size_t n)
{
	const char *p = bytes;
	ssize_t done;

	while (n > 0) {
		done = write(a->out, p, n);
		if (done < 0)
			_exit(1);
		p += done;
		n -= (size_t)done;
	}
}

static inline void tell_end(const struct attack *a, int result, uint64_t n)
{
	const struct worker_end end = { WORKER_END, result, n };

	tell(a, &end, sizeof end);
}

static inline void tell_zeros(const struct attack *a, uint64_t n)
{
	static const char zeros[MEBI];

	for (; n > 0; n -= n < MEBI ? n : MEBI)
		tell(a, zeros, n < MEBI ? (size_t)n : MEBI);
}

static inline _Noreturn void sleep_on(void)
{
	const struct timespec hour = { .tv_sec = 3600 };

	for (;;)
		(void)nanosleep(&hour, NULL);
}

/* --- what is told ------------------------------------------------------------ */

static inline int garbage(const struct attack *a)
{
	char bytes[100];

	memset(bytes, 0xa5, sizeof bytes);
	tell(a, bytes, sizeof bytes);
	_exit(0);
}

static inline int few_bytes(const struct attack *a)
{
	tell(a, "xyz", 3);
	_exit(0);
}

/* For as long as somebody listens. */
static inline int flood(const struct attack *a)
{
	while (a->out >= 0)
		tell_zeros(a, MEBI);
	return 0;
}

static inline int claims_too_much(const struct attack *a)
{
	tell_end(a, 0, 20 * MEBI + 1);
	return flood(a);
}

static inline int claims_all(const struct attack *a)
{
	tell_end(a, 0, UINT64_MAX);
	return flood(a);
}

static inline int claims_most(const struct attack *a)
{
	tell_end(a, 0, 20 * MEBI);
	tell_zeros(a, 100);
	_exit(0);
}

static inline int tells_most(const struct attack *a)
{
	tell_end(a, 0, 20 * MEBI);
	tell_zeros(a, 20 * MEBI);
	_exit(0);
}

/* All but the last byte, for a while. */
static inline int holds_most(const struct attack *a)
{
	const struct timespec nap = { .tv_nsec = 300000000 };

	tell_end(a, 0, 20 * MEBI);
	tell_zeros(a, 20 * MEBI - 1);
	(void)nanosleep(&nap, NULL);
	_exit(0);
}

/* A right file, but for what no section has. */
static inline int tells_padded(const struct attack *a)
{
	const uint64_t n = 20 * MEBI;
	char *bytes = calloc(1, n);
	uint64_t sum;

	if (!bytes)
		_exit(1);
	memcpy(bytes, a->own.data, a->own.len - sizeof sum);
	memcpy(bytes + offsetof(struct fmt_header, total_size), &n, sizeof n);
	sum = XXH3_64bits(bytes, n - sizeof sum);
	memcpy(bytes + n - sizeof sum, &sum, sizeof sum);
	tell_end(a, 0, n);
	tell(a, bytes, n);
	_exit(0);
}

static inline int more_than_said(const struct attack *a)
{
	tell_end(a, 0, a->own.len);
	tell(a, a->own.data, a->own.len);
	return flood(a);
}

static inline int one_more_than_said(const struct attack *a)
{
	tell_end(a, 0, a->own.len);
	tell(a, a->own.data, a->own.len);
	tell(a, "", 1);
	_exit(0);
}

static inline int other_directory(const struct attack *a)
{
	if (a->other.len == 0)
		_exit(0); /* without which this would be another attack */
	tell_end(a, 0, a->other.len);
	tell(a, a->other.data, a->other.len);
	_exit(0);
}

static inline int fast_unasked(const struct attack *a)
{
	tell_end(a, 0, a->fast.len);
	tell(a, a->fast.data, a->fast.len);
	_exit(0);
}

static inline int private_unasked(const struct attack *a)
{
	tell_end(a, 0, a->secret.len);
	tell(a, a->secret.data, a->secret.len);
	_exit(0);
}

static inline int damaged(const struct attack *a)
{
	const char wrong = (char)~a->own.data[a->own.len / 2];

	tell_end(a, 0, a->own.len);
	tell(a, a->own.data, a->own.len / 2);
	tell(a, &wrong, 1);
	tell(a, a->own.data + a->own.len / 2 + 1, a->own.len - a->own.len / 2 - 1);
	_exit(0);
}

static inline int cut_short(const struct attack *a)
{
	tell_end(a, 0, a->own.len);
	tell(a, a->own.data, a->own.len - 1);
	_exit(0);
}

static inline int says_less(const struct attack *a)
{
	tell_end(a, 0, a->own.len - 8);
	tell(a, a->own.data, a->own.len - 8);
	_exit(0);
}

static inline int second_hello(const struct attack *a)
{
	const struct worker_hello hello = { WORKER_HELLO, 0xff, 0, 0 };

	tell(a, &hello, sizeof hello);
	tell_end(a, 0, a->own.len);
	tell(a, a->own.data, a->own.len);
	_exit(0);
}

static inline int late_hello(const struct attack *a)
{
	const struct worker_hello hello = { WORKER_HELLO, 0xff, 0, 0 };

	tell_end(a, 0, a->own.len);
	tell(a, a->own.data, a->own.len);
	tell(a, &hello, sizeof hello);
	_exit(0);
}

static inline int second_end(const struct attack *a)
{
	tell_end(a, -1, 0);
	tell_end(a, 0, a->own.len);
	tell(a, a->own.data, a->own.len);
	_exit(0);
}

static inline int no_bytes(const struct attack *a)
{
	tell_end(a, 0, 0);
	_exit(0);
}

static inline int bytes_of_an_error(const struct attack *a)
{
	tell_end(a, -5, a->own.len);
	tell(a, a->own.data, a->own.len);
	_exit(0);
}

static inline int odd_outcome(const struct attack *a)
{
	(void)a;
	return 77;
}

static inline int odd_error(const struct attack *a)
{
	(void)a;
	return INT32_MIN;
}

/* There is no old file that could be. */
static inline int says_unchanged(const struct attack *a)
{
	(void)a;
	return EPC_UNCHANGED;
}

static inline int says_not_dropped(const struct attack *a)
{
	(void)a;
	return WORKER_NOT_DROPPED;
}

/* --- how it ends ------------------------------------------------------------- */

static inline int exits(const struct attack *a)
{
	(void)a;
	_exit(0);
}

static inline int closes(const struct attack *a)
{
	(void)close(a->out);
	sleep_on();
}

static inline int hangs(const struct attack *a)
{
	(void)a;
	sleep_on();
}

static inline int hangs_in_the_middle(const struct attack *a)
{
	tell_end(a, 0, a->own.len);
	tell(a, a->own.data, a->own.len / 2);
	sleep_on();
}

static inline int writes_nowhere(const struct attack *a)
{
	volatile char *volatile nowhere = NULL;

	(void)a;
	*nowhere = 1;
	return 0;
}

static inline int traps(const struct attack *a)
{
	(void)a;
	__builtin_trap();
}

static inline int aborts(const struct attack *a)
{
	(void)a;
	abort();
}

static inline int exhausts_the_stack(const struct attack *a)
{
	volatile char much[65536];

	much[0] = (char)a->out;
	return a->out < 0 ? 0 : exhausts_the_stack(a) + much[0];
}

/* Also what is right is taken from one that does not end. */
static inline int tells_and_stays(const struct attack *a)
{
	tell_end(a, 0, a->own.len);
	tell(a, a->own.data, a->own.len);
	(void)close(a->out);
	sleep_on();
}

static const struct pipe_attack {
	const char *name;
	int (*run)(const struct attack *a);
} pipe_attacks[] = {
	{ "garbage", garbage },
	{ "few-bytes", few_bytes },
	{ "flood", flood },
	{ "claims-too-much", claims_too_much },
	{ "claims-all", claims_all },
	{ "claims-most", claims_most },
	{ "tells-most", tells_most },
	{ "holds-most", holds_most },
	{ "tells-padded", tells_padded },
	{ "more-than-said", more_than_said },
	{ "one-more-than-said", one_more_than_said },
	{ "other-directory", other_directory },
	{ "fast-unasked", fast_unasked },
	{ "private-unasked", private_unasked },
	{ "damaged", damaged },
	{ "cut-short", cut_short },
	{ "says-less", says_less },
	{ "second-hello", second_hello },
	{ "late-hello", late_hello },
	{ "second-end", second_end },
	{ "no-bytes", no_bytes },
	{ "bytes-of-an-error", bytes_of_an_error },
	{ "odd-outcome", odd_outcome },
	{ "odd-error", odd_error },
	{ "says-unchanged", says_unchanged },
	{ "says-not-dropped", says_not_dropped },
	{ "exits", exits },
	{ "closes", closes },
	{ "hangs", hangs },
	{ "hangs-in-the-middle", hangs_in_the_middle },
	{ "writes-nowhere", writes_nowhere },
	{ "traps", traps },
	{ "aborts", aborts },
	{ "exhausts-the-stack", exhausts_the_stack },
	{ "tells-and-stays", tells_and_stays },
};

#define NR_PIPE_ATTACKS (sizeof pipe_attacks / sizeof *pipe_attacks)

#endif
