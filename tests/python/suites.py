# SPDX-License-Identifier: LGPL-2.1-or-later
"""CPython's own tests of importlib.metadata, unmodified, without and with activation.

As TAP, for each interpreter found that has its tests.  EPCACHE names the tool; the
package epcache and the library are beside it.  To be run by reader/apart.sh.
"""
import os
import re
import subprocess
import sys
import tempfile

import oracle
import started

BUILD = os.path.dirname(os.environ["EPCACHE"])
HERE = os.path.dirname(os.path.abspath(__file__))
LIBRARY = os.path.join(BUILD, "libepcache.so")
AUTOLOAD = os.path.join(HERE, "../../core/python/epcache/epcache-autoload.pth")
# One of each pair is there, by version.
MODULES = [("test.test_importlib.metadata.test_api", "test.test_importlib.test_metadata_api"),
           ("test.test_importlib.metadata.test_main", "test.test_importlib.test_main"),
           ("test.test_importlib.metadata.test_zip", "test.test_importlib.test_zip")]
FIND = """
import importlib.util
def is_there(name):
    try:
        return importlib.util.find_spec(name) is not None
    except ImportError:
        return False
for names in %r:
    print(*[name for name in names if is_there(name)][:1])
"""
CLEAN = {name: value for name, value in os.environ.items()
         if name == "EPCACHE_DIR" or not name.startswith(("PYTHON", "EPCACHE"))}
number = 0
failed = 0


def result(passed, title, output=""):
    global number, failed
    number += 1
    failed += not passed
    print("ok" if passed else "not ok", number, "-", title, flush=True)
    if not passed:
        print(*(f"# {line}" for line in output.splitlines()), sep="\n")


class Environment:
    """A virtual environment in a folder, of an interpreter."""

    def __init__(self, exe, folder):
        os.makedirs(folder, exist_ok=True)
        os.chmod(folder, 0o755)  # or nobody else may read what is to be cached
        subprocess.run([exe, "-I", "-m", "venv", "--without-pip", folder], check=True)
        self.exe = os.path.join(folder, "bin/python")
        self.site = subprocess.check_output(
            [self.exe, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            text=True).strip()

    def activate(self):
        with open(AUTOLOAD) as source, open(self.site + "/a.pth", "w") as target:
            target.write(f"{BUILD}/python\n{source.read()}")

    def run(self, *args):
        """What it prints, both streams; the tests' number and outcome; is it a success?"""
        done = subprocess.run([self.exe, *args], cwd="/", env=CLEAN, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        count = re.search(r"^Ran (\d+) tests? ", done.stdout, re.M)
        outcome = re.search(r"^OK.*$", done.stdout, re.M)
        return (done.stdout, (count and count[1], outcome and outcome[0]),
                done.returncode == 0 and bool(count and outcome))


def started_why_not(exe, folder):
    """Why a start of this interpreter is not answered from caches; "" where it is."""
    env = Environment(exe, folder)
    env.activate()
    started.fill(env.site)
    return started.why_not(env.exe, env.site, CLEAN)


def try_refreshing(env, title, how, modules, wanted, needed):
    output, outcome, passed = env.run(os.path.join(HERE, "refreshing.py"), LIBRARY, how, *modules)
    hits = dict(re.findall(r"(listings|entries|questions) (\d+)", output))
    was_hit = all(int(hits.get(each, 0)) > 0 for each in needed)
    result(passed and outcome == wanted and was_hit,
           f"{title}, {how}, from fresh caches: {', '.join(needed)}", output)


def try_interpreter(exe, version, modules, folder):
    env = Environment(exe, folder)
    title = f"{version}'s own tests"
    output, plain, passed = env.run("-m", "unittest", *modules)
    result(passed, f"{title}: {plain[0]}", output)

    env.activate()
    output, outcome, passed = env.run("-m", "unittest", *modules)
    result(passed and outcome == plain, f"{title}, activated: the same", output)
    if os.environ.get("APART") == "0":
        result(True, f"{title}, from fresh caches # SKIP no caches apart from the system's")
        return
    why = started_why_not(exe, folder + "/started")
    result(not why, f"{version}, started afresh, answers from caches", why)
    try_refreshing(env, title, "whole", modules, plain, ["listings", "questions"])
    try_refreshing(env, title, "pieces", modules, plain, ["listings", "entries"])


def main():
    for exe in oracle.interpreters():
        version = subprocess.check_output(
            [exe, "-I", "-c", "import platform; print(platform.python_version())"],
            text=True).strip()
        found = subprocess.check_output([exe, "-I", "-c", FIND % MODULES], text=True, cwd="/")
        if len(found.split()) < len(MODULES):
            print(f"# {exe} has no tests")
            continue
        with tempfile.TemporaryDirectory() as folder:
            try_interpreter(exe, version, found.split(), folder)

    if number == 0:
        result(False, "an interpreter with its tests is installed")
    print(f"1..{number}")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
