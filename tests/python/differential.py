# SPDX-License-Identifier: LGPL-2.1-or-later
"""epcache query equals importlib.metadata, on random hostile trees and on real ones.

usage: differential.py [--trees N] [--seed N] [--special] [--machine] [--reader UID]
                       [--private] [--changes N] [--skip TEXT] [DIR...]

Each tree is asked live, from a fresh cache (with each check, one group, one name),
and after random changes, and each answer is compared with every CPython found.
--special adds fixed cases, --machine the directories of the CPythons found.  With
DIR, each of these real directories, alone and all together, live and cached, and
--changes times after changes to a copy.  --reader: another user asks, of a cache
that is ours; --private: the cache folder is closed to others.  Prints TAP.
"""
import argparse
import collections
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile

import oracle
import trees

EPCACHE = os.environ["EPCACHE"]
SECONDS = 120  # that one command may take: it hangs if it takes them

Answer = collections.namedtuple("Answer", "entries status errors")


class Tap:
    def __init__(self, label):
        self.label = label  # before each test's name
        self.count = self.failed = 0

    def ok(self, good, name, why=""):
        self.count += 1
        self.failed += not good
        name = (self.label + name).encode("ascii", "backslashreplace").decode().replace("#", "\\#")
        print("%s %d - %s" % ("ok" if good else "not ok", self.count, name), flush=True)
        if not good:
            for line in why.splitlines()[:20]:
                print("# " + line.encode("ascii", "backslashreplace").decode())

    def skip(self, text):
        self.count += 1
        print("ok %d - %s # SKIP" % (self.count, text), flush=True)


class Asker:
    """Asks epcache and every oracle the same, and compares."""

    def __init__(self, reader=None, private=False):
        self.reader = reader
        self.top = os.path.realpath(tempfile.mkdtemp(prefix="epcache-python-"))
        os.chmod(self.top, 0o755)  # for readers, and for root's workers
        self.cache = os.path.join(self.top, "cache")
        if private:
            os.mkdir(self.cache, 0o700)
        self.oracles = [oracle.Oracle(exe, reader) for exe in oracle.interpreters(reader)]
        self.answers = self.filled = self.opaque = 0

    def close(self):
        for o in self.oracles:
            o.close()
        trees.remove(os.fsencode(self.top))

    def run(self, *command, cwd="/", **more):
        return subprocess.run([EPCACHE, *command], cwd=cwd, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=SECONDS, **more)

    def refresh(self, tree):
        """Whether there is a cache now of all that is to be read."""
        folders = tree.folders()
        if not folders:
            return True
        p = self.run("refresh", "--json", "--cache-dir", self.cache, *folders, check=True)
        # Root's workers are nobody: what they may not read is read live.
        return not any(row["result"] == "skipped" for row in json.loads(p.stdout))

    def forget(self):
        """Remove the cache files, but not the folder: its mode may be what is tested."""
        if os.path.isdir(self.cache):
            for name in os.listdir(self.cache):
                os.unlink(os.path.join(self.cache, name))

    def query(self, tree, *options, group=None, name=None):
        command = ["query", "--json", "--cache-dir", self.cache, "-v", *options]
        for path in tree.entries:
            command += ["--path", path]
        command += ["--all"] if group is None else ["--", group] + [name] * (name is not None)
        p = self.run(*command, cwd=tree.cwd, **oracle.as_user(self.reader))
        errors = p.stderr.decode("utf-8", "replace")
        if p.returncode not in (0, 3, 4):
            raise AssertionError("exit status %d: %s" % (p.returncode, errors))
        found = [[e["group"], e["name"], e["value"], e["distribution"]["path"]]
                 for e in json.loads(p.stdout)]
        if p.returncode != 4 and p.returncode != (0 if found else 3):
            raise AssertionError("exit status %d for %d entries" % (p.returncode, len(found)))
        self.answers += 1
        self.filled += p.returncode == 0
        self.opaque += p.returncode == 4
        return Answer(found, p.returncode, errors)

    def ask(self, tree, *options, **select):
        """(epcache's answer, where an oracle's differs or '')."""
        words = {k: os.fsdecode(v) for k, v in select.items()}
        for o in self.oracles:
            o.ask([os.fsdecode(p) for p in tree.entries], os.fsdecode(tree.cwd), **words)
        ours = self.query(tree, *options, **select)
        heard = [(o, theirs_of(o.hear(), tree)) for o in self.oracles]
        if tree.archives and ours.status != 4:
            return ours, "exit status %d though there is a zip file" % ours.status
        for o, theirs in heard:
            mine = ours_for(ours, theirs, tree, o.by_group and not select)
            if mine != theirs:
                return ours, "%s %s: %s says %s\nepcache says %s" % (
                    " ".join(options), words, o.exe, brief(theirs), brief(mine))
        return ours, ""

    def ask_parts(self, tree, rng, ours):
        """One group, and one name of it, where they can be arguments; where they differ."""
        arguments = [e for e in ours.entries if "\0" not in e[0] + e[1]]
        if not arguments:
            return ""
        group, name, _, _ = rng.choice(arguments)
        _, why = self.ask(tree, group=os.fsencode(group))
        if not why:
            _, why = self.ask(tree, group=os.fsencode(group), name=os.fsencode(name))
        return why

    def ask_cached(self, tree, rng):
        """Refresh, and ask in every way; where the answers differ."""
        whole = self.refresh(tree)
        ours, why = self.ask(tree)
        if not why and whole and "read live" in ours.errors:
            why = "not from the cache:\n" + ours.errors
        for check in ("fast", "strict"):
            if not why:
                _, why = self.ask(tree, "--check", check)
        return why or self.ask_parts(tree, rng, ours)

    def ask_all(self, tree, rng, changes=0):
        """Live, cached, after changes, cached again; where the answers differ."""
        ours, why = self.ask(tree, "--check", "live")
        why = why or self.ask_parts(tree, rng, ours)
        if why:
            return "live: " + why
        why = self.ask_cached(tree, rng)
        if why:
            return "cached: " + why
        for i in range(changes):
            trees.mutate(rng, tree.folders())
            _, why = self.ask(tree)
            if why:
                return "after change %d: %s" % (i, why)
        return self.ask_cached(tree, rng) if changes else ""

    def try_all(self, tree, rng, changes=0):
        try:
            return self.ask_all(tree, rng, changes)
        except (AssertionError, subprocess.SubprocessError) as e:
            return "%s\n%s" % (e, getattr(e, "stderr", b""))


def brief(entries):
    text = json.dumps(entries)
    return text if len(text) < 4000 else text[:4000] + "..."


def normal(tree, path):
    """A path as epcache prints it: absolute, without '.', '//' and a '/' at the end."""
    parts = os.path.join(os.fsdecode(tree.cwd), path).split("/")
    return "/" + "/".join(x for x in parts if x not in ("", "."))


def theirs_of(found, tree):
    """An oracle's answer, to compare; None where it raised.  Zip files are not epcache's."""
    if found is None:
        return None
    archives = tuple(os.fsdecode(a) + "/" for a in tree.archives)
    found = [[g, n, v, normal(tree, d)] for g, n, v, d in found]
    return [e for e in found if not e[3].startswith(archives)]


def ours_for(ours, theirs, tree, by_group):
    """Our answer as such an oracle would give it."""
    if ours.status == 4 and (not tree.archives or theirs is None):
        return None
    return sorted(ours.entries, key=lambda e: e[0]) if by_group else ours.entries


def random_trees(tap, asker, first, count):
    calm = 0
    for seed in range(first, first + count):
        rng = trees.Dice(seed)
        top = os.path.join(os.fsencode(asker.top), b"t%d" % seed)
        before = asker.opaque
        why = asker.try_all(trees.make(rng, top), rng, 3)
        tap.ok(not why, "tree of seed %d" % seed, why)
        calm += asker.opaque == before
        trees.remove(top)
        asker.forget()
    if count:
        print("# %d of %d trees had nothing opaque in them; %d of %d answers listed entry points"
              % (calm, count, asker.filled, asker.answers))
        tap.ok(asker.filled * 3 >= asker.answers, "a third of the answers list entry points")


# --- fixed cases -----------------------------------------------------------------


def add(folder, child, metadata=None, text=None):
    """A metadata folder; the text says where it is."""
    path = os.path.join(folder, child)
    os.makedirs(path)
    trees.write(os.path.join(path, b"entry_points.txt"),
                text or b"[g]\nwhere = %s:%s\n" % (os.path.basename(folder), child[:4]))
    for file, data in (metadata or {}).items():
        trees.write(os.path.join(path, file), data)


def many(top):
    """3,000 distributions in one directory."""
    site = os.path.join(top, b"site")
    for i in range(3000):
        add(site, b"dist%d-1.0.dist-info" % i, text=b"[g%d]\na%d = b:c\n" % (i % 7, i))
    yield trees.Tree([site], top, [])


def collisions(top):
    """One name from METADATA, the other from the folder's name, in both orders."""
    plain, named, egg, both = (os.path.join(top, x) for x in (b"plain", b"named", b"a.egg", b"both"))
    for folder in (plain, both):
        add(folder, b"foo_bar-1.dist-info")
    for folder in (named, both):
        add(folder, b"x.DIST-INFO", {b"METADATA": b"Name: Foo.Bar\n"})
    add(egg, b"EGG-INFO", {b"PKG-INFO": b"Name: foo-bar\n"})
    for pair in ([plain, named], [named, plain], [egg, plain], [plain, egg], [egg, named],
                 [named, egg, plain], [both], [both, egg], [egg, both], [egg + b"/", both]):
        yield trees.Tree(pair, top, [])


def eggs(top):
    """EGG-INFO with each way to give, or not to give, a name."""
    files = [{}, {b"PKG-INFO": b"Name: foo\n"}, {b"METADATA": b"Name: foo\n"},
             {b"METADATA": b"", b"PKG-INFO": b"Name: foo\n"},
             {b"METADATA": b"Name: bar\n", b"PKG-INFO": b"Name: foo\n"},
             {b"METADATA": b"Version: 1\n", b"PKG-INFO": b"Name: foo\n"},
             {b"PKG-INFO": b""}, {b"PKG-INFO": b"Name: \n"}, {b"PKG-INFO": b"Name: \xff\n"}]
    plain = os.path.join(top, b"plain")
    add(plain, b"foo-1.dist-info")
    for i, metadata in enumerate(files):
        for child in (b"EGG-INFO", b"egg-info"):
            egg = os.path.join(top, b"%d-%s.egg" % (i, child))
            add(egg, child, metadata)
            yield trees.Tree([egg, plain], top, [])
            yield trees.Tree([plain, egg], top, [])


def zips(top):
    """Zip files: whole, empty, broken, and what only looks like one."""
    plain = os.path.join(top, b"plain")
    add(plain, b"foo-1.dist-info")
    rng = trees.Dice(1)
    for i in range(6):
        whole = trees.add_archive(rng, top, i)
        yield trees.Tree([whole, plain], top, [whole])
        yield trees.Tree([plain, whole], top, [whole])
    empty, broken = os.path.join(top, b"empty.zip"), os.path.join(top, b"broken.zip")
    trees.write(empty, b"PK\5\6" + bytes(18))
    trees.write(broken, b"PK\3\4" + bytes(40) + b"PK\5\6" + b"\xff" * 18)
    for path in (empty, broken):
        yield trees.Tree([plain, path], top, [path])
    short = os.path.join(top, b"short.zip")
    trees.write(short, b"PK\5\6")
    yield trees.Tree([short, plain], top, [])


def long_paths(top):
    """Pairs so deep that their cache files' names are cut, and one that nothing opens."""
    for size in (150, 240, 300, 1000, 3000, 3800, 4000):
        site = top
        while len(site) < size:
            site = os.path.join(site, b"d" * max(1, min(200, size - len(site) - 1)))
        os.makedirs(site, exist_ok=True)
        add(site, b"foo-1.dist-info")
        twin = site[:-1] + b"e"
        add(twin, b"bar-1.dist-info")
        yield trees.Tree([site, twin], top, [])
    yield trees.Tree([site + b"/" + b"d" * 100], top, [])


def empty_handed(top):
    """The standard library's like: no metadata at all; also no sys.path at all."""
    site = os.path.join(top, b"lib")
    os.makedirs(os.path.join(site, b"json"))
    trees.write(os.path.join(site, b"os.py"), b"")
    yield trees.Tree([site], top, [])
    yield trees.Tree([b""], site, [])
    yield trees.Tree([b".", b"json", b"..", site], site, [])


def special_cases(tap, asker):
    for make in (many, collisions, eggs, zips, long_paths, empty_handed):
        top = os.path.join(os.fsencode(asker.top), make.__name__.encode())
        os.mkdir(top)
        for i, tree in enumerate(make(top)):
            rng = trees.Dice(i)
            rng.calm = True
            why = asker.try_all(tree, rng)
            tap.ok(not why, "%s %d" % (make.__name__, i), why)
            asker.forget()
        trees.remove(top)


def private_texts(tap, asker, private):
    """A text that not everybody may read is in a cache that nobody else may, and in no other."""
    top = os.path.join(os.fsencode(asker.top), b"private")
    site = os.path.join(top, b"site")
    add(site, b"open-1.dist-info", text=b"[g]\nopen = for-everybody:x\n")
    add(site, b"file-1.dist-info", text=b"[g]\nclosed = secret-of-the-file:x\n")
    add(site, b"folder-1.dist-info", text=b"[g]\nclosed = secret-of-the-folder:x\n")
    os.chmod(os.path.join(site, b"file-1.dist-info", b"entry_points.txt"), 0o600)
    os.chmod(os.path.join(site, b"folder-1.dist-info"), 0o700)
    tree = trees.Tree([site], top, [])
    why = asker.try_all(tree, random.Random(1))
    tap.ok(not why, "texts that not everybody may read", why)
    held = b""
    for file in os.listdir(asker.cache):
        with open(os.path.join(asker.cache, file), "rb") as f:
            held += f.read()
    for words in (b"secret-of-the-file", b"secret-of-the-folder"):
        tap.ok((words in held) == private, "the cache %s the %s"
               % ("holds" if private else "does not hold", words.decode()))
    tap.ok(b"for-everybody" in held, "the cache holds what everybody may read")
    entries = asker.query(tree).entries
    sees = 3 if asker.reader is None else 1
    tap.ok(len(entries) == sees, "who asks sees %d of 3" % sees, brief(entries))
    asker.forget()
    trees.remove(top)


# --- real directories ------------------------------------------------------------


def copy(source, target):
    """A directory's metadata; of all else the names alone."""
    os.mkdir(target)
    for child in os.scandir(source):
        path = os.path.join(target, child.name)
        if child.name.lower().endswith((b".dist-info", b".egg-info")) and child.is_dir():
            shutil.copytree(child.path, path, symlinks=True)
        elif child.is_dir():
            os.mkdir(path)
        elif child.name.lower().endswith(b".egg-info"):
            shutil.copy(child.path, path)
        else:
            trees.write(path, b"")


def real_directories(tap, asker, folders, changes):
    folders = [os.fsencode(os.path.abspath(p)) for p in folders]
    for paths in [[f] for f in folders] + ([folders] if len(folders) > 1 else []):
        tree = trees.Tree(paths, b"/", [])
        name = os.fsdecode(b":".join(paths))[-120:]
        rng = random.Random(1)
        why = asker.try_all(tree, rng)
        tap.ok(not why, "live and cached: " + name, why)
        if not changes:
            continue
        entries = asker.query(tree).entries
        dists = sum(x.lower().endswith((b".dist-info", b".egg-info"))
                    for p in paths for x in os.listdir(p))
        tap.ok(bool(entries), "%d distributions, %d entry points in %s"
               % (dists, len(entries), name))
        asker.forget()
    if changes:
        changed_copy(tap, asker, folders, changes)


def changed_copy(tap, asker, folders, changes):
    top = os.path.join(os.fsencode(asker.top), b"copy")
    os.mkdir(top)
    copies = [os.path.join(top, b"%d" % i) for i in range(len(folders))]
    for source, target in zip(folders, copies):
        copy(source, target)
    rng = trees.Dice(1)
    rng.calm = True
    why = asker.try_all(trees.Tree(copies, top, []), rng, changes)
    tap.ok(not why, "after %d rounds of changes to a copy" % changes, why)
    trees.remove(top)


def run_all(tap, asker, options):
    for o in asker.oracles:
        print("# oracle: %s %s" % (o.exe, ".".join(map(str, o.version))))
    tap.ok(bool(asker.oracles), "at least one CPython from 3.10 on is found")
    for text in options.skip:
        tap.skip(text)
    if not asker.oracles:
        return
    random_trees(tap, asker, options.seed, options.trees)
    if options.special:
        special_cases(tap, asker)
    if options.special or options.private or options.reader is not None:
        private_texts(tap, asker, options.private)
    real_directories(tap, asker, options.folders, options.changes)
    if options.machine:
        real_directories(tap, asker, oracle.packages_folders(), 0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--trees", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--special", action="store_true")
    parser.add_argument("--machine", action="store_true")
    parser.add_argument("--reader", type=int)
    parser.add_argument("--private", action="store_true")
    parser.add_argument("--changes", type=int, default=0)
    parser.add_argument("--skip", action="append", default=[])
    parser.add_argument("folders", nargs="*")
    options = parser.parse_args()

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the trees are removed then
    os.umask(0o022)  # what a tree's modes are is not the caller's to decide
    tap = Tap("another's cache: " * (options.reader is not None)
              + "private cache: " * options.private)
    asker = Asker(options.reader, options.private)
    try:
        run_all(tap, asker, options)
    finally:
        asker.close()
    print("1..%d" % tap.count)
    return tap.failed != 0


if __name__ == "__main__":
    sys.exit(main())
