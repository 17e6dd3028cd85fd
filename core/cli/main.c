/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd.h"
#include "msg.h"
#include "out.h"
#include "watched.h"

/* The name that the packaging list gave to "epcache refresh". */
#define REFRESH_NAME "refresh-entrypoints-cache"

static const struct cmd *const cmds[] = {
	&cmd_refresh, &cmd_query, &cmd_explain, &cmd_status,  &cmd_verify,
	&cmd_dump,    &cmd_clean, &cmd_owner,   &cmd_actions, &cmd_trigger,
};

#define NR_CMDS (sizeof cmds / sizeof cmds[0])

static void help(void)
{
	puts("usage: epcache COMMAND [OPTION]... [ARGUMENT]...\n"
	     "Keeps and queries a cache of the entry points of Python distributions.\n");
	for (size_t i = 0; i < NR_CMDS; i++)
		printf("  %-10s %s\n", cmds[i]->name, cmds[i]->summary);
	puts("\n'epcache COMMAND --help' has the options of a command;\n"
	     "'epcache --version' prints the version.");
}

static int version(void)
{
	printf("epcache %s\n", epc_version());
	return out_flush(EXIT_DONE);
}

struct call {
	const struct cmd *cmd;
	const struct opts *o;
};

static int run_here(void *data, int unused)
{
	const struct call *call = data;
	int r = call->cmd->run(call->o);

	(void)unused;
	(void)fflush(NULL);
	return r;
}

/* Where a directory may not answer: it is left out, and said so. */
static int run_apart(const struct call *call)
{
	const struct child_task task = {
		.run = run_here,
		.data = (void *)(uintptr_t)call,
		.stuck_ms = WATCHED_MS,
	};
	struct child_answer answer;
	int r;

	out_for_other();
	r = watched_ask(&task, &answer);

	free(answer.bytes);
	for (size_t i = 0; watched_silent(i); i++)
		msg("'%s' does not answer, and is left out; is its file system "
		    "reachable?",
		    watched_silent(i));
	if (r < 0)
		msg("cannot look at the directories: %s", strerror(-r));
	else if (WIFSIGNALED(answer.status)) {
		(void)signal(WTERMSIG(answer.status), SIG_DFL);
		(void)raise(WTERMSIG(answer.status));
	} else if (!watched_silent(0) || WEXITSTATUS(answer.status) != EXIT_DONE) {
		return out_flush(WEXITSTATUS(answer.status));
	}
	return out_flush(EXIT_FAILED);
}

static int run_command(const struct cmd *cmd, const struct opts *o)
{
	const struct call call = { cmd, o };

	/* An action may share no memory, so nobody can watch it; its own limit ends it. */
	if (cmd->only_looks && watched_has_remote() && watched_begin() == 0)
		return run_apart(&call);
	return cmd->run(o);
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	struct opts o = { 0 };
	int r = opt_parse(cmd, argc, argv, &o);

	if (r == 0 && o.help) {
		opt_help(cmd);
		r = out_flush(EXIT_DONE);
	} else if (r == 0 && o.version) {
		r = version();
	} else if (r == 0) {
		r = run_command(cmd, &o);
	}
	opt_release(&o);
	return cmd->never_fails ? EXIT_DONE : r;
}

static const struct cmd *find_cmd(const char *name)
{
	for (size_t i = 0; i < NR_CMDS; i++)
		if (strcmp(name, cmds[i]->name) == 0)
			return cmds[i];
	return NULL;
}

static int run_named(int argc, char **argv)
{
	const struct cmd *cmd = find_cmd(argv[0]);

	if (cmd)
		return run(cmd, argc, argv);
	if (strcmp(argv[0], "--version") == 0)
		return version();
	if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0) {
		help();
		return out_flush(EXIT_DONE);
	}

	msg("there is no command '%s'; see 'epcache --help'", argv[0]);
	return EXIT_USAGE;
}

/* A system in a folder may have no /dev: a folder is neither read nor written either. */
static int open_nothing(void)
{
	int fd = open("/dev/null", O_RDONLY);

	return fd < 0 ? open("/", O_PATH | O_DIRECTORY) : fd;
}

/*
 * Files opened later must not take the numbers of closed standard streams.  Nothing can
 * be written to what is opened here, so that lost output is reported as an error.
 */
static int open_standard_streams(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open_nothing() != fd)
			return -1;
	return 0;
}

int main(int argc, char **argv)
{
	const char *name = argc > 0 ? strrchr(argv[0], '/') : NULL;

	if (open_standard_streams() < 0) {
		const struct cmd *cmd = argc > 1 ? find_cmd(argv[1]) : NULL;

		msg("cannot open /dev/null for a closed standard stream: %s",
		    strerror(errno));
		return cmd && cmd->never_fails ? EXIT_DONE : EXIT_FAILED;
	}
	/* A write that RLIMIT_FSIZE forbids is one that failed: what it left has to go. */
	(void)signal(SIGXFSZ, SIG_IGN);

	name = name ? name + 1 : argc > 0 ? argv[0] : "";
	if (strcmp(name, REFRESH_NAME) == 0)
		return run(&cmd_refresh, argc, argv);
	if (argc < 2) {
		msg("which command? see 'epcache --help'");
		return EXIT_USAGE;
	}

	return run_named(argc - 1, argv + 1);
}
