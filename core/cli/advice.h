/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * advice.h - what to do about a cache that is not used.
 *
 * Used by: cmd-*.c, msg.c, opt.c, supervise.c.  Uses: cmd.h, msg.h.
 */
#ifndef EPC_ADVICE_H
#define EPC_ADVICE_H

#include "cmd.h"

/*
 * advice_begin - the options of this run
 *
 * Commands that are advised repeat its --root and --cache-dir, without which they would
 * be about another directory or cache file.  They are kept, not copied.
 */
void advice_begin(const struct opts *o);

/*
 * advice_on - what to do about one outcome
 * @dir:   the directory
 * @file:  its cache file, for EPC_UNTRUSTED
 * @why:   what the library says against that
 *
 * A command is given to be pasted into a shell.  Returns a string that the caller
 * frees; NULL for what needs no advice, and when out of memory.
 */
char *advice_on(enum epc_outcome outcome, const char *dir, const char *file,
		const char *why);

/*
 * advice_refresh - the command that refreshes a directory, likewise
 * @force:  also where a refresh would find nothing to do
 */
char *advice_refresh(const char *dir, bool force);

/* advice_state - an outcome in one word, "stale"; a constant. */
const char *advice_state(enum epc_outcome outcome);

/* Why no cache was looked for where a directory was read live. */
enum advice_live {
	ADVICE_CHECK,   /* --check=live */
	ADVICE_EPCACHE, /* the environment variable */
	ADVICE_NO_PATH, /* a relative path, and no working directory */
};

enum advice_live advice_live(const struct opts *o);
/* advice_live_why - what is the case, for people; a constant. */
const char *advice_live_why(enum advice_live reason);
/* advice_live_mend - what to do about it; a constant. */
const char *advice_live_mend(enum advice_live reason);

#endif
