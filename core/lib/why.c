/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "why.h"

#include "scan.h"

/* A broken item, a wrong line, no name at all. */
bool why_raises(const struct view_dist *d)
{
	return d->state == SCAN_BROKEN || d->bad_line ||
	       (d->state == SCAN_PRIVATE && (d->flags & FMT_NAMELESS));
}

const char *why_reason(const struct view_dist *d)
{
	static const char *const reasons[] = {
		[SCAN_FINE] = "cannot be read",
		[SCAN_NO_EQUALS] = "the line is neither \"name = value\" nor a [group]",
		[SCAN_NOT_UTF8] = "not UTF-8",
		[SCAN_NAMELESS] = "neither the folder nor METADATA gives a name",
		[SCAN_LINK_LOOP] = "a loop of symbolic links",
		[SCAN_NOT_REGULAR] = "not a regular file",
		[SCAN_IO_ERROR] = "cannot be read",
		[SCAN_ODD_NAME] = "the Name in METADATA is not on one short line",
	};

	if (d->state == SCAN_LARGE)
		return "too large to be read";
	if (d->state == SCAN_PRIVATE)
		return "METADATA may not be read, so the name is not known";

	return reasons[d->why < sizeof reasons / sizeof reasons[0] ? d->why : 0];
}
