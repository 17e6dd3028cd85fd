/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "ctx.h"
#include "scan.h"
#include "select.h"
#include "uni.h"
#include "why.h"

struct epc_dir {
	struct dir dir;
};

struct epc_note {
	enum epc_note_kind kind;
	const char *directory; /* borrowed from the answer */
	char *path;            /* owned */
	size_t path_n;
	unsigned line;
	const char *reason; /* static text */
};

struct epc_entry {
	const struct epc_answer *answer;
	struct select_hit hit;
	struct view_dist dist;
};

struct epc_answer {
	struct epc_dir *dirs;           /* owned */
	struct select_dir *select_dirs; /* owned; parallel to dirs */
	struct select_names *names;     /* owned */
	size_t nr_dirs;
	char *group, *name; /* owned; NULL: any */
	struct select select;
	struct epc_entry entry; /* given out last */
	struct epc_note *notes; /* owned */
	size_t nr_notes;
	size_t next_dir, next_note;
	size_t candidate_dir; /* of the next candidate, */
	uint32_t candidate;   /* and its entry in there */
	struct epc_dist dist; /* given out last */
	size_t dist_dir;      /* of the next distribution, */
	uint32_t dist_at;     /* and its place in the order of that */
	bool opaque, rejected_315;
};

static struct epc_str str_of(struct span s)
{
	return (struct epc_str){ s.p, s.n };
}

#define TEXT_NAME "/entry_points.txt"

/* --- notes ------------------------------------------------------------------- */

/* Takes @path over, also when it fails. */
static int add_note(struct epc_answer *a, struct epc_note note)
{
	struct epc_note *more;

	if (!note.path)
		return -ENOMEM;

	more = reallocarray(a->notes, a->nr_notes + 1, sizeof *more);
	if (!more) {
		free(note.path);
		return -ENOMEM;
	}

	a->notes = more;
	a->notes[a->nr_notes++] = note;
	return 0;
}

static int note_bypass(struct epc_answer *a, const struct dir *d)
{
	static const struct {
		enum epc_outcome outcome;
		enum epc_note_kind kind;
	} said[] = {
		{ EPC_STALE, EPC_NOTE_STALE },
		{ EPC_DAMAGED, EPC_NOTE_DAMAGED },
		{ EPC_UNTRUSTED, EPC_NOTE_UNTRUSTED },
	};

	for (size_t i = 0; d->cache_file && i < sizeof said / sizeof said[0]; i++)
		if (d->bypass == said[i].outcome)
			return add_note(a, (struct epc_note){
						   .kind = said[i].kind,
						   .directory = d->key,
						   .path = strdup(d->cache_file),
						   .path_n = strlen(d->cache_file),
						   .reason = d->why,
					   });
	return 0;
}

static int note_unread(struct epc_answer *a, const struct dir *d)
{
	bool archive = d->source == EPC_FROM_ARCHIVE;

	if (!archive && !d->unread)
		return 0;

	a->opaque = true;
	return add_note(a,
			(struct epc_note){
				.kind = archive ? EPC_NOTE_ARCHIVE : EPC_NOTE_UNREAD,
				.directory = d->key,
				.path = strdup(d->key),
				.path_n = strlen(d->key),
				.reason = archive ? "a zip file is not read" : d->unread,
			});
}

/* Of a distribution for which importlib.metadata has to be asked. */
static int note_text(struct epc_answer *a, const struct dir *dir,
		     const struct view_dist *d, struct epc_note note)
{
	bool nameless = (d->flags & FMT_NAMELESS) != 0;
	int n;

	a->opaque = true;
	note.directory = dir->key;
	n = asprintf(&note.path, "%s/%.*s%s", dir->key, (int)d->folder.n, d->folder.p,
		     nameless ? "" : TEXT_NAME);
	if (n < 0)
		return -ENOMEM;

	note.path_n = (size_t)n;
	return add_note(a, note);
}

static int note_dist(struct epc_answer *a, const struct dir *dir,
		     const struct view_dist *d)
{
	if (d->state != SCAN_LARGE && !why_raises(d))
		return 0;

	return note_text(a, dir, d,
			 (struct epc_note){
				 .kind = d->state == SCAN_LARGE ? EPC_NOTE_LARGE
								: EPC_NOTE_RAISES,
				 .line = d->bad_line,
				 .reason = why_reason(d),
			 });
}

static int note_dists(struct epc_answer *a, size_t i)
{
	const struct view *v = a->select_dirs[i].view;
	int r = 0;

	for (uint32_t k = 0; v && r == 0 && k < v->nr_odd; k++) {
		struct view_dist d = view_dist(v, view_odd(v, k));

		if (!select_counts(a->select_dirs, i, view_odd(v, k)))
			continue;
		a->rejected_315 |= (d.flags & FMT_REJECTED_315) != 0;
		r = note_dist(a, &a->dirs[i].dir, &d);
	}
	return r;
}

int epc_answer_note_hidden(struct epc_answer *a)
{
	const bool opaque = a->opaque;
	int r = 0;

	for (size_t i = 0; i < a->nr_dirs; i++) {
		const struct view *v = a->select_dirs[i].view;

		for (uint32_t k = 0; v && r == 0 && k < v->nr_odd; k++) {
			struct view_dist d = view_dist(v, view_odd(v, k));

			if (!select_counts(a->select_dirs, i, view_odd(v, k)))
				r = note_dist(a, &a->dirs[i].dir, &d);
		}
	}
	a->opaque = opaque;
	return r;
}

/* Bytes of a sys.path entry as pathlib.Path() writes it. */
static size_t pathlib_length(const char *entry)
{
	size_t n = strspn(entry, "/");
	size_t root = n == 2 ? 2 : n > 0;

	n = root;
	for (const char *p = entry; *p;) {
		size_t part = strcspn(p, "/");

		if (part > 0 && !(part == 1 && *p == '.'))
			n += part + (n > root);
		p += part;
		p += strspn(p, "/");
	}
	return n;
}

/*
 * Python opens each text by its whole path, and raises where the kernel takes none of
 * that length; we open it from its directory.
 */
static int note_long_paths(struct epc_answer *a, size_t i, const char *entry)
{
	const struct view *v = a->select_dirs[i].view;
	size_t n = pathlib_length(entry) + strlen("/") + strlen(TEXT_NAME);
	int r = 0;

	if (n + NAME_RAW_MAX < PATH_MAX)
		return 0;

	for (uint32_t k = 0; v && r == 0 && k < v->nr_dists; k++) {
		struct view_dist d = view_dist(v, k);

		if (n + d.folder.n < PATH_MAX || !select_counts(a->select_dirs, i, k))
			continue;
		r = note_text(a, &a->dirs[i].dir, &d,
			      (struct epc_note){ .kind = EPC_NOTE_RAISES,
						 .reason = "its path is too long" });
	}
	return r;
}

/*
 * Python has to find out what such a name hides and is hidden by, whether or not it is
 * hidden by our tables.
 */
static int note_unsure_names(struct epc_answer *a, size_t i)
{
	const struct view *v = a->select_dirs[i].view;
	int r = 0;

	for (uint32_t k = 0; v && r == 0 && k < v->nr_dists; k++) {
		struct view_dist d = view_dist(v, k);

		if (uni_has_unsure_case(d.folder, false) ||
		    uni_has_unsure_case(d.name, true))
			r = note_text(a, &a->dirs[i].dir, &d,
				      (struct epc_note){
					      .kind = EPC_NOTE_RAISES,
					      .reason = "versions of Python differ on "
							"the lower case of its name",
				      });
	}
	return r;
}

/* --- making ------------------------------------------------------------------ */

static int load_dirs(struct epc_answer *a, struct epc_ctx *ctx, const char *const *paths)
{
	int r;

	for (size_t i = 0; i < a->nr_dirs; i++) {
		struct dir *d = &a->dirs[i].dir;

		r = dir_load(ctx, paths[i], d);
		if (r < 0)
			return r;

		a->select_dirs[i] = (struct select_dir){
			.view = d->held ? &d->held->view : NULL,
			.in_egg = d->in_egg,
		};
	}
	return 0;
}

static int fill(struct epc_answer *a, struct epc_ctx *ctx, const char *const *paths)
{
	int r;

	for (size_t i = 0; i < a->nr_dirs; i++)
		a->dirs[i].dir = DIR_INIT;

	r = load_dirs(a, ctx, paths);
	if (r == 0)
		r = select_names_new(a->select_dirs, a->nr_dirs, &a->names);
	for (size_t i = 0; r == 0 && i < a->nr_dirs; i++) {
		r = note_bypass(a, &a->dirs[i].dir);
		if (r == 0)
			r = note_unread(a, &a->dirs[i].dir);
		if (r == 0)
			r = note_dists(a, i);
		if (r == 0)
			r = note_long_paths(a, i, paths[i]);
		if (r == 0)
			r = note_unsure_names(a, i);
	}
	return r;
}

static struct epc_answer *answer_new(size_t nr_paths, const char *group, const char *name)
{
	struct epc_answer *a = calloc(1, sizeof *a);

	if (!a)
		return NULL;

	a->dirs = calloc(nr_paths + 1, sizeof *a->dirs);
	a->select_dirs = calloc(nr_paths + 1, sizeof *a->select_dirs);
	a->group = group ? strdup(group) : NULL;
	a->name = name ? strdup(name) : NULL;
	if (!a->dirs || !a->select_dirs || !a->group != !group || !a->name != !name)
		return epc_answer_free(a);

	a->nr_dirs = nr_paths;
	return a;
}

int epc_query(struct epc_ctx *ctx, const char *const *paths, size_t nr_paths,
	      const char *group, const char *name, struct epc_answer **ret_answer)
{
	struct epc_answer *a;
	int r;

	for (size_t i = 0; i < nr_paths; i++)
		if (!paths[i])
			return -EINVAL;

	a = answer_new(nr_paths, group, name);
	if (!a)
		return -ENOMEM;

	r = fill(a, ctx, paths);
	if (r < 0) {
		epc_answer_free(a);
		return r;
	}

	epc_answer_rewind(a);
	*ret_answer = a;
	return 0;
}

struct epc_answer *epc_answer_free(struct epc_answer *a)
{
	if (!a)
		return NULL;

	for (size_t i = 0; i < a->nr_dirs; i++)
		dir_release(&a->dirs[i].dir);
	for (size_t i = 0; i < a->nr_notes; i++)
		free(a->notes[i].path);
	free(a->dirs);
	select_names_free(a->names);
	free(a->select_dirs);
	free(a->group);
	free(a->name);
	free(a->notes);
	free(a);
	return NULL;
}

/* --- reading ----------------------------------------------------------------- */

void epc_answer_rewind(struct epc_answer *a)
{
	a->select = select_init(a->select_dirs, a->nr_dirs, span_of(a->group));
	a->next_dir = a->next_note = a->candidate_dir = a->dist_dir = 0;
	a->candidate = a->dist_at = 0;
}

static bool matches(const struct epc_answer *a, const struct view_entry *e)
{
	return (!a->group || span_eq(e->group, span_of(a->group))) &&
	       (!a->name || span_eq(e->name, span_of(a->name)));
}

static const struct epc_entry *give(struct epc_answer *a, struct select_hit hit)
{
	a->entry = (struct epc_entry){
		.answer = a,
		.hit = hit,
		.dist = view_dist(a->select_dirs[hit.dir].view, hit.entry.dist),
	};
	return &a->entry;
}

const struct epc_entry *epc_answer_next_candidate(struct epc_answer *a)
{
	for (; a->candidate_dir < a->nr_dirs; a->candidate_dir++, a->candidate = 0) {
		const struct view *v = a->select_dirs[a->candidate_dir].view;

		while (v && a->candidate < v->nr_entries) {
			struct view_entry e = view_entry(v, a->candidate++);

			if (matches(a, &e))
				return give(a,
					    (struct select_hit){ a->candidate_dir, e });
		}
	}
	return NULL;
}

const struct epc_dist *epc_answer_next_dist(struct epc_answer *a, size_t *ret_path)
{
	for (; a->dist_dir < a->nr_dirs; a->dist_dir++, a->dist_at = 0) {
		const struct select_dir *dir = &a->select_dirs[a->dist_dir];

		while (dir->view && a->dist_at < dir->view->nr_dists) {
			uint32_t i = view_order(dir->view, a->dist_at++);

			a->dist = (struct epc_dist){
				.view = dir->view,
				.d = view_dist(dir->view, i),
				.doubted = !a->dirs[a->dist_dir].dir.info.decides,
			};
			if (!select_sees(dir, &a->dist.d))
				continue;
			*ret_path = a->dist_dir;
			return &a->dist;
		}
	}
	return NULL;
}

int epc_entry_hidden_by(const struct epc_entry *e, struct epc_str *ret_directory,
			struct epc_str *ret_folder)
{
	const struct epc_answer *a = e->answer;
	uint32_t dist;
	size_t dir;

	if (!select_hidden_by(a->select_dirs, e->hit.dir, e->hit.entry.dist, &dir, &dist))
		return 0;

	*ret_directory = str_of(span_of(a->dirs[dir].dir.key));
	*ret_folder = str_of(view_dist(a->select_dirs[dir].view, dist).folder);
	return 1;
}

const struct epc_entry *epc_answer_next(struct epc_answer *a)
{
	struct select_hit hit;

	while (select_next(&a->select, &hit))
		if (matches(a, &hit.entry))
			return give(a, hit);
	return NULL;
}

struct epc_str epc_entry_group(const struct epc_entry *e)
{
	return str_of(e->hit.entry.group);
}

struct epc_str epc_entry_name(const struct epc_entry *e)
{
	return str_of(e->hit.entry.name);
}

struct epc_str epc_entry_value(const struct epc_entry *e)
{
	return str_of(e->hit.entry.value);
}

struct epc_str epc_entry_dist_name(const struct epc_entry *e)
{
	return str_of(e->dist.name);
}

struct epc_str epc_entry_dist_version(const struct epc_entry *e)
{
	return str_of(e->dist.version);
}

struct epc_str epc_entry_dist_folder(const struct epc_entry *e)
{
	return str_of(e->dist.folder);
}

struct epc_str epc_entry_directory(const struct epc_entry *e)
{
	return str_of(span_of(e->answer->dirs[e->hit.dir].dir.key));
}

const struct epc_dir *epc_answer_next_dir(struct epc_answer *a)
{
	return a->next_dir < a->nr_dirs ? &a->dirs[a->next_dir++] : NULL;
}

struct epc_str epc_dir_path(const struct epc_dir *d)
{
	return str_of(span_of(d->dir.key));
}

enum epc_source epc_dir_source(const struct epc_dir *d)
{
	return d->dir.source;
}

enum epc_outcome epc_dir_bypass(const struct epc_dir *d)
{
	return d->dir.bypass;
}

const char *epc_dir_why(const struct epc_dir *d)
{
	return d->dir.why;
}

struct epc_str epc_dir_cache_file(const struct epc_dir *d)
{
	return str_of(span_of(d->dir.cache_file));
}

int epc_dir_cache_info(const struct epc_dir *d, struct epc_cache_info *ret)
{
	if (!d->dir.has_info)
		return EPC_ABSENT;

	*ret = d->dir.info;
	return 0;
}

enum epc_unsettled epc_dir_unsettled(const struct epc_dir *d)
{
	static const enum epc_unsettled doubts[] = {
		[FRESH_OVERLAY] = EPC_UNSETTLED_OVERLAY,
		[FRESH_READ_ONLY] = EPC_UNSETTLED_READ_ONLY,
		[FRESH_UNLISTED] = EPC_UNSETTLED_UNLISTED,
	};
	const struct dir *dir = &d->dir;

	if (dir->source != EPC_FROM_CACHE || dir->info.settled)
		return EPC_SETTLED;
	if (!dir->info.decides)
		return doubts[dir->fs.doubt];
	if (dir->fs.remote)
		return EPC_UNSETTLED_NETWORK;
	return view_can_settle(&dir->held->view, stamp_now_ns()) ? EPC_UNSETTLED_YET
								 : EPC_UNSETTLED_STAMPS;
}

size_t epc_dir_nr_dists(const struct epc_dir *d)
{
	return d->dir.held ? d->dir.held->view.nr_dists : 0;
}

size_t epc_dir_nr_entries(const struct epc_dir *d)
{
	return d->dir.held ? d->dir.held->view.nr_entries : 0;
}

const struct epc_note *epc_answer_next_note(struct epc_answer *a)
{
	return a->next_note < a->nr_notes ? &a->notes[a->next_note++] : NULL;
}

enum epc_note_kind epc_note_kind(const struct epc_note *n)
{
	return n->kind;
}

struct epc_str epc_note_path(const struct epc_note *n)
{
	return (struct epc_str){ n->path, n->path_n };
}

struct epc_str epc_note_directory(const struct epc_note *n)
{
	return str_of(span_of(n->directory));
}

unsigned epc_note_line(const struct epc_note *n)
{
	return n->line;
}

const char *epc_note_reason(const struct epc_note *n)
{
	return n->reason;
}

bool epc_answer_is_opaque(const struct epc_answer *a)
{
	return a->opaque;
}

bool epc_answer_rejected_315(const struct epc_answer *a)
{
	return a->rejected_315;
}
