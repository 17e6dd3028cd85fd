/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "target.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "conf.h"
#include "msg.h"
#include "system.h"

static int take(const char *const *names, size_t nr, struct dirs *d)
{
	for (size_t i = 0; i < nr; i++)
		if (dirs_add(d, names[i]) < 0)
			return EXIT_FAILED;
	return 0;
}

char *target_key(const struct opts *o, const char *dir)
{
	char cwd[PATH_MAX] = "/"; /* of another root as well */

	if (*dir != '/' && !o->root && !getcwd(cwd, sizeof cwd))
		return NULL;
	return dirs_key(cwd, dir);
}

int target_path(const struct opts *o, struct epc_ctx *ctx, struct dirs *ret_path)
{
	if (o->python && o->nr_paths) {
		msg("--python and --path exclude each other");
		return EXIT_USAGE;
	}
	if (o->nr_paths)
		return take(o->paths, o->nr_paths, ret_path);
	if (o->python)
		return python_ask(ctx, ret_path, o->python) < 0 ? EXIT_FAILED : 0;

	return python_path(ctx, ret_path, o->quiet) < 0 ? EXIT_FAILED : 0;
}

static int add_system(struct epc_ctx *ctx, bool missing, struct dirs *d)
{
	auto_conf struct conf conf = { 0 };
	int r = conf_load(ctx, &conf);

	if (r == 0)
		r = system_dirs(ctx, &conf, d);
	if (r == 1)
		msg("no Python 3 in /usr or /usr/local; name the directories, or give "
		    "Directory= in epcache.conf(5)");
	if (r != 0 || (missing && system_missing(&conf, d) < 0))
		return EXIT_FAILED;
	return 0;
}

static int add_dirs(const struct opts *o, struct epc_ctx *ctx, bool missing,
		    struct dirs *ret_dirs)
{
	const char *venv = secure_getenv("VIRTUAL_ENV");
	int r;

	if (o->nr_args > 0)
		return take((const char *const *)o->args, (size_t)o->nr_args, ret_dirs);

	r = add_system(ctx, missing, ret_dirs);
	if (r || geteuid() == 0 || o->root)
		return r;

	/* What an ordinary user has beside that is no matter of failing. */
	if (venv && *venv)
		(void)python_venv(ctx, ret_dirs, venv);
	else
		(void)python_user(ctx, ret_dirs);
	return 0;
}

int target_dirs(const struct opts *o, struct epc_ctx *ctx, struct dirs *ret_dirs)
{
	return add_dirs(o, ctx, false, ret_dirs);
}

int target_rows(const struct opts *o, struct epc_ctx *ctx, struct dirs *ret_dirs)
{
	return add_dirs(o, ctx, true, ret_dirs);
}
