# SPDX-License-Identifier: LGPL-2.1-or-later
"""An action for epcache: how many entry points each group has.

To be registered, by root, as /etc/epcache/actions.d/70-groups.action:

    Description=How many entry points each group has
    Exec=/usr/bin/python3 -IB /usr/libexec/groups.py
"""

import collections
import json
import sys

change = json.load(sys.stdin)
if change["api"] != 1:
    sys.exit(f"groups: API {change['api']} is not known here")

groups = collections.Counter(
    entry["group"]
    for directory in change["directories"]
    for distribution in directory["distributions"]
    for entry in distribution["entry_points"]
)
for group, number in sorted(groups.items()):
    # Names may hold what is not UTF-8, as surrogates.
    print(group.encode(errors="backslashreplace").decode(), number, sep="\t")
