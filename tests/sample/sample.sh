#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# sample.sh FOLDER TOOL - make directories with a few dozen distributions in FOLDER, and
# show what TOOL does with them; each command as one would type it there.
set -euo pipefail
export LC_ALL=C
umask 022
distributions=$(cd "$(dirname "$0")" && pwd)/distributions
tool=$(realpath "$2")

# others_enter DIR - may they?  Root's refresh reads as a user who is nobody special.
others_enter() {
	local dir=$1

	while [[ $(stat -c %A "$dir") == *[xt] ]]; do
		[ "$dir" != / ] || return 0
		dir=$(dirname "$dir")
	done
	return 1
}

where=$1
rm -rf "$where"
mkdir -p "$where"
if [ "$EUID" -eq 0 ] && ! others_enter "$(realpath "$where")"; then
	where=$(mktemp -d "${TMPDIR:-/tmp}/epcache-sample-XXXXXX")
	trap 'rm -rf "$where"' EXIT
	chmod 755 "$where"
fi
cd "$where"
mkdir site local src
ln -s "$tool" epcache

# text ENTRY... - GROUP:NAME=VALUE each, as entry_points.txt has it.
text() {
	local entry group

	for entry; do
		group=${entry%%:*}
		entry=${entry#*:}
		printf '[%s]\n%s\n\n' "$group" "${entry//+/ }"
	done
}

while read -r dir name entries; do
	[[ $dir != '' && $dir != '#' ]] || continue
	mkdir "$dir/$name.dist-info"
	# shellcheck disable=SC2086 # words
	[ -z "$entries" ] || text $entries >"$dir/$name.dist-info/entry_points.txt"
done <"$distributions"

# Installed by pip install --editable: its folder leads to its source.
mkdir site/mine-0.1.dist-info
text flake8.extension:M=mine:Checker >site/mine-0.1.dist-info/entry_points.txt
realpath src >site/__editable__.mine-0.1.pth

# Made by hand, and not well.
mkdir site/broken-1.dist-info
printf '[flake8.extension]\nX broken\n' >site/broken-1.dist-info/entry_points.txt

# shell COMMAND [STATUS] - type it; it ends with that status.
shell() {
	local status=0

	printf '$ %s\n' "$1"
	bash -c "$1" 2>&1 || status=$?
	[ "$status" -eq "${2-0}" ] || {
		echo "sample.sh: status $status instead of ${2-0}" >&2
		exit 1
	}
}

paths='--cache-dir=cache --path=local --path=site'
echo "$(find local site -name '*.dist-info' | wc -l) distributions in $where:"
printf '$ cd %s\n' "$where"
shell './epcache refresh --verbose --cache-dir=cache local site'
shell "./epcache query flake8.extension $paths" 4
shell "./epcache query --quiet babel.extractors $paths" 4
shell 'sed -i s/bugbear:/bugbear8:/ site/flake8_bugbear-*/entry_points.txt'
shell './epcache status --cache-dir=cache local site' 3
shell "./epcache explain --quiet flake8.extension B $paths" 4
shell './epcache refresh --verbose --cache-dir=cache local site'
shell './epcache verify --cache-dir=cache local site'
