# SPDX-License-Identifier: LGPL-2.1-or-later
"""Have importlib.metadata answered from epcache's caches, once it is imported.

A .pth file puts a finder on sys.meta_path at each start of Python, EpcacheAutoload, which
imports this module when one of two names is to be found; so a start that never asks for
them opens no file more.  By then sys.path begins with the folder of the program, so it
looks first whether the epcache found there has this module, without running any of it.
Importing this module puts another finder behind that one, which finds the two; the first
passes on what that has found, for the import that is going on asks no finder that comes
later.  All else is in _serve.py, loaded with them.
"""
import os
import sys

from epcache import _is_possible

_NAMES = ("importlib.metadata", "importlib_metadata")


# Why a module is not served, by its name; for status.
why = {}


def _serve(module, is_new):
    try:
        from epcache import _serve
        if not _serve.serve(module, is_new):
            why[module.__name__] = "its rules are not those that caches follow"
    except Exception as error:  # whatever it is: the module is then as it always was
        why[module.__name__] = repr(error)


def _watch(loader):
    """Serve the module that this loader, which is of one module, will execute."""
    execute = loader.exec_module

    def exec_module(module):
        vars(loader).pop("exec_module", None)
        execute(module)
        _serve(module, True)

    # On the instance: the module's loader stays what it is, and of its own type.
    vars(loader)["exec_module"] = exec_module


class Finder:
    """Finds the watched modules as the finders after it do."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        # Of a package's module the path is that of the package.
        if name not in _NAMES or (path is None) != (name == "importlib_metadata"):
            return None

        after = False
        for finder in list(sys.meta_path):
            if finder is Finder:
                after = True
            elif after and hasattr(finder, "find_spec"):
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    if _is_file_loader(spec.loader):
                        _watch(spec.loader)
                    return spec
        return None


def _is_file_loader(loader):
    # One instance a module; a zipimporter, say, is shared by all of its archive.
    external = sys.modules["_frozen_importlib_external"]
    return type(loader) in (external.SourceFileLoader, external.SourcelessFileLoader)


def _refusal():
    """Why this program is not to be served; None: it is."""
    if os.environ.get("EPCACHE_AUTOLOAD") == "0":
        return "EPCACHE_AUTOLOAD is 0"
    if os.environ.get("EPCACHE") in ("0", "live", "verify"):
        return f"EPCACHE is {os.environ['EPCACHE']}"
    return None if _is_possible() else "the extension is not made for this Python"


def arm():
    """Watch for importlib.metadata, if it is to be served; more than once is once."""
    refusal = _refusal()
    if refusal:
        why.update(dict.fromkeys(_NAMES, refusal))
    if refusal or Finder in sys.meta_path:
        return

    # Behind those of built-in and frozen modules, which are most of what is imported.
    finders = [getattr(finder, "__name__", None) for finder in sys.meta_path]
    at = finders.index("PathFinder") if "PathFinder" in finders else 0
    sys.meta_path.insert(at, Finder)
    for name in _NAMES:
        if name in sys.modules:
            _serve(sys.modules[name], False)


arm()
