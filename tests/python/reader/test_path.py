# SPDX-License-Identifier: LGPL-2.1-or-later
"""sys.path as programs have it, and other finders beside the standard one."""
import importlib
import importlib.metadata
import os
import pathlib
import shutil
import sys
import unittest
import zipfile

import epcache
from epcache import _reader
from support import Case, cached, flat, key, native


class Path(Case):
    def both(self):
        """All entry points and distributions the same; values of the group g."""
        found = [value for _, value in self.same(group="g")]
        self.same()
        ours = [(str(d._path), d._normalized_name) for d in epcache.distributions()]
        theirs = [(str(d._path), d._normalized_name) for d in importlib.metadata.distributions()]
        self.assertEqual(ours, theirs)
        return found

    def zip(self, name, dist, text):
        path = os.path.join(self.top, name)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(dist + "-1.0.dist-info/METADATA", "Name: %s\n" % dist)
            archive.writestr(dist + "-1.0.dist-info/entry_points.txt", text)
        return path

    def test_empty_relative_and_the_directory_changed(self):
        for name in ("one", "two"):
            self.site(name, foo="[g]\na = %s:x\n" % name)
        for entry in ("", ".", "./", "../one/../%s", "../%s//"):
            for name in ("one", "two", "one"):
                os.chdir(os.path.join(self.top, name))
                sys.path = [entry.replace("%s", name)] + sys.path[-1:]
                self.assertEqual(self.both(), [name + ":x"])

    def test_missing_files_duplicates_and_no_path_at_all(self):
        folder = self.site(foo="[g]\na = b:c\n")
        plain = os.path.join(self.top, "file")
        open(plain, "w").close()
        sys.path[:0] = [os.path.join(self.top, "missing"), folder, plain, folder, folder + "/"]
        self.assertEqual(self.both(), ["b:c"])
        sys.path = []
        self.assertEqual(list(epcache.entry_points(group="g")), [])
        self.assertEqual(list(epcache.distributions()), [])

    def test_a_zip_file_hides_and_is_hidden_in_its_place(self):
        first = self.site("first", one="[g]\na = first:one\n")
        last = self.site("last", one="[g]\na = last:one\n", two="[g]\na = last:two\n",
                         three="[g]\na = last:three\n")
        two = self.zip("two.zip", "Two", "[g]\na = zip:two\n")
        one = self.zip("one.zip", "ONE", "[g]\na = zip:one\n")
        sys.path[:0] = [first, two, one, last]
        self.assertEqual(self.both(), ["first:one", "zip:two", "last:three"])

    def test_pathlike_entries(self):
        first = pathlib.Path(self.site("first", one="[g]\na = first:one\n"))
        last = self.site("last", one="[g]\na = last:one\n", two="[g]\na = last:two\n")
        sys.path[:0] = [first, last]
        self.assertEqual(self.both(), ["first:one", "last:two"])

    def test_what_is_no_path_raises_what_the_original_raises(self):
        folder = self.site(foo="[g]\na = b:c\n")
        for entry in (os.fsencode(folder), None, 7, "a\0b", "\ud800"):
            importlib.metadata.FastPath.__new__.cache_clear()
            sys.path[:1] = [entry]
            outcomes = []
            for module in (importlib.metadata, epcache):
                try:
                    outcomes.append([key(p) for p in flat(module.entry_points(group="g"))])
                except Exception as why:
                    outcomes.append(type(why))
            self.assertEqual(*outcomes, entry)

    def deep_site(self, length):
        """A relative folder of that many bytes below .top, which is the working directory."""
        os.chdir(self.top)
        parts = []
        while length > 202:
            parts.append("d" * 199)
            length -= 200
        parts.append("e" * length)
        for part in parts:
            os.mkdir(part)
            os.chdir(part)
        self.dist(".", "foo-1.dist-info", "[g]\na = deep:x\n")
        os.chdir(self.top)
        return "/".join(parts)

    def test_a_text_whose_path_is_too_long_to_be_opened(self):
        tail = len("/foo-1.dist-info/entry_points.txt")
        for length in (4095 - tail, 4096 - tail, 4095):
            folder = self.deep_site(length)
            for entry in (folder, ".//" + folder, folder.replace("/", "/./", 40) + "//"):
                sys.path[:1] = [entry]
                importlib.metadata.FastPath.__new__.cache_clear()
                outcomes = []
                for module in (importlib.metadata, epcache):
                    for ask in (lambda: module.entry_points(group="g"),
                                lambda: [p for d in module.distributions()
                                         for p in d.entry_points]):
                        try:
                            outcomes.append([key(p)[:3] for p in ask()])
                        except Exception as why:
                            outcomes.append(type(why))
                self.assertEqual(outcomes[:2], outcomes[2:], (length, len(entry)))
            shutil.rmtree(folder.partition("/")[0])

    def test_names_that_are_not_utf8(self):
        folder = os.path.join(os.fsencode(self.top), b"s\xff")
        dist = os.path.join(folder, b"d\xe9-1.dist-info")
        os.makedirs(dist)
        with open(os.path.join(dist, b"entry_points.txt"), "w") as file:
            file.write("[g]\na = b:c\n")
        sys.path[:0] = [os.fsdecode(folder)]
        self.assertEqual(self.both(), ["b:c"])

    def test_sys_path_changes_between_calls(self):
        one, two = self.site("one", foo="[g]\na = one\n"), self.site("two", foo="[g]\na = two\n")
        saved = sys.path
        for folder in (one, two, one):
            sys.path = [folder] + saved
            self.assertEqual(self.both(), [os.path.basename(folder)])
        sys.path = tuple([two] + saved)
        self.assertEqual(self.both(), ["two"])

    def test_an_installation_while_running(self):
        folder = self.site(foo="[g]\na = b\n")
        sys.path[:0] = [folder]
        self.assertEqual(self.both(), ["b"])
        self.dist(folder, "new-1.0.dist-info", "[g]\na = new\n")
        importlib.invalidate_caches()
        self.assertEqual(sorted(self.both()), ["b", "new"])

    @native
    def test_the_status_of_what_is_no_path(self):
        entries = ["a\0b", "\ud800", b"bytes", None, self.site(foo=None)]
        self.assertEqual([s.source for s in epcache.status(entries)],
                         ["importlib"] * 4 + ["live"])

    @cached
    def test_each_entry_is_answered_for_by_its_own_cache(self):
        ours = [self.site(n, **{n: "[g]\na = %s\n" % n}) for n in ("one", "two", "three")]
        sys.path = ours + sys.path
        self.refresh(ours[0], ours[2])
        self.assertEqual(self.sources(group="g")[:3], [1, 2, 1])
        told = epcache.status(ours)
        self.assertEqual([s.source for s in told], ["cache", "live", "cache"])
        self.assertEqual([s.distributions for s in told], [1, 1, 1])
        self.assertTrue(os.path.exists(told[0].cache_file))
        self.assertEqual(told[1].reason, "there is no cache file")
        self.assertEqual(self.both(), ["one", "two", "three"])


class Finder:
    """Finds one distribution, of a text."""

    def __init__(self, name, text):
        self.name, self.text = name, text

    def find_spec(self, name, path=None, target=None):
        return None

    def find_distributions(self, context=None):
        finder = self

        class Found(importlib.metadata.Distribution):
            def read_text(self, filename):
                return {"METADATA": "Name: %s\n" % finder.name,
                        "entry_points.txt": finder.text}.get(filename)

            def locate_file(self, path):
                return path

            _path = "nowhere"

        return [Found()]


class Finders(Case):
    def setUp(self):
        super().setUp()
        sys.path[:0] = [self.site(one="[g]\na = path:one\n", two="[g]\na = path:two\n")]

    def test_asked_in_their_order(self):
        sys.meta_path.insert(0, Finder("One", "[g]\na = before:one\n"))
        sys.meta_path.append(Finder("Two", "[g]\na = after:two\n"))
        sys.meta_path.append(Finder("Three", "[g]\na = after:three\n"))
        found = [value for _, value in self.same(group="g")]
        self.assertEqual(sorted(found), ["after:three", "before:one", "path:two"])
        self.assertEqual([d.name for d in epcache.distributions()],
                         [d.name for d in importlib.metadata.distributions()])

    def test_one_that_raises(self):
        class Bad(Finder):
            def find_distributions(self, context=None):
                raise ZeroDivisionError

        sys.meta_path.append(Bad("x", ""))
        with self.assertRaises(ZeroDivisionError):
            epcache.entry_points(group="g")
        with self.assertRaises(ZeroDivisionError):
            list(epcache.distributions())

    def test_none_at_all(self):
        sys.meta_path[:] = []
        self.assertEqual(self.same(group="g"), [])

    def test_the_standard_one_replaced(self):
        finder = sys.meta_path[-1]
        self.assertTrue(_reader.is_standard(finder, finder.find_distributions))
        original = finder.__dict__["find_distributions"]
        self.addCleanup(setattr, finder, "find_distributions", original)
        finder.find_distributions = staticmethod(
            Finder("Mine", "[g]\na = mine:x\n").find_distributions)
        self.assertEqual(self.same(group="g"), [("a", "mine:x")])

    def test_a_context(self):
        folder = self.site("other", three="[g]\na = b\n")
        for context in ({"path": [folder]}, {"name": "one"}, {"name": "three", "path": [folder]}):
            self.assertEqual([d.name for d in epcache.distributions(**context)],
                             [d.name for d in importlib.metadata.distributions(**context)])

    @native
    def test_failures_inside_are_passed_over(self):
        class Broken:
            def __getattr__(self, name):
                raise MemoryError

        self.addCleanup(setattr, _reader, "native", _reader.native)
        _reader.native = Broken()
        self.assertEqual(sorted(self.same(group="g")), [("a", "path:one"), ("a", "path:two")])
        self.assertEqual([d.name for d in epcache.distributions()],
                         [d.name for d in importlib.metadata.distributions()])


if __name__ == "__main__":
    unittest.main()
