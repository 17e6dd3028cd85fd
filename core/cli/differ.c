/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "differ.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "change.h"
#include "clock.h"
#include "late.h"
#include "reap.h"
#include "whole.h"

#define RELEVANT 'r' /* the byte before the JSON */
#define IRRELEVANT 'i'

#define REAP_MS 2000 /* for it to end in, once it has said all, and once it was killed */

/* --- the process ------------------------------------------------------------- */

/* What was seen, or NULL: then all of it is new. */
static struct epc_image *load_before(const struct differ_task *task, size_t i)
{
	struct epc_image *image = NULL;
	autofree char *path = NULL;

	if (!task->dirs[i].before.hex[0])
		return NULL;
	if (asprintf(&path, "%s/%s", task->folder, task->dirs[i].before.hex) < 0)
		path = NULL;
	if (!path || epc_image_from_file(task->ctx, path, &image) != 0)
		return NULL;
	return image;
}

static bool answer(const struct differ_task *task, int out)
{
	struct change_dir *dirs = calloc(task->nr + 1, sizeof *dirs);
	struct change change = { task->action->name, task->action->groups, dirs, 0 };
	bool is_relevant = false;
	char *json = NULL;
	size_t n = 0;
	FILE *stream = open_memstream(&json, &n);

	if (!dirs || !stream)
		return false;
	for (size_t i = 0; i < task->nr; i++) {
		struct change_dir *dir = &dirs[change.nr];

		dir->before = load_before(task, i);
		dir->after = task->dirs[i].after;
		if (!dir->before && !dir->after)
			continue; /* what was seen of it is lost, and it is gone */
		dir->path = epc_image_path(dir->after ? dir->after : dir->before);
		change.nr++;
	}
	/* What is still allocated goes with the process. */
	return change_write(&change, stream, &is_relevant) == 0 &&
	       whole_write(out,
			   is_relevant ? (const char[]){ RELEVANT }
				       : (const char[]){ IRRELEVANT },
			   1) &&
	       whole_write(out, json, n);
}

static _Noreturn void be_differ(const struct differ_task *task, int out)
{
	const int keep[] = { out, epc_ctx_root_fd(task->ctx), task->folder_fd };
	unsigned layers;
	int r = sandbox_drop(&task->who, keep, sizeof keep / sizeof keep[0], &layers);

	if (r == 0)
		(void)sandbox_confine(task->folder_fd, out);
	_exit(r == 0 && answer(task, out) ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* --- who listens ------------------------------------------------------------- */

/* What came so far. */
struct heard {
	char *bytes; /* owned */
	size_t n, cap;
};

static int make_room(struct heard *h)
{
	char *more;

	if (h->n < h->cap)
		return 0;
	if (h->cap > DIFFER_MAX)
		return -EFBIG;
	h->cap = h->cap ? 2 * h->cap : 65536;
	more = realloc(h->bytes, h->cap);
	if (!more)
		return -ENOMEM;
	h->bytes = more;
	return 0;
}

/* To the end, the limit of size, or the limit of time. */
static int hear(int fd, struct heard *h)
{
	int64_t end = clock_ms() + DIFFER_MS, left;
	int r;

	while ((left = end - clock_ms()) > 0) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t got;

		if (poll(&p, 1, (int)left) <= 0)
			continue; /* by the clock, or a signal */
		r = make_room(h);
		if (r < 0)
			return r;
		got = read(fd, h->bytes + h->n, h->cap - h->n);
		if (got == 0)
			return 0;
		if (got < 0 && errno != EINTR)
			return -errno;
		h->n += got > 0 ? (size_t)got : 0;
	}
	return -ETIME;
}

static int take(struct heard *h, int status, struct differ_result *ret)
{
	if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS || h->n < 2)
		return -EPROTO;

	ret->is_relevant = h->bytes[0] == RELEVANT;
	ret->n = h->n - 1;
	memmove(h->bytes, h->bytes + 1, ret->n);
	ret->json = take_ptr(h->bytes);
	return 0;
}

/* Its wait status, once it has said all or was killed: -1 when it had to be killed for it. */
static int end_of(pid_t pid)
{
	int status = -1;

	if (reap_within(pid, REAP_MS, &status))
		return status;
	(void)kill(pid, SIGKILL);
	(void)reap_within(pid, REAP_MS, &status);
	return -1;
}

int differ_run(const struct differ_task *task, struct differ_result *ret)
{
	struct differ_task mine = *task;
	struct heard h = { 0 };
	int pipes[2], status = -1, r;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	mine.who.parent = getpid();
	mine.who.cpu_seconds = DIFFER_MS / 1000;
	late_load();
	pid = fork();
	if (pid == 0)
		be_differ(&mine, pipes[1]);

	r = pid < 0 ? -errno : 0;
	(void)close(pipes[1]);
	if (r == 0)
		r = hear(pipes[0], &h);
	(void)close(pipes[0]);
	if (pid > 0 && r < 0)
		(void)kill(pid, SIGKILL);
	if (pid > 0)
		status = end_of(pid);
	if (r == 0)
		r = take(&h, status, ret);
	free(h.bytes);
	return r;
}
