/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * steps.c - one pure step of the library, once, for callgrind to count.
 *
 * usage: steps parse TEXT...         entries of these entry_points.txt
 *        steps view CACHE_FILE...    verify their bytes
 *        steps merge CACHE_FILE...   one group of these directories, in this order
 *
 * All that is to be counted is in step_run(): valgrind --toggle-collect=step_run.
 * Prints how many entries were found.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parse.h"
#include "select.h"
#include "view.h"

#define GROUP "bench.group"

struct step {
	char **bytes;       /* owned, as what they point to: of each file */
	struct span *files; /* the same */
	struct view *views;
	struct select_dir *dirs;
	size_t nr;
};

static size_t parse(const struct step *s)
{
	size_t nr = 0;

	for (size_t i = 0; i < s->nr; i++) {
		struct parse p = parse_init(s->files[i]);
		struct entry e;
		enum parse_outcome r;

		while ((r = parse_next(&p, &e)) != PARSE_END)
			nr += r == PARSE_ENTRY;
	}
	return nr;
}

static size_t view(const struct step *s)
{
	size_t nr = 0;

	for (size_t i = 0; i < s->nr; i++) {
		if (view_init(&s->views[i], s->files[i].p, s->files[i].n) < 0)
			errx(1, "a cache file is damaged");
		nr += s->views[i].nr_entries;
	}
	return nr;
}

static size_t merge(const struct step *s)
{
	const struct span group = { GROUP, sizeof GROUP - 1 };
	struct select select = select_init(s->dirs, s->nr, group);
	struct select_hit hit;
	size_t nr = 0;

	while (select_next(&select, &hit))
		nr++;
	return nr;
}

static const struct {
	const char *name;
	size_t (*run)(const struct step *s);
} steps[] = { { "parse", parse }, { "view", view }, { "merge", merge } };

__attribute__((noinline)) static size_t step_run(size_t i, const struct step *s)
{
	return steps[i].run(s);
}

static char *slurp(const char *path, size_t *ret_n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *p;

	if (fd < 0 || fstat(fd, &st) < 0)
		err(1, "%s", path);
	p = malloc((size_t)st.st_size + 1);
	if (!p || read(fd, p, (size_t)st.st_size) != st.st_size)
		err(1, "%s", path);
	(void)close(fd);
	*ret_n = (size_t)st.st_size;
	return p;
}

static void load(struct step *s, char **paths, size_t nr)
{
	*s = (struct step){ .bytes = calloc(nr, sizeof *s->bytes),
			    .files = calloc(nr, sizeof *s->files),
			    .views = calloc(nr, sizeof *s->views),
			    .dirs = calloc(nr, sizeof *s->dirs),
			    .nr = nr };
	if (!s->bytes || !s->files || !s->views || !s->dirs)
		err(1, NULL);
	for (size_t i = 0; i < nr; i++) {
		s->bytes[i] = slurp(paths[i], &s->files[i].n);
		s->files[i].p = s->bytes[i];
		s->dirs[i].view = &s->views[i];
	}
}

int main(int argc, char **argv)
{
	struct step s;
	size_t i = 0;

	if (argc < 3)
		errx(2, "usage: steps parse|view|merge FILE...");
	while (i < sizeof steps / sizeof steps[0] && strcmp(steps[i].name, argv[1]) != 0)
		i++;
	if (i == sizeof steps / sizeof steps[0])
		errx(2, "no step '%s'", argv[1]);

	load(&s, argv + 2, (size_t)(argc - 2));
	if (steps[i].run == merge)
		(void)view(&s);
	printf("%zu\n", step_run(i, &s));

	for (size_t n = 0; n < s.nr; n++)
		free(s.bytes[n]);
	free(s.bytes);
	free(s.files);
	free(s.views);
	free(s.dirs);
	return 0;
}
