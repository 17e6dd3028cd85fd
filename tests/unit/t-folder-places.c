/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache-folder.h"

#define SITE "/lib/python3.11/site-packages"
#define SYS FOLDER_SYSTEM
#define VENV "~/venv" FOLDER_PREFIX

/* In the rows, a path that begins with '~' is below the test's folder. */
static const char *expand(const struct tmp *t, const char *s, char out[PATH_MAX])
{
	return s && s[0] == '~' ? join(out, t, s + 1) : s;
}

static bool is_place(const struct tmp *t, const struct folder_places *p, size_t i,
		     const char *path)
{
	char buf[PATH_MAX];

	if (!path)
		return p->nr <= i;
	return p->nr > i && strcmp(p->at[i].path, expand(t, path, buf)) == 0;
}

static void finds_places(void)
{
	static const struct {
		const char *row, *key; /* NULL: KEY */
		const char *given, *cache, *runtime, *home;
		bool root;
		const char *want[FOLDER_PLACES];
	} rows[] = {
		{ "only the system's", .want = { SYS } },
		{ "given", .given = "/g", .cache = "/c", .home = "/h", .want = { "/g" } },
		{ "given to root", .root = true, .given = "/g", .want = { "/g" } },
		{ "given, a prefix", "~/venv" SITE, .given = "/g", .want = { "/g" } },
		{ "a cache home", .cache = "~/c", .home = "~/h",
		  .want = { SYS, "~/c/epcache" } },
		{ "a home", .home = "~/h", .want = { SYS, "~/h/.cache/epcache" } },
		{ "root", .root = true, .cache = "~/c", .home = "~/h", .want = { SYS } },
		{ "relative cache", .cache = "c", .home = "/h",
		  .want = { SYS, "/h/.cache/epcache" } },
		{ "empty cache", .cache = "", .home = "/h",
		  .want = { SYS, "/h/.cache/epcache" } },
		{ "relative home", .home = "h", .want = { SYS } },
		{ "a runtime folder alone", .runtime = "/r", .want = { SYS } },
		{ "local", .cache = "~/no/such", .runtime = "/r",
		  .want = { SYS, "~/no/such/epcache" } },
		{ "remote", .cache = "/proc", .runtime = "/r",
		  .want = { SYS, "/r/epcache" } },
		{ "not there", .cache = "/proc/no/such", .runtime = "/r",
		  .want = { SYS, "/r/epcache" } },
		{ "remote home", .home = "/proc", .runtime = "/r",
		  .want = { SYS, "/r/epcache" } },
		{ "no runtime folder", .cache = "/proc",
		  .want = { SYS, "/proc/epcache" } },
		{ "relative one", .cache = "/proc", .runtime = "r",
		  .want = { SYS, "/proc/epcache" } },
		{ "all", "~/venv" SITE, .cache = "~/c",
		  .want = { SYS, VENV, "~/c/epcache" } },
		{ "a prefix", "~/venv" SITE, .want = { SYS, VENV } },
		{ "a prefix, for root", "~/venv" SITE, .root = true,
		  .want = { SYS, VENV } },
		{ "lib64", "~/venv/lib64/python3/site-packages", .want = { SYS, VENV } },
		{ "no pyvenv.cfg", "~/bare" SITE, .want = { SYS } },
		{ "no prefix", SITE, .want = { SYS } },
		{ "dist-packages", "~/venv/lib/python3.9/dist-packages",
		  .want = { SYS } },
		{ "python2", "~/venv/lib/python2.7/site-packages", .want = { SYS } },
		{ "Lib", "~/venv/Lib/python3.9/site-packages", .want = { SYS } },
		{ "too deep", "~/venv" SITE "/x", .want = { SYS } },
		{ "too short", "/site-packages", .want = { SYS } },
		{ "the root", "/", .want = { SYS } },
	};
	auto_tmp struct tmp t = tmp_make();

	make_venv(&t);
	for (size_t i = 0; i < NR(rows); i++) {
		auto_places struct folder_places p = { .nr = 0 };
		char cache[PATH_MAX], home[PATH_MAX], key[PATH_MAX];
		struct folder_env env = {
			.given = rows[i].given,
			.cache_home = expand(&t, rows[i].cache, cache),
			.runtime = rows[i].runtime,
			.home = expand(&t, rows[i].home, home),
			.euid = rows[i].root ? ROOT : ALICE,
			.root = ROOT_HOST,
		};

		T_ROW(rows[i].row);
		T(folder_places(&env, expand(&t, rows[i].key ? rows[i].key : KEY, key),
				&p) == 0);
		for (size_t j = 0; j < FOLDER_PLACES; j++)
			T(is_place(&t, &p, j, rows[i].want[j]));
	}
}

static void names_the_levels(void)
{
	auto_tmp struct tmp t = tmp_make();
	auto_places struct folder_places p = { .nr = 0 }, given = { .nr = 0 };
	struct folder_env env = { .cache_home = t.path,
				  .euid = ALICE,
				  .root = ROOT_HOST };
	char key[PATH_MAX];

	make_venv(&t);
	T(folder_places(&env, join(key, &t, "/venv" SITE), &p) == 0 && p.nr == 3);
	T(p.at[0].level == FOLDER_AT_SYSTEM && p.at[1].level == FOLDER_AT_PREFIX);
	T(p.at[2].level == FOLDER_AT_USER);
	env.given = "/g";
	T(folder_places(&env, key, &given) == 0 && given.nr == 1);
	T(given.at[0].level == FOLDER_GIVEN);
}

int main(void)
{
	RUN(finds_places);
	RUN(names_the_levels);
	return t_done();
}
