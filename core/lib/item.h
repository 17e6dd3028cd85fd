/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * item.h - open and read one file of a metadata folder, and say what came of it.
 *
 * The private half of scan.h: every open(2) and read(2) of other people's files.
 *
 * Used by: scan.c.  Uses: meta.h, root.h, scan.h, uni.h.
 */
#ifndef EPC_ITEM_H
#define EPC_ITEM_H

#include "scan.h"

/*
 * item_stamp - take the token of an open descriptor, after waiting once if that
 * lets it settle
 * @ret_before_ns:  coarse clock before the token was taken
 */
must_check int item_stamp(struct scan *s, int fd, struct stamp *ret_stamp,
			  int64_t *ret_before_ns);

/*
 * item_read - read the entry points of an item, and its name where that is needed
 * @it:  folder, kind, name, version and name_settled set; the rest becomes set
 *
 * Returns 0, -ENOMEM, -EMFILE or -ENFILE.
 */
must_check int item_read(struct scan *s, struct scan_item *it);

/*
 * item_prove_missing - can the directory be opened in the way in which items are?
 *
 * Returns 0, -ENOMEM, -EMFILE, -ENFILE, or -EOPNOTSUPP.
 */
must_check int item_prove_missing(struct scan *s);

/*
 * item_open_inside - open a name below the directory, in the system it belongs to
 * @name:  relative path; links are followed below the scan's root
 *
 * Only where the scan's options name a root.  Returns a descriptor or a negative errno.
 */
must_check int item_open_inside(const struct scan *s, const char *name, int flags);

/* buf_reserve - make room for so many bytes in all; -ENOMEM or 0. */
must_check int buf_reserve(struct scan_buf *b, size_t n);

#endif
