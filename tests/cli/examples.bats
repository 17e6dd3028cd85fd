# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# examples.bats - the commands that README and the manual pages show do run, in a made-up
# Debian, and print what is shown.
#
# shellcheck disable=SC2030,SC2031 # each test is a subshell

load systems
load tty

setup() {
	system_begin
	TOP=$BATS_TEST_DIRNAME/../..
	SITE=/usr/lib/python3/dist-packages
	export ROOT
	debian
	tools
}

teardown() { system_end; }

# debian - as README counts it: 31 distributions with 63 entry points.
debian() {
	local i

	python /usr/lib 3.11
	link python3.11 /usr/bin/python3
	folder /usr/local/bin /usr/local/lib/python3.11/dist-packages
	put "$SITE/pip-23.0.1.dist-info/entry_points.txt" '[console_scripts]' \
		'pip = pip._internal.cli.main:main' 'pip3 = pip._internal.cli.main:main' \
		'pip3.11 = pip._internal.cli.main:main'
	for i in {11..40}; do
		put "$SITE/demo-plugin-$i-1.0.dist-info/entry_points.txt" '[demo.plug]' \
			"one-$i = demo.plug$i:first" "second-$i = demo.plug$i:second"
	done
}

# tools - the commands, for which the system is the one at ROOT.
tools() {
	mkdir path
	cat >path/epcache <<-'END'
		#!/usr/bin/env bash
		root=$ROOT words=()
		for word; do
			case $word in
			--root=*) root=$ROOT${word#*=} ;;
			*) words+=("$word") ;;
			esac
		done
		exec "$EPCACHE" "${words[0]}" --root="$root" "${words[@]:1}"
	END
	cat >path/refresh-entrypoints-cache <<-'END'
		#!/bin/sh
		exec epcache refresh "$@"
	END
	chmod +x path/*
	PATH=$WORK/path:$PATH
}

# --- README -------------------------------------------------------------------------

# steady TEXT - without what takes time.
steady() {
	sed -E 's/ +TIME/ TIME/; s/ +[0-9.]+ ms/ N ms/; s/ [0-9]+s / 0s /' <<<"$1"
}

# prepare COMMAND - what README says has happened before.
prepare() {
	case $1 in
	*explain*)
		put /srv/plugins/pip-99.0.dist-info/entry_points.txt '[console_scripts]' \
			'pip = mine:main' ;;
	*status*)
		epcache refresh /srv/plugins
		echo 'pip4 = mine:main' \
			>>"$ROOT/srv/plugins/pip-99.0.dist-info/entry_points.txt" ;;
	esac
}

epcache() {
	command epcache "$@"
}

# prints COMMAND TEXT - on a terminal, so that it prints columns.
prints() {
	[ -n "$1" ] || return 0
	prepare "$1"
	tty NO_COLOR=1 bash -c "$1"
	output=${output//" --root='$ROOT'"/} # which README has no need of
	diff <(steady "$output") <(steady "$2") || { echo "of: $1"; return 1; }
	NR=$((NR + 1))
}

@test "README's commands print what it shows" {
	local line lines command='' shown=''

	NR=0
	mapfile -t lines < <(awk '/^```/ { on = /console$/; next } on' "$TOP/README.md")
	for line in "${lines[@]}"; do
		case $line in
		'$ '* | '# '*)
			prints "$command" "$shown"
			command=${line#??} shown='' ;;
		*) shown+=${shown:+$'\n'}$line ;;
		esac
	done
	prints "$command" "$shown"
	[ "$NR" -eq 6 ]
}

@test "README's targets of make are there" {
	local target targets

	mapfile -t targets < <(grep -Eo '(`|^)make [a-z-]+' "$TOP/README.md" | sort -u)
	[ "${#targets[@]}" -ge 7 ]
	for target in "${targets[@]#*make }"; do
		grep -Eq "^([a-z -]* )?$target( [a-z -]*)?:" "$TOP/Makefile" || { echo "no $target"; return 1; }
	done
}

# --- the manual pages ---------------------------------------------------------------

# shown PAGE - its examples; what was behind "$ " or "# " begins with "run ".
shown() {
	awk '/^\.Sh/ { on = $2 == "EXAMPLES" } !on { next }
		/^\.Bd/ { code = 1; next } /^\.Ed/ { code = 0 }
		sub(/^\.Dl # /, "run ") || sub(/^\.Dl \$ /, "run ") || sub(/^\.Dl /, "") || code {
			gsub(/\\e/, "\\"); sub(/^\$ /, "run ") || sub(/^> /, ""); print
		}' "$TOP/core/man/$1"
}

# commands PAGE - into COMMANDS.
commands() {
	local line

	COMMANDS=()
	while IFS= read -r line; do
		case $line in
		'run '*) COMMANDS+=("${line#run }") ;;
		*) COMMANDS[-1]+=$'\n'$line ;;
		esac
	done < <(shown "$1")
}

# does I - the I-th of them succeeds, and says nothing on stderr.
does() {
	run --separate-stderr bash -c "${COMMANDS[$1]}"
	echo "${COMMANDS[$1]}: $output$stderr"
	[ "$status" -eq 0 ] && [ -z "$stderr" ]
}

@test "the examples of epcache(1) do what it says" {
	local home=/home/me/src/site/.venv

	put $home/pyvenv.cfg
	dist $home/lib/python3.11/site-packages/foo-1.dist-info m:x
	put /srv/lib/lint-1.dist-info/entry_points.txt '[flake8.extension]' 'A = lint:mine'
	put "$SITE/flake8-1.dist-info/entry_points.txt" '[flake8.extension]' 'F = flakes:theirs'
	mkdir -p "$ROOT/srv/image"
	cp -a "$ROOT/usr" "$ROOT/srv/image"

	commands epcache.1
	[ "${#COMMANDS[@]}" -eq 7 ]
	does 0
	[[ $output == *"$SITE	written	32 distributions"* ]]
	does 1
	[ -n "$(find "$ROOT" -name 'home-me-src-site-*-site\\x2dpackages.v1')" ]
	does 2
	[ "$output" = "A	lint:mine	lint 1
F	flakes:theirs	flake8 1" ]
	does 3
	[[ $output == *"-> pip._internal.cli.main:main"* ]]
	does 4
	[ "$output" = "pip
pip3
pip3.11" ]
	does 5
	[ -e "$ROOT/srv/image/var/cache/epcache/usr-bin.v1" ]
	does 6
	[ "$output" = "it does" ]
}

@test "the example of refresh-entrypoints-cache(1) does what it says" {
	commands refresh-entrypoints-cache.1
	[ "${#COMMANDS[@]}" -eq 1 ]
	does 0
	[ -e "$ROOT/var/cache/epcache/usr-local-lib-python3.11-dist\\x2dpackages.v1" ]
}

@test "the examples of epcache.conf(5) do what it says" {
	local vendor=/usr/lib/epcache/epcache.conf.d/10-vendor.conf own=/etc/epcache/epcache.conf.d

	put $vendor Exclude=/usr/bin
	folder $own /net/apps/lib/python3.11/site-packages
	shown epcache.conf.5 | grep -v '^run ' >"$ROOT$own/50-cluster.conf"
	chmod 644 "$ROOT$own/50-cluster.conf"
	mapfile -t COMMANDS < <(shown epcache.conf.5 | sed -n 's/^run //p')
	[ "${#COMMANDS[@]}" -eq 2 ]
	[[ ${COMMANDS[0]} == *" $vendor"* || ${COMMANDS[0]} == *"${vendor##*/}" ]]

	does 1
	[[ $output == *"Exclude	/usr/bin	$vendor:1"* ]]
	COMMANDS[0]=${COMMANDS[0]/ \/etc/ "$ROOT/etc"}
	does 0
	does 1
	[[ $output != *"$vendor"* ]]
	[[ $output == *"Directory	/net/apps/lib/python3.11/site-packages	$own/50-cluster.conf:2
Exclude	/usr/local/lib/python3.11/dist-packages	$own/50-cluster.conf:4
CheckFast	/net/apps/lib/python3.11/site-packages	$own/50-cluster.conf:3"* ]]
	run epcache refresh --system --dry-run
	[[ $output == *"/net/apps/lib/python3.11/site-packages	would be written"* ]]
	[[ $output != */usr/local/lib/python3.11/dist-packages* ]]
}
