/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * scan.h - read one sys.path directory: its metadata folders and their texts.
 *
 * The only place that lists and opens other people's trees; every limit lives
 * here.  Never recurses, never blocks on a FIFO, never reads more than it says.
 *
 *     auto_scan struct scan s = SCAN_INIT;
 *
 *     r = scan_begin(&s, dirfd, &opts);         list it, in readdir order
 *     while ((r = scan_next(&s, &it)) > 0)      read one item
 *             while ((o = scan_entry(&it, &e)) != PARSE_END)
 *                     ...
 *
 * Used by: build.c, check.c.  Uses: fresh.h, name.h, parse.h, root.h, stamp.h.
 */
#ifndef EPC_SCAN_H
#define EPC_SCAN_H

#include <stdint.h>

#include "fresh.h"
#include "name.h"
#include "parse.h"
#include "stamp.h"

#define SCAN_NAMES_MAX 1000000         /* metadata folders in one directory */
#define SCAN_TEXT_MAX (1u << 20)       /* bytes of a text that is cached: 1 MiB */
#define SCAN_TEXT_LIVE_MAX (64u << 20) /* bytes of a text that is read live: 64 MiB */
#define SCAN_NAME_MAX 4096             /* bytes of a Name or Version from METADATA */
#define SCAN_LIST_TRIES 3              /* listings, while the directory changes */

/* What the attempt to read an item came to. */
enum scan_state {
	SCAN_ABSENT,  /* no entry_points.txt, or one that importlib.metadata skips */
	SCAN_TEXT,    /* read */
	SCAN_PRIVATE, /* for the reader's own eyes: see struct scan_opts */
	SCAN_LARGE,   /* over a limit */
	SCAN_BROKEN,  /* importlib.metadata would raise, or hang; why tells */
};

/* Why an item, or a line of its text, makes importlib.metadata raise. */
enum scan_why {
	SCAN_FINE = 0,
	SCAN_NO_EQUALS,   /* a line of the text has no '=' */
	SCAN_NOT_UTF8,    /* the text, or METADATA, is not UTF-8 */
	SCAN_NAMELESS,    /* neither the folder nor METADATA gives a name */
	SCAN_LINK_LOOP,   /* ELOOP */
	SCAN_NOT_REGULAR, /* a FIFO, a device, a socket */
	SCAN_IO_ERROR,    /* any other error of open(2) or read(2) */
	SCAN_ODD_NAME,    /* a Name in METADATA that is folded, or over SCAN_NAME_MAX */
};

struct scan_opts {
	bool in_egg; /* the directory is an unpacked egg, name_is_egg() */

	/*
	 * A cache is read by others than who wrote it.  Confined: no link is
	 * followed below the directory (one component at a time, O_NOFOLLOW; or see
	 * scan_held()), and texts are capped at SCAN_TEXT_MAX; what lies behind a link is
	 * SCAN_PRIVATE.  A live scan (false) follows links, as importlib.metadata does.
	 */
	bool confined;
	bool one_by_one; /* confined: one component at a time, whatever the directory is */
	bool beneath;    /* this process can open nothing outside of the directory */
	/*
	 * What is kept for others than who scans: items that some class of users may not
	 * read (mode of the text without 0444, an ACL on it, or a folder on the way to it
	 * without 0111) are SCAN_PRIVATE, whoever scans.
	 */
	bool public_only;
	/*
	 * Confined, but kept for one user alone: also what is that user's own to read.
	 * Rights that come from a group may be gone the next time.
	 */
	uid_t keeper;
	bool no_items; /* reading an item is -ECANCELED: the caller is not ready for it */
	bool sorted;   /* by name, instead of readdir order, which is each disk's own */
	bool settle; /* wait, once and FRESH_TICK_WAIT_NS at most, for tokens to settle */
	bool trusted; /* an administrator vouches for the stamps */

	bool has_fs; /* .fs is known, else it is asked for */
	struct fresh_fs fs;

	/*
	 * The directory belongs to a system in a folder: what links lead to is looked
	 * for below @root, from @path, which is the directory's path in there.
	 */
	const char *path; /* borrowed; NULL: the running system's, and no @root */
	int root;         /* borrowed */
};

/* One metadata folder. */
struct scan_item {
	struct span folder; /* raw name; borrowed from the scan */
	enum name_kind kind;
	struct span name;    /* borrowed; from folder or METADATA; p == NULL: none */
	struct span version; /* borrowed; p == NULL when unknown */
	bool name_settled;   /* the folder alone gave the name */
	bool may_be_link;    /* the folder, when it was listed */

	enum scan_state state;
	enum scan_why why;  /* SCAN_FINE unless state is SCAN_BROKEN */
	struct token token; /* of the text, taken before reading; set when SCAN_TEXT */
	int64_t before_ns;  /* coarse clock before that; INT64_MIN on another mount */
	struct span text;   /* borrowed until the next scan_next(); when SCAN_TEXT */
	uint64_t hash[2];   /* XXH3-128 of the text, low half first; when SCAN_TEXT */

	struct parse parse; /* for scan_entry() */
};

struct scan_buf {
	char *p;    /* owned */
	size_t cap; /* bytes */
};

struct scan {
	int dirfd; /* borrowed; must outlive the scan */
	struct scan_opts opts;
	struct fresh_fs fs;
	struct token token; /* of the directory, taken before it was listed */
	int64_t before_ns;  /* coarse clock before that */
	uint64_t mount;     /* of the directory; 0 when unknown */
	bool is_closed; /* not everybody that it is kept for may look into the directory */
	bool steady;    /* the token was the same after the listing */
	bool missed;    /* a file could not be found: see scan_next() */
	bool at_once;   /* texts are opened in one call, and were: see scan_held() */
	bool was_at_once;

	struct scan_buf
		names;  /* each a kind, a length, whether a link: bytes; the name */
	size_t names_n; /* bytes in use */
	size_t nr_names;
	size_t at;            /* offset in names of the next item */
	struct scan_buf text; /* of the item read last */
	struct scan_buf meta; /* its METADATA, where that gives the name */
	int64_t wait_ns;      /* what may still be waited for tokens to settle */
};

#define SCAN_INIT ((struct scan){ .dirfd = -1 })

/*
 * scan_begin - list a directory
 * @s:      initialised with SCAN_INIT
 * @dirfd:  the directory, opened O_RDONLY|O_DIRECTORY; its offset is moved
 *
 * Lists again when the directory changed meanwhile, SCAN_LIST_TRIES times, then
 * goes on with .steady false.  Returns 0; -E2BIG over SCAN_NAMES_MAX;
 * -ENAMETOOLONG for metadata whose name exceeds NAME_RAW_MAX (file systems of
 * other systems have such); or the negative errno of getdents, statx or malloc.
 */
must_check int scan_begin(struct scan *s, int dirfd, const struct scan_opts *opts);

/*
 * scan_next - read the next item, in readdir order
 *
 * Returns 1 with an item, 0 at the end; -ENOMEM, -EMFILE, -ENFILE or -ECANCELED,
 * which say nothing of the item; -EOPNOTSUPP at the end, if files were not found and not
 * even the directory itself can be opened in the way in which they were looked for: a
 * library like that of fakechroot, which rewrites paths, answers ENOENT where a filter
 * of ours is in its way.  What is wrong with one item is in its state, and never ends the
 * scan.
 */
must_check int scan_next(struct scan *s, struct scan_item *ret_item);

/*
 * scan_held - is each name below the directory still what it was when it was listed?
 *
 * Where a change of the directory shows for certain (local stamps, settled), the text
 * of a folder that is no link is opened in one call, of folder and name: with a quarter
 * of the system calls less.  A folder that was swapped meanwhile may then have lent its
 * mode to another's text.  To be asked after the last item: where this is false, what
 * was read is to be thrown away and read again with .one_by_one.
 */
bool scan_held(const struct scan *s);

/* scan_name - the next item's name and kind alone, without opening anything; 1 or 0. */
int scan_name(struct scan *s, struct span *ret_folder, enum name_kind *ret_kind);

/*
 * scan_one - read one item by name, without listing
 * @s:       SCAN_INIT, with .dirfd, .opts and .fs set by the caller
 * @folder:  at most NAME_RAW_MAX bytes
 *
 * Never waits.  Returns 0, or a negative errno as scan_next() does.
 */
must_check int scan_one(struct scan *s, struct span folder, enum name_kind kind,
			struct scan_item *ret_item);

/*
 * scan_stamp - the token of a name below the directory, links followed
 * @name:  relative path
 *
 * Returns 0 or the negative errno of the call.
 */
must_check int scan_stamp(const struct scan *s, const char *name,
			  struct stamp *ret_stamp);

/* scan_decides - may a settled token decide, with no content being read? */
bool scan_decides(const struct scan *s);

/*
 * scan_may_keep - may what has this owner and mode be kept for those it is kept for?
 * @need:  the bits that everybody needs: 0444, or 0111 of a folder
 */
bool scan_may_keep(const struct scan *s, const struct stamp *st, mode_t need);

/* scan_entry - the next entry, or wrong line, of the item read last. */
enum parse_outcome scan_entry(struct scan_item *item, struct entry *ret_entry);

/* scan_release - give back what a scan holds; SCAN_INIT is fine. */
void scan_release(struct scan *s);
#define auto_scan AUTO(scan_release)

#endif
