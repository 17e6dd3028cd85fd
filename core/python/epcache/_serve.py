# SPDX-License-Identifier: LGPL-2.1-or-later
"""Serve importlib.metadata, or its backport, from epcache's caches.

Three things of the module are replaced, and nothing of it is emulated:

- FastPath.children(), the listing of a directory, gives the metadata folders alone, where
  the cache is current; as Lookup groups them, which leaves them in that order.  Order, names, shadowing, and when a directory is
  looked at again, remain the module's own.
- PathDistribution.entry_points is made of what the cache has of that distribution, once
  its entry_points.txt was found unchanged.
- entry_points() is answered as a whole, where the standard finder is the only one.

Whatever fails, is opaque, or was replaced by the program itself: the module's own code.
"""
import functools
import io
import os
import pathlib
import sys

from epcache import _epcache, _rules

_MOST_TABLES = 256

# Of _epcache.query(), see module.c and epcache.h.
_CHECK_AS_SET = -1
_OPAQUE = 1
_FROM_CACHE = 1
_ARCHIVE = 3
_REJECTED = 2  # a value is no object reference
_NOT_READ = (4, 5, 6)  # notes: over a limit, an archive, a directory that cannot be read

# {directory: {folder: what the cache has of it}}, of those listed last.
_tables = {}


def _is_as_it_was(snapshot):
    """Has nobody, a test or a fake file system, replaced what the original would use?"""
    for owner, name, value in snapshot:
        if vars(owner).get(name) is not value:
            return False
    return True


def _snapshot(*owners_and_names):
    return tuple((owner, name, vars(owner).get(name))
                 for owner, names in owners_and_names for name in names.split())


def _children(root):
    """The metadata folders in a directory, as Lookup has them; raises or None: not known."""
    if type(root) is not str or root[:1] != "/":
        return None

    _tables.pop(root.rstrip("/"), None)
    dists, dirs, _, _ = _epcache.dists([root], None, None, _CHECK_AS_SET, True)
    # Versions of Unicode differ on what is grouped with names that are not ASCII.
    if dirs[0][1] != _FROM_CACHE or not all(folder.isascii() for _, folder, _, _ in dists):
        return None
    if len(_tables) >= _MOST_TABLES:
        _tables.clear()
    table = _tables[root.rstrip("/")] = {folder: record for _, folder, _, record in dists}
    return list(table)


def _entries(path):
    """What the entry_points.txt in a metadata folder has, as tuples; None: not known."""
    root, _, folder = path.rpartition("/")
    record = _tables.get(root, {}).get(folder)
    if record is None:
        return None

    seen, entries = record
    return entries if _epcache.is_current(os.fsencode(path + "/entry_points.txt"), seen) else None


def _serve_children(metadata, is_as_it_was):
    original = metadata.FastPath.children

    @functools.wraps(original)
    def children(self):
        try:
            found = _children(self.root) if is_as_it_was() else None
        except Exception:
            found = None
        return original(self) if found is None else found

    metadata.FastPath.children = children


def _serve_entry_points_of(metadata, is_as_it_was):
    distribution = metadata.PathDistribution

    def known(dist):
        if type(dist) is not distribution or type(dist._path) is not pathlib.PosixPath:
            return None
        if vars(dist).keys() != {"_path"} or not is_as_it_was():
            return None
        return _entries(str(dist._path))

    def entry_points(self):
        try:
            entries = known(self)
        except Exception:
            entries = None
        if entries is None:
            return super(distribution, self).entry_points
        return metadata.EntryPoints(metadata.EntryPoint(*entry)._for(self) for entry in entries)

    entry_points.__doc__ = metadata.Distribution.entry_points.__doc__
    distribution.entry_points = property(entry_points)


def _is_plain_question(params):
    return params.keys() <= {"group", "name"} and all(type(v) is str for v in params.values())


def _standard_finder_alone(metadata):
    """Is the search of sys.path, by this module, all that it would ask?"""
    finders = [finder for finder in sys.meta_path
               if getattr(finder, "find_distributions", None) is not None]
    if len(finders) != 1:
        return False

    if metadata.__name__ == "importlib.metadata":
        return finders[0] is sys.modules["_frozen_importlib_external"].PathFinder
    return type(finders[0]) is metadata.MetadataPathFinder


def _search(paths, params, unless):
    """The entry points on a sys.path, as _epcache.query() has them; None: not known.

    @unless: flags of an answer that is not to be used.
    """
    if type(paths) is not list or not all(type(path) is str for path in paths):
        return None

    entries, dists, dirs, notes, flags = _epcache.query(
        paths, params.get("group"), params.get("name"), _CHECK_AS_SET, False)
    if flags & unless or any(note[0] in _NOT_READ for note in notes):
        return None
    if any(directory[1] == _ARCHIVE for directory in dirs):
        return None
    return entries, [(paths[number], folder) for number, folder in dists]


def _serve_entry_points(metadata, is_as_it_was, validates):
    unless = _OPAQUE | _REJECTED if validates else _OPAQUE
    original = metadata.entry_points
    shape = getattr(metadata, "SelectableGroups", None)
    shape = shape.load if shape else metadata.EntryPoints

    def found(params):
        if not _is_plain_question(params) or not is_as_it_was():
            return None
        if not _standard_finder_alone(metadata):
            return None
        return _search(sys.path, params, unless)

    def real(entries, folders):
        dists = [metadata.PathDistribution(pathlib.Path(*folder)) for folder in folders]
        for name, value, group, number in entries:
            yield metadata.EntryPoint(name, value, group)._for(dists[number])

    @functools.wraps(original)
    def entry_points(**params):
        try:
            answer = found(params)
            answer = answer and shape(real(*answer))
        except Exception:
            answer = None
        return original(**params) if answer is None else answer.select(**params)

    metadata.entry_points = entry_points


def serve(metadata, is_new):
    """Serve this module, if its rules are those of caches; returns whether they are.

    @is_new: it was executed just now, so that nobody can have changed it.
    """
    if "__wrapped__" in vars(metadata.entry_points):
        return True
    rules = _rules.of(metadata, is_new)
    if rules is None:
        return False

    files = [(os, "listdir stat"), (io, "open"), (pathlib.Path, "open read_text joinpath"),
             (metadata, "os pathlib")]
    reading = [(metadata, "Sectioned"), (metadata.Sectioned, "section_pairs read"),
               (metadata.PathDistribution, "read_text __init__"),
               (metadata.Distribution, "entry_points"), (metadata.EntryPoints, "_from_text_for"),
               (metadata.EntryPoints, "_from_text"), (metadata.EntryPoint, "_for")]
    finding = [(metadata, "sys distributions PathDistribution EntryPoints EntryPoint FastPath"),
               (metadata.Distribution, "discover _discover_resolvers"),
               (metadata.PathDistribution, "_normalized_name _name_from_stem"),
               (metadata.Prepared, "__init__ normalize legacy_normalize"),
               (metadata.MetadataPathFinder, "find_distributions _search_paths"),
               (metadata.FastPath, "search mtime lookup joinpath"), (metadata.Lookup, "search")]
    if metadata.__name__ == "importlib.metadata":
        finding.append((sys.modules["_frozen_importlib_external"].PathFinder,
                        "find_distributions"))
    of_files = _snapshot(*files)
    of_reading = of_files + _snapshot(*reading)
    listing = functools.partial(_is_as_it_was, of_files)
    _serve_children(metadata, listing)
    _serve_entry_points_of(metadata, functools.partial(_is_as_it_was, of_reading))
    of_all = of_reading + _snapshot(*finding, (metadata.FastPath, "children"),
                                    (metadata.PathDistribution, "entry_points"))
    _serve_entry_points(metadata, functools.partial(_is_as_it_was, of_all), rules.validates)
    return True
