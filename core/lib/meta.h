/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * meta.h - one header field of METADATA, as Python's email parser takes it.
 *
 * Pure.  Follows email.feedparser with the compat32 policy, after the universal
 * newlines of open(): a header block ends at the first line that is no header,
 * a line that starts with a blank or tab continues the one before it, names are
 * printable ASCII up to the first ':', and the first field of a name wins.
 *
 * Used by: item.c.  Uses: span.h.
 */
#ifndef EPC_META_H
#define EPC_META_H

#include "span.h"

enum meta_outcome {
	META_ABSENT = 0,
	META_FOUND = 1,
	META_FOLDED = 2, /* the field goes on in a second line */
};

/*
 * meta_field - find a header field
 * @text:       of METADATA; valid UTF-8
 * @name:       in lower case
 * @ret_value:  set on META_FOUND; borrows from @text, never NULL, may be empty
 */
enum meta_outcome meta_field(struct span text, struct span name, struct span *ret_value);

#endif
