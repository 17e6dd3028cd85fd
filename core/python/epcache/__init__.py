# SPDX-License-Identifier: LGPL-2.1-or-later
"""Entry points of installed distributions, from a cache that is checked before use.

The names here answer as those of importlib.metadata do, without importing it:

    import epcache
    for point in epcache.entry_points(group="console_scripts"):
        print(point.name, point.value)

Whatever epcache cannot answer exactly as importlib.metadata would, that is asked.
Activated programs import this module with importlib.metadata: it imports nothing before
that is needed.
"""
__all__ = [
    "Distribution",
    "EntryPoint",
    "EntryPoints",
    "NoSuchEntryPoint",
    "StaleCacheWarning",
    "distributions",
    "entry_points",
    "get_group_all",
    "get_group_named",
    "get_single",
    "refresh",
    "status",
]
__version__ = "0.1.0"

# The versions of CPython whose own importlib.metadata the answers were compared with, and
# of each the first patch level whose rules for names are those of all later ones.
_TESTED = {(3, 10): 9, (3, 11): 1, (3, 12): 0, (3, 13): 0, (3, 14): 0, (3, 15): 0}

_CLASSES = {
    "Distribution": "_points",
    "EntryPoint": "_points",
    "EntryPoints": "_points",
    "StaleCacheWarning": "_reader",
}


def __getattr__(name):
    if name not in _CLASSES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    from importlib import import_module

    found = getattr(import_module(f"{__name__}.{_CLASSES[name]}"), name)
    globals()[name] = found
    return found


def _is_possible():
    """Is this a system and a Python that the extension is made for?"""
    import sys

    return (
        sys.platform == "linux"
        and sys.implementation.name == "cpython"
        and sys.version_info >= (3, 10)
        and "t" not in sys.abiflags  # free-threaded
        and sys.getfilesystemencoding() == "utf-8"
    )


def _is_tested():
    """Is this a Python whose answers were compared?"""
    import sys

    *version, micro, level, _ = sys.version_info
    return level == "final" and micro >= _TESTED.get(tuple(version), sys.maxsize)


class NoSuchEntryPoint(LookupError):
    """Raised by get_single(): there is no such entry point."""

    def __init__(self, group, name):
        super().__init__(group, name)
        self.group = group
        self.name = name

    def __str__(self):
        return f"No {self.name!r} entry point found in group {self.group!r}"


def entry_points(**select):
    """The entry points whose attributes are as selected, usually by group= and name=.

    In the order that importlib.metadata.entry_points() of the running Python has.  As
    there, nothing selected is an object of other type up to 3.11: SelectableGroups.
    """
    found = _select(select)
    from . import _reader
    from ._points import EntryPoints

    if found is not None and (select or not _reader.GROUPED):
        return EntryPoints(found)

    from . import _original

    return _original.entry_points(select) if found is None else _original.grouped(found)


def _select(select, path=None):
    try:
        from . import _reader

        if _reader.is_off():
            return None
        if _reader.mode() == "verify":
            from . import _verify

            return _verify.select(select, path)
        from ._answer import answer

        return answer(select, path)
    except Exception:  # whatever it is, importlib.metadata is not to suffer from it
        return None


def distributions(**context):
    """An iterator over all distributions, as importlib.metadata.distributions() has it.

    path=, a list of str, is looked into in place of sys.path.  What else is given is
    for the finders of importlib.metadata.
    """
    from . import _reader

    try:
        from ._all import ours

        found = None if _reader.is_off() else ours(context)
    except Exception:
        found = None
    if found is None:
        from . import _original

        return _original.distributions(context)
    if _reader.mode() == "verify":
        from . import _verify

        return _verify.distributions(context)
    return found


def get_group_all(group, path=None):
    """All entry points of a group, as a list; path= is a list in place of sys.path."""
    found = _select({"group": group}, path)
    if found is None:
        from . import _original

        found = list(_original.entry_points({"group": group}, path))
    return found


def get_group_named(group, path=None):
    """The entry points of a group as a dict by name; of one name the first."""
    named = {}
    for point in get_group_all(group, path):
        named.setdefault(point.name, point)
    return named


def get_single(group, name, path=None):
    """The first entry point of this group and name; raises NoSuchEntryPoint."""
    for point in get_group_all(group, path):
        if point.name == name:
            return point
    raise NoSuchEntryPoint(group, name)


def status(path=None):
    """How each entry of sys.path, or of path=, is answered for: a list of Status."""
    from . import _status

    return _status.status(path)


def refresh(*directories):
    """Bring the cache up to date with the program epcache; its exit status.

    Without directories: as root those of the system, else those of the virtual
    environment or of the user that this Python runs in.  Raises FileNotFoundError
    where the program is not installed.
    """
    from . import _status

    return _status.refresh(directories)
