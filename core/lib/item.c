/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "item.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include "meta.h"
#include "root.h"
#include "uni.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* O_NONBLOCK: a FIFO must not hang us. */
#define OPEN_FLAGS (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
#define BUF_MIN 4096 /* bytes; most texts fit */

/* "folder/file", or "folder" alone when file is "". */
struct path {
	char s[NAME_RAW_MAX + sizeof "/entry_points.txt"];
	size_t folder_n;
	const char *file;
	bool at_once; /* no need to look at the folder first, see scan_held() */
};

/* What became of one attempt to read a file. */
struct outcome {
	enum scan_state state;
	enum scan_why why;
	struct token token;
	int64_t before_ns;
	struct span text;
};

static struct path path_of(struct span folder, const char *file)
{
	struct path p = { .folder_n = folder.n, .file = file };

	memcpy(p.s, folder.p, folder.n);
	if (*file) {
		p.s[folder.n] = '/';
		memcpy(p.s + folder.n + 1, file, strlen(file));
	}
	return p;
}

/* --- open ---------------------------------------------------------------------- */

static int open_nofollow(int dirfd, const char *name, int flags)
{
	int fd = openat(dirfd, name, flags | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/*
 * One component at a time, so that the folder whose mode is looked at is the one that
 * the file is in, and in a sandbox where openat2(2) is refused.
 */
static int open_confined(const struct scan *s, struct path p, bool *ret_may_be_kept)
{
	autoclose int folder = -1, fd = -1;
	struct stamp st;
	int r;

	*ret_may_be_kept = true;
	if (!*p.file)
		return open_nofollow(s->dirfd, p.s, OPEN_FLAGS);

	/* O_PATH: reading a file in a folder takes no right to list the folder. */
	p.s[p.folder_n] = '\0';
	folder = open_nofollow(s->dirfd, p.s, O_PATH);
	if (folder < 0)
		return folder;

	fd = open_nofollow(folder, p.file, OPEN_FLAGS);
	if (fd < 0 && fd != -ENOTDIR)
		return fd;

	/* Most have no such file, and for those this is not asked. */
	r = stamp_at(folder, "", s->fs, &st);
	if (r < 0)
		return r;
	if (fd < 0)
		return S_ISLNK(st.mode) ? -ELOOP : fd;

	*ret_may_be_kept = scan_may_keep(s, &st, 0111);
	return take_fd(fd);
}

/*
 * In one call.  Where the folder's name was a link only just now, nothing outside of
 * the directory is opened, and scan_held() tells.
 */
static int open_at_once(const struct scan *s, struct path *p, bool *ret_may_be_kept)
{
	const struct open_how how = {
		.flags = OPEN_FLAGS | O_NOFOLLOW,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	autoclose int fd = s->opts.beneath
				   ? openat(s->dirfd, p->s, OPEN_FLAGS | O_NOFOLLOW)
				   : (int)syscall(SYS_openat2, s->dirfd, p->s, &how,
						  sizeof how);
	struct stamp st;
	int r;

	if (fd < 0)
		return -errno;

	p->s[p->folder_n] = '\0';
	r = stamp_at(s->dirfd, p->s, s->fs, &st);
	p->s[p->folder_n] = '/';
	if (r < 0)
		return r;

	*ret_may_be_kept = scan_may_keep(s, &st, 0111);
	return take_fd(fd);
}

/* Not there, refused by a filter, or given up: then the other way it is. */
static bool is_refusal(int r)
{
	return r == -ENOSYS || r == -EPERM || r == -EAGAIN;
}

int item_open_inside(const struct scan *s, const char *name, int flags)
{
	autofree char *path = NULL;

	if (asprintf(&path, "%s/%s", s->opts.path, name) < 0) {
		path = NULL; /* undefined by now */
		return -ENOMEM;
	}
	return root_open(s->opts.root, path, flags);
}

static int open_kept(struct scan *s, struct path *p, bool *ret_may_be_kept)
{
	if (p->at_once && s->at_once) {
		int r = open_at_once(s, p, ret_may_be_kept);

		if (!is_refusal(r))
			return r;
		s->at_once = false;
	}
	return open_confined(s, *p, ret_may_be_kept);
}

static int open_path(struct scan *s, struct path *p, bool *ret_may_be_kept)
{
	int r;

	do {
		if (s->opts.confined)
			r = open_kept(s, p, ret_may_be_kept);
		else if (s->opts.path)
			r = item_open_inside(s, p->s, OPEN_FLAGS);
		else if ((r = openat(s->dirfd, p->s, OPEN_FLAGS)) < 0)
			r = -errno;
	} while (r == -EINTR);

	return r;
}

/* --- read ---------------------------------------------------------------------- */

int buf_reserve(struct scan_buf *b, size_t n)
{
	size_t cap = b->cap ? b->cap : BUF_MIN;
	char *p;

	if (n <= b->cap)
		return 0;
	while (cap < n)
		cap *= 2;

	p = realloc(b->p, cap);
	if (!p)
		return -ENOMEM;

	b->p = p;
	b->cap = cap;
	return 0;
}

/*
 * Read a regular file, of @limit bytes at most; one more byte than @size is asked
 * for, so that one read(2) shows that there are no more.
 * Returns 0, 1 when there are more than @limit, or a negative errno.
 */
static int text_read(int fd, size_t size, size_t limit, struct scan_buf *b, size_t *ret_n)
{
	ssize_t got;
	size_t n = 0;

	do {
		int r = buf_reserve(b, (n > size ? n : size) + 1);

		if (r < 0)
			return r;

		got = read(fd, b->p + n, (b->cap < limit ? b->cap : limit + 1) - n);
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got > 0)
			n += (size_t)got;
		if (n > limit)
			return 1;
	} while (got != 0 && n != size);

	*ret_n = n;
	return 0;
}

int item_stamp(struct scan *s, int fd, struct stamp *ret_stamp, int64_t *ret_before_ns)
{
	int64_t wait;
	int r;

	*ret_before_ns = stamp_now_ns();
	r = stamp_at(fd, "", s->fs, ret_stamp);
	if (r < 0 || s->fs.remote)
		return r;

	wait = fresh_wait_ns(&ret_stamp->token, *ret_before_ns, s->opts.trusted);
	if (wait <= 0 || wait > s->wait_ns)
		return 0;

	/* All that was written before this scan is then older than the clock. */
	stamp_wait(wait);
	s->wait_ns = 0;
	*ret_before_ns = stamp_now_ns();
	return stamp_at(fd, "", s->fs, ret_stamp);
}

static struct outcome broken(enum scan_why why)
{
	return (struct outcome){ .state = SCAN_BROKEN, .why = why };
}

static bool is_of_process(int r)
{
	return r == -ENOMEM || r == -EMFILE || r == -ENFILE;
}

/* What importlib.metadata makes of an error, unless it is our own process's. */
static int outcome_of_error(const struct scan *s, int r, struct outcome *ret)
{
	static const struct {
		int r;
		struct outcome outcome;
	} known[] = {
		{ -ENOENT, { .state = SCAN_ABSENT } },
		{ -ENOTDIR, { .state = SCAN_ABSENT } },
		{ -EACCES, { .state = SCAN_PRIVATE } },
		{ -EPERM, { .state = SCAN_PRIVATE } },
		{ -ELOOP, { .state = SCAN_BROKEN, .why = SCAN_LINK_LOOP } },
		/* A socket, or a device without a driver. */
		{ -ENXIO, { .state = SCAN_BROKEN, .why = SCAN_NOT_REGULAR } },
		{ -ENODEV, { .state = SCAN_BROKEN, .why = SCAN_NOT_REGULAR } },
	};

	if (is_of_process(r))
		return r;

	*ret = broken(SCAN_IO_ERROR);
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i].r == r)
			*ret = known[i].outcome;
	/* Confined, a link is not followed: where it leads is for each reader to see. */
	if (r == -ELOOP && s->opts.confined)
		*ret = (struct outcome){ .state = SCAN_PRIVATE };
	return 0;
}

static size_t limit_of(const struct scan *s)
{
	return s->opts.confined ? SCAN_TEXT_MAX : SCAN_TEXT_LIVE_MAX;
}

/* What the mode and size alone say; SCAN_TEXT when it is to be read. */
static struct outcome outcome_of_stamp(const struct scan *s, const struct stamp *st)
{
	if (S_ISDIR(st->mode))
		return (struct outcome){ .state = SCAN_ABSENT };
	if (!scan_may_keep(s, st, 0444))
		return (struct outcome){ .state = SCAN_PRIVATE };
	if (!S_ISREG(st->mode))
		return broken(SCAN_NOT_REGULAR);
	if (st->token.size > limit_of(s))
		return (struct outcome){ .state = SCAN_LARGE };

	return (struct outcome){ .state = SCAN_TEXT, .token = st->token };
}

static int fd_read(struct scan *s, int fd, struct scan_buf *b, struct outcome *ret)
{
	int64_t before_ns;
	struct stamp st;
	size_t n = 0;
	int r;

	before_ns = INT64_MIN; /* does not settle */
	r = scan_decides(s) ? item_stamp(s, fd, &st, &before_ns)
			    : stamp_at(fd, "", s->fs, &st);
	if (r < 0)
		return outcome_of_error(s, r, ret);

	*ret = outcome_of_stamp(s, &st);
	if (ret->state != SCAN_TEXT)
		return 0;

	r = text_read(fd, (size_t)st.token.size, limit_of(s), b, &n);
	if (r < 0)
		return outcome_of_error(s, r, ret);
	if (r > 0) {
		*ret = (struct outcome){ .state = SCAN_LARGE };
		return 0;
	}

	/* The clock of another mount's stamps is not known to be ours. */
	ret->before_ns = s->mount && st.mount != s->mount ? INT64_MIN : before_ns;
	ret->text = (struct span){ b->p, n };
	return 0;
}

/* An ACL may take from one user what the mode gives to all; so may one that is not told. */
static bool may_have_acl(int fd)
{
	ssize_t n = fgetxattr(fd, "system.posix_acl_access", NULL, 0);

	return n < 0 ? errno != ENODATA && errno != EOPNOTSUPP : n > 0;
}

static int file_read(struct scan *s, struct path *p, struct scan_buf *b,
		     struct outcome *ret)
{
	bool may_be_kept = true;
	autoclose int fd = open_path(s, p, &may_be_kept);
	int r = fd < 0 ? outcome_of_error(s, fd, ret) : fd_read(s, fd, b, ret);

	s->missed |= fd == -ENOENT || fd == -ENOTDIR;
	if (r < 0 || !s->opts.confined || ret->state == SCAN_ABSENT)
		return r;

	if (s->is_closed || !may_be_kept || (ret->state == SCAN_TEXT && may_have_acl(fd)))
		*ret = (struct outcome){ .state = SCAN_PRIVATE };
	return 0;
}

int item_prove_missing(struct scan *s)
{
	struct path here = { .s = ".", .file = "" };
	bool may_be_kept;
	autoclose int fd = open_path(s, &here, &may_be_kept);
	struct stamp st;

	if (fd < 0)
		return is_of_process(fd) ? fd : -EOPNOTSUPP;
	/* What is opened inside a root goes by its path, which may be another's by now. */
	if (s->opts.path && !s->opts.confined)
		return 0;

	return stamp_at(fd, "", s->fs, &st) == 0 && st.token.ino == s->token.ino
		       ? 0
		       : -EOPNOTSUPP;
}

/* --- name ---------------------------------------------------------------------- */

/* Does importlib.metadata try the next file after this one? */
static bool is_passed_over(const struct scan *s, const struct outcome *o)
{
	if (o->state == SCAN_TEXT)
		return o->text.n == 0;
	/* Another reader may have more rights, where the answer is for others too. */
	if (o->state == SCAN_PRIVATE)
		return !s->opts.confined && !s->opts.public_only;

	return o->state == SCAN_ABSENT;
}

static int meta_read(struct scan *s, struct span folder, struct outcome *ret)
{
	static const char *const files[] = { "METADATA", "PKG-INFO", "" };

	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		struct path p = path_of(folder, files[i]);
		int r = file_read(s, &p, &s->meta, ret);

		if (r < 0 || !is_passed_over(s, ret))
			return r;
	}
	*ret = broken(SCAN_NAMELESS);
	return 0;
}

static enum scan_why name_find(struct span meta, struct span *ret_name,
			       struct span *ret_version)
{
	struct span version = { NULL, 0 };
	struct span name = { NULL, 0 };
	enum meta_outcome n, v;

	if (utf8_valid(meta) != meta.n)
		return SCAN_NOT_UTF8;

	n = meta_field(meta, span_of("name"), &name);
	v = meta_field(meta, span_of("version"), &version);
	if (n == META_ABSENT)
		return SCAN_NAMELESS;
	if (n == META_FOLDED || v == META_FOLDED)
		return SCAN_ODD_NAME;
	if (name.n > SCAN_NAME_MAX || version.n > SCAN_NAME_MAX)
		return SCAN_ODD_NAME;

	*ret_name = name;
	*ret_version = version;
	return SCAN_FINE;
}

/* Without a name, what the text of the item says is of no use: @o is replaced. */
static int name_read(struct scan *s, struct scan_item *it, struct outcome *o)
{
	struct outcome meta;
	enum scan_why why;
	int r;

	it->name = it->version = (struct span){ NULL, 0 };
	r = meta_read(s, it->folder, &meta);
	if (r < 0)
		return r;
	if (meta.state != SCAN_TEXT) {
		*o = meta;
		return 0;
	}

	why = name_find(meta.text, &it->name, &it->version);
	if (why != SCAN_FINE)
		*o = broken(why);
	return 0;
}

int item_read(struct scan *s, struct scan_item *it)
{
	struct path p = path_of(it->folder, "entry_points.txt");
	struct outcome o;
	int r;

	if (s->opts.no_items)
		return -ECANCELED;

	p.at_once = !it->may_be_link;
	r = file_read(s, &p, &s->text, &o);
	if (r < 0)
		return r;
	if (!it->name_settled)
		r = name_read(s, it, &o);
	if (r < 0)
		return r;

	it->state = o.state;
	it->why = o.why;
	it->token = o.token;
	it->before_ns = o.before_ns;
	it->text = o.text;
	if (o.state == SCAN_TEXT) {
		XXH128_hash_t h = XXH3_128bits(o.text.p, o.text.n);

		it->hash[0] = h.low64;
		it->hash[1] = h.high64;
	}
	return 0;
}
