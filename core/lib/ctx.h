/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ctx.h - what the files behind epcache.h share.
 *
 * ctx.c holds the settings, dir.c makes a view of one sys.path entry, answer.c
 * merges those, refresh.c writes.
 *
 * Used by: ctx.c, dir.c, answer.c, refresh.c.  Uses: epcache.h and all of the library.
 */
#ifndef EPC_CTX_H
#define EPC_CTX_H

#include <sys/types.h>

#include "auto.h"
#include "build.h"
#include "epcache.h"
#include "folder.h"
#include "recent.h"
#include "root.h"
#include "view.h"

struct epc_ctx {
	char *given;      /* owned; the only cache folder, or NULL */
	char *cache_home; /* owned; $XDG_CACHE_HOME, or NULL */
	char *runtime;    /* owned; $XDG_RUNTIME_DIR, or NULL */
	char *home;       /* owned; $HOME, or NULL */
	uid_t euid;
	int root; /* owned; of the system that is looked at, or ROOT_HOST */
	enum epc_check check;
	bool caches_only;        /* epc_query() is not to read a directory itself */
	char *trouble;           /* owned; what the last failure was about, or NULL */
	struct recent *recent;   /* owned */
	struct epc_watch *watch; /* borrowed; NULL: nobody watches */
};

/* ctx_folder_env - what folder.h wants to know; borrows from the context. */
struct folder_env ctx_folder_env(const struct epc_ctx *ctx);

/*
 * ctx_key - the key of a sys.path entry, see path_key()
 *
 * A relative one starts from the working directory, or from another root's top.
 */
must_check int ctx_key(const struct epc_ctx *ctx, const char *entry, char **ret_key);

/* A sys.path entry, ready to be looked up. */
struct dir {
	char *key;         /* owned */
	const char *entry; /* borrowed while loading; as given, or NULL */
	int fd;            /* owned while loading; -1 */
	uid_t owner;
	bool in_egg;
	enum epc_source source;
	enum epc_outcome bypass; /* of the first cache file that was passed over */
	const char *why;         /* static text with it, or NULL */
	char *cache_file;        /* owned; the one used or passed over first, or NULL */
	struct epc_cache_info info; /* of that file */
	bool has_info;              /* it could be read */
	struct fresh_fs fs;         /* of the mount; set with .info */
	struct held *held;          /* a reference; or NULL: nothing is known of it */
	const char
		*unread; /* constant: why it was not read though it is there, or NULL */
};

/*
 * dir_load - the view of one sys.path entry: from a cache, or else live
 *
 * Returns 0, -ENOMEM, -EMFILE, -ENFILE or -ECANCELED: like for importlib.metadata, what cannot be
 * listed has no distributions.
 */
must_check int dir_load(const struct epc_ctx *ctx, const char *entry,
			struct dir *ret_dir);
void dir_release(struct dir *d);

/* dir_live_opts - how a reader looks at a directory: with its own rights, following links. */
struct scan_opts dir_live_opts(const struct epc_ctx *ctx, const struct dir *d);

/*
 * dir_read_cache - the bytes of the first cache file there is, whether or not it is fresh
 *
 * Returns 0 with bytes that view_init() accepts and that describe the directory; an
 * enum epc_outcome; or a negative errno.
 */
must_check int dir_read_cache(const struct epc_ctx *ctx, const struct dir *d,
			      char **ret_bytes, size_t *ret_n);

/* dir_open - open a directory for listing; sets .fd and .owner; 0 or a negative errno. */
must_check int dir_open(const struct epc_ctx *ctx, struct dir *d);

/* What a look at one distribution gives out. */
struct epc_dist {
	const struct view *view; /* borrowed */
	struct view_dist d;
	bool doubted; /* on its mount, no settled token decides */
};

#define DIR_INIT ((struct dir){ .fd = -1 })
#define auto_dir AUTO(dir_release)

#endif
