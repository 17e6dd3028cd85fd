/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view.h"

#define XXH_INLINE_ALL
#include <assert.h>
#include <errno.h>
#include <xxhash.h>

#include "view-records.h"

#define CHECKSUM_SIZE 8 /* bytes, at the end of the file */

/* A section whose bytes lie inside the file. */
struct part {
	const char *p;
	uint32_t count; /* records */
	uint32_t size;  /* bytes of a record */
};

/* The records as this version knows them; only those of 8 bytes and more can grow. */
static const uint32_t known_size[FMT_SECTIONS] = {
	[FMT_PATH] = 1,
	[FMT_DISTS] = sizeof(struct fmt_dist),
	[FMT_ORDER] = 4,
	[FMT_NAMES] = 4,
	[FMT_ODD] = 4,
	[FMT_GROUPS] = sizeof(struct fmt_group),
	[FMT_MEMBERS] = 4,
	[FMT_ENTRIES] = sizeof(struct fmt_entry),
	[FMT_HASHES] = sizeof(struct fmt_hash),
	[FMT_STRINGS] = 1,
	[FMT_TOKENS] = sizeof(struct fmt_token),
	[FMT_SEEN] = sizeof(struct fmt_seen),
};

static int check_whole(const char *bytes, size_t n)
{
	const struct fmt_header *h = (const void *)bytes;
	uint64_t sum;

	if (n < offsetof(struct fmt_header, header_size) ||
	    memcmp(h->magic, FMT_MAGIC, sizeof h->magic) != 0)
		return -EBADMSG;
	if (fmt_u32(h->version) > FMT_VERSION)
		return -EPROTONOSUPPORT;
	if (fmt_u32(h->version) != FMT_VERSION || n < sizeof *h + CHECKSUM_SIZE ||
	    n > FMT_SIZE_MAX || fmt_u64(h->total_size) != n)
		return -EBADMSG;

	memcpy(&sum, bytes + n - CHECKSUM_SIZE, sizeof sum);
	return fmt_u64(sum) == XXH3_64bits(bytes, n - CHECKSUM_SIZE) ? 0 : -EBADMSG;
}

static bool size_ok(uint32_t size, uint32_t known)
{
	return known < 8 ? size == known : size >= known && size % 8 == 0;
}

static int find_parts(const char *bytes, size_t n, struct part ret_parts[FMT_SECTIONS])
{
	const struct fmt_header *h = (const void *)bytes;
	uint64_t start = fmt_u32(h->header_size), end = n - CHECKSUM_SIZE;

	if (start < sizeof *h || fmt_u32(h->nr_sections) < FMT_SECTIONS)
		return -EBADMSG;

	for (size_t i = 0; i < FMT_SECTIONS; i++) {
		uint64_t off = fmt_u32(h->table[i].off);
		uint64_t count = fmt_u32(h->table[i].count);
		uint32_t size = fmt_u32(h->table[i].size);

		if (!size_ok(size, known_size[i]) || off % 8 != 0 || off < start ||
		    off > end || count * size > end - off)
			return -EBADMSG;

		ret_parts[i] = (struct part){ bytes + off, (uint32_t)count, size };
	}
	return 0;
}

static const uint32_t *part_numbers(const struct part *p)
{
	return (const void *)p->p;
}

static struct view view_of(const char *bytes, const struct part parts[FMT_SECTIONS])
{
	const struct fmt_header *h = (const void *)bytes;

	return (struct view){
		.path = { parts[FMT_PATH].p, parts[FMT_PATH].count },
		.flags = fmt_u32(h->flags),
		.nr_dists = parts[FMT_DISTS].count,
		.nr_names = parts[FMT_NAMES].count,
		.nr_odd = parts[FMT_ODD].count,
		.nr_groups = parts[FMT_GROUPS].count,
		.nr_members = parts[FMT_MEMBERS].count,
		.nr_entries = parts[FMT_ENTRIES].count,
		.nr_hashes = parts[FMT_HASHES].count,
		.order = part_numbers(parts + FMT_ORDER),
		.names = part_numbers(parts + FMT_NAMES),
		.odd = part_numbers(parts + FMT_ODD),
		.members = part_numbers(parts + FMT_MEMBERS),
		.dists = parts[FMT_DISTS].p,
		.groups = parts[FMT_GROUPS].p,
		.entries = parts[FMT_ENTRIES].p,
		.hashes = parts[FMT_HASHES].p,
		.tokens = parts[FMT_TOKENS].p,
		.dist_size = parts[FMT_DISTS].size,
		.group_size = parts[FMT_GROUPS].size,
		.entry_size = parts[FMT_ENTRIES].size,
		.hash_size = parts[FMT_HASHES].size,
		.token_size = parts[FMT_TOKENS].size,
		.strings = { parts[FMT_STRINGS].p, parts[FMT_STRINGS].count },
	};
}

static void read_seen(struct view *v, const struct part *p)
{
	const struct fmt_seen *rec = (const void *)p->p;

	if (p->count == 0)
		return;

	v->has_seen = true;
	v->seen = (struct fresh_seen){
		.boot = fmt_u64(rec->boot),
		.boot_ns = (int64_t)fmt_u64(rec->boot_ns),
		.wall_ns = (int64_t)fmt_u64(rec->wall_ns),
	};
}

/* Do the bytes of a reference, and the NUL after them, lie in STRINGS? */
static inline bool ref_ok(struct span strings, const struct fmt_ref *ref)
{
	uint64_t end = (uint64_t)fmt_u32(ref->off) + fmt_u32(ref->len);

	return end < strings.n && strings.p[end] == '\0';
}

/* Is any of eight bytes 0 or '/'? */
static inline bool has_no_name(uint64_t word)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t other = word ^ ones * '/';

	return (((word - ones) & ~word) | ((other - ones) & ~other)) & ones << 7;
}

/*
 * Does a string hold a byte that no name of a file may hold?  Eight at a time, the last
 * eight maybe twice: this is asked of each distribution.
 */
static bool is_no_name(struct span s)
{
	uint64_t word = ~UINT64_C(0);
	bool found = false;

	if (s.n < sizeof word) {
		memcpy(&word, s.p, s.n);
		return has_no_name(word);
	}
	for (size_t at = 0; at < s.n - sizeof word; at += sizeof word) {
		memcpy(&word, s.p + at, sizeof word);
		found |= has_no_name(word);
	}
	memcpy(&word, s.p + s.n - sizeof word, sizeof word);
	return found | has_no_name(word);
}

/* The name of one child of the directory: a check opens it, and must stay below. */
static bool folder_ok(struct span folder)
{
	bool dots = folder.n > 0 && folder.n < 3 && folder.p[0] == '.' &&
		    folder.p[folder.n - 1] == '.';

	return folder.n > 0 && folder.n <= FMT_FOLDER_MAX && !dots && !is_no_name(folder);
}

/* A key, as path_file() wants it. */
static bool path_ok(struct span path)
{
	return path.n > 0 && path.p[0] == '/' && !memchr(path.p, '\0', path.n);
}

static bool counts_ok(const struct view *v, const struct part parts[FMT_SECTIONS])
{
	return v->strings.n > 0 && v->strings.p[0] == '\0' &&
	       parts[FMT_ORDER].count == v->nr_dists && v->nr_names <= v->nr_dists &&
	       v->nr_odd <= v->nr_dists && v->nr_members <= v->nr_entries &&
	       parts[FMT_TOKENS].count == (uint64_t)v->nr_hashes + 1 &&
	       parts[FMT_SEEN].count <= 1;
}

/* One pass that does not stop early: it costs less than to branch on each number. */
static bool numbers_ok(const uint32_t *numbers, uint32_t nr, uint32_t end)
{
	bool ok = true;

	for (uint32_t i = 0; i < nr; i++)
		ok &= fmt_u32(numbers[i]) < end;
	return ok;
}

static uint64_t ref_len(const struct fmt_ref *ref)
{
	return fmt_u32(ref->len);
}

static bool groups_ok(const struct view *v, uint64_t *len)
{
	bool ok = true;

	for (uint32_t i = 0; i < v->nr_groups; i++) {
		const struct fmt_group *g = group_at(v, i);

		ok &= ref_ok(v->strings, &g->name);
		*len += ref_len(&g->name);
		ok &= (uint64_t)fmt_u32(g->first) + fmt_u32(g->count) <= v->nr_members;
	}
	return ok;
}

static bool entries_ok(const struct view *v, uint32_t first, uint32_t end, uint32_t dist,
		       uint64_t *len)
{
	bool ok = true;

	for (uint32_t i = first; i < end; i++) {
		const struct fmt_entry *e = entry_at(v, i);

		ok &= ref_ok(v->strings, &e->name);
		ok &= ref_ok(v->strings, &e->value);
		*len += ref_len(&e->name) + ref_len(&e->value);
		ok &= fmt_u32(e->group) < v->nr_groups;
		ok &= fmt_u32(e->dist) == dist;
	}
	return ok;
}

/* Most often two of the names of a distribution are the same run of bytes. */
static inline bool same_ref(const struct fmt_ref *a, const struct fmt_ref *b)
{
	return a->off == b->off && a->len == b->len;
}

static bool names_ok(struct span strings, const struct fmt_dist *d, uint64_t *len)
{
	*len += ref_len(&d->folder) + ref_len(&d->key) + ref_len(&d->norm) +
		ref_len(&d->name) + ref_len(&d->version);
	return ref_ok(strings, &d->key) &&
	       (same_ref(&d->norm, &d->key) || ref_ok(strings, &d->norm)) &&
	       (same_ref(&d->name, &d->key) || ref_ok(strings, &d->name)) &&
	       ref_ok(strings, &d->version);
}

/* Only a text that was read has a hash and a token, entries, and a wrong line. */
static bool state_ok(const struct fmt_dist *d)
{
	bool has_text = d->text != fmt_u32(FMT_NONE);

	return (d->state == FMT_STATE_TEXT) == has_text &&
	       (has_text || (d->nr_entries == 0 && d->bad_line == 0));
}

/* Distributions share out all entries, and all texts, in their order. */
static bool dists_ok(const struct view *v, uint64_t *len)
{
	uint32_t entry = 0, text = 0;
	bool ok = true;

	for (uint32_t i = 0; i < v->nr_dists; i++) {
		const struct fmt_dist *d = dist_at(v, i);
		uint32_t nr = fmt_u32(d->nr_entries);

		if (!ref_ok(v->strings, &d->folder))
			return false;
		ok &= folder_ok(ref_span(v, &d->folder));
		ok &= names_ok(v->strings, d, len);
		ok &= state_ok(d);
		if (d->text != fmt_u32(FMT_NONE))
			ok &= fmt_u32(d->text) == text++;
		if (fmt_u32(d->first_entry) != entry || nr > v->nr_entries - entry)
			return false;

		ok &= entries_ok(v, entry, entry + nr, i, len);
		entry += nr;
	}
	return ok && entry == v->nr_entries && text == v->nr_hashes;
}

/* Five references at most share what a writer stores once: those of one distribution. */
#define SHARED_MAX 5

static bool records_ok(const struct view *v)
{
	uint64_t len = 0;

	return dists_ok(v, &len) && groups_ok(v, &len) &&
	       len <= SHARED_MAX * (uint64_t)v->strings.n;
}

/* Does no distribution come twice in the answer?  Not with its entries. */
static bool order_ok(const struct view *v)
{
	uint64_t nr = 0;

	for (uint32_t i = 0; i < v->nr_dists; i++)
		nr += fmt_u32(dist_at(v, view_order(v, i))->nr_entries);
	return nr == v->nr_entries;
}

int view_init(struct view *ret_view, const char *bytes, size_t n)
{
	struct part parts[FMT_SECTIONS];
	struct view v;
	int r;

	r = check_whole(bytes, n);
	if (r < 0)
		return r;

	r = find_parts(bytes, n, parts);
	if (r < 0)
		return r;

	v = view_of(bytes, parts);
	if (!path_ok(v.path) || !counts_ok(&v, parts) || !records_ok(&v) ||
	    !numbers_ok(v.order, v.nr_dists, v.nr_dists) || !order_ok(&v) ||
	    !numbers_ok(v.names, v.nr_names, v.nr_dists) ||
	    !numbers_ok(v.odd, v.nr_odd, v.nr_dists) ||
	    !numbers_ok(v.members, v.nr_members, v.nr_entries))
		return -EBADMSG;

	read_seen(&v, parts + FMT_SEEN);
	*ret_view = v;
	return 0;
}

void view_own(struct view *ret_view, const char *bytes, size_t n)
{
	struct part parts[FMT_SECTIONS];
	int r = find_parts(bytes, n, parts);

	assert(r == 0);
	*ret_view = view_of(bytes, parts);
	read_seen(ret_view, parts + FMT_SEEN);
}

struct view_dist view_dist(const struct view *v, uint32_t i)
{
	const struct fmt_dist *d = dist_at(v, i);

	return (struct view_dist){
		.folder = ref_span(v, &d->folder),
		.norm = ref_span(v, &d->norm),
		.key = ref_span(v, &d->key),
		.name = ref_span(v, &d->name),
		.version = d->flags & FMT_HAS_VERSION ? ref_span(v, &d->version)
						      : (struct span){ NULL, 0 },
		.first_entry = fmt_u32(d->first_entry),
		.nr_entries = fmt_u32(d->nr_entries),
		.text = fmt_u32(d->text),
		.bad_line = fmt_u32(d->bad_line),
		.kind = d->kind,
		.state = d->state,
		.why = d->why,
		.flags = d->flags,
	};
}

struct view_entry view_entry(const struct view *v, uint32_t i)
{
	const struct fmt_entry *e = entry_at(v, i);

	return (struct view_entry){
		.group = ref_span(v, &group_at(v, fmt_u32(e->group))->name),
		.name = ref_span(v, &e->name),
		.value = ref_span(v, &e->value),
		.dist = fmt_u32(e->dist),
	};
}

uint32_t view_order(const struct view *v, uint32_t at)
{
	return fmt_u32(v->order[at]);
}

uint32_t view_odd(const struct view *v, uint32_t at)
{
	return fmt_u32(v->odd[at]);
}

uint32_t view_member(const struct view *v, uint32_t at)
{
	return fmt_u32(v->members[at]);
}

/* The first of @nr places whose span is not below @what; @nr when all are. */
static uint32_t first_place(const struct view *v, uint32_t nr, struct span what,
			    struct span (*at)(const struct view *, uint32_t))
{
	uint32_t low = 0, high = nr;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (span_cmp(at(v, mid), what) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

int view_find_name(const struct view *v, struct span norm, uint32_t *ret_dist)
{
	uint32_t at = first_place(v, v->nr_names, norm, name_norm);

	if (at == v->nr_names || !span_eq(name_norm(v, at), norm))
		return 0;

	*ret_dist = fmt_u32(v->names[at]);
	return 1;
}

int view_find_group(const struct view *v, struct span group, uint32_t *ret_first,
		    uint32_t *ret_count)
{
	uint32_t at = first_place(v, v->nr_groups, group, group_name);
	const struct fmt_group *g;

	if (at == v->nr_groups || !span_eq(group_name(v, at), group))
		return 0;

	g = group_at(v, at);
	if (g->count == 0)
		return 0;

	*ret_first = fmt_u32(g->first);
	*ret_count = fmt_u32(g->count);
	return 1;
}

static enum fmt_settled token_at(const struct view *v, size_t i, struct token *ret_token)
{
	const struct fmt_token *t = (const void *)(v->tokens + i * v->token_size);

	*ret_token = (struct token){
		.ino = fmt_u64(t->ino),
		.size = fmt_u64(t->size),
		.mtime_ns = (int64_t)fmt_u64(t->mtime_ns),
		.ctime_ns = (int64_t)fmt_u64(t->ctime_ns),
		.btime_ns = (int64_t)fmt_u64(t->btime_ns),
		.type = fmt_u32(t->type),
	};
	switch (fmt_u32(t->settled)) {
	case FMT_SETTLED:
		return FMT_SETTLED;
	case FMT_SETTLED_FAST:
		return FMT_SETTLED_FAST;
	default:
		return FMT_UNSETTLED;
	}
}

enum fmt_settled view_dir_token(const struct view *v, struct token *ret_token)
{
	return token_at(v, 0, ret_token);
}

bool view_text_token(const struct view *v, uint32_t text, struct token *ret_token)
{
	return token_at(v, (size_t)text + 1, ret_token) == FMT_SETTLED;
}

bool view_is_settled(const struct view *v)
{
	struct token token;
	bool settled = view_dir_token(v, &token) == FMT_SETTLED;

	for (uint32_t i = 0; settled && i < v->nr_hashes; i++)
		settled = view_text_token(v, i, &token);
	return settled;
}

bool view_can_settle(const struct view *v, int64_t now_ns)
{
	bool trusted = v->flags & FMT_TRUSTED;
	struct token token;

	for (uint32_t i = 0; i <= v->nr_hashes; i++)
		if (token_at(v, i, &token) != FMT_SETTLED && token.type != 0 &&
		    !fresh_settled_local(&token, now_ns, trusted))
			return false;
	return true;
}

void view_text_hash(const struct view *v, uint32_t text, uint64_t ret_hash[2])
{
	const struct fmt_hash *h = (const void *)(v->hashes +
						  (size_t)text * v->hash_size);

	ret_hash[0] = fmt_u64(h->lo);
	ret_hash[1] = fmt_u64(h->hi);
}
