/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * msg.h - what is said on stderr: one line, one failure.
 *
 * Used by: all of core/cli.  Uses: nothing.
 */
#ifndef EPC_MSG_H
#define EPC_MSG_H

#include "epcache.h"

/* msg - "epcache: ..." and a line end, control characters escaped. */
void msg(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* msg_text - to be said later: a text that the caller frees; NULL: no memory. */
char *msg_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* msg_to_log - from now on to syslog(3), where there is /dev/log, and not to stderr. */
void msg_to_log(void);

/*
 * msg_quote - a path as a word that is safe to paste into a shell
 *
 * In single quotes, and as $'...' where it holds what out_escape() escapes.  Returns a
 * string that the caller frees, or NULL.
 */
char *msg_quote(const char *path);

/* msg_notes - what is in an answer's notes, a line each: file, line, reason, what to do. */
void msg_notes(struct epc_answer *answer);

/* msg_broken - of the notes on an answer, those on distributions that cannot be read. */
void msg_broken(struct epc_answer *answer);

#endif
