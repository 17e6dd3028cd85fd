/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-change.c - whatever cache files say, the change that is made of two of them is
 * JSON.
 */
#include <assert.h>
#include <cjson/cJSON.h>
#include <stdlib.h>

#include "../unit/view-walk.h"
#include "change.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* With a checksum and a size that no mutation would ever get right. */
static struct epc_image *image_of(struct epc_ctx *ctx, char *bytes, size_t n)
{
	uint64_t total = fmt_u64(n);
	struct epc_image *image = NULL;
	autofree char *path = NULL;
	struct view v;

	memcpy(bytes + offsetof(struct fmt_header, total_size), &total, sizeof total);
	walk_mend(bytes, n);
	if (view_init(&v, bytes, n) < 0)
		return NULL;
	path = strndup(v.path.p, v.path.n);
	if (!path || epc_image_from_bytes(ctx, path, bytes, n, &image) != 0)
		return NULL;
	return image;
}

/* A byte that is not UTF-8 is a lone surrogate there, which cJSON does not take. */
static void mend(char *json)
{
	for (char *at = json; (at = strchr(at, '\\')); at += 2) {
		assert(at[1]);
		if (strncmp(at, "\\udc", 4) == 0)
			memcpy(at, "\\u003f", 6);
	}
}

static void check(struct epc_image *before, struct epc_image *after)
{
	char *const groups[] = { (char[]){ "g" }, NULL };
	const struct change_dir dir = { epc_image_path(after), before, after };
	const struct change c = { "50-x", before ? groups : NULL, &dir, 1 };
	char *json = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&json, &n);
	bool is_relevant;
	cJSON *value;

	assert(out && change_write(&c, out, &is_relevant) == 0);
	(void)fclose(out);
	assert(strlen(json) == n);
	mend(json);
	value = cJSON_Parse(json);
	assert(value &&
	       cJSON_GetArraySize(cJSON_GetObjectItem(value, "directories")) <= 1);
	cJSON_Delete(value);
	free(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *bytes = calloc(1, size + 1);
	struct epc_image *before = NULL, *after = NULL;
	struct epc_ctx *ctx;

	if (!bytes || size < sizeof(struct fmt_header) + 8 || epc_ctx_new(&ctx) < 0)
		return 0;
	memcpy(bytes, data, size);
	after = image_of(ctx, bytes, size);
	/* The same, but for a byte of its texts. */
	bytes[size - size / 3] ^= 1;
	before = image_of(ctx, bytes, size);
	if (after) {
		check(NULL, after);
		check(before, after);
		check(after, after);
	}
	epc_image_free(before);
	epc_image_free(after);
	epc_ctx_free(ctx);
	return 0;
}
