# SPDX-License-Identifier: LGPL-2.1-or-later
"""The package epcache equals importlib.metadata, on random hostile trees.

usage: differential.py PACKAGE-FOLDER TREES [SEED]

Each tree is asked live, from a fresh cache, and after random changes, in each CPython
found that has the extension: all entry points, one group, one name, and distributions.
EPCACHE names the tool.  Prints TAP.
"""
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(1, os.path.dirname(HERE))

import oracle  # noqa: E402
import trees  # noqa: E402

EPCACHE = os.environ["EPCACHE"]
CHANGES = 3


class Child:
    """One interpreter, kept running."""

    def __init__(self, exe, package):
        self.exe = exe
        self.cached = self.native = self.asked = 0
        self.process = subprocess.Popen(
            [exe, "-B", os.path.join(HERE, "compare.py")], cwd="/", text=True,
            env={**os.environ, "PYTHONPATH": package}, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, encoding="ascii")

    def ask(self, question):
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()

    def hear(self):
        told = json.loads(self.process.stdout.readline())
        self.cached += told["cached"]
        self.native += told["native"]
        self.asked += 1
        return "%s: %s" % (self.exe, told["why"][:1000]) if told["why"] else ""

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def selects_of(tree):
    """All; groups and names that are there, as the tool says; one that is not."""
    command = [EPCACHE, "query", "--json", "--all"]
    for path in tree.entries:
        command += ["--path", path]
    found = json.loads(subprocess.run(command, cwd=tree.cwd, capture_output=True).stdout)
    selects = [{}, {"group": "no such"}]
    for entry in found[:1] + found[-1:]:
        selects += [{"group": entry["group"]}, {"name": entry["name"]},
                    {"group": entry["group"], "name": entry["name"]},
                    {"value": entry["value"]}]
    return selects


def ask(children, tree):
    question = {"paths": [os.fsdecode(path) for path in tree.entries],
                "cwd": os.fsdecode(tree.cwd), "selects": selects_of(tree)}
    for child in children:
        child.ask(question)
    return "; ".join(filter(None, [child.hear() for child in children]))


def refresh(tree):
    folders = tree.folders()
    if folders:
        subprocess.run([EPCACHE, "refresh", "--quiet", *folders], check=True,
                       stderr=subprocess.DEVNULL)


def try_tree(children, tree, rng):
    why = ask(children, tree)
    if why:
        return "live: " + why
    for i in range(CHANGES):
        refresh(tree)
        why = ask(children, tree)
        if why:
            return "cached: " + why
        trees.mutate(rng, tree.folders())
        why = ask(children, tree)
        if why:
            return "after change %d: %s" % (i, why)
    return ""


def main():
    package, count = sys.argv[1], int(sys.argv[2])
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    os.umask(0o022)
    top = os.path.realpath(tempfile.mkdtemp(prefix="epcache-reader-"))
    os.chmod(top, 0o755)
    children = [Child(exe, package) for exe in oracle.interpreters()]
    tests = []
    for seed in range(first, first + count):
        rng = trees.Dice(seed)
        folder = os.path.join(os.fsencode(top), b"t%d" % seed)
        why = try_tree(children, trees.make(rng, folder), rng)
        tests.append((not why, "tree of seed %d" % seed, why))
        trees.remove(folder)
    for child in children:
        print("# %s: %d questions, %d answers of its own, %d directories from a cache"
              % (child.exe, child.asked, child.native, child.cached))
        tests.append((child.native > child.asked, child.exe + " mostly answers itself", ""))
        tests.append((child.cached > child.asked, child.exe + " answers from caches", ""))
        child.close()
    trees.remove(os.fsencode(top))
    for number, (good, name, why) in enumerate(tests, 1):
        print("%s %d - %s" % ("ok" if good else "not ok", number, name))
        if why:
            print("# " + why.encode("ascii", "backslashreplace").decode().replace("\n", "\n# "))
    print("1..%d" % len(tests))
    return not all(good for good, _, _ in tests)


if __name__ == "__main__":
    sys.exit(main())
