# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What goes wrong in a transaction of rpm: it succeeds nevertheless, no old answer
# survives, and the next one heals.

# shellcheck disable=SC2030,SC2031,SC2154 # each test is a subshell; of lib.bash

load lib
load rpm

setup_file() {
	rpm_begin
	rpm_lacks >/dev/null && return
	dist_package "$LIB" demo 1.0 1 demo:one
	dist_package "$LIB" demo 1.0 2 demo:two # as long, and with the same stamps
	dist_package "$LIB" more 1.0 1 more:one
	# The parent of a scriptlet is rpm.
	dist_package "$LIB" deadly 1.0 1 deadly:one '%post' "kill -9 \$PPID"
	dist_package "$LIB" nosy 1.0 1 nosy:one '%post' '/usr/bin/epcache refresh --system --quiet'
	odd_package
}

# odd_package - files that are named like options, and worse.
odd_package() {
	local name folder

	for name in '--root=-etc' '-rf' "\$(reboot)" 'a b;c' '&'; do
		folder="$WORK/from/odd$LIB/$name-1.dist-info"
		dist_make "$folder" '[g]\nodd = odd:one\n'
		echo "Name: odd$((++odd))" >"$folder/METADATA"
	done
	package odd 1 1 "$WORK/from/odd"
}

teardown_file() {
	hooks_end
}

setup() {
	rpm_root
	rpm_do -i --nodeps "$OURS"
	rpm_do -i "$WORK/demo-1.0-1.rpm"
	file=$ROOT/var/cache/epcache/usr-lib-python3.11-site\\x2dpackages.v1
}

teardown() {
	rpm_root_end
}

# hurt INJECTION OPTION... - a transaction, with this done to who lists the directory.
hurt() {
	local inject=$1

	shift
	"${ns[@]}" strace -f -qq -o /dev/null -e trace=getdents64 -e "inject=getdents64:$inject" \
		-P "$ROOT$LIB" rpm --root "$ROOT" --dbpath /var/lib/rpm "$@" \
		>"$WORK/said" 2>&1 </dev/null
}

# told RUNS - what failed is a line of each time that the tool ran, and nothing else.
told() {
	[ "$(grep -c '^epcache: 1 of 5 directories' "$WORK/said")" -eq "$1" ]
	[ "$(said_of_us | grep -c '')" -eq "$1" ]
}

# value NAME - what who reads is told.
value() {
	in_root /usr/bin/epcache query --quiet g "$1" | cut -f 2
}

# heals - the next transaction makes good what the last one could not.
heals() {
	transaction -i "$WORK/more-1.0-1.rpm"
	[ "$(points)" = 'demo=demo:two more=more:one old=old:one' ]
}

@test "a worker that crashes" {
	needs strace
	hurt signal=SEGV -U "$WORK/demo-1.0-2.rpm"
	told 2
	[ ! -e "$file" ]
	agrees "$LIB64" "$LIB"
	heals
}

@test "a worker that hangs" {
	needs strace
	mkdir -p "$ROOT/etc/epcache"
	echo TimeoutSec=3 >"$ROOT/etc/epcache/epcache.conf"
	hurt signal=STOP -i "$WORK/more-1.0-1.rpm"
	told 1
	[ ! -e "$file" ]
	agrees "$LIB64" "$LIB"
	# By itself it is tried again after a pause.
	in_root /usr/bin/epcache refresh --system
	transaction -U "$WORK/demo-1.0-2.rpm"
	[ "$(points)" = 'demo=demo:two more=more:one old=old:one' ]
}

@test "a worker that may not read: what was cached is gone" {
	needs strace
	hurt error=EIO -U "$WORK/demo-1.0-2.rpm"
	told 2
	[ ! -e "$file" ]
	agrees "$LIB64" "$LIB"
	heals
}

# in_mounts COMMAND... - run with mounts that end with it.
in_mounts() {
	local options=(-m)

	is_root || options=(-rm)
	export ROOT
	export -f on_full_disk on_read_only value
	# shellcheck disable=SC2016 # for that bash
	unshare "${options[@]}" "$BASH" -e -c '
		bats_require_minimum_version() { :; }
		. "$1/lib.bash" && . "$1/rpm.bash"
		ns=()
		shift
		"$@"' bash "$BATS_TEST_DIRNAME" "$@"
}

needs_mounts() {
	if is_root; then
		unshare -m mount -t tmpfs none /mnt 2>/dev/null || skip "needs the right to mount"
	else
		unshare -rm mount -t tmpfs none /mnt 2>/dev/null || skip "needs the right to mount"
	fi
}

on_full_disk() {
	local cache=$ROOT/var/cache

	mount -t tmpfs -o size=64k none "$cache"
	rpm_do -i "$WORK/more-1.0-1.rpm"
	[ -e "$cache/epcache" ]
	dd if=/dev/zero of="$cache/filler" bs=1k count=100 2>/dev/null || true
	rpm_do -U "$WORK/demo-1.0-2.rpm"
	# What goes makes room: the tool's second run may find enough.
	[[ $said == 'epcache: '*' directories are without a cache'* ]]
	agrees "$LIB64" "$LIB"
	rm "$cache/filler"
	transaction -e more
	[ "$(points)" = 'demo=demo:two old=old:one' ]
}

@test "the disk is full" {
	needs_mounts
	in_mounts on_full_disk
}

on_read_only() {
	local before

	before=$(ls -l "$ROOT/var/cache/epcache" "$ROOT/var/lib/epcache")
	mount --bind "$ROOT/var/cache" "$ROOT/var/cache"
	mount -o remount,bind,ro "$ROOT/var/cache"
	mount --bind "$ROOT/var/lib/epcache" "$ROOT/var/lib/epcache"
	mount -o remount,bind,ro "$ROOT/var/lib/epcache"
	rpm_do -U "$WORK/demo-1.0-2.rpm"
	[ "$(grep -vc '^epcache: 1 of 5 directories' <<<"$said")" -eq 0 ]
	[ "$(ls -l "$ROOT/var/cache/epcache" "$ROOT/var/lib/epcache")" = "$before" ]
	[ "$(value demo)" = demo:two ]
}

@test "the caches are read-only: nothing is written, who reads is right" {
	needs_mounts
	in_mounts on_read_only
}

@test "rpm is killed: who reads is right at once, the timer's command heals" {
	run rpm_do -i --nodeps "$WORK/deadly-1.0-1.rpm"

	[ "$status" -eq 137 ]
	[ -e "$ROOT$LIB/deadly-1.0.dist-info/entry_points.txt" ]
	run ! is_cached "$LIB"
	[ "$(value deadly)" = deadly:one ]
	in_root /usr/bin/epcache refresh --system --quiet
	is_right "$LIB64" "$LIB"
}

@test "a refresh by hand in the middle of a transaction" {
	transaction -U --nodeps "$WORK"/{nosy-1.0-1,demo-1.0-2,more-1.0-1}.rpm
	[ "$(points)" = 'demo=demo:two more=more:one nosy=nosy:one old=old:one' ]
}

@test "refreshes by hand all the time" {
	local other

	(while in_root /usr/bin/epcache refresh --system --force --quiet; do :; done) \
		>"$WORK/other" 2>&1 &
	other=$!
	transaction -U --nodeps "$WORK"/{demo-1.0-2,more-1.0-1}.rpm
	transaction -e more
	mv "$ROOT/usr/bin/epcache" "$ROOT/usr/bin/was-epcache" # which ends the loop
	wait "$other" || true
	mv "$ROOT/usr/bin/was-epcache" "$ROOT/usr/bin/epcache"
	is_right "$LIB64" "$LIB"
	[ "$(points)" = 'demo=demo:two old=old:one' ]
}

@test "triggers that are left out: who reads is right at once, the next one heals" {
	rpm_do -U --notriggers "$WORK/demo-1.0-2.rpm"
	[ "$(value demo)" = demo:two ]
	heals
}

@test "without /proc and /dev, in a hostile environment, with leaked descriptors" {
	rmdir "$ROOT/proc" "$ROOT/dev"
	exec 7>"$WORK/leaked"
	export EPCACHE_DIR=/elsewhere XDG_CACHE_HOME=/elsewhere LD_BIND_NOW=1 IFS=/ ENV=/etc/passwd \
		LD_PRELOAD='' LANG=xx_XX PYTHONHOME=/nowhere TMPDIR=/nowhere BASH_ENV=/etc/passwd
	EPCACHE=0 rpm_do -U "$WORK/demo-1.0-2.rpm"
	unset EPCACHE_DIR XDG_CACHE_HOME LD_BIND_NOW IFS ENV LD_PRELOAD LANG PYTHONHOME TMPDIR \
		BASH_ENV
	exec 7>&-
	[ -z "$said" ]
	is_right "$LIB64" "$LIB"
	[ "$(points)" = 'demo=demo:two old=old:one' ]
	[ ! -e "$ROOT/elsewhere" ]
	[ ! -e "$ROOT/dev" ]
}

@test "standard streams that are closed" {
	"${ns[@]}" rpm --root "$ROOT" --dbpath /var/lib/rpm -U "$WORK/demo-1.0-2.rpm" <&- >&- 2>&-
	is_right "$LIB64" "$LIB"
}

@test "files that are named like options" {
	transaction -i "$WORK/odd-1-1.rpm"
	[ "$(points | wc -w)" -eq 7 ]
	transaction -e odd
}

@test "a system that is copied: right at once, and quick after a refresh" {
	copies_are_right "$LIB/demo-1.0.dist-info/entry_points.txt" "$LIB64" "$LIB"
}

@test "a system that is a layer: right at once, and quick after a refresh" {
	needs_overlay
	among_mounts layers_are_right "$LIB/demo-1.0.dist-info/entry_points.txt" "$LIB64" "$LIB"
}
