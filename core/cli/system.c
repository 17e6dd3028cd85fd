/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "system.h"

#include "python.h"

static int add_configured(struct epc_ctx *ctx, const struct conf *conf, struct dirs *d)
{
	const char *dir;
	size_t at = 0;

	while ((dir = conf_list(conf, CONF_DIRECTORY, &at)))
		if (dirs_add_existing(d, ctx, dir) < 0)
			return -1;
	return 0;
}

static void leave_out(const struct conf *conf, struct dirs *d)
{
	for (size_t i = d->nr; i-- > 0;)
		if (conf_excludes(conf, d->paths[i]))
			dirs_remove(d, i);
}

int system_dirs(struct epc_ctx *ctx, const struct conf *conf, struct dirs *d)
{
	size_t before;

	/* It may be named since it does not answer. */
	d->conf = conf;
	if (python_scripts(ctx, d) < 0)
		return -1;
	before = d->nr;
	if (python_system(ctx, d) < 0 || add_configured(ctx, conf, d) < 0)
		return -1;

	d->conf = NULL;
	if (d->nr == before) {
		dirs_release(d);
		return 1;
	}
	leave_out(conf, d);
	return 0;
}

int system_missing(const struct conf *conf, struct dirs *d)
{
	const char *dir;
	size_t at = 0;

	while ((dir = conf_list(conf, CONF_DIRECTORY, &at)))
		if (!dirs_has(d, dir) && !conf_excludes(conf, dir) &&
		    dirs_add(d, dir) < 0)
			return -1;
	return 0;
}
