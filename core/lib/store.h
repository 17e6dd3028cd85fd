/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store.h - replace a file so that a reader sees the old bytes or the new,
 * never a mixture, and a power cut leaves one of the two.
 *
 *     autoclose int lock = -1;
 *     r = store_lock(dirfd, 5000, &lock);            one writer at a time
 *     store_sweep(dirfd);                            what a killed writer left
 *
 *     auto_store struct store st = STORE_INIT;
 *     r = store_begin(&st, dirfd, "name", 0644);     temp file, same directory
 *     r = store_write(&st, buf, n);                  any number of times
 *     r = store_commit(&st);                         fsync, rename, fsync dir
 *
 * Leaving the scope without a successful commit removes the temp file.
 * Used by: folder-write.c, refresh.c, core/cli/state.c.  Uses: auto.h.
 */
#ifndef EPC_STORE_H
#define EPC_STORE_H

#include <stdbool.h>
#include <sys/types.h>

#include "auto.h"

#define STORE_LOCK ".lock"       /* never renamed or removed */
#define STORE_TMP_PREFIX ".tmp-" /* then 16 hexadecimal digits */
#define STORE_NAME_MAX 255

struct store {
	int dirfd;                              /* borrowed; must outlive the store */
	int fd;                                 /* owned; -1: not open */
	char tmp[sizeof STORE_TMP_PREFIX + 16]; /* "": no temp file to remove */
	char name[STORE_NAME_MAX + 1];
	bool hasty; /* a power cut may lose it: no fsync; set after store_begin() */
};

#define STORE_INIT ((struct store){ .dirfd = -1, .fd = -1 })

/*
 * store_lock - become the only writer of a folder
 * @timeout_ms:  how long to wait for another writer, at most
 * @ret_fd:      the lock; closing it unlocks.  -1 where the file system has no
 *               locks (ENOLCK, EOPNOTSUPP): the caller goes on unlocked
 *
 * An open-file-description lock on STORE_LOCK, mode 0600: it goes with its
 * holder, however that ends.  Returns 0; -ETIMEDOUT; or the negative errno of
 * openat(2) or fcntl(2).
 */
must_check int store_lock(int dirfd, int timeout_ms, int *ret_fd);

/* store_is_tmp - is it a name that store_begin() gives to a temporary file? */
bool store_is_tmp(const char *name);

/*
 * store_sweep - remove the temporary files of writers that were killed
 *
 * Only while holding the lock: then no living writer has one.
 * Returns how many were removed, or a negative errno.
 */
int store_sweep(int dirfd);

/*
 * store_begin - open a temp file for what will have a name
 * @name:  in @dirfd, without '/'
 * @mode:  of the file, whatever the umask
 */
must_check int store_begin(struct store *st, int dirfd, const char *name, mode_t mode);
must_check int store_write(struct store *st, const void *buf, size_t n);

/*
 * store_commit - publish what was written under the name
 *
 * Returns 0; or a negative errno, and then the name still has its old bytes.  A
 * failed fsync is never tried again: the kernel may have dropped the pages.
 * That the fsync of the folder fails is no failure: readers see the new file.
 */
must_check int store_commit(struct store *st);

void store_abort(struct store *st);
#define auto_store AUTO(store_abort)

#endif
