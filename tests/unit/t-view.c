/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "t.h"

#include "golden.h"
#include "view-walk.h"

#define GOLDEN "tests/fixtures/golden/v1.cache"

static const uint32_t order[] = { 0, 7, 1, 3, 4, 5, 6, 8, 9, 2 };
static const uint32_t odd[] = { 2, 4, 5, 6, 8 };
static const uint32_t members[] = { 0, 1, 6, 2, 5 };
static const uint8_t flags[] = {
	FMT_WINS | FMT_HAS_VERSION,
	FMT_WINS | FMT_HAS_VERSION,
	FMT_WINS | FMT_NAMELESS,
	FMT_HAS_VERSION,
	FMT_WINS | FMT_HAS_VERSION | FMT_LIVE_NAME,
	FMT_WINS | FMT_HAS_VERSION,
	FMT_WINS | FMT_HAS_VERSION,
	FMT_HAS_VERSION,
	FMT_WINS | FMT_REJECTED_315,
	FMT_WINS | FMT_HAS_VERSION,
};

static volatile unsigned sink; /* keeps reads from being left out */

static struct file read_golden(void)
{
	const char *top = getenv("EPC_TOP");
	char path[4096], bytes[1 << 16];
	size_t n = 0;
	FILE *in;

	(void)snprintf(path, sizeof path, "%s/" GOLDEN, top ? top : ".");
	in = fopen(path, "rb");
	T(in != NULL);
	if (in) {
		n = fread(bytes, 1, sizeof bytes, in);
		(void)fclose(in);
	}
	return file_copy(bytes, n);
}

static bool token_same(const struct token *a, const struct token *b)
{
	return a->ino == b->ino && a->size == b->size && a->mtime_ns == b->mtime_ns &&
	       a->ctime_ns == b->ctime_ns && a->btime_ns == b->btime_ns &&
	       a->type == b->type;
}

static void expect_dist(const struct view *v, uint32_t i, const struct item *it)
{
	struct view_dist d = view_dist(v, i);
	struct token token;
	uint64_t hash[2];

	T_ROW(it->d.folder.p);
	T(span_eq(d.folder, it->d.folder) && span_eq(d.name, it->d.name));
	T(span_eq(d.norm, it->d.norm) && span_eq(d.key, it->d.key));
	T(span_eq(d.version, it->d.version) && !d.version.p == !it->d.version.p);
	T(d.kind == it->d.kind && d.state == it->d.state && d.bad_line == it->bad_line);
	T(d.why == (it->bad_line ? SCAN_NO_EQUALS : it->d.why) && d.flags == flags[i]);
	T((d.text != FMT_NONE) == (it->d.state == SCAN_TEXT));
	if (d.text != FMT_NONE) {
		T(view_text_token(v, d.text, &token) == it->d.settled);
		T(token_same(&token, &it->d.token));
		view_text_hash(v, d.text, hash);
		T(hash[0] == it->d.hash[0] && hash[1] == it->d.hash[1]);
	}
	for (uint32_t k = 0; k < d.nr_entries; k++) {
		struct view_entry e = view_entry(v, d.first_entry + k);

		T(span_eq(e.group, it->e[k].group) && span_eq(e.name, it->e[k].name));
		T(span_eq(e.value, it->e[k].value) && e.dist == i);
	}
	T_ROW(NULL);
}

static void expect_lookups(const struct view *v)
{
	static const struct {
		struct span group;
		int found;
		uint32_t first, count;
	} groups[] = {
		{ S("console_scripts"), 1, 0, 3 },
		{ S("demo.plugins"), 1, 3, 2 },
		{ S("old.group"), 0, 0, 0 },
		{ S("a"), 0, 0, 0 },
		{ S("console_script"), 0, 0, 0 },
		{ S("z"), 0, 0, 0 },
		{ S(""), 0, 0, 0 },
	};
	static const struct {
		struct span norm;
		int found;
		uint32_t dist;
	} names[] = {
		{ S("demo"), 1, 1 },
		{ S("bar_baz"), 1, 4 },
		{ S("zope_interface"), 1, 0 },
		{ S("\xff"), 1, 9 },
		{ S("foo"), 0, 0 },
		{ S(""), 0, 0 },
		{ S("\xff\xff"), 0, 0 },
	};

	for (size_t i = 0; i < NR(groups); i++) {
		uint32_t first = 0, count = 0;

		T_ROW(groups[i].group.p);
		T(view_find_group(v, groups[i].group, &first, &count) == groups[i].found);
		T(first == groups[i].first && count == groups[i].count);
	}
	for (size_t i = 0; i < NR(names); i++) {
		uint32_t dist = 0;

		T_ROW(names[i].norm.p);
		T(view_find_name(v, names[i].norm, &dist) == names[i].found);
		T(dist == names[i].dist);
	}
	T_ROW(NULL);
}

/* All that the golden file says. */
static void expect_golden(const struct file *f)
{
	struct view v;
	struct token token;
	int r = view_init(&v, f->bytes, f->n);

	T(r == 0);
	if (r < 0)
		return;

	T(view_check_order(&v) == 0);
	T(span_eq(v.path, span_of("/usr/lib/python3/dist-packages")));
	T(v.flags == FMT_FAST_ALLOWED);
	T(view_dir_token(&v, &token) && token_same(&token, &dir_token));
	T(v.has_seen && v.seen.boot == seen.boot && v.seen.boot_ns == seen.boot_ns &&
	  v.seen.wall_ns == seen.wall_ns);

	T(v.nr_dists == NR(order) && v.nr_odd == NR(odd) && v.nr_members == NR(members));
	T(v.nr_names == 9 && v.nr_groups == 3 && v.nr_entries == 7 && v.nr_hashes == 5);
	for (uint32_t i = 0; i < NR(order); i++)
		T(view_order(&v, i) == order[i]);
	for (uint32_t i = 0; i < NR(odd); i++)
		T(view_odd(&v, i) == odd[i]);
	for (uint32_t i = 0; i < NR(members); i++)
		T(view_member(&v, i) == members[i]);
	for (uint32_t i = 0; i < NR(items); i++)
		expect_dist(&v, i, items + i);
	expect_lookups(&v);
}

static void golden_file_is_read(void)
{
	auto_file struct file f = read_golden();

	expect_golden(&f);
}

static void golden_file_is_made_again(void)
{
	auto_file struct file f = read_golden();
	auto_file struct file g = make_golden();

	T(f.n == g.n && memcmp(f.bytes, g.bytes, f.n) == 0);
}

static void every_flipped_bit_is_noticed(void)
{
	auto_file struct file f = make_golden();

	for (size_t i = 0; i < 8 * f.n; i++) {
		struct view v;
		int r;

		f.bytes[i / 8] = (char)(f.bytes[i / 8] ^ (1 << i % 8));
		r = view_init(&v, f.bytes, f.n);
		T(r == -EBADMSG || r == -EPROTONOSUPPORT);
		f.bytes[i / 8] = (char)(f.bytes[i / 8] ^ (1 << i % 8));
	}
	expect_golden(&f);
}

static void every_length_but_its_own_is_noticed(void)
{
	auto_file struct file f = make_golden();

	for (size_t n = 0; n <= f.n + 8; n++) {
		auto_file struct file g = file_copy(f.bytes, n < f.n ? n : f.n);
		autofree char *more = calloc(1, f.n + 8);
		struct view v;

		T(more != NULL);
		if (!more || n == f.n)
			continue;
		memcpy(more, f.bytes, f.n);
		T(view_init(&v, n < f.n ? g.bytes : more, n) == -EBADMSG);
	}
}

static void newer_formats_are_told_apart(void)
{
	char later[16] __attribute__((aligned(8))) = FMT_MAGIC;
	struct view v;

	later[8] = FMT_VERSION + 1;
	T(view_init(&v, later, 12) == -EPROTONOSUPPORT);
	T(view_init(&v, later, 16) == -EPROTONOSUPPORT);
	T(view_init(&v, later, 11) == -EBADMSG);
	later[0] = 'x';
	T(view_init(&v, later, 16) == -EBADMSG);
}

/* What only a program would write: the checksum is right, the content is not. */
static void no_number_leads_outside(void)
{
	static const uint32_t values[] = {
		0, 1, 2, 7, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff
	};
	auto_file struct file f = make_golden();

	for (size_t at = 0; at < f.n - 8; at += 4) {
		for (size_t k = 0; k < NR(values) + 2; k++) {
			auto_file struct file g = file_copy(f.bytes, f.n);
			uint32_t value;
			struct view v;

			memcpy(&value, g.bytes + at, sizeof value);
			value = k < NR(values)    ? fmt_u32(values[k])
				: k == NR(values) ? fmt_u32(fmt_u32(value) + 1)
						  : fmt_u32(fmt_u32(value) - 1);
			memcpy(g.bytes + at, &value, sizeof value);
			walk_mend(g.bytes, g.n);
			if (view_init(&v, g.bytes, g.n) < 0)
				continue;
			sink += walk_all(&v);
			sink += (unsigned)view_check_order(&v);
		}
	}
	T(f.n > 0);
}

/* One field overwritten: of a record, or with HEADER of the header. */
#define HEADER FMT_SECTIONS
struct poke {
	int section;
	uint32_t record;
	size_t offset; /* bytes */
	size_t size;   /* bytes; 0: no poke */
	uint32_t value;
};

#define POKE(section, record, type, field, value)                \
	{                                                        \
		section, record, offsetof(struct type, field),   \
			sizeof(((struct type *)0)->field), value \
	}
#define POKE_TABLE(section, field, value)                                     \
	{                                                                     \
		HEADER, 0,                                                    \
			offsetof(struct fmt_header, table) + 16 * (section) + \
				offsetof(struct fmt_table, field),            \
			4, value                                              \
	}
#define POKE_U32(section, record, value)     \
	{                                    \
		section, record, 0, 4, value \
	}

static void poke(struct file *f, const struct poke *p)
{
	const struct fmt_table *t;
	uint64_t value = fmt_u64(p->value);
	size_t at = p->offset;

	if (p->section != HEADER) {
		t = walk_table(f->bytes, p->section);
		at += fmt_u32(t->off) + p->record * fmt_u32(t->size);
	}
	memcpy(f->bytes + at, &value, p->size);
}

struct damage {
	const char *name;
	struct poke pokes[6];
};

static void expect_damage(const struct damage *rows, size_t nr, int inits)
{
	auto_file struct file f = make_golden();

	for (size_t i = 0; i < nr; i++) {
		auto_file struct file g = file_copy(f.bytes, f.n);
		struct view v;
		int r;

		T_ROW(rows[i].name);
		for (size_t k = 0; k < NR(rows[i].pokes); k++)
			poke(&g, rows[i].pokes + k);
		walk_mend(g.bytes, g.n);
		r = view_init(&v, g.bytes, g.n);
		T(r == inits);
		if (r == 0)
			T(view_check_order(&v) == -EBADMSG);
	}
}

static void each_check_of_the_layout_bites(void)
{
	static const struct damage rows[] = {
		{ "version 0", { POKE(HEADER, 0, fmt_header, version, 0) } },
		{ "small header", { POKE(HEADER, 0, fmt_header, header_size, 216) } },
		{ "header over sections",
		  { POKE(HEADER, 0, fmt_header, header_size, 4096) } },
		{ "few sections", { POKE(HEADER, 0, fmt_header, nr_sections, 11) } },
		{ "total size", { POKE(HEADER, 0, fmt_header, total_size, 4096) } },
		{ "section not aligned", { POKE_TABLE(FMT_DISTS, off, 268) } },
		{ "section in the header", { POKE_TABLE(FMT_HASHES, off, 8) } },
		{ "section behind the end", { POKE_TABLE(FMT_SEEN, off, 1 << 20) } },
		{ "too many records", { POKE_TABLE(FMT_HASHES, count, 1 << 20) } },
		{ "product over 32 bits",
		  { POKE_TABLE(FMT_SEEN, size, 1u << 31),
		    POKE_TABLE(FMT_SEEN, count, 2) } },
		{ "small record", { POKE_TABLE(FMT_DISTS, size, 56) } },
		{ "small hash", { POKE_TABLE(FMT_HASHES, size, 8) } },
		{ "odd record",
		  { POKE_TABLE(FMT_SEEN, off, 256), POKE_TABLE(FMT_SEEN, size, 25) } },
		{ "wide numbers", { POKE_TABLE(FMT_ODD, size, 8) } },
		{ "wide bytes", { POKE_TABLE(FMT_PATH, size, 2) } },
		{ "no bytes", { POKE_TABLE(FMT_PATH, size, 0) } },
		{ "no path", { POKE_TABLE(FMT_PATH, count, 0) } },
		{ "no first NUL", { { FMT_STRINGS, 0, 0, 1, 'x' } } },
		{ "short ORDER", { POKE_TABLE(FMT_ORDER, count, 9) } },
		{ "long NAMES", { POKE_TABLE(FMT_NAMES, count, 11) } },
		{ "long ODD",
		  { POKE_TABLE(FMT_ODD, off, 896), POKE_TABLE(FMT_ODD, count, 11) } },
		{ "long MEMBERS",
		  { POKE_TABLE(FMT_MEMBERS, off, 1832),
		    POKE_TABLE(FMT_MEMBERS, count, 8) } },
		{ "few tokens", { POKE_TABLE(FMT_TOKENS, count, 5) } },
		{ "few hashes",
		  { POKE_TABLE(FMT_HASHES, count, 4),
		    POKE_TABLE(FMT_TOKENS, count, 5) } },
		{ "hashes of nobody",
		  { POKE_TABLE(FMT_HASHES, count, 4), POKE_TABLE(FMT_TOKENS, count, 5),
		    POKE(FMT_DISTS, 8, fmt_dist, text, 4) } },
		{ "two seen",
		  { POKE_TABLE(FMT_SEEN, off, 256), POKE_TABLE(FMT_SEEN, count, 2) } },
	};

	expect_damage(rows, NR(rows), -EBADMSG);
}

static void each_check_of_the_records_bites(void)
{
	static const struct damage rows[] = {
		{ "folder", { POKE(FMT_DISTS, 0, fmt_dist, folder.off, 1 << 20) } },
		{ "folder end", { POKE(FMT_DISTS, 0, fmt_dist, folder.len, 1 << 20) } },
		{ "folder wraps",
		  { POKE(FMT_DISTS, 0, fmt_dist, folder.len, UINT32_MAX) } },
		{ "folder NUL", { POKE(FMT_DISTS, 0, fmt_dist, folder.len, 27) } },
		{ "norm NUL", { POKE(FMT_DISTS, 1, fmt_dist, norm.len, 2) } },
		{ "key NUL", { POKE(FMT_DISTS, 3, fmt_dist, key.len, 2) } },
		{ "name NUL", { POKE(FMT_DISTS, 4, fmt_dist, name.len, 2) } },
		{ "version NUL", { POKE(FMT_DISTS, 9, fmt_dist, version.off, 1) } },
		{ "first entry", { POKE(FMT_DISTS, 1, fmt_dist, first_entry, 2) } },
		{ "entries", { POKE(FMT_DISTS, 8, fmt_dist, nr_entries, 2) } },
		{ "entries of nobody",
		  { POKE(FMT_DISTS, 8, fmt_dist, nr_entries, 0),
		    POKE(FMT_DISTS, 9, fmt_dist, first_entry, 6) } },
		{ "text", { POKE(FMT_DISTS, 8, fmt_dist, text, 5) } },
		{ "text of another", { POKE(FMT_DISTS, 8, fmt_dist, text, 0) } },
		{ "order", { POKE_U32(FMT_ORDER, 0, 10) } },
		{ "names", { POKE_U32(FMT_NAMES, 8, 10) } },
		{ "odd", { POKE_U32(FMT_ODD, 4, 10) } },
		{ "members", { POKE_U32(FMT_MEMBERS, 4, 7) } },
		{ "group name NUL", { POKE(FMT_GROUPS, 2, fmt_group, name.len, 1) } },
		{ "group first", { POKE(FMT_GROUPS, 2, fmt_group, first, 6) } },
		{ "group count", { POKE(FMT_GROUPS, 0, fmt_group, count, 6) } },
		{ "group wraps",
		  { POKE(FMT_GROUPS, 0, fmt_group, first, 5),
		    POKE(FMT_GROUPS, 0, fmt_group, count, UINT32_MAX - 4) } },
		{ "entry name NUL", { POKE(FMT_ENTRIES, 6, fmt_entry, name.len, 2) } },
		{ "entry value NUL", { POKE(FMT_ENTRIES, 0, fmt_entry, value.len, 2) } },
		{ "entry group", { POKE(FMT_ENTRIES, 3, fmt_entry, group, 3) } },
		{ "entry dist", { POKE(FMT_ENTRIES, 3, fmt_entry, dist, 10) } },
		{ "entry of another", { POKE(FMT_ENTRIES, 3, fmt_entry, dist, 1) } },
	};

	expect_damage(rows, NR(rows), -EBADMSG);
}

/* The rows of the table in view.h that no other test here has. */
static void each_relation_is_checked(void)
{
	static const struct damage rows[] = {
		{ "relative path", { { FMT_PATH, 0, 0, 1, 'u' } } },
		{ "NUL in the path", { { FMT_PATH, 0, 4, 1, 0 } } },
		{ "text without a hash",
		  { POKE(FMT_DISTS, 8, fmt_dist, text, FMT_NONE),
		    POKE_TABLE(FMT_HASHES, count, 4),
		    POKE_TABLE(FMT_TOKENS, count, 5) } },
		{ "hash of what is absent",
		  { POKE(FMT_DISTS, 8, fmt_dist, state, SCAN_ABSENT) } },
		{ "hash of what is private",
		  { POKE(FMT_DISTS, 8, fmt_dist, state, SCAN_PRIVATE) } },
		{ "hash of what is broken",
		  { POKE(FMT_DISTS, 8, fmt_dist, state, SCAN_BROKEN) } },
		{ "hash of a state to come",
		  { POKE(FMT_DISTS, 8, fmt_dist, state, 255) } },
		{ "entries without a text",
		  { POKE(FMT_DISTS, 8, fmt_dist, text, FMT_NONE),
		    POKE(FMT_DISTS, 8, fmt_dist, state, SCAN_ABSENT),
		    POKE_TABLE(FMT_HASHES, count, 4),
		    POKE_TABLE(FMT_TOKENS, count, 5) } },
		{ "wrong line without a text",
		  { POKE(FMT_DISTS, 9, fmt_dist, bad_line, 1) } },
		{ "entries twice in ORDER", { POKE_U32(FMT_ORDER, 9, 1) } },
	};

	expect_damage(rows, NR(rows), -EBADMSG);
}

/* Who copies all strings needs no more memory than a few times the file. */
static void strings_are_shared_by_few(void)
{
	auto_file struct file f = make_golden();
	uint32_t n = fmt_u32(walk_table(f.bytes, FMT_STRINGS)->count);
	struct view v;

	for (uint32_t i = 0; i < 7; i++) {
		poke(&f, &(struct poke)POKE(FMT_ENTRIES, i, fmt_entry, value.off, 0));
		poke(&f, &(struct poke)POKE(FMT_ENTRIES, i, fmt_entry, value.len, n - 1));
		walk_mend(f.bytes, f.n);
		if (i == 0)
			T(view_init(&v, f.bytes, f.n) == 0);
	}
	T(view_init(&v, f.bytes, f.n) == -EBADMSG);
}

/* Bytes that no record accounts for are seen by who publishes them. */
static void padding_is_noticed(void)
{
	auto_file struct file f = make_golden();
	struct file padded = { calloc(1, f.n + 8), f.n + 8 };
	struct view v;

	T(padded.bytes && view_init(&v, f.bytes, f.n) == 0 && view_is_packed(&v, f.n));
	if (!padded.bytes)
		return;
	memcpy(padded.bytes, f.bytes, f.n - 8);
	((struct fmt_header *)(void *)padded.bytes)->total_size = fmt_u64(padded.n);
	walk_mend(padded.bytes, padded.n);
	T(view_init(&v, padded.bytes, padded.n) == 0 && !view_is_packed(&v, padded.n));
	file_release(&padded);

	/* No entry has its value any more. */
	for (uint32_t i = 0; i < 7; i++)
		poke(&f, &(struct poke)POKE(FMT_ENTRIES, i, fmt_entry, value.len, 0));
	for (uint32_t i = 0; i < 7; i++)
		poke(&f, &(struct poke)POKE(FMT_ENTRIES, i, fmt_entry, value.off, 0));
	for (uint32_t i = 0; i < 10; i++) {
		poke(&f, &(struct poke)POKE(FMT_DISTS, i, fmt_dist, name.len, 0));
		poke(&f, &(struct poke)POKE(FMT_DISTS, i, fmt_dist, name.off, 0));
		poke(&f, &(struct poke)POKE(FMT_DISTS, i, fmt_dist, norm.len, 0));
		poke(&f, &(struct poke)POKE(FMT_DISTS, i, fmt_dist, norm.off, 0));
		poke(&f, &(struct poke)POKE(FMT_DISTS, i, fmt_dist, key.len, 0));
		poke(&f, &(struct poke)POKE(FMT_DISTS, i, fmt_dist, key.off, 0));
	}
	walk_mend(f.bytes, f.n);
	T(view_init(&v, f.bytes, f.n) == 0 && !view_is_packed(&v, f.n));
}

static void each_check_of_the_order_bites(void)
{
	/* NAMES: 6 4 1 3 8 5 0 7 9 */
	static const struct damage rows[] = {
		{ "order twice", { POKE_U32(FMT_ORDER, 4, 5) } },
		{ "order against names",
		  { POKE_U32(FMT_ORDER, 2, 3), POKE_U32(FMT_ORDER, 3, 1) } },
		{ "names swapped",
		  { POKE_U32(FMT_NAMES, 0, 4), POKE_U32(FMT_NAMES, 1, 6) } },
		{ "loser out of order",
		  { POKE_U32(FMT_NAMES, 3, 8), POKE_U32(FMT_NAMES, 4, 5),
		    POKE_U32(FMT_NAMES, 5, 0), POKE_U32(FMT_NAMES, 6, 7),
		    POKE_U32(FMT_NAMES, 7, 9), POKE_U32(FMT_NAMES, 8, 3) } },
		{ "equal names swapped",
		  { POKE_U32(FMT_NAMES, 2, 3), POKE_U32(FMT_NAMES, 3, 1) } },
		{ "name twice", { POKE_U32(FMT_NAMES, 3, 1) } },
		{ "name missing", { POKE_TABLE(FMT_NAMES, count, 8) } },
		{ "nameless in names",
		  { POKE(FMT_DISTS, 9, fmt_dist, flags, FMT_WINS | FMT_NAMELESS),
		    POKE(FMT_DISTS, 2, fmt_dist, flags, FMT_WINS),
		    POKE_U32(FMT_ODD, 5, 9), POKE_TABLE(FMT_ODD, count, 6) } },
		{ "nameless loses",
		  { POKE(FMT_DISTS, 2, fmt_dist, flags, FMT_NAMELESS),
		    POKE_U32(FMT_ODD, 0, 4), POKE_U32(FMT_ODD, 1, 5),
		    POKE_U32(FMT_ODD, 2, 6), POKE_U32(FMT_ODD, 3, 8),
		    POKE_TABLE(FMT_ODD, count, 4) } },
		{ "winner loses",
		  { POKE(FMT_DISTS, 9, fmt_dist, flags, FMT_HAS_VERSION) } },
		{ "loser wins",
		  { POKE(FMT_DISTS, 7, fmt_dist, flags, FMT_WINS | FMT_HAS_VERSION) } },
		{ "odd missing", { POKE_TABLE(FMT_ODD, count, 4) } },
		{ "odd swapped", { POKE_U32(FMT_ODD, 0, 4), POKE_U32(FMT_ODD, 1, 2) } },
		{ "odd too many", { POKE(FMT_DISTS, 8, fmt_dist, flags, FMT_WINS) } },
		{ "odd for its state",
		  { POKE(FMT_DISTS, 9, fmt_dist, state, SCAN_LARGE) } },
		{ "odd for its line", { POKE(FMT_DISTS, 1, fmt_dist, bad_line, 1) } },
		{ "odd for its flag",
		  { POKE(FMT_DISTS, 9, fmt_dist, flags,
			 FMT_WINS | FMT_LIVE_NAME | FMT_HAS_VERSION) } },
		{ "groups swapped",
		  { POKE(FMT_GROUPS, 2, fmt_group, name.off, 0),
		    POKE(FMT_GROUPS, 2, fmt_group, name.len, 0) } },
		{ "group twice",
		  { POKE(FMT_GROUPS, 0, fmt_group, name.off, 0),
		    POKE(FMT_GROUPS, 0, fmt_group, name.len, 0),
		    POKE(FMT_GROUPS, 1, fmt_group, name.off, 0),
		    POKE(FMT_GROUPS, 1, fmt_group, name.len, 0),
		    POKE(FMT_GROUPS, 2, fmt_group, name.off, 0),
		    POKE(FMT_GROUPS, 2, fmt_group, name.len, 0) } },
		{ "members of no group",
		  { POKE(FMT_GROUPS, 1, fmt_group, count, 1),
		    POKE(FMT_GROUPS, 2, fmt_group, first, 4) } },
		{ "group gap", { POKE(FMT_GROUPS, 2, fmt_group, first, 4) } },
		{ "members swapped",
		  { POKE_U32(FMT_MEMBERS, 3, 5), POKE_U32(FMT_MEMBERS, 4, 2) } },
		{ "member twice", { POKE_U32(FMT_MEMBERS, 4, 2) } },
		{ "member missing",
		  { POKE_TABLE(FMT_MEMBERS, count, 4),
		    POKE(FMT_GROUPS, 1, fmt_group, count, 1),
		    POKE(FMT_GROUPS, 2, fmt_group, first, 4) } },
		{ "member of another group", { POKE_U32(FMT_MEMBERS, 2, 2) } },
		{ "member that lost", { POKE_U32(FMT_MEMBERS, 2, 4) } },
	};

	expect_damage(rows, NR(rows), 0);
}

/* Lay a file out again as a later version 1 may: larger records, one more section. */
static struct file grow(char *bytes, size_t n)
{
	struct file g = { calloc(1, 2 * n + 1024), 0 };
	struct fmt_header *h = (void *)g.bytes;
	size_t off = sizeof *h + 2 * sizeof(struct fmt_table);

	T(g.bytes != NULL);
	if (!g.bytes)
		return g;

	memcpy(h, bytes, sizeof *h);
	memset(h + 1, 0xee, off - sizeof *h);
	h->header_size = fmt_u32((uint32_t)off);
	h->nr_sections = fmt_u32(FMT_SECTIONS + 1);
	for (int i = 0; i < FMT_SECTIONS; i++) {
		const struct fmt_table *t = walk_table(bytes, i);
		uint32_t size = fmt_u32(t->size), more = size < 8 ? 0 : 8;

		h->table[i].off = fmt_u32((uint32_t)off);
		h->table[i].size = fmt_u32(size + more);
		for (uint32_t k = 0; k < fmt_u32(t->count); k++) {
			memcpy(g.bytes + off, bytes + fmt_u32(t->off) + k * size, size);
			memset(g.bytes + off + size, 0xee, more);
			off += size + more;
		}
		off = (off + 7) / 8 * 8;
	}
	g.n = off + 8;
	h->total_size = fmt_u64(g.n);
	walk_mend(g.bytes, g.n);
	return g;
}

static void larger_records_are_read(void)
{
	auto_file struct file f = make_golden();
	auto_file struct file g = grow(f.bytes, f.n);

	T(g.n > f.n);
	expect_golden(&g);
}

static void empty_directory_has_a_file(void)
{
	auto_index struct index ix = INDEX_INIT;
	auto_file struct file f = { NULL, 0 };
	struct view v;
	uint32_t a, b;

	T(index_begin(&ix, span_of("/"), 0, &dir_token, false) == 0);
	T(index_finish(&ix, &f.bytes, &f.n) == 0);
	T(view_init(&v, f.bytes, f.n) == 0 && view_check_order(&v) == 0);
	T(v.nr_dists == 0 && v.nr_groups == 0 && !v.has_seen);
	T(view_find_name(&v, span_of("a"), &a) == 0);
	T(view_find_group(&v, span_of("a"), &a, &b) == 0);
	T(!view_dir_token(&v, &(struct token){ 0 }));

	poke(&f, &(struct poke){ FMT_STRINGS, 0, 0, 1, 'x' });
	walk_mend(f.bytes, f.n);
	T(view_init(&v, f.bytes, f.n) == -EBADMSG);
}

/* A check opens what a folder's name says, so it must be that of a child. */
static void a_folder_is_one_child_of_its_directory(void)
{
	static const struct {
		struct span folder;
		int r;
	} rows[] = {
		{ S("a-1.dist-info"), 0 },
		{ S("...dist-info"), 0 },
		{ S(""), -EBADMSG },
		{ S("."), -EBADMSG },
		{ S(".."), -EBADMSG },
		{ S("../a.dist-info"), -EBADMSG },
		{ S("/a.dist-info"), -EBADMSG },
		{ S("a/b.dist-info"), -EBADMSG },
		{ S("a\0b.dist-info"), -EBADMSG },
	};

	for (size_t i = 0; i < NR(rows); i++) {
		struct index_dist d = { .folder = rows[i].folder, .name = S("a") };
		auto_index struct index ix = INDEX_INIT;
		auto_file struct file f = { NULL, 0 };
		struct view v;

		T_ROW(rows[i].folder.p);
		T(index_begin(&ix, span_of("/d"), 0, &dir_token, false) == 0);
		T(index_add_dist(&ix, &d) == 0);
		T(index_finish(&ix, &f.bytes, &f.n) == 0);
		T(view_init(&v, f.bytes, f.n) == rows[i].r);
	}
}

/* With a path: write what is to become a golden file there. */
static int write_golden(const char *path)
{
	auto_file struct file f = make_golden();
	FILE *out = fopen(path, "wb");
	bool ok = out && fwrite(f.bytes, 1, f.n, out) == f.n;

	return out && fclose(out) == 0 && ok ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (argc == 2)
		return write_golden(argv[1]);

	RUN(golden_file_is_read);
	RUN(a_folder_is_one_child_of_its_directory);
	RUN(golden_file_is_made_again);
	RUN(every_flipped_bit_is_noticed);
	RUN(every_length_but_its_own_is_noticed);
	RUN(newer_formats_are_told_apart);
	RUN(no_number_leads_outside);
	RUN(each_check_of_the_layout_bites);
	RUN(each_check_of_the_records_bites);
	RUN(each_relation_is_checked);
	RUN(strings_are_shared_by_few);
	RUN(padding_is_noticed);
	RUN(each_check_of_the_order_bites);
	RUN(larger_records_are_read);
	RUN(empty_directory_has_a_file);
	return t_done();
}
