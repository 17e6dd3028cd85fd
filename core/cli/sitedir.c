/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Adds a site-packages directory, and what its .pth files name, to a sys.path. */
#include "sitedir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auto.h"
#include "msg.h"
#include "uni.h"

#define PTH_MAX ((size_t)1 << 20)
#define BOM "\xef\xbb\xbf"
#define STRIP_MINOR \
	15 /* the first that strips both ends of a line, and has .start files */
#define UTF8_MINOR 13 /* the first that reads a .pth file as bytes, then decodes it */

void sitedir_normalise(char *path)
{
	char copy[PATH_MAX], *rest = copy, *part;
	size_t n = 0;

	memcpy(copy, path, strlen(path) + 1);
	while ((part = strsep(&rest, "/"))) {
		size_t len = strlen(part);

		if (strcmp(part, "..") == 0) {
			while (n > 0 && path[--n] != '/')
				;
		} else if (len > 0 && strcmp(part, ".") != 0) {
			path[n++] = '/';
			memcpy(path + n, part, len);
			n += len;
		}
	}
	if (n == 0)
		path[n++] = '/';
	path[n] = '\0';
}

char *sitedir_read(struct epc_ctx *ctx, const char *path, size_t *ret_n)
{
	/* A FIFO would hold up whoever opens it. */
	autoclose int fd = epc_ctx_open(ctx, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	size_t n = 0;
	ssize_t got = 1;
	char *text;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_size > (off_t)PTH_MAX)
		return NULL;

	text = malloc((size_t)st.st_size + 1);
	while (text && n < (size_t)st.st_size && got > 0) {
		got = read(fd, text + n, (size_t)st.st_size - n);
		n += got > 0 ? (size_t)got : 0;
	}
	if (text)
		text[n] = '\0';
	*ret_n = n;
	return text;
}

/* --- one line ---------------------------------------------------------------- */

/* One site-packages directory. */
struct sitedir {
	struct dirs *d;
	struct epc_ctx *ctx;
	const char *path;
	const struct sitedir_rules *rules;
	struct sitedir_met *met;
};

/* str.splitlines(), and universal newlines before. */
static bool ends_line(uint32_t c, int minor)
{
	if (c == '\n' || c == '\r')
		return true;
	return minor >= UTF8_MINOR &&
	       (c == '\v' || c == '\f' || (c >= 0x1c && c <= 0x1e) || c == 0x85 ||
		c == 0x2028 || c == 0x2029);
}

/* Cut a line off valid UTF-8; "\r\n" leaves an empty one behind, which means nothing. */
static struct span take_line(struct span *text, int minor)
{
	struct span line = { text->p, 0 };

	while (text->n > 0) {
		uint32_t c = 0;
		size_t n = utf8_decode(*text, &c);

		text->p += n;
		text->n -= n;
		if (ends_line(c, minor))
			break;
		line.n += n;
	}
	return line;
}

static struct span strip_end(struct span line)
{
	uint32_t c;
	size_t n;

	while (line.n > 0 && (n = utf8_decode_last(line, &c)) > 0 && uni_is_space(c))
		line.n -= n;
	return line;
}

static struct span strip_begin(struct span line)
{
	uint32_t c;
	size_t n;

	while (line.n > 0 && (n = utf8_decode(line, &c)) > 0 && uni_is_space(c)) {
		line.p += n;
		line.n -= n;
	}
	return line;
}

static bool starts_with(struct span s, const char *text)
{
	return s.n >= strlen(text) && memcmp(s.p, text, strlen(text)) == 0;
}

static int add_line(struct sitedir *s, struct span line)
{
	char path[PATH_MAX];
	int fd, n;

	if (memchr(line.p, '\0', line.n))
		return 0;
	n = *line.p == '/' ? snprintf(path, sizeof path, "%.*s", (int)line.n, line.p)
			   : snprintf(path, sizeof path, "%s/%.*s", s->path, (int)line.n,
				      line.p);
	if (n < 0 || n >= PATH_MAX)
		return 0;

	sitedir_normalise(path);
	if (dirs_has(s->d, path))
		return 0;
	fd = epc_ctx_open(s->ctx, path, O_PATH);
	if (fd >= 0)
		(void)close(fd);
	/* What does not answer may be there. */
	return fd < 0 && fd != -ETIMEDOUT ? 0 : dirs_add(s->d, path);
}

/* --- one file ---------------------------------------------------------------- */

/* These import a hook of their own, and leave sys.path as it is. */
static bool is_harmless(const char *name)
{
	static const char *const names[] = { "distutils-precedence.pth",
					     "epcache-autoload.pth" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static int add_lines(struct sitedir *s, struct span text, bool *ret_imports)
{
	while (text.n > 0) {
		struct span line = take_line(&text, s->rules->minor);

		if (s->rules->minor >= STRIP_MINOR)
			line = strip_begin(line);
		if (starts_with(line, "#"))
			continue;
		if (starts_with(line, "import ") || starts_with(line, "import\t")) {
			*ret_imports = true;
			continue;
		}
		line = strip_end(line);
		if (line.n > 0 && add_line(s, line) < 0)
			return -1;
	}
	return 0;
}

static int add_file(struct sitedir *s, const char *name)
{
	autofree char *file = NULL, *content = NULL;
	struct span text = { NULL, 0 };
	bool imports = false;
	int r;

	if (asprintf(&file, "%s/%s", s->path, name) < 0) {
		file = NULL;
		msg("out of memory");
		return -1;
	}
	content = sitedir_read(s->ctx, file, &text.n);
	if (!content)
		return 0;

	text.p = content;
	if (utf8_valid(text) != text.n) {
		msg("ignoring '%s', which is not UTF-8", file);
		return 0;
	}
	if (s->rules->minor >= UTF8_MINOR && starts_with(text, BOM)) {
		text.p += strlen(BOM);
		text.n -= strlen(BOM);
	}
	r = add_lines(s, text, &imports);
	if (imports && !is_harmless(name) && s->met->nr++ == 0) {
		s->met->imports = file;
		file = NULL;
	}
	return r;
}

/* --- the directory ----------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_pth(const char *name, const struct sitedir_rules *rules)
{
	size_t n = strlen(name);

	return n >= 4 && strcmp(name + n - 4, ".pth") == 0 &&
	       (rules->takes_hidden || *name != '.');
}

/* The names of .pth files, sorted; false when out of memory. */
static bool list_pth(DIR *dir, const struct sitedir_rules *rules, char ***ret,
		     size_t *ret_nr)
{
	const struct dirent *e;

	while ((e = readdir(dir))) {
		char **more;

		if (!is_pth(e->d_name, rules))
			continue;
		more = reallocarray(*ret, *ret_nr + 1, sizeof *more);
		if (!more)
			return false;
		*ret = more;
		more[*ret_nr] = strdup(e->d_name);
		if (!more[*ret_nr])
			return false;
		++*ret_nr;
	}
	if (*ret_nr)
		qsort(*ret, *ret_nr, sizeof **ret, by_name);
	return true;
}

static int add_files(struct sitedir *s, DIR *dir)
{
	char **names = NULL;
	size_t nr = 0;
	int r = 0;

	if (!list_pth(dir, s->rules, &names, &nr)) {
		msg("out of memory");
		r = -1;
	}
	for (size_t i = 0; i < nr; i++) {
		if (r == 0)
			r = add_file(s, names[i]);
		free(names[i]);
	}
	free(names);
	return r;
}

int sitedir_add(struct dirs *d, struct epc_ctx *ctx, const char *path,
		const struct sitedir_rules *rules, struct sitedir_met *met)
{
	struct sitedir s = { d, ctx, path, rules, met };
	DIR *dir;
	int fd, r;

	if (dirs_add_existing(d, ctx, path) < 0)
		return -1;
	fd = epc_ctx_open(ctx, path, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return 0;
	dir = fdopendir(fd);
	if (!dir) {
		(void)close(fd);
		return 0;
	}
	r = add_files(&s, dir);
	(void)closedir(dir);
	return r;
}
