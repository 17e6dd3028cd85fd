/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "differ.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "change.h"
#include "child.h"
#include "late.h"
#include "whole.h"

#define RELEVANT 'r' /* the byte before the JSON */
#define IRRELEVANT 'i'

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

static int be_differ(void *data, int out)
{
	const struct differ_task *task = data;
	const int keep[] = { out, epc_ctx_root_fd(task->ctx), task->folder_fd };
	unsigned layers;
	int r = sandbox_drop(&task->who, keep, sizeof keep / sizeof keep[0], &layers);

	if (r == 0)
		(void)sandbox_confine(task->folder_fd, out);
	return r == 0 && answer(task, out) ? EXIT_SUCCESS : EXIT_FAILURE;
}

int differ_run(const struct differ_task *task, struct differ_result *ret)
{
	struct differ_task mine = *task;
	const struct child_task asked = {
		.run = be_differ,
		.data = &mine,
		.limit_ms = DIFFER_MS,
		.max = DIFFER_MAX,
	};
	struct child_answer said;
	int r;

	mine.who.parent = getpid();
	mine.who.cpu_seconds = DIFFER_MS / 1000;
	late_load();
	r = child_ask(&asked, &said);
	if (r == 0 && (!WIFEXITED(said.status) ||
		       WEXITSTATUS(said.status) != EXIT_SUCCESS || said.n < 2))
		r = -EPROTO;
	if (r == 0) {
		ret->is_relevant = said.bytes[0] == RELEVANT;
		ret->n = said.n - 1;
		memmove(said.bytes, said.bytes + 1, ret->n);
		ret->json = take_ptr(said.bytes);
	}
	free(said.bytes);
	return r == -ETIMEDOUT ? -ETIME : r;
}
