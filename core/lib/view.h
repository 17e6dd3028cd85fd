/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * view.h - look things up in the bytes of a cache file.
 *
 * view_init() checks the checksum and bounds every offset *and length* once;
 * the look-ups after it cannot fail and return spans that borrow from the bytes.
 * The fuzz targets call it directly.
 *
 * This is all that later code may assume of bytes that view_init() took.  Whoever
 * relies on something else adds a row here, a check in view.c, and a crafted file to
 * each_relation_is_checked() of tests/unit/t-view.c.
 *
 *   field                    what may be assumed
 *   PATH                     starts with '/' and holds no NUL: path_file() asserts it
 *   STRINGS                  starts with a NUL; every reference ends before a NUL in it
 *   all references           their lengths add up to 5 * STRINGS at most, so a copy of
 *                            every string is linear in the size of the file
 *   ORDER, NAMES, ODD        numbers below nr_dists; ORDER has nr_dists of them, the
 *                            others no more
 *   ORDER                    its distributions have nr_entries entries between them, so
 *                            an answer is linear in the size of the file
 *   MEMBERS                  numbers below nr_entries, nr_entries of them at most
 *   GROUPS first, count      lie in MEMBERS
 *   ENTRIES group, dist      below nr_groups; the distribution that the entry is of
 *   DISTS folder             1 to 255 bytes, no '/' or NUL, not "." or ".."
 *   DISTS first_entry,       each entry belongs to one distribution, in their order
 *     nr_entries
 *   DISTS text               FMT_NONE, or below nr_hashes; each hash belongs to one
 *                            distribution, in their order
 *   DISTS state, text        state is FMT_STATE_TEXT if, and only if, text is a number
 *   DISTS state, nr_entries, only a text has entries, or a wrong line
 *     bad_line
 *   TOKENS                   one more than HASHES
 *   SEEN                     one record at most
 *
 * Not to be assumed: that kind, state, why, flags and token types have values that are
 * known here; that strings are UTF-8 or without a NUL; that no two folders are equal; and
 * any order (see view_check_order()).
 *
 * Used by: check.c, select.c, ctx.c, tests/fuzz/fuzz-view.c.
 * Uses: format.h, fresh.h, span.h.
 */
#ifndef EPC_VIEW_H
#define EPC_VIEW_H

#include "auto.h"
#include "format.h"
#include "fresh.h"
#include "span.h"

/* Bytes that have been verified.  All pointers borrow from them. */
struct view {
	struct span path;
	uint32_t flags;
	uint32_t nr_dists, nr_names, nr_odd, nr_groups, nr_members, nr_entries, nr_hashes;
	const uint32_t *order, *names, *odd, *members; /* little-endian */
	/* Records, and their sizes. */
	const char *dists, *groups, *entries, *hashes, *tokens;
	uint32_t dist_size, group_size, entry_size, hash_size, token_size;
	struct span strings;
	struct fresh_seen seen;
	bool has_seen;
};

/* A distribution, as view_dist() unpacks it. */
struct view_dist {
	struct span folder, norm, key, name;
	struct span version; /* p == NULL: unknown */
	uint32_t first_entry, nr_entries;
	uint32_t text; /* FMT_NONE: none */
	uint32_t bad_line;
	uint8_t kind, state, why, flags;
};

struct view_entry {
	struct span group, name, value;
	uint32_t dist;
};

/*
 * view_init - verify the bytes of a cache file
 * @bytes:  8-byte aligned (malloc's are); borrowed by the view
 * @n:      bytes
 *
 * Returns 0; -EBADMSG when these are not the whole, unchanged bytes of a cache
 * file; -EPROTONOSUPPORT when a cache file of a newer format begins there.
 */
must_check int view_init(struct view *ret_view, const char *bytes, size_t n);

/*
 * view_own - see bytes that index_finish() has made in this process
 *
 * What nobody else can have touched is not verified; who gets them elsewhere does that.
 */
void view_own(struct view *ret_view, const char *bytes, size_t n);

/*
 * view_check_order - are the sorted sections sorted, and the flags as index.c sets them?
 *
 * A wrong order cannot make a look-up unsafe, only wrong, so readers leave this
 * out; who publishes bytes that another process made asks it.
 * Returns 0, -EBADMSG, or -ENOMEM.
 */
must_check int view_check_order(const struct view *v);

/*
 * view_is_packed - has a file of @n bytes nothing but what index.c puts into it?
 *
 * Asked by who publishes bytes that another process made, which then take no more room
 * than what they say.
 */
bool view_is_packed(const struct view *v, size_t n);

struct view_dist view_dist(const struct view *v, uint32_t i);   /* i < nr_dists */
struct view_entry view_entry(const struct view *v, uint32_t i); /* i < nr_entries */

/* The distribution at a place of ORDER, of ODD; the entry at a place of MEMBERS. */
uint32_t view_order(const struct view *v, uint32_t at);  /* at < nr_dists */
uint32_t view_odd(const struct view *v, uint32_t at);    /* at < nr_odd */
uint32_t view_member(const struct view *v, uint32_t at); /* at < nr_members */

/*
 * view_find_name - the first distribution of a normalised name
 *
 * Returns 1 with its number, or 0.
 */
int view_find_name(const struct view *v, struct span norm, uint32_t *ret_dist);

/*
 * view_find_group - the members of a group
 * @ret_first:  place of the first in MEMBERS
 *
 * Returns 1, or 0 when no winning distribution has the group.
 */
int view_find_group(const struct view *v, struct span group, uint32_t *ret_first,
		    uint32_t *ret_count);

/* The token of the directory, and of a text; returns whether it is settled. */
enum fmt_settled view_dir_token(const struct view *v, struct token *ret_token);
bool view_text_token(const struct view *v, uint32_t text, struct token *ret_token);
/* view_is_settled - do the tokens decide alone, without any content being read? */
bool view_is_settled(const struct view *v);
/* view_can_settle - would a scan at this time settle all local tokens as they are? */
bool view_can_settle(const struct view *v, int64_t now_ns);
void view_text_hash(const struct view *v, uint32_t text, uint64_t ret_hash[2]);

#endif
