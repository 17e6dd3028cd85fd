/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "found.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auto.h"
#include "msg.h"

void found_release(struct found_list *l)
{
	for (size_t i = 0; i < l->nr; i++) {
		free(l->at[i].dir);
		free(l->at[i].path);
		free(l->at[i].name);
		free(l->at[i].version);
	}
	free(l->at);
}

static char *copy(struct found_list *l, struct epc_str s)
{
	char *text = s.data ? strndup(s.data, s.len) : NULL;

	l->failed |= s.data && !text;
	return text;
}

void found_add(struct found_list *l, const char *dir, struct epc_str folder,
	       const struct epc_str name_version[2])
{
	struct found *more = reallocarray(l->at, l->nr + 1, sizeof *more), f = { 0 };
	char path[OUT_PATH_MAX];

	l->failed |= !more;
	if (!more)
		return;

	l->at = more;
	f.dir = copy(l, out_str(dir));
	f.path = copy(l, out_path(out_str(dir), folder, path));
	f.name = copy(l, name_version[0]);
	f.version = copy(l, name_version[1]);
	l->at[l->nr++] = f;
}

void found_add_dir(struct found_list *l, struct epc_ctx *ctx, const char *dir,
		   const char *name)
{
	struct epc_image *image = NULL;
	const struct epc_dist *d;
	struct epc_site *site;
	int r;

	if (epc_site_open(ctx, dir, &site) != 0)
		return; /* sys.path may name what is not there */

	r = epc_image_build(site, NULL, EPC_REFRESH_FORCE | EPC_REFRESH_PRIVATE, &image);
	if (r < 0)
		msg("cannot read '%s': %s", dir, strerror(-r));
	while (r == 0 && (d = epc_image_next_dist(image))) {
		const struct epc_str what[] = { epc_dist_name(d), epc_dist_version(d) };

		if (!name || epc_dist_is_named(d, name))
			found_add(l, dir, epc_dist_folder(d), what);
	}
	epc_image_free(image);
	epc_site_free(site);
}

int found_ask(const struct found_list *l, struct owners *own)
{
	autofree const char **paths = reallocarray(NULL, l->nr + 1, sizeof *paths);

	if (!paths || l->failed) {
		msg("out of memory");
		return -1;
	}
	for (size_t i = 0; i < l->nr; i++)
		paths[i] = l->at[i].path;
	return owners_ask(own, paths, l->nr);
}

cJSON *found_json(const struct found *f)
{
	return out_json_dist(out_str(f->name), out_str(f->version), out_str(f->path));
}

char *found_title(const struct found *f)
{
	char *title;

	if (asprintf(&title, "%s%s%s", f->name ? f->name : "?", f->version ? " " : "",
		     f->version ? f->version : "") < 0)
		return NULL;
	return title;
}
