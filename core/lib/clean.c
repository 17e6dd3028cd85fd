/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* clean.c - remove cache files that are of no use any more. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "ctx.h"
#include "store.h"

#define LOCK_WAIT_MS 10000

/* One file that went, or would go. */
struct gone {
	char *path; /* owned */
	const char *why;
};

struct epc_cleaned {
	char *folder;      /* owned */
	struct gone *gone; /* owned */
	size_t nr, next;
};

struct epc_cleaned *epc_cleaned_free(struct epc_cleaned *cleaned)
{
	if (!cleaned)
		return NULL;

	for (size_t i = 0; i < cleaned->nr; i++)
		free(cleaned->gone[i].path);
	free(cleaned->gone);
	free(cleaned->folder);
	free(cleaned);
	return NULL;
}

struct epc_str epc_cleaned_folder(const struct epc_cleaned *cleaned)
{
	return (struct epc_str){ cleaned->folder, strlen(cleaned->folder) };
}

int epc_cleaned_next(struct epc_cleaned *cleaned, struct epc_str *ret_path,
		     const char **ret_why)
{
	const struct gone *g;

	if (cleaned->next == cleaned->nr)
		return 0;

	g = &cleaned->gone[cleaned->next++];
	*ret_path = (struct epc_str){ g->path, strlen(g->path) };
	*ret_why = g->why;
	return 1;
}

/* A cache folder that is being cleaned. */
struct job {
	const struct epc_ctx *ctx;
	int fd; /* borrowed; the folder */
	unsigned flags;
	struct epc_cleaned *cleaned;
	bool no_memory;
};

static int remove_one(struct job *j, const char *name, const char *why)
{
	struct gone *more;
	char *path;

	if (!(j->flags & EPC_REFRESH_DRY_RUN) && unlinkat(j->fd, name, 0) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (asprintf(&path, "%s/%s", j->cleaned->folder, name) < 0)
		return -ENOMEM;

	more = reallocarray(j->cleaned->gone, j->cleaned->nr + 1, sizeof *more);
	if (!more) {
		free(path);
		return -ENOMEM;
	}
	j->cleaned->gone = more;
	more[j->cleaned->nr++] = (struct gone){ path, why };
	return 0;
}

/* NULL when the directory that a file describes is there, or may be. */
static const char *why_gone(struct job *j, struct span path)
{
	autofree char *key = strndup(path.p, path.n);
	autoclose int fd = key ? epc_ctx_open(j->ctx, key, O_PATH | O_DIRECTORY)
			       : -ENOMEM;

	j->no_memory |= !key;
	return fd == -ENOENT || fd == -ENOTDIR ? "its directory is gone" : NULL;
}

/* Readers know a file by its name alone. */
static bool is_found(const char *name, struct span path)
{
	char wanted[PATH_FILE_MAX + 1];

	path_file(path, wanted);
	return strcmp(name, wanted) == 0;
}

static const char *why_useless(struct job *j, const char *name)
{
	autoclose int fd = openat(j->fd, name,
				  O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	autofree char *bytes = NULL;
	struct stat st;
	struct view v;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	if (!S_ISREG(st.st_mode) || st.st_size > FMT_SIZE_MAX)
		return NULL;

	bytes = malloc((size_t)st.st_size + 1);
	j->no_memory |= !bytes;
	if (!bytes || read(fd, bytes, (size_t)st.st_size) != st.st_size)
		return NULL;

	/* Somebody's own file may end in the same letters. */
	if (!span_eq((struct span){ bytes, st.st_size < 8 ? 0 : 8 },
		     (struct span){ FMT_MAGIC, 8 }))
		return NULL;

	r = view_init(&v, bytes, (size_t)st.st_size);
	if (r == -EPROTONOSUPPORT)
		return NULL;
	if (r < 0)
		return "it is damaged";
	return is_found(name, v.path) ? why_gone(j, v.path)
				      : "its name is not that of its directory";
}

static int clean_name(struct job *j, const char *name)
{
	const char *why = NULL;

	if (store_is_tmp(name))
		why = "a killed writer left it";
	else if (span_ends(span_of(name), span_of(FMT_SUFFIX)))
		why = why_useless(j, name);

	if (j->no_memory)
		return -ENOMEM;
	return why ? remove_one(j, name, why) : 0;
}

static void dir_close(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

static int clean_all(struct job *j)
{
	autoclose int fd = openat(j->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO(dir_close) DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d)
		return -errno;

	(void)take_fd(fd); /* now the stream's */
	while ((errno = 0, e = readdir(d))) {
		int r = clean_name(j, e->d_name);

		if (r < 0)
			return r;
	}
	return -errno;
}

/* The folder that this caller writes to for directories of no special sort. */
static const struct folder_place *own_place(const struct epc_ctx *ctx,
					    const struct folder_places *places)
{
	for (size_t i = 0; i < places->nr; i++)
		if (places->at[i].level == FOLDER_GIVEN ||
		    (places->at[i].level == FOLDER_AT_SYSTEM) ==
			    (ctx->euid == 0 || ctx->root != ROOT_HOST))
			return &places->at[i];
	return NULL;
}

static int clean_locked(struct job *j)
{
	autoclose int lock = -1;
	int r;

	if (j->flags & EPC_REFRESH_DRY_RUN)
		return clean_all(j);

	r = store_lock(j->fd, LOCK_WAIT_MS, &lock);
	if (r < 0)
		return r == -ETIMEDOUT ? EPC_BUSY : r;

	return clean_all(j);
}

/* Clean one folder; 0, an outcome, or a negative errno. */
static int clean_place(const struct epc_ctx *ctx, const struct folder_place *place,
		       unsigned flags, struct epc_cleaned *cleaned)
{
	struct folder_env env = ctx_folder_env(ctx);
	struct folder folder;
	autoclose int fd = -1;
	struct job j;
	int r;

	r = folder_open(place, &env, false, &folder);
	if (r < 0)
		return r;

	fd = folder.fd;
	if (fd < 0)
		return EPC_ABSENT;

	j = (struct job){ ctx, fd, flags, cleaned, false };
	return clean_locked(&j);
}

int epc_clean(struct epc_ctx *ctx, unsigned flags, struct epc_cleaned **ret_cleaned)
{
	struct folder_env env = ctx_folder_env(ctx);
	auto_places struct folder_places places = { 0 };
	const struct folder_place *place;
	struct epc_cleaned *cleaned;
	int r;

	free(take_ptr(ctx->trouble));
	r = folder_places(&env, "/", &places);
	if (r < 0)
		return r;

	place = own_place(ctx, &places);
	if (!place)
		return EPC_ABSENT;

	cleaned = calloc(1, sizeof *cleaned);
	if (cleaned)
		cleaned->folder = strdup(place->path);
	if (!cleaned || !cleaned->folder) {
		epc_cleaned_free(cleaned);
		return -ENOMEM;
	}

	r = clean_place(ctx, place, flags, cleaned);
	if (r == 0) {
		*ret_cleaned = cleaned;
		return 0;
	}
	ctx->trouble = take_ptr(cleaned->folder);
	epc_cleaned_free(cleaned);
	return r;
}
