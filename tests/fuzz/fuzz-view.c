/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* No bytes may make view.c read outside of them, or let a look-up fail. */
#include <stdlib.h>

#include "../unit/view-walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned sink;

static void look(const char *bytes, size_t n)
{
	struct view v;

	if (view_init(&v, bytes, n) < 0)
		return;

	sink = walk_all(&v);
	sink = (unsigned)view_check_order(&v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *bytes = calloc(1, size ? size : 1);
	uint64_t total = fmt_u64(size);

	if (!bytes)
		return 0;

	if (size)
		memcpy(bytes, data, size);
	look(bytes, size);
	if (size < sizeof(struct fmt_header) + sizeof total)
		return 0;

	/* Again, with what no mutation would ever get right. */
	memcpy(bytes + offsetof(struct fmt_header, total_size), &total, sizeof total);
	walk_mend(bytes, size);
	look(bytes, size);
	return 0;
}
