/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "t.h"

#include "index.h"
#include "name.h"
#include "scan.h"
#include "view-walk.h"

static_assert((int)FMT_KIND_EGG == (int)NAME_EGG, "format.h and name.h agree");
static_assert((int)FMT_STATE_TEXT == (int)SCAN_TEXT, "format.h and scan.h agree");

static const struct token dir_token = {
	.ino = 7, .size = 4096, .mtime_ns = -1, .type = 4
};

/* A finished file and its view. */
struct made {
	char *bytes; /* owned */
	size_t n;
	struct view v;
};

static void made_release(struct made *m)
{
	free(m->bytes);
}
#define auto_made AUTO(made_release)

static void begin(struct index *ix)
{
	T(index_begin(ix, span_of("/d"), 0, &dir_token, true) == 0);
}

static void finish(struct index *ix, struct made *m)
{
	T(index_finish(ix, &m->bytes, &m->n) == 0);
	T(view_init(&m->v, m->bytes, m->n) == 0);
	T(view_check_order(&m->v) == 0 && view_is_packed(&m->v, m->n));
}

static void add_dist(struct index *ix, const char *key, const char *norm, uint8_t kind)
{
	struct index_dist d = {
		.folder = span_of("folder"),
		.key = span_of(key),
		.norm = span_of(norm),
		.name = span_of(norm),
		.kind = kind,
		.state = SCAN_TEXT,
		.nameless = norm == NULL,
	};

	T(index_add_dist(ix, &d) == 0);
}

static void add_entry(struct index *ix, const char *group, const char *name)
{
	struct index_entry e = { span_of(group), span_of(name), span_of("m:f"), false };

	T(index_add_entry(ix, &e) == 0);
}

/* Numbers as "0 2 1". */
static const char *text_of(const uint32_t *numbers, uint32_t nr, char out[256])
{
	size_t n = 0;

	out[0] = '\0';
	for (uint32_t i = 0; i < nr; i++)
		n += (size_t)snprintf(out + n, 256 - n, i ? " %u" : "%u",
				      fmt_u32(numbers[i]));
	return out;
}

static const char *winners_of(const struct view *v, char out[256])
{
	uint32_t wins[64];
	uint32_t nr = 0;

	for (uint32_t d = 0; d < v->nr_dists; d++)
		if (view_dist(v, d).flags & FMT_WINS)
			wins[nr++] = fmt_u32(d);
	return text_of(wins, nr, out);
}

static void orders_as_importlib_does(void)
{
	static const struct {
		const char *name;
		struct {
			const char *key, *norm; /* norm NULL: nameless */
			uint8_t kind;
		} d[8];
		const char *order, *wins, *names;
	} rows[] = {
		{ "nothing", { { 0 } }, "", "", "" },
		{ "one", { { "a", "a", NAME_DIST_INFO } }, "0", "0", "0" },
		{ "by key, keys as they first appear",
		  { { "zeta", "zeta", NAME_DIST_INFO },
		    { "mid", "mid", NAME_EGG_INFO },
		    { "alpha", "alpha", NAME_DIST_INFO },
		    { "alpha", "alpha", NAME_DIST_INFO },
		    { "beta", "beta", NAME_DIST_INFO },
		    { "mid", "mid", NAME_DIST_INFO } },
		  "0 1 5 2 3 4",
		  "0 1 2 4",
		  "2 3 4 1 5 0" },
		{ "eggs come last, in their order",
		  { { "b", "b", NAME_EGG },
		    { "a", "a", NAME_EGG },
		    { "b", "b", NAME_DIST_INFO },
		    { "b", "b", NAME_EGG } },
		  "2 0 1 3",
		  "1 2",
		  "1 2 0 3" },
		{ "the key groups, the name shadows",
		  { { "foo", "bar", NAME_DIST_INFO },
		    { "baz", "foo", NAME_DIST_INFO },
		    { "foo", "foo", NAME_DIST_INFO },
		    { "bar", "bar", NAME_DIST_INFO } },
		  "0 2 1 3",
		  "0 2",
		  "0 3 2 1" },
		{ "the nameless all win and hide nothing",
		  { { "", NULL, NAME_EGG },
		    { "", "", NAME_DIST_INFO },
		    { "", NULL, NAME_DIST_INFO },
		    { "", "", NAME_DIST_INFO } },
		  "1 2 3 0",
		  "0 1 2",
		  "1 3" },
		{ "a prefix comes first",
		  { { "ab", "ab", NAME_DIST_INFO },
		    { "a\xff", "a\xff", NAME_DIST_INFO },
		    { "a", "a", NAME_DIST_INFO } },
		  "0 1 2",
		  "0 1 2",
		  "2 0 1" },
	};
	char got[256];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		auto_index struct index ix = INDEX_INIT;
		auto_made struct made m = { 0 };

		T_ROW(rows[i].name);
		begin(&ix);
		for (size_t k = 0; k < 8 && rows[i].d[k].kind; k++)
			add_dist(&ix, rows[i].d[k].key, rows[i].d[k].norm,
				 rows[i].d[k].kind);
		finish(&ix, &m);
		T(strcmp(text_of(m.v.order, m.v.nr_dists, got), rows[i].order) == 0);
		T(strcmp(winners_of(&m.v, got), rows[i].wins) == 0);
		T(strcmp(text_of(m.v.names, m.v.nr_names, got), rows[i].names) == 0);
	}
}

static void sets_aside_what_every_query_looks_at(void)
{
	static const struct {
		const char *name;
		struct index_dist d;
		unsigned bad_line;
		bool rejected_315, odd;
	} rows[] = {
		{ "absent", { .state = SCAN_ABSENT }, 0, false, false },
		{ "text", { .state = SCAN_TEXT }, 0, false, false },
		{ "private", { .state = SCAN_PRIVATE }, 0, false, true },
		{ "large", { .state = SCAN_LARGE }, 0, false, true },
		{ "broken", { .state = SCAN_BROKEN }, 0, false, true },
		{ "bad line", { .state = SCAN_TEXT }, 9, false, true },
		{ "nameless", { .nameless = true }, 0, false, true },
		{ "live name", { .live_name = true }, 0, false, true },
		{ "rejected", { .state = SCAN_TEXT }, 0, true, true },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		auto_index struct index ix = INDEX_INIT;
		auto_made struct made m = { 0 };
		struct index_entry e = { .rejected_315 = rows[i].rejected_315 };

		T_ROW(rows[i].name);
		begin(&ix);
		/* Twice: what is shadowed is not looked at. */
		for (int twice = 0; twice < 2; twice++) {
			struct index_dist d = rows[i].d;

			d.folder = span_of(twice ? "b.dist-info" : "a.dist-info");
			T(index_add_dist(&ix, &d) == 0);
			if (d.state == SCAN_TEXT)
				T(index_add_entry(&ix, &e) == 0);
			if (rows[i].bad_line)
				index_bad_line(&ix, rows[i].bad_line, SCAN_NO_EQUALS);
		}
		finish(&ix, &m);
		T(m.v.nr_odd == (rows[i].d.nameless ? 2 : rows[i].odd));
		T(m.v.nr_odd == 0 || view_odd(&m.v, 0) == 0);
	}
}

static void first_bad_line_counts(void)
{
	auto_index struct index ix = INDEX_INIT;
	auto_made struct made m = { 0 };

	begin(&ix);
	add_dist(&ix, "a", "a", NAME_DIST_INFO);
	index_bad_line(&ix, 4, SCAN_NO_EQUALS);
	index_bad_line(&ix, 5, SCAN_NOT_UTF8);
	add_dist(&ix, "b", "b", NAME_DIST_INFO);
	finish(&ix, &m);
	T(view_dist(&m.v, 0).bad_line == 4 && view_dist(&m.v, 0).why == SCAN_NO_EQUALS);
	T(view_dist(&m.v, 1).bad_line == 0 && view_dist(&m.v, 1).why == SCAN_FINE);
}

static void groups_hold_the_winners_entries_in_answer_order(void)
{
	auto_index struct index ix = INDEX_INIT;
	auto_made struct made m = { 0 };
	uint32_t first = 9, count = 9;
	char got[256];

	begin(&ix);
	add_dist(&ix, "a", "a", NAME_DIST_INFO);
	add_entry(&ix, "z", "0");
	add_entry(&ix, "b", "1");
	add_entry(&ix, "z", "2");
	add_dist(&ix, "c", "c", NAME_EGG);
	add_entry(&ix, "z", "3");
	add_dist(&ix, "a", "a", NAME_DIST_INFO);
	add_entry(&ix, "z", "4");
	add_entry(&ix, "hidden", "5");
	add_dist(&ix, "d", "d", NAME_DIST_INFO);
	add_entry(&ix, "z", "6");
	add_entry(&ix, "b", "7");
	finish(&ix, &m);

	T(strcmp(text_of(m.v.members, m.v.nr_members, got), "1 7 0 2 6 3") == 0);
	T(m.v.nr_groups == 3);
	T(view_find_group(&m.v, span_of("hidden"), &first, &count) == 0);
	T(view_find_group(&m.v, span_of("none"), &first, &count) == 0);
	T(first == 9 && count == 9);
	T(view_find_group(&m.v, span_of("z"), &first, &count) == 1);
	T(first == 2 && count == 4);
	T(span_eq(view_entry(&m.v, 5).group, span_of("hidden")));
	T(view_entry(&m.v, 5).dist == 2);
}

static void keeps_any_bytes(void)
{
	static const struct span odd = { "a\0\xff\n", 4 };
	static const struct span name = { "a\x01\xff\n", 4 }; /* no name holds a NUL */
	auto_index struct index ix = INDEX_INIT;
	auto_made struct made m = { 0 };
	struct index_dist d = { .folder = name,
				.version = { "", 0 },
				.state = SCAN_TEXT };
	struct index_entry e = { odd, { NULL, 0 }, odd, false };

	begin(&ix);
	T(index_add_dist(&ix, &d) == 0);
	T(index_add_entry(&ix, &e) == 0);
	finish(&ix, &m);
	T(span_eq(view_dist(&m.v, 0).folder, name));
	T(view_dist(&m.v, 0).version.p && view_dist(&m.v, 0).version.n == 0);
	T(span_eq(view_entry(&m.v, 0).group, odd));
	T(span_eq(view_entry(&m.v, 0).value, odd));
	T(view_entry(&m.v, 0).name.n == 0);
}

static void finds_each_of_many_groups(void)
{
	enum { NR = 5000 };
	auto_index struct index ix = INDEX_INIT;
	auto_made struct made m = { 0 };
	uint32_t first, count;
	char name[16];

	begin(&ix);
	add_dist(&ix, "a", "a", NAME_DIST_INFO);
	for (int i = 0; i < 2 * NR; i++) {
		(void)snprintf(name, sizeof name, "g%d", i % NR);
		add_entry(&ix, name, name);
	}
	finish(&ix, &m);
	T(m.v.nr_groups == NR);
	for (int i = 0; i < NR; i++) {
		(void)snprintf(name, sizeof name, "g%d", i);
		T(view_find_group(&m.v, span_of(name), &first, &count) == 1 &&
		  count == 2);
		T(view_member(&m.v, first) == (uint32_t)i);
		T(view_member(&m.v, first + 1) == (uint32_t)(i + NR));
	}
}

/* Memory that is handed out next is full of @fill. */
static void make_dirty(int fill)
{
	size_t n = 100000;
	char *mem = malloc(n);

	T(mem != NULL);
	if (mem)
		memset(mem, fill, n);
	free(mem);
}

static void make_some(struct made *m, int fill)
{
	static const char *const names[] = { "a", "bc", "def", "ghij", "k" };
	auto_index struct index ix = INDEX_INIT;

	make_dirty(fill);
	begin(&ix);
	for (int k = 0; k < 301; k++) {
		add_dist(&ix, names[k % 3], names[k % 4], (uint8_t)(1 + k % 3));
		add_entry(&ix, names[k % 5], "n");
	}
	make_dirty(fill);
	finish(&ix, m);
}

static void equal_input_gives_equal_bytes(void)
{
	auto_made struct made a = { 0 }, b = { 0 };

	make_some(&a, 0xa5);
	make_some(&b, 0x5a);
	T(a.n == b.n && memcmp(a.bytes, b.bytes, a.n) == 0);
}

static void refuses_what_would_not_fit(void)
{
	auto_index struct index ix = INDEX_INIT;
	struct index_dist d = { .folder = { "x", INDEX_SIZE_MAX } };
	struct index_entry e = { .value = { "x", INDEX_SIZE_MAX } };

	begin(&ix);
	T(index_add_dist(&ix, &d) == -EFBIG);
	add_dist(&ix, "a", "a", NAME_DIST_INFO);
	T(index_add_entry(&ix, &e) == -EFBIG);
}

/* Quadratic work anywhere would take minutes here. */
static void stays_quick_with_many(void)
{
	enum { DISTS = 80000, ENTRIES = 100000 };
	auto_index struct index ix = INDEX_INIT;
	auto_made struct made m = { 0 };
	uint32_t first, count = 0;
	char name[16];

	(void)alarm(60);
	begin(&ix);
	for (uint32_t i = 0; i < DISTS; i++) {
		(void)snprintf(name, sizeof name, "n%u", i * 7919 % DISTS / 2);
		add_dist(&ix, name, name, NAME_DIST_INFO);
	}
	for (uint32_t i = 0; i < ENTRIES; i++)
		add_entry(&ix, "one", "same");
	add_dist(&ix, "last", "last", NAME_DIST_INFO);
	add_entry(&ix, "one", "same");
	finish(&ix, &m);
	T(view_find_group(&m.v, span_of("one"), &first, &count) == 1);
	T(count == 1 || count == ENTRIES + 1);
	(void)alarm(0);
}

int main(void)
{
	RUN(orders_as_importlib_does);
	RUN(sets_aside_what_every_query_looks_at);
	RUN(first_bad_line_counts);
	RUN(groups_hold_the_winners_entries_in_answer_order);
	RUN(keeps_any_bytes);
	RUN(finds_each_of_many_groups);
	RUN(equal_input_gives_equal_bytes);
	RUN(refuses_what_would_not_fit);
	RUN(stays_quick_with_many);
	return t_done();
}
