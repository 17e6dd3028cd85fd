# SPDX-License-Identifier: LGPL-2.1-or-later
"""EPCACHE=verify: each answer is compared with that of importlib.metadata, and not used."""
import os
import sys

from . import _all, _answer, _original, _reader

SHOWN = 10  # differences of one answer


def select(params, path):
    """What importlib.metadata answers; that ours would be another is told on stderr."""
    try:
        ours = _answer.answer(params, path)
    except Exception as why:
        _report(params, path, [f"epcache: {why!r}"])
        return None
    try:
        found = _original.entry_points(params, path)
    except Exception as why:
        if ours is not None:
            _report(params, path, [f"importlib.metadata: {why!r}"])
        return None
    found = list(_original.flat(found))
    ours, theirs = _listed(ours), _listed(found)
    if ours != theirs:
        _report(params, path, _differences(ours, theirs))
    return found


def distributions(params):
    """The same of distributions(), which answers as it is gone through."""
    path = params.get("path", sys.path)
    found = list(_original.distributions(params))
    if type(path) is list:  # another may have been used up
        try:
            ours = [_shown(dist) for dist in _all.ours(params) or found]
            theirs = [_shown(dist) for dist in found]
            if ours != theirs:
                _report(params, path, _differences(ours, theirs), "distributions")
        except Exception as why:
            _report(params, path, [f"epcache: {why!r}"], "distributions")
    yield from found


def _shown(dist):
    try:
        points = [(p.name, p.value, p.group) for p in dist.entry_points]
    except Exception as why:
        points = type(why).__name__
    return str(getattr(dist, "_path", None)), points


def _listed(points):
    return [(*point._key(), str(getattr(point.dist, "_path", None))) for point in points]


def _differences(ours, theirs):
    lines = [f"- {each}" for each in ours if each not in theirs]
    lines += [f"+ {each}" for each in theirs if each not in ours]
    return lines or ["the order of these:"] + [f"+ {each}" for each in theirs]


def _report(params, path, lines, name="entry_points"):
    """All that is needed to see it again.  Never raises."""
    try:
        path = sys.path if path is None else path
        answer = _reader.native.query(
            [entry for entry in path if type(entry) is str], None, None,
            _reader.CHECK_OF_ENVIRONMENT, False)
        more = [f"... and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
        text = [
            f"epcache: verify: {name}({params!r}) differs from importlib.metadata",
            *lines[:SHOWN],
            *more,
            f"python {sys.version!r} {sys.executable!r}",
            f"epcache {_reader.native.version()!r} in {os.getcwd()!r}",
            f"sys.path = {path!r}",
            f"sys.meta_path = {sys.meta_path!r}",
            *(f"read: {each!r}" for each in answer[2]),
            *(f"noted: {each!r}" for each in answer[3]),
        ]
        sys.stderr.write("\n    ".join(text) + "\n")
    except Exception:
        pass
