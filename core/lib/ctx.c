/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctx.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "path.h"
#include "watch.h"

const char *epc_version(void)
{
	return VERSION;
}

/* Copy an environment variable; unset and empty are the same. */
static int copy_env(const char *name, char **ret_copy)
{
	const char *value = secure_getenv(name);

	if (!value || !*value)
		return 0;

	*ret_copy = strdup(value);
	return *ret_copy ? 0 : -ENOMEM;
}

/* Root believes nobody's environment, but may always be told to be careful. */
static enum epc_check check_from_env(uid_t euid)
{
	const char *value = secure_getenv("EPCACHE");

	if (!value)
		return EPC_CHECK_AUTO;
	if (strcmp(value, "0") == 0 || strcmp(value, "live") == 0)
		return EPC_CHECK_LIVE;
	if (strcmp(value, "strict") == 0)
		return EPC_CHECK_STRICT;
	if (strcmp(value, "fast") == 0 && euid != 0)
		return EPC_CHECK_FAST;

	return EPC_CHECK_AUTO;
}

static int ctx_from_env(struct epc_ctx *ctx)
{
	int r;

	ctx->euid = geteuid();
	ctx->check = check_from_env(ctx->euid);
	if (ctx->euid == 0)
		return 0;

	r = copy_env("EPCACHE_DIR", &ctx->given);
	if (r == 0)
		r = copy_env("XDG_CACHE_HOME", &ctx->cache_home);
	if (r == 0)
		r = copy_env("XDG_RUNTIME_DIR", &ctx->runtime);
	if (r == 0)
		r = copy_env("HOME", &ctx->home);
	return r;
}

int epc_ctx_new(struct epc_ctx **ret_ctx)
{
	struct epc_ctx *ctx = calloc(1, sizeof *ctx);

	if (!ctx)
		return -ENOMEM;

	ctx->root = ROOT_HOST;
	ctx->recent = recent_new();
	if (!ctx->recent || ctx_from_env(ctx) < 0) {
		epc_ctx_free(ctx);
		return -ENOMEM;
	}

	*ret_ctx = ctx;
	return 0;
}

struct epc_ctx *epc_ctx_free(struct epc_ctx *ctx)
{
	if (!ctx)
		return NULL;

	if (ctx->root >= 0)
		(void)close(ctx->root);
	free(ctx->given);
	free(ctx->cache_home);
	free(ctx->runtime);
	free(ctx->home);
	free(ctx->trouble);
	recent_free(ctx->recent);
	free(ctx);
	return NULL;
}

int epc_ctx_set_cache_dir(struct epc_ctx *ctx, const char *dir)
{
	char *copy = NULL;

	if (dir) {
		copy = strdup(dir);
		if (!copy)
			return -ENOMEM;
	}

	free(ctx->given);
	ctx->given = copy;
	return 0;
}

int epc_ctx_set_root(struct epc_ctx *ctx, const char *dir)
{
	int fd = ROOT_HOST;

	if (dir) {
		fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			return -errno;
	}

	if (ctx->root >= 0)
		(void)close(ctx->root);
	ctx->root = fd;
	return 0;
}

void epc_ctx_set_watch(struct epc_ctx *ctx, struct epc_watch *watch)
{
	ctx->watch = watch;
}

/* Is it the path of a directory, or one beneath it? */
static bool is_beneath(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

int ctx_look(const struct epc_ctx *ctx, const char *path)
{
	struct epc_watch *w = ctx->watch;

	if (!w)
		return 0;
	for (size_t i = 0; i < w->nr_silent && i < WATCH_MAX; i++)
		if (is_beneath(path, w->silent[i]))
			return -ETIMEDOUT;

	(void)snprintf(w->at, sizeof w->at, "%s", path);
	return 0;
}

int epc_ctx_open(const struct epc_ctx *ctx, const char *path, int flags)
{
	int r = ctx_look(ctx, path);

	return r < 0 ? r : root_open(ctx->root, path, flags);
}

int epc_ctx_root_fd(const struct epc_ctx *ctx)
{
	return ctx->root;
}

void epc_ctx_set_caches_only(struct epc_ctx *ctx, bool caches_only)
{
	ctx->caches_only = caches_only;
}

void epc_ctx_set_check(struct epc_ctx *ctx, enum epc_check check)
{
	ctx->check = check;
}

struct epc_str epc_ctx_trouble(const struct epc_ctx *ctx)
{
	return (struct epc_str){ ctx->trouble, ctx->trouble ? strlen(ctx->trouble) : 0 };
}

struct folder_env ctx_folder_env(const struct epc_ctx *ctx)
{
	return (struct folder_env){
		.given = ctx->given,
		.cache_home = ctx->cache_home,
		.runtime = ctx->runtime,
		.home = ctx->home,
		.euid = ctx->euid,
		.root = ctx->root,
	};
}

int ctx_key(const struct epc_ctx *ctx, const char *entry, char **ret_key)
{
	char cwd[PATH_MAX] = "/";

	if (entry[0] != '/' && ctx->root == ROOT_HOST && !getcwd(cwd, sizeof cwd))
		return -errno;

	return path_key(cwd, span_of(entry), ret_key);
}
