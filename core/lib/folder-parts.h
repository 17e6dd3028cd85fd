/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * folder-parts.h - what reading and writing of cache folders share.
 *
 * Used by: folder.c, folder-write.c.  Uses: nothing.
 */
#ifndef EPC_FOLDER_PARTS_H
#define EPC_FOLDER_PARTS_H

#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>

/* A FIFO must not block, a terminal not become ours, a planted link not lead away. */
#define OPEN_FILE (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

static inline bool others_write(const struct stat *st)
{
	return st->st_mode & (S_IWGRP | S_IWOTH);
}

#endif
