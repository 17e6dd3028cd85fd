/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf-file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "auto.h"
#include "msg.h"

#define MAIN "epcache.conf"
#define DROP_INS "epcache.conf.d"

/* The one that wins comes first. */
static const char *const places[NR_CONF_PLACES] = { "/etc/epcache", "/usr/lib/epcache" };

static int out_of_memory(void)
{
	msg("out of memory");
	return -1;
}

void conf_files_release(struct conf_files *f)
{
	for (size_t i = 0; i < f->nr; i++)
		free(f->names[i]);
	free(f->names);
	free(f->path);
	free(f->text);
	*f = (struct conf_files){ 0 };
}

/* --- finding ----------------------------------------------------------------- */

static bool is_ours(const struct stat *st)
{
	return (st->st_uid == 0 || st->st_uid == geteuid()) && !(st->st_mode & 022);
}

static void say_untrusted(const char *path)
{
	msg("%s: ignored, since others than root may change it; make it root's, and run "
	    "'chmod go-w' on it",
	    path);
}

/* An open folder that may be believed, or -1. */
static int open_folder(struct epc_ctx *ctx, const char *path)
{
	autoclose int fd = epc_ctx_open(ctx, path, O_RDONLY | O_DIRECTORY);
	struct stat st;

	if (fd == -ENOENT)
		return -1;
	if (fd < 0 || fstat(fd, &st) < 0) {
		msg("%s: ignored, since it cannot be read: %s", path,
		    strerror(fd < 0 ? -fd : errno));
		return -1;
	}
	if (!is_ours(&st)) {
		say_untrusted(path);
		return -1;
	}

	return take_fd(fd);
}

static int add_name(struct conf_files *f, const char *folder, const char *name)
{
	char **more = reallocarray(f->names, f->nr + 1, sizeof *more);
	char *text = NULL;

	if (more)
		f->names = more;
	if (!more || asprintf(&text, "%s%s%s", folder, *folder ? "/" : "", name) < 0)
		return out_of_memory();

	more[f->nr++] = text;
	return 0;
}

static bool is_drop_in(const char *name)
{
	return name[0] != '.' && span_ends(span_of(name), span_of(".conf"));
}

static int list_drop_ins(struct conf_files *f, const char *path, int folder)
{
	DIR *dir = fdopendir(folder);
	const struct dirent *e;
	size_t nr = 0;
	int r = 0;

	if (!dir) {
		(void)close(folder);
		return out_of_memory();
	}

	while (r == 0 && (e = readdir(dir))) {
		if (!is_drop_in(e->d_name))
			continue;
		if (nr++ == CONF_FILES_MAX) {
			msg("%s: more than %d files; ignoring the others", path,
			    CONF_FILES_MAX);
			break;
		}
		r = add_name(f, DROP_INS, e->d_name);
	}
	(void)closedir(dir);
	return r;
}

static int find_in(struct conf_files *f, size_t place)
{
	autoclose int fd = open_folder(f->ctx, places[place]);
	char path[64];
	int drop_ins;

	if (fd < 0)
		return 0;

	f->trusted[place][false] = true;
	(void)snprintf(path, sizeof path, "%s/%s", places[place], DROP_INS);
	drop_ins = open_folder(f->ctx, path);
	if (drop_ins < 0)
		return 0;

	f->trusted[place][true] = true;
	return list_drop_ins(f, path, drop_ins);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* By name, and each name once.  The main file is a prefix of the others: it comes first. */
static void sort_names(struct conf_files *f)
{
	size_t kept = 0;

	qsort(f->names, f->nr, sizeof *f->names, compare);
	for (size_t i = 0; i < f->nr; i++) {
		if (kept && strcmp(f->names[kept - 1], f->names[i]) == 0)
			free(f->names[i]);
		else
			f->names[kept++] = f->names[i];
	}
	f->nr = kept;
}

int conf_files_find(struct epc_ctx *ctx, struct conf_files *f)
{
	int r;

	*f = (struct conf_files){ .ctx = ctx };
	r = add_name(f, "", MAIN);
	for (size_t i = 0; r == 0 && i < NR_CONF_PLACES; i++)
		r = find_in(f, i);
	if (r == 0)
		sort_names(f);
	return r;
}

/* --- reading ----------------------------------------------------------------- */

enum found { ABSENT, MASKED, READ, NO_MEMORY };

/*
 * Below another root there may be no /dev/null: the link's text is what counts, which
 * may lead there by "..".
 */
static bool is_mask(struct epc_ctx *ctx, const char *path, bool *ret_is_link)
{
	static const char null[] = "/dev/null";
	autoclose int fd = epc_ctx_open(ctx, path, O_PATH | O_NOFOLLOW);
	char target[PATH_MAX];
	ssize_t n = fd < 0 ? -1 : readlinkat(fd, "", target, sizeof target);
	size_t len = sizeof null - 1;

	*ret_is_link = n >= 0;
	return n >= (ssize_t)len && memcmp(target + n - len, null, len) == 0 &&
	       ((size_t)n == len || target[0] == '.');
}

static bool is_believed(const char *path, const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		msg("%s: ignored, since it is no regular file", path);
	else if (!is_ours(st))
		say_untrusted(path);
	else if (st->st_size > CONF_FILE_MAX)
		msg("%s: ignored, since it is larger than %u bytes", path, CONF_FILE_MAX);
	else
		return true;
	return false;
}

/* Up to the limit; what is longer has grown meanwhile. */
static ssize_t read_text(int fd, char *text)
{
	size_t n = 0;

	while (n < CONF_FILE_MAX) {
		ssize_t got = read(fd, text + n, CONF_FILE_MAX - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

static enum found read_file(struct conf_files *f, struct conf_file *ret)
{
	autoclose int fd = -1;
	bool is_link;
	struct stat st;
	ssize_t n;

	if (is_mask(f->ctx, f->path, &is_link))
		return MASKED;

	fd = epc_ctx_open(f->ctx, f->path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd == -ENOENT && is_link)
		msg("%s: ignored, since it is a link that leads nowhere", f->path);
	if (fd == -ENOENT)
		return ABSENT;
	if (fd >= 0 && fstat(fd, &st) == 0 && !is_believed(f->path, &st))
		return ABSENT;

	f->text = f->text ? f->text : malloc(CONF_FILE_MAX);
	if (!f->text)
		return NO_MEMORY;
	n = fd < 0 ? fd : read_text(fd, f->text);
	if (n < 0) {
		msg("%s: ignored, since it cannot be read: %s", f->path,
		    strerror((int)-n));
		return ABSENT;
	}

	*ret = (struct conf_file){ f->path, { f->text, (size_t)n } };
	return n ? READ : MASKED;
}

/* The first place that has a file of this name decides. */
static enum found read_first(struct conf_files *f, const char *name,
			     struct conf_file *ret)
{
	bool is_drop_in = strcmp(name, MAIN) != 0;
	enum found found = ABSENT;

	for (size_t i = 0; found == ABSENT && i < NR_CONF_PLACES; i++) {
		if (!f->trusted[i][is_drop_in])
			continue;
		free(f->path);
		if (asprintf(&f->path, "%s/%s", places[i], name) < 0) {
			f->path = NULL;
			return NO_MEMORY;
		}
		found = read_file(f, ret);
	}
	return found;
}

int conf_files_next(struct conf_files *f, struct conf_file *ret)
{
	while (f->at < f->nr) {
		enum found found = read_first(f, f->names[f->at++], ret);

		if (found == NO_MEMORY)
			return out_of_memory();
		if (found == READ)
			return 1;
	}
	return 0;
}
