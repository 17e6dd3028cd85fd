/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "roster.h"

#include <errno.h>

static int by_folder(const void *a, const void *b, void *view)
{
	const uint32_t *x = a, *y = b;

	return span_cmp(view_dist(view, *x).folder, view_dist(view, *y).folder);
}

static int roster_sort(struct roster *r)
{
	uint32_t n = r->view->nr_dists;

	r->by_name = reallocarray(NULL, n, sizeof *r->by_name);
	if (!r->by_name)
		return -ENOMEM;

	for (uint32_t i = 0; i < n; i++)
		r->by_name[i] = i;
	qsort_r(r->by_name, n, sizeof *r->by_name, by_folder, (void *)(uintptr_t)r->view);
	return 0;
}

int roster_find(struct roster *r, struct span folder, uint32_t guess, uint32_t *ret_dist)
{
	uint32_t low = 0, high;
	int c;

	if (!r->view || r->view->nr_dists == 0)
		return 0;

	if (guess < r->view->nr_dists &&
	    span_eq(view_dist(r->view, guess).folder, folder)) {
		*ret_dist = guess;
		return 1;
	}

	if (!r->by_name && roster_sort(r) < 0)
		return -ENOMEM;

	high = r->view->nr_dists;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		c = span_cmp(view_dist(r->view, r->by_name[mid]).folder, folder);
		if (c == 0) {
			*ret_dist = r->by_name[mid];
			return 1;
		}
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return 0;
}

void roster_release(struct roster *r)
{
	free(take_ptr(r->by_name));
}
