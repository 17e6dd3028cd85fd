# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# epcache-owner-rpm, which is asked which packages own a path.

# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # each test is a subshell; of lib.bash

load lib
load rpm

setup_file() {
	rpm_begin
	rpm_lacks >/dev/null && return
	export HELPER=${EPCACHE%/*}/epcache-owner-rpm
	dist_package "$LIB" demo 1.0 1 demo:one
	# The same file in two packages.
	dist_make "$WORK/from/both$LIB/demo-1.0.dist-info" '[g]\ndemo = demo:one\n'
	package another 1 1 "$WORK/from/both"
	dist_make "$WORK/from/thief$LIB/demo-1.0.dist-info" '[g]\ndemo = thief:one\n'
	package thief 1 1 "$WORK/from/thief"
	install -D -m 755 "$HELPER" "$WORK/bin/helper"
}

teardown_file() {
	hooks_end
}

setup() {
	rpm_root
	rpm_do -i "$WORK/demo-1.0-1.rpm"
	rpm_do -i "$WORK/another-1-1.rpm"
	info=$LIB/demo-1.0.dist-info
	db=$ROOT/var/lib/rpm
}

teardown() {
	[ -z "${ROOT-}" ] || chmod -R u+w "$ROOT"
	rpm_root_end
}

# helper OPTION... - as epcache runs it: without rights, in no home.
helper() {
	local who=()

	! is_root || who=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	"${who[@]}" env -i PATH=/usr/bin:/bin HOME=/nonexistent timeout 20 "$WORK/bin/helper" "$@"
}

# owners PATH... - the answers, in brackets.
owners() {
	printf '%s\0' "$@" | helper --root "$ROOT" | sed -z 's/.*/[&]/' | tr -d '\0'
}

# unknown - status 3, one line of why.
unknown() {
	run --separate-stderr timeout 30 bash -c 'printf "%s\0" "$2" | "$1" --root "$3"' bash \
		"$WORK/bin/helper" "$info" "$ROOT"
	[ "$status" -eq 3 ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ $stderr == 'epcache-owner-rpm: '* ]]
}

@test "owned, shared and unowned files and directories, in the order asked" {
	[ "$(owners "$LIB/old-1.0.dist-info" /nothing "$info/entry_points.txt" "$info" /usr/bin/python3 \
		"$LIB/old-1.0.dist-info/entry_points.txt" "$LIB/old-1.0.dist-info/")" = \
		'[old][][another, demo][another, demo][python3][old][]' ]
	rpm_do -e demo
	[ "$(owners "$info" "$info" "$info")" = '[another][another][another]' ]
}

@test "a file that another package replaced is that one's alone" {
	rpm_do -i --replacefiles "$WORK/thief-1-1.rpm"
	[ "$(owners "$info/entry_points.txt" "$info")" = '[thief][another, demo, thief]' ]
}

@test "any bytes that a path can have" {
	[ "$(owners $'/a\nb' $'/\xff\xfe' "" relative '/*' "$(printf '/%5000s' x)" "$LIB/old-1.0.dist-info")" \
		= '[][][][][][][old]' ]
}

@test "nothing asked, nothing answered; what lacks its NUL counts" {
	[ -z "$(helper --root "$ROOT" </dev/null)" ]
	[ "$(printf %s "$info" | helper --root "$ROOT" | tr '\0' .)" = 'another, demo.' ]
}

@test "an empty database: nobody owns anything" {
	rm -r "$db"
	mkdir "$db"
	rpm_do --initdb
	[ "$(owners "$info")" = '[]' ]
}

@test "ten thousand paths" {
	seq -f "$LIB/p%g-1.dist-info/entry_points.txt" 10000 >"$WORK/asked"
	echo "$info" >>"$WORK/asked"
	tr '\n' '\0' <"$WORK/asked" | helper --root "$ROOT" >"$WORK/answer"
	[ "$(tr -cd '\0' <"$WORK/answer" | wc -c)" -eq 10001 ]
	[ "$(tr -d '\0' <"$WORK/answer")" = 'another, demo' ]
}

# all_of DIR - what would show that something was written.
all_of() {
	(cd "$1" && find . -printf '%P %i %s %m %T@ %C@\n' | LC_ALL=C sort)
}

@test "nothing is written, whoever runs it" {
	local before

	# Whose the database is lets SQLite write beside it.
	is_root || chmod -R a-w "$db"
	before=$(all_of "$ROOT")
	[ "$(owners "$info")" = '[another, demo]' ]
	[ "$(printf '%s\0' "$info" | "$WORK/bin/helper" --root "$ROOT" | tr '\0' .)" = \
		'another, demo.' ]
	[ "$(all_of "$ROOT")" = "$before" ]
}

@test "the database is absent: unknown, and none is made" {
	rm -r "$db"
	unknown
	[ ! -e "$db" ]
	mkdir "$db"
	unknown
	[ -z "$(ls -A "$db")" ]
}

@test "the database is damaged: unknown" {
	: >"$db/rpmdb.sqlite"
	rm -f "$db"/rpmdb.sqlite-*
	unknown
	head -c 65536 /dev/urandom >"$db/rpmdb.sqlite"
	unknown
}

@test "the database may not be read: unknown" {
	is_root && needs setpriv
	chmod 0 "$db/rpmdb.sqlite"
	run --separate-stderr helper --root "$ROOT" <<<"$info"
	[ "$status" -eq 3 ]
	[ "${#stderr_lines[@]}" -eq 1 ]
}

@test "the database is not a file: unknown, without waiting" {
	rm "$db"/rpmdb.sqlite*
	mkfifo "$db/rpmdb.sqlite"
	unknown
}

# held STATEMENT... - the database, with these executed, until release.
held() {
	local line

	coproc "$PYTHON" -I -c '
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[2:]:
    db.execute(statement)
print("held", flush=True)
sys.stdin.read()' "$db/rpmdb.sqlite" "$@"
	read -r line <&"${COPROC[0]}"
	[ "$line" = held ]
}

release() {
	eval "exec ${COPROC[1]}>&-"
	wait
}

@test "while somebody writes to the database it is read as it was" {
	held 'begin immediate' 'delete from Packages'
	[ "$(owners "$info")" = '[another, demo]' ]
	release
}

@test "packages in the database are damaged: unknown, not less" {
	# Who closes the database last would take away what readers need beside it.
	held 'update Packages set blob = substr(blob, 1, 100) where hnum = 2'
	unknown
	[[ $stderr == *': '*': '* ]] # with librpm's reason
	release
}

@test "while somebody has the database alone: unknown, in bounded time" {
	held 'pragma locking_mode=exclusive' 'begin exclusive' 'delete from Packages'
	unknown
	release
}

@test "a database that a reader would have to write to: unknown, or right" {
	is_root || skip "needs root"
	rm -f "$db"/rpmdb.sqlite-*
	before=$(all_of "$ROOT")
	run --separate-stderr helper --root "$ROOT" <<<"$info"
	[ "$status" -eq 3 ] || [ "$(owners "$info")" = '[another, demo]' ]
	[ "$(all_of "$ROOT")" = "$before" ]
}

@test "wrong usage" {
	for args in '--root' '--root relative' '--root /a b' '-x'; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr "$WORK/bin/helper" $args </dev/null
		[ "$status" -eq 2 ]
		[ "${#stderr_lines[@]}" -eq 1 ]
	done
}

@test "an answer that cannot be written" {
	run --separate-stderr bash -c '"$1" --root "$2" <<<"$3" >/dev/full' bash "$WORK/bin/helper" \
		"$ROOT" "$info"
	[ "$status" -eq 1 ]
	[[ $stderr == *'cannot write'* ]]
}

@test "status --owner: how many packages own, and how many nobody does" {
	rpm_do -i --nodeps "$OURS"
	libraries_into "$ROOT" "$HELPER"
	mkdir -p "$ROOT/usr/lib/rpm"
	cp "$(rpm --eval '%{_rpmconfigdir}')"/{rpmrc,macros} "$ROOT/usr/lib/rpm/"
	owners_are_told "$LIB" 2 'another, demo' /var/lib/rpm
}
