/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * asked.h - paths that somebody asks about, and who owns them.
 *
 *     struct asked asked = { 0 };
 *     r = asked_read(&asked, STDIN_FILENO);
 *     r = asked_add(&asked, "/usr/bin/pip", "python3-pip");   for each file there is
 *     r = asked_write(&asked, stdout);
 *     asked_release(&asked);
 *
 * Used by: owner.c, also that of hooks/pacman.  Uses: nothing.
 */
#ifndef EPC_ASKED_H
#define EPC_ASKED_H

#include <stddef.h>
#include <stdio.h>

/* One path. */
struct asked_path {
	const char *path; /* borrowed from the text of struct asked */
	char **owners;    /* owned, each owner as well */
	size_t nr;
};

struct asked {
	char *text;                 /* owned; all that was read, and a NUL */
	struct asked_path *paths;   /* owned; in the order in which they were asked */
	struct asked_path **sorted; /* owned; by path */
	size_t nr;
};

/* asked_read - read paths, each ended by NUL, until the end; 0, or -1 with errno. */
int asked_read(struct asked *asked, int fd);

/* asked_add - a package has this path; if it was asked for, keep its name; 0, or -1. */
int asked_add(struct asked *asked, const char *path, const char *owner);

/* asked_write - for each path its owners, sorted, joined by ", ", and NUL; 0, or -1. */
int asked_write(struct asked *asked, FILE *to);
void asked_release(struct asked *asked);

#endif
