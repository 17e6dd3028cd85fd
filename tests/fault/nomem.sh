#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# nomem.sh - each allocation of each command fails, once or from there on: it says so
# and ends with status 1, or does all that it does otherwise; and it leaves no cache
# file that is not whole; see rig.bash.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/fault/rig.bash

# run POINT COMMAND [ARG...] - run it without memory there, and say what came of it.
run() {
	: >"$WORK/count"
	timeout 20 env NOMEM="$1" NOMEM_COUNT="$WORK/count" LD_PRELOAD="$AIDS/nomem.so" \
		"$EPCACHE" "$2" --cache-dir "$CACHE" "${@:3}" >"$WORK/said.out" 2>"$WORK/said"
	status=$?
	read -r -a counted < <(od -An -tu4 "$WORK/count")
}

# complaint POINT - is the answer neither right nor refused?  Into $why.
complaint() {
	why=
	if [ "${counted[2]-0}" -eq 0 ]; then
		why='was not reached'
	elif [ "$status" -eq 1 ]; then
		# A message takes memory; without any, the status has to do.
		[ -s "$WORK/said" ] || [[ $1 = *+ ]] || why='it said nothing'
		[ -s "$WORK/said" ] || came_to silent
	elif [ "$status" -ne "$expected" ]; then
		why="status $status: $(tail -n 1 "$WORK/said")"
	elif ! cmp -s "$WORK/said.out" "$WORK/expected"; then
		why="status $status, but the output is not the same"
	fi
	[ -z "$why" ]
}

# try SCENARIO POINT COMMAND [ARG...]
try() {
	"$1_prepare"
	run "${@:2}"
	complaint "$2" || fault "allocation $2"
	if [ "$3" != refresh ]; then
		points=$((points + 1))
		came_to "status $status"
		"$1_kept" || { why='the cache folder is another' && fault "allocation $2"; }
		return
	fi
	judge || fault "allocation $2"
	[ "$status" -ne 0 ] || [ "$file" = new ] ||
		{ why="status 0, but the file is $file" && fault "allocation $2"; }
}

# sweep SCENARIO COMMAND [ARG...]
sweep() {
	local process n all more

	"$1_prepare"
	run 0.0 "${@:2}"
	expected=$status
	cp "$WORK/said.out" "$WORK/expected"
	all=("${counted[@]:0:2}")
	for more in '' +; do
		for process in 0 1; do
			for ((n = 1; n <= all[process]; n++)); do
				try "$1" "$process.$n$more" "${@:2}"
			done
		done
		class "no memory ${more:+from there on }in '$2' (${1//_/ })"
	done
}

# --- what a command finds ------------------------------------------------------------

# put FILE - as the cache file.  One that is there stays as it is: what readers do with a
# file depends on whether its stamps are old enough to be settled.
put() {
	cmp -s "$1" "$CACHE/$NAME" && return
	cp "$1" "$CACHE/$NAME"
	touch -d 2001-01-01 "$CACHE/$NAME"
	sleep 0.05
}

fresh_file_prepare() {
	rm -f "$CACHE"/.tmp-* "$CACHE/$GONE_NAME"
	put "$WORK/new"
}

fresh_file_kept() {
	cmp -s "$CACHE/$NAME" "$WORK/new"
}

stale_file_prepare() {
	rm -f "$CACHE"/.tmp-* "$CACHE/$GONE_NAME"
	put "$WORK/old"
}

stale_file_kept() {
	cmp -s "$CACHE/$NAME" "$WORK/old"
}

leftovers_prepare() {
	fresh_file_prepare
	: >"$CACHE/$LEFTOVER"
	cp "$WORK/gone" "$CACHE/$GONE_NAME"
}

# What is to be removed may be there only when that is said.
leftovers_kept() {
	fresh_file_kept || return
	[ "$status" -ne 0 ] || [[ ! -e $CACHE/$LEFTOVER && ! -e $CACHE/$GONE_NAME ]]
}

make_gone() {
	mkdir "$WORK/gone-site"
	epc refresh "$WORK/gone-site"
	GONE_NAME=$(cd "$CACHE" && echo *gone*.v1)
	mv "$CACHE/$GONE_NAME" "$WORK/gone"
	rmdir "$WORK/gone-site"
}

rig_begin
make_gone
: >"$WORK/count"
NOMEM_COUNT=$WORK/count LD_PRELOAD=$AIDS/nomem.so "$EPCACHE" --version >/dev/null 2>&1
if [ -s "$WORK/count" ]; then
	[ -z "${LONG-}" ] || sweep first refresh "$SITE"
	sweep update refresh "$SITE"
	sweep fresh_file query --all --path "$SITE" --path "$WORK"
	sweep stale_file query --all --path "$SITE" --path "$WORK"
	sweep fresh_file query group two --json --path "$SITE"
	sweep fresh_file status "$SITE"
	sweep stale_file status "$SITE"
	sweep fresh_file verify "$SITE"
	sweep stale_file verify "$SITE"
	sweep fresh_file explain group two --path "$SITE"
	sweep fresh_file dump "$CACHE/$NAME"
	sweep leftovers clean
else
	skip 'no memory' 'needs glibc'
fi
rig_end
