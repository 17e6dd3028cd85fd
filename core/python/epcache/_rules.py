# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does an importlib.metadata, or a backport of it, follow the rules that caches follow?

Names, texts, shadowing and order have changed within minor versions, so neither a version
nor the names of a module's functions say which rules it has.  It is asked a few questions
instead, of made-up distributions in memory.  The answer is kept for as long as its files are
the same ones, in the user's cache folder.
"""
import os
import sys
import types

NEWEST_UNICODE = 17

FOLDERS = ("Foo.Bar__x-1.0.dist-info", "plain", "foo_bar.x.egg-info", "EGG-INFO",
           "zeta-2-py3.egg-info", "x.dist-info.bak", "ZETA-3.DIST-INFO", ".foo.egg-info",
           "-1.dist-info", "\u0130-1.dist-info", "FOO_bar.X-2.Dist-Info")
GROUPED = (0, 2, 10, 4, 6, 7, 8, 9, 3)  # the same, as they are found in an egg

# Of a folder's name, and of the Name in METADATA where that does not say.
NAMES = {"Foo.Bar__x-1.0.dist-info": "foo_bar_x", "foo.egg-info": "foo", "a-b-c.egg-info": "a",
         ".foo.dist-info": "_foo", "A_-.B-1.dist-info": "a_", "FOO-1.DIST-INFO": "in_metadata",
         "\u0130.\u212a__\u00c4-1.egg-info": "i\u0307_k_\u00e4",
         "EGG-INFO": "in_metadata", "-1.dist-info": "in_metadata"}
IN_METADATA = "In.-Metadata"

TEXT = ("early = a:b\n[[ g ]]\n# c = d\n a = m.n : x.y [z]\r\n\x1cb=m\n[h]\na\u00a0= m:x\x85"
        "; no = m\n\n[ g ]\n a = m:again\n[i] # = m:z\n= m\n[DEFAULT]\nx = m:y[]\n")
POINTS = [("a", "m.n : x.y [z]", " g "), ("b", "m", " g "), ("a", "m:x", "h"),
          ("; no", "m", "h"), ("a", "m:again", " g "), ("[i] #", "m:z", " g "), ("", "m", " g "),
          ("x", "m:y[]", "DEFAULT")]
NO_TEXTS = ("[g]\na : m\n", "[g]\na\n")

# What is an object reference, and what is none.
GOOD_VALUES = ("m", "m:a", "m.n : a.b [x, y]", "m[x]", "\u00e4:\u00df", "0.1")
BAD_VALUES = ("", "my-pkg:x", "m:", "m:a:b", "m a", "m:a]", ":a", "m/n", "m [x", "%(m)s")


class Rules:
    """How a module answers: .validates, values that are no object references raise."""

    def __init__(self, validates):
        self.validates = validates


class _File:
    """What importlib.metadata makes of a path, where nothing is a file."""

    def __init__(self, name, texts=()):
        self.name = name
        self.texts = texts

    def __str__(self):
        return "/nonexistent/" + self.name

    def joinpath(self, name):
        return _File(name, self.texts)

    def read_text(self, encoding=None, **_):
        text = dict(self.texts).get(self.name)
        if encoding != "utf-8" or isinstance(text, Exception):
            raise text or AssertionError
        if text is None:
            raise FileNotFoundError(self.name)
        return text


def _raises(function):
    try:
        function()
    except Exception as error:
        return type(error)
    return None


def _keys(points):
    if isinstance(points, dict):  # up to 3.11, where nothing was selected
        points = [point for group in dict.values(points) for point in group]
    return [(point.name, point.value, point.group) for point in points]


def _with(function, **replaced):
    """A function, with other global names than its module has."""
    function = getattr(function, "__func__", function)
    return types.FunctionType(function.__code__, {**function.__globals__, **replaced},
                              function.__name__, function.__defaults__, function.__closure__)


def _dist(metadata, folder, text=None):
    texts = () if text is None else (("entry_points.txt", text),)
    return metadata.PathDistribution(_File(folder, texts))


def _has_names(metadata):
    named = type("Named", (metadata.PathDistribution,), {"metadata": {"Name": IN_METADATA}})
    for folder, name in NAMES.items():
        if named(_File(folder))._normalized_name != name:
            return False

    nothing = metadata.Prepared(None)
    for root, egg in (("/x/y.EGG", True), ("/x.egg/y", False), ("/x.egg/", False)):
        fast = types.SimpleNamespace(root=root, mtime=0, children=lambda: list(FOLDERS),
                                     joinpath=lambda child: child)
        fast.lookup = lambda mtime: metadata.Lookup(fast)
        found = list(metadata.FastPath.search(fast, nothing))
        if found != [FOLDERS[i] for i in GROUPED[:None if egg else -1]]:
            return False
    return True


def _has_texts(metadata):
    raised = (UnicodeDecodeError("utf-8", b"", 0, 1, ""), OSError(40, ""), OSError(36, ""))
    silent = (PermissionError(), IsADirectoryError(), NotADirectoryError())
    for error in raised:
        if not _raises(lambda: _dist(metadata, "x-1.dist-info", error).entry_points):
            return False
    for text in NO_TEXTS:
        if not _raises(lambda: _dist(metadata, "x-1.dist-info", text).entry_points):
            return False
    for error in silent + (None,):
        if list(_dist(metadata, "x-1.dist-info", error).entry_points):
            return False

    dist = _dist(metadata, "x-1.dist-info", TEXT)
    found = dist.entry_points
    return _keys(found) == POINTS and all(point.dist is dist for point in found)


def _has_order(metadata):
    dists = [_dist(metadata, "Zed-1.dist-info", "[b]\nx = m:1\n[a]\nx = m:2\n"),
             _dist(metadata, "none-1.dist-info"),
             _dist(metadata, "zed.egg-info", "no text\n"),
             _dist(metadata, "None-2.dist-info", "[a]\nx = m:3\n"),
             _dist(metadata, "last-1.dist-info", "[b]\ny = m:4\n[a]\nx = m:5\n")]
    ask = _with(metadata.entry_points, distributions=lambda **_: iter(dists))
    by_group = hasattr(metadata, "SelectableGroups")
    every = [("x", "m:1", "b"), ("x", "m:2", "a"), ("y", "m:4", "b"), ("x", "m:5", "a")]
    if by_group:
        every.sort(key=lambda point: point[2])
    return (_keys(ask()) == every
            and _keys(ask(group="a")) == [each for each in every if each[2] == "a"]
            and _keys(ask(group="b", name="y")) == every[-1 if by_group else 2:][:1]
            and list(ask(name="")) == [])


def _has_finders(metadata):
    """Are finders asked in their order, and the entries of a path in theirs?"""
    contexts = []

    def finder(*found):
        return lambda context: contexts.append(context) or iter(found)

    class Asked(metadata.Distribution):
        _discover_resolvers = staticmethod(lambda: [finder(1, 2), finder(), finder(3)])

    ask = _with(metadata.distributions, Distribution=Asked)
    if list(ask(path=["x"])) != [1, 2, 3] or [c.path for c in contexts] != [["x"]] * 3:
        return False
    if contexts[0].name is not None or not _raises(lambda: ask(context=contexts[0], path=[])):
        return False

    path = [types.SimpleNamespace(find_distributions=7), object(),
            types.SimpleNamespace(find_distributions=8)]
    resolvers = _with(vars(metadata.Distribution)["_discover_resolvers"],
                      sys=types.SimpleNamespace(meta_path=path))
    if list(resolvers()) != [7, 8]:
        return False

    class Fast:
        def __init__(self, root):
            self.search = lambda prepared: [root + "1", root + "2"]

    search = _with(metadata.MetadataPathFinder._search_paths, FastPath=Fast)
    return list(search(metadata.MetadataPathFinder, None, ["a", "b"])) == ["a1", "a2", "b1", "b2"]


def _validates(metadata):
    """Do values that are no object references raise?  None: not those that are to."""
    refused = {value: _raises(lambda: metadata.EntryPoint("n", value, "g"))
               for value in GOOD_VALUES + BAD_VALUES}
    if any(refused[value] for value in GOOD_VALUES):
        return None
    kinds = {refused[value] for value in BAD_VALUES}
    return {frozenset([None]): False, frozenset([ValueError]): True}.get(frozenset(kinds))


def ask(metadata):
    """The Rules of a module, or None where they are not those that caches follow."""
    try:
        # A later one may have capitals that the library takes for none.
        import unicodedata

        if int(unicodedata.unidata_version.partition(".")[0]) > NEWEST_UNICODE:
            return None
        validates = _validates(metadata)
        if validates is None or not (_has_names(metadata) and _has_texts(metadata)
                                     and _has_order(metadata) and _has_finders(metadata)):
            return None
        return Rules(validates)
    except Exception:
        return None


# --- kept answers ------------------------------------------------------------------------

_KEPT = {"other": None, "plain": Rules(False), "validates": Rules(True)}


def _identity(folder):
    """All that makes a module's folder this one, as text; None where that has no files."""
    files = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith((".py", ".pyc", ".so")):
                st = entry.stat()
                files.append((entry.name, st.st_ino, st.st_size, st.st_mtime_ns, st.st_ctime_ns))
    return repr((sys.version, folder, sorted(files))) if files else None


def _file_of(folder):
    """Where the answer of the module in a folder is kept; None: nowhere."""
    if os.getuid() != os.geteuid():
        return None
    top = os.environ.get("XDG_CACHE_HOME", "")
    if top[:1] != "/":
        home = os.environ.get("HOME", "")
        top = home + "/.cache" if home[:1] == "/" else ""
    number = sys.modules["_imp"].source_hash(sys.hexversion, os.fsencode(folder)).hex()
    return f"{top}/epcache/rules/{number}" if top else None


def kept(folder):
    """The kept answer, as (is there one?, Rules or None).  Never raises."""
    try:
        file = os.open(_file_of(folder), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            st = os.fstat(file)
            if st.st_mode & 0o170022 != 0o100000 or st.st_uid != os.geteuid():
                return False, None
            identity, _, answer = os.read(file, st.st_size + 1).decode().rpartition("\n")
        finally:
            os.close(file)
        if identity != _identity(folder):
            return False, None
        return True, _KEPT[answer]
    except Exception:
        return False, None


def _keep(folder, rules):
    """Whoever cannot keep an answer asks again.  Never raises."""
    try:
        file = _file_of(folder)
        top = os.path.dirname(os.path.dirname(os.path.dirname(file)))
        if os.stat(top).st_uid != os.geteuid():
            return
        os.makedirs(os.path.dirname(file), 0o700, exist_ok=True)
        answer = "other" if rules is None else "validates" if rules.validates else "plain"
        own = f"{file}.{os.getpid()}"
        with open(own, "x", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as opened:
            opened.write(_identity(folder) + "\n" + answer)
        os.replace(own, file)
    except Exception:
        pass


def of(metadata, is_new):
    """The Rules of a module; kept, where it was executed just now and is of files."""
    folder = (getattr(metadata, "__path__", None) or [None])[0]
    if not is_new or type(folder) is not str:
        return ask(metadata)

    found, rules = kept(folder)
    if not found:
        rules = ask(metadata)
        _keep(folder, rules)
    return rules
