# SPDX-License-Identifier: LGPL-2.1-or-later
"""importlib.metadata, activated, equals itself, on random hostile trees.

usage: activated.py TREES [SEED]

Each tree is asked live, from fresh caches, and after random changes, of two processes of
each CPython found: one of them is activated.  Both are kept running, so that what
importlib.metadata remembers is compared as well.  EPCACHE names the tool; the package is
beside it.  Prints TAP; to be run by reader/apart.sh.
"""
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
EPCACHE = os.environ["EPCACHE"]
CHANGES = 3
FROM_CACHE = 1


# --- one of the processes --------------------------------------------------------------


def count_hits(hits):
    """Count the listings and entries that caches answer for, once they are."""
    from epcache import _epcache

    dists, is_current = _epcache.dists, _epcache.is_current

    def counting_dists(*args):
        found = dists(*args)
        hits["listings"] += found[1][0][1] == FROM_CACHE
        return found

    def counting_is_current(path, seen):
        found = is_current(path, seen)
        hits["entries"] += found
        return found

    _epcache.dists, _epcache.is_current = counting_dists, counting_is_current


def outcome(function):
    try:
        return function()
    except Exception as error:
        return type(error).__name__


def points_of(found):
    if hasattr(found, "values"):  # 3.10 and 3.11, nothing selected: by group
        found = [point for group in dict.values(found) for point in group]
    return [[e.group, e.name, e.value, str(e.dist._path), type(e).__qualname__] for e in found]


def facts(metadata, selects):
    points = [outcome(lambda s=s: points_of(metadata.entry_points(**s))) for s in selects]
    dists = outcome(lambda: [
        [str(d._path), type(d).__qualname__, outcome(lambda: points_of(d.entry_points)),
         outcome(lambda: d._normalized_name)] for d in metadata.distributions()])
    named = [outcome(lambda n=n: str(metadata.distribution(n)._path))
             for n in ("foo", "Foo.Bar", "zeta", "-")]
    return [points, dists, named]


def answer_questions(is_activated):
    import warnings

    warnings.simplefilter("ignore")
    if is_activated:
        import epcache._arm  # noqa: F401
    import email.parser  # noqa: F401  before sys.path is replaced
    import importlib.metadata as metadata
    import zipfile  # noqa: F401
    try:
        import importlib.metadata._adapters  # noqa: F401
    except ImportError:
        pass

    assert hasattr(metadata.entry_points, "__wrapped__") == is_activated
    hits = {"listings": 0, "entries": 0}
    if is_activated:
        count_hits(hits)
    for line in sys.stdin:
        question = json.loads(line)
        os.chdir(os.fsencode(question["cwd"]))
        if question["forget"]:
            metadata.FastPath.__new__.cache_clear()
        saved, sys.path = sys.path, question["paths"]
        found = facts(metadata, question["selects"])
        sys.path = saved
        print(json.dumps([found, hits]), flush=True)


# --- the comparison --------------------------------------------------------------------


class Child:
    def __init__(self, exe, how):
        self.hits = {}
        package = os.path.join(os.path.dirname(EPCACHE), "python")
        self.process = subprocess.Popen(
            [exe, "-B", os.path.abspath(__file__), how], cwd="/", text=True, encoding="ascii",
            env={**os.environ, "PYTHONPATH": package}, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)

    def ask(self, question):
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()

    def hear(self):
        found, self.hits = json.loads(self.process.stdout.readline())
        return found

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def ask(pairs, tree, forget=False):
    """How the answers differ; @forget: what was listed before is to be listed again."""
    selects = [{}, {"group": "g"}, {"group": "console_scripts"}, {"name": "a"},
               {"group": "g", "name": "a"}, {"value": "m:x"}]
    question = {"paths": [os.fsdecode(path) for path in tree.entries],
                "cwd": os.fsdecode(tree.cwd), "selects": selects, "forget": forget}
    for pair in pairs:
        for child in pair[1:]:
            child.ask(question)
    differences = []
    for exe, plain, activated in pairs:
        theirs, ours = plain.hear(), activated.hear()
        if theirs != ours:
            differences.append(f"{exe}: {str(ours)[:2000]} for {str(theirs)[:2000]}")
    return "; ".join(differences)


def refresh(tree):
    folders = tree.folders()
    if folders:
        subprocess.run([EPCACHE, "refresh", "--quiet", *folders], check=True,
                       stderr=subprocess.DEVNULL)


def try_tree(pairs, tree, rng, mutate):
    why = ask(pairs, tree)
    for i in range(CHANGES):
        if why:
            break
        refresh(tree)
        why = ask(pairs, tree, forget=True)
        if not why:
            mutate(rng, tree.folders())
            why = ask(pairs, tree)
    return why


def main():
    import oracle
    import suites
    import trees

    count = int(sys.argv[1])
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    os.umask(0o022)
    top = os.path.realpath(tempfile.mkdtemp(prefix="epcache-activated-"))
    os.chmod(top, 0o755)
    pairs = [(exe, Child(exe, "--plain"), Child(exe, "--activated"))
             for exe in oracle.interpreters()]
    tests = []
    for seed in range(first, first + count):
        rng = trees.Dice(seed)
        folder = os.path.join(os.fsencode(top), b"t%d" % seed)
        why = try_tree(pairs, trees.make(rng, folder), rng, trees.mutate)
        tests.append((not why, f"tree of seed {seed}", why))
        trees.remove(folder)
    for number, (exe, *_) in enumerate(pairs):
        why = suites.started_why_not(exe, os.path.join(top, f"start{number}"))
        served = not why or os.environ.get("APART") == "0"
        tests.append((served, f"{exe}, started afresh, answers from caches", why))
    trees.remove(os.fsencode(top))
    for exe, plain, activated in pairs:
        hits = activated.hits
        hit = min(hits.values()) > count or os.environ.get("APART") == "0"
        tests.append((hit, f"{exe} answers from caches", str(hits)))
        plain.close()
        activated.close()
    for number, (good, name, why) in enumerate(tests, 1):
        print("ok" if good else "not ok", number, "-", name)
        if why:
            print("#", why.encode("ascii", "backslashreplace").decode().replace("\n", "\n# "))
    print(f"1..{len(tests)}")
    return not all(good for good, _, _ in tests)


if __name__ == "__main__":
    if sys.argv[1] in ("--plain", "--activated"):
        answer_questions(sys.argv[1] == "--activated")
    else:
        sys.exit(main())
