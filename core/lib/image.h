/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * image.h - the bytes of one cache file, verified or made here.
 *
 * Used by: image.c, refresh.c, diff.c, clean.c.  Uses: ctx.h, view.h.
 */
#ifndef EPC_IMAGE_H
#define EPC_IMAGE_H

#include "ctx.h"

struct epc_image;

struct epc_image {
	char *bytes; /* owned; .n of them and a NUL */
	size_t n;
	char *path; /* owned; .view.path with a NUL */
	struct view view;
	uint32_t next;        /* for epc_image_next_dist() */
	struct epc_dist dist; /* given out last */
};

/*
 * image_new - verify bytes
 * @key:    the directory that they must describe; p == NULL: any
 * @bytes:  malloc'ed, a NUL after them; taken over, also when it fails
 *
 * Returns 0, EPC_DAMAGED, EPC_NEWER or -ENOMEM.
 */
must_check int image_new(struct span key, char *bytes, size_t n,
			 struct epc_image **ret_image);

/* image_own - take bytes that were made in this process, see view_own(); 0 or -ENOMEM. */
must_check int image_own(char *bytes, size_t n, struct epc_image **ret_image);

#endif
