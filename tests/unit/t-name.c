/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "name.h"

#include "t.h"

#define NR(table) (sizeof(table) / sizeof(table)[0])

static bool is(struct span s, const char *expected)
{
	return span_eq(s, span_of(expected)) && (s.p != NULL) == (expected != NULL);
}

static void tells_metadata_from_other_names(void)
{
	static const struct {
		const char *folder;
		bool in_egg;
		enum name_kind kind;
	} rows[] = {
		{ "foo-1.0.dist-info", false, NAME_DIST_INFO },
		{ "foo-1.0.egg-info", false, NAME_EGG_INFO },
		{ "FOO-1.DIST-INFO", false, NAME_DIST_INFO },
		{ "Foo.Egg-Info", false, NAME_EGG_INFO },
		{ ".foo-1.dist-info", false, NAME_DIST_INFO },
		{ ".dist-info", false, NAME_DIST_INFO },
		{ "..egg-info", false, NAME_EGG_INFO },
		{ "~oo-1.0.dist-info", false, NAME_DIST_INFO },
		{ "-1.0.dist-info", false, NAME_DIST_INFO },
		{ "f\xff.dist-info", false, NAME_DIST_INFO },
		{ "foo-1.0.dist-info", true, NAME_DIST_INFO },
		{ "foo-1.0.dist-info.bak", false, NAME_OTHER },
		{ "foo-1.0.dist-info~", false, NAME_OTHER },
		{ "foodist-info", false, NAME_OTHER },
		{ "foo\x0e"
		  "dist-info",
		  false, NAME_OTHER },
		{ "foo.dist\rinfo", false, NAME_OTHER },
		{ "foo.d\xc4\xb0st-info", false, NAME_OTHER }, /* capital I with a dot */
		{ "foo.d\xc4\xb1st-info", false, NAME_OTHER }, /* small i without one */
		{ "foo", false, NAME_OTHER },
		{ "", false, NAME_OTHER },
		{ "foo.egg", false, NAME_OTHER },
		{ "foo.egg-link", false, NAME_OTHER },
		{ "EGG-INFO", false, NAME_OTHER },
		{ "EGG-INFO", true, NAME_EGG },
		{ "egg-info", true, NAME_EGG },
		{ "xegg-info", true, NAME_OTHER },
		{ "dist-info", true, NAME_OTHER },
	};

	for (size_t i = 0; i < NR(rows); i++) {
		T_ROW(rows[i].folder);
		T(name_kind(span_of(rows[i].folder), rows[i].in_egg) == rows[i].kind);
	}
}

static void tells_eggs(void)
{
	static const struct {
		const char *path;
		bool is_egg;
	} rows[] = {
		{ "/usr/lib/foo.egg", true },
		{ "foo.EGG", true },
		{ "/x/.egg", true },
		{ "/usr/lib/foo.egg/", false },
		{ "/usr/lib/fooegg", false },
		{ "/x.egg/site-packages", false },
		{ "", false },
		{ "egg", false },
	};

	for (size_t i = 0; i < NR(rows); i++) {
		T_ROW(rows[i].path);
		T(name_is_egg(span_of(rows[i].path)) == rows[i].is_egg);
	}
}

static void splits_name_and_version(void)
{
	static const struct {
		const char *folder, *name, *version;
		bool settled;
	} rows[] = {
		{ "foo-1.0.dist-info", "foo", "1.0", true },
		{ "CherryPy-3.0.dist-info", "CherryPy", "3.0", true },
		{ "foo-3.0.egg-info", "foo", "3.0", true },
		{ "face.egg-info", "face", NULL, true },
		{ "foo.bar-1.dist-info", "foo.bar", "1", true },
		{ "foo-1.0-py3.11.egg-info", "foo", "1.0", true },
		{ "foo-1.0-py3.11-linux-x86_64.egg-info", "foo", "1.0", true },
		{ "foo-1.0-beta-py2.7.egg-info", "foo", "1.0-beta", true },
		{ "foo-1.0-pyre.egg-info", "foo", "1.0-pyre", true },
		{ "foo-1.0-py.egg-info", "foo", "1.0-py", true },
		{ "foo-py3.11.egg-info", "foo", "py3.11", true },
		{ "foo-1.0-py3.11.dist-info", "foo", "1.0-py3.11", true },
		{ "foo-1.0-1.dist-info", "foo", "1.0-1", true },
		{ "foo--bar-1.dist-info", "foo", "-bar-1", true },
		{ "flake8-plugin-utils.egg-info", "flake8", "plugin-utils", true },
		{ "foo-.dist-info", "foo", "", true },
		{ ".foo-1.dist-info", ".foo", "1", true },
		{ ".-1.dist-info", ".", "1", true },
		{ "~oo-1.0.dist-info", "~oo", "1.0", true },
		{ "-1.0.dist-info", "", "1.0", false },
		{ "-.dist-info", "", "", false },
		{ ".dist-info", "", NULL, false },
		{ "...egg-info", "", NULL, false },
		{ "FOO-1.DIST-INFO", "FOO", "1", false },
		{ "foo-1.Egg-Info", "foo", "1", false },
	};

	for (size_t i = 0; i < NR(rows); i++) {
		struct span folder = span_of(rows[i].folder);
		struct name_parts p = name_split(folder, name_kind(folder, false));

		T_ROW(rows[i].folder);
		T(is(p.name, rows[i].name));
		T(is(p.version, rows[i].version));
		T(p.settled == rows[i].settled);
	}
}

static void leaves_the_name_of_an_egg_to_its_metadata(void)
{
	struct name_parts p = name_split(span_of("EGG-INFO"), NAME_EGG);

	T(is(p.name, "") && is(p.version, NULL) && !p.settled);
}

static void normalizes_as_prepared_does(void)
{
	static const struct {
		const char *name, *norm;
	} rows[] = {
		{ "", "" },
		{ "Foo", "foo" },
		{ "foo.bar", "foo_bar" },
		{ "foo__bar", "foo_bar" },
		{ "foo-_.bar", "foo_bar" },
		{ "foo_", "foo_" },
		{ "_.foo", "_foo" },
		{ ".", "_" },
		{ "-._", "_" },
		{ "Sample__Pkg-name.foo", "sample_pkg_name_foo" },
		{ "\xc4\xb0", "i\xcc\x87" },
		{ "F\xff.B", "f\xff_b" },
		/* the dot is a '-' by the time that lower() sees the sigma */
		{ "A\xce\xa3.b", "a\xcf\x82_b" },
		{ "A\xce\xa3'b", "a\xcf\x83'b" },
	};

	for (size_t i = 0; i < NR(rows); i++) {
		struct span name = span_of(rows[i].name);
		size_t n = strlen(rows[i].norm);
		char out[32];

		T_ROW(rows[i].name);
		T(name_normalize(name, out, sizeof out) == (long)n);
		T(is((struct span){ out, n }, rows[i].norm));
		T(name_normalize(name, out, n) == (long)n);
		T(n == 0 || name_normalize(name, out, n - 1) == -1);
	}
}

static void keys_by_the_lowered_folder(void)
{
	static const struct {
		const char *folder, *key;
	} rows[] = {
		{ "Foo.Bar-1.0.dist-info", "foo_bar" },
		{ "FOO-1.DIST-INFO", "foo" },
		{ "foo_-1.dist-info", "foo_" },
		{ "face.egg-info", "face" },
		{ "-1.0.dist-info", "" },
		{ ".dist-info", "" },
		{ "..dist-info", "_" },
		{ "foo--bar-1.dist-info", "foo" },
		/* 'd' of the suffix follows the sigma: its name alone would end in a
		   final one */
		{ "A\xce\xa3.dist-info", "a\xcf\x83" },
		{ "A\xce\xa3-1.dist-info", "a\xcf\x82" },
	};

	for (size_t i = 0; i < NR(rows); i++) {
		char out[NAME_NORM_MAX];
		size_t n = name_key(span_of(rows[i].folder), out);

		T_ROW(rows[i].folder);
		T(is((struct span){ out, n }, rows[i].key));
	}
}

/* U+023A is two bytes, its small letter three. */
static void fits_the_longest_key(void)
{
	char folder[NAME_RAW_MAX], out[NAME_NORM_MAX];
	struct span tail = span_of(".dist-info");
	size_t stem = (sizeof folder - tail.n) / 2 * 2;

	for (size_t i = 0; i < stem; i += 2)
		memcpy(folder + i, "\xc8\xba", 2);
	memcpy(folder + stem, tail.p, tail.n);

	T(name_key((struct span){ folder, stem + tail.n }, out) == stem / 2 * 3);
}

/* Where it says so, the one is the other; and it does say so of most. */
static void a_name_that_is_of_the_key_is_the_key(void)
{
	static const struct {
		const char *folder;
		bool is_of_key;
	} rows[] = {
		{ "foo-1.dist-info", true },
		{ "Foo.Bar__baz-1.0.dist-info", true },
		{ "-1.dist-info", false },
		{ ".dist-info", false },
		{ "..dist-info", false },
		{ "foo.dist-info", true },
		{ "foo-1.0-py3.11.egg-info", true },
		{ "foo.bar-1.EGG-INFO", true },
		{ "\xce\x91\xce\xa3-1.dist-info", false }, /* a final sigma, or not */
		{ "a\xff-1.dist-info", false },
		{ "package_with_a_name_of_more_than_eight_bytes-1.dist-info", true },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct span folder = span_of(rows[i].folder);
		enum name_kind kind = name_kind(folder, false);
		struct span name = name_split(folder, kind).name;
		char key[NAME_NORM_MAX], norm[NAME_NORM_MAX];
		struct span k = { key, name_key(folder, key) };
		long n = name_normalize(name, norm, sizeof norm);

		T_ROW(rows[i].folder);
		T(name_is_of_key(folder, name) == rows[i].is_of_key);
		T(!rows[i].is_of_key || span_eq(k, (struct span){ norm, (size_t)n }));
	}
	T(!name_is_of_key(span_of("foo-1.dist-info"), span_of("foo")));
}

int main(void)
{
	RUN(tells_metadata_from_other_names);
	RUN(tells_eggs);
	RUN(splits_name_and_version);
	RUN(leaves_the_name_of_an_egg_to_its_metadata);
	RUN(normalizes_as_prepared_does);
	RUN(keys_by_the_lowered_folder);
	RUN(fits_the_longest_key);
	RUN(a_name_that_is_of_the_key_is_the_key);
	return t_done();
}
