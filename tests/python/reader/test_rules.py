# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which importlib.metadata has the rules that caches follow, and how that is kept."""
import importlib
import importlib.metadata
import os
import shutil
import sys
import unittest

from epcache import _rules
from support import Case, native, run

# A line for the end of the module, after which it has a rule of its own.
OTHERS = {
    "names as they are spelled": """
def _spelled(self):
    stem = os.path.basename(str(self._path))
    if os.path.splitext(stem)[1] in ('.dist-info', '.egg-info'):
        return stem.partition('-')[0]
    return Prepared.normalize(self.name)
PathDistribution._normalized_name = property(_spelled)""",
    "names of 3.10.0": "PathDistribution._normalized_name = property(lambda self: "
                       "Prepared.normalize(os.path.basename(str(self._path)).partition('-')[0]))",
    "names with another normal form": "Prepared.normalize = staticmethod("
                                      "lambda name: name.lower().replace('-', '_'))",
    "no suffix in capitals": "_search = Lookup.search\n"
                             "Lookup.search = lambda self, prepared: [each for each in "
                             "_search(self, prepared) if not each.endswith('INFO')]",
    "the last of a name": "_old = distributions\n"
                          "def entry_points(**params):\n"
                          "    found = {d._normalized_name: d for d in distributions()}\n"
                          "    return EntryPoints(p for d in found.values()"
                          " for p in d.entry_points).select(**params)",
    "sorted by name": "_points = entry_points\n"
                      "def entry_points(**params): return sorted(_points(**params))",
    "lines without an equals sign": "Sectioned.valid = staticmethod(lambda line: '=' in line)",
    "comments after values": "from ._collections import Pair as _Pair\n"
                             "Pair.parse = classmethod(lambda cls, text: "
                             "cls(*map(str.strip, text.partition('#')[0].split('=', 1))))",
    "some values only": "def _init(self, name, value, group):\n"
                        "    vars(self).update(name=name, value=value, group=group)\n"
                        "    if value == 'my-pkg:x': raise ValueError(value)\n"
                        "EntryPoint.__init__ = _init\n"
                        "EntryPoint.__new__ = lambda cls, *args: object.__new__(cls)",
    "unreadable texts raise": "PathDistribution.read_text = lambda self, name: "
                              "self._path.joinpath(name).read_text(encoding='utf-8')",
    "finders from the last to the first": "Distribution._discover_resolvers = staticmethod("
                                          "lambda: [f.find_distributions for f in "
                                          "reversed(sys.meta_path)])",
    "a path from its end": "MetadataPathFinder._search_paths = classmethod(lambda cls, name, paths:"
                           " itertools.chain.from_iterable(p.search(Prepared(name)) for p in "
                           "map(FastPath, reversed(paths))))",
}
VALIDATES = """
if '__init__' in vars(EntryPoint):
    _made = EntryPoint.__init__
    def _init(self, name, value, group):
        _made(self, name, value, group)
        if not self.pattern.match(value):
            raise ValueError(value)
    EntryPoint.__init__ = _init
"""


class Rules(Case):
    def module(self, text):
        """A copy of importlib.metadata under another name, with these lines at its end."""
        name = "other_metadata"
        folder = os.path.join(self.top, name)
        shutil.copytree(importlib.metadata.__path__[0], folder, dirs_exist_ok=True)
        with open(os.path.join(folder, "__init__.py"), "a") as file:
            file.write("\n" + text + "\n")
        for each in [each for each in sys.modules if each.partition(".")[0] == name]:
            del sys.modules[each]
        sys.path.insert(0, self.top)
        importlib.invalidate_caches()
        module = importlib.import_module(name)
        sys.path.pop(0)
        return module

    def test_this_python_has_them(self):
        rules = _rules.ask(importlib.metadata)
        self.assertEqual(rules.validates, sys.version_info >= (3, 15))
        self.assertEqual(_rules.ask(self.module("")).validates, rules.validates)

    def test_other_rules_are_found_out(self):
        for name, text in OTHERS.items():
            if sys.version_info < (3, 11) and name == "some values only":
                continue  # an entry point is a tuple
            self.assertIsNone(_rules.ask(self.module(text)), name)

    @unittest.skipIf(sys.version_info < (3, 11), "an entry point is a tuple")
    def test_values_that_are_no_object_references_raise(self):
        self.assertTrue(_rules.ask(self.module(VALIDATES)).validates)

    def test_what_is_no_such_module(self):
        self.assertIsNone(_rules.ask(os))
        self.assertIsNone(_rules.ask(importlib))
        self.assertIsNone(_rules.ask(None))


class Kept(Rules):
    def setUp(self):
        super().setUp()
        self.metadata = self.module("")
        self.folder = self.metadata.__path__[0]
        change = self.environment(XDG_CACHE_HOME=self.top)
        change.__enter__()
        self.addCleanup(change.__exit__, None, None, None)
        self.assertEqual(_rules.kept(self.folder), (False, None))
        self.validates = _rules.of(self.metadata, True).validates
        self.file = _rules._file_of(self.folder)

    def test_asked_once(self):
        self.assertEqual(os.stat(self.file).st_mode & 0o777, 0o600)
        asked, _rules.ask = _rules.ask, None
        self.addCleanup(setattr, _rules, "ask", asked)
        self.assertEqual(_rules.of(self.metadata, True).validates, self.validates)
        found, rules = _rules.kept(self.folder)
        self.assertEqual((found, rules.validates), (True, self.validates))

    def test_a_file_of_the_module_changed(self):
        for name in ("_collections.py", "__init__.py"):
            with open(os.path.join(self.folder, name), "a") as file:
                file.write("\n# another\n")
            self.assertEqual(_rules.kept(self.folder), (False, None))
            _rules.of(self.metadata, True)
            self.assertTrue(_rules.kept(self.folder)[0])

    def test_what_is_no_answer_of_ours(self):
        def not_kept():
            self.assertEqual(_rules.kept(self.folder), (False, None))
        with open(self.file) as file:
            text = file.read()
        for other in ("", text[:-1], text + "x", text + "\n", "\udcff", "x\nplain"):
            with open(self.file, "w", errors="surrogateescape") as file:
                file.write(other)
            not_kept()
        with open(self.file, "w") as file:
            file.write(text)
        self.assertTrue(_rules.kept(self.folder)[0])
        os.chmod(self.file, 0o622)
        not_kept()
        os.chmod(self.file, 0o600)
        if os.geteuid() == 0:
            os.chown(self.file, 1, 1)
            not_kept()
            os.chown(self.file, 0, 0)
        os.rename(self.file, self.file + ".away")
        os.symlink(self.file + ".away", self.file)
        not_kept()
        os.unlink(self.file)
        os.mkfifo(self.file)
        not_kept()

    def test_nowhere_to_keep_it(self):
        for value in ("relative", "/nonexistent", "/dev/null"):
            with self.environment(XDG_CACHE_HOME=value, HOME="nowhere"):
                self.assertIsNotNone(_rules.of(self.metadata, True))
                self.assertEqual(_rules.kept(self.folder), (False, None))

    def test_a_module_that_was_there_is_asked(self):
        self.metadata.Prepared.normalize = staticmethod(str.lower)
        self.assertIsNone(_rules.of(self.metadata, False))
        self.assertIsNotNone(_rules.of(self.metadata, True))  # which is for its caller to know


class Unknown(Case):
    """A version that nobody has compared."""

    CODE = ("import epcache; epcache._TESTED.clear()\n"
            "points = epcache.entry_points(group='g')\n"
            "from epcache import _reader\n"
            "print(_reader.native is not None, [p.value for p in points])")

    @native
    def test_answers_by_itself_once_its_rules_are_known(self):
        folder = self.site(foo="[g]\na = b:c\n")
        os.mkdir(os.path.join(self.top, "home"))
        environment = {**os.environ, "XDG_CACHE_HOME": os.path.join(self.top, "home"),
                       "PYTHONPATH": os.environ["PYTHONPATH"] + ":" + folder}
        self.assertEqual(run(self.CODE, env=environment).stdout, "False ['b:c']\n")
        self.assertEqual(run(self.CODE, env=environment).stdout, "True ['b:c']\n")


if __name__ == "__main__":
    unittest.main()
