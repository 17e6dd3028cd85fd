# SPDX-License-Identifier: LGPL-2.1-or-later
"""What entry_points() selects: all at once from the library, or one by one.

It returns None, or raises any exception, where importlib.metadata has to answer.
"""
import sys

from . import _points, _reader


def lookup(path, group=None, name=None):
    """The entry points of these str as sys.path: a list of EntryPoint, or None."""
    if not _reader.is_plain(path):
        return None
    found = _reader.query(path, group, name)
    if found is None:
        return None
    points, places = found
    owners = [_points.Distribution(path[at], folder) for at, folder in places]
    return [_points.made(n, v, g, owners[owner]) for n, v, g, owner in points]


def answer(params, path=None):
    """The entry points that these parameters of entry_points() select, as a list.

    @path is a list in place of sys.path.  Up to 3.11 they come sorted by group.
    """
    wanted = dict(params)
    pushed = {}
    for key, value in params.items():
        # What cannot be passed on matches nothing, or is for matches() to say.  It looks at
        # the attributes in this order and may raise at one, so what follows is its as well.
        if key not in ("group", "name") or type(value) is not str or not value.isprintable():
            break
        pushed[key] = wanted.pop(key)
    found = None
    if _reader.finders() == [True]:
        found = lookup(sys.path if path is None else path, **pushed)
    if found is None:
        from . import _all

        found = _all.entry_points(path)
        wanted = params
    if wanted:
        found = [point for point in found if point.matches(**wanted)]
    if sys.version_info < (3, 12):
        found.sort(key=lambda point: point.group)
    return found
