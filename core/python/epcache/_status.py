# SPDX-License-Identifier: LGPL-2.1-or-later
"""How entries of sys.path are answered for, and the program that refreshes caches."""
import sys

from . import _reader

SOURCES = ("nothing", "cache", "live", "archive")


class Status:
    """How one entry of sys.path is answered for.

    .path is the entry.  .source is "cache"; "live", read by epcache itself; "nothing",
    there is no directory; or "importlib", that is asked.  .reason says why no cache was
    used, or is None.  .cache_file is the one used or passed over, or None.
    .distributions and .entry_points are how many.
    """

    def __init__(self, path, source, reason=None, cache_file=None, counts=(0, 0)):
        self.path = path
        self.source = source
        self.reason = reason
        self.cache_file = cache_file
        self.distributions, self.entry_points = counts

    def __repr__(self):
        return f"<Status {self.path!r}: {self.source}>"


def status(path=None):
    path = list(sys.path if path is None else path)
    if _reader.is_off():
        return [Status(entry, "importlib") for entry in path]
    return [_of(entry) for entry in path]


def _of(entry):
    if type(entry) is not str:
        return Status(entry, "importlib")
    try:
        answer = _reader.native.query(
            [entry], None, None, _reader.CHECK_OF_ENVIRONMENT, False)
    except ValueError:  # what no path can be
        return Status(entry, "importlib")
    return _told(entry, answer[2][0])


def _told(entry, told):
    _, source, bypass, why, cache_file, *counts = told
    if source == _reader.FROM_ARCHIVE:
        return Status(entry, "importlib")
    if SOURCES[source] == "live" and bypass == 1:
        why = "there is no cache file"
    return Status(entry, SOURCES[source], why if bypass else None, cache_file, counts)


def refresh(directories):
    import subprocess

    if directories:
        what = ["--", *directories]
    elif sys.prefix != sys.base_prefix:
        what = ["--venv", sys.prefix]
    else:
        what = []
    return subprocess.run(["epcache", "refresh", *what]).returncode
