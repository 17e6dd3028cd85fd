/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* output.c - what actions publish. */
#include <errno.h>
#include <stdio.h>

#include "ctx.h"

#define BELOW "actions" /* in the cache folder */

struct epc_output {
	struct folder_file file; /* its bytes are owned */
};

struct epc_output *epc_output_free(struct epc_output *output)
{
	if (output)
		free(output->file.bytes);
	free(output);
	return NULL;
}

struct epc_str epc_output_bytes(const struct epc_output *output)
{
	return (struct epc_str){ output->file.bytes, output->file.n };
}

int64_t epc_output_mtime_ns(const struct epc_output *output)
{
	return output->file.mtime_ns;
}

int epc_action_output(const struct epc_ctx *ctx, const char *name,
		      struct epc_output **ret_output)
{
	static const int outcomes[] = {
		[FOLDER_ABSENT] = EPC_ABSENT,
		[FOLDER_UNTRUSTED] = EPC_UNTRUSTED,
		[FOLDER_DAMAGED] = EPC_DAMAGED,
	};
	/* Nobody's directory is described: only root and the reader are believed. */
	const struct folder_reader who = { .root = ctx->root, .euid = ctx->euid };
	struct epc_output *output;
	autofree char *place = NULL;
	int r;

	if (!name || !*name || *name == '.' || strchr(name, '/'))
		return -EINVAL;
	if (asprintf(&place, "%s/" BELOW, ctx->given ? ctx->given : FOLDER_SYSTEM) < 0) {
		place = NULL; /* undefined by now */
		return -ENOMEM;
	}

	output = calloc(1, sizeof *output);
	if (!output)
		return -ENOMEM;
	r = folder_read_named(place, name, &who, &output->file);
	if (r != FOLDER_OK) {
		epc_output_free(output);
		return r < 0 ? r : outcomes[r];
	}

	/* A NUL follows, as with every string; the bytes have room for it. */
	output->file.bytes[output->file.n] = '\0';
	*ret_output = output;
	return 0;
}
