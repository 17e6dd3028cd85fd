# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# epcache-owner-alpm: who owns a path, as pacman's database has it.

# shellcheck disable=SC2030,SC2031,SC2154 # each test is a subshell; of lib.bash

load lib
load pacman

setup_file() {
	pacman_begin
	pacman_lacks >/dev/null && return
	cp "$OWNER" "$WORK/owner"
	dist_pack demo 1.0-1 demo:one
	ROOT=$TEMPLATE put demo-1.0-1
}

teardown_file() {
	hooks_end
}

setup() {
	pacman_root
	database=$ROOT/var/lib/pacman
	list=$database/local/demo-1.0-1
}

teardown() {
	chmod 755 "$database/local"
	pacman_root_end
}

# owner OPTION... - as epcache runs it; root is nobody then.
owner() {
	local as=()

	! is_root || as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	"${as[@]}" env -i HOME=/nonexistent PATH=/usr/bin:/bin "$WORK/owner" "$@"
}

# ask PATH... - in $output a line for each.
ask() {
	status=0
	printf '%s\0' "$@" | owner --root "$ROOT" >"$WORK/answer" 2>"$WORK/error" ||
		status=$?
	output=$(tr '\0' '\n' <"$WORK/answer")
}

# is_unknown TEXT - it said so, in one line with this text.
is_unknown() {
	[ "$status" -eq 3 ] && [ "$(wc -l <"$WORK/error")" -eq 1 ] &&
		grep -q "^epcache-owner-alpm: .*$1" "$WORK/error"
}

@test "files and folders, owned and not, in the order in which they are asked for" {
	ask "$SITE/demo-1.0.dist-info/entry_points.txt" /usr/lib/nobody \
		"$SITE/old-1.0.dist-info" "$SITE/demo-1.0.dist-info" / /usr/bin/python3 "$SITE/demo-1.0.dist-info/METADATA"
	[ "$status" -eq 0 ]
	[ ! -s "$WORK/error" ]
	[ "$output" = $'demo\n\nold\ndemo\n\npython\ndemo' ]
	[ "$(tr -cd '\0' <"$WORK/answer" | wc -c)" -eq 7 ]
}

@test "what several own; what is asked for twice; nothing" {
	ask "$SITE" "$SITE" /usr/bin
	[ "$output" = $'demo, old, python\ndemo, old, python\npython' ]
	owner --root "$ROOT" </dev/null >"$WORK/answer"
	[ ! -s "$WORK/answer" ]
}

@test "names with any byte, and very long ones" {
	ask "$SITE/demo
-1.0.dist-info" "$SITE/"$'\377\376' "$SITE/"'*' "$SITE/demo-[0-9].0.dist-info" '' \
		relative "/$(printf 'x%.0s' {1..9000})" "$SITE/demo-1.0.dist-info"
	[ "$status" -eq 0 ]
	[ "$output" = $'\n\n\n\n\n\n\ndemo' ]
}

@test "ten thousand paths are one run over the lists" {
	local asked=$WORK/asked

	seq -f "$SITE/other-%.0f.dist-info/METADATA" 9999 | tr '\n' '\0' >"$asked"
	printf '%s\0' "$SITE/old-1.0.dist-info" >>"$asked"
	strace -f -c -o "$WORK/calls" -e trace=openat "$WORK/owner" --root "$ROOT" \
		<"$asked" >"$WORK/answer"
	[ "$(tr -cd '\0' <"$WORK/answer" | wc -c)" -eq 10000 ]
	[ "$(tail -c 4 "$WORK/answer" | tr -d '\0')" = old ]
	[ "$(awk '$NF == "openat" { print $4 }' "$WORK/calls")" -lt 500 ]
}

@test "the database of a transaction that is under way is read, and not locked" {
	: >"$database/db.lck"
	ask "$SITE/old-1.0.dist-info"
	[ "$output" = old ]
	rm "$database/db.lck"
	strace -f -o "$WORK/calls" -e trace=%file,flock,fcntl "$WORK/owner" --root "$ROOT" \
		</dev/null
	grep -q 'openat.*ALPM_DB_VERSION' "$WORK/calls"
	run ! grep -e 'open.*O_\(CREAT\|WRONLY\|RDWR\)' -e mkdir -e flock -e SETLK -e db.lck \
		"$WORK/calls"
}

@test "no database: unknown, and none is made" {
	rm -r "$database"
	ask "$SITE/old-1.0.dist-info"
	is_unknown 'no package database'
	[ ! -e "$database" ]
	# An empty one libalpm would mark as its own; as root it may.
	mkdir -p "$database/local"
	run "$WORK/owner" --root "$ROOT" </dev/null
	[ "$status" -eq 3 ]
	[ -z "$(ls "$database/local")" ]
}

@test "a root that is none, a file instead of a database" {
	run owner --root "$ROOT/nowhere" </dev/null
	[ "$status" -eq 3 ]
	[ "${#lines[@]}" -eq 1 ]
	rm -r "$database"
	: >"$database"
	ask "$SITE"
	is_unknown 'no package database'
}

@test "a database that cannot be read" {
	chmod 000 "$database/local"
	is_root || [ ! -r "$database/local" ]
	ask "$SITE/old-1.0.dist-info"
	is_unknown 'no package database'
}

@test "a read-only database is as good as any" {
	chmod -R a-w "$database"
	ask "$SITE/old-1.0.dist-info"
	chmod -R u+w "$database"
	[ "$output" = old ]
}

@test "damage: another version, lists that are gone or cannot be read" {
	local mark=$database/local/ALPM_DB_VERSION kept

	kept=$(cat "$mark")
	echo 1 >"$mark"
	ask "$SITE/old-1.0.dist-info"
	is_unknown 'version'
	echo "$kept" >"$mark"

	mv "$list/files" "$list/gone"
	ask "$SITE/old-1.0.dist-info"
	is_unknown 'files'
	mv "$list/gone" "$list/files"

	chmod 000 "$list/files"
	ask "$SITE/old-1.0.dist-info"
	is_unknown 'files'
	chmod 644 "$list/files"

	# What is not needed may be gone.
	rm "$list/desc"
	ask "$SITE/demo-1.0.dist-info"
	[ "$status$output" = 0demo ]

	mkdir "$database/local/nonsense"
	ask "$SITE/old-1.0.dist-info"
	is_unknown 'nonsense'
}

@test "wrong usage" {
	local options

	for options in --root '--root relative' --nonsense 'a b' "--root $ROOT more"; do
		# shellcheck disable=SC2086 # words
		run owner $options </dev/null
		[ "$status" -eq 2 ]
		[[ $output == *'usage: epcache-owner-alpm'* ]]
	done
}

@test "an answer that nobody takes, and a question that cannot be read" {
	run sh -c "printf '%s\0' '$SITE' | '$WORK/owner' --root '$ROOT' >/dev/full"
	[ "$status" -eq 1 ]
	run "$WORK/owner" --root "$ROOT" <"$WORK"
	[ "$status" -eq 1 ]
}

@test "status --owner: how many packages own, and how many nobody does" {
	ours
	libraries_into "$ROOT" "$OWNER"
	owners_are_told "$SITE" 2 demo /var/lib/pacman
}
