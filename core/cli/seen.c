/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "seen.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "late.h"
#include "out.h"
#include "state.h"
#include "store.h"

#define FILE_NAME "actions.json"
#define FILES "seen"

void seen_release(struct seen *seen)
{
	cJSON_Delete(seen->all);
	if (seen->lock >= 0)
		(void)close(seen->lock);
	if (seen->files >= 0)
		(void)close(seen->files);
	if (seen->folder >= 0)
		(void)close(seen->folder);
	*seen = SEEN_INIT;
}

cJSON *seen_load(const struct epc_ctx *ctx)
{
	return state_read(ctx, FILE_NAME);
}

static int open_files(int folder)
{
	autoclose int fd = -1;
	struct stat st;

	(void)mkdirat(folder, FILES, 0755);
	fd = openat(folder, FILES, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return st.st_uid != 0 || (st.st_mode & 022) ? -EPERM : take_fd(fd);
}

int seen_open(struct seen *seen, const struct epc_ctx *ctx, int wait_ms)
{
	int r;

	*seen = SEEN_INIT;
	seen->ctx = ctx;
	seen->folder = state_folder(ctx);
	if (seen->folder < 0)
		return -EPERM;
	seen->files = open_files(seen->folder);
	if (seen->files < 0)
		return seen->files;
	r = wait_ms < 0 ? 0 : store_lock(seen->files, wait_ms, &seen->lock);
	if (r < 0)
		return r == -ETIMEDOUT ? EPC_BUSY : r;

	if (wait_ms >= 0)
		(void)store_sweep(seen->files);
	seen->all = seen_load(ctx);
	if (!cJSON_IsObject(seen->all)) {
		cJSON_Delete(seen->all);
		seen->all = cJSON_CreateObject();
	}
	if (!seen->all)
		return late_has(LATE_JSON) ? -ENOMEM : -ELIBACC;
	return 0;
}

cJSON *seen_row(struct seen *seen, const char *action)
{
	cJSON *row = cJSON_GetObjectItemCaseSensitive(seen->all, action);

	if (cJSON_IsObject(row))
		return row;
	cJSON_DeleteItemFromObjectCaseSensitive(seen->all, action);
	return cJSON_AddObjectToObject(seen->all, action);
}

struct digest seen_of(const cJSON *row, const char *dir_key)
{
	const cJSON *all = cJSON_GetObjectItemCaseSensitive(row, "seen");
	const char *hex = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(all,
										dir_key));
	struct digest d = { "" };

	/* It becomes the name of a file. */
	if (hex && strlen(hex) == DIGEST_LEN &&
	    strspn(hex, "0123456789abcdef") == DIGEST_LEN)
		memcpy(d.hex, hex, sizeof d.hex);
	return d;
}

int seen_keep(struct seen *seen, const struct digest *digest,
	      const struct epc_image *image)
{
	auto_store struct store st = STORE_INIT;
	struct epc_str bytes = epc_image_bytes(image);
	int r;

	if (faccessat(seen->files, digest->hex, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	/* For the one without rights who finds what changed. */
	r = store_begin(&st, seen->files, digest->hex, 0644);
	if (r == 0) {
		/* What a power cut loses counts as not seen. */
		st.hasty = true;
		r = store_write(&st, bytes.data, bytes.len);
	}
	return r == 0 ? store_commit(&st) : r;
}

static bool is_named(const cJSON *all, const char *hex)
{
	const cJSON *row, *one;

	cJSON_ArrayForEach(row, all)
	{
		cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(row, "seen"))
		{
			const char *text = cJSON_GetStringValue(one);

			if (text && strcmp(text, hex) == 0)
				return true;
		}
	}
	return false;
}

void seen_drop(struct seen *seen)
{
	int fd = openat(seen->files, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;

	if (!dir) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	while ((e = readdir(dir)))
		if (e->d_name[0] != '.' && !is_named(seen->all, e->d_name))
			(void)unlinkat(seen->files, e->d_name, 0);
	(void)closedir(dir);
}

/* What they said on standard error is for people; the rest decides what is run. */
static void forget_said(const struct seen *seen)
{
	cJSON *row;

	cJSON_ArrayForEach(row, seen->all)
		cJSON_DeleteItemFromObjectCaseSensitive(row, "said");
}

void seen_save(struct seen *seen)
{
	char *text = cJSON_Print(seen->all);

	if (text && strlen(text) > STATE_MAX) {
		forget_said(seen);
		cJSON_free(text);
		text = cJSON_Print(seen->all);
	}
	if (text)
		state_write(seen->folder, FILE_NAME, text);
	cJSON_free(text);
}
