/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * conf-parse.h - the text of one file of the configuration, a line at a time.
 *
 * Pure: no I/O, no allocation; the fuzz target calls it directly.
 *
 *     struct conf_parse p = conf_parse_init(text);
 *     while (conf_parse_next(&p, &line))
 *             line.wrong ? complain(&line) : take(line.key, line.value);
 *
 * Used by: conf.c, action.c, tests/fuzz/fuzz-conf.c.  Uses: span.h.
 */
#ifndef EPC_CONF_PARSE_H
#define EPC_CONF_PARSE_H

#include "span.h"

/* What can be set, in the order in which it is shown. */
enum conf_key {
	CONF_USER,
	CONF_DIRECTORY,
	CONF_EXCLUDE,
	CONF_CHECK_FAST,
	CONF_TRUST_STAMPS,
	CONF_TRIGGER,
	CONF_ACTIONS,
	CONF_TIMEOUT_SEC,
	NR_CONF_KEYS,
};

struct conf_parse {
	struct span rest; /* not read yet */
	unsigned line;    /* 1-based, of the line read last */
};

/* A line that says something; its spans borrow from the text. */
struct conf_line {
	enum conf_key key; /* with .value, where nothing is wrong */
	struct span value; /* valid for the key, or empty: the default is wanted again */
	const char *wrong; /* NULL, or what is; static, to be followed by .quote */
	struct span quote; /* what of the line is at fault */
};

static inline struct conf_parse conf_parse_init(struct span text)
{
	return (struct conf_parse){ .rest = text };
}

/* conf_parse_next - the next line that is no comment and not blank; false at the end. */
bool conf_parse_next(struct conf_parse *p, struct conf_line *ret);

const char *conf_key_name(enum conf_key key);
/* conf_key_is_list - does a key that is repeated add to what it has? */
bool conf_key_is_list(enum conf_key key);
/* conf_is_user - is it the name or the number of a user, and not root's? */
bool conf_is_user(struct span s);

#endif
