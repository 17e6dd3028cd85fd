/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sites.h - the cache files of the system as they are now, for actions to be told of.
 *
 * Used by: engine.c.  Uses: conf.h, digest.h, system.h.
 */
#ifndef EPC_SITES_H
#define EPC_SITES_H

#include "auto.h"
#include "conf.h"
#include "digest.h"
#include "epcache.h"

/* One directory that has a cache file. */
struct site {
	struct epc_image *image; /* owned */
	struct digest content;   /* of the image */
	struct digest key;       /* of the path */
	bool is_roots;           /* the directory belongs to root */
};

struct sites {
	struct site *at; /* owned */
	size_t nr;
};

/* sites_load - 0 or a negative errno; to be released in any case. */
must_check int sites_load(struct sites *sites, struct epc_ctx *ctx,
			  const struct conf *conf);
void sites_release(struct sites *sites);
#define auto_sites AUTO(sites_release)

/* sites_digest - of all together. */
struct digest sites_digest(const struct sites *sites);

#endif
