# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is around a call: the environment, warnings, threads, fork, interpreters, memory."""
import gc
import os
import signal
import sys
import threading
import unittest
import warnings

import epcache
from epcache import _reader
from support import EPCACHE, SANITIZED, Case, cached, native, run

MORE = os.environ.get("LONG")


class Import(Case):
    @native
    def test_imports_no_more_than_it_needs(self):
        code = ("import sys; before = set(sys.modules)\n"
                "import epcache; list(epcache.entry_points(group='console_scripts'))\n"
                "print(*sorted(set(sys.modules) - before))")
        found = run(code, "-S").stdout.split()
        self.assertLessEqual({"epcache", "epcache._epcache"}, set(found))
        allowed = {"epcache", "os", "stat", "_stat", "posixpath", "genericpath", "abc", "_abc",
                   "_collections_abc", "os.path", "types", "_operator", "errno"}
        self.assertEqual({n for n in found if n.split(".")[0] not in allowed}, set())

    def test_version_is_that_of_the_library(self):
        if _reader.native:
            self.assertEqual(_reader.native.version(), epcache.__version__)


class Environment(Case):
    def setUp(self):
        super().setUp()
        self.folder = self.site(foo="[g]\na = b:c\n")
        sys.path[:0] = [self.folder]

    @native
    def test_off(self):
        with self.environment(EPCACHE="0"), self.raw() as answers:
            self.assertEqual(self.same(group="g"), [("a", "b:c")])
            self.assertEqual(len(list(epcache.distributions(path=[self.folder]))), 1)
            self.assertEqual(answers, [])
            self.assertEqual(epcache.status()[0].source, "importlib")

    @cached
    def test_checks(self):
        self.refresh(self.folder)
        for value, source in (("live", 2), ("strict", 1), ("fast", 1), ("", 1), ("odd", 1)):
            with self.environment(EPCACHE=value):
                self.assertEqual(self.sources(group="g")[0], source, value)

    @native
    def test_verify_says_nothing_where_nothing_differs(self):
        code = ("print([p.value for p in epcache.entry_points(group='g')])\n"
                "epcache.entry_points()")
        p = self.run_in(code, EPCACHE="verify")
        self.assertEqual((p.stdout, p.stderr), ("['b:c']\n", ""))

    @native
    def test_verify_reports_and_gives_the_original_answer(self):
        code = ("from epcache import _answer, EntryPoint\n"
                "_answer.answer = lambda params, path=None: [\n"
                "    EntryPoint('a', 'wrong:c', 'g')._for(epcache.Distribution('x', 'y'))]\n"
                "print([p.value for p in epcache.entry_points(group='g')])")
        p = self.run_in(code, EPCACHE="verify")
        self.assertEqual(p.stdout, "['b:c']\n")
        for word in ("epcache: verify: entry_points({'group': 'g'})", "- ('a', 'wrong:c'",
                     "+ ('a', 'b:c'", "sys.path = ['" + self.folder, "python '3."):
            self.assertIn(word, p.stderr)

    @native
    def test_verify_compares_distributions_as_well(self):
        show = ("print([p.value for d in epcache.distributions() for p in d.entry_points"
                " if p.group == 'g'])\n")
        p = self.run_in(show, EPCACHE="verify")
        self.assertEqual((p.stdout, p.stderr), ("['b:c']\n", ""))
        code = ("from epcache import _all\n"
                "_all._in_path = lambda path: iter([epcache.Distribution('x', 'y')])\n" + show)
        p = self.run_in(code, EPCACHE="verify")
        self.assertEqual(p.stdout, "['b:c']\n")
        for word in ("epcache: verify: distributions({})", "- ('x/y', [])",
                     "foo-1.0.dist-info', [('a', 'b:c', 'g')])", "sys.path = ['" + self.folder):
            self.assertIn(word, p.stderr)

    def run_in(self, code, **environment):
        before = "import sys, epcache; sys.path.insert(0, %r)\n" % self.folder
        return run(before + code, env={**os.environ, **environment})


class Warned(Case):
    def setUp(self):
        super().setUp()
        folder = self.site(foo="[g]\na = b:c\n")
        self.refresh(folder)
        self.dist(folder, "bar-1.0.dist-info", "[g]\nd = e:f\n")
        self.code = ("import sys, epcache; sys.path.insert(0, %r)\n"
                     "print(len(epcache.entry_points(group='g')))\n"
                     "print(len(epcache.entry_points(group='g')))" % folder)

    @cached
    def test_once_a_process(self):
        p = run(self.code)
        self.assertEqual(p.stdout, "2\n2\n")
        self.assertEqual(p.stderr.count("StaleCacheWarning"), 1, p.stderr)
        self.assertIn("epcache refresh", p.stderr)
        self.assertIn("<string>:2: StaleCacheWarning", p.stderr)  # where it was called

    @cached
    def test_never_an_exception(self):
        p = run(self.code, "-W", "error")
        self.assertEqual((p.stdout, p.stderr), ("2\n2\n", ""))

    @cached
    def test_no_stderr(self):
        p = run("import sys; sys.stderr = None\n" + self.code)
        self.assertEqual(p.stdout, "2\n2\n")


class Running(Case):
    def setUp(self):
        super().setUp()
        self.folder = self.site(**{"d%d" % i: "[g]\na%d = b:c\n" % i for i in range(20)})
        self.refresh(self.folder)
        sys.path[:0] = [self.folder]

    def test_threads(self):
        failures = []

        def ask():
            for _ in range(200):
                if len(epcache.entry_points(group="g")) != 20:
                    failures.append("entry points")
                if len(list(epcache.distributions(path=[self.folder]))) != 20:
                    failures.append("distributions")

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for i in range(50):
            sys.path.insert(0, self.folder + "/" * (i % 3))
            os.environ["EPCACHE_TEST"] = "x" * i
            sys.path.pop(0)
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])

    @native
    def test_the_environment_changes_meanwhile(self):
        code = ("import os, threading\n"
                "from epcache import _epcache as native\n"
                "names = ['EPCACHE_TEST_%d' % i for i in range(3000)]\n"
                "done = threading.Event()\n"
                "def change():\n"
                "    while not done.is_set():\n"
                "        for name in names: os.putenv(name, 'x')\n"
                "        for name in names: os.unsetenv(name)\n"
                "def ask():\n"
                "    for _ in range(50000):\n"
                "        native.dists(['/nonexistent'], None, None, -1, True)\n"
                "asking = [threading.Thread(target=ask) for _ in range(4)]\n"
                "changing = threading.Thread(target=change)\n"
                "for each in [changing, *asking]: each.start()\n"
                "for each in asking: each.join()\n"
                "done.set()\n"
                "changing.join()\n")
        # Memory that is freed has other bytes at once, and none of ours is found early.
        environment = {**os.environ, "MALLOC_PERTURB_": "165"}
        del environment["EPCACHE"]
        run(code, env=environment)

    @unittest.skipIf(SANITIZED, "a lock of its allocator may stay held in the child")
    def test_fork(self):
        self.assertEqual(len(epcache.entry_points(group="g")), 20)
        stop = threading.Event()

        def ask():
            while not stop.is_set():
                epcache.entry_points(group="g")

        thread = threading.Thread(target=ask)
        thread.start()
        statuses = []
        for i in range(10):
            self.dist(self.folder, "new%d-1.0.dist-info" % i, "[g]\nb%d = c:d\n" % i)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                pid = os.fork()
            if pid == 0:
                signal.alarm(60)
                os._exit(len(epcache.entry_points(group="g")))
            statuses.append(os.waitpid(pid, 0)[1] >> 8)
        stop.set()
        thread.join()
        self.assertEqual(statuses, list(range(21, 31)))

    @native
    def test_interpreters(self):
        try:
            import _interpreters as interpreters
        except ImportError:
            import _xxsubinterpreters as interpreters
        code = ("import sys; sys.path[:0] = %r\nimport epcache\n"
                "assert epcache._select({'group': 'g'}) is not None\n"
                "assert len(epcache.entry_points(group='g')) == 20" % sys.path)
        for _ in range(10):
            one = interpreters.create()
            failed = interpreters.run_string(one, code)
            self.assertIsNone(failed)
            interpreters.destroy(one)
        self.assertEqual(len(epcache.entry_points(group="g")), 20)

    @native
    def test_leaks_nothing(self):
        path = [self.folder, os.path.join(self.top, "missing")]
        calls = [
            lambda: _reader.native.query(path, "g", None, -1, False),
            lambda: _reader.native.query(path, None, None, 3, False),
            lambda: _reader.native.dists(path, None, None, -1, False),
            lambda: _reader.native.version(),
            lambda: epcache.entry_points(group="g"),
            lambda: list(epcache.distributions(path=path)),
            lambda: self.fails(["a\0b"], None, None, -1, False),
            lambda: self.fails([7], None, None, -1, False),
            lambda: self.fails(path, "\udc80", None, -1, False),
            lambda: self.fails(tuple(path), None, None, -1, False),
            lambda: self.fails(path, None, None, 3, True),
        ]
        times = 100000 // len(calls) // (1 if MORE else 10)
        before = None
        for round_of in (times // 10, times):
            for call in calls:
                for _ in range(round_of):
                    call()
            gc.collect()
            now = (sys.getrefcount(None), sys.getrefcount(path), sys.getrefcount(self.folder),
                   len(gc.get_objects()), resident())
            before = before or now
        # None's count has those of caches and frames in it; a leak would be one a call.
        self.assertLess(now[0] - before[0], times // 2)
        self.assertEqual(now[1:3], before[1:3])
        self.assertLess(now[3] - before[3], times // 2)
        if not SANITIZED:  # what is freed stays in quarantine there
            self.assertLess(now[4] - before[4], 2 << 20)

    def fails(self, *args):
        with self.assertRaises((TypeError, ValueError, OSError)):
            _reader.native.query(*args)

    @cached
    def test_a_second_call_costs_the_check_alone(self):
        import shutil

        if SANITIZED or not shutil.which("strace"):
            self.skipTest("needs strace, and no sanitizer")
        code = ("import sys, epcache; sys.path[:] = [%r]\n"
                "for _ in range(%%d): epcache._select({'group': 'g'})" % self.folder)
        counts = [self.calls(code % n) for n in (1, 2, 3)]
        first, second = counts[1] - counts[0], counts[2] - counts[1]
        self.assertEqual(first, second)
        # One for each of the 20 texts, and the directory and the cache file.
        self.assertLessEqual(second, 20 + 20, counts)

    def calls(self, code):
        import subprocess

        log = os.path.join(self.top, "calls")
        subprocess.run(["strace", "-f", "-qq", "-o", log, "-e", "trace=%file,%desc",
                        sys.executable, "-B", "-c", code], check=True)
        with open(log) as file:
            return sum(1 for _ in file)


class Program(Case):
    def test_refresh_runs_the_program(self):
        # Where this was started may be a folder that is closed to the worker.
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.top)
        with self.environment(PATH=os.path.dirname(EPCACHE), LD_PRELOAD=""):
            folder = self.site(foo="[g]\na = b\n")
            self.assertEqual(epcache.refresh(folder), 0)
            self.assertNotEqual(epcache.refresh("--no-such-option"), 0)
        with self.environment(PATH=self.top), self.assertRaises(FileNotFoundError):
            epcache.refresh(folder)


def resident():
    """Bytes of this process in memory."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    unittest.main()
