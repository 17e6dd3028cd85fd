# SPDX-License-Identifier: LGPL-2.1-or-later
"""python3 -m epcache - have unmodified programs of this Python answered from the caches.

enable writes two files into a folder of the user's, of a virtual environment, or of
/usr/local; disable removes them; status says where they are.
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
SUFFIXES = (".pth", ".start")
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


def write(folder, suffix):
    """Put one of the files in place, whole or not at all."""
    with open(os.path.join(HERE, NAME + suffix), encoding="ascii") as file:
        text = file.read()
    descriptor, path = tempfile.mkstemp(dir=folder, prefix="." + NAME)
    try:
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            os.fchmod(file.fileno(), 0o644)
        os.replace(path, os.path.join(folder, NAME + suffix))
    except BaseException:
        os.unlink(path)
        raise


def remove(folder):
    """Remove the files; returns whether there were any."""
    found = False
    for suffix in SUFFIXES:
        try:
            os.unlink(os.path.join(folder, NAME + suffix))
            found = True
        except FileNotFoundError:
            pass
    return found


def is_enabled(folder):
    return os.path.exists(os.path.join(folder, NAME + ".pth"))


def is_armed():
    """Does a new interpreter have the hook, and find what that imports?"""
    code = (
        "import sys\n"
        "names = [getattr(finder, '__name__', '') for finder in sys.meta_path]\n"
        "try:\n"
        "    import epcache._arm\n"
        "except ImportError:\n"
        "    sys.exit(1)\n"
        "sys.exit('EpcacheAutoload' not in names and 'Finder' not in names)"
    )
    return subprocess.run([sys.executable, "-c", code], cwd="/").returncode == 0


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
    for suffix in SUFFIXES:
        write(folder, suffix)
    if not is_armed():
        remove(folder)
        for path in made:
            with contextlib.suppress(OSError):  # somebody has put something there
                os.rmdir(path)
        raise Refused(f"{sys.executable} does not find the package epcache when it starts;"
                      " install it where that looks")

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
    return DONE if enabled else NOT_FOUND


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
