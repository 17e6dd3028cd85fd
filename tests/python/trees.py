# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random hostile site-packages trees, made again from the same seed.

Most trees are calm: as odd as the others, but with nothing in them for which
importlib.metadata raises, so that there is an answer to compare.
"""
import os
import random
import shutil
import stat
import zipfile

NAMES = [b"foo", b"Foo", b"foo.bar", b"foo_bar", b"foo__bar", b"foo_", b"foo--bar", b"a", b"b",
         b"c", b"zeta", b"", b"-", b".", b"..", b"~oo", b".hidden", b"new\nline", b"sp ace",
         b"tab\there", b"caf\xc3\xa9", b"CAF\xc3\x89", b"\xc4\xb0", b"i\xcc\x87", b"bad\xff",
         b"\xed\xa0\x80", b"\xe2\x82", b"\xce\x91\xce\xa3", b"\xce\xb1\xcf\x82",
         b"\xce\xb1\xcf\x83", b"\xef\xbc\xa1", b"\xf0\x90\x90\x80", b"\xc7\x85", b"\xe1\xba\x9e",
         b"flake8-plugin-utils", b"n" * 180]
VERSIONS = [b"", b"-1", b"-1.0", b"-2.0", b"-1.0-py3.11", b"-2!1b4.dev0", b"-", b"--1"]
SUFFIXES = [b".dist-info"] * 8 + [b".egg-info"] * 4 + [
    b".DIST-INFO", b".Egg-Info", b".EGG-INFO", b".dist-info.bak", b".dist-info~", b".egg-link",
    b".egg", b".dist-info ", b""]
EXACT = [b".dist-info", b"..dist-info", b".egg-info", b"EGG-INFO", b"egg-info", b"-1.0.dist-info",
         b"dist-info", b"x.dist-info.dist-info", b"README", b"six.py"]
GROUPS = ["console_scripts", "g", "G", "gui_scripts", "pytest11", "flake8.extension", "",
          " g ", "[g", "a]b", "DEFAULT", "\u00e9", "x" * 300]
LINES = ["; c", "; c = d", "a = m:x # hi", "a=b=c", "a =", "a", "a : m", "# comment", "",
         "  c = m:z", " = m:x", "=", "==", "[a = m:x]", "%(x)s = 1", "a = %", "a\x00b = c\x00d",
         "\u200b = x", "a = m:x \u00a0", "\u00a0[g]\u3000", "\u2003b = c\u2003", "\ufeff[g]",
         "[g] # c", "[[g]]", "[a]b]", "[]", "[ g ]", "[", "]", "][", "\t\tn\t=\tv\t",
         "a\x0bb = c", "a\x0cb = c", "a\x1cb = c", "a\x1db=c", "a\x1eb=c", "a\x1fb=c",
         "a\x85b = c", "a\u2028b = c", "a\u2029b = c", "a = b\x0bc = d", "a = b\x85# c", "\x85",
         "rich = m:f [x,y]", "e = m [x]", "\u540d\u524d = \u6a21\u5757:\u51fd",
         "x" * 5000 + " = y", "a = b\\", "é=ü", "'q' = \"v\""]
ENDS = ["\n"] * 12 + ["\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\n\n"]
RAW = [b"", b"\xff\xfe[\x00g\x00]\x00", b"\xef\xbb\xbf[g]\na = b\n", b"[g]\na = \xff\n",
       b"# \xff\n[g]\na = b\n", b"[g]\n\xed\xa0\x80 = b\n", b"[g]\n\xc0\x80 = b\n",
       b"[g]\na = b\n\xe2\x80", b"\xff", b"no group = x\n\xf4\x90\x80\x80", b"[g]\na = b", b"\x00"]
METADATA = [None, b"", b"Name: foo\n", b"Metadata-Version: 2.1\nName: Bar.Baz\nVersion: 3\n\nbody",
            b"name: c\n", b"Name:a\nName: b\n", b"\nName: foo\n", b"junk\nName: foo\n",
            b"Version: 1\n", b"Name: \xff\n", b"Name:\n", b"NAME:  \t zeta \nVersion: 1\n",
            b"Name: foo_bar\r\nVersion: 2\r\n", b"Version: 1\n\nName: foo\n",
            b"Name: caf\xc3\xa9\n", b"Name: UNKNOWN\nSummary: a\n  Name: b\n"]
NAMED = [b"Name: foo\n", b"name: c\n", b"Name:a\nName: b\n", b"NAME:  \t zeta \nVersion: 1\n",
         b"Metadata-Version: 2.1\nName: Bar.Baz\nVersion: 3\n\nbody", b"Name: FOO--bar\n",
         b"Name: foo_bar\r\nVersion: 2\r\n", b"Name: caf\xc3\xa9\n"]
SITES = [b"site%d", b"site%d", b"x-1.%d.egg", b"d\xff%d", b"sp %d.EGG"]
NOBODY = 65534


def raises(line):
    """Would importlib.metadata raise for this line inside a group?"""
    parts = [part.strip() for part in line.splitlines()]
    return any(part and part[0] != "#" and not (part[0] == "[" and part[-1] == "]")
               and "=" not in part for part in parts)


CALM_LINES = [line for line in LINES if not raises(line)]
CALM_RAW = [raw for raw in RAW if raw in (b"", b"\xef\xbb\xbf[g]\na = b\n", b"[g]\na = b", b"\x00")]


class Dice(random.Random):
    """Random numbers of a seed, and whether the tree that they make is calm."""

    def __init__(self, seed):
        super().__init__(seed)
        self.calm = self.random() < 0.75


class Tree:
    """What a random tree is to be asked with."""

    def __init__(self, entries, cwd, archives):
        self.entries = entries    # of sys.path, in order
        self.cwd = cwd            # of whoever asks: some entries may be relative
        self.archives = archives  # the zip files among the entries, absolute

    def folders(self):
        """The entries that are directories, absolute, each once."""
        full = [os.path.join(self.cwd, e) for e in self.entries]
        return [p for p in dict.fromkeys(full) if os.path.isdir(p)]


def text(rng):
    """The bytes of an entry_points.txt, mostly well-formed."""
    if rng.random() < 0.04:
        return rng.choice(CALM_RAW if rng.calm else RAW)
    wild = rng.random() < 0.25
    out = []
    for _ in range(rng.randrange(4)):
        group = rng.choice(GROUPS if rng.random() < 0.5 else GROUPS[:6])
        out += ["[%s]" % group, rng.choice(ENDS if wild else ["\n"])]
        for _ in range(rng.randrange(6)):
            line = "n%d = mod%d:f%d" % tuple(rng.randrange(50) for _ in range(3))
            if wild and rng.random() < 0.5:
                line = rng.choice(CALM_LINES if rng.calm else LINES)
            out += [line, rng.choice(ENDS if wild else ["\n"])]
    return "".join(out).encode("utf-8", "surrogatepass")


def name(rng):
    """The name of a child of a directory."""
    if rng.random() < 0.08:
        return rng.choice(EXACT)
    names = NAMES if rng.random() < 0.6 else NAMES[:10]
    return (rng.choice(names) + rng.choice(VERSIONS) + rng.choice(SUFFIXES))[:255] or b"x"


def is_named(child):
    """Does the folder's name settle the distribution's, so that METADATA is not read?"""
    return (os.path.splitext(child)[1] in (b".dist-info", b".egg-info")
            or not child.lower().endswith((b".dist-info", b".egg-info", b"egg-info")))


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


def add_item(rng, folder, child):
    """One child: mostly a metadata folder, also each other shape."""
    path = os.path.join(folder, child)
    if os.path.lexists(path):
        return
    shape = rng.random()
    if rng.calm and not is_named(child):
        shape = 1
    if shape < 0.05:
        write(path, rng.choice([b"", b"Name: foo\n", b"text"]))
    elif shape < 0.08:
        links = [b"nowhere", b".", b"../target.dist-info", child]
        os.symlink(rng.choice(links[:3] if rng.calm else links), path)
    else:
        os.mkdir(path)
        fill_item(rng, path)


def fill_item(rng, path):
    target = os.path.join(path, b"entry_points.txt")
    shape = rng.random()
    if shape < 0.65:
        write(target, text(rng))
    elif shape < 0.68:
        os.mkdir(target)
    elif shape < 0.71:
        links = [b"nowhere", b"../../target.dist-info/entry_points.txt", b"METADATA",
                 b"entry_points.txt"]
        os.symlink(rng.choice(links[:2] if rng.calm else links), target)
    elif shape < 0.73:
        write(os.path.join(path, b"Entry_Points.txt"), b"[g]\nwrong = case\n")
    elif shape < 0.74 and not rng.calm:
        os.mknod(target, stat.S_IFSOCK | 0o644)
    named = is_named(os.path.basename(path))
    add_metadata(rng, path, rng.calm and not named)
    close_item(rng, path, rng.calm and not named)


def add_metadata(rng, path, must_name):
    files = [b"METADATA", b"PKG-INFO"]
    if must_name:
        write(os.path.join(path, rng.choice(files)), rng.choice(NAMED))
        return
    for file in files if rng.random() < 0.1 else [rng.choice(files)]:
        meta = rng.choice(METADATA) if rng.random() < 0.5 else b"Name: foo\nVersion: 1\n"
        if meta is not None:
            write(os.path.join(path, file), meta)


def close_item(rng, path, must_open):
    """Other owners and modes, so that not everybody may read it."""
    children = [os.path.join(path, x) for x in sorted(os.listdir(path))]
    files = [x for x in children if os.path.isfile(x) and not os.path.islink(x)]
    foreign = rng.random() < 0.06
    closed = {x: rng.choice([0, 0o600, 0o640, 0o444]) for x in files if rng.random() < 0.06}
    if rng.random() < 0.04:
        closed[path] = rng.choice([0, 0o700, 0o711, 0o744, 0o755])
    if must_open:
        return
    for x in [path, *files] if foreign and os.geteuid() == 0 else ():
        os.chown(x, NOBODY, NOBODY)
    for x, mode in closed.items():
        os.chmod(x, mode)


def add_site(rng, top, i):
    """A directory with items, somewhere below @top; returns its path."""
    where = rng.random()
    if where < 0.04:
        top = os.path.join(top, *[b"deep" * 50] * rng.randrange(1, 12))
        os.makedirs(top, exist_ok=True)
    elif where < 0.08:
        top = os.path.join(top, b"closed%d" % i)
        os.mkdir(top)
    folder = os.path.join(top, rng.choice(SITES) % i)
    os.mkdir(folder)
    for _ in range(rng.choice([0, 1, 3, 8, 20])):
        add_item(rng, folder, name(rng))
    if folder.lower().endswith(b".egg") and rng.random() < 0.5:
        add_item(rng, folder, b"EGG-INFO")
    if rng.random() < 0.04:
        os.chmod(folder, rng.choice([0o700, 0o711, 0o744, 0o750]))
    if where >= 0.04 and where < 0.08:
        os.chmod(top, rng.choice([0o700, 0o711]))
    return folder


def add_archive(rng, top, i):
    """A zip file with a distribution whose name is nobody else's; returns its path."""
    path = os.path.join(top, rng.choice([b"z%d.zip", b"z%d.whl", b"z%d.egg"]) % i)
    where = "EGG-INFO" if path.endswith(b"egg") else "zipped%d-1.dist-info" % i
    with zipfile.ZipFile(os.fsdecode(path), "w") as z:
        z.writestr(where + "/PKG-INFO", "Name: zipped%d\n" % i)
        z.writestr(where + "/entry_points.txt", "[g]\nzipped%d = z:z\n" % i)
        z.writestr("nested/foo-1.dist-info/entry_points.txt", "[g]\nnested = z:z\n")
    return path


def add_nothing(rng, top):
    """A sys.path entry that importlib.metadata finds nothing in; returns its path."""
    kind = rng.choice([b"missing", b"plain-file", b"dangling", b"loop", b"plain-file/inside"])
    path = os.path.join(top, kind)
    if os.path.lexists(path):
        return path
    if kind == b"plain-file":
        write(path, b"not a zip")
    elif kind in (b"dangling", b"loop"):
        os.symlink(b"nowhere" if kind == b"dangling" else kind, path)
    return path


def reach(rng, top, path):
    """Another way to say an entry of sys.path, or the same."""
    how = rng.random()
    if how < 0.1:
        return path + b"/"
    if how < 0.2:
        link = os.path.join(top, b"link%d" % rng.randrange(1000)
                            + rng.choice([b"", b"", b".egg"]))
        if not os.path.lexists(link):
            os.symlink(os.path.relpath(path, top), link)
            return link
    if how < 0.25:
        folder, last = os.path.split(path)
        return os.path.join(folder, b".", b"", last) if how < 0.22 else (
            os.path.join(folder, b"..", os.path.basename(folder), last))
    return path


def make_relative(rng, tree):
    """Ask from inside a directory: that one is then '' or '.', others are relative too."""
    open_ones = [p for p in tree.entries
                 if b"/closed" not in p and os.stat(p).st_mode & 0o005 == 0o005]
    if not open_ones:
        return
    tree.cwd = rng.choice(open_ones)
    for i, path in enumerate(tree.entries):
        if path == tree.cwd:
            tree.entries[i] = rng.choice([b"", b".", b"./", b".//.", path])
        elif rng.random() < 0.5:
            tree.entries[i] = os.path.relpath(path, tree.cwd)


def make(rng, top):
    """Directories below @top, which must have no link in its path; returns a Tree."""
    os.mkdir(top)
    target = os.path.join(top, b"target.dist-info")
    os.mkdir(target)
    write(os.path.join(target, b"entry_points.txt"), b"[g]\ntarget = t:t\n")
    sites = [add_site(rng, top, i) for i in range(rng.choice([1, 1, 2, 3]))]
    tree = Tree(sites, top, [])
    if rng.random() < 0.15:
        make_relative(rng, tree)
    else:
        tree.entries = [reach(rng, top, path) for path in sites]
    entries = tree.entries
    if rng.random() < 0.25:
        entries.insert(rng.randrange(len(entries) + 1), add_nothing(rng, top))
    if rng.random() < 0.06:
        tree.archives.append(add_archive(rng, top, 0))
        entries.insert(rng.randrange(len(entries) + 1), tree.archives[0])
    if rng.random() < 0.15:
        entries.append(rng.choice(entries))
    return tree


def mutate(rng, folders):
    """A few random changes to these directories."""
    for _ in range(rng.randrange(1, 4) if folders else 0):
        folder = rng.choice(folders)
        children = sorted(os.listdir(folder))
        how = rng.random()
        if how < 0.3 or not children:
            add_item(rng, folder, name(rng))
            continue
        path = os.path.join(folder, rng.choice(children))
        if how < 0.5:
            remove(path)
        elif how < 0.9 and os.path.isdir(path) and not os.path.islink(path):
            target = os.path.join(path, b"entry_points.txt")
            if not os.path.isdir(target) and not os.path.islink(target):
                write_any(target, text(rng))
        else:
            os.rename(path, os.path.join(folder, b"renamed%d.dist-info" % rng.randrange(1000)))


def write_any(path, data):
    """Write a file whatever its mode says (the driver may be no root)."""
    try:
        write(path, data)
    except OSError:
        pass


def remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        os.chmod(path, 0o755)
        for root, folders, _ in os.walk(path):
            for folder in folders:
                if not os.path.islink(os.path.join(root, folder)):
                    os.chmod(os.path.join(root, folder), 0o755)
        shutil.rmtree(path)
    else:
        os.unlink(path)
