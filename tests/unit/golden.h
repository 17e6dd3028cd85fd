/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * golden.h - the directory that the golden file of format 1 describes.
 *
 * The file is tests/fixtures/golden/v1.cache and never changes once released.
 *
 * Used by: t-view.c.  Uses: index.h, name.h, scan.h, t.h.
 */
#ifndef EPC_GOLDEN_H
#define EPC_GOLDEN_H

#include <sys/stat.h>

#include "index.h"
#include "name.h"
#include "scan.h"
#include "t.h"

#define S(text)                        \
	{                              \
		text, sizeof(text) - 1 \
	}
#define NR(array) (sizeof(array) / sizeof(array)[0])

static const struct token dir_token = { 1001, 4096, -5, 1700000000123456789, 0, S_IFDIR };
static const struct fresh_seen seen = { 0x1122334455667788, 3600000000000, 1700000001 };

/* The directory of the golden file; its numbers are in the tables that follow. */
static const struct item {
	struct index_dist d;
	unsigned bad_line;
	struct index_entry e[2]; /* up to one without group */
} items[] = {
	{ .d = { .folder = S("zope.interface-6.1.dist-info"),
		 .norm = S("zope_interface"),
		 .key = S("zope_interface"),
		 .name = S("zope.interface"),
		 .version = S("6.1"),
		 .kind = NAME_DIST_INFO,
		 .state = SCAN_TEXT,
		 .hash = { 10, 11 },
		 .token = { 1, 2, 3, 4, 5, S_IFREG },
		 .settled = true },
	  .e = { { S("console_scripts"), S("zi"), S("zope.interface:main"), false } } },
	{ .d = { .folder = S("Demo-2.0.dist-info"),
		 .norm = S("demo"),
		 .key = S("demo"),
		 .name = S("Demo"),
		 .version = S("2.0"),
		 .kind = NAME_DIST_INFO,
		 .state = SCAN_TEXT,
		 .hash = { 20, 21 },
		 .token = { 6, 7, INT64_MIN, INT64_MAX, 0, S_IFREG } },
	  .e = { { S("console_scripts"), S("demo"), S("demo:main"), false },
		 { S("demo.plugins"), S(""), S("demo.plug [extra]"), false } } },
	{ .d = { .folder = S("EGG-INFO"),
		 .kind = NAME_EGG,
		 .state = SCAN_BROKEN,
		 .why = SCAN_NAMELESS,
		 .nameless = true } },
	{ .d = { .folder = S("demo-1.0.dist-info"),
		 .norm = S("demo"),
		 .key = S("demo"),
		 .name = S("demo"),
		 .version = S("1.0"),
		 .kind = NAME_DIST_INFO,
		 .state = SCAN_TEXT,
		 .hash = { 30, 31 },
		 .token = { 8, 9, 10, 11, 12, S_IFREG },
		 .settled = true },
	  .e = { { S("old.group"), S("old"), S("demo:old"), false },
		 { S("console_scripts"), S("demo"), S("demo:old"), false } } },
	{ .d = { .folder = S("FOO-1.DIST-INFO"),
		 .norm = S("bar_baz"),
		 .key = S("foo"),
		 .name = S("Bar.Baz"),
		 .version = S("1"),
		 .kind = NAME_DIST_INFO,
		 .state = SCAN_ABSENT,
		 .live_name = true } },
	{ .d = { .folder = S("private-1-py3.egg-info"),
		 .norm = S("private"),
		 .key = S("private"),
		 .name = S("private"),
		 .version = S("1"),
		 .kind = NAME_EGG_INFO,
		 .state = SCAN_PRIVATE } },
	{ .d = { .folder = S("bad-.dist-info"),
		 .norm = S("bad"),
		 .key = S("bad"),
		 .name = S("bad"),
		 .version = S(""),
		 .kind = NAME_DIST_INFO,
		 .state = SCAN_TEXT,
		 .hash = { 40, 41 },
		 .token = { 13, 14, 15, 16, 17, S_IFREG },
		 .settled = true },
	  .bad_line = 3,
	  .e = { { S("demo.plugins"), S("second"), S("bad:a\0b"), false } } },
	{ .d = { .folder = S("zope_interface-5.0.egg-info"),
		 .norm = S("zope_interface"),
		 .key = S("zope_interface"),
		 .name = S("zope_interface"),
		 .version = S("5.0"),
		 .kind = NAME_EGG_INFO,
		 .state = SCAN_ABSENT } },
	{ .d = { .folder = S("none.dist-info"),
		 .norm = S("none"),
		 .key = S("none"),
		 .name = S("none"),
		 .kind = NAME_DIST_INFO,
		 .state = SCAN_TEXT,
		 .hash = { 50, 51 },
		 .token = { 18, 19, 20, 21, 22, S_IFREG },
		 .settled = true },
	  .e = { { S("console_scripts"), S("n"), S("not a value"), true } } },
	{ .d = { .folder = S("\xff-1.dist-info"),
		 .norm = S("\xff"),
		 .key = S("\xff"),
		 .name = S("\xff"),
		 .version = S("1"),
		 .kind = NAME_DIST_INFO,
		 .state = SCAN_ABSENT } },
};

/* Bytes in memory of just their size, so that ASan sees each read outside. */
struct file {
	char *bytes; /* owned */
	size_t n;
};

static inline void file_release(struct file *f)
{
	free(f->bytes);
}
#define auto_file AUTO(file_release)

static inline struct file file_copy(const char *bytes, size_t n)
{
	struct file f = { malloc(n ? n : 1), n };

	T(f.bytes != NULL);
	if (f.bytes && n)
		memcpy(f.bytes, bytes, n);
	return f;
}

static inline void add_item(struct index *ix, const struct item *it)
{
	T(index_add_dist(ix, &it->d) == 0);
	for (size_t k = 0; k < NR(it->e) && it->e[k].group.n; k++)
		T(index_add_entry(ix, &it->e[k]) == 0);
	if (it->bad_line)
		index_bad_line(ix, it->bad_line, SCAN_NO_EQUALS);
}

static inline struct file make_golden(void)
{
	auto_index struct index ix = INDEX_INIT;
	struct file f = { NULL, 0 };

	T(index_begin(&ix, span_of("/usr/lib/python3/dist-packages"), FMT_FAST_ALLOWED,
		      &dir_token, true) == 0);
	for (size_t i = 0; i < NR(items); i++)
		add_item(&ix, items + i);
	T(index_set_seen(&ix, &(struct fresh_seen){ 1, 2, 3 }) == 0);
	T(index_set_seen(&ix, &seen) == 0);
	T(index_finish(&ix, &f.bytes, &f.n) == 0);
	return f;
}

#endif
