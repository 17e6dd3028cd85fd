# SPDX-License-Identifier: LGPL-2.1-or-later
"""Is a process that was just started, of an interpreter, answered from caches?

It counts what Python itself opens and lists below a folder, by an audit hook, so it says
what the activation does for real, whatever that claims.
"""
import json
import os
import subprocess
import sys

NUMBER = 5  # distributions
EPCACHE = os.environ["EPCACHE"]
CODE = """
import json, os, sys
site, how = sys.argv[1:]
seen = []
def hook(event, args):
    if event in ("open", "os.listdir", "os.scandir") and str(args[0]).startswith(site):
        seen.append(str(args[0]))
if how == "backport":
    import importlib_metadata as metadata
else:
    import importlib.metadata as metadata
import email.parser, zipfile
sys.addaudithook(hook)
whole = sorted((p.name, p.value, p.group) for p in metadata.entry_points(group="started"))
pieces = sorted(p.value for d in metadata.distributions() for p in d.entry_points
                if p.group == "started")
print(json.dumps([whole, pieces, seen]))
"""


def fill(site):
    """Put distributions into a folder, which a start of an interpreter has on sys.path."""
    for number in range(NUMBER):
        folder = os.path.join(site, f"started{number}-1.dist-info")
        os.mkdir(folder)
        with open(os.path.join(folder, "entry_points.txt"), "w") as file:
            file.write(f"[started]\nname{number} = m:x{number}\n")


def ask(exe, site, environment, how):
    found = subprocess.run([exe, "-B", "-c", CODE, site, how], cwd="/", env=environment,
                           stdout=subprocess.PIPE, text=True, check=True).stdout
    return json.loads(found)


def why_not(exe, site, environment=os.environ, how="standard"):
    """"" where the answer is right and came from caches; else what there was instead."""
    subprocess.run([EPCACHE, "refresh", "--quiet", site], check=True)
    whole, pieces, seen = ask(exe, site, environment, how)
    values = [f"m:x{number}" for number in range(NUMBER)]
    if [value for _, value, _ in whole] != values or pieces != values:
        return f"answered {whole} and {pieces}"
    if seen:
        return f"opened or listed {seen}"
    plain = ask(exe, site, {**environment, "EPCACHE_AUTOLOAD": "0"}, how)
    if plain[:2] != [whole, pieces] or len(plain[2]) <= NUMBER:
        return f"plain it answered {plain}"
    return ""


if __name__ == "__main__":
    print(why_not(*sys.argv[1:3]) or "served")
