/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * path.h - keys of directories, and the names of their cache files.
 *
 * Pure string work: links are not followed and ".." is kept, since a sys.path
 * entry means what the kernel makes of it at the time of use.
 *
 * Used by: folder.c, folder-write.c, ctx.c, dir.c.  Uses: span.h.
 */
#ifndef EPC_PATH_H
#define EPC_PATH_H

#include "auto.h"
#include "span.h"

/* Longest cache file name that path_file() makes, without the NUL. */
#define PATH_FILE_MAX 200

/*
 * path_key - the key of a sys.path entry
 * @cwd:      absolute; what a relative entry, and the empty one, is taken from
 * @entry:    the entry as given, without NUL
 * @ret_key:  malloc'ed, the caller's: absolute, without ".", "//" and a
 *            trailing "/" ("/" itself stays), ".." and links untouched
 *
 * Returns 0; -EINVAL for an entry with a NUL inside; -ENAMETOOLONG over
 * PATH_MAX; -ENOMEM.
 */
must_check int path_key(const char *cwd, struct span entry, char **ret_key);

/*
 * path_file - the name of the cache file of a directory
 * @key:  from path_key()
 * @out:  the name: the key escaped as systemd-escape(1) does, readable, and
 *        FMT_SUFFIX; a long one is cut and ends in '~' and the XXH3-128 of the key
 */
void path_file(struct span key, char out[PATH_FILE_MAX + 1]);

#endif
