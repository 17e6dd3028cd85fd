/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * format.h - the cache file on disk, version 1; mirrors epcache.cache(5).
 *
 * Little-endian, every section 8-byte aligned, offsets from the start of the
 * file.  A header with a table of sections (each with its record size, so that
 * records can grow), the sections, and an XXH3-64 checksum of all that precedes
 * as the last 8 bytes.  The content part is a pure function of the directory's
 * tree; the token part (TOKENS, SEEN) may be rewritten once more to settle it.
 * No logic here: fields are read and written through fmt_u32() and fmt_u64().
 *
 * Used by: index.c, view.c, tests.  Uses: nothing.
 */
#ifndef EPC_FORMAT_H
#define EPC_FORMAT_H

#include <assert.h>
#include <endian.h>
#include <stddef.h>
#include <stdint.h>

/* Like PNG's: the first byte keeps text tools away, line ends show a mangled transfer. */
#define FMT_MAGIC "\x89\x45PC\r\n\x1a\n" /* \x45 is E: "\x89E" would be one byte */
#define FMT_VERSION 1
#define FMT_SUFFIX ".v1"         /* of the file name, so that formats coexist */
#define FMT_NONE UINT32_MAX      /* no token */
#define FMT_SIZE_MAX (20u << 20) /* bytes; a larger file is not written and not read */
#define FMT_FOLDER_MAX 255       /* bytes of the name of a metadata folder: NAME_MAX */

enum fmt_section {
	FMT_PATH,   /* bytes: the directory's path, as keyed */
	FMT_DISTS,  /* struct fmt_dist, in readdir order */
	FMT_ORDER,  /* u32: every distribution, as importlib.metadata yields them */
	FMT_NAMES,  /* u32: distributions that have a name, by (normalised name, ORDER) */
	FMT_ODD,    /* u32: winners that each query looks at, in DISTS order */
	FMT_GROUPS, /* struct fmt_group, by name */
	FMT_MEMBERS, /* u32: entries of winners, by group, in answer order */
	FMT_ENTRIES, /* struct fmt_entry, by distribution, in file order */
	FMT_HASHES,  /* struct fmt_hash, one for each text, in DISTS order */
	FMT_STRINGS, /* bytes: a NUL, then strings, each with a NUL after it */
	FMT_TOKENS,  /* struct fmt_token: the directory's, then one for each text */
	FMT_SEEN,    /* struct fmt_seen: one if a token waits to be seen again */
	FMT_SECTIONS
};

/* Bits of fmt_header.flags. */
enum {
	FMT_FAST_ALLOWED = 1, /* readers may use the fast check */
	FMT_PRIVATE = 2,      /* made for its writer's eyes; the file's mode is 0600 */
	FMT_TRUSTED = 4,      /* settled tokens decide on whatever mount */
};

/* Bits of fmt_dist.flags, beside a kind and a state. */
enum {
	FMT_WINS = 1,      /* first of its normalised name in this directory */
	FMT_NAMELESS = 2,  /* no name at all: nothing shadows it, it shadows nothing */
	FMT_LIVE_NAME = 4, /* METADATA gave the name: read again for each strict check */
	FMT_REJECTED_315 = 8, /* CPython 3.15 refuses one of its entries */
	FMT_HAS_VERSION = 16, /* version is known, be it empty */
};

/* The two values of kind and state that decide an order; name.h and scan.h have all. */
enum {
	FMT_KIND_EGG = 3,   /* NAME_EGG: comes last in ORDER */
	FMT_STATE_TEXT = 1, /* SCAN_TEXT: a higher state is looked at in each query */
};

/* Flags that put a winning distribution among FMT_ODD, as does a bad line. */
#define FMT_ODD_FLAGS (FMT_NAMELESS | FMT_LIVE_NAME | FMT_REJECTED_315)

struct fmt_table {
	uint32_t off;   /* bytes from the start of the file */
	uint32_t count; /* records */
	uint32_t size;  /* bytes of a record, a multiple of 8; 4 for u32, 1 for bytes */
	uint32_t zero;
};

struct fmt_header {
	uint8_t magic[8];
	uint32_t version;
	uint32_t header_size; /* bytes, of this struct */
	uint64_t total_size;  /* bytes, of the file, the checksum included */
	uint32_t flags;
	uint32_t nr_sections;
	struct fmt_table table[FMT_SECTIONS];
};

/* A run of bytes in FMT_STRINGS, with a NUL after it that does not count. */
struct fmt_ref {
	uint32_t off; /* bytes from the start of the section */
	uint32_t len; /* bytes */
};

struct fmt_dist {
	struct fmt_ref folder; /* raw name of the metadata folder */
	struct fmt_ref norm;   /* normalised name: what shadows what */
	struct fmt_ref key;    /* what groups the items of a directory */
	struct fmt_ref name;
	struct fmt_ref version;
	uint32_t first_entry;
	uint32_t nr_entries;
	uint32_t text;     /* number of its hash; its token is the next; FMT_NONE: none */
	uint32_t bad_line; /* 1-based; 0: none */
	uint8_t kind;      /* enum name_kind */
	uint8_t state;     /* enum scan_state */
	uint8_t why;       /* enum scan_why: of a broken item, or of bad_line */
	uint8_t flags;
	uint32_t zero;
};

struct fmt_group {
	struct fmt_ref name;
	uint32_t first; /* in MEMBERS */
	uint32_t count;
};

struct fmt_entry {
	struct fmt_ref name;
	struct fmt_ref value;
	uint32_t group; /* in GROUPS */
	uint32_t dist;  /* in DISTS */
};

struct fmt_hash {
	uint64_t lo, hi; /* XXH3-128 of the text */
};

/* Can no later change leave a token as it is? */
enum fmt_settled {
	FMT_UNSETTLED = 0,
	FMT_SETTLED = 1,
	FMT_SETTLED_FAST = 2, /* of a directory: for the fast check alone */
};

struct fmt_token {
	uint64_t ino;
	uint64_t size;
	uint64_t mtime_ns; /* two's complement */
	uint64_t ctime_ns;
	uint64_t btime_ns;
	uint32_t type;
	uint32_t settled; /* enum fmt_settled */
};

struct fmt_seen {
	uint64_t boot;
	uint64_t boot_ns;
	uint64_t wall_ns;
};

static_assert(sizeof(struct fmt_table) == 16, "on disk");
static_assert(sizeof(struct fmt_header) == 32 + 16 * FMT_SECTIONS, "on disk");
static_assert(sizeof(struct fmt_dist) == 64, "on disk");
static_assert(sizeof(struct fmt_group) == 16, "on disk");
static_assert(sizeof(struct fmt_entry) == 24, "on disk");
static_assert(sizeof(struct fmt_hash) == 16, "on disk");
static_assert(sizeof(struct fmt_token) == 48, "on disk");
static_assert(sizeof(struct fmt_seen) == 24, "on disk");

/* Convert one field between the file's byte order and the machine's. */
static inline uint32_t fmt_u32(uint32_t v)
{
	return le32toh(v);
}

static inline uint64_t fmt_u64(uint64_t v)
{
	return le64toh(v);
}

#endif
