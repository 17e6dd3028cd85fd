# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# epcache trigger: what hooks of package managers call, in made-up systems.

# shellcheck disable=SC2030,SC2031,SC2154 # each test is a subshell; of bats

load lib
load systems

setup() {
	system_begin
	python /usr/lib 3.12
	dists=/usr/lib/python3.12/site-packages
	dist demo '[g]' 'x = y'
	mkdir -p "$ROOT/var/cache" "$ROOT/var/lib"
}

teardown() {
	system_end
}

# dist NAME LINE... - a distribution of the system, with these lines of entry points.
dist() {
	local folder=$ROOT$dists/$1-1.dist-info

	shift
	mkdir -p "$folder"
	printf '%s\n' "$@" >"$folder/entry_points.txt"
}

trigger() {
	run --separate-stderr "$EPCACHE" trigger "$@" --root "$ROOT"
}

is_fresh() {
	"$EPCACHE" status -q --root "$ROOT" "$dists" &&
		[ "$("$EPCACHE" status --json --root "$ROOT" "$dists" | grep -c '"fresh"')" -eq 1 ]
}

# configure LINE... - the epcache.conf of the system.
configure() {
	mkdir -p "$ROOT/etc/epcache"
	printf '%s\n' "$@" >"$ROOT/etc/epcache/epcache.conf"
}

@test "each package manager: the system's directories are cached, nothing is said" {
	for manager in rpm pacman dpkg; do
		rm -rf "$ROOT/var/cache/epcache"
		trigger "$manager" </dev/null
		[ "$status" -eq 0 ]
		[ -z "$output$stderr" ]
		is_fresh
	done
}

@test "another manager, none, or an option that is none: a line, and status 0" {
	for args in zypper '' 'rpm dpkg' '--nonsense rpm'; do
		# shellcheck disable=SC2086 # words
		trigger $args </dev/null
		[ "$status" -eq 0 ]
		[ "${#stderr_lines[@]}" -eq 1 ]
		[ ! -e "$ROOT/var/cache/epcache" ]
	done
}

@test "--cache-dir: cache files are there, and nowhere else" {
	trigger rpm --cache-dir /elsewhere </dev/null
	[ "$status" -eq 0 ]
	[ -e "$ROOT/elsewhere/usr-lib-python3.12-site\\x2dpackages.v1" ]
	[ ! -e "$ROOT/var/cache/epcache" ]
}

@test "SOURCE_DATE_EPOCH: in an image that is built, equal content gives equal cache files" {
	SOURCE_DATE_EPOCH=1700000000 trigger dpkg </dev/null
	is_fresh
	cp -r "$ROOT/var/cache/epcache" first
	cp -r "$ROOT$dists" copied && rm -r "${ROOT:?}$dists" && cp -r copied "$ROOT$dists"
	SOURCE_DATE_EPOCH=1700000000 trigger dpkg </dev/null
	is_fresh
	diff -r "$ROOT/var/cache/epcache" first
}

@test "Trigger=no turns it off" {
	configure Trigger=no
	trigger rpm </dev/null
	[ "$status" -eq 0 ]
	[ ! -e "$ROOT/var/cache/epcache" ]
}

@test "rpm: what it writes is read, so that it meets no broken pipe" {
	run bash -c 'set -o pipefail; seq 200000 | "$EPCACHE" trigger rpm --root "$1"' bash "$ROOT"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	is_fresh
}

@test "dpkg and pacman: standard input is left alone" {
	for manager in dpkg pacman; do
		run bash -c '{ "$EPCACHE" trigger "$1" --root "$2"; cat; } <<<theirs' bash \
			"$manager" "$ROOT"
		[ "$output" = theirs ]
	done
	# ... also where it never ends
	mkfifo never
	exec {held}<>never
	trigger dpkg <never
	exec {held}>&-
	[ "$status" -eq 0 ]
	is_fresh
}

@test "closed streams, leaked descriptors and an odd environment" {
	exec 7>leaked
	run env -i EPCACHE=0 EPCACHE_DIR="$WORK/other" LD_BIND_NOW=1 XDG_CACHE_HOME="$WORK/xdg" \
		"$EPCACHE" trigger dpkg --root "$ROOT" <&- >&- 2>&-
	exec 7>&-
	[ "$status" -eq 0 ]
	is_fresh
	[ ! -e other ]
	[ ! -e xdg ]
	needs_strace
	strace -f -o trace -e trace=close_range "$EPCACHE" trigger dpkg --root "$ROOT"
	grep -q 'close_range(3, 4294967295' trace
}

@test "what fails is one line, and status 0" {
	chmod 0 "$ROOT/var/cache"
	is_root && ln -sfn /nowhere "$ROOT/var/cache/epcache"
	trigger rpm </dev/null
	chmod 755 "$ROOT/var/cache"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ $stderr == 'epcache: '*' directories are without a cache '*'epcache status'* ]]
}

@test "wrong lines in the configuration are for the log" {
	configure 'Nonsense' 'Trigger=perhaps'
	trigger rpm </dev/null
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	is_fresh
}

@test "no Python at all: nothing to do" {
	rm -r "$ROOT/usr/bin/python3.12" "$ROOT/usr/lib"
	trigger rpm </dev/null
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
}

@test "a directory that does not answer in its time: the others are cached, its file is gone" {
	needs_root
	configure TimeoutSec=1 Directory=/srv/slow
	mkdir -p "$ROOT/srv/slow/a-1.dist-info"
	trigger rpm </dev/null
	is_fresh
	[ -e "$ROOT/var/cache/epcache/srv-slow.v1" ]
	touch "$ROOT/srv/slow/a-1.dist-info/entry_points.txt"
	dist more '[g]' 'z = y'
	# A worker that is stopped is one that does not answer.
	needs_strace
	strace -f -qq -o /dev/null -e trace=getdents64 -e inject=getdents64:signal=STOP \
		-P "$ROOT/srv/slow" "$EPCACHE" trigger rpm --root "$ROOT" </dev/null 2>said
	[ "$(wc -l <said)" -eq 1 ]
	[ ! -e "$ROOT/var/cache/epcache/srv-slow.v1" ]
	is_fresh
}

@test "a directory that failed is tried again after a pause that grows, or by hand" {
	local state=$ROOT/var/lib/epcache/state.json slow=$ROOT/var/cache/epcache/srv-slow.v1

	needs_root
	needs_strace
	configure TimeoutSec=1 Directory=/srv/slow
	mkdir -p "$ROOT/srv/slow/a-1.dist-info"
	for n in 1 2; do
		strace -f -qq -o /dev/null -e trace=getdents64 -e inject=getdents64:signal=STOP \
			-P "$ROOT/srv/slow" "$EPCACHE" trigger rpm --root "$ROOT" </dev/null 2>said
		"$PYTHON" -I -S - "$state" "$n" <<-'END'
		import json, sys, time
		state = json.load(open(sys.argv[1]))
		(row,) = [d for d in state["last_refresh"]["directories"] if "failures" in d]
		assert row["directory"] == "/srv/slow" and row["failures"] == int(sys.argv[2]), row
		left = row["again"] - time.time()
		assert 60 * row["failures"] - 50 < left <= 60 * row["failures"], left
		END
		# It is not tried, and there is no old file of it.
		trigger rpm </dev/null
		[[ $stderr == *'1 of '* ]]
		[ ! -e "$slow" ]
		run "$EPCACHE" status --root "$ROOT"
		[[ $output == *"/srv/slow: failed $n times in a row"* ]]
		# As if the pause were over.
		sed -i 's/"again":.*/"again": 1/' "$state"
	done
	sed -i "s/\"again\":.*/\"again\": $(($(date +%s) + 60))/" "$state"
	"$EPCACHE" refresh --system --root "$ROOT"
	[ -e "$slow" ]
	lacks "$state" failures
}

@test "a directory that holds who looks at it: it is left out, the others are cached" {
	needs_root
	configure Directory=/srv/slow
	mkdir -p "$ROOT/srv/slow"
	needs_strace
	# One that is stopped is held as by a file system that does not answer.
	strace -f -qq -o /dev/null -e trace=fstat,newfstatat \
		-e inject=fstat,newfstatat:signal=STOP -P "$ROOT/srv/slow" \
		"$EPCACHE" trigger rpm --root "$ROOT" </dev/null 2>said
	[ "$(wc -l <said)" -eq 1 ]
	is_fresh
	grep -q 'does not answer' "$ROOT/var/lib/epcache/state.json"
}

@test "a refresh that is killed is reported, and readers get no old answer" {
	needs_root
	configure "CheckFast=$dists"
	trigger dpkg </dev/null
	is_fresh
	sed -i 's/y/z/' "$ROOT$dists/demo-1.dist-info/entry_points.txt"
	needs_strace
	# Whoever opens the lock has the folder; its workers end with it.
	strace -f -qq -o /dev/null -e trace=fcntl -e inject=fcntl:signal=KILL \
		-P "$ROOT/var/cache/epcache/.lock" \
		"$EPCACHE" trigger dpkg --root "$ROOT" </dev/null >said 2>&1
	[[ $(cat said) == 'epcache: the refresh ended early ('*"run 'epcache refresh'" ]]
	run "$EPCACHE" query g --root "$ROOT" --path "$dists"
	[[ $output == *z* ]]
	[ ! -e "$ROOT/var/cache/epcache/usr-lib-python3.12-site\x2dpackages.v1" ]
	trigger dpkg </dev/null
	is_fresh
}

@test "state.json tells what the last one came to" {
	needs_root
	trigger pacman </dev/null
	"$PYTHON" -I - "$ROOT/var/lib/epcache/state.json" <<-'END'
	import json, sys
	last = json.load(open(sys.argv[1]))["last_refresh"]
	assert last["by"] == "trigger pacman", last
	assert {d["result"] for d in last["directories"]} == {"written"}, last
	assert "user" in last["layers"], last
	END
	[ "$(stat -c '%a %U' "$ROOT/var/lib/epcache/state.json")" = '644 root' ]
	# What finds nothing to do leaves it as it is.
	before=$(stat -c %y "$ROOT/var/lib/epcache/state.json")
	trigger rpm </dev/null
	[ "$(stat -c %y "$ROOT/var/lib/epcache/state.json")" = "$before" ]
}

@test "state.json: what somebody planted there is not followed, nor believed" {
	needs_root
	mkdir -p "$ROOT/var/lib/epcache"
	ln -s "$OUTSIDE/written" "$ROOT/var/lib/epcache/state.json"
	trigger rpm </dev/null
	[ "$status" -eq 0 ]
	[ ! -e "$OUTSIDE/written" ]
	rm -r "$ROOT/var/lib/epcache"
	ln -s "$OUTSIDE" "$ROOT/var/lib/epcache"
	trigger rpm </dev/null
	[ "$status" -eq 0 ]
	[ "$(ls "$OUTSIDE")" = bin ]
	rm "$ROOT/var/lib/epcache"
	mkdir "$ROOT/var/lib/epcache"
	echo '{ "last_refresh": 3' >"$ROOT/var/lib/epcache/state.json"
	dist more '[g]' 'z = y'
	trigger rpm </dev/null
	[ "$status" -eq 0 ]
	grep -q 'trigger rpm' "$ROOT/var/lib/epcache/state.json"
}

@test "state.json: not in a folder that others may write to" {
	needs_root
	chmod 777 "$ROOT/var/lib"
	trigger rpm </dev/null
	[ ! -e "$ROOT/var/lib/epcache" ]
	chmod 755 "$ROOT/var/lib"
	chown 65534 "$ROOT/var/lib"
	dist more '[g]' 'z = y'
	trigger rpm </dev/null
	[ "$status" -eq 0 ]
	[ ! -e "$ROOT/var/lib/epcache" ]
	is_fresh
	chown 0 "$ROOT/var/lib"
	dist again '[g]' 'z = y'
	trigger rpm </dev/null
	[ -e "$ROOT/var/lib/epcache/state.json" ]
}

# hold_lock - as another refresh; to be ended with kill $!.
hold_lock() {
	"$PYTHON" -c '
import fcntl, os, struct, sys, time
fd = os.open(sys.argv[1], os.O_RDWR)
fcntl.fcntl(fd, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))  # F_OFD_SETLK
open(sys.argv[2], "w").close()
time.sleep(60)' "$ROOT/var/cache/epcache/.lock" "$WORK/held" 3>&- &
	until [ -e held ]; do
		sleep 0.05
	done
}

@test "another refresh holds the lock: that is said, and not that there is no cache" {
	[ -n "${LONG-}" ] || skip "waits 10 s for the lock; LONG=1 runs it"
	trigger rpm </dev/null
	dist more '[g]' 'z = y'
	hold_lock
	trigger rpm </dev/null
	kill $!
	[ "$status" -eq 0 ]
	[ -e "$ROOT/var/cache/epcache/usr-lib-python3.12-site\\x2dpackages.v1" ]
	[ "$stderr" = "epcache: 1 of $(dirs) directories were not refreshed, as another refresh holds the lock; see 'epcache status'" ]
}

@test "another refresh holds the lock, and no time is left: its files stay" {
	local i paths=()

	[ -n "${LONG-}" ] || skip "takes 20 s; LONG=1 runs it"
	needs_root
	for i in {1..5}; do
		mkdir -p "$ROOT/srv/d$i/a-1.dist-info"
		paths+=(-P "$ROOT/srv/d$i")
	done
	configure Directory=/srv/d{1..5}
	chown 65534 "$ROOT/srv/d5" # so that it comes last
	trigger rpm </dev/null
	touch "$ROOT"/srv/d{1..5}/x
	hold_lock
	needs_strace
	strace -f -qq -o /dev/null -e trace=getdents64 -e inject=getdents64:signal=STOP \
		"${paths[@]}" "$EPCACHE" trigger rpm --root "$ROOT" </dev/null 2>said
	kill $!
	grep 'another refresh holds the lock' said
	[ -e "$ROOT/var/cache/epcache/srv-d5.v1" ]
}

# dirs - how many there are.
dirs() {
	"$EPCACHE" status --root "$ROOT" | sed '/^$/,$d' | wc -l
}

@test "status shows it, a line for people, and for each directory with --json" {
	needs_root
	trigger dpkg </dev/null
	run "$EPCACHE" status --root "$ROOT"
	[ "${lines[-1]}" != "${lines[0]}" ]
	[[ ${lines[-1]} == 'last change by root: 20'*'Z, trigger dpkg: 4 written, 0 failed'* ]]
	run "$EPCACHE" status --json --root "$ROOT" "$dists" /nowhere
	"$PYTHON" -I -c 'import json, sys
known, unknown = json.loads(sys.argv[1])
last = known["last_refresh"]
assert last["by"] == "trigger dpkg" and last["result"] == "written", last
assert last["error"] is None and "user" in last["layers"], last
assert unknown["last_refresh"] is None, unknown' "$output"
	run "$EPCACHE" status -q --root "$ROOT"
	[ -z "$output" ]
	# Where the cache is elsewhere it says nothing of it.
	run "$EPCACHE" status --root "$ROOT" --cache-dir /other
	[[ $output != *'last change'* ]]
}

@test "by hand, TimeoutSec= is the limit as well" {
	needs_root # of a process that hides itself, others are not told what it has open
	configure TimeoutSec=1
	needs_strace
	run strace -f -qq -o /dev/null -e trace=getdents64 -e inject=getdents64:signal=STOP \
		-P "$ROOT$dists" "$EPCACHE" refresh --root "$ROOT" "$dists"
	[ "$status" -eq 1 ]
	[[ $output == *"cannot refresh '$dists': not read within 1 s"* ]]
}
