# SPDX-License-Identifier: LGPL-2.1-or-later
"""What importlib.metadata answers, asked of any CPython from 3.10 on.

As a program: reads one JSON question a line (Oracle.ask() says what is in it;
bytes written as surrogateescape has them), answers each with one line: null where
importlib.metadata raises, else the entry points in order, as
[group, name, value, metadata folder].  As a module: Oracle runs that program.
"""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def answer(paths, cwd, select):
    import importlib.metadata as metadata
    import importlib.metadata._adapters  # 3.13 imports it late, from the sys.path below
    import zipfile  # likewise

    assert zipfile and importlib
    metadata.FastPath.__new__.cache_clear()
    os.chdir(os.fsencode(cwd))
    saved, sys.path = sys.path, paths
    try:
        found = metadata.entry_points(**select)
        if hasattr(found, "values"):  # 3.10 and 3.11: by group, each in order
            found = [e for group in sorted(found) for e in found[group]]
        return [[e.group, e.name, e.value, str(e.dist._path)] for e in found]
    except Exception:  # which one differs between versions; that it raises does not
        return None
    finally:
        sys.path = saved


def main():
    import warnings

    warnings.simplefilter("ignore")
    for line in sys.stdin:
        print(json.dumps(answer(**json.loads(line))), flush=True)


def as_user(uid):
    """Arguments of subprocess's functions to run something as a user; None: as oneself."""
    return {} if uid is None else {"user": uid, "group": uid, "extra_groups": []}


class Oracle:
    """One interpreter, kept running, as user @uid where one is given."""

    def __init__(self, exe, uid=None):
        self.exe = exe
        out = subprocess.check_output(
            [exe, "-I", "-c", "import sys; print(*sys.version_info[:3])"], text=True)
        self.version = tuple(map(int, out.split()))
        self.by_group = self.version < (3, 12)
        self.process = subprocess.Popen(
            [exe, "-I", os.path.join(HERE, "oracle.py")], cwd="/", stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, encoding="ascii", **as_user(uid))

    def ask(self, paths, cwd="/", **select):
        """Put a question: these str as sys.path; @select: group= and name= of entry_points()."""
        question = {"paths": paths, "cwd": cwd, "select": select}
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()

    def hear(self):
        """The answer to the question put last."""
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def ask_exe(exe, code, uid):
    """The words that an interpreter prints; None where it is no working CPython 3.10."""
    try:
        return subprocess.check_output(
            [exe, "-I", "-c", code], text=True, cwd="/", stderr=subprocess.DEVNULL,
            timeout=20, **as_user(uid)).split()
    except (subprocess.SubprocessError, OSError):
        return None


def interpreters(uid=None):
    """Debian's own python3, and one of every other minor version from 3.10 on that @uid can run."""
    import glob

    found = {}
    patterns = ["/usr/bin/python3", "/usr/bin/python3.[0-9]*", "/usr/local/bin/python3.[0-9]*",
                os.path.expanduser("~root/.pyenv/versions/*/bin/python3.[0-9]*"),
                os.path.expanduser("~/.pyenv/versions/*/bin/python3.[0-9]*"),
                "/opt/python*/bin/python3.[0-9]*"]
    if os.environ.get("EPCACHE_PYTHONS"):
        patterns = os.environ["EPCACHE_PYTHONS"].split(":")
    for pattern in patterns:
        for exe in sorted(glob.glob(pattern)):
            if not os.access(exe, os.X_OK) or exe.endswith("-config"):
                continue
            out = ask_exe(exe, "import sys, importlib.metadata;"
                          "print(*sys.version_info[:2], sys.implementation.name)", uid)
            if out is None:
                continue
            version = (int(out[0]), int(out[1]))
            if version >= (3, 10) and out[2] == "cpython":
                found.setdefault(version, exe)
    return [found[v] for v in sorted(found)]


def packages_folders():
    """Every dist-packages and site-packages of the interpreters, where it is there."""
    code = ("import os, site; print(*(p for p in site.getsitepackages()"
            " if os.path.isdir(p)), sep='\\n')")
    found = {}
    for exe in interpreters():
        found.update(dict.fromkeys(ask_exe(exe, code, None) or ()))
    return list(found)


if __name__ == "__main__":
    main()
