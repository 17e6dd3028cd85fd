/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* folder_places() of folder.h: where the cache file of a directory may be. */
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "stamp.h"

static int add_place(struct folder_places *p, enum folder_level level, struct span base,
		     const char *below)
{
	char *path;

	if (asprintf(&path, "%.*s%s", (int)base.n, base.p, below) < 0)
		return -ENOMEM;

	p->at[p->nr++] = (struct folder_place){ .path = path, .level = level };
	return 0;
}

/* Takes the last component, and the '/' before it, off an absolute path. */
static struct span cut_last(struct span *path)
{
	const char *slash = path->n > 0 ? memrchr(path->p, '/', path->n) : NULL;
	struct span last = { NULL, 0 };

	if (!slash)
		return last;

	last = (struct span){ slash + 1, (size_t)(path->p + path->n - slash) - 1 };
	path->n = (size_t)(slash - path->p);
	return last;
}

static bool starts(struct span s, const char *head)
{
	size_t n = strlen(head);

	return s.n >= n && memcmp(s.p, head, n) == 0;
}

/* The prefix of a key that is shaped as in a virtual environment, or nothing. */
static struct span shaped_prefix(const char *key)
{
	struct span rest = span_of(key);

	if (span_eq(cut_last(&rest), span_of("site-packages")) &&
	    starts(cut_last(&rest), "python3") && starts(cut_last(&rest), "lib"))
		return rest;

	return (struct span){ NULL, 0 };
}

/* pyvenv.cfg is what makes a prefix a virtual environment, for Python itself too. */
static int add_prefix(struct folder_places *p, int root, const char *key)
{
	struct span prefix = shaped_prefix(key);
	autofree char *cfg = NULL;
	autoclose int fd = -1;

	if (prefix.n == 0)
		return 0;
	if (asprintf(&cfg, "%.*s/pyvenv.cfg", (int)prefix.n, prefix.p) < 0) {
		cfg = NULL; /* undefined by now */
		return -ENOMEM;
	}
	fd = root_open(root, cfg, O_PATH);
	if (fd < 0)
		return 0;

	return add_place(p, FOLDER_AT_PREFIX, prefix, FOLDER_PREFIX);
}

/* Is a path, or what exists of it, on a network file system?  Cuts the path. */
static bool is_remote(int root, char *path)
{
	struct span left = span_of(path);

	for (;;) {
		autoclose int fd = root_open(root, path, O_PATH);

		if (fd >= 0)
			return stamp_fs(fd).remote;
		if (left.n == 0)
			return false; /* not even "/" */

		(void)cut_last(&left);
		path[left.n > 0 ? left.n : 1] = '\0';
	}
}

static bool is_absolute(const char *path)
{
	return path && path[0] == '/';
}

static int add_user(struct folder_places *p, const struct folder_env *env)
{
	bool has_cache = is_absolute(env->cache_home);
	const char *base = has_cache ? env->cache_home : env->home;
	const char *below = has_cache ? "/" FOLDER_USER : "/.cache/" FOLDER_USER;
	autofree char *probe = NULL;
	int r;

	if (env->euid == 0 || !is_absolute(base))
		return 0;

	r = add_place(p, FOLDER_AT_USER, span_of(base), below);
	if (r < 0 || !is_absolute(env->runtime))
		return r;

	probe = strdup(p->at[p->nr - 1].path);
	if (!probe)
		return -ENOMEM;
	if (!is_remote(env->root, probe))
		return 0;

	free(p->at[--p->nr].path);
	return add_place(p, FOLDER_AT_USER, span_of(env->runtime), "/" FOLDER_USER);
}

static int add_usual(struct folder_places *p, const struct folder_env *env,
		     const char *key)
{
	int r;

	r = add_place(p, FOLDER_AT_SYSTEM, span_of(FOLDER_SYSTEM), "");
	if (r < 0)
		return r;

	r = add_prefix(p, env->root, key);
	if (r < 0)
		return r;

	return add_user(p, env);
}

int folder_places(const struct folder_env *env, const char *key,
		  struct folder_places *ret_places)
{
	auto_places struct folder_places p = { .nr = 0 };
	int r;

	if (env->given)
		r = add_place(&p, FOLDER_GIVEN, span_of(env->given), "");
	else
		r = add_usual(&p, env, key);
	if (r < 0)
		return r;

	*ret_places = p;
	p.nr = 0; /* given away */
	return 0;
}

void folder_places_release(struct folder_places *p)
{
	while (p->nr > 0)
		free(p->at[--p->nr].path);
}
