/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * epcache.h - public API of libepcache: entry points of Python distributions,
 * from a cache that is checked before it is believed.
 *
 *     struct epc_ctx *ctx;
 *     struct epc_answer *answer;
 *     const struct epc_entry *e;
 *     const char *path[] = { "/usr/lib/python3/dist-packages" };
 *
 *     if (epc_ctx_new(&ctx) == 0 &&
 *         epc_query(ctx, path, 1, "console_scripts", NULL, &answer) == 0) {
 *             while ((e = epc_answer_next(answer)))
 *                     puts(epc_entry_name(e).data);
 *             epc_answer_free(answer);
 *     }
 *
 * Conventions, for every function here:
 *   < 0   a negative errno: nothing was changed, ret_ parameters are untouched
 *   0     done
 *   > 0   an EPC_* outcome that the caller must expect (enum epc_outcome)
 * A pointer returned through ret_ is the caller's, to be given to the _free of
 * its type; every other pointer is borrowed, until the object that it came from
 * is freed.  The _free functions accept NULL and return NULL.
 *
 * The library prints nothing, keeps no global state, changes neither the
 * environment nor signals.  Different contexts may be used in different threads
 * at once; one context, with what was made from it, by one thread at a time.
 *
 * Environment, read by epc_ctx_new() alone and ignored in set-id processes:
 *   EPCACHE_DIR  the only cache folder (ignored for euid 0)
 *   EPCACHE      "0" or "live": no cache; "strict"; "fast" (ignored for euid 0)
 *   XDG_CACHE_HOME, XDG_RUNTIME_DIR, HOME  the user's cache folder (not for euid 0)
 */
#ifndef EPCACHE_H
#define EPCACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define EPC_MUST_CHECK __attribute__((warn_unused_result))
#define EPC_PUBLIC __attribute__((visibility("default")))
#else
#define EPC_MUST_CHECK
#define EPC_PUBLIC
#endif

struct epc_ctx;
struct epc_answer;
struct epc_entry;
struct epc_dist;
struct epc_dir;
struct epc_note;
struct epc_image;
struct epc_folder;
struct epc_site;

/* A run of bytes: may hold any byte, NUL included; a NUL follows it all the same. */
struct epc_str {
	const char *data; /* NULL: not known */
	size_t len;       /* bytes */
};

enum epc_outcome {
	EPC_OK = 0,
	EPC_ABSENT = 1,    /* there is no cache file */
	EPC_UNCHANGED = 2, /* the cache file is right and settled: nothing to do */
	EPC_UNTRUSTED = 3, /* its owner, mode or links are not to be believed */
	EPC_DAMAGED = 4,   /* not the whole, unchanged bytes of a cache file */
	EPC_NEWER = 5,     /* of a newer format than this library reads */
	EPC_STALE = 6,     /* the directory has changed since */
	EPC_BUSY = 7,      /* another writer holds the lock */
	EPC_NO_DIR = 8,    /* the sys.path entry is no directory, or is not there */
};

/* How a cache is checked before it is believed, see epcache(1). */
enum epc_check {
	EPC_CHECK_AUTO,   /* strict, but fast where the cache file allows it */
	EPC_CHECK_STRICT, /* the directory's token and that of each entry_points.txt */
	EPC_CHECK_FAST,   /* the directory's token alone; may miss an edit in place */
	EPC_CHECK_LIVE,   /* no cache */
};

/* --- context ---------------------------------------------------------------- */

/*
 * epc_ctx_new - a context with the settings of the environment; 0 or -ENOMEM
 *
 * It keeps the bytes of cache files that queries read, 16 files of at most 4 MiB, and
 * reads one again only when the file is another or was changed.
 */
EPC_PUBLIC EPC_MUST_CHECK int epc_ctx_new(struct epc_ctx **ret_ctx);
EPC_PUBLIC struct epc_ctx *epc_ctx_free(struct epc_ctx *ctx);

/* epc_ctx_set_cache_dir - use one cache folder and no other; NULL: the usual ones. */
EPC_PUBLIC EPC_MUST_CHECK int epc_ctx_set_cache_dir(struct epc_ctx *ctx, const char *dir);
/*
 * epc_ctx_set_root - look at the system in a folder instead of the running one
 * @dir:  the folder; NULL: the running system
 *
 * All paths, links included, are resolved inside it, and are given and told as they
 * are there.  Returns 0 or the negative errno of open(2).
 */
EPC_PUBLIC EPC_MUST_CHECK int epc_ctx_set_root(struct epc_ctx *ctx, const char *dir);
/* epc_ctx_open - open(2), but for O_CREAT, inside that root; or a negative errno. */
EPC_PUBLIC EPC_MUST_CHECK int epc_ctx_open(const struct epc_ctx *ctx, const char *path,
					   int flags);
/* epc_ctx_root_fd - the open top of that root, not to be closed; negative: the running system. */
EPC_PUBLIC int epc_ctx_root_fd(const struct epc_ctx *ctx);

/*
 * epc_ctx_set_caches_only - let no query read entry points live
 *
 * Where one would have to, epc_query() returns -ECANCELED: time for a process to give
 * up rights, take this back, and ask again.
 */
EPC_PUBLIC void epc_ctx_set_caches_only(struct epc_ctx *ctx, bool caches_only);
EPC_PUBLIC void epc_ctx_set_check(struct epc_ctx *ctx, enum epc_check check);

/*
 * epc_ctx_trouble - the file or folder that the last failure to refresh or clean was about
 *
 * data NULL: the directory itself, or nothing has failed.
 */
EPC_PUBLIC struct epc_str epc_ctx_trouble(const struct epc_ctx *ctx);

/* epc_version - "0.1.0", of the library at run time. */
EPC_PUBLIC const char *epc_version(void);

/* --- query ------------------------------------------------------------------ */

/*
 * epc_query - the entry points that importlib.metadata would find
 * @ctx:       a context
 * @paths:     sys.path entries, in order; relative and empty ones are taken
 *             from the working directory
 * @nr_paths:  how many
 * @group:     only this group, or NULL for all
 * @name:      only this name, or NULL for all
 *
 * Each directory is answered from its cache file where that is trusted and
 * fresh, and read live otherwise.  What was passed over, and what could not be
 * read as importlib.metadata would have, is in the answer's notes; it is no
 * failure.  Returns 0; -ENOMEM, -EMFILE or -ENFILE; -EINVAL for NULL where a string
 * is needed.
 * Spec: https://packaging.python.org/en/latest/specifications/entry-points/
 */
EPC_PUBLIC EPC_MUST_CHECK int epc_query(struct epc_ctx *ctx, const char *const *paths,
					size_t nr_paths, const char *group,
					const char *name, struct epc_answer **ret_answer);
EPC_PUBLIC struct epc_answer *epc_answer_free(struct epc_answer *answer);

/* epc_answer_next - the next entry point, in importlib.metadata's order; NULL at the end. */
EPC_PUBLIC const struct epc_entry *epc_answer_next(struct epc_answer *answer);
EPC_PUBLIC void epc_answer_rewind(struct epc_answer *answer);

/* The accessors borrow until the answer is freed; @e until the next epc_answer_next(). */
EPC_PUBLIC struct epc_str epc_entry_group(const struct epc_entry *e);
EPC_PUBLIC struct epc_str epc_entry_name(const struct epc_entry *e);
EPC_PUBLIC struct epc_str epc_entry_value(const struct epc_entry *e);
/* The distribution's name and version as its folder name gives them (version may be NULL). */
EPC_PUBLIC struct epc_str epc_entry_dist_name(const struct epc_entry *e);
EPC_PUBLIC struct epc_str epc_entry_dist_version(const struct epc_entry *e);
/* The raw name of the metadata folder, and the directory, absolute, that it is in. */
EPC_PUBLIC struct epc_str epc_entry_dist_folder(const struct epc_entry *e);
EPC_PUBLIC struct epc_str epc_entry_directory(const struct epc_entry *e);

/* How an answer came about: one record for each path given, in order. */
enum epc_source {
	EPC_FROM_NOTHING, /* no directory is there: nothing to read */
	EPC_FROM_CACHE,
	EPC_FROM_LIVE,
	EPC_FROM_ARCHIVE, /* a zip file or wheel: not read, see the notes */
};

EPC_PUBLIC const struct epc_dir *epc_answer_next_dir(struct epc_answer *answer);
EPC_PUBLIC struct epc_str epc_dir_path(const struct epc_dir *d);
EPC_PUBLIC enum epc_source epc_dir_source(const struct epc_dir *d);
/* Why no cache was used: an enum epc_outcome, or EPC_OK when one was, or was not wanted. */
EPC_PUBLIC enum epc_outcome epc_dir_bypass(const struct epc_dir *d);
/* The same in words, "is damaged"; NULL where there is nothing to say. */
EPC_PUBLIC const char *epc_dir_why(const struct epc_dir *d);
EPC_PUBLIC size_t epc_dir_nr_dists(const struct epc_dir *d);
EPC_PUBLIC size_t epc_dir_nr_entries(const struct epc_dir *d);
/* The cache file that was used, or else passed over first; data NULL: there is none. */
EPC_PUBLIC struct epc_str epc_dir_cache_file(const struct epc_dir *d);

/* What is known of that file, once it could be read. */
struct epc_cache_info {
	size_t bytes;
	int64_t mtime_ns; /* when it was published, since the epoch */
	bool settled; /* its tokens decide alone: no text has to be read to check it */
	bool fast_allowed; /* readers may use the fast check */
	bool trusted;      /* stamps decide on whatever mount, as TrustStamps= has it */
	bool decides;      /* stamps decide on this mount: a settled token is enough */
};

/* Why content has to be read to check a cache file that was used. */
enum epc_unsettled {
	EPC_SETTLED,             /* it has not: tokens decide */
	EPC_UNSETTLED_OVERLAY,   /* the directory is on an overlay */
	EPC_UNSETTLED_READ_ONLY, /* ... on what is mounted read-only */
	EPC_UNSETTLED_UNLISTED,  /* ... on a file system whose stamps are not relied on */
	EPC_UNSETTLED_STAMPS, /* no kernel made the stamps, or they are of the future */
	EPC_UNSETTLED_NETWORK, /* it waits for a second refresh, at least 4 s after the first */
	EPC_UNSETTLED_YET, /* the next refresh settles it */
};

EPC_PUBLIC enum epc_unsettled epc_dir_unsettled(const struct epc_dir *d);

/* epc_dir_cache_info - returns 0, or EPC_ABSENT when no file could be read. */
EPC_PUBLIC EPC_MUST_CHECK int epc_dir_cache_info(const struct epc_dir *d,
						 struct epc_cache_info *ret);

/*
 * epc_answer_next_candidate - the next entry point that the group and name match,
 * whether or not it is in the answer; NULL at the end
 *
 * In sys.path order.  Where it is not in the answer, epc_entry_hidden_by() says
 * which distribution hides the one that it is of.
 */
EPC_PUBLIC const struct epc_entry *epc_answer_next_candidate(struct epc_answer *answer);

/*
 * epc_answer_next_dist - the next distribution, hidden or not; NULL at the end
 * @ret_path:  the number of the path that it is in, of those given to epc_query()
 *
 * In the order of importlib.metadata.distributions(), whatever group and name were
 * asked for.  Valid until the next call.
 */
EPC_PUBLIC const struct epc_dist *epc_answer_next_dist(struct epc_answer *answer,
						       size_t *ret_path);

/*
 * epc_entry_hidden_by - the distribution that hides the one an entry is of
 * @ret_directory, @ret_folder:  where that is, and its metadata folder
 *
 * Returns 1, or 0 when nothing hides it.
 */
EPC_PUBLIC int epc_entry_hidden_by(const struct epc_entry *e,
				   struct epc_str *ret_directory,
				   struct epc_str *ret_folder);

enum epc_note_kind {
	EPC_NOTE_STALE,     /* a cache file was passed over: its directory has changed */
	EPC_NOTE_DAMAGED,   /* ... it is damaged */
	EPC_NOTE_UNTRUSTED, /* ... it is not to be believed */
	EPC_NOTE_RAISES,    /* importlib.metadata would raise because of this file */
	EPC_NOTE_LARGE,     /* over a limit, not read */
	EPC_NOTE_ARCHIVE,   /* a zip file or wheel on the path, not read */
	EPC_NOTE_UNREAD,    /* a directory that cannot be read whole, and was left out */
};

/* epc_answer_next_note - what an honest caller says beside the answer; NULL at the end. */
EPC_PUBLIC const struct epc_note *epc_answer_next_note(struct epc_answer *answer);
/*
 * epc_answer_note_hidden - add notes on distributions that others hide
 *
 * They take no part in this answer, but may in one of another path.  Returns 0 or -ENOMEM.
 */
EPC_PUBLIC EPC_MUST_CHECK int epc_answer_note_hidden(struct epc_answer *answer);
EPC_PUBLIC enum epc_note_kind epc_note_kind(const struct epc_note *n);
EPC_PUBLIC struct epc_str epc_note_path(const struct epc_note *n);
/* The sys.path entry that it is about, as keyed. */
EPC_PUBLIC struct epc_str epc_note_directory(const struct epc_note *n);
EPC_PUBLIC unsigned epc_note_line(const struct epc_note *n); /* 1-based; 0: none */
EPC_PUBLIC const char *epc_note_reason(const struct epc_note *n);

/* epc_answer_is_opaque - does the answer lack what importlib.metadata would raise for? */
EPC_PUBLIC bool epc_answer_is_opaque(const struct epc_answer *answer);
/* epc_answer_rejected_315 - would CPython 3.15 raise for a value in this answer's directories? */
EPC_PUBLIC bool epc_answer_rejected_315(const struct epc_answer *answer);

/* --- refresh ---------------------------------------------------------------- */

/*
 * The steps of a refresh, apart, so that reading a directory can be done by
 * another process than publishing:
 *
 *     epc_folder_open(ctx, dir, 0, &folder)       the folder that the file belongs in
 *     epc_folder_lock(folder)                  be its only writer
 *     epc_folder_read(folder, dir, &old)       what was published last
 *     epc_site_open(ctx, dir, &site)           open the directory itself
 *     epc_image_build(site, old, 0, &image)    read it
 *     epc_folder_publish(folder, image)        put it in place
 *
 * epc_refresh() does all of them in this process.
 */

/* Bits of the flags of a refresh. */
enum {
	EPC_REFRESH_FORCE = 1,   /* read again also what is unchanged and settled */
	EPC_REFRESH_FAST_OK = 2, /* readers may use the fast check in this directory */
	EPC_REFRESH_DRY_RUN = 4, /* write nothing */
	/* The image is for its builder's eyes: what others may not read belongs in it. */
	EPC_REFRESH_PRIVATE = 8,
	/* The configuration names the directory: root keeps its cache, whoever owns it. */
	EPC_REFRESH_NAMED = 16,
	/* This process can open nothing outside of the directory, as with Landlock. */
	EPC_REFRESH_BENEATH = 32,
	/* Stamps of this directory decide on whatever mount: an administrator says so. */
	EPC_REFRESH_TRUSTED = 64,
	/*
	 * Without what one system alone has, inodes, times and the order of a listing, so
	 * that equal content gives equal bytes.  Readers compare content, until a refresh
	 * without this settles it.  To be given with EPC_REFRESH_FORCE.
	 */
	EPC_REFRESH_REPRODUCIBLE = 128,
};

/* What a refresh found; also for a directory that was unchanged. */
struct epc_refreshed {
	size_t nr_dists;
	size_t nr_entries;
	size_t nr_opaque;  /* distributions that importlib.metadata raises for */
	size_t nr_private; /* distributions that each reader reads for itself */
	size_t bytes;      /* of the cache file */
	bool settled;      /* nothing is left for the next refresh to settle */
};

/*
 * epc_refresh - bring the cache file of one directory up to date
 * @dir:    a directory
 * @flags:  EPC_REFRESH_*
 * @ret:    what was found; NULL is fine
 *
 * Returns 0 when a new file was published; EPC_UNCHANGED; EPC_BUSY;
 * EPC_NO_DIR; or a negative errno.  When the directory could not be read or the
 * file not be written, the old file is removed: readers then read live.
 */
EPC_PUBLIC EPC_MUST_CHECK int epc_refresh(struct epc_ctx *ctx, const char *dir,
					  unsigned flags, struct epc_refreshed *ret);

/*
 * epc_folder_open - open the cache folder that a directory's file belongs in
 * @flags:  EPC_REFRESH_NAMED: as root, the directory is not touched, whoever owns it;
 *          EPC_REFRESH_DRY_RUN: it has to be there
 *
 * Else makes it where it is missing.  Returns 0; -EPERM when the folder is not the
 * caller's to write; or a negative errno.
 */
EPC_PUBLIC EPC_MUST_CHECK int epc_folder_open(struct epc_ctx *ctx, const char *dir,
					      unsigned flags,
					      struct epc_folder **ret_folder);

/*
 * epc_folder_lock - keep other writers out, until the folder is freed
 *
 * Waits 10 s at most, and removes what killed writers left.  A directory has to be
 * read under the lock: else an older reading may replace a newer one.  Returns 0,
 * EPC_BUSY, or a negative errno.
 */
EPC_PUBLIC EPC_MUST_CHECK int epc_folder_lock(struct epc_folder *folder);
EPC_PUBLIC struct epc_folder *epc_folder_free(struct epc_folder *folder);
EPC_PUBLIC struct epc_str epc_folder_path(const struct epc_folder *folder);

/* epc_folder_read - the file published last; 0, EPC_ABSENT, _UNTRUSTED, _DAMAGED, _NEWER. */
EPC_PUBLIC EPC_MUST_CHECK int epc_folder_read(struct epc_folder *folder, const char *dir,
					      struct epc_image **ret_image);

/* epc_folder_is_private - can nobody but its owner look into the folder? */
EPC_PUBLIC bool epc_folder_is_private(const struct epc_folder *folder);

/*
 * epc_site_open - open a directory, to read it below that alone
 *
 * All that the two calls below open is beneath it, read-only, and by openat(2) where
 * openat2(2) is refused: a process may give up its other rights in between.
 * Returns 0, EPC_NO_DIR, or a negative errno.
 */
EPC_PUBLIC EPC_MUST_CHECK int epc_site_open(struct epc_ctx *ctx, const char *dir,
					    struct epc_site **ret_site);
EPC_PUBLIC struct epc_site *epc_site_free(struct epc_site *site);
/* epc_site_fd - the site's own, not to be closed. */
EPC_PUBLIC int epc_site_fd(const struct epc_site *site);
EPC_PUBLIC uid_t epc_site_owner(const struct epc_site *site);

/*
 * epc_image_is_current - is there nothing that a refresh would change?
 * @flags:  as for epc_image_build()
 *
 * A strict check.  Returns EPC_UNCHANGED; or EPC_STALE, also where nothing but a token
 * is left to settle.
 */
EPC_PUBLIC EPC_MUST_CHECK int epc_image_is_current(struct epc_site *site,
						   const struct epc_image *image,
						   unsigned flags);

/*
 * epc_image_build - read a directory
 * @old:    what was published last, or NULL
 * @flags:  EPC_REFRESH_FORCE, EPC_REFRESH_FAST_OK, EPC_REFRESH_TRUSTED, EPC_REFRESH_PRIVATE;
 *          EPC_REFRESH_BENEATH: a filter that refuses openat2(2) does not slow it
 *
 * Reads below the directory, and writes nothing.  Returns 0; EPC_UNCHANGED, and
 * then no image; or a negative errno.
 */
EPC_PUBLIC EPC_MUST_CHECK int epc_image_build(struct epc_site *site,
					      const struct epc_image *old, unsigned flags,
					      struct epc_image **ret_image);

/*
 * epc_image_from_bytes - verify bytes that another process built
 * @dir:  the directory that they must describe
 *
 * Copies the bytes.  Returns 0, EPC_DAMAGED, EPC_NEWER, or -ENOMEM.
 */
EPC_PUBLIC EPC_MUST_CHECK int epc_image_from_bytes(struct epc_ctx *ctx, const char *dir,
						   const void *bytes, size_t n,
						   struct epc_image **ret_image);

/*
 * epc_image_is_as_asked - are its readers, and their check, those of these flags?
 * @flags:  EPC_REFRESH_FAST_OK, EPC_REFRESH_TRUSTED, EPC_REFRESH_PRIVATE; others mean nothing
 */
EPC_PUBLIC bool epc_image_is_as_asked(const struct epc_image *image, unsigned flags);
EPC_PUBLIC struct epc_image *epc_image_free(struct epc_image *image);
EPC_PUBLIC struct epc_str epc_image_bytes(const struct epc_image *image);
EPC_PUBLIC void epc_image_counts(const struct epc_image *image,
				 struct epc_refreshed *ret);

/*
 * epc_folder_publish - replace the cache file of a directory
 *
 * Returns 0; EPC_UNCHANGED when the file has these bytes already; or a negative
 * errno, and then the old file is removed.
 */
EPC_PUBLIC EPC_MUST_CHECK int epc_folder_publish(struct epc_folder *folder,
						 const struct epc_image *image);

/* epc_folder_remove - remove the cache file of a directory, if there is one; 0 or an errno. */
EPC_PUBLIC int epc_folder_remove(struct epc_folder *folder, const char *dir);

/* --- looking into cache files ------------------------------------------------- */

/*
 * epc_image_from_file - read a cache file, whoever wrote it, to look at it
 *
 * Returns 0, EPC_DAMAGED, EPC_NEWER, or the negative errno of open(2) or read(2).
 */
EPC_PUBLIC EPC_MUST_CHECK int epc_image_from_file(const struct epc_ctx *ctx,
						  const char *path,
						  struct epc_image **ret_image);
EPC_PUBLIC struct epc_str epc_image_path(const struct epc_image *image);
EPC_PUBLIC bool epc_image_fast_allowed(const struct epc_image *image);

/* A recorded state of a file, see epcache.cache(5). */
struct epc_token {
	uint64_t ino;
	uint64_t size;    /* bytes */
	int64_t mtime_ns; /* since the epoch */
	int64_t ctime_ns;
	int64_t btime_ns; /* 0: not known */
	uint32_t type;    /* st_mode & S_IFMT */
	bool settled;
};

/* epc_image_token - the token of the directory itself. */
EPC_PUBLIC void epc_image_token(const struct epc_image *image, struct epc_token *ret);

/* epc_image_next_dist - the next distribution, in readdir order; NULL after the last. */
EPC_PUBLIC const struct epc_dist *epc_image_next_dist(struct epc_image *image);
EPC_PUBLIC void epc_image_rewind(struct epc_image *image);
EPC_PUBLIC struct epc_str epc_dist_folder(const struct epc_dist *d);
/* epc_dist_is_named - has it this name, however that is spelled? */
EPC_PUBLIC bool epc_dist_is_named(const struct epc_dist *d, const char *name);
EPC_PUBLIC struct epc_str epc_dist_normalized_name(const struct epc_dist *d);
EPC_PUBLIC struct epc_str epc_dist_name(const struct epc_dist *d);
EPC_PUBLIC struct epc_str epc_dist_version(const struct epc_dist *d);
EPC_PUBLIC const char *epc_dist_kind(const struct epc_dist *d);  /* "dist-info" */
EPC_PUBLIC const char *epc_dist_state(const struct epc_dist *d); /* "text", "absent" */
/* Why importlib.metadata raises for it, or NULL; and at which line, 0: none. */
EPC_PUBLIC const char *epc_dist_why(const struct epc_dist *d);
EPC_PUBLIC unsigned epc_dist_line(const struct epc_dist *d);
/* Does nothing in its own directory hide it? */
EPC_PUBLIC bool epc_dist_wins(const struct epc_dist *d);
EPC_PUBLIC bool epc_dist_rejected_315(const struct epc_dist *d);
/* epc_dist_token - of its entry_points.txt; 0, or EPC_ABSENT. */
EPC_PUBLIC EPC_MUST_CHECK int epc_dist_token(const struct epc_dist *d,
					     struct epc_token *ret);
EPC_PUBLIC size_t epc_dist_nr_entries(const struct epc_dist *d);

/* One entry point of a distribution, @i below epc_dist_nr_entries(). */
EPC_PUBLIC void epc_dist_entry(const struct epc_dist *d, size_t i,
			       struct epc_str *ret_group, struct epc_str *ret_name,
			       struct epc_str *ret_value);

/* --- comparing and cleaning ---------------------------------------------------- */

struct epc_diff;
struct epc_change;

/*
 * epc_verify - read a directory whole and compare it with its cache file
 * @ret_diff:  what differs; without any change when they agree
 *
 * Trusts no token.  What the cache leaves to each reader is not compared, nor is the
 * order of the listing where readers take it from the directory.  Returns 0; EPC_ABSENT,
 * EPC_UNTRUSTED, EPC_DAMAGED (here also: not sorted as it has to be) or EPC_NEWER where
 * there is no file to compare with; EPC_NO_DIR; or a negative errno.
 */
EPC_PUBLIC EPC_MUST_CHECK int epc_verify(struct epc_ctx *ctx, const char *dir,
					 struct epc_diff **ret_diff);
EPC_PUBLIC struct epc_diff *epc_diff_free(struct epc_diff *diff);

enum epc_change_kind {
	EPC_DIST_ADDED,   /* in the directory, not in the cache */
	EPC_DIST_REMOVED, /* in the cache, not in the directory */
	EPC_DIST_CHANGED, /* what can be read of it differs, see the entries that follow */
	EPC_ENTRY_ADDED,  /* of the distribution named last */
	EPC_ENTRY_REMOVED, /* likewise */
	EPC_WINNER_CHANGED, /* hides others of its name; the cache has one of those hide it */
	EPC_ORDER_CHANGED, /* the first whose entries come at another place in the answer */
};

/* epc_diff_next - the next difference; NULL at the end, and when out of memory. */
EPC_PUBLIC const struct epc_change *epc_diff_next(struct epc_diff *diff);
/* epc_diff_failed - was it out of memory, so that differences may have been left out? */
EPC_PUBLIC bool epc_diff_failed(const struct epc_diff *diff);
EPC_PUBLIC enum epc_change_kind epc_change_kind(const struct epc_change *c);
EPC_PUBLIC struct epc_str epc_change_folder(const struct epc_change *c);
/* Of an entry; data NULL for a distribution. */
EPC_PUBLIC struct epc_str epc_change_group(const struct epc_change *c);
EPC_PUBLIC struct epc_str epc_change_name(const struct epc_change *c);
EPC_PUBLIC struct epc_str epc_change_value(const struct epc_change *c);

struct epc_cleaned;

/*
 * epc_clean - remove cache files that are of no use any more
 * @flags:  EPC_REFRESH_DRY_RUN: only say what would be removed
 *
 * In the caller's own cache folder (root: the system's): files of directories that are
 * gone, files that no reader looks for under their names, damaged ones, and what killed
 * writers left.  Files of newer formats stay.  Returns 0, EPC_ABSENT when there is no
 * folder, EPC_BUSY, or a negative errno; epc_ctx_trouble() then has the folder's path.
 */
EPC_PUBLIC EPC_MUST_CHECK int epc_clean(struct epc_ctx *ctx, unsigned flags,
					struct epc_cleaned **ret_cleaned);
EPC_PUBLIC struct epc_cleaned *epc_cleaned_free(struct epc_cleaned *cleaned);
EPC_PUBLIC struct epc_str epc_cleaned_folder(const struct epc_cleaned *cleaned);
/* epc_cleaned_next - 1 with the path of a file and why it went, or 0. */
EPC_PUBLIC int epc_cleaned_next(struct epc_cleaned *cleaned, struct epc_str *ret_path,
				const char **ret_why);

/* --- what actions publish ------------------------------------------------------ */

struct epc_output;

/*
 * epc_action_output - what the filter of this name published last
 * @name:  "50-console-scripts", of its registration without ".action"
 *
 * It has to be as trusted as a cache file, and in the same folder: that of the context,
 * or else the system's.  Returns 0; EPC_ABSENT, EPC_UNTRUSTED, EPC_DAMAGED; -EINVAL for
 * what is no name; or a negative errno.
 * Spec: epcache-action(5)
 */
EPC_PUBLIC EPC_MUST_CHECK int epc_action_output(const struct epc_ctx *ctx,
						const char *name,
						struct epc_output **ret_output);
EPC_PUBLIC struct epc_output *epc_output_free(struct epc_output *output);
EPC_PUBLIC struct epc_str epc_output_bytes(const struct epc_output *output);
/* epc_output_mtime_ns - when it was published, since the epoch. */
EPC_PUBLIC int64_t epc_output_mtime_ns(const struct epc_output *output);

#ifdef __cplusplus
}
#endif

#endif
