/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * conf-file.h - which files make up the configuration, and which are believed.
 *
 * /etc/epcache over /usr/lib/epcache: in each epcache.conf, then epcache.conf.d/NAME.conf
 * by NAME.  A file of /etc hides the one of the same name; an empty file, or a link
 * to /dev/null, hides it and says nothing itself.
 *
 *     auto_conf_files struct conf_files files = { 0 };
 *     r = conf_files_find(ctx, &files);
 *     while (r == 0 && (r = conf_files_next(&files, &file)) > 0)
 *             r = use(file.path, file.text);
 *
 * Used by: conf.c.  Uses: auto.h, span.h, msg.h.
 */
#ifndef EPC_CONF_FILE_H
#define EPC_CONF_FILE_H

#include "epcache.h"
#include "span.h"

#define CONF_FILE_MAX (64u << 10) /* bytes of one file */
#define CONF_FILES_MAX 1000       /* drop-ins of one place */
#define NR_CONF_PLACES 2

struct conf_files {
	struct epc_ctx *ctx; /* borrowed */
	char **names;        /* owned; "epcache.conf.d/a.conf", in order, each once */
	size_t nr, at;
	/* Of each place, its epcache.conf and its drop-ins: may the folder be believed? */
	bool trusted[NR_CONF_PLACES][2];
	char *path, *text; /* owned; of the file given last */
};

struct conf_file {
	const char *path; /* borrowed, until the next */
	struct span text; /* likewise */
};

/*
 * conf_files_find - which files there are
 *
 * Only root, or the reader, may own a file and its folder, and nobody else may write
 * there; else that is said, and it counts as absent.  Returns 0, or -1 when out of
 * memory, and said so.
 */
int conf_files_find(struct epc_ctx *ctx, struct conf_files *ret);
/* conf_files_next - 1 with the next file, 0 at the end, or -1 as above. */
int conf_files_next(struct conf_files *files, struct conf_file *ret);
void conf_files_release(struct conf_files *files);
#define auto_conf_files __attribute__((cleanup(conf_files_release)))

#endif
