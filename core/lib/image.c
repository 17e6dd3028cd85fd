/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "ctx.h"
#include "scan.h"
#include "why.h"

struct epc_image *epc_image_free(struct epc_image *image)
{
	if (!image)
		return NULL;

	free(image->path);
	free(image->bytes);
	free(image);
	return NULL;
}

static int image_outcome(int r)
{
	if (r == -ENOMEM)
		return r;
	return r == -EPROTONOSUPPORT ? EPC_NEWER : EPC_DAMAGED;
}

/* In a cache file there is no NUL after the path, as there is in an epc_str. */
static int copy_path(struct epc_image *image)
{
	struct span path = image->view.path;

	image->path = malloc(path.n + 1);
	if (!image->path)
		return -ENOMEM;

	memcpy(image->path, path.p, path.n);
	image->path[path.n] = '\0';
	return 0;
}

/* Takes the bytes; a negative @r is why there is no view of them. */
static int image_of(char *bytes, size_t n, const struct view *view, int r,
		    struct epc_image **ret_image)
{
	struct epc_image *image = r < 0 ? NULL : malloc(sizeof *image);

	if (!image) {
		free(bytes);
		return r < 0 ? image_outcome(r) : -ENOMEM;
	}

	*image = (struct epc_image){ .bytes = bytes, .n = n, .view = *view };
	if (copy_path(image) < 0) {
		epc_image_free(image);
		return -ENOMEM;
	}
	*ret_image = image;
	return 0;
}

int image_new(struct span key, char *bytes, size_t n, struct epc_image **ret_image)
{
	struct view view;
	int r = view_init(&view, bytes, n);

	if (r == 0 && key.p && !span_eq(view.path, key))
		r = -EBADMSG;
	return image_of(bytes, n, &view, r, ret_image);
}

int image_own(char *bytes, size_t n, struct epc_image **ret_image)
{
	struct view view;

	view_own(&view, bytes, n);
	return image_of(bytes, n, &view, 0, ret_image);
}

int epc_image_from_bytes(struct epc_ctx *ctx, const char *dir, const void *bytes,
			 size_t n, struct epc_image **ret_image)
{
	struct epc_image *image;
	autofree char *key = NULL;
	char *copy;
	int r;

	r = ctx_key(ctx, dir, &key);
	if (r < 0)
		return r;

	copy = malloc(n + 1);
	if (!copy)
		return -ENOMEM;

	memcpy(copy, bytes, n);
	copy[n] = '\0';
	r = image_new(span_of(key), copy, n, &image);
	if (r != 0)
		return r;

	r = view_is_packed(&image->view, n) ? view_check_order(&image->view) : -EBADMSG;
	if (r < 0) {
		epc_image_free(image);
		return r == -ENOMEM ? r : EPC_DAMAGED;
	}
	*ret_image = image;
	return 0;
}

struct epc_str epc_image_bytes(const struct epc_image *image)
{
	return (struct epc_str){ image->bytes, image->n };
}

void epc_image_counts(const struct epc_image *image, struct epc_refreshed *ret)
{
	const struct view *v = &image->view;

	*ret = (struct epc_refreshed){
		.nr_dists = v->nr_dists,
		.nr_entries = v->nr_entries,
		.bytes = image->n,
		.settled = view_is_settled(v),
	};

	for (uint32_t k = 0; k < v->nr_odd; k++) {
		struct view_dist d = view_dist(v, view_odd(v, k));

		ret->nr_opaque += d.state == SCAN_BROKEN || d.bad_line;
		ret->nr_private += d.state == SCAN_PRIVATE || d.state == SCAN_LARGE;
	}
}

/* --- looking into them -------------------------------------------------------- */

static int read_whole(int fd, char **ret_bytes, size_t *ret_n)
{
	autofree char *bytes = NULL;
	struct stat st;
	size_t n = 0;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size > FMT_SIZE_MAX)
		return EPC_DAMAGED;

	bytes = malloc((size_t)st.st_size + 1);
	if (!bytes)
		return -ENOMEM;

	while (n < (size_t)st.st_size) {
		ssize_t got = read(fd, bytes + n, (size_t)st.st_size - n);

		if (got < 0 && errno != EINTR)
			return -errno;
		if (got == 0)
			return EPC_DAMAGED;
		n += got > 0 ? (size_t)got : 0;
	}
	bytes[n] = '\0';
	*ret_bytes = take_ptr(bytes);
	*ret_n = n;
	return 0;
}

int epc_image_from_file(const struct epc_ctx *ctx, const char *path,
			struct epc_image **ret_image)
{
	autoclose int fd = root_open(ctx->root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	char *bytes = NULL;
	size_t n = 0;
	int r;

	if (fd < 0)
		return fd;

	r = read_whole(fd, &bytes, &n);
	return r ? r : image_new(span_of(NULL), bytes, n, ret_image);
}

static struct epc_str str_of(struct span s)
{
	return (struct epc_str){ s.p, s.n };
}

static struct epc_token token_of(const struct token *t, bool settled)
{
	return (struct epc_token){ t->ino,      t->size, t->mtime_ns, t->ctime_ns,
				   t->btime_ns, t->type, settled };
}

struct epc_str epc_image_path(const struct epc_image *image)
{
	return (struct epc_str){ image->path, image->view.path.n };
}

bool epc_image_fast_allowed(const struct epc_image *image)
{
	return image->view.flags & FMT_FAST_ALLOWED;
}

void epc_image_token(const struct epc_image *image, struct epc_token *ret)
{
	struct token token;
	bool settled = view_dir_token(&image->view, &token) == FMT_SETTLED;

	*ret = token_of(&token, settled);
}

const struct epc_dist *epc_image_next_dist(struct epc_image *image)
{
	if (image->next == image->view.nr_dists)
		return NULL;

	image->dist = (struct epc_dist){
		.view = &image->view,
		.d = view_dist(&image->view, image->next++),
	};
	return &image->dist;
}

void epc_image_rewind(struct epc_image *image)
{
	image->next = 0;
}

struct epc_str epc_dist_folder(const struct epc_dist *d)
{
	return str_of(d->d.folder);
}

struct epc_str epc_dist_normalized_name(const struct epc_dist *d)
{
	return str_of(d->d.norm);
}

struct epc_str epc_dist_name(const struct epc_dist *d)
{
	return str_of(d->d.name);
}

struct epc_str epc_dist_version(const struct epc_dist *d)
{
	return str_of(d->d.version);
}

/* A name out of a table that a newer writer may have outgrown. */
static const char *name_at(const char *const *names, size_t nr, unsigned i)
{
	return i < nr ? names[i] : "unknown";
}

#define NAME_AT(names, i) name_at(names, sizeof(names) / sizeof(names)[0], i)

const char *epc_dist_kind(const struct epc_dist *d)
{
	static const char *const names[] = {
		[NAME_OTHER] = "unknown",
		[NAME_DIST_INFO] = "dist-info",
		[NAME_EGG_INFO] = "egg-info",
		[NAME_EGG] = "egg",
	};

	return NAME_AT(names, d->d.kind);
}

const char *epc_dist_state(const struct epc_dist *d)
{
	static const char *const names[] = {
		[SCAN_ABSENT] = "absent",   [SCAN_TEXT] = "text",
		[SCAN_PRIVATE] = "private", [SCAN_LARGE] = "too large",
		[SCAN_BROKEN] = "broken",
	};

	return NAME_AT(names, d->d.state);
}

const char *epc_dist_why(const struct epc_dist *d)
{
	return why_raises(&d->d) ? why_reason(&d->d) : NULL;
}

unsigned epc_dist_line(const struct epc_dist *d)
{
	return d->d.bad_line;
}

bool epc_dist_is_named(const struct epc_dist *d, const char *name)
{
	char norm[NAME_NORM_MAX];
	long n = name_normalize(span_of(name), norm, sizeof norm);

	return n >= 0 && span_eq(d->d.norm, (struct span){ norm, (size_t)n });
}

bool epc_dist_wins(const struct epc_dist *d)
{
	return d->d.flags & FMT_WINS;
}

bool epc_dist_rejected_315(const struct epc_dist *d)
{
	return d->d.flags & FMT_REJECTED_315;
}

int epc_dist_token(const struct epc_dist *d, struct epc_token *ret)
{
	struct token token;
	bool settled;

	if (d->d.text == FMT_NONE)
		return EPC_ABSENT;

	settled = view_text_token(d->view, d->d.text, &token);
	*ret = token_of(&token, settled && !d->doubted);
	return 0;
}

size_t epc_dist_nr_entries(const struct epc_dist *d)
{
	return d->d.nr_entries;
}

void epc_dist_entry(const struct epc_dist *d, size_t i, struct epc_str *ret_group,
		    struct epc_str *ret_name, struct epc_str *ret_value)
{
	struct view_entry e = view_entry(d->view, d->d.first_entry + (uint32_t)i);

	*ret_group = str_of(e.group);
	*ret_name = str_of(e.name);
	*ret_value = str_of(e.value);
}
