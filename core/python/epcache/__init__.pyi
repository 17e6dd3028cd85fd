# SPDX-License-Identifier: LGPL-2.1-or-later
import os
from typing import Any, Iterator

from ._points import Distribution as Distribution
from ._points import EntryPoint as EntryPoint
from ._points import EntryPoints as EntryPoints
from ._reader import StaleCacheWarning as StaleCacheWarning
from ._status import Status as _Status

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

__version__: str

class NoSuchEntryPoint(LookupError):
    group: str
    name: str
    def __init__(self, group: str, name: str) -> None: ...

def entry_points(**select: Any) -> EntryPoints: ...
def distributions(**context: Any) -> Iterator[Distribution]: ...
def get_group_all(group: str, path: list[str] | None = None) -> list[EntryPoint]: ...
def get_group_named(group: str, path: list[str] | None = None) -> dict[str, EntryPoint]: ...
def get_single(group: str, name: str, path: list[str] | None = None) -> EntryPoint: ...
def status(path: list[str] | None = None) -> list[_Status]: ...
def refresh(*directories: str | os.PathLike[str]) -> int: ...

def _is_possible() -> bool: ...
def _is_tested() -> bool: ...
