# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# dpkg-owner.bats - epcache-owner-dpkg, which asks dpkg-query who owns a path, on
# databases as dpkg writes them.

# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2154 # scripts; subshells; lib.bash

load lib

setup_file() {
	hooks_begin
}

teardown_file() {
	hooks_end
}

setup() {
	[ -x /usr/bin/dpkg-query ] || skip "needs dpkg-query"
	OWNER=$(dirname "$EPCACHE")/epcache-owner-dpkg
	ROOT=$WORK/root
	DB=$ROOT/var/lib/dpkg
	SITE=/usr/lib/python3/dist-packages
	mkdir -p "$DB"/{info,updates}
	echo 1 >"$DB/info/format" # lists are named for the architecture as well
	package one "$SITE" "$SITE/one-1.dist-info" "$SITE/one-1.dist-info/entry_points.txt"
	package two "$SITE" "$SITE/two-1.egg-info"
	cd "$WORK" || return
}

teardown() {
	cd / || return
	rm -rf "$ROOT"
}

# package NAME PATH... - as dpkg notes an installed package with these paths; STATUS and
# ARCH may be given.
package() {
	local name=$1 arch=${ARCH:-all} list

	shift
	list=$DB/info/$name.list
	[ "$arch" = all ] || list=$DB/info/$name:$arch.list
	printf '%s\n' "Package: $name" "Status: ${STATUS:-install ok installed}" \
		'Maintainer: me <me@localhost>' "Architecture: $arch" 'Version: 1' \
		${ARCH:+'Multi-Arch: same'} 'Description: of a test' '' >>"$DB/status"
	printf '%s\n' /. /usr "$@" >"$list"
}

# ask PATH... - the answers, as "owner|" of each.
ask() {
	run --separate-stderr bash -c 'set -o pipefail; out=$(mktemp)
		printf "%s\0" "${@:3}" | timeout 20 "$1" --root "$2" >"$out"; r=$?
		tr "\0" "|" <"$out"; rm "$out"; exit "$r"' bash "$OWNER" "$ROOT" "$@"
}

# owned ANSWERS PATH...
owned() {
	ask "${@:2}"
	[ "$status" -eq 0 ] || { echo "$status: $stderr"; return 1; }
	[ "$output$stderr" = "$1" ] || { echo "$output$stderr"; return 1; }
}

# unknown TEXT - it is not known who owns what, and said so in a line.
unknown() {
	ask "$SITE"
	[ "$status" -eq 3 ] || { echo "$status: $output $stderr"; return 1; }
	[ "${#stderr_lines[@]}" -eq 1 ] || { echo "$stderr"; return 1; }
	[[ $stderr == "epcache-owner-dpkg: "*"$1"* ]] || { echo "$stderr"; return 1; }
}

@test "owned, unowned and shared, files and folders, in the order they are asked" {
	owned 'two|one, two||one|one||one, two|' "$SITE/two-1.egg-info" "$SITE" /nowhere \
		"$SITE/one-1.dist-info/entry_points.txt" "$SITE/one-1.dist-info" \
		"$SITE/one-1.dist-info/other" /
	owned 'one|one|one, two|' "$SITE/one-1.dist-info" "$SITE/one-1.dist-info" "$SITE///"
}

@test "nothing is asked: nothing is answered" {
	run "$OWNER" --root "$ROOT" </dev/null
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "names are bytes, not patterns" {
	package odd "$SITE/[a]*-1.dist-info" "$SITE/a?-1.dist-info" "$SITE/b\\-1.dist-info" \
		"$SITE/"$'\xff\xfe-1.dist-info' "$SITE/--root=x-1.dist-info" "$SITE/two  x"
	owned 'odd||odd||odd||odd|odd|odd||||' "$SITE/[a]*-1.dist-info" "$SITE/a-1.dist-info" \
		"$SITE/a?-1.dist-info" "$SITE/ab-1.dist-info" "$SITE/b\\-1.dist-info" \
		"$SITE/b-1.dist-info" "$SITE/"$'\xff\xfe-1.dist-info' "$SITE/--root=x-1.dist-info" \
		"$SITE/two  x" $'/new\nline' "$SITE/"$'one-1.dist-info\n' ''
}

@test "one package of two architectures is named once; one that is removed owns nothing" {
	ARCH=amd64 package lib /usr/lib/shared /usr/lib/amd64
	ARCH=i386 package lib /usr/lib/shared /usr/lib/i386
	STATUS='deinstall ok config-files' package gone /etc/gone
	STATUS='deinstall ok half-installed' package broken
	rm "$DB/info/broken.list"
	owned 'lib|lib|lib|' /usr/lib/shared /usr/lib/amd64 /usr/lib/i386
}

@test "ten thousand paths, ten thousand files" {
	mapfile -t many < <(seq -f "$SITE/%.0f" 10000)
	package many "${many[@]}"
	printf '%s\0' "${many[@]}" /nowhere >asked
	"$OWNER" --root "$ROOT" <asked >answers
	[ "$(tr '\0' '\n' <answers | sort | uniq -c | tr -s ' ' | tr '\n' ';')" = ' 1 ; 10000 many;' ]
}

@test "a database that is absent, unreadable, damaged or incomplete: unknown" {
	mv "$DB/info/two.list" list
	unknown 'list of files is missing'
	printf '/.\n/us' >"$DB/info/two.list"
	unknown 'final newline'
	cp list "$DB/info/two.list"
	unknown_unless_root info/two.list

	mv "$DB/status" status
	unknown 'No such file'
	printf 'Package: one\nStatus: what\n' >"$DB/status"
	unknown "'status'" || unknown "'Status'"
	head -c 4096 /dev/urandom >"$DB/status"
	unknown dpkg-query
	rm "$DB/status"
	mkfifo "$DB/status"
	unknown 'not a regular file'
	rm "$DB/status"
	mkdir "$DB/status"
	unknown 'not a regular file'
	rmdir "$DB/status"
	cp status "$DB/status"
	owned 'one, two|' "$SITE"
	unknown_unless_root status
	rm -r "$DB"
	unknown 'No such file'
}

# unknown_unless_root FILE - which nobody may read.
unknown_unless_root() {
	! is_root || return 0
	chmod 0 "$DB/$1"
	unknown 'Permission denied'
	chmod 644 "$DB/$1"
}

@test "a database that is locked, or may not be written, is read, and left as it is" {
	local before

	: >"$DB/lock"
	: >"$DB/lock-frontend"
	exec 9<>"$DB/lock"
	"$PYTHON" -I -S -c 'import fcntl, time
f = open("'"$DB"'/lock", "r+"); fcntl.lockf(f, fcntl.LOCK_EX)
print("locked", flush=True); time.sleep(60)' >locked &
	for ((i = 0; i < 1000; i++)); do [ ! -s locked ] || break; sleep 0.02; done
	[ -s locked ]
	chmod a-w "$DB" "$DB"/*
	before=$(find "$DB" -printf '%p %i %s %T@ %C@\n')
	run owned 'one, two|' "$SITE"
	kill %1
	[ "$(find "$DB" -printf '%p %i %s %T@ %C@\n')" = "$before" ]
	chmod -R u+w "$DB"
	[ "$status" -eq 0 ]
}

@test "as nobody, with nothing in the environment, or with what leads elsewhere" {
	needs_root
	needs setpriv
	chmod 755 "$WORK"
	install -m 755 "$OWNER" owner
	run setpriv --reuid 65534 --regid 65534 --clear-groups env -i HOME=/nonexistent \
		./owner --root "$ROOT" < <(printf '%s\0' "$SITE/two-1.egg-info")
	[ "$status" -eq 0 ]
	[ "$output" = two ]
	DPKG_ADMINDIR=/nowhere DPKG_ROOT=/nowhere PATH=/nowhere LC_ALL=de_DE.UTF-8 \
		run ./owner --root="$ROOT" < <(printf '%s\0' "$SITE/two-1.egg-info")
	[ "$output" = two ]
}

@test "wrong usage: 2" {
	run "$OWNER" /usr </dev/null
	[ "$status" -eq 2 ]
	run "$OWNER" --nonsense </dev/null
	[ "$status" -eq 2 ]
	run "$OWNER" --root "$ROOT" <<<"$SITE"
	[ "$status" -eq 2 ]
}

@test "this system, where it is one of Debian" {
	[ -e /var/lib/dpkg/info/dpkg.list ] || skip "not a system of Debian"
	run "$OWNER" < <(printf '%s\0' /usr/bin/dpkg-query)
	[ "$status" -eq 0 ]
	[ "$output" = dpkg ]
}
