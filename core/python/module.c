/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * module.c - epcache._epcache, what the Python reader asks of libepcache.
 *
 * Takes and gives plain objects only; what they become is the package's affair.  It
 * has the library inside it, keeps nothing between calls, and makes a context for
 * each, so that any thread of any interpreter may call at any time.  Written to the
 * limited API of CPython 3.10: one file serves every later version.
 */
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030A0000
#include <Python.h>

#include <errno.h>

#include "auto.h"
#include "epcache.h"
#include "table.h"

/* As the environment says; another check is an enum epc_check. */
#define CHECK_OF_ENVIRONMENT (-1)

/* What is asked, and with what; for the time of one call. */
struct call {
	struct epc_ctx *ctx; /* owned */
	PyObject *items;     /* owned; of bytes, which .paths borrows from */
	const char **paths;  /* owned */
	Py_ssize_t nr_paths;
	const char *group, *name;  /* borrowed from the arguments; NULL: any */
	struct epc_answer *answer; /* owned */
};

static void call_release(struct call *c)
{
	epc_answer_free(c->answer);
	epc_ctx_free(c->ctx);
	free(c->paths);
	Py_XDECREF(c->items);
}

/* --- what is asked ----------------------------------------------------------- */

/* The bytes of each entry: the list may change while others run. */
static bool call_take_paths(struct call *c, PyObject *list)
{
	c->nr_paths = PyList_Size(list);
	if (c->nr_paths < 0)
		return false;

	c->items = PyTuple_New(c->nr_paths);
	c->paths = calloc((size_t)c->nr_paths + 1, sizeof *c->paths);
	if (!c->items || !c->paths) {
		PyErr_NoMemory();
		return false;
	}

	for (Py_ssize_t i = 0; i < c->nr_paths; i++) {
		PyObject *item = PyList_GetItem(list, i);
		PyObject *bytes = item ? PyUnicode_EncodeFSDefault(item) : NULL;
		char *path;

		if (!bytes || PyTuple_SetItem(c->items, i, bytes) < 0 ||
		    PyBytes_AsStringAndSize(bytes, &path, NULL) < 0)
			return false;
		c->paths[i] = path;
	}
	return true;
}

static bool call_parse(struct call *c, PyObject *args)
{
	int check, caches_only, r;
	PyObject *list;

	if (!PyArg_ParseTuple(args, "O!zzip", &PyList_Type, &list, &c->group, &c->name,
			      &check, &caches_only) ||
	    !call_take_paths(c, list))
		return false;

	/* It reads the environment, which others may change once the lock is released. */
	r = epc_ctx_new(&c->ctx);
	if (r < 0) {
		PyErr_NoMemory();
		return false;
	}

	if (check != CHECK_OF_ENVIRONMENT)
		epc_ctx_set_check(c->ctx, (enum epc_check)check);
	epc_ctx_set_caches_only(c->ctx, caches_only);
	return true;
}

static bool call_run(struct call *c, PyObject *args)
{
	int r;

	if (!call_parse(c, args))
		return false;

	Py_BEGIN_ALLOW_THREADS r = epc_query(c->ctx, c->paths, (size_t)c->nr_paths,
					     c->group, c->name, &c->answer);
	Py_END_ALLOW_THREADS

		if (r == 0) return true;
	errno = -r;
	PyErr_SetFromErrno(PyExc_OSError);
	return false;
}

/* --- what is answered -------------------------------------------------------- */

/* A name in the file system: any bytes, as os.fsdecode() has them; None where unknown. */
static PyObject *name_of(struct epc_str s)
{
	if (!s.data)
		return Py_NewRef(Py_None);
	return PyUnicode_DecodeFSDefaultAndSize(s.data, (Py_ssize_t)s.len);
}

/* A constant of the library; None for NULL. */
static PyObject *word_of(const char *text)
{
	return name_of((struct epc_str){ text, text ? strlen(text) : 0 });
}

/* A part of a text: UTF-8, unless somebody made the cache file up, which never raises. */
static PyObject *text_of(struct epc_str s)
{
	return PyUnicode_DecodeUTF8(s.data, (Py_ssize_t)s.len, "surrogateescape");
}

static PyObject *number_of(size_t n)
{
	return PyLong_FromSize_t(n);
}

/* A tuple of new references, which it takes over; NULL where one of them is. */
static PyObject *tuple_of(size_t n, PyObject **items)
{
	PyObject *tuple = PyTuple_New((Py_ssize_t)n);
	bool whole = tuple;

	for (size_t i = 0; i < n; i++) {
		whole &= items[i] != NULL;
		if (!tuple)
			Py_XDECREF(items[i]);
		else if (items[i])
			whole &= PyTuple_SetItem(tuple, (Py_ssize_t)i, items[i]) == 0;
	}
	if (whole)
		return tuple;

	Py_XDECREF(tuple);
	return NULL;
}

#define TUPLE(...)                                                           \
	tuple_of(sizeof((PyObject *[]){ __VA_ARGS__ }) / sizeof(PyObject *), \
		 (PyObject *[]){ __VA_ARGS__ })

/* Append a new reference, which it takes over; false where it is NULL. */
static bool append(PyObject *list, PyObject *item)
{
	bool done = item && PyList_Append(list, item) == 0;

	Py_XDECREF(item);
	return done;
}

static bool is_same(struct epc_str a, struct epc_str b)
{
	return a.data == b.data && a.len == b.len;
}

/* The number of the path that an entry is of; they come in order. */
static size_t path_of(struct epc_answer *answer, const struct epc_entry *e,
		      const struct epc_dir **dir, size_t nr_before)
{
	while (*dir && epc_dir_path(*dir).data != epc_entry_directory(e).data) {
		*dir = epc_answer_next_dir(answer);
		nr_before++;
	}
	return nr_before;
}

/*
 * Entry points as (name, value, group, number of the distribution), and those
 * distributions as (number of the path, folder).
 */
static bool fill_entries(struct epc_answer *answer, PyObject *entries, PyObject *dists)
{
	const struct epc_dir *dir = epc_answer_next_dir(answer);
	struct epc_str folder = { NULL, 0 };
	const struct epc_entry *e;
	size_t path = 0, nr_dists = 0;

	while ((e = epc_answer_next(answer))) {
		if (!is_same(folder, epc_entry_dist_folder(e))) {
			folder = epc_entry_dist_folder(e);
			path = path_of(answer, e, &dir, path);
			nr_dists++;
			if (!append(dists, TUPLE(number_of(path), name_of(folder))))
				return false;
		}
		if (!append(entries,
			    TUPLE(text_of(epc_entry_name(e)), text_of(epc_entry_value(e)),
				  text_of(epc_entry_group(e)), number_of(nr_dists - 1))))
			return false;
	}
	epc_answer_rewind(answer);
	return true;
}

/*
 * Each distribution, hidden or not, as (number of the path, folder, normalised name or
 * None, its entry points as table_record() has them, or None).
 */
static bool fill_dists(struct epc_answer *answer, PyObject *dists)
{
	const struct epc_dir *dir = epc_answer_next_dir(answer);
	const struct epc_dist *d;
	size_t path, at = 0;

	while ((d = epc_answer_next_dist(answer, &path))) {
		for (; at < path; at++)
			dir = epc_answer_next_dir(answer);
		if (!append(dists, TUPLE(number_of(path), name_of(epc_dist_folder(d)),
					 name_of(epc_dist_normalized_name(d)),
					 table_record(d, table_is_fast(dir)))))
			return false;
	}
	epc_answer_rewind(answer);
	return true;
}

/* Each path as (key, source, outcome, why, cache file, distributions, entry points). */
static bool fill_dirs(struct epc_answer *answer, PyObject *dirs)
{
	const struct epc_dir *d;

	while ((d = epc_answer_next_dir(answer)))
		if (!append(dirs,
			    TUPLE(name_of(epc_dir_path(d)), number_of(epc_dir_source(d)),
				  number_of(epc_dir_bypass(d)), word_of(epc_dir_why(d)),
				  name_of(epc_dir_cache_file(d)),
				  number_of(epc_dir_nr_dists(d)),
				  number_of(epc_dir_nr_entries(d)))))
			return false;
	return true;
}

/* Each note as (kind, directory, file, line, reason). */
static bool fill_notes(struct epc_answer *answer, PyObject *notes)
{
	const struct epc_note *n;

	while ((n = epc_answer_next_note(answer)))
		if (!append(notes,
			    TUPLE(number_of(epc_note_kind(n)),
				  name_of(epc_note_directory(n)),
				  name_of(epc_note_path(n)), number_of(epc_note_line(n)),
				  word_of(epc_note_reason(n)))))
			return false;
	return true;
}

enum {
	FLAG_OPAQUE = 1,       /* importlib.metadata has to answer */
	FLAG_REJECTED_315 = 2, /* CPython 3.15 raises for a value */
};

static PyObject *flags_of(const struct epc_answer *answer)
{
	return PyLong_FromLong((epc_answer_is_opaque(answer) ? FLAG_OPAQUE : 0) |
			       (epc_answer_rejected_315(answer) ? FLAG_REJECTED_315 : 0));
}

static PyObject *new_lists(size_t n)
{
	PyObject *tuple = PyTuple_New((Py_ssize_t)n);

	for (size_t i = 0; tuple && i < n; i++) {
		PyObject *list = PyList_New(0);

		if (!list || PyTuple_SetItem(tuple, (Py_ssize_t)i, list) < 0)
			Py_CLEAR(tuple);
	}
	return tuple;
}

/* --- functions --------------------------------------------------------------- */

PyDoc_STRVAR(
	query_doc,
	"query(paths, group, name, check, caches_only, /)\n--\n\n"
	"Entry points that importlib.metadata would find with these str as sys.path.\n\n"
	"Returns (entries, dists, dirs, notes, flags): lists of tuples, and an int.");

static PyObject *query(PyObject *module, PyObject *args)
{
	AUTO(call_release) struct call c = { 0 };
	PyObject *lists;

	(void)module;
	if (!call_run(&c, args))
		return NULL;

	lists = new_lists(4);
	if (lists &&
	    fill_entries(c.answer, PyTuple_GetItem(lists, 0),
			 PyTuple_GetItem(lists, 1)) &&
	    fill_dirs(c.answer, PyTuple_GetItem(lists, 2)) &&
	    fill_notes(c.answer, PyTuple_GetItem(lists, 3))) {
		PyObject *found = Py_BuildValue("OOOON", PyTuple_GetItem(lists, 0),
						PyTuple_GetItem(lists, 1),
						PyTuple_GetItem(lists, 2),
						PyTuple_GetItem(lists, 3),
						flags_of(c.answer));
		Py_DECREF(lists);
		return found;
	}
	Py_XDECREF(lists);
	return NULL;
}

PyDoc_STRVAR(dists_doc,
	     "dists(paths, group, name, check, caches_only, /)\n--\n\n"
	     "All distributions, hidden or not, in importlib.metadata's order.\n\n"
	     "Returns (dists, dirs, notes, flags): lists of tuples, and an int.");

static PyObject *dists(PyObject *module, PyObject *args)
{
	AUTO(call_release) struct call c = { 0 };
	PyObject *lists, *found = NULL;

	(void)module;
	if (!call_run(&c, args))
		return NULL;

	lists = new_lists(3);
	if (lists && fill_dists(c.answer, PyTuple_GetItem(lists, 0)) &&
	    fill_dirs(c.answer, PyTuple_GetItem(lists, 1)) &&
	    fill_notes(c.answer, PyTuple_GetItem(lists, 2)))
		found = Py_BuildValue("OOON", PyTuple_GetItem(lists, 0),
				      PyTuple_GetItem(lists, 1),
				      PyTuple_GetItem(lists, 2), flags_of(c.answer));
	Py_XDECREF(lists);
	return found;
}

static PyObject *version(PyObject *module, PyObject *none)
{
	(void)module;
	(void)none;
	return PyUnicode_FromString(epc_version());
}

static PyMethodDef functions[] = {
	{ "query", query, METH_VARARGS, query_doc },
	{ "dists", dists, METH_VARARGS, dists_doc },
	{ "is_current", table_is_current, METH_VARARGS, table_is_current_doc },
	{ "version", version, METH_NOARGS, "version()\n--\n\nOf the library inside." },
	{ NULL, NULL, 0, NULL },
};

/* --- the module -------------------------------------------------------------- */

/*
 * Slots that later versions want and earlier ones refuse, the newest first, so that
 * each takes the rest of the list.  The headers have these for a newer limited API.
 */
#define SLOT_GIL 4
#define SLOT_MULTIPLE_INTERPRETERS 3
#define GIL_NOT_USED ((void *)1)
#define PER_INTERPRETER_GIL ((void *)2)

static PyModuleDef_Slot slots[] = {
	{ SLOT_GIL, GIL_NOT_USED },
	{ SLOT_MULTIPLE_INTERPRETERS, PER_INTERPRETER_GIL },
	{ 0, NULL },
};

#define MODULE(first)                                                            \
	{                                                                        \
		PyModuleDef_HEAD_INIT,                                           \
			.m_name = "epcache._epcache",                            \
			.m_doc = "What the package epcache asks of libepcache.", \
			.m_methods = functions, .m_slots = slots + (first),      \
	}

static PyModuleDef module_313 = MODULE(0);
static PyModuleDef module_312 = MODULE(1);
static PyModuleDef module_310 = MODULE(2);

/* The minor version that runs, not the one compiled for. */
static long running_minor(void)
{
	const char *version = Py_GetVersion(); /* "3.11.2 (main, ..." */
	const char *dot = strchr(version, '.');

	return dot ? strtol(dot + 1, NULL, 10) : 0;
}

PyMODINIT_FUNC PyInit__epcache(void);

PyMODINIT_FUNC PyInit__epcache(void)
{
	long minor = running_minor();

	if (minor >= 13)
		return PyModuleDef_Init(&module_313);
	return PyModuleDef_Init(minor == 12 ? &module_312 : &module_310);
}
