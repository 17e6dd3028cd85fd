#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# build.sh FOLDER [OPTION]... - make the packages of the tree as it is, in FOLDER.
#
# OPTIONs are for dpkg-buildpackage, DEB_BUILD_OPTIONS as Debian has them: "nocheck" is
# without the tests.  What it prints is in FOLDER/log, and the end of that shown when it
# fails; else the names of the packages.
set -euo pipefail
cd "$(dirname "$0")/../.."

[ $# -gt 0 ] || { echo 'usage: build.sh FOLDER [OPTION]...' >&2; exit 2; }
mkdir -p "$1"
top=$(cd "$1" && pwd)
shift
version=$(dpkg-parsechangelog -l hooks/dpkg/debian/changelog -S Version)
name=epcache-${version%-*}

# The variables of the make that ran this one are not for the one in debian/rules.
unset MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES CC CXX CFLAGS LONG JOBS BATS FUZZ_TIME

rm -rf "${top:?}"/*
mkdir "$top/$name"
tar -cf - --exclude=./build --exclude=./.git --exclude=__pycache__ . |
	tar -C "$top/$name" -xf -
tar -C "$top" -czf "$top/epcache_${version%-*}.orig.tar.gz" --sort=name \
	--owner=root:0 --group=root:0 "$name"
cp -a hooks/dpkg/debian "$top/$name/debian"

# On a system of another family dpkg's database knows none of what is installed.
known=()
dpkg-query -W debhelper >/dev/null 2>&1 || known=(-d)

(cd "$top/$name" && dpkg-buildpackage -us -uc "${known[@]}" "$@") >"$top/log" 2>&1 || {
	tail -n 40 "$top/log"
	exit 1
}
rm -rf "${top:?}/$name"
find "$top" -name '*.deb' -o -name '*.changes' | LC_ALL=C sort
