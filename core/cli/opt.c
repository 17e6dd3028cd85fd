/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "advice.h"
#include "cmd.h"
#include "msg.h"
#include "watched.h"

enum kind { FLAG, TEXT, LIST };

struct opt {
	const char *name;
	char letter; /* 0: none */
	unsigned bits;
	enum kind kind;
	size_t at; /* offset in struct opts */
	const char *arg;
	const char *help;
};

#define AT(field) offsetof(struct opts, field)

static const struct opt table[] = {
	{ "path", 0, FOR_QUERY | FOR_EXPLAIN | FOR_OWNER, LIST, AT(paths), "DIR",
	  "take DIR as sys.path; repeat it for more, in order" },
	{ "all", 0, FOR_QUERY, FLAG, AT(all), NULL,
	  "print the entry points of all groups" },
	{ "dist", 0, FOR_QUERY, TEXT, AT(dist), "NAME",
	  "only the entry points of this distribution" },
	{ "check", 0, FOR_QUERY | FOR_EXPLAIN, TEXT, AT(check), "HOW",
	  "how to check a cache: auto, strict, fast or live" },
	{ "null", '0', FOR_QUERY, FLAG, AT(nul), NULL, "end each field with a NUL byte" },
	{ "system", 0, FOR_REFRESH, FLAG, AT(system), NULL,
	  "the directories of the system's Python" },
	{ "user", 0, FOR_REFRESH, FLAG, AT(user), NULL, "the user's own directory" },
	{ "venv", 0, FOR_REFRESH, TEXT, AT(venv), "PATH",
	  "the directories of a virtual environment" },
	{ "python", 0, FOR_REFRESH | FOR_QUERY | FOR_EXPLAIN | FOR_OWNER, TEXT,
	  AT(python), "EXE", "ask this interpreter for its sys.path (never as root)" },
	{ "force", 0, FOR_REFRESH, FLAG, AT(force), NULL,
	  "read again what is unchanged" },
	{ "force", 0, FOR_ACTIONS, FLAG, AT(force), NULL,
	  "run also what is unchanged, or in quarantine" },
	{ "reproducible", 0, FOR_REFRESH, FLAG, AT(reproducible), NULL,
	  "equal bytes for equal content, as images want them" },
	{ "dry-run", 0, FOR_REFRESH | FOR_CLEAN | FOR_ACTIONS, FLAG, AT(dry_run), NULL,
	  "write nothing" },
	{ "owner", 0, FOR_QUERY | FOR_STATUS, FLAG, AT(owner), NULL,
	  "add which packages own the distributions" },
	{ "unowned", 0, FOR_OWNER, FLAG, AT(unowned), NULL,
	  "the distributions of the system that no package owns" },
	{ "config", 0, FOR_STATUS, FLAG, AT(config), NULL,
	  "the configuration, and where each value comes from" },
	{ "root", 0, FOR_ALL, TEXT, AT(root), "DIR",
	  "the system in DIR, not the running one" },
	{ "cache-dir", 0, FOR_ALL, TEXT, AT(cache_dir), "DIR",
	  "read and write cache files only in DIR" },
	{ "json", 0, FOR_REPORT, FLAG, AT(json), NULL, "print JSON" },
	{ "quiet", 'q', FOR_REPORT, FLAG, AT(quiet), NULL, "print no warnings" },
	{ "verbose", 'v', FOR_REPORT, FLAG, AT(verbose), NULL, "print what is done" },
	{ "version", 0, FOR_ALL, FLAG, AT(version), NULL, "print the version" },
	{ "help", 'h', FOR_ALL, FLAG, AT(help), NULL, "print this help" },
};

#define NR_OPTS (sizeof table / sizeof table[0])

/* getopt_long()'s own tables; long options are told apart by their row. */
static void make_getopt(const struct cmd *cmd, char letters[2 * NR_OPTS + 2],
			struct option longs[NR_OPTS + 1])
{
	size_t n = 0;

	*letters++ = ':';
	for (size_t i = 0; i < NR_OPTS; i++) {
		if (!(table[i].bits & cmd->bit))
			continue;
		longs[n++] = (struct option){
			.name = table[i].name,
			.has_arg = table[i].kind == FLAG ? no_argument
							 : required_argument,
			.val = 256 + (int)i,
		};
		if (table[i].letter)
			*letters++ = table[i].letter;
	}
	*letters = '\0';
	longs[n] = (struct option){ 0 };
}

static const struct opt *row_of(int val)
{
	if (val >= 256)
		return &table[val - 256];

	for (size_t i = 0; i < NR_OPTS; i++)
		if (table[i].letter && table[i].letter == val)
			return &table[i];
	return NULL;
}

static int set(const struct opt *row, char *arg, struct opts *o)
{
	char *field = (char *)o + row->at;
	const char **more;

	switch (row->kind) {
	case FLAG:
		*(bool *)(void *)field = true;
		return 0;
	case TEXT:
		*(const char **)(void *)field = arg;
		return 0;
	case LIST:
		more = reallocarray(o->paths, o->nr_paths + 1, sizeof *more);
		if (!more) {
			msg("out of memory");
			return EXIT_FAILED;
		}
		o->paths = more;
		o->paths[o->nr_paths++] = arg;
		return 0;
	}
	return EXIT_FAILED;
}

/* What getopt_long() refused. */
static int refuse(const struct cmd *cmd, int c, const char *last)
{
	/* An unknown letter may stand among others, before optind has moved on. */
	const char letter[] = { '-', (char)optopt, '\0' };
	const char *word = optopt > 0 && optopt < 256 ? letter : last;

	if (c == ':')
		msg("option '%s' needs an argument; see 'epcache %s --help'", word,
		    cmd->name);
	else if (optopt >= 256)
		msg("option '--%s' takes no value: '%s'; see 'epcache %s --help'",
		    row_of(optopt)->name, word, cmd->name);
	else
		msg("'epcache %s' has no option '%s'; see 'epcache %s --help'", cmd->name,
		    word, cmd->name);
	return EXIT_USAGE;
}

int opt_parse(const struct cmd *cmd, int argc, char **argv, struct opts *o)
{
	char letters[2 * NR_OPTS + 2];
	struct option longs[NR_OPTS + 1];
	int c, r;

	make_getopt(cmd, letters, longs);
	opterr = 0;
	while ((c = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		if (c == ':' || c == '?')
			return refuse(cmd, c, argv[optind - 1]);

		r = set(row_of(c), optarg, o);
		if (r)
			return r;
	}

	o->args = argv + optind;
	o->nr_args = argc - optind;
	return 0;
}

void opt_release(struct opts *o)
{
	free(o->paths);
	o->paths = NULL;
}

static int set_check(struct epc_ctx *ctx, const char *how)
{
	static const char *const names[] = {
		[EPC_CHECK_AUTO] = "auto",
		[EPC_CHECK_STRICT] = "strict",
		[EPC_CHECK_FAST] = "fast",
		[EPC_CHECK_LIVE] = "live",
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(how, names[i]) == 0) {
			epc_ctx_set_check(ctx, (enum epc_check)i);
			return 0;
		}

	msg("--check is auto, strict, fast or live, not '%s'", how);
	return EXIT_USAGE;
}

static int set_up(struct epc_ctx *ctx, const struct opts *o)
{
	int r = o->root ? epc_ctx_set_root(ctx, o->root) : 0;

	if (r < 0) {
		msg("cannot open the root '%s': %s", o->root, strerror(-r));
		return EXIT_FAILED;
	}
	if (o->cache_dir && epc_ctx_set_cache_dir(ctx, o->cache_dir) < 0) {
		msg("out of memory");
		return EXIT_FAILED;
	}
	return o->check ? set_check(ctx, o->check) : 0;
}

int opt_ctx(const struct opts *o, struct epc_ctx **ret_ctx)
{
	struct epc_ctx *ctx;
	int r;

	advice_begin(o);
	if (epc_ctx_new(&ctx) < 0) {
		msg("out of memory");
		return EXIT_FAILED;
	}

	epc_ctx_set_watch(ctx, watched_page());
	r = set_up(ctx, o);
	if (r) {
		epc_ctx_free(ctx);
		return r;
	}
	*ret_ctx = ctx;
	return 0;
}

void opt_help(const struct cmd *cmd)
{
	char left[40];

	printf("usage: epcache %s %s\n%s.\n\n", cmd->name, cmd->args, cmd->summary);
	for (size_t i = 0; i < NR_OPTS; i++) {
		const struct opt *row = &table[i];

		if (!(row->bits & cmd->bit))
			continue;
		(void)snprintf(left, sizeof left, "%s%c%s--%s%s%s",
			       row->letter ? "-" : "", row->letter ? row->letter : ' ',
			       row->letter ? ", " : "   ", row->name, row->arg ? "=" : "",
			       row->arg ? row->arg : "");
		printf("  %-20s %s\n", left, row->help);
	}
}
