/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * damage - cache files that are not what was written: passed over, always.
 *
 * The cache file of a small directory is damaged in every way that a disk, a full
 * one, or a power cut knows; each time the answer must be right, read live, and the
 * reason be told.  Then the damage is given a right checksum, as only somebody who
 * may write the file can do: the answer may be anything then, but an answer, which a
 * build with sanitizers makes sure of.
 */
#include "format.h"
#include "truth.h"

#include "../unit/t.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define NR(a) (sizeof(a) / sizeof *(a))
#define SUM_SIZE 8      /* of the checksum at the end */
#define ROOM (1u << 20) /* for a damaged file: the largest is 1 MiB */
#define SAID_MAX 5

struct rig {
	struct tmp tmp, cache;
	struct epc_ctx *ctx;
	struct site site;
	int fd; /* of the cache file */
	size_t n;
	char *good; /* what was written */
	char *bad;  /* ROOM bytes, to be damaged */
	struct rng rng;
	unsigned long tries, newer, used;
	unsigned said, sum;
};

/* --- set-up ---------------------------------------------------------------------- */

static void add_dist(struct site *s, const char *folder, const char *text)
{
	struct dist d = { .has_text = true, .n = strlen(text) };

	MUST(strlen(folder) < sizeof d.folder && d.n < sizeof d.text);
	strcpy(d.folder, folder);
	memcpy(d.text, text, d.n);
	s->now.dists[s->now.nr++] = d;
	write_dist(site_path(s, folder, NULL).s, &d);
}

static void make_site(struct rig *rig)
{
	struct rng none = { 0 };
	char path[SITE_PATH_MAX];

	MUST(strlen(rig->tmp.path) < sizeof path - 8);
	(void)strcat(strcpy(path, rig->tmp.path), "/site");
	site_make(&rig->site, path, 0, &none);
	add_dist(&rig->site, "first-1.0.dist-info",
		 "[g0]\none = first.module.of.some.length:function\n"
		 "two = first.other.module.of.a.longer.name:function\n"
		 "[g1]\nthree = first:and.then.some.attribute\n");
	add_dist(&rig->site, "Second.Name-2.5.egg-info",
		 "[g0]\nfour = second.module.of.some.length:Class.method\n"
		 "[g2]\nfive = second.other.module.of.a.longer.name:x\n"
		 "six = second.module:y\n");
}

/* Open the one file that there is. */
static int open_cache_file(const struct tmp *cache)
{
	DIR *dir = opendir(cache->path);
	int fd = -1;

	MUST(dir);
	for (const struct dirent *e = readdir(dir); e; e = readdir(dir))
		if (e->d_name[0] != '.')
			fd = openat(dirfd(dir), e->d_name, O_RDWR | O_CLOEXEC);
	(void)closedir(dir);
	MUST(fd >= 0);
	return fd;
}

static void rig_open(struct rig *rig)
{
	struct stat st;

	(void)umask(022);
	*rig = (struct rig){ .tmp = tmp_make(), .cache = tmp_make(), .rng = { 1 } };
	make_site(rig);
	MUST(epc_ctx_new(&rig->ctx) == 0);
	MUST(epc_ctx_set_cache_dir(rig->ctx, rig->cache.path) == 0);
	epc_ctx_set_check(rig->ctx, EPC_CHECK_STRICT);
	MUST(epc_refresh(rig->ctx, rig->site.path, 0, NULL) == 0);

	rig->fd = open_cache_file(&rig->cache);
	MUST(fstat(rig->fd, &st) == 0);
	rig->n = (size_t)st.st_size;
	rig->good = malloc(rig->n);
	rig->bad = malloc(ROOM);
	MUST(rig->good && rig->bad && rig->n < ROOM / 2);
	MUST(pread(rig->fd, rig->good, rig->n, 0) == (ssize_t)rig->n);
}

static void rig_close(struct rig *rig)
{
	epc_ctx_free(rig->ctx);
	free(rig->good);
	free(rig->bad);
	(void)close(rig->fd);
	tmp_release(&rig->tmp);
	tmp_release(&rig->cache);
}

/* --- one try --------------------------------------------------------------------- */

static void put(struct rig *rig, size_t n)
{
	MUST(pwrite(rig->fd, rig->bad, n, 0) == (ssize_t)n);
	MUST(ftruncate(rig->fd, (off_t)n) == 0);
}

static void restore(struct rig *rig)
{
	memcpy(rig->bad, rig->good, rig->n);
}

static struct epc_answer *ask(struct rig *rig, const char *group)
{
	const char *path = rig->site.path;
	struct epc_answer *a;

	MUST(epc_query(rig->ctx, &path, 1, group, NULL, &a) == 0);
	return a;
}

/* Only a newer version says so; all else is damage, and that is told. */
static enum epc_outcome expected(const char *bytes, size_t n)
{
	const struct fmt_header *h = (const void *)bytes;

	if (n >= offsetof(struct fmt_header, header_size) &&
	    memcmp(h->magic, FMT_MAGIC, sizeof h->magic) == 0 &&
	    fmt_u32(h->version) > FMT_VERSION)
		return EPC_NEWER;
	return EPC_DAMAGED;
}

static bool is_noted(struct epc_answer *a, enum epc_outcome outcome)
{
	const struct epc_note *note = epc_answer_next_note(a);

	if (outcome == EPC_NEWER)
		return !note;
	return note && epc_note_kind(note) == EPC_NOTE_DAMAGED &&
	       !epc_answer_next_note(a);
}

/* The first @n bytes of .bad are the file: are they passed over as they should be? */
static void try_bad(struct rig *rig, size_t n, const char *how, size_t where)
{
	enum epc_outcome outcome = expected(rig->bad, n);
	const struct epc_dir *dir;
	struct epc_answer *a;
	bool ok;

	put(rig, n);
	a = ask(rig, NULL);
	dir = epc_answer_next_dir(a);
	ok = epc_dir_source(dir) == EPC_FROM_LIVE && epc_dir_bypass(dir) == outcome &&
	     is_noted(a, outcome) && answer_is_true(a, &rig->site);
	rig->tries++;
	rig->newer += outcome == EPC_NEWER;
	if (!ok && rig->said++ < SAID_MAX)
		printf("# %s %zu: source %d, bypass %d, expected %d\n", how, where,
		       epc_dir_source(dir), epc_dir_bypass(dir), outcome);
	T(ok || rig->said > SAID_MAX);
	epc_answer_free(a);
}

static bool is_used(struct rig *rig)
{
	struct epc_answer *a = ask(rig, NULL);
	bool ok = epc_dir_source(epc_answer_next_dir(a)) == EPC_FROM_CACHE &&
		  answer_is_true(a, &rig->site);

	epc_answer_free(a);
	return ok;
}

/* A test of its own rig; the file as it was written is used before and after. */
static struct rig rig;

static void begin(void)
{
	rig_open(&rig);
	T(is_used(&rig));
	restore(&rig);
}

static void end(void)
{
	printf("# %lu damaged files, made of one of %zu bytes; %lu newer, %lu answers from one\n",
	       rig.tries, rig.n, rig.newer, rig.used);
	T(rig.tries > 0);
	restore(&rig);
	put(&rig, rig.n);
	T(is_used(&rig));
	rig_close(&rig);
}

/* --- without a right checksum ---------------------------------------------------- */

static void each_bit_flipped(void)
{
	begin();
	for (size_t i = 0; i < rig.n; i++)
		for (int bit = 0; bit < 8; bit++) {
			restore(&rig);
			rig.bad[i] = (char)(rig.bad[i] ^ 1 << bit);
			try_bad(&rig, rig.n, "bit of byte", i);
		}
	end();
}

static void each_byte_inverted(void)
{
	begin();
	for (size_t i = 0; i < rig.n; i++) {
		restore(&rig);
		rig.bad[i] = (char)~rig.bad[i];
		try_bad(&rig, rig.n, "byte", i);
	}
	end();
}

static void cut_to_each_length(void)
{
	begin();
	for (size_t n = 0; n < rig.n; n++)
		try_bad(&rig, n, "length", n);
	end();
}

/* What a file system leaves of data that did not reach the disk. */
static void zeros_from_each_place_on(void)
{
	begin();
	for (size_t i = rig.n; i-- > 0;) {
		if (rig.bad[i] == 0)
			continue;
		rig.bad[i] = 0;
		try_bad(&rig, rig.n, "zeros from", i);
	}
	end();
}

static void up_to_64_bytes_appended(void)
{
	static const unsigned char fill[] = { 0x00, 0xff, '\n' };

	begin();
	for (size_t k = 0; k < NR(fill); k++) {
		memset(rig.bad + rig.n, fill[k], 64);
		for (size_t n = 1; n <= 64; n++)
			try_bad(&rig, rig.n + n, "appended", n);
	}
	memcpy(rig.bad + rig.n, rig.good, rig.n);
	try_bad(&rig, 2 * rig.n, "twice", 0);
	end();
}

static void garbage(void)
{
	begin();
	for (unsigned k = 0; k < 1000; k++) {
		size_t n = rng_below(&rig.rng, k % 10 == 0 ? 65536 : 2048);

		for (size_t i = 0; i < n; i++)
			rig.bad[i] = (char)rng_next(&rig.rng);
		/* Half of it begins as a cache file does. */
		if (k % 2 && n >= sizeof(struct fmt_header))
			memcpy(rig.bad, rig.good,
			       k % 4 == 1 ? 12 : sizeof(struct fmt_header));
		try_bad(&rig, n, "garbage", k);
	}
	end();
}

static void empty_and_a_mebibyte_of_zeros(void)
{
	begin();
	try_bad(&rig, 0, "empty", 0);
	memset(rig.bad, 0, ROOM);
	try_bad(&rig, ROOM, "zeros", ROOM);
	end();
}

/* Whole and unchanged, but put in the place of this one's. */
static void the_file_of_another_directory(void)
{
	struct rig other;

	begin();
	rig_open(&other);
	MUST(other.n < ROOM);
	memcpy(rig.bad, other.good, other.n);
	try_bad(&rig, other.n, "another's", 0);
	rig_close(&other);
	end();
}

/* --- with a right checksum ------------------------------------------------------- */

static unsigned sum_of(struct epc_str s)
{
	unsigned sum = 0;

	for (size_t i = 0; s.data && i < s.len; i++)
		sum += (unsigned char)s.data[i];
	return sum;
}

/* Read every byte that an answer gives out: only a sanitizer minds. */
static unsigned walk(struct epc_answer *a)
{
	const struct epc_entry *e;
	const struct epc_note *n;
	unsigned sum = 0;

	while ((e = epc_answer_next(a)))
		sum += sum_of(epc_entry_group(e)) + sum_of(epc_entry_name(e)) +
		       sum_of(epc_entry_value(e)) + sum_of(epc_entry_dist_name(e)) +
		       sum_of(epc_entry_dist_version(e)) +
		       sum_of(epc_entry_dist_folder(e)) + sum_of(epc_entry_directory(e));
	while ((n = epc_answer_next_note(a)))
		sum += sum_of(epc_note_path(n)) +
		       sum_of((struct epc_str){ epc_note_reason(n),
						strlen(epc_note_reason(n)) });
	return sum;
}

static void walk_query(const char *group, enum epc_check check)
{
	struct epc_answer *a;

	epc_ctx_set_check(rig.ctx, check);
	a = ask(&rig, group);
	rig.sum += walk(a);
	rig.used += epc_dir_source(epc_answer_next_dir(a)) == EPC_FROM_CACHE;
	epc_answer_free(a);
}

/* All that reads a cache file, given one that says of itself that it is right. */
static void try_signed(size_t n)
{
	uint64_t sum = htole64(XXH3_64bits(rig.bad, n - SUM_SIZE));
	struct epc_image *image;

	memcpy(rig.bad + n - SUM_SIZE, &sum, sizeof sum);
	put(&rig, n);
	rig.tries++;
	walk_query(NULL, EPC_CHECK_STRICT);
	walk_query("g0", EPC_CHECK_STRICT);
	walk_query(NULL, EPC_CHECK_FAST);
	if (epc_image_from_bytes(rig.ctx, rig.site.path, rig.bad, n, &image) == 0)
		epc_image_free(image);
	T(epc_refresh(rig.ctx, rig.site.path, EPC_REFRESH_DRY_RUN, NULL) >= 0);
}

static void each_field_set_with_the_checksum_right(void)
{
	static const uint32_t values[] = { 0,   1,          2,          8,         64,
					   255, 0x7fffffff, 0xfffffff8, 0xffffffff };

	begin();
	for (size_t i = 0; i + SUM_SIZE < rig.n; i += 4)
		for (size_t k = 0; k < NR(values); k++) {
			uint32_t v = htole32(values[k]);

			restore(&rig);
			memcpy(rig.bad + i, &v, sizeof v);
			try_signed(rig.n);
		}
	T(rig.used > 0 && rig.sum > 0);
	end();
}

/* Two fields at a time, with what other fields have: offsets and counts that fit. */
static void fields_exchanged_with_the_checksum_right(void)
{
	unsigned nr;

	begin();
	nr = (unsigned)(rig.n - SUM_SIZE) / 4;
	for (unsigned k = 0; k < 10000; k++) {
		restore(&rig);
		for (unsigned i = rng_below(&rig.rng, 3) + 1; i > 0; i--)
			memcpy(rig.bad + 4 * rng_below(&rig.rng, nr),
			       rig.good + 4 * rng_below(&rig.rng, nr), 4);
		try_signed(rig.n);
	}
	T(rig.used > 0 && rig.sum > 0);
	end();
}

/*
 * The bytes of STRINGS are one long string with many ends: each reference of a
 * distribution is made to reach from its start to each of them, names longer than a
 * file's can be included.
 */
static void names_stretched_with_the_checksum_right(void)
{
	const struct fmt_header *h;
	size_t dists, strings, strings_n;

	begin();
	h = (const void *)rig.good;
	dists = fmt_u32(h->table[FMT_DISTS].off);
	strings = fmt_u32(h->table[FMT_STRINGS].off);
	strings_n = fmt_u32(h->table[FMT_STRINGS].count);
	T(strings_n > NAME_MAX + 1);

	for (size_t ref = dists; ref < dists + 2 * sizeof(struct fmt_dist);
	     ref += sizeof(struct fmt_ref)) {
		for (size_t end_at = 0; end_at < strings_n; end_at++) {
			struct fmt_ref r = { 0, htole32((uint32_t)end_at) };

			if (rig.good[strings + end_at] != '\0')
				continue;
			restore(&rig);
			memcpy(rig.bad + ref, &r, sizeof r);
			try_signed(rig.n);
		}
	}
	T(rig.used > 0 && rig.sum > 0);
	end();
}

int main(void)
{
	RUN(each_bit_flipped);
	RUN(each_byte_inverted);
	RUN(cut_to_each_length);
	RUN(zeros_from_each_place_on);
	RUN(up_to_64_bytes_appended);
	RUN(garbage);
	RUN(empty_and_a_mebibyte_of_zeros);
	RUN(the_file_of_another_directory);
	RUN(each_field_set_with_the_checksum_right);
	RUN(fields_exchanged_with_the_checksum_right);
	RUN(names_stretched_with_the_checksum_right);
	return t_done();
}
