# SPDX-License-Identifier: LGPL-2.1-or-later
"""python3 -m epcache - have unmodified programs of this Python answered from the caches.

enable writes a file into a folder of the user's, of a virtual environment, or of
/usr/local; disable removes it; status says where it is, and what a start of this Python
really does.
"""
import argparse
import contextlib
import os
import shutil
import site
import subprocess
import sys
import sysconfig
import tempfile

NAME = "epcache-autoload"
# Up to 3.17 Python runs what a .pth file imports.  A .start file would take its place from
# 3.15 on: it costs each start ten times as much, and is an error once the package is gone.
SUFFIX = ".pth"
HERE = os.path.dirname(os.path.abspath(__file__))
DONE, FAILED, NOT_FOUND = 0, 1, 3


class Refused(Exception):
    """What cannot be done, and what to do instead."""


def in_venv():
    return sys.prefix != sys.base_prefix


def venv_folder():
    if not in_venv():
        raise Refused(f"{sys.executable} is not of a virtual environment; run the environment's"
                      " own python3 -m epcache enable --venv")
    return sysconfig.get_path("purelib")


def user_folder():
    if not site.ENABLE_USER_SITE:
        raise Refused("this Python does not look into the user's own folder (-s, -I,"
                      " PYTHONNOUSERSITE, or a virtual environment); enable --venv or --local")
    return site.getusersitepackages()


def local_folder():
    if in_venv():
        raise Refused("this is the Python of a virtual environment; enable --venv, or run the"
                      " system's python3 -m epcache enable --local")
    folders = site.getsitepackages()
    local = [folder for folder in folders if is_below(folder, "/usr/local")]
    return (local or folders)[0]


FOLDERS = {"user": user_folder, "venv": venv_folder, "local": local_folder}


def is_below(path, top):
    path = os.path.realpath(path)
    return os.path.commonpath([path, os.path.realpath(top)]) == os.path.realpath(top)


def refuse_if_managed(folder):
    """Stay out of what a package manager owns."""
    if is_below(folder, "/usr/local") or is_below(folder, site.getuserbase()):
        return

    marker = os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")
    if is_below(folder, "/usr") or (not in_venv() and os.path.exists(marker)):
        raise Refused(f"{folder} belongs to a package manager; install its package"
                      " python3-epcache-autoload, or enable --user or --venv")


def make(folder):
    """Make a folder and those above it; returns the paths of those made, deepest first."""
    made = []
    path = folder
    while not os.path.isdir(path):
        made.append(path)
        path = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    return made


def write(folder):
    """Put the file in place, whole or not at all."""
    with open(os.path.join(HERE, NAME + SUFFIX), encoding="ascii") as file:
        text = file.read()
    descriptor, path = tempfile.mkstemp(dir=folder, prefix="." + NAME)
    try:
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            os.fchmod(file.fileno(), 0o644)
        os.replace(path, os.path.join(folder, NAME + SUFFIX))
    except BaseException:
        os.unlink(path)
        raise


def remove(folder):
    """Remove the file; returns whether it was there."""
    try:
        os.unlink(os.path.join(folder, NAME + SUFFIX))
    except FileNotFoundError:
        return False
    return True


def is_enabled(folder):
    return os.path.exists(os.path.join(folder, NAME + SUFFIX))


# What a start has come to, once it has imported the module.
OUTCOME = """
import importlib.metadata, sys
arm = sys.modules.get("epcache._arm")
if hasattr(importlib.metadata.entry_points, "__wrapped__"):
    print("served")
elif arm is None:
    print("it does not find the package epcache when it starts")
else:
    print(arm.why.get("importlib.metadata", "another program has replaced it"))
"""


def outcome(**environment):
    """Start this Python: None where it is served, else why it is not."""
    started = subprocess.run([sys.executable, "-c", OUTCOME], cwd="/", text=True,
                             stdout=subprocess.PIPE, env={**os.environ, **environment})
    said = started.stdout.strip() or f"it ends with status {started.returncode}"
    return None if said == "served" else said


def refresh(folder):
    """Writing has changed the folder: what the cache has of it is of no use any more."""
    program = shutil.which("epcache")
    if program is None:
        print("epcache: the program is not installed, so that nothing keeps the caches up"
              " to date", file=sys.stderr)
    else:
        subprocess.run([program, "refresh", "--quiet", folder])


def enable(level):
    folder = FOLDERS[level]()
    refuse_if_managed(folder)
    made = make(folder)
    write(folder)
    why_not = outcome(EPCACHE="", EPCACHE_AUTOLOAD="")
    if why_not:
        remove(folder)
        for path in made:
            with contextlib.suppress(OSError):  # somebody has put something there
                os.rmdir(path)
        raise Refused(f"{sys.executable} would not be answered from caches: {why_not}")

    refresh(folder)
    print(f"enabled in {folder}")
    return DONE


def disable(level):
    folder = FOLDERS[level]()
    refuse_if_managed(folder)
    if not remove(folder):
        print(f"epcache: not enabled in {folder}", file=sys.stderr)
        return NOT_FOUND

    refresh(folder)
    print(f"disabled in {folder}")
    return DONE


def looked_into():
    """Each folder whose .pth files this Python reads, once."""
    folders = list(site.getsitepackages())
    if site.ENABLE_USER_SITE:
        folders.append(site.getusersitepackages())
    return dict.fromkeys(folders)


def status(level):
    folders = [FOLDERS[level]()] if level else looked_into()
    enabled = [folder for folder in folders if is_enabled(folder)]
    for folder in folders:
        print("enabled " if folder in enabled else "disabled", folder)
    if not enabled:
        return NOT_FOUND

    why_not = outcome()
    print(f"a start of {sys.executable}", f"is not served: {why_not}" if why_not else "is served")
    return FAILED if why_not else DONE


def usual_level():
    if in_venv():
        return "venv"
    return "local" if os.geteuid() == 0 else "user"


def parse(args):
    parser = argparse.ArgumentParser(
        prog="python3 -m epcache", description="Have unmodified programs of this Python answered"
        " from epcache's caches.  EPCACHE_AUTOLOAD=0 turns that off for a program.")
    parser.add_argument("command", choices=["enable", "disable", "status"])
    where = parser.add_mutually_exclusive_group()
    for level, text in (("user", "the user's own folder"), ("venv", "this virtual environment"),
                        ("local", "the machine's own folder, below /usr/local")):
        where.add_argument("--" + level, dest="level", action="store_const", const=level,
                           help=text)
    return parser.parse_args(args)


def main(args=None):
    given = parse(args)
    try:
        if given.command == "status":
            return status(given.level)
        return {"enable": enable, "disable": disable}[given.command](given.level or usual_level())
    except (Refused, OSError) as error:
        print(f"epcache: {error}", file=sys.stderr)
        return FAILED


if __name__ == "__main__":
    sys.exit(main())
