# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The progress line of a refresh: on a terminal, of many directories, gone at the end.

# shellcheck disable=SC2016,SC2030,SC2031 # each test is a subshell; bash -c expands

load lib
load tty

setup() {
	local n

	work_begin
	for n in {1..9}; do
		MANY+=("$WORK/d$n")
	done
	mkdir "${MANY[@]}"
	ERASE=$'\r\e[K'
}

teardown() {
	work_end
}

@test "many directories: one line, rewritten for each, erased at the end" {
	tty "$EPCACHE" refresh --cache-dir "$CACHE" "${MANY[@]}"
	[ "$status" -eq 0 ]
	local n want=
	for n in {1..9}; do
		want+="${ERASE}[$n/9] $WORK/d$n$ERASE"
	done
	[ "$output" = "$want" ]
}

@test "what is printed after it begins a line of its own" {
	rmdir d5
	tty NO_COLOR=1 "$EPCACHE" refresh -v --cache-dir "$CACHE" "${MANY[@]}"
	[ "$status" -eq 1 ]
	[[ $output == *"[5/9] $WORK/d5${ERASE}epcache: cannot refresh '$WORK/d5': no such directory
${ERASE}[6/9] "* ]]
	[[ $output == *"[9/9] $WORK/d9${ERASE}DIRECTORY "* ]]
}

@test "few directories, and quick: nothing is shown" {
	local start=${EPOCHREALTIME//[.,]/}

	tty "$EPCACHE" refresh --cache-dir "$CACHE" "${MANY[@]:0:3}"
	[ "$status" -eq 0 ]
	# On a busy machine, or a slow disk, it was not quick.
	[ -z "$output" ] || [ $((${EPOCHREALTIME//[.,]/} - start)) -ge 300000 ]
}

@test "few directories, and slow: they are shown as well" {
	needs_strace
	[[ $EPCACHE != */asan/* ]] || skip "ASan and strace are in each other's way"
	tty strace -f -qq -o /dev/null -e trace=fsync -e inject=fsync:delay_enter=400000 \
		"$EPCACHE" refresh --cache-dir "$CACHE" "${MANY[@]:0:2}"
	[ "$status" -eq 0 ]
	[ "$output" = "${ERASE}[2/2] $WORK/d2$ERASE" ]
}

@test "nothing with --quiet or --json, on a dumb terminal, or elsewhere" {
	tty "$EPCACHE" refresh -q --cache-dir "$CACHE" "${MANY[@]}"
	[ -z "$output" ]
	tty "$EPCACHE" refresh --json --cache-dir "$CACHE" "${MANY[@]}"
	[[ $output == '['* && $output != *$'\e'* ]]
	for how in TERM=dumb TERM=; do
		tty $how "$EPCACHE" refresh --cache-dir "$CACHE" "${MANY[@]}"
		[ -z "$output" ]
	done
	tty bash -c '"$EPCACHE" refresh --cache-dir "$@" 2>said' bash "$CACHE" "${MANY[@]}"
	[ "$status" -eq 0 ]
	[ -e said ]
	[ ! -s said ]
	tty bash -c '"$EPCACHE" refresh --cache-dir "$@" >printed' bash "$CACHE" "${MANY[@]}"
	[[ $output == *"[9/9] "* ]]
	[ ! -s printed ]
}

@test "a line fits the terminal, and no character is cut in two" {
	local long
	long=$WORK/ünï/$(printf 'ü%.0s' {1..60})
	mkdir -p "$long"
	for columns in 39 40 41; do
		tty bash -c 'stty cols "$1"; shift; "$EPCACHE" refresh --cache-dir "$@"' bash \
			$columns "$CACHE" "$long" "${MANY[@]}"
		[ "$status" -eq 0 ]
		"$PYTHON" -I -S -c 'import os, sys
for line in os.fsencode(sys.argv[2]).replace(b"\r\x1b[K", b"\n").split(b"\n"):
    assert len(line.decode()) < int(sys.argv[1]), line' $columns "$output"
		[[ $output == *"[1/10] ${WORK:0:20}"* ]]
	done
}

@test "control characters in names are escaped" {
	mkdir $'o\e[2Jdd'
	tty "$EPCACHE" refresh --cache-dir "$CACHE" $'o\e[2Jdd' "${MANY[@]}"
	[[ $output == *"[1/10] o\\x1b[2Jdd$ERASE"* ]]
	[[ $output != *$'\e[2J'* ]]
}
