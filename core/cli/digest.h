/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * digest.h - a name for content: 32 hexadecimal digits of its XXH3-128.
 *
 * Used by: actions.c, differ.c, engine.c, seen.c.  Uses: epcache.h.
 */
#ifndef EPC_DIGEST_H
#define EPC_DIGEST_H

#include "epcache.h"

#define DIGEST_LEN 32

struct digest {
	char hex[DIGEST_LEN + 1]; /* "": of nothing */
};

struct digest digest_of(const void *bytes, size_t n);

/*
 * digest_image - of what a cache file says of its directory, and which that is
 *
 * Neither tokens nor the order of the listing count.
 */
struct digest digest_image(struct epc_image *image);

#endif
