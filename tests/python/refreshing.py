# SPDX-License-Identifier: LGPL-2.1-or-later
"""unittest, with each directory's cache brought up to date just before it is looked at.

    refreshing.py LIBEPCACHE whole|pieces MODULE...

Run by an interpreter that has epcache activated.  The last line on stderr says how
often a cache answered for a directory that a test had made.  With "pieces" no answer of
entry_points() is taken as a whole: each is made of distributions.
"""
import ctypes
import os
import sys
import tempfile
import time
import unittest

from epcache import _epcache

FROM_CACHE = 1
FOR_ITSELF = 8  # a test's directory is closed to others
TICKS = 0.03  # seconds; what was changed less than that ago is not settled
hits = {"listings": 0, "entries": 0, "questions": 0}


class Refresher:
    def __init__(self, library):
        self.lib = ctypes.CDLL(library)
        self.lib.epc_refresh.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint,
                                         ctypes.c_void_p]
        self.context = ctypes.c_void_p()
        if self.lib.epc_ctx_new(ctypes.byref(self.context)) != 0:
            raise MemoryError

    def refresh(self, path):
        if path[:1] == b"/" and os.path.isdir(path):
            if is_ours(path):
                time.sleep(TICKS)
            self.lib.epc_refresh(self.context, path, FOR_ITSELF, None)


def is_ours(path):
    name = os.fsencode(path)[len(os.fsencode(tempfile.gettempdir())):]
    return os.fsencode(path).startswith(os.fsencode(tempfile.gettempdir())) and b"tmp" in name


def watch(refresher):
    dists, is_current, query = _epcache.dists, _epcache.is_current, _epcache.query

    def watched_dists(paths, *rest):
        for path in paths:
            refresher.refresh(os.fsencode(path))
        found = dists(paths, *rest)
        hits["listings"] += any(directory[1] == FROM_CACHE and is_ours(directory[0])
                                for directory in found[1])
        return found

    def watched_is_current(path, seen):
        found = is_current(path, seen)
        hits["entries"] += found and is_ours(path)
        return found

    def watched_query(paths, *rest):
        for path in paths:
            refresher.refresh(os.fsencode(path))
        found = query(paths, *rest)
        hits["questions"] += any(directory[1] == FROM_CACHE and is_ours(directory[0])
                                 for directory in found[2])
        return found

    _epcache.dists, _epcache.is_current = watched_dists, watched_is_current
    _epcache.query = watched_query if sys.argv[2] == "whole" else None


watch(Refresher(sys.argv[1]))
program = unittest.main(module=None, argv=["unittest"] + sys.argv[3:], exit=False)
print(*(f"{name} {number}" for name, number in hits.items()), file=sys.stderr)
sys.exit(not program.result.wasSuccessful())
