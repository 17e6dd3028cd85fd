#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# kill.sh - a refresh is killed before each of its system calls, in each of its
# processes: the cache file is old or new, whole, or none; see rig.bash.  Without LONG
# what is done over and over again away from the cache folder is tried twice.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/fault/rig.bash

# kill_at SCENARIO POINT - once more up to there, and no further.
kill_at() {
	local hit status

	"$1_prepare"
	"$AIDS/inject" -a "$2" -k -o "$WORK/hit" "$EPCACHE" refresh --cache-dir "$CACHE" "$SITE" \
		>"$WORK/said" 2>&1
	status=$?
	read -r hit <"$WORK/hit"
	if [ -z "$hit" ]; then
		missed "$2"
	elif [ "${2%%.*}" = 0 ] && [ "$status" -ne 137 ]; then
		why="status $status"
		fault "$hit ($2)"
	elif ! judge; then
		fault "$hit ($2)"
	fi
}

# is_ordinary POINT BY OBJECT - one of many like it, and away from the cache folder:
# without LONG only the first two of them in each process are tried.
is_ordinary() {
	[[ -z ${LONG-} && $3 != *"$CACHE"* && ($2 = ld || ${1##*.} -gt 2) ]]
}

sweep() { # SCENARIO TITLE
	local point by object

	"$1_prepare"
	"$AIDS/inject" -o "$WORK/calls" "$EPCACHE" refresh --cache-dir "$CACHE" "$SITE" || exit 1
	while read -r point by object; do
		is_ordinary "$point" "$by" "$object" || kill_at "$1" "$point"
	done <"$WORK/calls"
	class "killed before each call of $2"
}

rig_begin
if can_inject -k; then
	sweep first 'a first refresh'
	sweep update 'an update'
else
	skip 'killed before each call' 'needs ptrace'
fi
rig_end
