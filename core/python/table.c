/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030A0000
#include <Python.h>

#include "table.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "epcache.h"

enum how {
	SEEN_ABSENT, /* there was no entry_points.txt */
	SEEN_TEXT,   /* there was one, with this token */
	SEEN_FAST,   /* the directory's token was to be enough */
};

/* What Python carries from table_record() to table_is_current(), as bytes. */
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

/* --- into Python ------------------------------------------------------------- */

/* UTF-8, unless somebody made the cache file up, which never raises. */
static PyObject *text_of(struct epc_str s)
{
	return PyUnicode_DecodeUTF8(s.data, (Py_ssize_t)s.len, "surrogateescape");
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
		PyErr_SetString(PyExc_ValueError, "not what dists() has given");
		return NULL;
	}

	memcpy(&seen, bytes, sizeof seen);
	/* Python cannot open such a path, and raises for it. */
	if (strlen(path) >= PATH_MAX)
		Py_RETURN_FALSE;
	if (seen.how == SEEN_FAST)
		Py_RETURN_TRUE;

	r = look(path, &now);
	if (seen.how == SEEN_ABSENT)
		return PyBool_FromLong(r == -ENOENT || r == -ENOTDIR);
	return PyBool_FromLong(r == 0 && same_token(&seen.token, &now));
}
