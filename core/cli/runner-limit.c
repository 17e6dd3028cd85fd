/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stddef.h>
#include <sys/resource.h>

#include "drop.h"
#include "runner-parts.h"

#define FDS_MAX 256
#define FILE_MAX (UINT64_C(256) << 20) /* bytes */
#define STACK_MAX (UINT64_C(8) << 20)  /* bytes; RLIMIT_DATA does not count the stack */

bool runner_limit(const struct runner_job *job)
{
	const struct action *action = job->action;
	const struct {
		drop_resource resource;
		rlim_t value;
	} limits[] = {
		{ RLIMIT_CPU, action->timeout_s + 1 }, /* seconds, of each process */
		{ RLIMIT_NOFILE, FDS_MAX },
		{ RLIMIT_NPROC, job->processes_max },
		{ RLIMIT_FSIZE, action->mode == ACTION_USER ? FILE_MAX : 0 },
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_MEMLOCK, 0 },
		{ RLIMIT_MSGQUEUE, 0 },
		{ RLIMIT_RTPRIO, 0 },
		{ RLIMIT_NICE, 0 },
		{ RLIMIT_STACK, STACK_MAX },
		/*
		 * What is written to, not what is reserved: some allocators reserve far
		 * more than they use.  Last: from here on, nothing is allocated.
		 */
		{ RLIMIT_DATA, action->memory_max },
	};
	bool done = true;

	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
		struct rlimit limit, old;

		limit.rlim_cur = limits[i].value;
		/* One that is lower already stays so. */
		if (prlimit(0, limits[i].resource, NULL, &old) == 0 &&
		    old.rlim_max < limit.rlim_cur)
			limit.rlim_cur = old.rlim_max;
		limit.rlim_max = limit.rlim_cur;
		done = prlimit(0, limits[i].resource, &limit, NULL) == 0 && done;
	}
	return done;
}
