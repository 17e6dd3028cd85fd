/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * table.h - what an answer has of a distribution's text, for Python to use later.
 *
 * A program may read one distribution's entry points long after it was listed, so each
 * record is checked when it is read.
 *
 * Used by: module.c.  Uses: epcache.h.
 */
#ifndef EPC_TABLE_H
#define EPC_TABLE_H

#include <stdbool.h>

struct _object; /* PyObject, without its header */
struct epc_dir;
struct epc_dist;

/*
 * table_is_current(path: bytes, seen: bytes) -> bool - is an entry_points.txt still so?
 *
 * One statx(2), or none where the directory's cache allows the fast check.
 */
struct _object *table_is_current(struct _object *module, struct _object *args);

/* table_is_fast - is a directory's token enough for what its cache has of its texts? */
bool table_is_fast(const struct epc_dir *d);

/*
 * table_record - (seen, ((name, value, group), ...)) of a distribution
 *
 * None where it has to be read.
 */
struct _object *table_record(const struct epc_dist *d, bool fast);

extern const char table_is_current_doc[];

#endif
