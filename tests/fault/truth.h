/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * truth.h - the answer that a directory should give, from what a test put there.
 *
 * Only the order of the listing is taken from the disk.  The model is compared
 * with the disk as well: a test whose truth is wrong ends at once.
 *
 * Used by: fresh-prop.c, damage.c.  Uses: epcache.h, site.h.
 */
#ifndef EPC_TRUTH_H
#define EPC_TRUTH_H

#include "epcache.h"
#include "site.h"

static inline bool str_is(struct epc_str s, const char *p, size_t n)
{
	return s.data && s.len == n && memcmp(s.data, p, n) == 0;
}

static inline bool entry_is(const struct epc_entry *e, const struct dist *d,
			    const char *group, size_t group_n, const char *name,
			    size_t name_n, const char *value, size_t value_n)
{
	return e && str_is(epc_entry_group(e), group, group_n) &&
	       str_is(epc_entry_name(e), name, name_n) &&
	       str_is(epc_entry_value(e), value, value_n) &&
	       str_is(epc_entry_dist_folder(e), d->folder, strlen(d->folder));
}

/* Are the next entries those of this text?  It has "[group]" and "name = value" alone. */
static inline bool answer_has_text(struct epc_answer *a, const struct dist *d)
{
	const char *group = NULL, *end = d->text + d->n;
	size_t group_n = 0;

	for (const char *line = d->text, *next; line < end; line = next) {
		const char *nl = memchr(line, '\n', (size_t)(end - line));
		const char *equals;

		MUST(nl);
		next = nl + 1;
		if (*line == '[') {
			group = line + 1;
			group_n = (size_t)(nl - group) - 1;
			continue;
		}
		equals = memmem(line, (size_t)(nl - line), " = ", 3);
		MUST(group && equals);
		if (!entry_is(epc_answer_next(a), d, group, group_n, line,
			      (size_t)(equals - line), equals + 3,
			      (size_t)(nl - equals) - 3))
			return false;
	}
	return true;
}

/* Versions of one package shadow each other: the first that is listed counts. */
static inline bool is_shadowed(const struct dist *d, const struct dist *const *before,
			       unsigned nr)
{
	for (unsigned i = 0; i < nr; i++)
		if (strcspn(before[i]->folder, "-") == strcspn(d->folder, "-") &&
		    strncmp(before[i]->folder, d->folder, strcspn(d->folder, "-")) == 0)
			return true;
	return false;
}

/* A name in the directory that the model has to know. */
static inline bool is_metadata(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && (strcmp(dot, ".dist-info") == 0 || strcmp(dot, ".egg-info") == 0);
}

/* The model's distributions in the order of the listing, which must be all of them. */
static inline void list_dists(struct site *s,
			      const struct dist *ret_order[SITE_DISTS_MAX])
{
	DIR *dir = opendir(s->path);
	unsigned nr = 0;

	MUST(dir);
	for (const struct dirent *e = readdir(dir); e; e = readdir(dir)) {
		const struct dist *d = dist_find(&s->now, e->d_name);

		if (!is_metadata(e->d_name))
			continue;
		errno = EILSEQ; /* what the model says is not so */
		MUST(d && nr < SITE_DISTS_MAX);
		ret_order[nr++] = d;
	}
	errno = EILSEQ;
	MUST(nr == s->now.nr);
	(void)closedir(dir);
}

static inline void compare_with_disk(const struct site *s, const struct dist *d)
{
	int fd = open(text_path(s, d).s, O_RDONLY | O_CLOEXEC);
	char text[SITE_TEXT_MAX];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);

	errno = EILSEQ;
	MUST(d->has_text == (n >= 0));
	MUST(n < 0 || ((size_t)n == d->n && memcmp(text, d->text, d->n) == 0));
	if (fd >= 0)
		(void)close(fd);
}

/* Is the answer what is on disk, entry by entry, to the end?  Rewinds it before. */
static inline bool answer_is_true(struct epc_answer *a, struct site *s)
{
	const struct dist *order[SITE_DISTS_MAX];
	bool ok = true;

	epc_answer_rewind(a);
	list_dists(s, order);
	for (unsigned i = 0; i < s->now.nr; i++) {
		compare_with_disk(s, order[i]);
		if (ok && order[i]->has_text && !is_shadowed(order[i], order, i))
			ok = answer_has_text(a, order[i]);
	}
	return ok && !epc_answer_next(a);
}

#endif
