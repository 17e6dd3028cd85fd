#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# coverage.sh DIR - what of each source file the tests have run, by gcov(1).
#
# DIR is a build with --coverage in which they have.  What runs in a sandbox cannot write
# down what it ran: workers, and commands from where they read live on, are not counted.
set -eu
cd "$(dirname "$0")/.."

# row FILE - its lines and branches, from what gcov says of it alone.
row() {
	local object=$1/${2%.c}

	[ -e "$object.gcda" ] || { printf '%-28s %12s\n' "$2" 'not run'; return; }
	(cd "$1" && gcov -b -n -s "$OLDPWD" -o "$object" "$OLDPWD/$2" 2>/dev/null) |
		awk -v file="$2" '
			/^File/ { ours = index($0, file) > 0 }
			ours && /^Lines executed/ { split($2, l, ":") }
			ours && /^Taken at least/ { split($4, b, ":") }
			END { printf "%-28s %12s %12s\n", file, l[2], b[2] }'
}

dir=$(cd "$1" && pwd)
printf '%-28s %12s %12s\n' FILE LINES BRANCHES
for file in core/lib/*.c core/cli/*.c; do
	row "$dir" "$file"
done
