/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sources.h"

#include "msg.h"

void sources_say(struct epc_answer *answer, size_t nr, const char *what, double ms)
{
	static const char *const from[] = {
		[EPC_FROM_NOTHING] = "nothing there",
		[EPC_FROM_CACHE] = "from the cache",
		[EPC_FROM_LIVE] = "read live",
		[EPC_FROM_ARCHIVE] = "an archive, not read",
	};
	size_t nr_dirs = 0, nr_dists = 0, cached = 0;
	const struct epc_dir *d;

	epc_answer_rewind(answer);
	while ((d = epc_answer_next_dir(answer))) {
		struct epc_str path = epc_dir_path(d);

		msg("%s: %s, %zu distributions, %zu entry points",
		    path.data ? path.data : "(no working directory)",
		    from[epc_dir_source(d)], epc_dir_nr_dists(d), epc_dir_nr_entries(d));
		nr_dirs++;
		nr_dists += epc_dir_nr_dists(d);
		cached += epc_dir_source(d) == EPC_FROM_CACHE;
	}
	msg("%zu %s printed, of %zu distributions in %zu directories (%zu from the "
	    "cache), in %.2f ms",
	    nr, what, nr_dists, nr_dirs, cached, ms);
}

double sources_ms(const struct timespec *start)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) * 1e3 +
	       (double)(now.tv_nsec - start->tv_nsec) / 1e6;
}
