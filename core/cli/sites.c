/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sites.h"

#include <errno.h>

#include "auto.h"
#include "discover.h"

void sites_release(struct sites *sites)
{
	for (size_t i = 0; i < sites->nr; i++)
		epc_image_free(sites->at[i].image);
	free(sites->at);
	*sites = (struct sites){ 0 };
}

/* As the refresh by root left it; what is not there, or not to be believed, is none. */
static struct epc_image *load_image(struct epc_ctx *ctx, const char *dir)
{
	const unsigned flags = EPC_REFRESH_NAMED | EPC_REFRESH_DRY_RUN;
	struct epc_image *image = NULL;
	struct epc_folder *folder;

	if (epc_folder_open(ctx, dir, flags, &folder) != 0)
		return NULL;
	if (epc_folder_read(folder, dir, &image) != 0)
		image = NULL;
	epc_folder_free(folder);
	return image;
}

static int add(struct sites *sites, struct epc_ctx *ctx, const char *dir, bool is_roots)
{
	struct epc_image *image = load_image(ctx, dir);
	struct epc_str path;
	struct site *more;

	if (!image)
		return 0;
	more = reallocarray(sites->at, sites->nr + 1, sizeof *more);
	if (!more) {
		epc_image_free(image);
		return -ENOMEM;
	}

	path = epc_image_path(image);
	sites->at = more;
	more[sites->nr++] = (struct site){
		.image = image,
		.content = digest_image(image),
		.key = digest_of(path.data, path.len),
		.is_roots = is_roots,
	};
	return 0;
}

int sites_load(struct sites *sites, struct epc_ctx *ctx, const struct conf *conf)
{
	auto_dirs struct dirs dirs = { 0 };
	int r = 0;

	*sites = (struct sites){ 0 };
	if (discover_system(ctx, conf, &dirs) < 0)
		return -ENOENT;
	for (size_t i = 0; r == 0 && i < dirs.nr; i++)
		r = add(sites, ctx, dirs.paths[i], dirs.notes[i] == DIRS_ROOTS);
	return r;
}

struct digest sites_digest(const struct sites *sites)
{
	autofree char *all = malloc(sites->nr * (DIGEST_LEN + 1) + 1);

	if (!all)
		return (struct digest){ "" };
	for (size_t i = 0; i < sites->nr; i++) {
		memcpy(all + i * (DIGEST_LEN + 1), sites->at[i].content.hex, DIGEST_LEN);
		all[i * (DIGEST_LEN + 1) + DIGEST_LEN] = sites->at[i].is_roots ? 'r'
									       : '-';
	}
	return digest_of(all, sites->nr * (DIGEST_LEN + 1));
}
