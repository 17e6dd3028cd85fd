/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * index.h - make the bytes of a cache file out of distributions and entries.
 *
 * Added in readdir order; index_finish() sorts, decides what wins inside the
 * directory, and lays the file out.  Equal input gives equal bytes.  Nothing
 * here knows where the bytes go.
 *
 *     auto_index struct index ix = INDEX_INIT;
 *
 *     r = index_begin(&ix, path, flags, &token, settled);
 *     r = index_add_dist(&ix, &dist);          in readdir order
 *     r = index_add_entry(&ix, &entry);        of the distribution added last
 *     ...
 *     r = index_finish(&ix, &bytes, &n);
 *
 * Used by: build.c, check.c, tests.  Uses: format.h, span.h, fresh.h.
 */
#ifndef EPC_INDEX_H
#define EPC_INDEX_H

#include "auto.h"
#include "format.h"
#include "fresh.h"
#include "span.h"

/* One distribution, as it goes into the index; all spans are borrowed and copied. */
struct index_dist {
	struct span folder, norm, key, name;
	struct span version; /* p == NULL: unknown */
	uint8_t kind;        /* enum name_kind; NAME_EGG comes last in the order */
	uint8_t state;       /* enum scan_state */
	uint8_t why;         /* enum scan_why, of a broken item */
	bool nameless;
	bool live_name;
	uint64_t hash[2]; /* of a text, as are token and settled */
	struct token token;
	bool settled;
};

/* One entry; the spans are borrowed and copied. */
struct index_entry {
	struct span group, name, value;
	bool rejected_315;
};

struct index_buf {
	char *p;    /* owned */
	size_t n;   /* bytes used */
	size_t cap; /* bytes */
};

struct index {
	struct index_buf path, dists, groups, entries, hashes, strings, tokens;
	struct index_buf seen;
	uint32_t *slots; /* owned; hash table of the groups, to find one by name */
	size_t nr_slots; /* a power of two */
	uint32_t flags;  /* FMT_FAST_ALLOWED */
	size_t max;      /* bytes, of what comes of it; FMT_SIZE_MAX for a file */
};

/* Bytes; what is read live, for one process, may be larger than a file. */
#define INDEX_SIZE_MAX (256u << 20)
#define INDEX_INIT ((struct index){ .max = INDEX_SIZE_MAX })

/*
 * index_begin - start the index of one directory
 * @ix:     initialised with INDEX_INIT
 * @path:   the directory, as keyed; not empty
 * @flags:  of the header
 * @token:  the directory's token
 *
 * Returns 0, -ENOMEM or -EFBIG.
 */
must_check int index_begin(struct index *ix, struct span path, uint32_t flags,
			   const struct token *token, enum fmt_settled settled);

/*
 * index_room - bytes that texts may still fill
 *
 * Half of what a file may hold is kept for the distributions, so that a huge text leaves
 * no other out.
 */
size_t index_room(const struct index *ix);

/* index_add_dist - 0, -ENOMEM, or -EFBIG when offsets would no longer fit. */
must_check int index_add_dist(struct index *ix, const struct index_dist *d);

/* index_add_entry - add to the distribution added last, in file order; as above. */
must_check int index_add_entry(struct index *ix, const struct index_entry *e);

/*
 * index_bad_line - the distribution added last has a wrong line; the first counts
 * @why:  enum scan_why
 */
void index_bad_line(struct index *ix, unsigned line, uint8_t why);

/* index_settle - the directory's token is, after all, settled or not. */
void index_settle(struct index *ix, enum fmt_settled settled);

/* index_set_seen - record when tokens that are not settled yet were seen. */
must_check int index_set_seen(struct index *ix, const struct fresh_seen *seen);

/*
 * index_finish - lay out the file; once, only index_release() may follow
 * @ret_bytes:  malloc'ed, 8-byte aligned, the caller's
 * @ret_n:      bytes
 *
 * Returns 0, -ENOMEM, or -EFBIG over .max.
 */
must_check int index_finish(struct index *ix, char **ret_bytes, size_t *ret_n);

/* index_release - give back what an index holds; INDEX_INIT is fine. */
void index_release(struct index *ix);
#define auto_index AUTO(index_release)

#endif
