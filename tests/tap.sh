#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# tap.sh COMMAND... - run test programs one after another, as one TAP stream.
# tap.sh -x COMMAND... - each command is one test: it passes when it exits 0 and
# is skipped when it exits 77; what it prints is shown when it fails.
# tap.sh -j N COMMAND... - as the first, N at a time; told in the order given, as they come.
#
# The tests are numbered anew and named for the program they are of.  A program
# that crashed, stopped short of its plan or has none is a failed test more.
set -u

count=0
failed=0
number=0 # of the command
ahead='' # where the outputs are, as they come

# result STATE TEXT - print one test.
result() {
	count=$((count + 1))
	[ "$1" = ok ] || failed=$((failed + 1))
	printf '%s %d - %s\n' "$1" "$count" "$2"
}

# title COMMAND - what to call a command: the last word that has a slash, shortened.
title() {
	local word name=${1%% *}

	for word in $1; do
		[[ $word != */* ]] || name=${word##*/}
	done
	printf '%s' "$name"
}

# output_of COMMAND - what it prints, and its exit status as a last line.
output_of() {
	if [ -n "$ahead" ]; then
		until [ -e "$ahead/$number" ]; do
			sleep 0.1
		done
		cat "$ahead/$number"
	else
		run_and_tell "$1"
	fi
}

run_and_tell() {
	bash -c "$1" 2>&1
	printf '\nexit status %d\n' $?
}

# run_ahead COMMAND... - run them, $jobs at a time, into files.
run_ahead() {
	local cmd n=0

	for cmd; do
		[ "$(jobs -pr | wc -l)" -lt "$jobs" ] || wait -n
		n=$((n + 1))
		{ run_and_tell "$cmd" >"$ahead/$n.part" && mv "$ahead/$n.part" "$ahead/$n"; } &
	done
	wait
}

run_tap() {
	local cmd=$1 name line status='' plan='' seen=0 before=$failed

	name=$(title "$cmd")
	while IFS= read -r line; do
		case $line in
		'ok '*|'not ok '*)
			seen=$((seen + 1))
			[[ $line =~ ^(ok|not\ ok)\ *[0-9]*\ *-?\ *(.*)$ ]]
			result "${BASH_REMATCH[1]}" "$name: ${BASH_REMATCH[2]}" ;;
		'1..'*) plan=${line#1..}; plan=${plan%%[!0-9]*} ;;
		'exit status '*) status=${line##* } ;;
		'') ;;
		*) printf '%s\n' "# ${line#\# }" ;;
		esac
	done < <(output_of "$cmd")

	if [ "$plan" != "$seen" ]; then
		result 'not ok' "$name: $seen tests of ${plan:-no plan}, exit status $status"
	elif [ "$status" != 0 ] && [ "$failed" = "$before" ]; then
		result 'not ok' "$name: exit status $status though no test failed"
	fi
}

run_status() {
	local name out status

	name=$(title "$1")
	out=$(bash -c "$1" 2>&1)
	status=$?
	case $status in
	0) result ok "$name" ;;
	77) result ok "$name # SKIP ${out##*$'\n'}" ;;
	*)
		result 'not ok' "$name"
		printf '%s\n' "${out//$'\n'/$'\n'# }" | sed '1s/^/# /' ;;
	esac
}

run=run_tap
if [ "${1-}" = -x ]; then
	run=run_status
	shift
fi
if [ "${1-}" = -j ]; then
	jobs=$2
	shift 2
	ahead=$(mktemp -d)
	trap 'rm -rf "$ahead"' EXIT
	run_ahead "$@" &
fi
for cmd; do
	number=$((number + 1))
	"$run" "$cmd"
done
echo "1..$count"
[ "$failed" -eq 0 ]
