/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030A0000
#include <Python.h>

#include "table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "epcache.h"

enum how {
	SEEN_ABSENT, /* there was no entry_points.txt */
	SEEN_TEXT,   /* there was one, with this token */
	SEEN_FAST,   /* the directory's token was to be enough */
};

/* What Python carries from table_read() to table_is_current(), as bytes. */
struct seen {
	enum how how;
	struct epc_token token;
};

/* Is it in seconds and nanoseconds what a token has in nanoseconds? */
static bool same_time(int64_t ns, const struct statx_timestamp *t)
{
	int64_t now;

	return !__builtin_mul_overflow(t->tv_sec, INT64_C(1000000000), &now) &&
	       !__builtin_add_overflow(now, (int64_t)t->tv_nsec, &now) && ns == now;
}

static bool same_token(const struct epc_token *a, const struct statx *b)
{
	bool born = b->stx_mask & STATX_BTIME ? same_time(a->btime_ns, &b->stx_btime)
					      : a->btime_ns == 0;

	return a->settled && born && a->ino == b->stx_ino && a->size == b->stx_size &&
	       a->type == (b->stx_mode & S_IFMT) &&
	       same_time(a->mtime_ns, &b->stx_mtime) &&
	       same_time(a->ctime_ns, &b->stx_ctime);
}

/* Past the attribute caches of network file systems; others are not slower for it. */
static int look(const char *path, struct statx *ret)
{
	int r = statx(AT_FDCWD, path, AT_NO_AUTOMOUNT | AT_STATX_FORCE_SYNC,
		      STATX_BASIC_STATS | STATX_BTIME, ret);

	return r < 0 ? -errno : 0;
}

static bool same_text(struct epc_str a, struct epc_str b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* --- the cache file of a directory ------------------------------------------- */

struct source {
	struct epc_image *image; /* owned; NULL: no cache answers */
	bool strict;             /* EPCACHE asks for each text to be looked at */
	bool fast;               /* the cache file allows the fast check */
};

/*
 * The query has found the file trusted and right.  One that has taken its place since
 * is of the same writer; whether it is of this listing, in this order, is looked at here.
 */
static int read_image(const struct epc_ctx *ctx, const char *dir,
		      struct epc_answer *answer, struct source *ret)
{
	const struct epc_dir *d = epc_answer_next_dir(answer);
	struct epc_cache_info info;
	struct epc_token token;
	struct statx now;
	int r;

	if (!d || epc_dir_source(d) != EPC_FROM_CACHE || !epc_dir_cache_file(d).data)
		return 0;

	r = epc_image_from_file(ctx, epc_dir_cache_file(d).data, &ret->image);
	if (r != 0)
		return r == -ENOMEM ? r : 0;

	epc_image_token(ret->image, &token);
	if (look(dir, &now) < 0 || !same_token(&token, &now) ||
	    !same_text(epc_image_path(ret->image), epc_dir_path(d)))
		ret->image = epc_image_free(ret->image);

	ret->fast = !ret->strict && epc_dir_cache_info(d, &info) == 0 &&
		    info.fast_allowed;
	return 0;
}

static bool is_strict(void)
{
	const char *check = secure_getenv("EPCACHE");

	return check && strcmp(check, "strict") == 0;
}

bool table_is_fast(const struct epc_dir *d)
{
	struct epc_cache_info info;

	return !is_strict() && epc_dir_source(d) == EPC_FROM_CACHE &&
	       epc_dir_cache_info(d, &info) == 0 && info.fast_allowed;
}

/* For the listing, the directory's token is enough; of the answer nothing is wanted. */
static int source_open(struct epc_ctx *ctx, const char *dir, struct source *ret)
{
	struct epc_answer *answer = NULL;
	int r;

	epc_ctx_set_check(ctx, EPC_CHECK_FAST);
	epc_ctx_set_caches_only(ctx, true);
	r = epc_query(ctx, &dir, 1, "", "", &answer);
	if (r == 0)
		r = read_image(ctx, dir, answer, ret);

	epc_answer_free(answer);
	return r == -ENOMEM ? r : 0;
}

/* --- into Python ------------------------------------------------------------- */

static PyObject *text_of(struct epc_str s)
{
	return PyUnicode_DecodeUTF8(s.data, (Py_ssize_t)s.len, NULL);
}

static PyObject *entry_of(const struct epc_dist *d, size_t i)
{
	struct epc_str group, name, value;
	PyObject *g, *n, *v, *entry = NULL;

	epc_dist_entry(d, i, &group, &name, &value);
	g = text_of(group);
	n = text_of(name);
	v = text_of(value);
	if (g && n && v)
		entry = PyTuple_Pack(3, n, v, g);

	Py_XDECREF(g);
	Py_XDECREF(n);
	Py_XDECREF(v);
	return entry;
}

static PyObject *entries_of(const struct epc_dist *d)
{
	size_t n = epc_dist_nr_entries(d);
	PyObject *entries = PyTuple_New((Py_ssize_t)n);

	for (size_t i = 0; entries && i < n; i++) {
		PyObject *entry = entry_of(d, i);

		if (!entry || PyTuple_SetItem(entries, (Py_ssize_t)i, entry) < 0)
			Py_CLEAR(entries);
	}
	return entries;
}

/* Can the cache speak for it?  Not where importlib.metadata raises, or it is unsettled. */
static bool seen_of(const struct epc_dist *d, bool fast, struct seen *ret)
{
	bool text = strcmp(epc_dist_state(d), "text") == 0;

	memset(ret, 0, sizeof *ret);
	ret->how = fast ? SEEN_FAST : text ? SEEN_TEXT : SEEN_ABSENT;
	if (!text)
		return strcmp(epc_dist_state(d), "absent") == 0;

	return !epc_dist_why(d) && epc_dist_token(d, &ret->token) == 0 &&
	       ret->token.settled;
}

PyObject *table_record(const struct epc_dist *d, bool fast)
{
	PyObject *bytes, *entries, *record = NULL;
	struct seen seen;

	if (!seen_of(d, fast, &seen))
		Py_RETURN_NONE;

	bytes = PyBytes_FromStringAndSize((const char *)&seen, sizeof seen);
	entries = entries_of(d);
	if (bytes && entries)
		record = PyTuple_Pack(2, bytes, entries);

	Py_XDECREF(bytes);
	Py_XDECREF(entries);
	return record;
}

static int add_record(PyObject *table, const struct epc_dist *d, const struct source *s)
{
	struct epc_str folder = epc_dist_folder(d);
	PyObject *key = PyUnicode_DecodeFSDefaultAndSize(folder.data,
							 (Py_ssize_t)folder.len);
	PyObject *record = table_record(d, s->fast);
	int r = key && record ? PyDict_SetItem(table, key, record) : -1;

	Py_XDECREF(key);
	Py_XDECREF(record);
	return r;
}

static PyObject *table_of(const struct source *s)
{
	const struct epc_dist *d;
	PyObject *table = PyDict_New();

	while (table && (d = epc_image_next_dist(s->image)))
		if (add_record(table, d, s) < 0)
			Py_CLEAR(table);

	return table;
}

const char table_read_doc[] =
	"table(path, /)\n--\n\n"
	"What the cache has of a directory, as {folder: (seen, entries) or None}; or None.";

PyObject *table_read(PyObject *module, PyObject *path)
{
	struct source source = { .image = NULL };
	struct epc_ctx *ctx;
	PyObject *table;
	char *dir;
	int r;

	(void)module;
	if (PyBytes_AsStringAndSize(path, &dir, NULL) < 0)
		return NULL;

	/* It reads the environment, which others may change once the lock is released. */
	if (epc_ctx_new(&ctx) < 0)
		return PyErr_NoMemory();
	source.strict = is_strict();

	Py_BEGIN_ALLOW_THREADS r = source_open(ctx, dir, &source);
	Py_END_ALLOW_THREADS

		epc_ctx_free(ctx);
	if (r < 0)
		return PyErr_NoMemory();
	if (!source.image)
		Py_RETURN_NONE;

	table = table_of(&source);
	epc_image_free(source.image);
	return table;
}

const char table_is_current_doc[] =
	"is_current(path, seen, /)\n--\n\n"
	"Is this entry_points.txt as it was when the cache was made?";

PyObject *table_is_current(PyObject *module, PyObject *args)
{
	struct seen seen;
	struct statx now;
	const char *path, *bytes;
	Py_ssize_t n;
	int r;

	(void)module;
	if (!PyArg_ParseTuple(args, "yy#:is_current", &path, &bytes, &n))
		return NULL;
	if (n != sizeof seen) {
		PyErr_SetString(PyExc_ValueError, "not what table() has given");
		return NULL;
	}

	memcpy(&seen, bytes, sizeof seen);
	if (seen.how == SEEN_FAST)
		Py_RETURN_TRUE;

	r = look(path, &now);
	if (seen.how == SEEN_ABSENT)
		return PyBool_FromLong(r == -ENOENT || r == -ENOTDIR);
	return PyBool_FromLong(r == 0 && same_token(&seen.token, &now));
}
