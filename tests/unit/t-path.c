/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "path.h"
#include "t.h"

#define NR(a) (sizeof(a) / sizeof *(a))
#define TEN(s) s s s s s s s s s s
#define A50 TEN("aaaaa")

static void makes_keys(void)
{
	static const struct {
		const char *row, *cwd, *entry, *key;
	} rows[] = {
		{ "absolute", "/w", "/usr/lib", "/usr/lib" },
		{ "the empty entry is the working directory", "/w/d", "", "/w/d" },
		{ "relative", "/w", "a/b", "/w/a/b" },
		{ "relative to the root", "/", "a", "/a" },
		{ "a dot", "/w", ".", "/w" },
		{ "dots between", "/w", "./a/./b/.", "/w/a/b" },
		{ "slashes", "/w", "//usr///lib//", "/usr/lib" },
		{ "two dots stay", "/w", "../a/../b", "/w/../a/../b" },
		{ "hidden names stay", "/w", "/.a/..b/...", "/.a/..b/..." },
		{ "the root", "/w", "/", "/" },
		{ "the root, written oddly", "/w", "//./", "/" },
		{ "empty, in the root", "/", "", "/" },
		{ "a working directory that is not clean", "//w/./d/", "a", "/w/d/a" },
		{ "not UTF-8", "/w", "/\xff\x80", "/\xff\x80" },
		{ "a newline", "/w", "/a\nb", "/a\nb" },
	};

	for (size_t i = 0; i < NR(rows); i++) {
		autofree char *key = NULL;

		T_ROW(rows[i].row);
		T(path_key(rows[i].cwd, span_of(rows[i].entry), &key) == 0);
		T(key && strcmp(key, rows[i].key) == 0);
	}
}

static void a_null_span_is_the_empty_entry(void)
{
	autofree char *key = NULL;

	T(path_key("/w", (struct span){ NULL, 0 }, &key) == 0);
	T(key && strcmp(key, "/w") == 0);
}

static void refuses_a_nul(void)
{
	char *key = NULL;

	T(path_key("/w", (struct span){ "/a\0b", 4 }, &key) == -EINVAL);
	T(path_key("/w", (struct span){ "\0", 1 }, &key) == -EINVAL);
	T(!key);
}

/* One '/' and n - 1 times 'a', as an entry. */
static int key_of_length(size_t n, const char *tail)
{
	autofree char *entry = malloc(n + strlen(tail) + 1);
	autofree char *key = NULL;
	int r;

	memset(entry, 'a', n);
	entry[0] = '/';
	strcpy(entry + n, tail);
	r = path_key("/", span_of(entry), &key);
	return r < 0 ? r : (int)strlen(key);
}

static void refuses_what_no_call_would_take(void)
{
	T(key_of_length(PATH_MAX - 1, "") == PATH_MAX - 1);
	T(key_of_length(PATH_MAX - 1, "///./") == PATH_MAX - 1);
	T(key_of_length(PATH_MAX, "") == -ENAMETOOLONG);
	T(key_of_length(PATH_MAX - 1, "/b") == -ENAMETOOLONG);
	T(key_of_length(PATH_MAX - 3, "/b") == PATH_MAX - 1);
	T(key_of_length(100000, "") == -ENAMETOOLONG);
}

static void names_files(void)
{
	static const struct {
		const char *row, *key, *file;
	} rows[] = {
		{ "as systemd-escape", "/usr/lib/python3.11", "usr-lib-python3.11.v1" },
		{ "the root", "/", "-.v1" },
		{ "a dash", "/a-b", "a\\x2db.v1" },
		{ "a directory called dash", "/-", "\\x2d.v1" },
		{ "a dot at the start", "/.venv/.x", "\\x2evenv-.x.v1" },
		{ "what passes", "/azAZ09:_.", "azAZ09:_..v1" },
		{ "what does not", "/ ~\\@\n", "\\x20\\x7e\\x5c\\x40\\x0a.v1" },
		{ "lower-case hex, high bytes", "/\xc3\xa9\xff", "\\xc3\\xa9\\xff.v1" },
	};

	for (size_t i = 0; i < NR(rows); i++) {
		char out[PATH_FILE_MAX + 1];

		T_ROW(rows[i].row);
		path_file(span_of(rows[i].key), out);
		T(strcmp(out, rows[i].file) == 0);
	}
}

static void takes_no_more_than_the_key(void)
{
	char out[PATH_FILE_MAX + 1];

	path_file((struct span){ "/abc", 3 }, out);
	T(strcmp(out, "ab.v1") == 0);
}

/* The longest name that is whole, and the first that is cut. */
static void cuts_long_names(void)
{
	char key[400], out[PATH_FILE_MAX + 1];

	memset(key, 'a', sizeof key);
	key[0] = '/';

	path_file((struct span){ key, 1 + PATH_FILE_MAX - 3 }, out);
	T(strlen(out) == PATH_FILE_MAX && !strchr(out, '~'));

	path_file((struct span){ key, 2 + PATH_FILE_MAX - 3 }, out);
	T(strlen(out) == PATH_FILE_MAX);
	T(strchr(out, '~') == out + PATH_FILE_MAX - 3 - 33);
	T(strspn(out + PATH_FILE_MAX - 35, "0123456789abcdef") == 32);
	T(strcmp(out + PATH_FILE_MAX - 3, ".v1") == 0);
}

/* It is part of the name, so the same on every machine and in every release. */
static void the_hash_is_stable(void)
{
	char out[PATH_FILE_MAX + 1];

	path_file(span_of("/" A50 A50 A50 A50), out);
	T(strcmp(strchr(out, '~'), "~79cb4ddea796231369d46bbe9434a2b8.v1") == 0);
}

static void never_cuts_inside_an_escape(void)
{
	char key[400], out[PATH_FILE_MAX + 1];

	for (size_t shift = 0; shift < 4; shift++) {
		memset(key, '-', sizeof key);
		memset(key + 1, 'a', shift);
		key[0] = '/';
		path_file((struct span){ key, sizeof key }, out);
		T(strlen(out) <= PATH_FILE_MAX);
		T((size_t)(strchr(out, '~') - out) % 4 == shift % 4);
	}
}

static void no_two_keys_share_a_file(void)
{
	static const char *const keys[] = {
		"/",
		"/-",
		"/--",
		"/a-b/c",
		"/a/b-c",
		"/a/b/c",
		"/a-b-c",
		"/a\\x2db/c",
		"/a/b\\x2dc",
		"/.a",
		"/\\x2ea",
		"/a.v1",
		"/a",
		"/A",
		"/a~b",
		"/a\\x7eb",
		"/" A50 A50 A50 A50 "x",
		"/" A50 A50 A50 A50 "y",
		"/" A50 A50 A50 A50,
		"/x" A50 A50 A50 A50,
		"/" A50 "/" A50 A50 A50,
		"/" A50 "-" A50 A50 A50,
	};
	static char files[NR(keys)][PATH_FILE_MAX + 1];

	for (size_t i = 0; i < NR(keys); i++) {
		path_file(span_of(keys[i]), files[i]);
		T_ROW(keys[i]);
		T(files[i][0] != '.' && !strchr(files[i], '/'));
		for (size_t j = 0; j < i; j++)
			T(strcmp(files[i], files[j]) != 0);
	}
}

int main(void)
{
	RUN(makes_keys);
	RUN(a_null_span_is_the_empty_entry);
	RUN(refuses_a_nul);
	RUN(refuses_what_no_call_would_take);
	RUN(names_files);
	RUN(takes_no_more_than_the_key);
	RUN(cuts_long_names);
	RUN(the_hash_is_stable);
	RUN(never_cuts_inside_an_escape);
	RUN(no_two_keys_share_a_file);
	return t_done();
}
