/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* view_check_order() of view.h: is all in the order that index.c gives it? */
#include <errno.h>

#include "view-records.h"

/* Where each distribution is in ORDER; -EBADMSG unless each is there once. */
static int order_places(const struct view *v, uint32_t **ret_places)
{
	autofree uint32_t *places = reallocarray(NULL, (size_t)v->nr_dists + 1,
						 sizeof *places);

	if (!places)
		return -ENOMEM;

	memset(places, 0xff, v->nr_dists * sizeof *places); /* FMT_NONE */
	for (uint32_t k = 0; k < v->nr_dists; k++) {
		uint32_t *place = places + view_order(v, k);

		if (*place != FMT_NONE)
			return -EBADMSG;
		*place = k;
	}
	*ret_places = take_ptr(places);
	return 0;
}

static bool dist_wins(const struct view *v, uint32_t dist)
{
	return dist_at(v, dist)->flags & FMT_WINS;
}

/* NAMES has all that have a name, by name and place; the first of each wins. */
static bool names_sorted(const struct view *v, const uint32_t *places)
{
	uint32_t nr = 0;

	for (uint32_t d = 0; d < v->nr_dists; d++) {
		bool nameless = dist_at(v, d)->flags & FMT_NAMELESS;

		if (nameless && !dist_wins(v, d))
			return false;
		nr += !nameless;
	}
	for (uint32_t k = 0; k < v->nr_names; k++) {
		uint32_t d = fmt_u32(v->names[k]);
		int r = k == 0 ? -1 : span_cmp(name_norm(v, k - 1), name_norm(v, k));

		if (r > 0 || (r == 0 && places[fmt_u32(v->names[k - 1])] >= places[d]))
			return false;
		if (dist_wins(v, d) != (r < 0) || (dist_at(v, d)->flags & FMT_NAMELESS))
			return false;
	}
	return nr == v->nr_names;
}

static bool is_odd(const struct fmt_dist *d)
{
	return (d->flags & FMT_WINS) &&
	       (d->state > FMT_STATE_TEXT || d->bad_line || (d->flags & FMT_ODD_FLAGS));
}

static bool odd_complete(const struct view *v)
{
	uint32_t at = 0;

	for (uint32_t d = 0; d < v->nr_dists; d++)
		if (is_odd(dist_at(v, d)) && (at == v->nr_odd || view_odd(v, at++) != d))
			return false;
	return at == v->nr_odd;
}

/* Is each member an entry of this group and of a winner, in the answer's order? */
static bool members_sorted(const struct view *v, uint32_t group, const uint32_t *places)
{
	const struct fmt_group *g = group_at(v, group);
	uint64_t last = 0;

	for (uint32_t i = 0; i < fmt_u32(g->count); i++) {
		uint32_t at = view_member(v, fmt_u32(g->first) + i);
		const struct fmt_entry *e = entry_at(v, at);
		uint32_t dist = fmt_u32(e->dist);
		uint64_t rank = (uint64_t)places[dist] << 32 | at;

		if (fmt_u32(e->group) != group || !dist_wins(v, dist) ||
		    (i > 0 && rank <= last))
			return false;
		last = rank;
	}
	return true;
}

/* GROUPS go up strictly and share out MEMBERS, which are all the winners' entries. */
static bool groups_sorted(const struct view *v, const uint32_t *places)
{
	uint32_t next = 0, won = 0;

	for (uint32_t i = 0; i < v->nr_groups; i++) {
		const struct fmt_group *g = group_at(v, i);

		if (i > 0 && span_cmp(group_name(v, i - 1), group_name(v, i)) >= 0)
			return false;
		if (fmt_u32(g->first) != next || !members_sorted(v, i, places))
			return false;
		next += fmt_u32(g->count);
	}
	for (uint32_t d = 0; d < v->nr_dists; d++)
		if (dist_wins(v, d))
			won += fmt_u32(dist_at(v, d)->nr_entries);
	return next == v->nr_members && won == v->nr_members;
}

/* --- how large it is ----------------------------------------------------------- */

static size_t align8(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

/* Room in STRINGS that references account for, at most. */
static uint64_t strings_used(const struct view *v)
{
	uint64_t n = 1; /* the NUL that it starts with */

	for (uint32_t i = 0; i < v->nr_dists; i++) {
		const struct fmt_dist *d = dist_at(v, i);

		n += ref_span(v, &d->folder).n + ref_span(v, &d->norm).n +
		     ref_span(v, &d->key).n + ref_span(v, &d->name).n +
		     ref_span(v, &d->version).n + 5;
	}
	for (uint32_t i = 0; i < v->nr_entries; i++)
		n += ref_span(v, &entry_at(v, i)->name).n +
		     ref_span(v, &entry_at(v, i)->value).n + 2;
	for (uint32_t i = 0; i < v->nr_groups; i++)
		n += group_name(v, i).n + 1;
	return n;
}

bool view_is_packed(const struct view *v, size_t n)
{
	const size_t sections[] = {
		sizeof(struct fmt_header),
		v->path.n,
		v->nr_dists * sizeof(struct fmt_dist),
		v->nr_dists * sizeof(uint32_t),
		v->nr_names * sizeof(uint32_t),
		v->nr_odd * sizeof(uint32_t),
		v->nr_groups * sizeof(struct fmt_group),
		v->nr_members * sizeof(uint32_t),
		v->nr_entries * sizeof(struct fmt_entry),
		v->nr_hashes * sizeof(struct fmt_hash),
		v->strings.n,
		((size_t)v->nr_hashes + 1) * sizeof(struct fmt_token),
		v->has_seen * sizeof(struct fmt_seen),
	};
	size_t used = sizeof(uint64_t); /* the checksum */

	for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
		used += align8(sections[i]);
	return used == n && v->strings.n <= strings_used(v);
}

int view_check_order(const struct view *v)
{
	autofree uint32_t *places = NULL;
	int r;

	r = order_places(v, &places);
	if (r < 0)
		return r;

	if (!names_sorted(v, places) || !odd_complete(v) || !groups_sorted(v, places))
		return -EBADMSG;

	return 0;
}
