/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * table.h - one directory's distributions, as its cache file has them, for Python.
 *
 * For programs that ask importlib.metadata: they look at one directory after the
 * other, at hidden distributions too, and may read one's entry points long after it
 * was listed.  So a table is as good as the directory's listing, and each
 * distribution is checked when it is read.
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
 * table_read(path: bytes) -> dict | None - what the cache has of an absolute directory
 *
 * {folder: (seen, ((name, value, group), ...)) | None}, in the order of the listing;
 * None for a distribution that has to be read, and instead of the whole where no
 * cache answers.  Raises MemoryError and TypeError alone.
 */
struct _object *table_read(struct _object *module, struct _object *path);

/*
 * table_is_current(path: bytes, seen: bytes) -> bool - is an entry_points.txt still so?
 *
 * One statx(2), or none where the directory's cache allows the fast check.
 */
struct _object *table_is_current(struct _object *module, struct _object *args);

/* table_is_fast - is a directory's token enough for what its cache has of its texts? */
bool table_is_fast(const struct epc_dir *d);

/* table_record - (seen, entries) of a distribution; None where it has to be read. */
struct _object *table_record(const struct epc_dist *d, bool fast);

extern const char table_read_doc[], table_is_current_doc[];

#endif
