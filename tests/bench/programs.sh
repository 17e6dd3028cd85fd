#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# programs.sh OUT.json [--quick] - the start-up of programs of Debian's archive, activated
# and not, with none and 600 further distributions: warm, cold, and with latency added to
# each request for their packages.  run.sh calls it; EPCACHE names the tool.  Skips,
# with a reason, where ../python/programs.bash does.
set -eu
cd "$(dirname "$0")/../.."
: "${EPCACHE:?names the tool to measure}"
self=$PWD/tests/bench/programs.sh
. tests/python/packages.bash
. tests/python/programs.bash

out=$(realpath "$1")
rounds=21
[ "${2-}" != --quick ] || rounds=5
few=3 # rounds, for what takes seconds

# The words of each program, a NUL after each; an empty one after the last.
words() {
	for name in "${running[@]}"; do
		program "$name"
		printf '%s\0' "$name" "${command[@]}" ''
	done
}

# measure SITUATION ROUNDS [MS] - into a file of its own.
measure() {
	found+=("$top/found.${#found[@]}")
	words >"$top/words"
	/usr/bin/python3 -B "$tree_top/tests/bench/programs.py" "$@" \
		<"$top/words" >"${found[-1]}"
	cat "${found[-1]}"
}

# slowly - the packages, on a file system whose latency can be set.
slowly() {
	if ! [ -x "${EPCACHE%/*}/tests/bench/slowfs" ] || ! [ -e /dev/fuse ]; then
		echo "programs, latency: not measured: no slowfs, or no /dev/fuse"
		return 0
	fi
	truncate -s 16 "$top/control"
	"${EPCACHE%/*}/tests/bench/slowfs" "$dist_packages" "$top/control" "$dist_packages" &
	slowfs=$!
	for _ in {1..100}; do
		[ "$(stat -f -c %T "$dist_packages")" != fuseblk ] || break
		sleep 0.05
	done
	for _ in 1 2; do # what is not local settles with a second look, seconds later
		"$EPCACHE" refresh --quiet --system
		sleep 4.2
	done
	measure "$distributions, latency" "$few" 0.2
	umount "$dist_packages"
	wait "$slowfs" || :
}

measure_all() {
	in_place
	found=()
	/usr/bin/python3 -c 'import epcache._all, epcache._serve, importlib.metadata'
	running=()
	for name in "${programs[@]}"; do
		program "$name"
		if plainly "${command[@]}" >/dev/null 2>&1 </dev/null; then
			running+=("$name")
		else
			echo "$name: not measured: it does not run here"
		fi
	done
	for more in 0 600; do
		further "$more"
		distributions="$more further"
		measure "$distributions, warm" "$rounds"
		measure "$distributions, cold" "$few" cold
		slowly
	done
	/usr/bin/python3 -c 'import json, sys
json.dump([json.loads(line) for name in sys.argv[1:] for line in open(name)],
          sys.stdout, indent=1)' "${found[@]}" >"$out"
}

if [ -n "${IN_PLACE-}" ]; then
	measure_all
else
	programs_begin
	programs_enter "$self" "$out" "${@:2}"
fi
