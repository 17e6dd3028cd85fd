/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * folder.h - cache folders: where they are, whom to believe, reading, publishing.
 *
 * The order of DESIGN: an explicit folder is the only one; else the system's,
 * the virtual environment's, the user's.
 *
 *     r = folder_open(&place, &env, true, &folder);     to write: one's own, made
 *     r = store_lock(folder.fd, 5000, &lock);
 *     r = folder_publish(folder.fd, key, bytes, n);
 *
 * Used by: ctx.c, dir.c, output.c, recent.c, refresh.c.
 * Uses: fresh.h, path.h, root.h, store.h, stamp.h.
 */
#ifndef EPC_FOLDER_H
#define EPC_FOLDER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "auto.h"
#include "format.h"
#include "fresh.h"
#include "path.h"
#include "root.h"

#define FOLDER_SYSTEM "/var/cache/epcache"
#define FOLDER_PREFIX "/var/cache/epcache" /* below the prefix of a virtual environment */
#define FOLDER_USER "epcache"              /* below XDG_CACHE_HOME */
#define FOLDER_FILE_MAX FMT_SIZE_MAX
#define FOLDER_FILE_MODE 0644    /* of files for everybody */
#define FOLDER_PRIVATE_MODE 0600 /* of files that hold what others may not read */
#define FOLDER_PLACES 3

enum folder_level { FOLDER_GIVEN, FOLDER_AT_SYSTEM, FOLDER_AT_PREFIX, FOLDER_AT_USER };

/* One place where the cache file of a directory may be. */
struct folder_place {
	char *path; /* owned */
	enum folder_level level;
};

/* The places for one directory, in look-up order. */
struct folder_places {
	struct folder_place at[FOLDER_PLACES];
	size_t nr;
};

/* What the process says about its caches; strings are borrowed. */
struct folder_env {
	const char *given;      /* the only folder, or NULL */
	const char *cache_home; /* $XDG_CACHE_HOME, or NULL */
	const char *runtime;    /* $XDG_RUNTIME_DIR, or NULL */
	const char *home;       /* $HOME, or NULL */
	uid_t euid;
	int root; /* borrowed; of the system that is looked at, or ROOT_HOST */
};

/*
 * folder_places - where the cache file of a directory is looked for
 * @key:  the directory
 *
 * The prefix's place is there for .../lib/python3.11/site-packages and the like
 * (lib64, python3.13t) below a prefix with a pyvenv.cfg.  A user's cache on a network
 * file system gives way to the runtime folder.  Relative values of the environment
 * are ignored; with euid 0 there is no user's place.  Returns 0 or -ENOMEM.
 */
must_check int folder_places(const struct folder_env *env, const char *key,
			     struct folder_places *ret_places);
void folder_places_release(struct folder_places *p);
#define auto_places AUTO(folder_places_release)

/* Of folder_read(). */
enum folder_outcome {
	FOLDER_OK = 0,
	FOLDER_ABSENT = 1,    /* no file, or no right to read it */
	FOLDER_UNTRUSTED = 2, /* its owner, mode, links or folder forbid to believe it */
	FOLDER_DAMAGED = 3,   /* not a regular file, too large, or cut while being read */
	FOLDER_KNOWN = 4, /* may be believed, and is as the reader knows it: not read */
};

/* One state of a cache file. */
struct folder_id {
	uint64_t dev;
	struct token token; /* without btime */
	bool settled;       /* no later change can leave the rest as it is */
};

/* Who reads, and whose word counts for the directory in question. */
struct folder_reader {
	int root; /* borrowed; or ROOT_HOST */
	uid_t euid;
	uid_t dir_owner; /* owner of the directory that the file describes */
	const struct folder_id
		*known; /* borrowed; of bytes that the reader has, settled; or NULL */
};

/* A file that was read. */
struct folder_file {
	char *bytes;      /* on FOLDER_OK, malloc'ed, the caller's */
	size_t n;         /* bytes */
	int64_t mtime_ns; /* of the file: when it was published */
	struct folder_id id;
	const char *why; /* constant, on FOLDER_UNTRUSTED and _DAMAGED: "is too large" */
};

/*
 * folder_read - read the cache file of a directory, if it may be believed
 * @place:  path of the cache folder
 * @key:    the directory
 *
 * Believed: folder and file owned by root, by the reader or by the directory's owner
 * (with euid 0: by root only), not writable by group or others; the file regular,
 * with one link.  Opened without following a link in the last component, and
 * without blocking.
 * Returns an enum folder_outcome, or -ENOMEM, -EIO and the like.
 */
must_check int folder_read(const char *place, struct span key,
			   const struct folder_reader *who, struct folder_file *ret_file);

/* folder_read_named - the same for a file that has a name of its own. */
must_check int folder_read_named(const char *place, const char *name,
				 const struct folder_reader *who,
				 struct folder_file *ret_file);

/* A cache folder, open for writing. */
struct folder {
	int fd;          /* owned by who opened it; -1: not there, and not made */
	bool is_private; /* nobody else can look into it (mode & 077 == 0) */
};

/*
 * folder_open - open a cache folder for writing
 * @place:  from folder_places()
 * @env:    of the writer
 * @make:   make it where it is missing; else that is no error, and there is no fd
 *
 * A user's folder is made 0700, the system's 0755 whatever the umask says, others 0755
 * less the umask, with missing parents, which root makes only in folders of its own.  Returns 0;
 * -EPERM when the folder, or the prefix it belongs to, is not the writer's own,
 * or when others may write to the folder; or a negative errno.
 */
must_check int folder_open(const struct folder_place *place, const struct folder_env *env,
			   bool make, struct folder *ret_folder);

/* Of folder_publish(). */
enum folder_published { FOLDER_WRITTEN = 0, FOLDER_SAME = 1 };

/*
 * folder_publish - make these bytes the cache file of a directory
 * @fd:     from folder_open(), locked
 * @key:    the directory
 * @bytes:  the whole file
 * @n:      bytes, at most FOLDER_FILE_MAX
 * @mode:   FOLDER_FILE_MODE or FOLDER_PRIVATE_MODE
 *
 * Returns FOLDER_WRITTEN; FOLDER_SAME when the file held them already, in a way that
 * readers believe, and nothing was written; or a negative errno, and then the old
 * file is removed, so that readers go live and never get the old answer.
 */
must_check int folder_publish(int fd, struct span key, const void *bytes, size_t n,
			      mode_t mode);

/*
 * folder_unlink - remove the cache file of a directory, if there is one
 *
 * Returns 0, also when there was none, or the negative errno of unlinkat(2).
 */
int folder_unlink(int fd, struct span key);

#endif
