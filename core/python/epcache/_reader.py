# SPDX-License-Identifier: LGPL-2.1-or-later
"""What libepcache can answer in place of importlib.metadata, and when it cannot.

The functions here return None where importlib.metadata has to answer.  They may raise
any exception, which means the same to who calls them.  Of the package this module uses
what is in __init__ and the rules, no more.
"""
import sys
from os import __file__ as os_file
from os import environ

from . import _is_possible, _is_tested

# Is an answer for which nothing was selected not EntryPoints but SelectableGroups?
GROUPED = (3, 10) <= sys.version_info < (3, 12)

# enum epc_check, epc_source and epc_note_kind of epcache.h
CHECK_OF_ENVIRONMENT = -1
FROM_ARCHIVE = 3
PASSED_OVER = (0, 1, 2)
UNREAD = 6
OPAQUE = 1
REJECTED = 2


class StaleCacheWarning(UserWarning):
    """A cache was passed over: its directory has changed, or it is not to be used."""


STANDARD = os_file.rpartition("/")[0] + "/importlib/metadata"


def _rules_of_this_python():
    """The Rules of importlib.metadata where they are known; else None."""
    from . import _rules

    return _rules.kept(STANDARD)[1]


def _load():
    """The extension, where this Python is one that it answers for, and do values that are
    no object references raise?"""
    if not _is_possible():
        return None, False
    try:
        if _is_tested():
            validates = sys.version_info >= (3, 15)
        else:
            validates = _rules_of_this_python().validates
        from . import _epcache
    except Exception:
        return None, False
    return _epcache, validates


native, VALIDATES = _load()
_warned = False


def mode():
    """What EPCACHE says: "0", "verify", or what the library makes of it."""
    return environ.get("EPCACHE", "")


def is_off():
    """Does importlib.metadata answer everything?"""
    return native is None or mode() == "0"


def is_standard(finder, find):
    """Is this how Python itself finds distributions, in the entries of sys.path?"""
    if not isinstance(finder, type) or finder.__name__ != "PathFinder":
        return False
    if getattr(find, "is_epcache", False):
        return True
    code = getattr(getattr(find, "__func__", find), "__code__", None)
    return (
        finder.__module__ == "_frozen_importlib_external"
        and getattr(code, "co_filename", "").startswith("<frozen ")
    )


def finders():
    """What finds distributions, in order: True for the standard one, else the function."""
    found = []
    for finder in sys.meta_path:
        find = getattr(finder, "find_distributions", None)
        if find:
            found.append(True if is_standard(finder, find) else find)
    return found


def is_plain(path):
    """Are these entries of sys.path all of a kind that can be passed on?"""
    return type(path) is list and all(type(entry) is str for entry in path)


def query(path, group=None, name=None):
    """Entry points with these str as sys.path, in the order of CPython 3.12.

    As (name, value, group, number of the distribution), and these distributions, as
    (number of the path, folder): two lists; or None.
    """
    if is_off():
        return None
    points, dists, _, notes, flags = native.query(path, group, name, CHECK_OF_ENVIRONMENT, False)
    if notes:
        _warn(notes)
    return None if flags & (OPAQUE | REJECTED if VALIDATES else OPAQUE) else (points, dists)


def dists(path):
    """All distributions, hidden or not, with these str as sys.path.

    As (number of the path, folder, normalised name, record): the name None where it is to
    be asked for; the record what was seen of entry_points.txt, for is_current(), and its
    (name, value, group), or None where they are to be read.  And for each entry whether it
    is an archive, which was not looked into.  Two lists, or None.
    """
    if is_off():
        return None
    found, dirs, notes, _ = native.dists(path, None, None, CHECK_OF_ENVIRONMENT, False)
    if any(note[0] == UNREAD for note in notes):
        return None
    # Versions of Unicode differ on what is grouped with these.
    if not all(folder.isascii() for _, folder, _, _ in found):
        return None
    if notes:
        _warn(notes)
    return found, [each[1] == FROM_ARCHIVE for each in dirs]


def _warn(notes):
    """Say, once a process, that a cache was passed over.  Never raises."""
    global _warned
    if _warned:
        return
    for kind, directory, _, _, reason in notes:
        if kind in PASSED_OVER:
            break
    else:
        return
    _warned = True
    try:
        import warnings

        warnings.warn(
            f"the cache of {directory!r} {reason}: it is read live; "
            "run: epcache refresh",
            StaleCacheWarning,
            stacklevel=_depth(),
        )
    except Exception:
        pass  # turned into an exception, or nowhere to go


def _depth():
    """The stacklevel at which _warn() was called from outside of the package."""
    depth = 1
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == "epcache":
        frame = frame.f_back
        depth += 1
    return depth
