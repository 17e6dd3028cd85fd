# SPDX-License-Identifier: LGPL-2.1-or-later
"""Have importlib.metadata answered from epcache's caches, once it is imported.

A .pth file puts a finder on sys.meta_path at each start of Python, EpcacheAutoload, which
imports this module when one of two names is to be found; so a start that never asks for
them opens no file more.  By then sys.path begins with the folder of the program, so it
looks first whether the epcache found there has this module, without running any of it.
Importing this module puts another finder behind that one, which finds the two.  All else
is in _serve.py, loaded with them.
"""
import os
import sys

from epcache import _is_supported

_NAMES = ("importlib.metadata", "importlib_metadata")


def _serve(module):
    try:
        from epcache import _serve
        _serve.serve(module)
    except Exception:  # whatever it is: the module is then as it always was
        pass


def _watch(loader):
    """Serve the module that this loader, which is of one module, will execute."""
    execute = loader.exec_module

    def exec_module(module):
        vars(loader).pop("exec_module", None)
        execute(module)
        _serve(module)

    # On the instance: the module's loader stays what it is, and of its own type.
    vars(loader)["exec_module"] = exec_module


class Finder:
    """Finds the watched modules as the finders after it do."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in _NAMES:
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


def _is_wanted():
    if os.environ.get("EPCACHE_AUTOLOAD") == "0":
        return False
    if os.environ.get("EPCACHE") in ("0", "live", "verify"):
        return False
    return _is_supported()


def arm():
    """Watch for importlib.metadata, if it is to be served; more than once is once."""
    if Finder in sys.meta_path or not _is_wanted():
        return

    # Behind those of built-in and frozen modules, which are most of what is imported.
    finders = [getattr(finder, "__name__", None) for finder in sys.meta_path]
    at = finders.index("PathFinder") if "PathFinder" in finders else 0
    sys.meta_path.insert(at, Finder)
    for name in _NAMES:
        if name in sys.modules:
            _serve(sys.modules[name])


arm()
