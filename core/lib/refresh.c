/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "check.h"
#include "ctx.h"
#include "folder.h"
#include "image.h"
#include "name.h"
#include "path.h"
#include "scan.h"
#include "store.h"

#define LOCK_WAIT_MS 10000

struct epc_folder {
	struct folder_place place; /* owned */
	struct epc_ctx *ctx;       /* borrowed; must outlive the folder */
	struct folder open;        /* owned */
	int lock;                  /* owned; -1: the file system has no locks */
};

/* --- the folder -------------------------------------------------------------- */

/*
 * Where the cache file of a directory is to be written: root keeps the system's
 * folder, for what is root's; the owner of a virtual environment keeps the one in
 * it; everybody else, an own one.
 */
static int choose_place(const struct epc_ctx *ctx, const struct dir *d,
			const struct folder_places *places, unsigned flags,
			struct folder_place *ret_place)
{
	bool mine = d->owner == ctx->euid || (flags & EPC_REFRESH_NAMED);

	for (size_t i = 0; i < places->nr; i++) {
		const struct folder_place *p = &places->at[i];

		if (p->level == FOLDER_AT_SYSTEM && ctx->euid != 0 &&
		    ctx->root == ROOT_HOST)
			continue;
		if (p->level != FOLDER_GIVEN && ctx->euid == 0 && !mine)
			return -EPERM;
		if (p->level == FOLDER_AT_PREFIX && d->owner != ctx->euid)
			continue;

		ret_place->level = p->level;
		ret_place->path = strdup(p->path);
		return ret_place->path ? 0 : -ENOMEM;
	}
	return -ENOENT;
}

/* What a failure was about; without memory for its name, nothing is said. */
static void blame(struct epc_ctx *ctx, const char *path)
{
	free(ctx->trouble);
	ctx->trouble = strdup(path);
}

/* A directory that is gone still has a cache file to be removed. */
static void look_up_owner(const struct epc_ctx *ctx, struct dir *d)
{
	if (dir_open(ctx, d) < 0)
		d->owner = ctx->euid;
	if (d->fd >= 0)
		(void)close(take_fd(d->fd)); /* so that few descriptors are enough */
}

static int folder_prepare(struct epc_ctx *ctx, const char *dir, unsigned flags,
			  struct epc_folder *f)
{
	struct folder_env env = ctx_folder_env(ctx);
	auto_places struct folder_places places = { 0 };
	auto_dir struct dir d = DIR_INIT;
	/* What is named is root's to keep, whoever owns it: root need not touch it. */
	bool by_name = ctx->euid == 0 && (flags & EPC_REFRESH_NAMED);
	int r;

	r = ctx_key(ctx, dir, &d.key);
	if (r < 0)
		return r;
	if (!by_name)
		look_up_owner(ctx, &d);

	/* Nor is it root's to see whether it is in a virtual environment. */
	r = folder_places(&env, by_name ? "/" : d.key, &places);
	if (r == 0)
		r = choose_place(ctx, &d, &places, flags, &f->place);
	if (r == 0)
		r = folder_open(&f->place, &env, !(flags & EPC_REFRESH_DRY_RUN),
				&f->open);
	if (r < 0 && f->place.path)
		blame(ctx, f->place.path);
	return r;
}

static int folder_new(struct epc_ctx *ctx, const char *dir, unsigned flags,
		      struct epc_folder **ret_folder)
{
	struct epc_folder *f = calloc(1, sizeof *f);
	int r;

	if (!f)
		return -ENOMEM;

	f->open.fd = f->lock = -1;
	f->ctx = ctx;
	r = folder_prepare(ctx, dir, flags, f);
	if (r != 0) {
		epc_folder_free(f);
		return r;
	}

	*ret_folder = f;
	return 0;
}

int epc_folder_open(struct epc_ctx *ctx, const char *dir, unsigned flags,
		    struct epc_folder **ret_folder)
{
	free(take_ptr(ctx->trouble));
	return folder_new(ctx, dir, flags & (EPC_REFRESH_NAMED | EPC_REFRESH_DRY_RUN),
			  ret_folder);
}

int epc_folder_lock(struct epc_folder *f)
{
	int r = store_lock(f->open.fd, LOCK_WAIT_MS, &f->lock);

	if (r == -ETIMEDOUT)
		return EPC_BUSY;
	if (r < 0) {
		blame(f->ctx, f->place.path);
		return r;
	}

	/* Only now is every temporary file a dead writer's. */
	if (f->lock >= 0)
		(void)store_sweep(f->open.fd);
	return 0;
}

struct epc_folder *epc_folder_free(struct epc_folder *f)
{
	if (!f)
		return NULL;

	if (f->lock >= 0)
		(void)close(f->lock);
	if (f->open.fd >= 0)
		(void)close(f->open.fd);
	free(f->place.path);
	free(f);
	return NULL;
}

struct epc_str epc_folder_path(const struct epc_folder *f)
{
	struct span s = span_of(f->place.path);

	return (struct epc_str){ s.p, s.n };
}

bool epc_folder_is_private(const struct epc_folder *f)
{
	return f->open.is_private;
}

int epc_folder_read(struct epc_folder *f, const char *dir, struct epc_image **ret_image)
{
	static const enum epc_outcome outcomes[] = {
		[FOLDER_ABSENT] = EPC_ABSENT,
		[FOLDER_UNTRUSTED] = EPC_UNTRUSTED,
		[FOLDER_DAMAGED] = EPC_DAMAGED,
	};
	autofree char *key = NULL;
	const struct folder_reader who = { f->ctx->root, f->ctx->euid, f->ctx->euid,
					   NULL };
	struct folder_file file;
	int r;

	r = ctx_key(f->ctx, dir, &key);
	if (r < 0)
		return r;

	r = folder_read(f->place.path, span_of(key), &who, &file);
	if (r != FOLDER_OK)
		return r < 0 ? r : (int)outcomes[r];

	return image_new(span_of(key), file.bytes, file.n, ret_image);
}

int epc_folder_publish(struct epc_folder *f, const struct epc_image *image)
{
	mode_t mode = image->view.flags & FMT_PRIVATE ? FOLDER_PRIVATE_MODE
						      : FOLDER_FILE_MODE;
	int r = folder_publish(f->open.fd, image->view.path, image->bytes, image->n,
			       mode);

	return r > 0 ? EPC_UNCHANGED : r;
}

int epc_folder_remove(struct epc_folder *f, const char *dir)
{
	autofree char *key = NULL;
	int r;

	r = ctx_key(f->ctx, dir, &key);
	if (r < 0)
		return r;

	return folder_unlink(f->open.fd, span_of(key));
}

/* --- reading the directory --------------------------------------------------- */

struct epc_site {
	struct epc_ctx *ctx;   /* borrowed; must outlive the site */
	struct dir dir;        /* owned, open */
	struct fresh_fs fs;    /* of the directory */
	struct fresh_seen now; /* of the opening; zeros where one look is enough */
};

int epc_site_open(struct epc_ctx *ctx, const char *dir, struct epc_site **ret_site)
{
	struct epc_site *site = calloc(1, sizeof *site);
	int r;

	if (!site)
		return -ENOMEM;

	site->ctx = ctx;
	site->dir = DIR_INIT;
	r = ctx_key(ctx, dir, &site->dir.key);
	if (r == 0)
		r = dir_open(ctx, &site->dir);
	if (r < 0) {
		epc_site_free(site);
		return r == -ENOENT || r == -ENOTDIR ? EPC_NO_DIR : r;
	}

	/* Only stamps of another clock are seen twice before they are believed. */
	site->fs = stamp_fs_below(site->dir.fd);
	if (site->fs.remote)
		site->now = stamp_seen();
	*ret_site = site;
	return 0;
}

struct epc_site *epc_site_free(struct epc_site *site)
{
	if (!site)
		return NULL;

	dir_release(&site->dir);
	free(site);
	return NULL;
}

int epc_site_fd(const struct epc_site *site)
{
	return site->dir.fd;
}

uid_t epc_site_owner(const struct epc_site *site)
{
	return site->dir.owner;
}

static uint32_t image_flags(unsigned flags)
{
	return (flags & EPC_REFRESH_FAST_OK ? FMT_FAST_ALLOWED : 0u) |
	       (flags & EPC_REFRESH_TRUSTED ? FMT_TRUSTED : 0u) |
	       (flags & EPC_REFRESH_PRIVATE ? FMT_PRIVATE : 0u);
}

bool epc_image_is_as_asked(const struct epc_image *image, unsigned flags)
{
	return image->view.flags == image_flags(flags);
}

static struct build_opts build_opts_for(const struct epc_site *site,
					const struct epc_image *old, unsigned flags)
{
	const struct epc_ctx *ctx = site->ctx;
	bool blank = flags & EPC_REFRESH_REPRODUCIBLE;

	return (struct build_opts){
		.blank = blank,
		.scan = {
			.in_egg = name_is_egg(span_of(site->dir.key)),
			.confined = true,
			.public_only = !(flags & EPC_REFRESH_PRIVATE),
			.beneath = (flags & EPC_REFRESH_BENEATH) != 0,
			.keeper = ctx->euid,
			.sorted = blank,
			.settle = !blank,
			.trusted = (flags & EPC_REFRESH_TRUSTED) != 0,
			.has_fs = true,
			.fs = site->fs,
			.root = ctx->root,
			.path = ctx->root == ROOT_HOST ? NULL : site->dir.key,
		},
		.flags = image_flags(flags),
		.old = old ? &old->view : NULL,
		.now = site->now,
	};
}

/* Is what was published last all that a new scan could give? */
static bool is_current(const struct epc_site *site, const struct view *old,
		       const struct build_opts *opts)
{
	autofree char *amended = NULL;
	struct check_report report;
	size_t n;

	return old->flags == opts->flags &&
	       check_strict(old, site->dir.fd, &opts->scan, &amended, &n, &report) ==
		       CHECK_FRESH &&
	       !report.unsettled;
}

int epc_image_is_current(struct epc_site *site, const struct epc_image *image,
			 unsigned flags)
{
	struct build_opts opts = build_opts_for(site, image, flags);

	return is_current(site, &image->view, &opts) ? EPC_UNCHANGED : EPC_STALE;
}

int epc_image_build(struct epc_site *site, const struct epc_image *old, unsigned flags,
		    struct epc_image **ret_image)
{
	struct build_opts opts = build_opts_for(site, old, flags);
	char *bytes;
	size_t n;
	int r;

	if (old && !(flags & (EPC_REFRESH_FORCE | EPC_REFRESH_REPRODUCIBLE)) &&
	    is_current(site, &old->view, &opts))
		return EPC_UNCHANGED;

	r = build_bytes(site->dir.fd, span_of(site->dir.key), &opts, &bytes, &n);
	if (r < 0)
		return r;

	return image_own(bytes, n, ret_image);
}

/* --- all of it --------------------------------------------------------------- */

/* One refresh; released as a whole. */
struct job {
	struct epc_ctx *ctx;
	const char *dir;
	unsigned flags;
	struct epc_folder *folder;
	struct epc_image *old, *image;
};

static void job_release(struct job *j)
{
	epc_image_free(j->old);
	epc_image_free(j->image);
	epc_folder_free(j->folder);
}

/* A damaged or foreign old file counts as none. */
static int job_read(struct job *j)
{
	int r;

	j->old = epc_image_free(j->old);
	r = epc_folder_read(j->folder, j->dir, &j->old);
	return r == -ENOMEM ? r : 0;
}

/* Without the lock: most refreshes find nothing to do, and need not wait for others. */
static bool job_is_done(struct job *j)
{
	struct epc_site *site;
	bool is_done;

	if ((j->flags & EPC_REFRESH_FORCE) || !j->old ||
	    epc_site_open(j->ctx, j->dir, &site) != 0)
		return false;

	is_done = epc_image_is_current(site, j->old, j->flags) == EPC_UNCHANGED;
	epc_site_free(site);
	return is_done;
}

static int job_build(struct job *j)
{
	struct epc_site *site;
	int r;

	r = epc_site_open(j->ctx, j->dir, &site);
	if (r != 0)
		return r;

	r = epc_image_build(site, j->old, j->flags, &j->image);
	epc_site_free(site);
	return r;
}

static int job_run(struct job *j)
{
	int r;

	r = epc_folder_lock(j->folder);
	if (r == 0)
		r = job_read(j);
	if (r == 0)
		r = job_build(j);
	if (r == 0)
		return epc_folder_publish(j->folder, j->image);
	/* Readers must not get the old answer: without a file they read live. */
	if (r != EPC_UNCHANGED && r != EPC_BUSY)
		(void)epc_folder_remove(j->folder, j->dir);
	return r;
}

/* What would become of the file, with nothing made and nothing locked. */
static int job_try(struct job *j)
{
	struct epc_str bytes;
	int r;

	r = job_build(j);
	if (r != 0 || !j->old)
		return r;

	bytes = epc_image_bytes(j->image);
	return bytes.len == j->old->n && memcmp(bytes.data, j->old->bytes, bytes.len) == 0
		       ? EPC_UNCHANGED
		       : 0;
}

int epc_refresh(struct epc_ctx *ctx, const char *dir, unsigned flags,
		struct epc_refreshed *ret)
{
	AUTO(job_release) struct job j = { .ctx = ctx, .dir = dir, .flags = flags };
	int r;

	free(take_ptr(ctx->trouble));

	r = folder_new(ctx, dir, flags, &j.folder);
	if (r < 0)
		return r;

	if (epc_folder_is_private(j.folder))
		j.flags |= EPC_REFRESH_PRIVATE;
	r = job_read(&j);
	if (r < 0)
		return r;

	if (job_is_done(&j))
		r = EPC_UNCHANGED;
	else
		r = flags & EPC_REFRESH_DRY_RUN ? job_try(&j) : job_run(&j);
	if (ret && (j.image || j.old))
		epc_image_counts(j.image ? j.image : j.old, ret);
	return r;
}
