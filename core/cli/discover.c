/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* discover.c - a child finds directories, and writes them with a note each. */
#include "discover.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "auto.h"
#include "msg.h"
#include "system.h"
#include "watched.h"
#include "whole.h"

#define ANSWER_MAX (16u << 20) /* bytes */

static enum dirs_note look_at(struct epc_ctx *ctx, const char *path)
{
	autoclose int fd = epc_ctx_open(ctx, path, O_PATH | O_DIRECTORY);
	struct stat st;

	if (fd == -ETIMEDOUT)
		return DIRS_SILENT;
	return fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == 0 ? DIRS_ROOTS : DIRS_PLAIN;
}

static int find(void *data, int out)
{
	const struct discovery *what = data;
	auto_dirs struct dirs d = { 0 };
	bool ok;

	epc_ctx_set_watch(what->ctx, watched_page());
	ok = what->find(what->ctx, what->data, &d) >= 0;
	for (size_t i = 0; ok && i < d.nr; i++) {
		const char note = (char)look_at(what->ctx, d.paths[i]);

		ok = whole_write(out, &note, 1) &&
		     whole_write(out, d.paths[i], strlen(d.paths[i]) + 1);
	}
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int take(const struct child_answer *answer, struct dirs *d)
{
	const char *at = answer->bytes, *end = at + answer->n;

	while (at < end && memchr(at, '\0', (size_t)(end - at))) {
		if (dirs_add(d, at + 1) < 0)
			return -1;
		d->notes[d->nr - 1] = *at;
		at += strlen(at) + 1;
	}
	return 0;
}

int discover(const struct discovery *what, struct dirs *d)
{
	const struct child_task task = {
		.run = find,
		.data = (void *)(uintptr_t)what,
		.stuck_ms = WATCHED_MS,
		.max = ANSWER_MAX,
	};
	static size_t nr_told;
	struct child_answer answer;
	int r = watched_ask(&task, &answer);

	/* Once, however often the directories are found. */
	for (; watched_silent(nr_told); nr_told++)
		msg("'%s' does not answer; is its file system reachable?",
		    watched_silent(nr_told));
	if (r < 0)
		msg("cannot find the directories: %s", strerror(-r));
	else if (!WIFEXITED(answer.status) || WEXITSTATUS(answer.status) != 0)
		r = -1; /* which it has said */
	else
		r = take(&answer, d);
	free(answer.bytes);
	return r < 0 ? -1 : 0;
}

static int find_system(struct epc_ctx *ctx, const void *conf, struct dirs *d)
{
	return system_dirs(ctx, conf, d);
}

int discover_system(struct epc_ctx *ctx, const struct conf *conf, struct dirs *d)
{
	return discover(&(struct discovery){ ctx, find_system, conf }, d);
}
