# SPDX-License-Identifier: LGPL-2.1-or-later
"""The objects and functions of the package, against importlib.metadata's of this Python."""
import copy
import importlib.metadata
import os
import pickle
import shutil
import sys
import time
import unittest
import warnings

import epcache
from support import Case, cached, flat, key

TEXT = """[console_scripts]
pip = pip._internal.cli.main:main
b = json:JSONDecoder.decode [x, y]
a = json
[other]
b = json:dumps
ns:sub = json : loads
"""


class Objects(Case):
    def setUp(self):
        super().setUp()
        sys.path[:0] = [self.site(demo=TEXT)]
        self.ours = epcache.entry_points(group="console_scripts", value="json")
        self.theirs = importlib.metadata.entry_points(group="console_scripts", value="json")
        self.one, self.other = list(self.ours)[0], list(self.theirs)[0]

    def test_equal_hashed_sorted_and_printed_alike(self):
        self.assertEqual(self.one, self.other)
        self.assertEqual(self.other, self.one)
        self.assertEqual(hash(self.one), hash(self.other))
        self.assertEqual(repr(self.one), repr(self.other))
        self.assertEqual(repr(self.ours), repr(self.theirs))
        self.assertEqual({self.one}, {self.other})
        every = flat(epcache.entry_points()) + flat(importlib.metadata.entry_points())
        self.assertEqual(sorted(every), sorted(reversed(every)))

    def test_collections_are_of_the_same_kind(self):
        self.assertEqual(type(self.ours).__bases__[-1] in (tuple, list), True)
        self.assertEqual(isinstance(self.ours, tuple), isinstance(self.theirs, tuple))
        every, original = epcache.entry_points(), importlib.metadata.entry_points()
        self.assertEqual(type(every).__name__, type(original).__name__)
        self.assertEqual(every.names, original.names)
        self.assertEqual(every.groups, original.groups)
        self.assertEqual(epcache.entry_points(group="other")["b"].value, "json:dumps")
        with self.assertRaises(KeyError):
            epcache.entry_points(group="other")["missing"]
        self.assertEqual(epcache.entry_points(group="no such group") == (), True)

    def test_deprecated_ways_are_those_of_this_version(self):
        def outcomes(points):
            point = list(points)[0]
            for use in (lambda: point[0], lambda: dict(points), lambda: points[0],
                        lambda: len(point), lambda: tuple(point), lambda: points + (1,)):
                with warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("always")
                    try:
                        found = repr(use())
                    except Exception as why:
                        found = type(why)
                yield found, [(w.category, w.filename == __file__) for w in caught]

        self.assertEqual(list(outcomes(self.ours)), list(outcomes(self.theirs)))

    def test_attributes_are_those_of_this_version(self):
        def public(thing):
            return {name for name in dir(thing) if not name.startswith("_")}

        self.assertEqual(public(self.one) - public(self.other), {"to_importlib"})
        self.assertEqual(public(self.other) - public(self.one), set())
        self.assertEqual(public(self.ours), public(self.theirs))
        for name in ("_fields", "_field_defaults", "__match_args__"):
            self.assertEqual(getattr(epcache.EntryPoint, name, None),
                             getattr(importlib.metadata.EntryPoint, name, None), name)
        if hasattr(self.other, "_make"):
            self.assertEqual(self.one._make("abc"), self.other._make("abc"))
        self.assertIs(epcache.EntryPoint.pattern, importlib.metadata.EntryPoint.pattern)

    def test_immutable(self):
        for name in ("name", "value", "group"):
            with self.assertRaises(AttributeError):
                setattr(self.one, name, "x")

    def test_pickled_and_copied(self):
        for again in (pickle.loads(pickle.dumps(self.one)), copy.copy(self.one),
                      copy.deepcopy(self.one)):
            self.assertEqual(again, self.one)
            self.assertIs(type(again), type(self.one))
        dist = pickle.loads(pickle.dumps(self.one.dist))
        self.assertEqual(dist.name, "demo")
        self.assertEqual(pickle.loads(pickle.dumps(self.ours)) == tuple(self.ours), True)

    def test_a_real_one_is_one_call_away(self):
        real = self.one.to_importlib()
        self.assertIs(type(real), importlib.metadata.EntryPoint)
        self.assertEqual(real, self.other)
        self.assertIsInstance(real.dist, importlib.metadata.Distribution)

    def test_distributions(self):
        dist = self.one.dist
        self.assertEqual((dist.name, dist.version), ("demo", "1.0"))
        self.assertEqual(dist.metadata["Name"], "demo")
        self.assertEqual(dist.read_text("entry_points.txt"), TEXT)
        self.assertEqual(str(dist.locate_file("x")), os.path.join(sys.path[0], "x"))
        self.assertEqual([p.name for p in dist.entry_points],
                         ["pip", "b", "a", "b", "ns:sub"])
        with self.assertRaises(AttributeError):
            dist.no_such_attribute

    def test_a_distribution_that_is_kept_or_pickled_sees_later_changes(self):
        def values(dists):
            return {d._folder: [p.value for p in d.entry_points] for d in dists}

        foo, bar = "foo-1.0.dist-info", "bar-1.0.dist-info"
        folder = self.site("changing", foo="[g]\na = old:x\n")
        self.dist(folder, bar, None)
        time.sleep(0.1)
        for refreshed in (False, True):
            if refreshed:
                self.refresh(folder)
            kept = list(epcache.distributions(path=[folder]))
            pickled = pickle.dumps(kept)
            before = {foo: ["old:x"], bar: []}
            self.assertEqual(values(kept), before)
            self.dist(folder, foo, "[g]\na = new:x\n")
            self.dist(folder, bar, "[g]\nb = b:x\n")
            after = {foo: ["new:x"], bar: ["b:x"]}
            self.assertEqual(values(kept), after)
            self.assertEqual(values(pickle.loads(pickled)), after)
            self.dist(folder, foo, "[g]\na = old:x\n")
            os.unlink(os.path.join(folder, bar, "entry_points.txt"))
            time.sleep(0.1)

    def test_parts_and_loading(self):
        import json

        point = {p.name: p for p in epcache.entry_points(group="console_scripts")}["b"]
        self.assertEqual(point.module, "json")
        self.assertEqual(point.attr, "JSONDecoder.decode")
        self.assertEqual(point.extras, ["x", "y"])
        self.assertIs(point.load(), json.JSONDecoder.decode)
        self.assertIs(self.one.load(), json)
        self.assertTrue(self.one.matches(name="a", group="console_scripts"))
        self.assertTrue(point.matches(extras=["x", "y"], module="json"))
        self.assertFalse(point.matches(attr="x"))

    def test_odd_values_as_the_original(self):
        values = ["", " ", "a", "a:b", "a : b", "a:b [c]", "a [c,d]", "a[c]", "a:", ":b", "a:b:c",
                  "a b", "é.ü:ß", "a.b:c.d", ".", "..:.", "_:_", "a:b # c", "a=b", "a:b [", "²:b",
                  "a-b", "a:b\n", "a\n", "a:b [c]\n", "٣:x", "a:b []", "a:b [[c]]", "\x1f:b"]
        for value in values:
            for part in ("module", "attr", "extras"):
                ours, theirs = (self.outcome(module, value, part)
                                for module in (epcache, importlib.metadata))
                self.assertEqual(ours, theirs, value)

    def outcome(self, module, value, part):
        try:
            return getattr(module.EntryPoint("n", value, "g"), part)
        except Exception as why:
            return type(why)

    def test_a_distribution_is_selected_by_as_there(self):
        outcomes = []
        for module in (epcache, importlib.metadata):
            try:
                outcomes.append(list(module.entry_points(group="other", dist="x")))
            except Exception as why:
                outcomes.append((type(why), str(why)))
        self.assertEqual(*outcomes)

    def test_one_bad_value_of_any_group_raises_where_it_does_there(self):
        sys.path[:0] = [self.site("odd", odd="[manifest]\nx = my-pkg:data/file.yaml\n")]
        for select in ({}, {"group": "other"}, {"group": "manifest"}, {"name": "none"}):
            outcomes = []
            for module in (importlib.metadata, epcache):
                try:
                    outcomes.append([key(p) for p in flat(module.entry_points(**select))])
                except Exception as why:
                    outcomes.append((type(why), str(why)))
            self.assertEqual(*outcomes, select)

    def test_loading_what_is_not_there_as_the_original(self):
        for value in ("no_such_module", "json:no_such", "=", "json:a.b", ".x:y", ".:y"):
            with self.assertRaises(Exception) as theirs:
                importlib.metadata.EntryPoint("n", value, "g").load()
            with self.assertRaises(type(theirs.exception)):
                epcache.EntryPoint("n", value, "g").load()


class Selecting(Case):
    def setUp(self):
        super().setUp()
        sys.path[:0] = [self.site(demo=TEXT)]

    def test_every_way(self):
        for select in ({"group": "other"}, {"name": "b"}, {"value": "json"}, {"attr": "dumps"},
                       {"group": "other", "name": "b"}, {"module": "json", "group": "other"},
                       {"extras": ["x", "y"], "name": "b", "group": "console_scripts"},
                       {"name": None}, {"group": 1}, {"group": "a\0b"}, {"group": "\udc80"},
                       {"group": ["other"]}, {"name": "\u00a0"}, {}):
            self.same(**select)

    def test_attributes_are_looked_at_in_the_order_given(self):
        odd = self.site("odd", odd="[manifest]\nx = my-pkg:data/file.yaml\n")
        sys.path[:0] = [odd]
        for select in ({"module": "json", "group": "other"}, {"group": "other", "module": "json"},
                       {"attr": "dumps", "name": "b"}, {"name": "b", "attr": "dumps"},
                       {"extras": [], "group": "other"}, {"nothing": 1, "group": "none"},
                       {"group": "none", "nothing": 1}, {"name": "b", "attr": "x", "group": "g"},
                       {"value": "json:dumps", "extras": [], "group": "other"}):
            outcomes = []
            for module in (importlib.metadata, epcache):
                try:
                    outcomes.append([key(p) for p in module.entry_points(**select)])
                except Exception as why:
                    outcomes.append(type(why))
            self.assertEqual(outcomes[0], outcomes[1], select)

    def test_unknown_attributes_raise_what_the_original_raises(self):
        with self.assertRaises(AttributeError):
            importlib.metadata.entry_points(nothing=1)
        with self.assertRaises(AttributeError):
            epcache.entry_points(nothing=1)

    def test_calls_of_entrypoints(self):
        path = [self.site("first", one="[g]\na = x:first\nb = x:b\n"),
                self.site("second", one="[g]\na = x:hidden\n", two="[g]\na = x:second\n")]
        self.assertEqual([p.value for p in epcache.get_group_all("g", path)],
                         ["x:first", "x:b", "x:second"])
        self.assertEqual({n: p.value for n, p in epcache.get_group_named("g", path).items()},
                         {"a": "x:first", "b": "x:b"})
        self.assertEqual(epcache.get_single("g", "a", path).value, "x:first")
        with self.assertRaises(epcache.NoSuchEntryPoint) as raised:
            epcache.get_single("g", "c", path)
        self.assertEqual((raised.exception.group, raised.exception.name), ("g", "c"))
        sys.path[:0] = path
        self.assertEqual(epcache.get_single("g", "b").value, "x:b")
        self.assertEqual(len(epcache.get_group_all("g")), 3)


class Rules(Case):
    """What peers got wrong, or settled by tests of their own."""

    def test_the_first_of_a_name_hides_the_others_however_it_is_spelled(self):
        first, second = self.site("first"), self.site("second")
        self.dist(first, "DistInfo_pkg-1.1.0.dist-info", "[entries]\nns:sub = new:main\n")
        self.dist(second, "distinfo.pkg-1.0.0.dist-info", "[entries]\nns:sub = old:main\n")
        sys.path[:0] = [first, second]
        self.assertEqual(self.same(group="entries"), [("ns:sub", "new:main")])

    def test_what_has_no_entry_points_hides_as_well(self):
        first, second = self.site("first"), self.site("second", foo="[g]\na = b\n", bar="[g]\nb = c\n")
        os.mkdir(os.path.join(first, "foo-2.dist-info"))
        os.symlink("nowhere", os.path.join(first, "bar-2.dist-info"))
        sys.path[:0] = [first, second]
        self.assertEqual(self.same(group="g"), [])

    def test_names_keep_case_and_dots_and_a_name_twice_is_kept(self):
        sys.path[:0] = [self.site(
            foo="[g]\nPtangle = a:b\nptangle = c:d\n.rst = m:f [x]\nabc = a:b\nabc = c:d\n")]
        self.assertEqual([n for n, _ in self.same(group="g")],
                         ["Ptangle", "ptangle", ".rst", "abc", "abc"])

    def test_a_line_that_is_none_raises_and_raises_the_same(self):
        folder = self.site(good="[g]\na = b:c\n", bad="[h]\nno equals sign\n")
        sys.path[:0] = [folder]
        with self.assertRaises(Exception) as theirs:
            importlib.metadata.entry_points(group="g")
        with self.assertRaises(type(theirs.exception)):
            epcache.entry_points(group="g")
        # Distributions are listed all the same, and raise when asked.
        self.assertIn("bad", [d.name for d in epcache.distributions()])
        sys.path[:0] = [self.site("before", bad="[g]\nb = c\n")]
        self.assertEqual(self.same(group="g"), [("b", "c"), ("a", "b:c")])

    def test_capitals_of_any_version_of_unicode(self):
        capitals = [chr(cp) for cp in range(0x80, 0x110000)
                    if not 0xD800 <= cp < 0xE000 and chr(cp).lower() != chr(cp)]
        capitals += ["\u1c89", "\u2c2f", "\ua7cb", "\ua7ce", "\U00010570", "\U00010d50",
                     "\U00016ea0"]
        for i in range(0, len(capitals), 60):
            first, second = self.site(f"first{i}"), self.site(f"second{i}")
            for capital in capitals[i:i + 60]:
                self.dist(first, f"x{capital}-1.dist-info", "[g]\na = first:x\n")
                self.dist(second, f"X{capital.lower()}-1.dist-info", "[g]\na = second:x\n")
            sys.path[:1] = [first, second]
            self.same(group="g")
            sys.path[:2] = [None]

    def test_the_final_sigma_before_a_dot(self):
        # What is hidden in one version is not in another.
        for names in (("A\u03a3.b", "a\u03c2_b"), ("a\u03c2_b", "A\u03a3.b"),
                      ("A\u03a3.b", "a\u03c3_b"), ("a\u03c3_b", "A\u03a3.b")):
            first, second = self.site("first"), self.site("second")
            self.dist(first, names[0] + "-1.dist-info", "[g]\na = first:x\n")
            self.dist(second, names[1] + "-1.dist-info", "[g]\na = second:x\n")
            sys.path[:1] = [first, second]
            self.same(group="g")
            ours, theirs = ([(str(d._path), d._normalized_name) for d in module.distributions()]
                            for module in (epcache, importlib.metadata))
            self.assertEqual(ours, theirs)
            sys.path[:2] = [None]
            shutil.rmtree(first)
            shutil.rmtree(second)

    @cached
    def test_an_edit_in_place_is_seen(self):
        folder = self.site(foo="[g]\na = old:x\n")
        sys.path[:0] = [folder]
        self.refresh(folder)
        self.assertEqual(self.same(group="g"), [("a", "old:x")])
        self.assertEqual(self.sources(group="g")[0], 1)
        file = os.path.join(folder, "foo-1.0.dist-info", "entry_points.txt")
        before = os.stat(file)
        with open(file, "w") as opened:
            opened.write("[g]\na = new:x\n")
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.assertEqual(self.same(group="g"), [("a", "new:x")])

    @cached
    def test_a_folder_whose_name_has_brackets(self):
        folder = self.site("s[1]", foo="[g]\na = b\n")
        sys.path[:0] = [folder]
        self.refresh(folder)
        self.assertEqual(self.same(group="g"), [("a", "b")])
        self.dist(folder, "bar-1.dist-info", "[g]\nc = d\n")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.assertEqual(sorted(self.same(group="g")), [("a", "b"), ("c", "d")])


if __name__ == "__main__":
    unittest.main()
