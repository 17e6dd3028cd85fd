# SPDX-License-Identifier: LGPL-2.1-or-later
"""answers.py - are epcache's answers those of importlib.metadata, in this interpreter?

By the tool, which asks this interpreter for its sys.path, and by `import epcache`, where
that is installed for it.  Says how many entry points were compared.
"""

import importlib.metadata
import json
import subprocess
import sys


def by_tool():
    told = subprocess.run(
        ["epcache", "query", "--all", "--json", "--python", sys.executable],
        stdout=subprocess.PIPE, check=True)
    groups = {}
    for entry in json.loads(told.stdout):
        groups.setdefault(entry["group"], []).append((entry["name"], entry["value"]))
    return groups


def by_functions(entry_points, groups):
    return {group: [(entry.name, entry.value) for entry in entry_points(group=group)]
            for group in groups}


def main():
    if "epcache-autoload" in sys.modules or "epcache" in sys.modules:
        sys.exit("this interpreter is activated: it cannot tell what the original says")
    wanted = by_functions(importlib.metadata.entry_points, {
        entry.group for dist in importlib.metadata.distributions()
        for entry in dist.entry_points})
    wanted = {group: entries for group, entries in wanted.items() if entries}
    if by_tool() != wanted:
        sys.exit(f"{sys.executable}: the tool says {by_tool()} instead of {wanted}")
    try:
        import epcache
    except ImportError:
        print(f"{sys.executable}: no epcache to import")
    else:
        if by_functions(epcache.entry_points, wanted) != wanted:
            sys.exit(f"{sys.executable}: epcache differs from {wanted}")
    print(f"{sys.executable}: {sum(map(len, wanted.values()))} entry points")


main()
