/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* venv.c - python_venv(): the directories of a virtual environment. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "auto.h"
#include "msg.h"
#include "python.h"
#include "versions.h"

static int add_version(struct epc_ctx *ctx, struct dirs *d, const char *lib,
		       const struct version *v)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof path, "%s/python%s/site-packages", lib, v->text);

	autoclose int fd = -1;

	if (n < 0 || (size_t)n >= sizeof path)
		return 0;

	fd = epc_ctx_open(ctx, path, O_PATH | O_DIRECTORY);
	return fd < 0 ? 0 : dirs_add(d, path);
}

/*
 * Both names, also where lib64 is a link to lib: a Python that has its own modules in
 * lib64 puts both on sys.path, and a cache file is for a name.
 */
static int add_libs(struct epc_ctx *ctx, struct dirs *d, const char *prefix)
{
	static const char *const libs[] = { "lib", "lib64" };

	for (size_t i = 0; i < sizeof libs / sizeof libs[0]; i++) {
		struct versions found = { 0 };
		struct version v;
		char lib[PATH_MAX];
		size_t at = 0;

		(void)snprintf(lib, sizeof lib, "%s/%s", prefix, libs[i]);
		versions_list(&found, ctx, lib);
		while (versions_next(&found, &at, &v))
			if (add_version(ctx, d, lib, &v) < 0)
				return -1;
	}
	return 0;
}

static bool is_venv(struct epc_ctx *ctx, const char *prefix)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof path, "%s/pyvenv.cfg", prefix);
	autoclose int fd = n > 0 && (size_t)n < sizeof path
				   ? epc_ctx_open(ctx, path, O_PATH)
				   : -1;

	return fd >= 0;
}

int python_venv(struct epc_ctx *ctx, struct dirs *d, const char *prefix)
{
	size_t before = d->nr;

	if (!is_venv(ctx, prefix)) {
		msg("'%s' is no virtual environment: it has no pyvenv.cfg", prefix);
		return -1;
	}
	if (add_libs(ctx, d, prefix) < 0)
		return -1;
	if (d->nr > before)
		return 0;

	msg("'%s' has no lib*/python3*/site-packages", prefix);
	return -1;
}
