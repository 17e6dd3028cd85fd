/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-readers.c - no verified cache file makes a reader fail: query (strict and fast),
 * explain, verify, dump, and the table of the Python package.
 *
 * The mutator knows the layout: it puts into fields what is most likely to be wrong
 * there, then makes the checksum right, so that most files reach the readers.
 */
#include <assert.h>
#include <stdlib.h>

#include "../unit/tmp.h"
#include "../unit/view-walk.h"
#include "check.h"
#include "image.h"
#include "path.h"
#include "select.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

#define RARELY 16 /* of so many files one takes the way through the file system */

static volatile unsigned sink; /* keeps reads from being left out */

/* The directory that most files are about, its cache folder, and its real cache file. */
static struct {
	struct tmp site, cache;
	char *bytes;
	size_t n;
} here;

static void put_dist(const char *folder, const char *text)
{
	char path[256];

	MUST(mkdirat(here.site.fd, folder, 0755) == 0);
	(void)snprintf(path, sizeof path, "%s/entry_points.txt", folder);
	if (text)
		tmp_put(here.site.fd, path, text);
}

static void remove_here(void)
{
	tmp_release(&here.site);
	tmp_release(&here.cache);
	free(here.bytes);
}

static void make_here(void)
{
	struct build_opts opts = { .scan = { .confined = true, .public_only = true } };

	here.site = tmp_make();
	here.cache = tmp_make();
	MUST(atexit(remove_here) == 0);
	MUST(fchmod(here.cache.fd, 0755) == 0 && fchmod(here.site.fd, 0755) == 0);
	put_dist("a-1.dist-info", "[g]\na=b\nc=d\n[h]\ne=f\n");
	put_dist("A-2.dist-info", "[g]\na=x\n");
	put_dist("b-1.egg-info", "no line\n[g]\nb=y\n");
	put_dist("c-1.dist-info", NULL);
	put_dist("d-1.dist-info", "[g]\nd=\xff\n");
	put_dist("E-1.DIST-INFO", "[g]\ne=not a value\n");
	MUST(build_bytes(here.site.fd, span_of(here.site.path), &opts, &here.bytes,
			 &here.n) == 0);
}

/* --- the mutator --------------------------------------------------------------- */

static unsigned draw(unsigned *seed, unsigned end)
{
	*seed = *seed * 1103515245 + 12345;
	return (*seed >> 8) % end;
}

/* A place in a section, at a multiple of @step; NULL when it has none. */
static char *place_of(char *bytes, size_t n, unsigned *seed, size_t step)
{
	const struct fmt_table *t = walk_table(bytes, (int)draw(seed, FMT_SECTIONS));
	uint64_t size = (uint64_t)fmt_u32(t->count) * fmt_u32(t->size);
	uint64_t off = fmt_u32(t->off);

	if (off > n || size > n - off || size < step)
		return NULL;
	return bytes + off + draw(seed, (unsigned)(size / step)) * step;
}

static uint32_t value_of(const char *bytes, unsigned *seed, uint32_t old)
{
	static const uint32_t extremes[] = { FMT_NONE,   0,          1,          2,  3, 4,
					     0x7fffffff, 0x80000000, 0xfffffffe, 255 };
	const struct fmt_header *h = (const void *)bytes;
	unsigned way = draw(seed, 6);

	if (way == 0)
		return fmt_u32(h->table[draw(seed, FMT_SECTIONS)].count) - draw(seed, 2);
	if (way == 1)
		return old + 1;
	if (way == 2)
		return old - 1;
	if (way == 3)
		return draw(seed, 16);
	return extremes[draw(seed, sizeof extremes / sizeof extremes[0])];
}

static void change_once(char *bytes, size_t n, unsigned *seed)
{
	struct fmt_table *t = walk_table(bytes, (int)draw(seed, FMT_SECTIONS));
	char *a = place_of(bytes, n, seed, 4), *b = place_of(bytes, n, seed, 4);
	char *byte = place_of(bytes, n, seed, 1);
	unsigned way = draw(seed, 8);
	uint32_t x, y;

	if (way == 0) {
		t->count = fmt_u32(value_of(bytes, seed, fmt_u32(t->count)));
	} else if (way == 1 && byte) {
		*byte = (char)draw(seed, 256);
	} else if (way == 2 && byte) {
		*byte = (char)draw(seed, 6); /* a kind, a state, a why */
	} else if (a && b && way < 5) {
		memcpy(&x, a, sizeof x);
		memcpy(&y, b, sizeof y);
		memcpy(a, &y, sizeof y);
		if (way == 4)
			memcpy(b, &x, sizeof x);
	} else if (a) {
		memcpy(&x, a, sizeof x);
		x = fmt_u32(value_of(bytes, seed, fmt_u32(x)));
		memcpy(a, &x, sizeof x);
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	autofree char *bytes = NULL;
	size_t n = size;
	uint64_t total;

	if (!here.bytes)
		make_here();
	if (size < sizeof(struct fmt_header) + 8 || draw(&seed, 64) == 0) {
		n = here.n < max ? here.n : max;
		memcpy(data, here.bytes, n);
	} else if (draw(&seed, 8) == 0) {
		n = LLVMFuzzerMutate(data, size, max);
	}
	if (n < sizeof(struct fmt_header) + 8)
		return n;

	bytes = malloc(n); /* aligned */
	MUST(bytes);
	memcpy(bytes, data, n);
	for (unsigned i = 1 + draw(&seed, 3); i > 0; i--)
		change_once(bytes, n, &seed);
	total = fmt_u64(n);
	memcpy(bytes + offsetof(struct fmt_header, total_size), &total, sizeof total);
	walk_mend(bytes, n);
	memcpy(data, bytes, n);
	return n;
}

/* --- the readers --------------------------------------------------------------- */

static void read_answer(const struct view *v)
{
	struct select_dir dirs[2] = { { .view = v }, { .view = v, .in_egg = true } };
	struct span groups[] = { { NULL, 0 }, { "g", 1 }, { "h", 1 } };
	struct select_hit hit;
	uint64_t nr = 0;
	uint32_t dist;
	size_t dir;

	for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
		struct select s = select_init(dirs, 2, groups[i]);

		for (nr = 0; select_next(&s, &hit); nr++)
			sink += walk_bytes(hit.entry.value);
		assert(nr <= 2 * (uint64_t)v->nr_entries);
	}
	for (uint32_t i = 0; i < v->nr_dists; i++)
		sink += (unsigned)select_hidden_by(dirs, 1, i, &dir, &dist);
}

static void check_both(const struct view *v)
{
	struct scan_opts opts = { .in_egg = false };

	for (int fast = 0; fast < 2; fast++) {
		autofree char *amended = NULL;
		struct check_report report;
		struct view own;
		size_t n = 0;
		int r = (fast ? check_fast : check_strict)(v, here.site.fd, &opts,
							   &amended, &n, &report);

		if (r != CHECK_AMENDED)
			continue;
		assert(view_init(&own, amended, n) == 0);
		read_answer(&own);
	}
}

/* What dump and the table of the Python package ask. */
static void read_image(struct span bytes)
{
	char *copy = malloc(bytes.n + 1);
	struct epc_image *image;
	const struct epc_dist *d;
	struct epc_token token;
	struct epc_str s[3];

	MUST(copy);
	memcpy(copy, bytes.p, bytes.n);
	copy[bytes.n] = '\0';
	if (image_new((struct span){ NULL, 0 }, copy, bytes.n, &image) != 0)
		return;

	epc_image_token(image, &token);
	while ((d = epc_image_next_dist(image))) {
		bool text = strcmp(epc_dist_state(d), "text") == 0;

		assert((epc_dist_token(d, &token) == 0) == text);
		sink += (unsigned)(strlen(epc_dist_kind(d)) + epc_dist_line(d));
		sink += epc_dist_why(d) ? 1 : 0;
		for (size_t i = 0; i < epc_dist_nr_entries(d); i++)
			epc_dist_entry(d, i, &s[0], &s[1], &s[2]);
	}
	epc_image_free(image);
}

static void put_file(struct span bytes)
{
	char name[PATH_FILE_MAX + 1];
	int fd;

	path_file(span_of(here.site.path), name);
	fd = openat(here.cache.fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	MUST(fd >= 0 && write(fd, bytes.p, bytes.n) == (ssize_t)bytes.n);
	MUST(close(fd) == 0);
}

static void query(struct epc_ctx *ctx, enum epc_check check)
{
	const char *path = here.site.path;
	struct epc_answer *answer;
	const struct epc_entry *e;
	struct epc_str s[2];
	size_t at;

	epc_ctx_set_check(ctx, check);
	MUST(epc_query(ctx, &path, 1, NULL, NULL, &answer) == 0);
	while ((e = epc_answer_next(answer)))
		sink += (unsigned)epc_entry_dist_name(e).len;
	while ((e = epc_answer_next_candidate(answer)))
		sink += (unsigned)epc_entry_hidden_by(e, &s[0], &s[1]);
	while (epc_answer_next_dist(answer, &at))
		sink++;
	while (epc_answer_next_note(answer))
		sink++;
	epc_answer_free(answer);
}

/* From a file: query, explain, verify, clean. */
static void read_file(struct span bytes)
{
	struct epc_cleaned *cleaned;
	struct epc_diff *diff;
	struct epc_ctx *ctx;

	put_file(bytes);
	MUST(epc_ctx_new(&ctx) == 0 && epc_ctx_set_cache_dir(ctx, here.cache.path) == 0);
	query(ctx, EPC_CHECK_STRICT);
	query(ctx, EPC_CHECK_FAST);
	if (epc_verify(ctx, here.site.path, &diff) == 0) {
		while (epc_diff_next(diff))
			sink++;
		epc_diff_free(diff);
	}
	if (epc_clean(ctx, EPC_REFRESH_DRY_RUN, &cleaned) == 0)
		epc_cleaned_free(cleaned);
	epc_ctx_free(ctx);
}

static void read_all(char *bytes, size_t n)
{
	struct view v;
	bool rarely = XXH3_64bits(bytes, n) % RARELY == 0;

	if (rarely)
		read_file((struct span){ bytes, n });
	if (view_init(&v, bytes, n) < 0)
		return;

	if (rarely)
		sink += walk_all(&v);
	sink += (unsigned)view_check_order(&v);
	read_answer(&v);
	read_image((struct span){ bytes, n });
	check_both(&v);
}

/* As if the directory had been listed just now, so that all the rest is looked at. */
static void make_current(char *bytes, size_t n)
{
	const struct fmt_table *ours = walk_table(here.bytes, FMT_TOKENS);
	const struct fmt_table *t = walk_table(bytes, FMT_TOKENS);
	struct fmt_token *token = (void *)(bytes + fmt_u32(t->off));

	memcpy(token, here.bytes + fmt_u32(ours->off), sizeof *token);
	token->settled = fmt_u32(1);
	walk_mend(bytes, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *bytes = malloc(size + 1);
	struct view v;

	if (!here.bytes)
		make_here();
	MUST(bytes);
	memcpy(bytes, data, size);
	if (size < sizeof(struct fmt_header) + 8)
		return 0;

	read_all(bytes, size);
	if (view_init(&v, bytes, size) == 0) {
		make_current(bytes, size);
		read_all(bytes, size);
	}
	return 0;
}
