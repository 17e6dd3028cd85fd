/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scan.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "item.h"

#define LIST_BYTES 32768 /* for one getdents64(2), as glibc takes */
#define NAME_HEAD 3      /* bytes before each name: kind, length, whether a link */

static int name_append(struct scan *s, struct span name, unsigned char type)
{
	enum name_kind kind = name_kind(name, s->opts.in_egg);
	char *p;
	int r;

	if (kind == NAME_OTHER)
		return 0;
	if (name.n > NAME_RAW_MAX)
		return -ENAMETOOLONG;
	if (s->nr_names == SCAN_NAMES_MAX)
		return -E2BIG;

	r = buf_reserve(&s->names, s->names_n + NAME_HEAD + name.n);
	if (r < 0)
		return r;

	p = s->names.p + s->names_n;
	p[0] = (char)kind;
	p[1] = (char)name.n;
	p[2] = type != DT_DIR && type != DT_REG; /* what is not known may be a link */
	memcpy(p + NAME_HEAD, name.p, name.n);
	s->names_n += NAME_HEAD + name.n;
	s->nr_names++;
	return 0;
}

/* The records of getdents64(2) have the layout of a 64-bit struct dirent. */
static int names_append(struct scan *s, const char *records, size_t n)
{
	unsigned short record_n;

	for (size_t at = 0; at < n; at += record_n) {
		const char *record = records + at;
		int r;

		memcpy(&record_n, record + offsetof(struct dirent, d_reclen),
		       sizeof record_n);
		r = name_append(s, span_of(record + offsetof(struct dirent, d_name)),
				(unsigned char)record[offsetof(struct dirent, d_type)]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int names_list(struct scan *s)
{
	_Alignas(struct dirent) char records[LIST_BYTES];
	long n;
	int r;

	s->names_n = s->nr_names = s->at = 0;
	if (lseek(s->dirfd, 0, SEEK_SET) < 0)
		return -errno;

	while ((n = syscall(SYS_getdents64, s->dirfd, records, sizeof records)) != 0) {
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n < 0)
			continue;

		r = names_append(s, records, (size_t)n);
		if (r < 0)
			return r;
	}
	return 0;
}

/* List once, between two looks at the directory. */
static int list_once(struct scan *s)
{
	struct stamp before, after;
	int r;

	r = item_stamp(s, s->dirfd, &before, &s->before_ns);
	if (r < 0)
		return r;

	s->token = before.token;
	s->mount = before.mount;
	s->is_closed = !scan_may_keep(s, &before, 0111);
	r = names_list(s);
	if (r < 0)
		return r;

	r = stamp_at(s->dirfd, "", s->fs, &after);
	if (r < 0)
		return r;

	s->steady = fresh_token_eq(&before.token, &after.token);
	return 0;
}

static int name_compare(const void *a, const void *b, void *names)
{
	const unsigned char *x = (const unsigned char *)names + *(const size_t *)a;
	const unsigned char *y = (const unsigned char *)names + *(const size_t *)b;
	int r = memcmp(x + NAME_HEAD, y + NAME_HEAD, x[1] < y[1] ? x[1] : y[1]);

	return r ? r : x[1] - y[1];
}

static int names_sort(struct scan *s)
{
	autofree size_t *at = reallocarray(NULL, s->nr_names + 1, sizeof *at);
	struct scan_buf sorted = { 0 };
	size_t n = 0;

	if (!at || buf_reserve(&sorted, s->names_n) < 0)
		return -ENOMEM;

	for (size_t i = 0, off = 0; i < s->nr_names; i++) {
		at[i] = off;
		off += NAME_HEAD + (unsigned char)s->names.p[off + 1];
	}
	qsort_r(at, s->nr_names, sizeof *at, name_compare, s->names.p);
	for (size_t i = 0; i < s->nr_names; i++) {
		const char *name = s->names.p + at[i];
		size_t len = NAME_HEAD + (unsigned char)name[1];

		memcpy(sorted.p + n, name, len);
		n += len;
	}
	free(s->names.p);
	s->names = sorted;
	return 0;
}

int scan_begin(struct scan *s, int dirfd, const struct scan_opts *opts)
{
	s->dirfd = dirfd;
	s->opts = *opts;
	s->fs = opts->has_fs ? opts->fs : stamp_fs(dirfd);
	s->wait_ns = opts->settle ? FRESH_TICK_WAIT_NS : 0;
	s->steady = s->missed = false;

	for (int i = 0; i < SCAN_LIST_TRIES && !s->steady; i++) {
		int r = list_once(s);

		if (r < 0)
			return r;
	}

	/* No later change of the directory can leave its token as it is? */
	s->at_once = opts->confined && !opts->one_by_one && s->steady && !s->fs.remote &&
		     !s->fs.doubt && fresh_settled_local(&s->token, s->before_ns, false);
	s->was_at_once = s->at_once;
	return opts->sorted ? names_sort(s) : 0;
}

bool scan_held(const struct scan *s)
{
	struct stamp now;

	return !s->was_at_once || (stamp_at(s->dirfd, "", s->fs, &now) == 0 &&
				   fresh_token_eq(&s->token, &now.token));
}

int scan_name(struct scan *s, struct span *ret_folder, enum name_kind *ret_kind)
{
	const char *p = s->names.p + s->at;
	size_t n;

	if (s->at == s->names_n)
		return 0;

	n = (unsigned char)p[1];
	s->at += NAME_HEAD + n;
	*ret_kind = (enum name_kind)p[0];
	*ret_folder = (struct span){ p + NAME_HEAD, n };
	return 1;
}

static int read_one(struct scan *s, struct span folder, enum name_kind kind,
		    bool may_be_link, struct scan_item *ret_item)
{
	struct name_parts parts = name_split(folder, kind);
	struct scan_item it = {
		.folder = folder,
		.kind = kind,
		.name = parts.name,
		.version = parts.version,
		.name_settled = parts.settled,
		.may_be_link = may_be_link,
	};
	int r;

	assert(folder.n <= NAME_RAW_MAX);
	r = item_read(s, &it);
	if (r < 0)
		return r;

	it.parse = parse_init(it.text);
	*ret_item = it;
	return 0;
}

int scan_next(struct scan *s, struct scan_item *ret_item)
{
	const char *p = s->names.p + s->at;
	enum name_kind kind;
	struct span folder;
	int r;

	if (!scan_name(s, &folder, &kind))
		return s->missed ? item_prove_missing(s) : 0;

	r = read_one(s, folder, kind, p[2], ret_item);
	return r < 0 ? r : 1;
}

int scan_one(struct scan *s, struct span folder, enum name_kind kind,
	     struct scan_item *ret_item)
{
	return read_one(s, folder, kind, true, ret_item);
}

bool scan_decides(const struct scan *s)
{
	return s->opts.trusted || !s->fs.doubt;
}

bool scan_may_keep(const struct scan *s, const struct stamp *st, mode_t need)
{
	if (!s->opts.confined || (st->mode & need) == need)
		return true;

	return !s->opts.public_only && st->uid == s->opts.keeper &&
	       (st->mode & need & S_IRWXU) != 0;
}

int scan_stamp(const struct scan *s, const char *name, struct stamp *ret_stamp)
{
	autoclose int fd = -1;

	/* Confined, what lies behind a link is no item's content: any stamp tells as much. */
	if (!s->opts.path || s->opts.confined)
		return stamp_at(s->dirfd, name, s->fs, ret_stamp);

	fd = item_open_inside(s, name, O_PATH);
	return fd < 0 ? fd : stamp_at(fd, "", s->fs, ret_stamp);
}

enum parse_outcome scan_entry(struct scan_item *item, struct entry *ret_entry)
{
	return parse_next(&item->parse, ret_entry);
}

void scan_release(struct scan *s)
{
	free(s->names.p);
	free(s->text.p);
	free(s->meta.p);
	*s = SCAN_INIT;
}
