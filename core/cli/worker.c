/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker.h"

#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "whole.h"

static bool write_end(int out, int result, size_t n)
{
	const struct worker_end end = { WORKER_END, result, n };

	return whole_write(out, &end, sizeof end);
}

/* The image, or why there is none. */
static bool answer(struct epc_site *site, const struct worker_task *task, uint32_t layers,
		   int out)
{
	unsigned beneath = layers & SANDBOX_LANDLOCK ? EPC_REFRESH_BENEATH : 0;
	struct epc_image *image = NULL;
	struct epc_str bytes;
	int r;

	r = epc_image_build(site, task->old, task->flags | beneath, &image);
	if (r != 0)
		return write_end(out, r, 0);

	bytes = epc_image_bytes(image);
	return write_end(out, 0, bytes.len) && whole_write(out, bytes.data, bytes.len);
}

static bool work(const struct worker_task *task, int out)
{
	struct worker_hello hello = { .magic = WORKER_HELLO };
	const int keep[] = { out, epc_ctx_root_fd(task->ctx) };
	struct epc_site *site;
	int r;

	r = sandbox_drop(&task->who, keep, sizeof keep / sizeof keep[0], &hello.layers);
	if (r < 0)
		return write_end(out, WORKER_NOT_DROPPED, 0);

	r = epc_site_open(task->ctx, task->dir, &site);
	if (r != 0)
		return write_end(out, r, 0);

	hello.layers |= sandbox_confine(epc_site_fd(site), out);
	hello.owner = epc_site_owner(site);
	return whole_write(out, &hello, sizeof hello) &&
	       answer(site, task, hello.layers, out);
}

void worker_run(const struct worker_task *task, int out)
{
	/* Without the handlers of exit(3), and buffers that are the parent's to write. */
	_exit(work(task, out) ? EXIT_SUCCESS : EXIT_FAILURE);
}
