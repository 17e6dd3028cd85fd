/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dirs.h - a list of directories, each name once.
 *
 *     auto_dirs struct dirs d = { 0 };
 *     r = dirs_add_existing(&d, ctx, "/usr/lib/python3/dist-packages");
 *
 * Used by: python.c, venv.c, ask.c, system.c, target.c, conf.c, cmd-*.c.  Uses: msg.h.
 */
#ifndef EPC_DIRS_H
#define EPC_DIRS_H

#include <stdbool.h>

#include "epcache.h"

/* What is known of a directory beside its path, where discover() found it. */
enum dirs_note {
	DIRS_PLAIN = '-',
	DIRS_ROOTS = 'r',  /* it belongs to root */
	DIRS_SILENT = 's', /* its file system does not answer: it may be there */
};

struct conf;

struct dirs {
	char **paths; /* owned, and so is each path */
	char *notes;  /* owned; enum dirs_note, of each path */
	size_t nr;
	const struct conf
		*conf; /* borrowed; Exclude= is added unseen; NULL: all are seen */
};

void dirs_release(struct dirs *d);
#define auto_dirs __attribute__((cleanup(dirs_release)))

/* dirs_add - a path, whatever is there; 0, or -1 when out of memory, and said so. */
int dirs_add(struct dirs *d, const char *path);

/*
 * dirs_add_existing - a path, if a directory is there, and the list does not have the name
 *
 * Names count, not inodes: readers look for the cache file of the name on their sys.path,
 * and a link that somebody made must not keep another name out of the list.  Returns 0, or
 * -1 as above.
 */
int dirs_add_existing(struct dirs *d, struct epc_ctx *ctx, const char *path);

/*
 * dirs_same_name - do two paths have one cache file?
 *
 * "//", "/./" and a last "/" mean nothing; ".." and links are not looked into.
 */
bool dirs_same_name(const char *a, const char *b);

/*
 * dirs_key - the name that readers look for a cache file by, as the library makes it
 *
 * @cwd: what a relative path, and an empty one, begins with
 * Returns the caller's to free, or NULL when out of memory.
 */
char *dirs_key(const char *cwd, const char *path);

/* dirs_has - is a path in the list, under this name? */
bool dirs_has(const struct dirs *d, const char *path);

/* dirs_remove - take the i-th one out. */
void dirs_remove(struct dirs *d, size_t i);

#endif
