/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * recent.h - verified bytes that answers share with the context, which keeps those of
 * the cache files read last.
 *
 * A program that asks again finds most cache files as they were: the same inode with
 * the same stamps, which no later change can have left as they are.  Such a file is
 * not read and verified again.
 *
 *     h = recent_find(recent, place, key, &id);       or NULL
 *     who.known = h ? &id : NULL;
 *     r = folder_read(place, key, &who, &file);
 *     if (r == FOLDER_KNOWN)
 *             use held_ref(h)
 *
 * Used by: ctx.c, dir.c, answer.c.  Uses: folder.h, view.h.
 */
#ifndef EPC_RECENT_H
#define EPC_RECENT_H

#include "folder.h"
#include "view.h"

#define RECENT_FILES 16            /* kept by a context */
#define RECENT_SIZE_MAX (4u << 20) /* bytes of a file that is kept: 4 MiB */

/* Bytes and their view; shared, and never changed. */
struct held {
	unsigned refs; /* atomic: an answer may be freed in another thread */
	char *bytes;   /* owned */
	size_t n;
	struct view view;
	bool settled; /* view_is_settled(): a walk over all tokens */
};

/*
 * held_new - verify bytes, and hold them
 * @bytes:  malloc'ed; taken over on success
 *
 * Returns 0, -ENOMEM, or what view_init() says.
 */
must_check int held_new(char **bytes, size_t n, struct held **ret_held);
/* held_own - hold bytes that were made in this process, see view_own(); 0 or -ENOMEM. */
must_check int held_own(char **bytes, size_t n, struct held **ret_held);
struct held *held_ref(struct held *h);
/* held_drop - give a reference back; NULL is fine. */
void held_drop(struct held *h);

struct recent;

/* recent_new - NULL when out of memory. */
struct recent *recent_new(void);
void recent_free(struct recent *r);

/*
 * recent_find - the bytes of a cache file as it was read last
 * @place:   path of the cache folder
 * @key:     the directory
 * @ret_id:  the state of the file that they are of
 *
 * Returns a borrowed pointer, or NULL.
 */
struct held *recent_find(const struct recent *r, const char *place, struct span key,
			 struct folder_id *ret_id);

/*
 * recent_put - keep the bytes of a file, in the place of what is kept longest
 *
 * Without memory for it, nothing is kept.
 */
void recent_put(struct recent *r, const char *place, struct span key,
		const struct folder_id *id, struct held *h);

#endif
