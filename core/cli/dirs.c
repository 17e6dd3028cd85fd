/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dirs.h"

#include <errno.h>
#include <fcntl.h>

#include "auto.h"
#include "conf.h"
#include "msg.h"
#include "span.h"

/* Cut the next component off, leaving out what means nothing: "//", "/./", a last "/". */
static struct span take_component(const char **path)
{
	const char *p = *path;
	struct span part;

	do {
		p += strspn(p, "/");
		part = (struct span){ p, strcspn(p, "/") };
		p += part.n;
	} while (span_eq(part, span_of(".")));

	*path = p;
	return part;
}

bool dirs_same_name(const char *a, const char *b)
{
	struct span left, right;

	do {
		left = take_component(&a);
		right = take_component(&b);
	} while (left.n && span_eq(left, right));

	return left.n == 0 && right.n == 0;
}

char *dirs_key(const char *cwd, const char *path)
{
	const char *rests[] = { *path == '/' ? "" : cwd, path };
	char *key = malloc(strlen(cwd) + strlen(path) + 3), *at = key;

	for (size_t i = 0; key && i < sizeof rests / sizeof rests[0]; i++) {
		struct span part;

		while ((part = take_component(&rests[i])).n) {
			*at++ = '/';
			at = mempcpy(at, part.p, part.n);
		}
	}
	if (!key)
		return NULL;
	if (at == key)
		*at++ = '/';
	*at = '\0';
	return key;
}

void dirs_release(struct dirs *d)
{
	for (size_t i = 0; i < d->nr; i++)
		free(d->paths[i]);
	free(d->paths);
	free(d->notes);
	*d = (struct dirs){ 0 };
}

int dirs_add(struct dirs *d, const char *path)
{
	char **paths = reallocarray(d->paths, d->nr + 1, sizeof *paths);
	char *notes = realloc(d->notes, d->nr + 1);
	char *copy = strdup(path);

	d->paths = paths ? paths : d->paths;
	d->notes = notes ? notes : d->notes;
	if (!paths || !notes || !copy) {
		msg("out of memory");
		free(copy);
		return -1;
	}

	d->notes[d->nr] = DIRS_PLAIN;
	d->paths[d->nr++] = copy;
	return 0;
}

bool dirs_has(const struct dirs *d, const char *path)
{
	for (size_t i = 0; i < d->nr; i++)
		if (dirs_same_name(d->paths[i], path))
			return true;
	return false;
}

int dirs_add_existing(struct dirs *d, struct epc_ctx *ctx, const char *path)
{
	autoclose int fd = -1;

	if (dirs_has(d, path))
		return 0;
	if (d->conf && conf_excludes(d->conf, path))
		return dirs_add(d, path);

	/* What does not answer may be there. */
	fd = epc_ctx_open(ctx, path, O_PATH | O_DIRECTORY);
	return fd < 0 && fd != -ETIMEDOUT ? 0 : dirs_add(d, path);
}

void dirs_remove(struct dirs *d, size_t i)
{
	free(d->paths[i]);
	d->nr--;
	memmove(&d->paths[i], &d->paths[i + 1], (d->nr - i) * sizeof *d->paths);
	memmove(&d->notes[i], &d->notes[i + 1], d->nr - i);
}
