# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the package epcache answers against importlib.metadata, in one process.

As a module: differences() and what it is made of.  As a program: reads one JSON question
a line, {"paths": sys.path, "cwd": ..., "selects": [parameters of entry_points(), ...]};
prints for each {"why": what differs or "", "cached": directories that came from a cache,
"native": answers that were epcache's own}.
"""
import importlib.metadata as metadata
import json
import os
import pickle
import sys
import warnings

import epcache
from epcache import _all, _original, _reader, _verify  # before sys.path is replaced

try:
    import importlib.metadata._adapters  # noqa: F401  3.13 imports it late
except ImportError:
    pass
import email.parser  # noqa: F401  likewise
import zipfile  # noqa: F401

assert _all and _original and _verify


class Counting:
    """The extension, and how often it answered all by itself."""

    def __init__(self, native):
        self.native = native
        self.answered = self.cached = 0

    def query(self, *args):
        found = self.native.query(*args)
        self.answered += not found[4]
        self.cached += sum(each[1] == 1 for each in found[2])
        return found

    def __getattr__(self, name):
        return getattr(self.native, name)


def outcome(function, *args, **kwargs):
    """What it returns, and the type of what it raises."""
    try:
        return function(*args, **kwargs), None
    except Exception as why:
        return None, type(why)


def flat(found):
    if isinstance(found, dict):
        return [point for group in dict.values(found) for point in group]
    return list(found)


def facts(point):
    """All that can be asked of an entry point."""
    return {
        "key": (point.name, point.value, point.group),
        "repr": repr(point),
        "hash": hash(point),
        "dist": str(point.dist._path),
        "parts": [outcome(getattr, point, name) for name in ("module", "attr", "extras")],
        "pickled": outcome(lambda: repr(pickle.loads(pickle.dumps(point)))),
        "set": outcome(setattr, point, "name", "x")[1],
    }


def point_differences(ours, theirs):
    if facts(ours) != facts(theirs):
        yield f"{facts(ours)} for {facts(theirs)}"
    if not (ours == theirs and theirs == ours) or ours != theirs or theirs != ours:
        yield f"{ours!r} is not equal"
    again = ours.to_importlib()
    if type(again) is not type(theirs) or again != theirs or again.dist._path != theirs.dist._path:
        yield f"{ours!r} as {again!r}"


def entries_differences(select):
    ours, our_error = outcome(epcache.entry_points, **select)
    theirs, their_error = outcome(metadata.entry_points, **select)
    if our_error is not their_error:
        yield f"{our_error} for {their_error}"
    if our_error or their_error:
        return
    if repr(ours) != repr(theirs) or not (ours == theirs and theirs == ours):
        yield f"{ours!r} for {theirs!r}"
    for attribute in ("names", "groups"):
        if getattr(ours, attribute) != getattr(theirs, attribute):
            yield f"{attribute} {getattr(ours, attribute)}"
    ours, theirs = flat(ours), flat(theirs)
    if [p._key() for p in map(epcache._points.convert, sorted(ours + theirs))] != [
        p._key() for p in map(epcache._points.convert, sorted(theirs + ours))
    ]:
        yield "sorted in another way"
    for pair in zip(ours, theirs):
        yield from point_differences(*pair)


def dist_facts(dist):
    points, error = outcome(lambda: [epcache._points.convert(p)._key() for p in dist.entry_points])
    return [str(dist._path), outcome(lambda: dist._normalized_name), points, error,
            outcome(lambda: dist.name), outcome(lambda: dist.version)]


def dists_differences():
    ours, our_error = outcome(lambda: [dist_facts(d) for d in epcache.distributions()])
    theirs, their_error = outcome(lambda: [dist_facts(d) for d in metadata.distributions()])
    if our_error is not their_error:
        yield f"distributions(): {our_error} for {their_error}"
    elif ours != theirs:
        yield f"distributions(): {ours} for {theirs}"


def differences(selects):
    """Where answers differ, with sys.path as it is; '' if nowhere."""
    clear = metadata.FastPath.__new__.cache_clear
    clear()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for select in selects:
            for why in entries_differences(select):
                return f"{select}: {why}"
        for why in dists_differences():
            return why
    return ""


def answer(question, native):
    native.answered = native.cached = 0
    os.chdir(os.fsencode(question["cwd"]))
    saved, sys.path = sys.path, question["paths"]
    try:
        why = differences(question["selects"])
    finally:
        sys.path = saved
    return {"why": why, "cached": native.cached, "native": native.answered}


def main():
    native = _reader.native = Counting(_reader.native)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line), native)), flush=True)


if __name__ == "__main__":
    main()
