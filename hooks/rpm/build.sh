#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# build.sh FOLDER [OPTION]... - make the packages of the tree as it is, in FOLDER.
#
# RPMBUILD is the command, "rpmbuild" by default; options are for it.  What it prints is
# in FOLDER/log, and the end of that shown when it fails; else the names of the packages.
set -euo pipefail
cd "$(dirname "$0")/../.."

[ $# -gt 0 ] || { echo 'usage: build.sh FOLDER [OPTION]...' >&2; exit 2; }
mkdir -p "$1"
top=$(cd "$1" && pwd)
shift
read -ra build <<<"${RPMBUILD:-rpmbuild}"
spec=hooks/rpm/epcache.spec
name=epcache-$(sed -n 's/^Version: *//p' "$spec")

# The variables of the make that ran this one are not for the one of the recipe.
unset MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES CC CXX CFLAGS LONG JOBS BATS FUZZ_TIME

# sources - what is in the tree: all that git does not ignore, or that was unpacked.
sources() {
	if [ -e .git ]; then
		git ls-files -z --cached --others --exclude-standard
	else
		find . -path ./build -prune -o -name __pycache__ -prune -o -type f -print0 -o \
			-type l -print0
	fi | while IFS= read -rd '' file; do
		# What git knows may be gone.
		[ ! -e "$file" ] && [ ! -L "$file" ] || printf '%s\0' "$file"
	done | LC_ALL=C sort -z
}

# On a system of another family rpm knows none of what is installed: it has no database,
# which asking would make, or an empty one, of somebody who asked.
db=$(rpm -E '%{_dbpath}')
if ! compgen -G "$db/*" >/dev/null || ! rpm -qf "$(command -v rpm)" >/dev/null 2>&1; then
	echo 'rpm does not know what is installed here: building without BuildRequires'
	build+=(--nodeps --define "_dbpath $top/db")
fi

rm -rf "$top"/{BUILD,BUILDROOT,RPMS,SRPMS,db}
mkdir -p "$top/SOURCES"
sources | tar -czf "$top/SOURCES/$name.tar.gz" --null --no-recursion -T - \
	--owner=root:0 --group=root:0 --transform="s,^\(\./\)\?,$name/,S"

"${build[@]}" -ba --define "_topdir $top" "$@" "$spec" >"$top/log" 2>&1 || {
	tail -n 40 "$top/log"
	exit 1
}
# A trigger that it does not understand is left out, and the package made nevertheless.
if grep '^error:' "$top/log"; then
	exit 1
fi
sed -n 's/^Wrote: //p' "$top/log"
