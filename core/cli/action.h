/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * action.h - one registered action: what its file says.
 *
 * Pure: no I/O; the fuzz target calls it directly.
 *
 *     auto_action struct action a = { 0 };
 *     struct action_faults faults;
 *     if (action_parse(text, &a, &faults) == -EBADMSG)
 *             complain(faults.at[0].line, faults.at[0].wrong);
 *
 * Used by: actions.c, engine.c, runner.c, cmd-actions.c, tests/fuzz/fuzz-action.c.
 * Uses: conf-parse.h, lines.h.
 * Spec: epcache-action(5)
 */
#ifndef EPC_ACTION_H
#define EPC_ACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auto.h"
#include "span.h"

#define ACTION_SUFFIX ".action" /* of the name of its file */
#define ACTION_NAME_MAX 64      /* bytes, without the suffix */
#define ACTION_FAULTS 16        /* that are told of one file */

enum action_mode { ACTION_FILTER, ACTION_USER };

struct action {
	char *name;           /* owned; "10-console-scripts", of the file name */
	char *file;           /* owned; path of its registration */
	char *description;    /* owned; or NULL */
	char **exec;          /* owned; ends with NULL; exec[0] is absolute */
	char **groups;        /* owned; ends with NULL; NULL: any group */
	bool all_directories; /* Directories=all */
	unsigned timeout_s;   /* 1 to 30, 10 by default */
	uint64_t memory_max;  /* bytes */
	enum action_mode mode;
	char *user;          /* owned; ACTION_USER only, never root */
	char *writable_path; /* owned; ACTION_USER only, absolute */
};

/* What is wrong in a file; spans borrow from its text. */
struct action_fault {
	unsigned line;     /* 1-based; 0: of the file as a whole */
	const char *wrong; /* static, to be followed by .quote */
	struct span quote;
};

struct action_faults {
	struct action_fault at[ACTION_FAULTS];
	size_t nr; /* the first ones, ACTION_FAULTS at most */
};

/*
 * action_name_is_valid - two digits, '-', then a letter or digit, and then letters,
 * digits and '-'; letters are small, and there are ACTION_NAME_MAX bytes at most
 */
bool action_name_is_valid(struct span name);

/*
 * action_parse - read the text of a registration
 * @ret:         to be released, also after a failure; .name and .file are the caller's
 *               to set
 * @ret_faults:  what is wrong, for -EBADMSG
 *
 * Returns 0, -EBADMSG or -ENOMEM.
 */
must_check int action_parse(struct span text, struct action *ret,
			    struct action_faults *ret_faults);
void action_release(struct action *a);
#define auto_action AUTO(action_release)

/* action_mode_name - "filter", "user". */
const char *action_mode_name(enum action_mode mode);

#endif
