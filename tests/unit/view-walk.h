/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * view-walk.h - handle the bytes of a cache file as a test wants them.
 *
 * Used by: t-index.c, t-view.c, tests/fuzz/fuzz-view.c.  Uses: view.h.
 */
#ifndef EPC_VIEW_WALK_H
#define EPC_VIEW_WALK_H

#define XXH_INLINE_ALL
#include <errno.h>
#include <xxhash.h>

#include "view.h"

/* Where a section is; of the file's own table. */
static inline struct fmt_table *walk_table(char *bytes, int section)
{
	return ((struct fmt_header *)(void *)bytes)->table + section;
}

/* Make the checksum that of the bytes, so that the checks behind it are reached. */
static inline void walk_mend(char *bytes, size_t n)
{
	uint64_t sum = fmt_u64(XXH3_64bits(bytes, n - sizeof sum));

	memcpy(bytes + n - sizeof sum, &sum, sizeof sum);
}

static inline unsigned walk_bytes(struct span s)
{
	unsigned sum = 0;

	for (size_t i = 0; i < s.n; i++)
		sum += (unsigned char)s.p[i];
	return sum;
}

static inline unsigned walk_entry(const struct view *v, uint32_t i)
{
	struct view_entry e = view_entry(v, i);
	uint32_t first, count;
	unsigned sum = walk_bytes(e.group) + walk_bytes(e.name) + walk_bytes(e.value);

	if (view_find_group(v, e.group, &first, &count))
		for (uint32_t k = 0; k < count; k++)
			sum += view_member(v, first + k);
	return sum + view_dist(v, e.dist).kind;
}

static inline unsigned walk_dist(const struct view *v, uint32_t i)
{
	struct view_dist d = view_dist(v, i);
	struct token t;
	uint64_t hash[2];
	uint32_t found = 0;
	unsigned sum = walk_bytes(d.folder) + walk_bytes(d.norm) + walk_bytes(d.key) +
		       walk_bytes(d.name) + walk_bytes(d.version);

	for (uint32_t e = 0; e < d.nr_entries; e++)
		sum += walk_bytes(view_entry(v, d.first_entry + e).name);
	if (d.text != FMT_NONE) {
		sum += view_text_token(v, d.text, &t);
		view_text_hash(v, d.text, hash);
		sum += (unsigned)(t.ino + hash[0] + hash[1]);
	}
	if (view_find_name(v, d.norm, &found))
		sum += view_dist(v, found).kind;
	return sum;
}

/* Ask for all that there is to ask; the sum only keeps the reads from being left out. */
static inline unsigned walk_all(const struct view *v)
{
	struct token t;
	unsigned sum = walk_bytes(v->path) + (unsigned)view_dir_token(v, &t);

	for (uint32_t i = 0; i < v->nr_dists; i++)
		sum += walk_dist(v, i) + walk_dist(v, view_order(v, i));
	for (uint32_t i = 0; i < v->nr_odd; i++)
		sum += walk_dist(v, view_odd(v, i));
	for (uint32_t i = 0; i < v->nr_entries; i++)
		sum += walk_entry(v, i);
	for (uint32_t i = 0; i < v->nr_members; i++)
		sum += walk_entry(v, view_member(v, i));
	return sum + (v->has_seen ? (unsigned)v->seen.boot_ns : 0);
}

#endif
