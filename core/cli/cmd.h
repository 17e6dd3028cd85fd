/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cmd.h - the commands of epcache, their options and exit statuses.
 *
 * A command is one file that exports one struct cmd; main.c finds it.  Options
 * are rows of a table, from which getopt_long(3)'s arguments and --help are made.
 *
 * Used by: main.c, opt.c, cmd-*.c.  Uses: nothing.
 */
#ifndef EPC_CMD_H
#define EPC_CMD_H

#include <stdbool.h>
#include <stddef.h>

#include "epcache.h"

enum status {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NOTHING = 3, /* nothing found; a difference; a stale directory */
	EXIT_OPAQUE = 4,  /* done, with opaque input skipped */
};

/* What the options and arguments said; strings are borrowed from argv. */
struct opts {
	bool json, quiet, verbose, nul, all;
	bool owner, unowned;
	bool system, user, force, dry_run, reproducible, config, version, help;
	const char *cache_dir;
	const char *root;
	const char *check;
	const char *venv;
	const char *python;
	const char *dist;
	const char **paths; /* owned; of --path */
	size_t nr_paths;
	char **args; /* what is left after the options */
	int nr_args;
};

/* Bits of the commands that take an option. */
enum {
	FOR_REFRESH = 1,
	FOR_QUERY = 2,
	FOR_EXPLAIN = 4,
	FOR_STATUS = 8,
	FOR_VERIFY = 16,
	FOR_DUMP = 32,
	FOR_CLEAN = 64,
	FOR_TRIGGER = 128,
	FOR_OWNER = 256,
	FOR_ACTIONS = 512,
	FOR_REPORT = 127 | FOR_OWNER | FOR_ACTIONS, /* those that print */
	FOR_ALL = FOR_REPORT | FOR_TRIGGER,
};

struct cmd {
	const char *name;
	const char *args;    /* for the usage line */
	const char *summary; /* after "epcache NAME - " */
	unsigned bit;        /* FOR_* */
	int (*run)(const struct opts *o);
	bool never_fails; /* whatever is wrong, the exit status is 0 */
	bool only_looks; /* at directories: to be done again without one that does not answer */
};

extern const struct cmd cmd_refresh, cmd_query, cmd_explain, cmd_status, cmd_verify,
	cmd_dump, cmd_clean, cmd_owner, cmd_actions, cmd_trigger;

/*
 * opt_parse - read a command's options
 * @argv:  argv[0] is the command's name
 *
 * Says what is wrong on stderr.  Returns 0, or EXIT_USAGE or EXIT_FAILED.
 */
int opt_parse(const struct cmd *cmd, int argc, char **argv, struct opts *ret_opts);
void opt_release(struct opts *o);

/* opt_help - the usage of one command, on stdout. */
void opt_help(const struct cmd *cmd);

/*
 * opt_ctx - a context with the root, the cache folder and the check of the options
 *
 * Says what is wrong.  Returns 0, EXIT_USAGE or EXIT_FAILED.
 */
int opt_ctx(const struct opts *o, struct epc_ctx **ret_ctx);

#endif
