/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "digest.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static struct digest hex(uint64_t high, uint64_t low)
{
	struct digest d;

	(void)snprintf(d.hex, sizeof d.hex, "%016" PRIx64 "%016" PRIx64, high, low);
	return d;
}

struct digest digest_of(const void *bytes, size_t n)
{
	XXH128_hash_t h = XXH3_128bits(bytes, n);

	return hex(h.high64, h.low64);
}

/* With its length, so that no two rows of strings come to the same bytes. */
static void add(XXH3_state_t *state, struct epc_str s)
{
	uint64_t len = s.data ? s.len : UINT64_MAX;

	(void)XXH3_128bits_update(state, &len, sizeof len);
	if (s.data)
		(void)XXH3_128bits_update(state, s.data, s.len);
}

static XXH128_hash_t hash_dist(const struct epc_dist *d)
{
	const char *state_name = epc_dist_state(d);
	bool wins = epc_dist_wins(d);
	XXH3_state_t state; /* large, and aligned */

	XXH3_INITSTATE(&state);
	(void)XXH3_128bits_reset(&state);
	(void)XXH3_128bits_update(&state, &wins, sizeof wins);
	add(&state, epc_dist_folder(d));
	add(&state, epc_dist_name(d));
	add(&state, epc_dist_version(d));
	add(&state, (struct epc_str){ state_name, strlen(state_name) });
	for (size_t i = 0; i < epc_dist_nr_entries(d); i++) {
		struct epc_str group, name, value;

		epc_dist_entry(d, i, &group, &name, &value);
		add(&state, group);
		add(&state, name);
		add(&state, value);
	}
	return XXH3_128bits_digest(&state);
}

struct digest digest_image(struct epc_image *image)
{
	struct epc_str path = epc_image_path(image);
	XXH128_hash_t of_path = XXH3_128bits(path.data, path.len);
	uint64_t high = of_path.high64, low = of_path.low64;
	const struct epc_dist *d;

	epc_image_rewind(image);
	/* A sum does not mind the order. */
	while ((d = epc_image_next_dist(image))) {
		XXH128_hash_t h = hash_dist(d);

		high += h.high64;
		low += h.low64;
	}
	return hex(high, low);
}
