/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "asked.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX ((size_t)256 << 20) /* far beyond what a system has */
#define CHUNK ((size_t)1 << 16)

/* --- reading ------------------------------------------------------------------- */

static int grow(struct asked *asked, size_t *size, size_t n)
{
	char *text;

	if (*size - n > CHUNK)
		return 0;
	if (*size >= TEXT_MAX) {
		errno = E2BIG;
		return -1;
	}

	*size = *size ? *size * 2 : 4 * CHUNK;
	text = realloc(asked->text, *size);
	if (!text)
		return -1;
	asked->text = text;
	return 0;
}

/* The number of bytes, or -1. */
static ssize_t read_text(struct asked *asked, int fd)
{
	size_t n = 0, size = 0;
	ssize_t r;

	for (;;) {
		if (grow(asked, &size, n) < 0)
			return -1;
		r = read(fd, asked->text + n, CHUNK);
		if (r == 0)
			break;
		if (r < 0 && errno != EINTR)
			return -1;
		n += r > 0 ? (size_t)r : 0;
	}

	/* The last one may lack its NUL. */
	if (n > 0 && asked->text[n - 1] != '\0')
		asked->text[n++] = '\0';
	return (ssize_t)n;
}

static int by_path(const void *a, const void *b)
{
	const struct asked_path *const *x = a, *const *y = b;

	return strcmp((*x)->path, (*y)->path);
}

static void split(struct asked *asked)
{
	const char *at = asked->text;

	for (size_t i = 0; i < asked->nr; i++) {
		asked->paths[i].path = at;
		asked->sorted[i] = &asked->paths[i];
		at += strlen(at) + 1;
	}
	qsort(asked->sorted, asked->nr, sizeof *asked->sorted, by_path);
}

int asked_read(struct asked *asked, int fd)
{
	ssize_t n = read_text(asked, fd);

	if (n < 0)
		return -1;
	for (ssize_t i = 0; i < n; i++)
		asked->nr += asked->text[i] == '\0';

	asked->paths = calloc(asked->nr + 1, sizeof *asked->paths);
	asked->sorted = calloc(asked->nr + 1, sizeof(struct asked_path *));
	if (!asked->paths || !asked->sorted) {
		asked->nr = 0;
		return -1;
	}

	split(asked);
	return 0;
}

/* --- collecting ---------------------------------------------------------------- */

/* The first in order that is not before it; the same one may be asked for twice. */
static size_t find(const struct asked *asked, const char *path)
{
	size_t low = 0, high = asked->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(asked->sorted[mid]->path, path) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int keep(struct asked_path *p, const char *owner)
{
	char **owners = reallocarray(p->owners, p->nr + 1, sizeof *owners);

	if (!owners)
		return -1;
	p->owners = owners;
	p->owners[p->nr] = strdup(owner);
	if (!p->owners[p->nr])
		return -1;
	p->nr++;
	return 0;
}

int asked_add(struct asked *asked, const char *path, const char *owner)
{
	for (size_t i = find(asked, path); i < asked->nr; i++) {
		if (strcmp(asked->sorted[i]->path, path) != 0)
			break;
		if (keep(asked->sorted[i], owner) < 0)
			return -1;
	}
	return 0;
}

/* --- answering ----------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* A package that is there for two architectures is named once. */
static void write_one(struct asked_path *p, FILE *to)
{
	qsort(p->owners, p->nr, sizeof *p->owners, by_name);
	for (size_t i = 0; i < p->nr; i++)
		if (i == 0 || strcmp(p->owners[i - 1], p->owners[i]) != 0)
			(void)fprintf(to, "%s%s", i ? ", " : "", p->owners[i]);
	(void)fputc('\0', to);
}

int asked_write(struct asked *asked, FILE *to)
{
	for (size_t i = 0; i < asked->nr; i++)
		write_one(&asked->paths[i], to);
	return fflush(to) != 0 || ferror(to) ? -1 : 0;
}

void asked_release(struct asked *asked)
{
	for (size_t i = 0; i < asked->nr; i++) {
		for (size_t k = 0; k < asked->paths[i].nr; k++)
			free(asked->paths[i].owners[k]);
		free(asked->paths[i].owners);
	}
	free(asked->sorted);
	free(asked->paths);
	free(asked->text);
}
