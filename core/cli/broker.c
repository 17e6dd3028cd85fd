/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "auto.h"
#include "clock.h"
#include "drop.h"
#include "libexec.h"
#include "nobody.h"
#include "reap.h"
#include "whole.h"

#define ANSWER_MAX (64u << 20) /* bytes of what one helper says */
#define SAYS_MAX 200           /* bytes of its complaint that are passed on */
#define REAP_MS 1000           /* for it to end in, that was killed or has told all */

#define RPM_IN(folder) folder "/rpmdb.sqlite", folder "/Packages.db", folder "/Packages"

/* A package manager, by what of its database is there where it has one. */
static const struct helper {
	const char *name;
	const char *databases[10];
} helpers[] = {
	{ "rpm",
	  { RPM_IN("/usr/lib/sysimage/rpm"), RPM_IN("/var/lib/rpm"),
	    RPM_IN("/usr/share/rpm") } },
	{ "alpm", { "/var/lib/pacman/local" } },
	{ "dpkg", { "/var/lib/dpkg/status" } },
};

#define NR_HELPERS (sizeof helpers / sizeof helpers[0])

struct text {
	char *p; /* owned */
	size_t n, cap;
};

/* What is asked, and what has been answered so far. */
struct talk {
	const struct epc_ctx *ctx;
	const char *root;
	struct text asked; /* the paths, each with its NUL */
	size_t nr;         /* of them */
	struct text *of;   /* the names of the packages, one for each path */
	bool failed;       /* some helper did not answer */
	size_t answered;   /* helpers that did */
	char why[SAYS_MAX + 64];
};

/* Without memory there is no answer at all: nobody is better than somebody wrong. */
static void add(struct text *t, const char *p, size_t n)
{
	if (t->n + n + 1 > t->cap) {
		t->cap = 2 * (t->n + n + 1);
		t->p = realloc(t->p, t->cap);
		if (!t->p)
			_exit(EXIT_FAILURE);
	}
	memcpy(t->p + t->n, p, n);
	t->n += n;
	t->p[t->n] = '\0';
}

/* --- one helper -------------------------------------------------------------- */

static bool has_database(const struct talk *t, const struct helper *h)
{
	for (size_t i = 0; h->databases[i]; i++) {
		autoclose int fd = epc_ctx_open(t->ctx, h->databases[i], O_PATH);

		if (fd >= 0)
			return true;
	}
	return false;
}

_Noreturn static void be_helper(const struct talk *t, const char *path, int in, int out,
				int err)
{
	static char search[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	static char locale[] = "LC_ALL=C.UTF-8", home[] = "HOME=/nonexistent";
	static char *env[] = { search, locale, home, NULL };
	static char option[] = "--root";
	char *root = t->root ? strdup(t->root) : NULL, *name = strdup(path);
	char *args[] = { name, root ? option : NULL, root, NULL };

	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(err, STDERR_FILENO) < 0)
		_exit(EXIT_FAILURE);
	(void)drop_fds((const int[]){ 0, 1, 2 }, 3);
	(void)setsid();
	(void)alarm(2 +
		    2 * libexec.limit_ms / 1000); /* should nobody be left to end it */
	(void)execve(path, args, env);
	_exit(EXIT_FAILURE);
}

static void end_helper(pid_t pid, bool is_late, int *ret_status)
{
	if (is_late)
		(void)kill(-pid, SIGKILL);
	*ret_status = -1;
	(void)reap_within(pid, REAP_MS, ret_status);
	/* Whatever it has started goes with it. */
	(void)kill(-pid, SIGKILL);
}

/* As much as it takes now; closed at the end, and where it takes no more. */
static void feed(const struct text *asked, size_t *told, int *in)
{
	ssize_t n = write(*in, asked->p + *told, asked->n - *told);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	*told += n > 0 ? (size_t)n : 0;
	if (n < 0 || *told == asked->n)
		(void)close(take_fd(*in));
}

/*
 * Both its outputs, to the end or for as long as it may take; true when in time.  It is
 * fed meanwhile: it may write before it has read all.
 */
static bool listen(const struct text *asked, int *in, int out, int err, struct text *said,
		   struct text *complaint)
{
	struct pollfd p[3] = { { out, POLLIN, 0 },
			       { err, POLLIN, 0 },
			       { *in, POLLOUT, 0 } };
	struct text *texts[2] = { said, complaint };
	size_t told = 0;
	int64_t end = clock_ms() + libexec.limit_ms, left;
	char buf[65536];

	while (p[0].fd >= 0 || p[1].fd >= 0) {
		left = end - clock_ms();
		if (left <= 0 || said->n > ANSWER_MAX)
			return false;
		if (poll(p, 3, (int)left) <= 0)
			continue;
		if (p[2].revents)
			feed(asked, &told, in);
		p[2].fd = *in;
		for (int i = 0; i < 2; i++) {
			ssize_t n = p[i].revents ? read(p[i].fd, buf, sizeof buf) : -1;

			if (p[i].revents && n == 0)
				p[i].fd = -1;
			if (n > 0 && (i == 0 || texts[i]->n < SAYS_MAX))
				add(texts[i], buf, (size_t)n);
		}
	}
	return true;
}

static void fail(struct talk *t, const struct helper *h, const char *why)
{
	int n = (int)strcspn(why, "\n");

	if (!t->failed)
		(void)snprintf(t->why, sizeof t->why, "epcache-owner-%s: %.*s", h->name,
			       n < SAYS_MAX ? n : SAYS_MAX, why);
	t->failed = true;
}

/* What programs say begins with what they are called. */
static const char *without_name(const char *complaint)
{
	const char *colon = strstr(complaint, ": ");

	return strncmp(complaint, "epcache-owner-", 14) == 0 && colon ? colon + 2
								      : complaint;
}

/* As many answers as there were questions, or none at all. */
static bool is_whole(const struct talk *t, const struct text *said)
{
	size_t nr = 0;

	for (size_t i = 0; i < said->n; i++)
		nr += said->p[i] == '\0';
	return nr == t->nr && (said->n == 0 || said->p[said->n - 1] == '\0');
}

static void take_answers(struct talk *t, const struct text *said)
{
	const char *at = said->p;

	for (size_t i = 0; i < t->nr; i++, at += strlen(at) + 1) {
		if (*at && t->of[i].n)
			add(&t->of[i], ", ", 2);
		add(&t->of[i], at, strlen(at));
	}
}

static void ask_helper(struct talk *t, const struct helper *h, const char *path)
{
	struct text said = { 0 }, complaint = { 0 };
	int in[2], out[2], err[2], status = 0;
	bool in_time;
	pid_t pid;

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 ||
	    pipe2(err, O_CLOEXEC) < 0 || fcntl(in[1], F_SETFL, O_NONBLOCK) < 0)
		_exit(EXIT_FAILURE);
	pid = fork();
	if (pid == 0)
		be_helper(t, path, in[0], out[1], err[1]);
	(void)close(in[0]);
	(void)close(out[1]);
	(void)close(err[1]);
	in_time = pid > 0 && listen(&t->asked, &in[1], out[0], err[0], &said, &complaint);
	if (pid > 0)
		end_helper(pid, !in_time, &status);
	if (in[1] >= 0)
		(void)close(in[1]);
	(void)close(out[0]);
	(void)close(err[0]);

	if (pid < 0)
		fail(t, h, strerror(errno));
	else if (!in_time)
		fail(t, h, "no answer in time");
	else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail(t, h, complaint.n ? without_name(complaint.p) : "it failed");
	else if (!is_whole(t, &said))
		fail(t, h, "not an answer to each question");
	else {
		take_answers(t, &said);
		t->answered++;
	}
	free(said.p);
	free(complaint.p);
}

/* --- all of them ------------------------------------------------------------- */

static void ask_all(struct talk *t)
{
	for (size_t i = 0; i < NR_HELPERS; i++) {
		char path[4096];

		(void)snprintf(path, sizeof path, "%s/epcache-owner-%s", libexec.dir,
			       helpers[i].name);
		if (access(path, X_OK) == 0 && has_database(t, &helpers[i]))
			ask_helper(t, &helpers[i], path);
	}
	if (t->answered == 0 && !t->failed)
		(void)snprintf(
			t->why, sizeof t->why,
			"no package manager here that epcache has a helper for, in %s",
			libexec.dir);
}

static void answer(const struct talk *t, int out)
{
	static const char known = BROKER_KNOWN, unknown = BROKER_UNKNOWN;
	struct text all = { 0 };

	for (size_t i = 0; i < t->nr; i++) {
		/* Who was not asked might own what nobody else does. */
		bool is_known = t->of[i].n > 0 || (t->answered > 0 && !t->failed);

		add(&all, is_known ? &known : &unknown, 1);
		add(&all, t->of[i].n ? t->of[i].p : "", t->of[i].n + 1);
	}
	add(&all, t->why, strlen(t->why) + 1);
	(void)whole_write(out, all.p, all.n);
}

/* Into memory: an action, as which this may run, can make no files there or anywhere. */
static void read_questions(struct talk *t, int in)
{
	char buf[65536];
	ssize_t n;

	while ((n = read(in, buf, sizeof buf)) != 0) {
		if (n < 0 && errno != EINTR)
			_exit(EXIT_FAILURE);
		for (ssize_t i = 0; i < n; i++)
			t->nr += buf[i] == '\0';
		if (n > 0)
			add(&t->asked, buf, (size_t)n);
	}
}

void broker_run(const struct epc_ctx *ctx, const char *root, int in, int out)
{
	struct sandbox_who who = nobody_find(NULL);
	struct talk t = { .ctx = ctx, .root = root };

	(void)signal(SIGCHLD, SIG_DFL);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)drop_new_privs();
	/* The databases are everybody's to read: root's rights are of no use here. */
	if (drop_user(who.uid, who.gid) < 0 || !drop_caps())
		_exit(EXIT_FAILURE);

	read_questions(&t, in);
	t.of = calloc(t.nr + 1, sizeof *t.of);
	if (!t.of)
		_exit(EXIT_FAILURE);
	if (t.nr > 0)
		ask_all(&t);
	answer(&t, out);
	_exit(EXIT_SUCCESS);
}
