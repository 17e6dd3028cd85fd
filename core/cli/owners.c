/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "owners.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auto.h"
#include "broker.h"
#include "msg.h"
#include "whole.h"

int owners_start(struct owners *own, const struct epc_ctx *ctx, const char *root)
{
	int asked[2], answered[2];
	pid_t pid;

	if (pipe2(asked, O_CLOEXEC) < 0 || pipe2(answered, O_CLOEXEC) < 0) {
		msg("cannot ask for owners: %s", strerror(errno));
		return -1;
	}

	/* That nobody listens is told by write(2). */
	(void)signal(SIGPIPE, SIG_IGN);
	pid = fork();
	if (pid == 0) {
		(void)close(asked[1]);
		(void)close(answered[0]);
		broker_run(ctx, root, asked[0], answered[1]);
	}
	(void)close(asked[0]);
	(void)close(answered[1]);
	own->ask = asked[1];
	own->answer = answered[0];
	if (pid >= 0)
		return 0;

	msg("cannot ask for owners: %s", strerror(errno));
	return -1;
}

/* All that comes, and a NUL behind it; NULL without memory. */
static char *receive(int fd, size_t *ret_n)
{
	size_t n = 0, cap = 65536;
	char *text = malloc(cap + 1);
	ssize_t got;

	while (text && (got = read(fd, text + n, cap - n)) != 0) {
		char *more;

		if (got < 0 && errno != EINTR)
			break;
		n += got > 0 ? (size_t)got : 0;
		if (n < cap)
			continue;
		more = realloc(text, 2 * cap + 1);
		if (!more)
			free(text);
		text = more;
		cap *= 2;
	}
	if (text)
		text[n] = '\0';
	*ret_n = n;
	return text;
}

/* One answer a path, and then why some of them are not known. */
static void take(struct owners *own, size_t n)
{
	char *at = own->text, *end = own->text + n;

	for (size_t i = 0; i < own->nr && at < end; i++) {
		own->of[i] = *at == BROKER_KNOWN ? at + 1 : NULL;
		at += strlen(at) + 1;
	}
	if (at < end && *at)
		msg("not known who owns what: %s", at);
	else if (at >= end)
		msg("not known who owns what: nobody answered");
}

int owners_ask(struct owners *own, const char *const *paths, size_t nr)
{
	bool sent = true;
	size_t n;

	own->of = calloc(nr + 1, sizeof *own->of);
	own->nr = nr;
	for (size_t i = 0; own->of && sent && i < nr; i++)
		sent = whole_write(own->ask, paths[i], strlen(paths[i]) + 1);
	(void)close(take_fd(own->ask));
	own->text = own->of ? receive(own->answer, &n) : NULL;
	if (!own->text) {
		msg("out of memory");
		return -1;
	}

	take(own, n);
	return 0;
}

const char *owners_of(const struct owners *own, size_t i)
{
	return own->of && i < own->nr ? own->of[i] : NULL;
}

void owners_release(struct owners *own)
{
	if (own->ask >= 0)
		(void)close(own->ask);
	if (own->answer >= 0)
		(void)close(own->answer);
	free(own->text);
	free(own->of);
	*own = OWNERS_INIT;
}
