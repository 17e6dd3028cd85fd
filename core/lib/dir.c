/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "check.h"
#include "ctx.h"
#include "name.h"
#include "path.h"
#include "watch.h"

/* A zip file ends with this record and a comment of at most 64 KiB. */
#define ZIP_END "PK\5\6"
#define ZIP_END_SIZE 22
#define ZIP_TAIL (65535 + ZIP_END_SIZE)

void dir_release(struct dir *d)
{
	if (d->fd >= 0)
		(void)close(take_fd(d->fd));
	free(take_ptr(d->key));
	free(take_ptr(d->cache_file));
	held_drop(take_ptr(d->held));
}

int dir_open(const struct epc_ctx *ctx, struct dir *d)
{
	/* The entry as it was given: its key may lead through what is not ours to search. */
	const char *path = d->entry && ctx->root == ROOT_HOST ? d->entry : d->key;
	struct stat st;
	int r = ctx_look(ctx, d->key);

	if (r < 0)
		return r;
	d->fd = root_open(ctx->root, *path ? path : ".",
			  O_RDONLY | O_DIRECTORY | O_NONBLOCK);
	if (d->fd < 0)
		return d->fd;
	if (fstat(d->fd, &st) < 0)
		return -errno;

	d->owner = st.st_uid;
	return 0;
}

/*
 * importlib.metadata looks into a file only if it is a zip file, as zipfile says.  1, 0,
 * or the negative errno because of which it cannot be told.
 */
static int is_archive(const struct epc_ctx *ctx, const char *path)
{
	autoclose int fd = root_open(ctx->root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	autofree char *tail = NULL;
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size < ZIP_END_SIZE)
		return 0;

	tail = malloc(ZIP_TAIL);
	if (!tail)
		return -ENOMEM;

	n = pread(fd, tail, ZIP_TAIL, st.st_size > ZIP_TAIL ? st.st_size - ZIP_TAIL : 0);
	if (n < 0)
		return -errno;
	return memmem(tail, (size_t)n, ZIP_END, sizeof ZIP_END - 1) != NULL;
}

struct scan_opts dir_live_opts(const struct epc_ctx *ctx, const struct dir *d)
{
	return (struct scan_opts){
		.in_egg = name_is_egg(span_of(d->key)),
		.no_items = ctx->caches_only,
		.root = ctx->root,
		.path = ctx->root == ROOT_HOST ? NULL : d->key,
	};
}

/* A limit of this process, or what its caller wants, says nothing of the directory. */
static bool is_our_own(int r)
{
	return r == -ENOMEM || r == -EMFILE || r == -ENFILE || r == -ECANCELED;
}

/* What folder_read() says, for a caller of the library. */
static const enum epc_outcome outcomes[] = {
	[FOLDER_ABSENT] = EPC_ABSENT,
	[FOLDER_UNTRUSTED] = EPC_UNTRUSTED,
	[FOLDER_DAMAGED] = EPC_DAMAGED,
};

/* --- from a cache ------------------------------------------------------------ */

static int name_file(struct dir *d, const char *place)
{
	char file[PATH_FILE_MAX + 1];

	free(take_ptr(d->cache_file));
	path_file(span_of(d->key), file);
	return asprintf(&d->cache_file, "%s/%s", place, file) < 0 ? -ENOMEM : 0;
}

/* Remember the first cache file that was passed over, and why. */
static int pass_over(struct dir *d, enum epc_outcome outcome, const char *why,
		     const char *place)
{
	if (d->bypass != EPC_OK && d->bypass != EPC_ABSENT)
		return 0;

	d->bypass = outcome;
	d->why = why;
	return outcome == EPC_ABSENT ? 0 : name_file(d, place);
}

/* The bytes are verified; do they describe this directory as it is? */
static int check_view(const struct epc_ctx *ctx, struct dir *d, const struct view *v,
		      char **ret_bytes, size_t *ret_n, struct check_report *ret_report)
{
	struct scan_opts opts = dir_live_opts(ctx, d);
	bool fast = ctx->check == EPC_CHECK_FAST ||
		    (ctx->check == EPC_CHECK_AUTO && (v->flags & FMT_FAST_ALLOWED));

	if (fast)
		return check_fast(v, d->fd, &opts, ret_bytes, ret_n, ret_report);

	return check_strict(v, d->fd, &opts, ret_bytes, ret_n, ret_report);
}

/* 0, or a positive outcome with file->why: no such file.  Takes its bytes. */
static int hold_file(const struct dir *d, struct folder_file *file,
		     struct held **ret_held)
{
	autofree char *mine = take_ptr(file->bytes);
	struct held *h;
	int r;

	r = held_new(&mine, file->n, &h);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		file->why = r == -EPROTONOSUPPORT ? "is of a newer format" : "is damaged";
		return r == -EPROTONOSUPPORT ? EPC_NEWER : EPC_DAMAGED;
	}
	if (!span_eq(h->view.path, span_of(d->key))) {
		held_drop(h);
		file->why = "describes another directory";
		return EPC_DAMAGED;
	}

	*ret_held = h;
	return 0;
}

/* 0, or a positive outcome with file->why: this file is not to be used. */
static int use_file(const struct epc_ctx *ctx, struct dir *d, struct folder_file *file,
		    struct held *h)
{
	autofree char *amended = NULL;
	struct check_report report;
	size_t amended_n = 0;
	int r;

	d->has_info = true;
	d->info = (struct epc_cache_info){
		.bytes = file->n,
		.mtime_ns = file->mtime_ns,
		.fast_allowed = (h->view.flags & FMT_FAST_ALLOWED) != 0,
		.trusted = (h->view.flags & FMT_TRUSTED) != 0,
	};
	r = check_view(ctx, d, &h->view, &amended, &amended_n, &report);
	d->fs = report.fs;
	d->info.decides = !d->fs.doubt || d->info.trusted;
	d->info.settled = h->settled && d->info.decides;
	if (is_our_own(r))
		return r;
	if (r < 0 || r == CHECK_STALE) {
		file->why =
			r < 0 ? "is out of date"
			: report.other_names
				? "is out of date: other distributions are there"
				: "is out of date: texts of distributions have changed";
		return EPC_STALE;
	}

	if (r == CHECK_AMENDED)
		return held_own(&amended, amended_n, &d->held);

	d->held = held_ref(h);
	return 0;
}

static void drop_held(struct held **h)
{
	held_drop(*h);
}

static int try_place(const struct epc_ctx *ctx, struct dir *d, const char *place)
{
	AUTO(drop_held) struct held *h = NULL;
	struct folder_id id;
	struct held *known = recent_find(ctx->recent, place, span_of(d->key), &id);
	const struct folder_reader who = { ctx->root, ctx->euid, d->owner,
					   known ? &id : NULL };
	struct folder_file file = { .why = "is damaged" };
	int r;

	r = folder_read(place, span_of(d->key), &who, &file);
	if (is_our_own(r))
		return r;
	if (r < 0)
		return pass_over(d, EPC_DAMAGED, "cannot be read", place);
	if (r != FOLDER_OK && r != FOLDER_KNOWN)
		return pass_over(d, outcomes[r], file.why, place);

	if (r == FOLDER_KNOWN) {
		h = held_ref(known);
		r = 0;
	} else {
		r = hold_file(d, &file, &h);
		if (r == 0)
			recent_put(ctx->recent, place, span_of(d->key), &file.id, h);
	}
	if (r == 0)
		r = use_file(ctx, d, &file, h);
	if (r == 0)
		return name_file(d, place);
	return r > 0 ? pass_over(d, (enum epc_outcome)r, file.why, place) : r;
}

static int from_cache(const struct epc_ctx *ctx, struct dir *d)
{
	struct folder_env env = ctx_folder_env(ctx);
	auto_places struct folder_places places = { 0 };
	int r;

	r = folder_places(&env, d->key, &places);
	if (r < 0)
		return r;

	d->bypass = EPC_ABSENT;
	for (size_t i = 0; i < places.nr && !d->held; i++) {
		r = try_place(ctx, d, places.at[i].path);
		if (r < 0)
			return r;
	}
	if (d->held) {
		d->source = EPC_FROM_CACHE;
		d->bypass = EPC_OK;
	}
	return 0;
}

/* Does a file hold the cache of this directory, be it fresh or not? */
static int judge_file(const struct dir *d, const struct folder_file *file)
{
	struct view v;
	int r = view_init(&v, file->bytes, file->n);

	if (r == -EPROTONOSUPPORT)
		return EPC_NEWER;
	return r < 0 || !span_eq(v.path, span_of(d->key)) ? EPC_DAMAGED : EPC_OK;
}

static int read_place(const struct epc_ctx *ctx, const struct dir *d, const char *place,
		      char **ret_bytes, size_t *ret_n)
{
	const struct folder_reader who = { ctx->root, ctx->euid, d->owner, NULL };
	struct folder_file file;
	int r;

	r = folder_read(place, span_of(d->key), &who, &file);
	if (r != FOLDER_OK)
		return r < 0 ? r : (int)outcomes[r];

	r = judge_file(d, &file);
	if (r != EPC_OK) {
		free(file.bytes);
		return r;
	}
	*ret_bytes = file.bytes;
	*ret_n = file.n;
	return 0;
}

int dir_read_cache(const struct epc_ctx *ctx, const struct dir *d, char **ret_bytes,
		   size_t *ret_n)
{
	struct folder_env env = ctx_folder_env(ctx);
	auto_places struct folder_places places = { 0 };
	int r, worst = EPC_ABSENT;

	r = folder_places(&env, d->key, &places);
	for (size_t i = 0; r == 0 && i < places.nr; i++) {
		int found = read_place(ctx, d, places.at[i].path, ret_bytes, ret_n);

		if (found <= 0)
			return found;
		if (worst == EPC_ABSENT)
			worst = found;
	}
	return r < 0 ? r : worst;
}

/* --- live -------------------------------------------------------------------- */

static int from_live(const struct epc_ctx *ctx, struct dir *d)
{
	struct build_opts opts = { .scan = dir_live_opts(ctx, d) };
	autofree char *bytes = NULL;
	size_t n;
	int r;

	r = build_bytes(d->fd, span_of(d->key), &opts, &bytes, &n);
	if (is_our_own(r))
		return r;

	d->source = EPC_FROM_LIVE;
	if (r == -E2BIG || r == -EFBIG)
		d->unread = "has too many distributions";
	else if (r < 0 && r != -ENOENT) /* a working directory that is gone is empty */
		d->unread = "cannot be listed";
	return r < 0 ? 0 : held_own(&bytes, n, &d->held);
}

/*
 * What cannot be opened has no distributions, as importlib.metadata has it, which
 * suppresses any error.  For these it says so; others are said to be unread.
 */
static bool is_usual(int r)
{
	static const int usual[] = { -ENOENT,       -ENOTDIR, -EACCES, -ELOOP,
				     -ENAMETOOLONG, -ENXIO,   -ENODEV };

	for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
		if (r == usual[i])
			return true;
	return false;
}

/* "x/" and "x/." name no file, which a key no longer tells. */
static bool names_folder(const char *entry)
{
	const char *slash = strrchr(entry, '/');

	return slash && (slash[1] == '\0' || strcmp(slash, "/.") == 0);
}

static int not_a_directory(const struct epc_ctx *ctx, struct dir *d, int r)
{
	int archive = r;

	if (r == -ENOTDIR && !names_folder(d->entry))
		archive = is_archive(ctx, d->key);

	if (is_our_own(archive))
		return archive;
	if (archive == 1)
		d->source = EPC_FROM_ARCHIVE;
	else if (archive < 0 && !is_usual(archive))
		d->unread = archive == -ETIMEDOUT ? "does not answer"
						  : "cannot be opened";
	return 0;
}

static int load(const struct epc_ctx *ctx, const char *entry, struct dir *d)
{
	bool has_key;
	int r;

	r = ctx_key(ctx, entry, &d->key);
	if (r == -ENOMEM)
		return r;

	d->entry = entry;
	has_key = r == 0;
	if (!has_key)
		d->key = strdup(*entry ? entry : ".");
	if (!d->key)
		return -ENOMEM;

	d->in_egg = name_is_egg(span_of(entry));
	r = dir_open(ctx, d);
	if (is_our_own(r))
		return r;
	if (r < 0)
		return not_a_directory(ctx, d, r);

	if (ctx->check != EPC_CHECK_LIVE && has_key) {
		r = from_cache(ctx, d);
		if (r < 0)
			return r;
	}
	if (!d->held)
		r = ctx->caches_only ? -ECANCELED : from_live(ctx, d);

	(void)close(take_fd(d->fd));
	return r;
}

int dir_load(const struct epc_ctx *ctx, const char *entry, struct dir *ret_dir)
{
	auto_dir struct dir d = DIR_INIT;
	int r;

	r = load(ctx, entry, &d);
	if (r < 0)
		return r;

	*ret_dir = d;
	d = DIR_INIT; /* given away */
	return 0;
}
