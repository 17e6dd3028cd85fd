#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# root.bats - every command under --root: it acts inside, and no link leads out.

# shellcheck disable=SC2030,SC2031,SC2154 # each test is a subshell; bats sets output

load systems
setup() { system_begin; }
teardown() { system_end; }

SITE=/usr/lib/python3/dist-packages
CACHE=/var/cache/epcache

debian() {
	SITE=/usr/lib/python3/dist-packages
	python /usr/lib 3.11
	folder $SITE /usr/local/lib/python3.11/dist-packages
	link python3.11 /usr/bin/python3
}

fedora() {
	SITE=/usr/lib64/python3.13/site-packages
	python /usr/lib64 3.13
	folder $SITE /usr/lib/python3.13/site-packages /usr/local/lib64/python3.13/site-packages
	link usr/lib64 /lib64
	link python3.13 /usr/bin/python3
}

arch() {
	SITE=/usr/lib/python3.13/site-packages
	python /usr/lib 3.13
	folder $SITE
	link lib /usr/lib64
	link usr/lib /lib
	link python3.13 /usr/bin/python3
}

inside() {
	local command=$1

	shift
	run --separate-stderr "$EPCACHE" "$command" --root "$ROOT" "$@"
}

# true_of EXPRESSION - of `j`, the JSON in $output.
true_of() {
	printf '%s' "$output" | "$PYTHON" -I -S -c '
import json, sys
j, site = json.load(sys.stdin), sys.argv[2]
sys.exit(0 if eval("(%s)" % sys.argv[1]) else "not so: %s; %s" % (sys.argv[1], j))' "$1" "$SITE"
}

# --- every command ------------------------------------------------------------------

# works - each command does inside of the system at ROOT what it does elsewhere, and
# prints paths as they are there.
works() {
	dist $SITE/foo-1.dist-info m:x
	dist $SITE/gone-1.dist-info m:z
	folder /srv/old

	inside refresh --json
	[ "$status" -eq 0 ]
	true_of 'all(o["result"] == "written" for o in j) and site in [o["directory"] for o in j]'
	inside refresh /srv/old
	[ -f "$ROOT$CACHE/srv-old.v1" ]
	inside query g --json
	[ "$status" -eq 0 ]
	true_of 'sorted((o["value"], o["directory"], o["distribution"]["path"]) for o in j) == [
		("m:x", site, site + "/foo-1.dist-info"), ("m:z", site, site + "/gone-1.dist-info")]'
	inside explain g a --json
	true_of 'all(o["source"] == "from the cache" for o in j["path"])'
	true_of 'all(o["cache_file"].startswith("/var/cache/epcache/usr-") for o in j["path"])'
	inside status --json
	[ "$status" -eq 0 ]
	true_of 'all(o["state"] == "fresh" for o in j) and site in [o["directory"] for o in j]'
	inside dump
	true_of '[d["folder"] for o in j if o["directory"] == site for d in o["distributions"]] != []'

	rm -r "$ROOT$SITE/gone-1.dist-info" "$ROOT/srv/old"
	inside verify
	[ "$status" -eq 3 ]
	[ "$output" = "- $SITE/gone-1.dist-info
    - [g] a = m:z" ]
	inside status
	[ "$status" -eq 3 ]
	inside clean
	[ "$output" = "removed	/var/cache/epcache/srv-old.v1	its directory is gone" ]
	inside refresh
	[ "$status" -eq 0 ]
	inside verify
	[ "$status" -eq 0 ]
	grep -rqF "$ROOT" "$ROOT$CACHE" && return 1
	[ -z "$(find "$WORK" -newer "$WORK/before" -path "$OUTSIDE/*")" ]
}

@test "Debian: every command" {
	touch before
	debian
	works
}

@test "Fedora: every command" {
	touch before
	fedora
	works
}

@test "Arch: every command" {
	touch before
	arch
	works
}

@test "--venv, --user, and --python" {
	debian
	dist /srv/env/lib/python3.11/site-packages/foo-1.dist-info m:x
	put /srv/env/pyvenv.cfg
	dist /home/me/.local/lib/python3.11/site-packages/foo-1.dist-info m:x
	inside refresh --venv /srv/env --json --cache-dir /cache
	[ "$status" -eq 0 ]
	true_of '[o["directory"] for o in j] == ["/srv/env/lib/python3.11/site-packages"]'
	inside refresh --user --json --cache-dir /cache
	[ "$status" -eq 0 ]
	true_of '[o["directory"] for o in j] == ["/home/me/.local/lib/python3.11/site-packages"]'
	printf '#!/bin/sh\ntouch %s\n' "$OUTSIDE/ran" >"$ROOT/usr/bin/python3.11"
	chmod 755 "$ROOT/usr/bin/python3.11"
	for command in 'refresh' 'query g' 'explain g a'; do
		# shellcheck disable=SC2086
		inside $command --python /usr/bin/python3.11
		[ "$status" -eq 1 ]
	done
	[ ! -e "$OUTSIDE/ran" ]
}

@test "--root DIR may be relative, a link, or end with a slash; / is the system itself" {
	debian
	dist $SITE/foo-1.dist-info m:x
	ln -s root rootlink
	for ROOT in root ./root/ rootlink "$WORK/root/"; do
		inside query g --json --path $SITE
		[ "$status" -eq 0 ]
		true_of 'j[0]["directory"] == site'
	done
	ROOT=/
	inside query g --json --path "$WORK/root$SITE"
	[ "$status" -eq 0 ]
}

@test "--root of what is no directory is named, and exits 1" {
	touch file
	for ROOT in none file; do
		for command in refresh status verify dump clean 'query g' 'explain g a'; do
			# shellcheck disable=SC2086
			inside $command
			[ "$status" -eq 1 ]
			[ -z "$output" ]
			says "'$ROOT'"
		done
	done
}

# --- hostile links ------------------------------------------------------------------

# outside_tree - a system, beside the one at ROOT, where all names that are asked for
# exist; the marker in them must never be seen, nor any of it be written.
outside_tree() {
	local at

	for at in "$OUTSIDE" "$OUTSIDE/dist-packages" "$OUTSIDE/python3/dist-packages" \
		"$OUTSIDE/lib/python3/dist-packages"; do
		mkdir -p "$at/foo-1.dist-info"
		printf '[g]\na = outside:marker\n' >"$at/foo-1.dist-info/entry_points.txt"
		printf '[g]\na = outside:marker\n' >"$at/entry_points.txt"
	done
	mkdir -p "$OUTSIDE/cache/epcache" "$OUTSIDE/epcache/epcache.conf.d"
	printf 'User=outside-marker\n' | tee "$OUTSIDE/epcache.conf" \
		"$OUTSIDE/epcache/epcache.conf" "$OUTSIDE/9.conf" \
		"$OUTSIDE/epcache/epcache.conf.d/9.conf" >/dev/null
	chmod 755 "$OUTSIDE"
}

# hang TARGET PATH - a link of the system in place of what is there, with what it held
# moved out of the way.
hang() {
	rm -rf "${ROOT:?}$2"
	link "$1" "$2"
}

# commands - all of them, on all that there is; what they print is in $WORK/said.
commands() {
	local tool=("${WRAP[@]}" "$EPCACHE") at

	{
		"${tool[@]}" refresh --root "$ROOT" -v
		"${tool[@]}" refresh --root "$ROOT" -v $SITE
		"${tool[@]}" query --root "$ROOT" --all --path $SITE --check live
		"${tool[@]}" explain --root "$ROOT" g a
		"${tool[@]}" status --root "$ROOT" $SITE
		"${tool[@]}" status --root "$ROOT" --config
		"${tool[@]}" verify --root "$ROOT"
		"${tool[@]}" dump --root "$ROOT"
		"${tool[@]}" dump --root "$ROOT" $CACHE/usr-lib-python3-dist\\x2dpackages.v1
		"${tool[@]}" clean --root "$ROOT"
	} >"$WORK/said" 2>&1 </dev/null || :
	# Nothing of this may hide that the tool did not run at all.
	grep -q "^User	" "$WORK/said" || { cat "$WORK/said"; return 1; }
}

# Every place a link can stand in, with what to make of its depth.
PLACES=(
	/usr/lib/python3/dist-packages
	/usr/lib/python3
	/usr/lib
	/usr
	/usr/lib/python3/dist-packages/foo-1.dist-info
	/usr/lib/python3/dist-packages/foo-1.dist-info/entry_points.txt
	/var
	/var/cache
	/var/cache/epcache
	/etc
	/etc/epcache
	/etc/epcache/epcache.conf
	/etc/epcache/epcache.conf.d
	/etc/epcache/epcache.conf.d/9.conf
	/usr/lib/epcache
	/usr/bin/python3
)

# The targets that would lead to OUTSIDE, were they not resolved inside.
targets() {
	TARGETS=("$OUTSIDE" "../../../../../../../../../../../..$OUTSIDE"
		../outside ../../outside ../../../outside ../../../../outside
		../../../../../outside ../../../../../../outside)
}

# a_system - with something in each of the PLACES.
a_system() {
	rm -rf "$ROOT"
	mkdir -p "$ROOT/usr/bin" "$ROOT/etc"
	debian
	dist $SITE/foo-1.dist-info inside:x
	folder $CACHE
	put /etc/epcache/epcache.conf 'Actions=no'
	put /etc/epcache/epcache.conf.d/9.conf 'Actions=no'
}

outside_as_it_was() {
	[ "$(find "$OUTSIDE" -printf '%p %y %i %s %m %T@ %C@\n' | sort)" = "$BEFORE" ] ||
		{ echo "written to: $1"; return 1; }
	! grep -rqs -e outside:marker -e outside-marker "$WORK/said" "$ROOT" --exclude-dir=none ||
		{ echo "read: $1"; cat "$WORK/said"; return 1; }
}

# no_way_out CHECK... - for each link in each place.
no_way_out() {
	local place target

	outside_tree
	targets
	BEFORE=$(find "$OUTSIDE" -printf '%p %y %i %s %m %T@ %C@\n' | sort)
	for place in "${PLACES[@]}"; do
		for target in "${TARGETS[@]}"; do
			a_system
			hang "$target" "$place"
			commands
			outside_as_it_was "$place -> $target"
			"$@" "$place -> $target"
		done
	done
}

@test "without --root these links do lead there: the marker can be seen" {
	outside_tree
	a_system
	hang "$OUTSIDE" /usr/lib/python3/dist-packages
	run "$EPCACHE" query g --path "$ROOT$SITE" --check live
	[[ $output == *outside:marker* ]]
	a_system
	hang ../../../../../outside/foo-1.dist-info $SITE/foo-1.dist-info
	run "$EPCACHE" query g --path "$ROOT$SITE" --check live
	[[ $output == *outside:marker* ]]
}

@test "links in any place lead nowhere outside" {
	WRAP=()
	no_way_out true
}

@test "the same names inside are where such links lead" {
	local target at

	for target in "$OUTSIDE" "../../../../../../../../../../../..$OUTSIDE"; do
		a_system
		dist "$OUTSIDE/foo-1.dist-info" inside:twin
		hang "$target" /usr/lib/python3/dist-packages
		for at in 1 2; do
			inside query g --json --path $SITE
			[ "$status" -eq 0 ]
			true_of 'j[0]["value"] == "inside:twin" and j[0]["directory"] == site'
			inside refresh $SITE
			[ "$status" -eq 0 ]
		done
		[ -f "$ROOT$CACHE/usr-lib-python3-dist\\x2dpackages.v1" ]
	done
	a_system
	folder "$OUTSIDE"
	hang "$OUTSIDE" /var/cache
	inside refresh $SITE
	[ "$status" -eq 0 ]
	[ -f "$ROOT$OUTSIDE/epcache/usr-lib-python3-dist\\x2dpackages.v1" ]
	[ -z "$(ls -A "$OUTSIDE/epcache" 2>/dev/null)" ]
}

@test "a given cache folder is inside as well, links and .. in its name included" {
	outside_tree
	a_system
	BEFORE=$(find "$OUTSIDE" -printf '%p %y %i %s %m %T@ %C@\n' | sort)
	link "$OUTSIDE" /link
	for dir in /../outside/cache/epcache ../outside/cache /link/cache /link/new "$OUTSIDE/cache"; do
		inside refresh $SITE --cache-dir "$dir"
		inside clean --cache-dir "$dir"
		: >said
		outside_as_it_was "$dir"
	done
	[ -d "$ROOT/outside/cache/epcache" ]
}

@test "directories and prefixes given as arguments are inside, .. included" {
	outside_tree
	a_system
	touch "$OUTSIDE/pyvenv.cfg" said
	mkdir -p "$OUTSIDE/lib/python3.11/site-packages"
	BEFORE=$(find "$OUTSIDE" -printf '%p %y %i %s %m %T@ %C@\n' | sort)
	for dir in /../outside ../outside "$OUTSIDE" "/usr/../..$OUTSIDE"; do
		inside query --all --path "$dir"
		[ "$status" -eq 3 ]
		inside refresh "$dir"
		[ "$status" -eq 1 ]
		inside refresh --venv "$dir"
		[ "$status" -eq 1 ]
		inside dump "$dir/epcache.conf"
		[ "$status" -eq 1 ]
		outside_as_it_was "$dir"
	done
}

@test "loops of links end" {
	local place

	for place in "${PLACES[@]}"; do
		a_system
		hang "${place##*/}" "$place"
		WRAP=(timeout 30)
		commands
	done
}

# --- what the system calls say ------------------------------------------------------

needs_strace() {
	# The leak checker of a sanitized build cannot be traced.
	export ASAN_OPTIONS=detect_leaks=0

	type strace >/dev/null || skip "needs strace"
	strace -o trace -y -e trace=openat2 true 2>/dev/null || skip "strace may not trace here"
	"$EPCACHE" --version >/dev/null
}

# nothing_opened WHAT - no call of the traced ones had a descriptor of what is outside,
# or named it, but to tell where a link leads.
nothing_opened() {
	local wrong

	[ -s "$WORK/trace" ]
	wrong=$(grep -e "<$OUTSIDE" -e "\"$OUTSIDE" "$WORK/trace" |
		grep -v -e 'readlink' -e 'execve(' -e 'openat2(.*RESOLVE_IN_ROOT' || :)
	wrong+=$(grep "= [0-9]*<$OUTSIDE" "$WORK/trace" || :)
	[ -z "$wrong" ] || { echo "$1: $wrong"; return 1; }
}

# traced OPTION... - each place once with an absolute and once with a relative link.
traced() {
	needs_strace
	WRAP=(strace -f --seccomp-bpf -y -o "$WORK/trace" -A -e 'trace=%file,openat2' "$@")
	targets() {
		TARGETS=("$OUTSIDE")
		[ -z "${LONG-}" ] || TARGETS+=(../../../../outside)
	}
	checked() {
		nothing_opened "$1"
		: >"$WORK/trace"
	}
	: >trace
	no_way_out checked
}

@test "nothing outside is opened, as strace tells" {
	traced
}

# refuses ERROR - openat2(2) is refused, and commands go on.
refuses() {
	needs_strace
	strace -o trace -e trace=openat2 -e inject="openat2:error=$1" true 2>/dev/null ||
		skip "strace cannot refuse a call"
	a_system
	run strace -f -o trace -e trace=openat2 -e inject="openat2:error=$1" "$EPCACHE" query g \
		--root "$ROOT" --path $SITE
	[[ $output == *inside:x* ]]
	grep -q "$1.*INJECTED" trace
}

@test "nothing outside is opened where openat2 is refused" {
	refuses ENOSYS
	refuses EPERM
	traced -e inject=openat2:error=ENOSYS
}

@test "the same answers without openat2" {
	needs_strace
	local command wanted

	a_system
	link ../../usr/lib/python3 /opt/abs/rel
	link /opt/abs/rel /opt/link
	ln -s "../../../..$SITE" "$ROOT/opt/dots"
	inside refresh
	for command in "query --all --path $SITE --path /opt/link/dist-packages --path /opt/dots" \
		"query --all --path /opt/link/../python3/dist-packages" 'status --config' \
		'explain g a' 'dump' 'verify' 'clean' "query g --path /none --path /usr/bin/python3"; do
		# shellcheck disable=SC2086
		run "$EPCACHE" $command --root "$ROOT"
		wanted=$status$output
		for error in ENOSYS EPERM; do
			# shellcheck disable=SC2086
			run strace -o trace -e trace=openat2 -e inject=openat2:error=$error \
				"$EPCACHE" $command --root "$ROOT"
			[ "$status$output" = "$wanted" ] || { echo "$command: $output"; return 1; }
			! grep -q openat2 trace || grep -q INJECTED trace
		done
	done
}
