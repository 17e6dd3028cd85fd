/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* t-image - what is given out of a cache file that was read to be looked at. */
#include <string.h>
#include <sys/stat.h>

#include "epcache.h"
#include "t.h"
#include "tmp.h"

#define ROOM (PATH_MAX + 64) /* for a path below another */

/* The image of a directory: as it was built; of its bytes; NULL where that fails. */
static struct epc_image *build(struct epc_ctx *ctx, const char *dir)
{
	struct epc_image *image = NULL;
	struct epc_site *site;

	MUST(epc_site_open(ctx, dir, &site) == 0);
	if (epc_image_build(site, NULL, 0, &image) != 0)
		image = NULL;
	epc_site_free(site);
	return image;
}

static struct epc_image *copy(struct epc_ctx *ctx, const char *dir,
			      const struct epc_image *of)
{
	struct epc_str bytes = epc_image_bytes(of);
	struct epc_image *image;

	return epc_image_from_bytes(ctx, dir, bytes.data, bytes.len, &image) == 0 ? image
										  : NULL;
}

static struct epc_image *read_file(struct epc_ctx *ctx, const char *file,
				   const struct epc_image *of)
{
	struct epc_str bytes = epc_image_bytes(of);
	FILE *f = fopen(file, "w");
	struct epc_image *image;

	MUST(f && fwrite(bytes.data, 1, bytes.len, f) == bytes.len && fclose(f) == 0);
	return epc_image_from_file(ctx, file, &image) == 0 ? image : NULL;
}

static bool ends_with_nul(struct epc_str s, const char *want)
{
	return s.data && strlen(s.data) == s.len && strcmp(s.data, want) == 0;
}

/* In the file, a path is padded with zeros to eight bytes, or by nothing. */
static void a_path_of_any_length_ends_with_a_nul(void)
{
	struct tmp tmp = tmp_make();
	char dir[ROOM], file[2 * ROOM];
	struct epc_ctx *ctx;

	MUST(epc_ctx_new(&ctx) == 0);
	for (int n = 1; n <= 16; n++) {
		struct epc_image *images[3];

		(void)snprintf(dir, sizeof dir, "%s/%.*s", tmp.path, n,
			       "xxxxxxxxxxxxxxxx");
		T_ROW(dir);
		MUST(mkdir(dir, 0755) == 0);
		(void)snprintf(file, sizeof file, "%s/a-1.dist-info", dir);
		MUST(mkdir(file, 0755) == 0);
		(void)snprintf(file, sizeof file, "%s/file", tmp.path);
		images[0] = build(ctx, dir);
		MUST(images[0]);
		images[1] = copy(ctx, dir, images[0]);
		images[2] = read_file(ctx, file, images[0]);
		for (int i = 0; i < 3; i++) {
			struct epc_str bytes = epc_image_bytes(images[i]);

			T(ends_with_nul(epc_image_path(images[i]), dir));
			T(bytes.data[bytes.len] == '\0');
			epc_image_free(images[i]);
		}
	}
	T_ROW(NULL);
	epc_ctx_free(ctx);
	tmp_release(&tmp);
}

int main(void)
{
	RUN(a_path_of_any_length_ends_with_a_nul);
	return t_done();
}
