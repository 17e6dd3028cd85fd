/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * index_finish() of index.h: sort what index.c gathered, decide what wins, and
 * lay the file out.
 */
#include "index.h"

#define XXH_INLINE_ALL
#include <errno.h>
#include <xxhash.h>

/* What index_finish() works out; the arrays share one block. */
struct plan {
	const char *strings; /* borrowed from the index, as are the records */
	struct fmt_dist *dists;
	struct fmt_entry *entries;
	struct fmt_group *groups;
	uint32_t nr_dists, nr_entries, nr_groups;

	uint32_t *numbers; /* owned: all that follows */
	size_t nr_numbers;
	uint32_t *order, *names, *odd, *members;
	uint32_t nr_names, nr_odd, nr_members;
	uint32_t *place;  /* in ORDER, of each distribution */
	uint32_t *answer; /* entries of winning distributions, in the answer's order */
	uint32_t *cursor; /* one for each group */
	uint64_t *
		heads; /* owned; of each distribution's key: eight bytes that tell most */
};

static void plan_release(struct plan *pl)
{
	free(pl->numbers);
	free(pl->heads);
}

static int plan_init(struct plan *pl, const struct index *ix)
{
	size_t d = ix->dists.n / sizeof(struct fmt_dist);
	size_t e = ix->entries.n / sizeof(struct fmt_entry);
	size_t g = ix->groups.n / sizeof(struct fmt_group);

	*pl = (struct plan){
		.strings = ix->strings.p,
		.dists = (void *)ix->dists.p,
		.entries = (void *)ix->entries.p,
		.groups = (void *)ix->groups.p,
		.nr_dists = (uint32_t)d,
		.nr_entries = (uint32_t)e,
		.nr_groups = (uint32_t)g,
		.nr_numbers = 4 * d + 2 * e + g,
	};
	pl->numbers = calloc(pl->nr_numbers + 1, sizeof *pl->numbers);
	pl->heads = calloc(d + 1, sizeof *pl->heads);
	if (!pl->numbers || !pl->heads)
		return -ENOMEM;

	pl->order = pl->numbers;
	pl->names = pl->order + d;
	pl->odd = pl->names + d;
	pl->place = pl->odd + d;
	pl->members = pl->place + d;
	pl->answer = pl->members + e;
	pl->cursor = pl->answer + e;
	return 0;
}

static struct span ref_span(const char *strings, struct fmt_ref ref)
{
	return (struct span){ strings + fmt_u32(ref.off), fmt_u32(ref.len) };
}

static struct span plan_key(const struct plan *pl, uint32_t dist)
{
	return ref_span(pl->strings, pl->dists[dist].key);
}

static struct span plan_norm(const struct plan *pl, uint32_t dist)
{
	return ref_span(pl->strings, pl->dists[dist].norm);
}

static int by_key(const void *a, const void *b, void *plan)
{
	const struct plan *pl = plan;
	const uint32_t *i = a, *j = b;
	int r;

	if (pl->heads[*i] != pl->heads[*j])
		return pl->heads[*i] < pl->heads[*j] ? -1 : 1;

	r = span_cmp(plan_key(pl, *i), plan_key(pl, *j));
	return r ? r : (*i > *j) - (*i < *j);
}

static int by_norm(const void *a, const void *b, void *plan)
{
	const struct plan *pl = plan;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	int r = span_cmp(plan_norm(pl, i), plan_norm(pl, j));

	return r ? r : (pl->place[i] > pl->place[j]) - (pl->place[i] < pl->place[j]);
}

static int by_name(const void *a, const void *b, void *plan)
{
	const struct plan *pl = plan;
	const struct fmt_group *i = a, *j = b;

	return span_cmp(ref_span(pl->strings, i->name), ref_span(pl->strings, j->name));
}

static size_t nr_common(struct span a, struct span b)
{
	size_t n = 0;

	while (n < a.n && n < b.n && a.p[n] == b.p[n])
		n++;
	return n;
}

/* What follows the bytes that all keys begin with, as numbers in the order of bytes. */
static void plan_heads(struct plan *pl)
{
	struct span common = { NULL, 0 };

	for (uint32_t d = 0; d < pl->nr_dists; d++) {
		struct span key = plan_key(pl, d);

		if (d == 0)
			common = key;
		common.n = nr_common(common, key);
	}
	for (uint32_t d = 0; d < pl->nr_dists; d++) {
		struct span rest = span_from(plan_key(pl, d), common.n);
		uint64_t head = 0;

		memcpy(&head, rest.p, rest.n < sizeof head ? rest.n : sizeof head);
		pl->heads[d] = be64toh(head);
	}
}

/*
 * ORDER: by key, the keys as they first appear, then what is in eggs.  Leaves all
 * distributions in the room of NAMES, by key, which is nearly how they belong there.
 */
static void plan_order(struct plan *pl)
{
	uint32_t *sorted = pl->names, *head = pl->place; /* not in use yet */
	uint32_t n = 0, at = 0;

	for (uint32_t d = 0; d < pl->nr_dists; d++)
		if (pl->dists[d].kind != FMT_KIND_EGG)
			sorted[n++] = d;
	plan_heads(pl);
	qsort_r(sorted, n, sizeof *sorted, by_key, pl);

	/* At the first distribution of each key: its place in sorted, + 1. */
	for (uint32_t k = 0; k < n; k++)
		if (k == 0 ||
		    !span_eq(plan_key(pl, sorted[k]), plan_key(pl, sorted[k - 1])))
			head[sorted[k]] = k + 1;

	for (uint32_t d = 0; d < pl->nr_dists; d++) {
		if (head[d] == 0)
			continue;
		pl->order[at++] = d;
		for (uint32_t k = head[d]; k < n && head[sorted[k]] == 0; k++)
			pl->order[at++] = sorted[k];
	}
	for (uint32_t d = 0; d < pl->nr_dists; d++)
		if (pl->dists[d].kind == FMT_KIND_EGG)
			pl->order[at++] = sorted[n++] = d;

	for (uint32_t k = 0; k < pl->nr_dists; k++)
		pl->place[pl->order[k]] = k;
}

static void dist_wins(struct fmt_dist *d)
{
	d->flags |= FMT_WINS;
}

/* NAMES, and with them who wins. */
static void plan_names(struct plan *pl)
{
	uint32_t n = 0, in_order = 0;

	for (uint32_t k = 0; k < pl->nr_dists; k++) {
		uint32_t d = pl->names[k];

		if (pl->dists[d].flags & FMT_NAMELESS)
			dist_wins(pl->dists + d);
		else
			pl->names[n++] = d;
	}
	while (in_order + 1 < n &&
	       by_norm(pl->names + in_order, pl->names + in_order + 1, pl) < 0)
		in_order++;
	if (in_order + 1 < n)
		qsort_r(pl->names, n, sizeof *pl->names, by_norm, pl);

	for (uint32_t k = 0; k < n; k++)
		if (k == 0 || !span_eq(plan_norm(pl, pl->names[k]),
				       plan_norm(pl, pl->names[k - 1])))
			dist_wins(pl->dists + pl->names[k]);
	pl->nr_names = n;
}

static void plan_odd(struct plan *pl)
{
	for (uint32_t i = 0; i < pl->nr_dists; i++) {
		const struct fmt_dist *d = pl->dists + i;

		if (!(d->flags & FMT_WINS))
			continue;
		if (d->state > FMT_STATE_TEXT || d->bad_line ||
		    (d->flags & FMT_ODD_FLAGS))
			pl->odd[pl->nr_odd++] = i;
	}
}

/* GROUPS: sort them, and tell the entries the new numbers. */
static void plan_groups(struct plan *pl)
{
	uint32_t *rank = pl->cursor; /* not in use yet */

	if (pl->nr_groups == 0)
		return; /* qsort_r() takes no NULL */

	qsort_r(pl->groups, pl->nr_groups, sizeof *pl->groups, by_name, pl);
	for (uint32_t g = 0; g < pl->nr_groups; g++)
		rank[fmt_u32(pl->groups[g].first)] = g;

	for (uint32_t e = 0; e < pl->nr_entries; e++)
		pl->entries[e].group = fmt_u32(rank[fmt_u32(pl->entries[e].group)]);
	memset(rank, 0, pl->nr_groups * sizeof *rank);
}

static uint32_t *entry_cursor(const struct plan *pl, uint32_t entry)
{
	return pl->cursor + fmt_u32(pl->entries[entry].group);
}

/* MEMBERS: a counting sort of the answer, which stays in order inside a group. */
static void plan_members(struct plan *pl)
{
	uint32_t n = 0, sum = 0;

	for (uint32_t k = 0; k < pl->nr_dists; k++) {
		const struct fmt_dist *d = pl->dists + pl->order[k];

		if (!(d->flags & FMT_WINS))
			continue;
		for (uint32_t i = 0; i < fmt_u32(d->nr_entries); i++)
			pl->answer[n++] = fmt_u32(d->first_entry) + i;
	}
	for (uint32_t i = 0; i < n; i++)
		++*entry_cursor(pl, pl->answer[i]);

	for (uint32_t g = 0; g < pl->nr_groups; g++) {
		uint32_t count = pl->cursor[g];

		pl->groups[g].first = fmt_u32(sum);
		pl->groups[g].count = fmt_u32(count);
		pl->cursor[g] = sum;
		sum += count;
	}
	for (uint32_t i = 0; i < n; i++)
		pl->members[(*entry_cursor(pl, pl->answer[i]))++] = pl->answer[i];
	pl->nr_members = n;
}

/* A section to be written. */
struct part {
	const void *p;
	size_t n;      /* bytes */
	uint32_t size; /* bytes of a record */
};

static size_t align8(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

/* Put header, sections and checksum together; what is between them stays zero. */
static int lay_out(const struct part *parts, uint32_t flags, size_t max, char **ret_bytes,
		   size_t *ret_n)
{
	struct fmt_header h = {
		.version = fmt_u32(FMT_VERSION),
		.header_size = fmt_u32(sizeof h),
		.flags = fmt_u32(flags),
		.nr_sections = fmt_u32(FMT_SECTIONS),
	};
	size_t n = sizeof h;
	uint64_t sum;
	char *bytes;

	memcpy(h.magic, FMT_MAGIC, sizeof h.magic);
	for (size_t i = 0; i < FMT_SECTIONS; i++) {
		h.table[i].off = fmt_u32((uint32_t)n);
		h.table[i].count = fmt_u32((uint32_t)(parts[i].n / parts[i].size));
		h.table[i].size = fmt_u32(parts[i].size);
		n = align8(n + parts[i].n);
		if (n > max - sizeof sum)
			return -EFBIG;
	}
	h.total_size = fmt_u64(n + sizeof sum);
	bytes = calloc(1, n + sizeof sum + 1); /* and a NUL */
	if (!bytes)
		return -ENOMEM;

	memcpy(bytes, &h, sizeof h);
	for (size_t i = 0; i < FMT_SECTIONS; i++)
		if (parts[i].n)
			memcpy(bytes + fmt_u32(h.table[i].off), parts[i].p, parts[i].n);
	sum = fmt_u64(XXH3_64bits(bytes, n));
	memcpy(bytes + n, &sum, sizeof sum);

	*ret_bytes = bytes;
	*ret_n = n + sizeof sum;
	return 0;
}

int index_finish(struct index *ix, char **ret_bytes, size_t *ret_n)
{
	AUTO(plan_release) struct plan pl = { 0 };
	int r;

	r = plan_init(&pl, ix);
	if (r < 0)
		return r;

	plan_order(&pl);
	plan_names(&pl);
	plan_odd(&pl);
	plan_groups(&pl);
	plan_members(&pl);
	for (size_t i = 0; i < pl.nr_numbers; i++)
		pl.numbers[i] = fmt_u32(pl.numbers[i]);

	const struct part parts[FMT_SECTIONS] = {
		[FMT_PATH] = { ix->path.p, ix->path.n, 1 },
		[FMT_DISTS] = { ix->dists.p, ix->dists.n, sizeof(struct fmt_dist) },
		[FMT_ORDER] = { pl.order, 4 * (size_t)pl.nr_dists, 4 },
		[FMT_NAMES] = { pl.names, 4 * (size_t)pl.nr_names, 4 },
		[FMT_ODD] = { pl.odd, 4 * (size_t)pl.nr_odd, 4 },
		[FMT_GROUPS] = { ix->groups.p, ix->groups.n, sizeof(struct fmt_group) },
		[FMT_MEMBERS] = { pl.members, 4 * (size_t)pl.nr_members, 4 },
		[FMT_ENTRIES] = { ix->entries.p, ix->entries.n,
				  sizeof(struct fmt_entry) },
		[FMT_HASHES] = { ix->hashes.p, ix->hashes.n, sizeof(struct fmt_hash) },
		[FMT_STRINGS] = { ix->strings.p, ix->strings.n, 1 },
		[FMT_TOKENS] = { ix->tokens.p, ix->tokens.n, sizeof(struct fmt_token) },
		[FMT_SEEN] = { ix->seen.p, ix->seen.n, sizeof(struct fmt_seen) },
	};

	return lay_out(parts, ix->flags, ix->max, ret_bytes, ret_n);
}
