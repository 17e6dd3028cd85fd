#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# build.sh FOLDER [OPTION]... - make the packages of the tree as it is, in FOLDER.
#
# MAKEPKG is the command, "makepkg" by default; options are for it.  What it prints is
# in FOLDER/log, and the end of that shown when it fails; else the names of the packages.
set -euo pipefail
cd "$(dirname "$0")/../.."

[ $# -gt 0 ] || { echo 'usage: build.sh FOLDER [OPTION]...' >&2; exit 2; }
mkdir -p "$1"
top=$(cd "$1" && pwd)
shift
version=$(sed -n 's/^pkgver=//p' hooks/pacman/PKGBUILD)
work=$(mktemp -d "${TMPDIR:-/tmp}/epcache-pacman-XXXXXX")
trap 'rm -rf "$work"' EXIT

tar -czf "$work/epcache-$version.tar.gz" --exclude=./build --exclude=./.git \
	--exclude=__pycache__ --transform="s,^\.,epcache-$version,rSh" .
cp hooks/pacman/{PKGBUILD,epcache.install} "$work"

# Nothing of the make that ran this one is for the one in PKGBUILD, but how many jobs.
# What a configuration of makepkg says of the rest goes before.
build=(env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	HOME="$work" LC_ALL=C.UTF-8 PKGDEST="$work/packages"
	PKGEXT=.pkg.tar.zst MAKEFLAGS="-j${JOBS:-2}" CFLAGS='-O2 -g')
mkdir "$work/packages"

# It refuses to be root.
if [ "$EUID" -eq 0 ]; then
	chown -R nobody: "$work"
	build=(setpriv --reuid "$(id -u nobody)" --regid "$(id -g nobody)" --clear-groups
		"${build[@]}")
fi

read -ra makepkg <<<"${MAKEPKG:-makepkg}"
build+=("${makepkg[@]}" --force --nosign --noconfirm --noprogressbar)
# On a system of another family pacman's database knows none of what is installed.
[ -e /var/lib/pacman/local/ALPM_DB_VERSION ] || build+=(--nodeps)

(cd "$work" && "${build[@]}" "$@") >"$top/log" 2>&1 </dev/null || {
	tail -n 40 "$top/log"
	exit 1
}
rm -f "$top"/*.pkg.tar.zst
cp "$work"/packages/*.pkg.tar.zst "$top"
find "$top" -name '*.pkg.tar.zst' | LC_ALL=C sort
