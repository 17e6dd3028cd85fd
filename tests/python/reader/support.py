# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the Python reader share: folders as sys.path, and caches of them."""
import contextlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import warnings

import epcache
from epcache import _reader

EPCACHE = os.environ["EPCACHE"]
# Can caches be written that are read here?  See apart.sh.
APART = os.environ.get("APART") == "1"
# See asan.sh: the tool is not made for what is loaded into this Python.
SANITIZED = bool(os.environ.get("LD_PRELOAD"))
NATIVE = _reader.native is not None


class Case(unittest.TestCase):
    """Each test has a folder of its own, as .top, and may do to sys.path what it likes."""

    def setUp(self):
        self.top = os.path.realpath(tempfile.mkdtemp(prefix="epcache-reader-"))
        os.chmod(self.top, 0o755)
        self.addCleanup(shutil.rmtree, self.top)
        self.addCleanup(os.chdir, os.getcwd())
        self.addCleanup(setattr, sys, "path", sys.path)
        sys.path = sys.path[:]
        self.addCleanup(setattr, sys, "meta_path", sys.meta_path[:])
        caught = warnings.catch_warnings()
        caught.__enter__()
        self.addCleanup(caught.__exit__, None, None, None)
        warnings.simplefilter("ignore", DeprecationWarning)

    def site(self, name="site", **dists):
        """A folder with these distributions: name="text of entry_points.txt"."""
        folder = os.path.join(self.top, name)
        os.makedirs(folder, exist_ok=True)
        for dist, text in dists.items():
            self.dist(folder, dist + "-1.0.dist-info", text)
        return folder

    def dist(self, folder, name, text, metadata="Metadata-Version: 2.1\nName: {}\nVersion: 1.0\n"):
        path = os.path.join(folder, name)
        os.makedirs(path, exist_ok=True)
        with open(os.path.join(path, "METADATA"), "w") as file:
            file.write(metadata.format(name.partition("-")[0]))
        if text is not None:
            with open(os.path.join(path, "entry_points.txt"), "w") as file:
                file.write(text)
        return path

    def refresh(self, *folders):
        subprocess.run([EPCACHE, "refresh", "--quiet", *folders], check=True,
                       env={**os.environ, "LD_PRELOAD": ""})

    def same(self, **select):
        """Both answer the same; returns (name, value) of what was answered."""
        importlib.metadata.FastPath.__new__.cache_clear()
        theirs = importlib.metadata.entry_points(**select)
        ours = epcache.entry_points(**select)
        self.assertEqual([key(p) for p in flat(ours)], [key(p) for p in flat(theirs)])
        return [(p.name, p.value) for p in flat(ours)]

    @contextlib.contextmanager
    def environment(self, **values):
        saved = os.environ.copy()
        os.environ.update(values)
        try:
            yield
        finally:
            for name in values:
                os.environ.pop(name)
                if name in saved:
                    os.environ[name] = saved[name]

    @contextlib.contextmanager
    def raw(self):
        """What the extension answers meanwhile, as a list of (entries, dists, dirs, ...)."""
        answers = []
        native = _reader.native

        class Seen:
            def __getattr__(self, name):
                return getattr(native, name)

            def query(self, *args):
                answers.append(native.query(*args))
                return answers[-1]

        _reader.native = Seen()
        try:
            yield answers
        finally:
            _reader.native = native

    def sources(self, **select):
        """Where each of sys.path came from: 0 nothing, 1 cache, 2 live, 3 archive."""
        with self.raw() as answers:
            epcache.entry_points(**select)
        return [each[1] for each in answers[0][2]]


def flat(found):
    if isinstance(found, dict):
        return [point for group in dict.values(found) for point in group]
    return list(found)


def key(point):
    return point.name, point.value, point.group, str(point.dist._path)


def run(code, *options, **more):
    """A Python of this version that has the package; its output."""
    return subprocess.run(
        [sys.executable, *options, "-c", code], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, check=True, **more)


cached = unittest.skipUnless(NATIVE and APART, "needs caches of its own")
native = unittest.skipUnless(NATIVE, "no extension for this Python")
