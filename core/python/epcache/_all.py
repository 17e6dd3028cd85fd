# SPDX-License-Identifier: LGPL-2.1-or-later
"""Distributions, one by one, from all finders in their order."""
import sys

from . import _points, _reader


def ours(params):
    """As distributions() of importlib.metadata, where we can answer; else None.

    @params are for its Context.
    """
    if set(params) - {"path"}:
        return None
    finders = _reader.finders()
    return _chain(finders, params) if True in finders else None


def entry_points(path=None):
    """The entry points of all distributions, as a list of EntryPoint."""
    params = {} if path is None else {"path": path}
    seen = set()
    found = []
    for dist in _chain(_reader.finders(), params):
        norm = dist._normalized_name
        if norm not in seen:
            seen.add(norm)
            found += map(_points.convert, dist.entry_points)
    return found


def _chain(finders, params):
    for find in finders:
        if find is True:
            yield from _in_path(params.get("path", sys.path))
        else:
            from . import _original

            yield from find(_original.context_of(params))


def _in_path(path):
    """Those of each entry, in order: by importlib.metadata where we cannot."""
    path = list(path)
    ours = [entry for entry in path if type(entry) is str]
    try:
        found, archives = _reader.dists(ours)
    except Exception:  # None among them: there is nothing to be had
        found, archives = [], [True] * len(ours)
    by_entry = [[] for _ in ours]
    for at, folder, norm, record in found:
        by_entry[at].append(_points.Distribution(ours[at], folder, norm, record))

    told = iter(zip(by_entry, archives))
    for entry in path:
        dists, is_archive = next(told) if type(entry) is str else ((), True)
        if is_archive:
            from . import _original

            yield from _original.archive(entry)
        else:
            yield from dists
