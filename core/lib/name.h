/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * name.h - what the name of a metadata folder says about its distribution.
 *
 * Pure: the rules of importlib.metadata's Lookup, Prepared.normalize() and
 * PathDistribution._name_from_stem() of CPython 3.10 to 3.14, on raw bytes.
 * Two normalised forms exist because Python has two: the *key* groups the
 * items of one directory (made from the lower-cased folder name), and the
 * *normalised name* decides which distribution shadows which (made from the
 * name as written).  They differ for names such as FOO-1.DIST-INFO.
 *
 * Used by: scan.c, check.c.  Uses: span.h, uni.h.
 */
#ifndef EPC_NAME_H
#define EPC_NAME_H

#include "span.h"

enum name_kind {
	NAME_OTHER = 0, /* not metadata */
	NAME_DIST_INFO, /* ends in .dist-info, in any case of letters */
	NAME_EGG_INFO,  /* ends in .egg-info, in any case of letters */
	NAME_EGG,       /* EGG-INFO inside a directory whose name ends in .egg */
};

enum {
	NAME_RAW_MAX = 255,  /* bytes of a folder name: NAME_MAX of Linux */
	NAME_NORM_MAX = 512, /* bytes of a normalised one: half as long again at most */
};

/* A distribution's own name and version, as its folder name gives them. */
struct name_parts {
	struct span name;    /* borrowed from the folder name */
	struct span version; /* borrowed; p == NULL when the folder name has none */
	bool settled;        /* false: METADATA or PKG-INFO must tell the name */
};

/*
 * name_kind - is this child of a directory metadata, and of which sort?
 * @folder:  the child's name
 * @in_egg:  the directory is an egg, see name_is_egg()
 */
enum name_kind name_kind(struct span folder, bool in_egg);

/*
 * name_is_egg - does a sys.path entry name an unpacked egg?
 * @path:  the entry as it stands on sys.path; "x.egg/" does not (its basename is empty)
 */
bool name_is_egg(struct span path);

/*
 * name_split - name and version as the folder name gives them
 * @folder:  a name for which name_kind() returned @kind
 *
 * name is what os.path.splitext() and partition('-') leave; version is what
 * follows that '-', for an egg-info without its "-pyX.Y[-platform]".  Not
 * settled when the suffix is not written in lower case, when nothing but dots
 * precedes it (name and version are then empty), when the name is empty, and
 * for NAME_EGG: importlib.metadata then asks METADATA.
 */
struct name_parts name_split(struct span folder, enum name_kind kind);

/*
 * name_normalize - Prepared.normalize(): runs of [-_.] become '_', lower case
 * @name:  at most NAME_RAW_MAX bytes, or a Name from METADATA of any length
 * @out:   room for @cap bytes
 *
 * Returns the length, or -1 when it does not fit.
 */
long name_normalize(struct span name, char *out, size_t cap);

/*
 * name_key - the key that groups the items of one directory (Lookup.infos)
 * @folder:  a name of kind NAME_DIST_INFO or NAME_EGG_INFO, at most NAME_RAW_MAX bytes
 *
 * Returns the length; it always fits.
 */
size_t name_key(struct span folder, char out[NAME_NORM_MAX]);

/*
 * name_is_of_key - is this name, normalised, the same as the key of the folder?
 * @name:  as name_split() gives it, or another: then the answer is no
 *
 * Never true where it is not so, but maybe false where it is.
 */
bool name_is_of_key(struct span folder, struct span name);

#endif
