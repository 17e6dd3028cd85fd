# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# poison.bash - who is who in poison*.bats, and what nobody may bring about.
#
# root owns $SITE, a directory with the entry point "a = good:x" in the group g.
# $POISON is a cache file of it which is right in every stamp and sum, but says
# "evil:x": believed, it is the answer.  mallory wants root, or bob, to believe it; or
# wants to learn, change or remove what is root's.  $THEIRS is a folder of hers;
# $PRECIOUS, of root's, holds what nobody else may read: the word "secret".
#
# mallory's group is $MALLORY too, bob's is $BOB; neither is in any other.

# shellcheck disable=SC2034 # for the file that loads this

bats_require_minimum_version 1.5.0

MALLORY=54321
BOB=54322
WORKER=65534 # nobody, whom others may run as, and scans where no other number is mapped
SYSTEM=/var/cache/epcache
PYTHON=${PYTHON:-/usr/bin/python3}

TOP=/mnt
SYSTEM_TOO=$TOP/var-cache/epcache # the same folder, where hard links can be made
SITE=$TOP/site
NAME=mnt-site.v1
PRECIOUS=$TOP/precious
POISON=$TOP/poison

# poison_file_begin - what no test changes, and root alone could.
poison_file_begin() {
	unset EPCACHE_DIR XDG_CACHE_HOME XDG_RUNTIME_DIR VIRTUAL_ENV
	umask 022
	mkdir "$PRECIOUS"
	entry "$PRECIOUS/b-1.dist-info" secret
	chmod 600 "$PRECIOUS/b-1.dist-info/entry_points.txt"
	chmod 700 "$PRECIOUS"
	export HOME=$PRECIOUS
	entry "$SITE/a-1.dist-info" good
	poison_of "$SITE" "$POISON"
}

poison_begin() {
	WORK=$(mktemp -d "$TOP/work-XXXXXX")
	chmod 755 "$WORK"
	THEIRS=$WORK/theirs
	BOBS=$WORK/bobs
	WITH=()
	BOB_WITH=()
	mkdir "$THEIRS" "$BOBS"
	chown "$MALLORY:$MALLORY" "$THEIRS"
	chown "$BOB:$BOB" "$BOBS"
	cd "$WORK" || return
}

# Not only $WORK: mallory may have left things in the system's folder, or own it.
poison_end() {
	cd / || return
	chown 0:0 /var/cache
	rm -rf /var/cache/* "$WORK"
}

# entry FOLDER VALUE - a metadata folder with the entry point a.
entry() {
	mkdir -p "$1"
	printf '[g]\na = %s:x\n' "$2" >"$1/entry_points.txt"
}

# name_of DIR - of its cache file.
name_of() {
	local name=${1#/}

	name=${name//-/\\x2d}
	printf '%s.v1\n' "${name//\//-}"
}

# poison_of DIR FILE - make FILE the poison of a directory whose entry point is good:x.
poison_of() {
	"$EPCACHE" refresh --cache-dir "$TOP/lab" "$1"
	mv "$TOP/lab/$(name_of "$1")" "$2"
	rm -r "$TOP/lab"
	"$PYTHON" -I -S "$BATS_TEST_DIRNAME/../cli/forge.py" "$2" good:x evil:x
}

mallory() {
	setpriv --reuid $MALLORY --regid $MALLORY --clear-groups "$@"
}

bob() {
	setpriv --reuid $BOB --regid $BOB --clear-groups \
		env HOME="$BOBS" "${BOB_WITH[@]}" "$@"
}

# root COMMAND ARGUMENT... - what root runs of the tool, in the environment $WITH.
root() {
	"${WITH[@]}" timeout 30 "$EPCACHE" "$@"
}

# system_folder MODE - the system's folder, as root has it.
system_folder() {
	mkdir "$SYSTEM"
	chmod "$1" "$SYSTEM"
}

# planted COMMAND... - what mallory did in the system's folder while it was hers, before
# root took the folder back, as it was.
planted() {
	mkdir "$SYSTEM"
	chown $MALLORY:$MALLORY "$SYSTEM"
	(cd "$SYSTEM" && mallory "$@")
	chown 0:0 "$SYSTEM"
}

# --- what must not be ---------------------------------------------------------------

# state DIR... - of everything below, but for its stamps of access.
state() {
	find "$@" -printf '%p %y %i %m %U %G %n %s %T@ %C@ %l\n' | sort
}

# runs WHO ARGUMENT... - that user's command ends, by itself, without a word of what is
# no business of his; $output is what it printed.
runs() {
	local status=0

	if [ "$1" = root ]; then
		output=$(root "${@:2}" 2>&1) || status=$?
	else
		output=$("$1" timeout 30 "$EPCACHE" "${@:2}" 2>&1) || status=$?
	fi
	if [ "$status" -gt 4 ] || [[ $output == *evil* || $output == *secret* ]]; then
		echo "$*: exit $status: $output"
		return 1
	fi
}

# answered WHO [OPTION...] - that user's query is answered by the directory itself.
answered() {
	runs "$1" query g --path "$SITE" "${@:2}" || return
	[[ $output == *good:x* ]] || { echo "$*: $output"; return 1; }
}

# asked WHO - whatever that user asks.
asked() {
	answered "$1" && answered "$1" --check fast &&
		runs "$1" query --all --json --path "$SITE" && [[ $output == *good:x* ]] &&
		runs "$1" explain g a --path "$SITE" && [[ $output == *good:x* ]] &&
		runs "$1" status --json "$SITE" &&
		runs "$1" verify "$SITE"
}

# clean_folder DIR - no file of root's in a cache folder holds what it should not, is
# anybody else's to write, or known by another name.
clean_folder() {
	local bad

	[ -d "$1" ] || return 0
	bad=$(find "$1" -xdev -user 0 -type f \( -perm /022 -o -name '*.v1' -links +1 -o \
		-exec grep -qE 'evil|secret' {} ';' \) -print)
	[ -z "$bad" ] || { echo "in $1: $bad"; return 1; }
}

# unharmed [DIR] - whatever root and bob run, they are answered by the directory itself;
# and nothing is made, changed or removed outside of the system's cache folder.
unharmed() {
	local before after command

	before=$(state "$WORK" "$SITE" "$PRECIOUS")
	asked root || return
	answered bob --check fast || return
	for command in clean "refresh $SITE" "refresh --force $SITE"; do
		# shellcheck disable=SC2086
		runs root $command || return
		answered root --check fast || return
	done
	answered bob --check fast || return
	clean_folder "$SYSTEM" || return
	after=$(state "$WORK" "$SITE" "$PRECIOUS")
	[ "$before" = "$after" ] || { diff <(echo "$before") <(echo "$after"); return 1; }
}

# kept_fresh - unharmed, and root has a cache file of its own in the end.
kept_fresh() {
	unharmed || return
	runs root status --json "$SITE"
	[[ $output == *'"fresh"'* ]] || { echo "$output"; return 1; }
	[ "$(stat -c '%u %a %h' "$SYSTEM/$NAME")" = '0 644 1' ]
}

# swapping A B COMMAND... - run it ROUNDS times while mallory swaps the two names.
swapping() {
	local pid n

	exec {swaps}< <(exec setpriv --reuid $MALLORY --regid $MALLORY --clear-groups \
		"$PYTHON" -I -S "$BATS_TEST_DIRNAME/poison.py" "$1" "$2")
	pid=$!
	read -r -u "$swaps" || return # it has begun
	exec {swaps}<&-
	for ((n = 0; n < ROUNDS; n++)); do
		"${@:3}" || break
	done
	kill "$pid"
	wait "$pid" || true
	[ "$n" -eq "$ROUNDS" ]
}
