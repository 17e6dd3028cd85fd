/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "outputs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "store.h"

#define BELOW "actions"

static bool is_ours(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_uid == geteuid() && !(st.st_mode & 022);
}

int outputs_open(struct epc_ctx *ctx)
{
	struct epc_folder *folder;
	autoclose int top = -1, fd = -1;
	bool is_made;
	int r;

	/* As for the cache file of a directory: it is made where it is missing. */
	r = epc_folder_open(ctx, "/", EPC_REFRESH_NAMED, &folder);
	if (r < 0)
		return r;
	top = epc_ctx_open(ctx, epc_folder_path(folder).data,
			   O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	epc_folder_free(folder);
	if (top < 0)
		return top;
	if (!is_ours(top))
		return -EPERM;

	is_made = mkdirat(top, BELOW, 0755) == 0;
	fd = openat(top, BELOW, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	/* Whatever the umask says. */
	if (fd < 0 || (is_made && fchmod(fd, 0755) < 0))
		return -errno;
	if (!is_ours(fd))
		return -EPERM;

	(void)store_sweep(fd);
	return take_fd(fd);
}

static bool is_published(const struct epc_ctx *ctx, const char *name, struct span bytes)
{
	struct epc_output *old;
	struct epc_str had;
	bool same;

	if (epc_action_output(ctx, name, &old) != 0)
		return false;
	had = epc_output_bytes(old);
	same = span_eq((struct span){ had.data, had.len }, bytes);
	epc_output_free(old);
	return same;
}

bool outputs_has(const struct epc_ctx *ctx, const char *name)
{
	struct epc_output *old;

	if (epc_action_output(ctx, name, &old) != 0)
		return false;
	epc_output_free(old);
	return true;
}

int outputs_publish(const struct epc_ctx *ctx, int folder, const char *name,
		    struct span bytes)
{
	auto_store struct store st = STORE_INIT;
	int r;

	if (is_published(ctx, name, bytes))
		return 0;
	r = store_begin(&st, folder, name, 0644);
	if (r == 0)
		r = store_write(&st, bytes.p, bytes.n);
	return r == 0 ? store_commit(&st) : r;
}

static bool is_kept(const struct actions *all, const char *name)
{
	const struct registered *one = actions_find(all, name);

	return one && one->state != ACTION_MASKED;
}

void outputs_sweep(int folder, const struct actions *all)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;

	if (!dir) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	while ((e = readdir(dir)))
		if (e->d_name[0] != '.' && !is_kept(all, e->d_name))
			(void)unlinkat(folder, e->d_name, 0);
	(void)closedir(dir);
}
