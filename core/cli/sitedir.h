/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sitedir.h - add a site-packages directory as site.addsitedir() does.
 *
 * The directory is added, and each path that a line of its .pth files names, if that
 * exists.  Lines that import something are reported, and not run.
 */
#ifndef EPC_SITEDIR_H
#define EPC_SITEDIR_H

#include "dirs.h"

/* What differs between versions of site.py. */
struct sitedir_rules {
	int minor;         /* of Python 3 */
	bool takes_hidden; /* a file such as ".x.pth" counts */
};

/* What was met in .pth files and is not on the list. */
struct sitedir_met {
	char *imports; /* owned; the first file that imports something */
	size_t nr;     /* such files */
};

/*
 * sitedir_add - add a directory, if it is there, and what its .pth files name
 *
 * Returns 0, or -1 when out of memory, and said so.
 */
int sitedir_add(struct dirs *d, struct epc_ctx *ctx, const char *path,
		const struct sitedir_rules *rules, struct sitedir_met *met);

/* sitedir_read - the text of a regular file, which the caller frees; NULL: none. */
char *sitedir_read(struct epc_ctx *ctx, const char *path, size_t *ret_n);

/* sitedir_normalise - os.path.normpath() of an absolute path, in place. */
void sitedir_normalise(char *path);

#endif
