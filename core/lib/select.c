/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "select.h"

#define XXH_INLINE_ALL
#include <errno.h>
#include <stdlib.h>
#include <xxhash.h>

#include "name.h"

#define FEW_DIRS 64 /* more than on any usual sys.path */

/* Of a hash table with at least as many free slots as taken ones. */
struct slot {
	uint32_t dir_1; /* the directory's place on sys.path + 1; 0: free */
	uint32_t dist;  /* its first distribution of the name */
};

struct select_names {
	size_t mask; /* slots - 1 */
	struct slot slots[];
};

bool select_sees(const struct select_dir *dir, const struct view_dist *d)
{
	return d->kind != NAME_EGG || dir->in_egg;
}

/* The distribution of a name that a directory has to offer. */
static bool dir_find_name(const struct select_dir *dir, struct span norm,
			  uint32_t *ret_dist)
{
	struct view_dist d;
	uint32_t i;

	if (!dir->view || !view_find_name(dir->view, norm, &i))
		return false;

	d = view_dist(dir->view, i);
	*ret_dist = i;
	return select_sees(dir, &d);
}

/* Its distribution at a place of the names, which are sorted. */
static struct view_dist name_at(const struct select_dir *dir, uint32_t at)
{
	return view_dist(dir->view, fmt_u32(dir->view->names[at]));
}

/* The slot of a name, or the free one where it would be. */
static size_t slot_of(const struct select_names *names, const struct select_dir *dirs,
		      struct span norm)
{
	size_t i = (size_t)XXH3_64bits(norm.p, norm.n) & names->mask;

	for (; names->slots[i].dir_1 != 0; i = (i + 1) & names->mask) {
		struct slot slot = names->slots[i];

		if (span_eq(view_dist(dirs[slot.dir_1 - 1].view, slot.dist).norm, norm))
			break;
	}
	return i;
}

/* Of each name its first distribution is what the directory has to offer, or nothing. */
static void add_names(struct select_names *names, const struct select_dir *dirs,
		      size_t dir)
{
	struct span last = { 0 };

	for (uint32_t at = 0; at < dirs[dir].view->nr_names; at++) {
		struct view_dist d = name_at(&dirs[dir], at);
		size_t i;

		if (at > 0 && span_eq(d.norm, last))
			continue;
		last = d.norm;
		if (!select_sees(&dirs[dir], &d))
			continue;
		i = slot_of(names, dirs, d.norm);
		if (names->slots[i].dir_1 == 0)
			names->slots[i] = (struct slot){
				.dir_1 = (uint32_t)dir + 1,
				.dist = fmt_u32(dirs[dir].view->names[at]),
			};
	}
}

int select_names_new(struct select_dir *dirs, size_t nr_dirs,
		     struct select_names **ret_names)
{
	struct select_names *names;
	size_t nr_slots = 1, nr = 0;

	*ret_names = NULL;
	if (nr_dirs <= FEW_DIRS || nr_dirs >= UINT32_MAX)
		return 0;

	for (size_t i = 0; i < nr_dirs; i++)
		nr += dirs[i].view ? dirs[i].view->nr_names : 0;
	while (nr_slots < 2 * (nr + 1))
		nr_slots *= 2;
	names = calloc(1, sizeof *names + nr_slots * sizeof names->slots[0]);
	if (!names)
		return -ENOMEM;

	names->mask = nr_slots - 1;
	for (size_t i = 0; i < nr_dirs; i++)
		if (dirs[i].view)
			add_names(names, dirs, i);
	for (size_t i = 0; i < nr_dirs; i++)
		dirs[i].names = names;
	*ret_names = names;
	return 0;
}

struct select_names *select_names_free(struct select_names *names)
{
	free(names);
	return NULL;
}

/* The first of the directories before @end that offers a name, and what it offers. */
static bool find_first(const struct select_dir *dirs, size_t end, struct span norm,
		       size_t *ret_dir, uint32_t *ret_dist)
{
	if (end > 0 && dirs[0].names) {
		struct slot slot = dirs[0].names
					   ->slots[slot_of(dirs[0].names, dirs, norm)];

		*ret_dir = (size_t)slot.dir_1 - 1;
		*ret_dist = slot.dist;
		return slot.dir_1 != 0 && *ret_dir < end;
	}

	for (size_t i = 0; i < end; i++)
		if (dir_find_name(&dirs[i], norm, ret_dist)) {
			*ret_dir = i;
			return true;
		}
	return false;
}

int select_hidden_by(const struct select_dir *dirs, size_t dir, uint32_t dist,
		     size_t *ret_dir, uint32_t *ret_dist)
{
	struct view_dist d = view_dist(dirs[dir].view, dist);

	if (d.flags & FMT_NAMELESS)
		return 0;

	return find_first(dirs, dir + 1, d.norm, ret_dir, ret_dist) &&
	       (*ret_dir != dir || *ret_dist != dist);
}

bool select_counts(const struct select_dir *dirs, size_t dir, uint32_t dist)
{
	struct view_dist d = view_dist(dirs[dir].view, dist);
	uint32_t other;
	size_t first;

	if (!(d.flags & FMT_WINS) || !select_sees(&dirs[dir], &d))
		return false;
	return (d.flags & FMT_NAMELESS) || !find_first(dirs, dir, d.norm, &first, &other);
}

struct select select_init(const struct select_dir *dirs, size_t nr_dirs,
			  struct span group)
{
	return (struct select){
		.dirs = dirs,
		.nr_dirs = nr_dirs,
		.group = group,
		.dist = UINT32_MAX,
	};
}

/* Set .at and .end to what there is of the answer in the present directory. */
static void start_dir(struct select *s)
{
	const struct view *v = s->dirs[s->dir].view;
	uint32_t count;

	s->started = true;
	s->dist = UINT32_MAX;
	s->at = s->end = 0;
	s->entry = s->entry_end = 0;
	if (!v)
		return;

	if (!s->group.p)
		s->end = v->nr_dists;
	else if (view_find_group(v, s->group, &s->at, &count))
		s->end = s->at + count;
}

/* Members of one distribution stand together, so one look at each is enough. */
static bool counts(struct select *s, uint32_t dist)
{
	if (s->dist != dist) {
		s->dist = dist;
		s->dist_counts = select_counts(s->dirs, s->dir, dist);
	}
	return s->dist_counts;
}

static int next_member(struct select *s, struct select_hit *ret_hit)
{
	const struct view *v = s->dirs[s->dir].view;

	while (s->at < s->end) {
		struct view_entry e = view_entry(v, view_member(v, s->at++));

		if (!counts(s, e.dist))
			continue;
		*ret_hit = (struct select_hit){ s->dir, e };
		return 1;
	}
	return 0;
}

static int next_entry(struct select *s, struct select_hit *ret_hit)
{
	const struct view *v = s->dirs[s->dir].view;

	while (s->entry == s->entry_end) {
		struct view_dist d;
		uint32_t i;

		if (s->at == s->end)
			return 0;

		i = view_order(v, s->at++);
		if (!counts(s, i))
			continue;
		d = view_dist(v, i);
		s->entry = d.first_entry;
		s->entry_end = d.first_entry + d.nr_entries;
	}

	*ret_hit = (struct select_hit){ s->dir, view_entry(v, s->entry++) };
	return 1;
}

int select_next(struct select *s, struct select_hit *ret_hit)
{
	for (; s->dir < s->nr_dirs; s->dir++, s->started = false) {
		if (!s->started)
			start_dir(s);
		if (s->group.p ? next_member(s, ret_hit) : next_entry(s, ret_hit))
			return 1;
	}
	return 0;
}
