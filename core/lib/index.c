/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* index.h but for index_finish(): gather records and strings. */
#include "index.h"

#define XXH_INLINE_ALL
#include <assert.h>
#include <errno.h>
#include <xxhash.h>

#define SLOTS_MIN 64 /* a power of two */

static int buf_grow(struct index_buf *b, size_t n)
{
	size_t cap = b->cap ? b->cap : 1024;
	char *mem;

	if (n > INDEX_SIZE_MAX - b->n)
		return -EFBIG;

	while (cap < b->n + n)
		cap *= 2;
	mem = realloc(b->p, cap);
	if (!mem)
		return -ENOMEM;

	b->p = mem;
	b->cap = cap;
	return 0;
}

/* Make room; what ends below INDEX_SIZE_MAX has offsets and counts of 32 bits. */
static inline int buf_room(struct index_buf *b, size_t n)
{
	return n <= b->cap - b->n && b->n + n <= INDEX_SIZE_MAX ? 0 : buf_grow(b, n);
}

static inline int buf_add(struct index_buf *b, const void *p, size_t n)
{
	int r = buf_room(b, n);

	if (r < 0)
		return r;
	if (n)
		memcpy(b->p + b->n, p, n);
	b->n += n;
	return 0;
}

size_t index_room(const struct index *ix)
{
	/* A number for each entry, among the members of its group, comes at the end. */
	size_t used = ix->groups.n + ix->strings.n + ix->entries.n +
		      ix->entries.n / sizeof(struct fmt_entry) * sizeof(uint32_t);

	return used < ix->max / 2 ? ix->max / 2 - used : 0;
}

static struct fmt_dist *index_dists(const struct index *ix)
{
	return (void *)ix->dists.p;
}

static struct fmt_group *index_groups(const struct index *ix)
{
	return (void *)ix->groups.p;
}

static uint32_t nr_dists(const struct index *ix)
{
	return (uint32_t)(ix->dists.n / sizeof(struct fmt_dist));
}

static uint32_t nr_groups(const struct index *ix)
{
	return (uint32_t)(ix->groups.n / sizeof(struct fmt_group));
}

static uint32_t nr_entries(const struct index *ix)
{
	return (uint32_t)(ix->entries.n / sizeof(struct fmt_entry));
}

static struct fmt_dist *last_dist(const struct index *ix)
{
	assert(ix->dists.n > 0);
	return index_dists(ix) + nr_dists(ix) - 1;
}

static struct span ref_span(const char *strings, struct fmt_ref ref)
{
	return (struct span){ strings + fmt_u32(ref.off), fmt_u32(ref.len) };
}

static int string_add(struct index *ix, struct span s, struct fmt_ref *ret_ref)
{
	size_t off = ix->strings.n;
	int r;

	if (s.n == 0) {
		*ret_ref = (struct fmt_ref){ 0 }; /* the NUL that STRINGS begins with */
		return 0;
	}

	if (s.n >= INDEX_SIZE_MAX)
		return -EFBIG;

	r = buf_room(&ix->strings, s.n + 1);
	if (r < 0)
		return r;

	memcpy(ix->strings.p + off, s.p, s.n);
	ix->strings.p[off + s.n] = '\0';
	ix->strings.n += s.n + 1;
	*ret_ref = (struct fmt_ref){ fmt_u32((uint32_t)off), fmt_u32((uint32_t)s.n) };
	return 0;
}

static int token_add(struct index *ix, const struct token *t, enum fmt_settled settled)
{
	struct fmt_token rec = {
		.ino = fmt_u64(t->ino),
		.size = fmt_u64(t->size),
		.mtime_ns = fmt_u64((uint64_t)t->mtime_ns),
		.ctime_ns = fmt_u64((uint64_t)t->ctime_ns),
		.btime_ns = fmt_u64((uint64_t)t->btime_ns),
		.type = fmt_u32(t->type),
		.settled = fmt_u32(settled),
	};

	return buf_add(&ix->tokens, &rec, sizeof rec);
}

int index_begin(struct index *ix, struct span path, uint32_t flags,
		const struct token *token, enum fmt_settled settled)
{
	int r;

	ix->flags = flags;
	r = buf_add(&ix->path, path.p, path.n);
	if (r < 0)
		return r;

	r = buf_add(&ix->strings, "", 1);
	if (r < 0)
		return r;

	return token_add(ix, token, settled);
}

/* Store the strings of a distribution; most often several are the same bytes. */
static int dist_strings(struct index *ix, const struct index_dist *d,
			struct fmt_dist *rec)
{
	const struct {
		struct span s;
		struct fmt_ref *ref;
	} f[] = {
		{ d->folder, &rec->folder },   { d->key, &rec->key },
		{ d->norm, &rec->norm },       { d->name, &rec->name },
		{ d->version, &rec->version },
	};

	for (size_t i = 0; i < sizeof f / sizeof f[0]; i++) {
		size_t j = 0;
		int r;

		while (j < i && !span_eq(f[j].s, f[i].s))
			j++;
		r = j == i ? string_add(ix, f[i].s, f[i].ref) : 0;
		if (r < 0)
			return r;

		*f[i].ref = *f[j].ref;
	}
	return 0;
}

static int text_add(struct index *ix, const struct index_dist *d, uint32_t *ret_text)
{
	struct fmt_hash rec = { fmt_u64(d->hash[0]), fmt_u64(d->hash[1]) };
	size_t text = ix->hashes.n / sizeof rec;
	int r;

	r = buf_add(&ix->hashes, &rec, sizeof rec);
	if (r < 0)
		return r;

	*ret_text = fmt_u32((uint32_t)text);
	return token_add(ix, &d->token, d->settled ? FMT_SETTLED : FMT_UNSETTLED);
}

void index_settle(struct index *ix, enum fmt_settled settled)
{
	((struct fmt_token *)(void *)ix->tokens.p)->settled = fmt_u32(settled);
}

int index_add_dist(struct index *ix, const struct index_dist *d)
{
	struct fmt_dist rec = {
		.first_entry = fmt_u32(nr_entries(ix)),
		.text = fmt_u32(FMT_NONE),
		.kind = d->kind,
		.state = d->state,
		.why = d->why,
		.flags = (uint8_t)((d->nameless ? FMT_NAMELESS : 0) |
				   (d->live_name ? FMT_LIVE_NAME : 0) |
				   (d->version.p ? FMT_HAS_VERSION : 0)),
	};
	int r;

	r = dist_strings(ix, d, &rec);
	if (r < 0)
		return r;

	r = d->state == FMT_STATE_TEXT ? text_add(ix, d, &rec.text) : 0;
	if (r < 0)
		return r;

	return buf_add(&ix->dists, &rec, sizeof rec);
}

/*
 * Where a group's number is in the hash table, or belongs.  The table's own
 * address seeds the hash, so that nobody can choose names that collide.
 */
static uint32_t *group_slot(const struct index *ix, struct span name)
{
	const struct fmt_group *groups = index_groups(ix);
	size_t mask = ix->nr_slots - 1;
	size_t at = (size_t)XXH3_64bits_withSeed(name.p, name.n, (uintptr_t)ix->slots) &
		    mask;

	while (ix->slots[at] != FMT_NONE &&
	       !span_eq(ref_span(ix->strings.p, groups[ix->slots[at]].name), name))
		at = (at + 1) & mask;
	return ix->slots + at;
}

static int slots_grow(struct index *ix)
{
	size_t nr = ix->nr_slots ? ix->nr_slots * 2 : SLOTS_MIN;
	uint32_t *slots = reallocarray(NULL, nr, sizeof *slots);

	if (!slots)
		return -ENOMEM;

	memset(slots, 0xff, nr * sizeof *slots); /* FMT_NONE */
	free(ix->slots);
	ix->slots = slots;
	ix->nr_slots = nr;
	for (uint32_t g = 0; g < nr_groups(ix); g++)
		*group_slot(ix, ref_span(ix->strings.p, index_groups(ix)[g].name)) = g;
	return 0;
}

/* The number of a group, new or known.  Until index_finish(), .first is that number. */
static int group_number(struct index *ix, struct span name, uint32_t *ret_number)
{
	struct fmt_group rec = { .first = fmt_u32(nr_groups(ix)) };
	uint32_t *slot;
	int r;

	r = nr_groups(ix) >= ix->nr_slots / 2 ? slots_grow(ix) : 0;
	if (r < 0)
		return r;

	slot = group_slot(ix, name);
	if (*slot != FMT_NONE) {
		*ret_number = *slot;
		return 0;
	}

	r = string_add(ix, name, &rec.name);
	if (r < 0)
		return r;

	r = buf_add(&ix->groups, &rec, sizeof rec);
	if (r < 0)
		return r;

	*slot = *ret_number = fmt_u32(rec.first);
	return 0;
}

int index_add_entry(struct index *ix, const struct index_entry *e)
{
	struct fmt_dist *d = last_dist(ix);
	struct fmt_entry rec = { .dist = fmt_u32(nr_dists(ix) - 1) };
	uint32_t group;
	int r;

	r = group_number(ix, e->group, &group);
	if (r < 0)
		return r;

	r = string_add(ix, e->name, &rec.name);
	if (r < 0)
		return r;

	r = string_add(ix, e->value, &rec.value);
	if (r < 0)
		return r;

	rec.group = fmt_u32(group);
	r = buf_add(&ix->entries, &rec, sizeof rec);
	if (r < 0)
		return r;

	d->nr_entries = fmt_u32(fmt_u32(d->nr_entries) + 1);
	d->flags = (uint8_t)(d->flags | (e->rejected_315 ? FMT_REJECTED_315 : 0));
	return 0;
}

void index_bad_line(struct index *ix, unsigned line, uint8_t why)
{
	struct fmt_dist *d = last_dist(ix);

	if (d->bad_line != 0)
		return;

	d->bad_line = fmt_u32(line);
	d->why = why;
}

int index_set_seen(struct index *ix, const struct fresh_seen *seen)
{
	struct fmt_seen rec = {
		.boot = fmt_u64(seen->boot),
		.boot_ns = fmt_u64((uint64_t)seen->boot_ns),
		.wall_ns = fmt_u64((uint64_t)seen->wall_ns),
	};

	ix->seen.n = 0;
	return buf_add(&ix->seen, &rec, sizeof rec);
}

void index_release(struct index *ix)
{
	struct index_buf *bufs[] = { &ix->path,   &ix->dists,   &ix->groups, &ix->entries,
				     &ix->hashes, &ix->strings, &ix->tokens, &ix->seen };

	for (size_t i = 0; i < sizeof bufs / sizeof bufs[0]; i++)
		free(bufs[i]->p);
	free(ix->slots);
	*ix = INDEX_INIT;
}
