/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "versions.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "msg.h"

/* Read "3.13t" from the dot on; what follows it, or NULL. */
static const char *read_minor(const char *p, size_t *ret_minor, bool *ret_threaded)
{
	size_t minor = 0, nr = strspn(p, "0123456789");

	if (nr == 0 || nr > 2)
		return NULL;
	for (size_t i = 0; i < nr; i++)
		minor = minor * 10 + (size_t)(p[i] - '0');

	*ret_minor = minor;
	*ret_threaded = p[nr] == 't';
	return p + nr + *ret_threaded;
}

static void format(size_t minor, bool threaded, struct version *ret)
{
	(void)snprintf(ret->text, sizeof ret->text, "3.%u%s", (unsigned)minor % MINOR_END,
		       threaded ? "t" : "");
}

bool version_of(const char *name, struct version *ret)
{
	const char *at = strstr(name, "python3.");
	size_t minor;
	bool threaded;

	if (!at || !read_minor(at + strlen("python3."), &minor, &threaded))
		return false;

	format(minor, threaded, ret);
	return true;
}

static void take_name(struct versions *v, const char *name)
{
	const char *end;
	size_t minor;
	bool threaded;

	if (strncmp(name, "python3.", strlen("python3.")) != 0)
		return;

	end = read_minor(name + strlen("python3."), &minor, &threaded);
	if (end && !*end)
		v->has[minor][threaded] = true;
}

bool versions_is_missing(const char *path, int r)
{
	static const int missing[] = { -ENOENT, -ENOTDIR, -EACCES, -ELOOP,
				       -ENAMETOOLONG };

	for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++)
		if (r == missing[i])
			return true;
	if (r < 0)
		msg("cannot look for Python in '%s': %s", path, strerror(-r));
	return r < 0;
}

void versions_list(struct versions *v, struct epc_ctx *ctx, const char *dir)
{
	int fd = epc_ctx_open(ctx, dir, O_RDONLY | O_DIRECTORY);
	const struct dirent *e;
	DIR *d;

	if (versions_is_missing(dir, fd))
		return;

	d = fdopendir(fd);
	if (!d) {
		(void)versions_is_missing(dir, -errno);
		(void)close(fd);
		return;
	}

	while ((errno = 0, e = readdir(d)))
		take_name(v, e->d_name);
	(void)versions_is_missing(dir, -errno);
	(void)closedir(d);
}

bool versions_next(const struct versions *v, size_t *at, struct version *ret)
{
	for (; *at < 2 * MINOR_END; ++*at) {
		bool threaded = *at % 2;

		if (!v->has[*at / 2][threaded])
			continue;
		format((*at)++ / 2, threaded, ret);
		return true;
	}
	return false;
}
