# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Transactions of pacman in which something goes wrong, or is odd.

# shellcheck disable=SC2030,SC2031,SC2154 # each test is a subshell; of lib.bash

load lib
load pacman

setup_file() {
	pacman_begin
	pacman_lacks >/dev/null && return
	dist_pack demo 1.0-1 demo:one
	dist_pack demo 1.0-2 demo:two # as long, and with the same stamps
	dist_pack more 1.0-1 more:one
}

teardown_file() {
	hooks_end
}

setup() {
	pacman_root
	ours
	put demo-1.0-1
	is_right "$SITE"
}

teardown() {
	pacman_root_end
}

# traced INJECTION NAME... - install these, in which strace does that to a call which only
# the worker makes for the directory of the distributions.
traced() {
	local files line

	files "${@:2}"
	pacman_line -U "${files[@]}"
	"${line[@]:0:${#ns[@]}}" strace -f -qq -o "$WORK/trace" -e trace=fstatfs \
		-e "inject=fstatfs:$1" -P "$ROOT$SITE" "${line[@]:${#ns[@]}}" \
		>"$WORK/said" 2>&1 </dev/null
}

# strictly - what is answered for demo, by the check that is the default.
strictly() {
	in_root /usr/bin/epcache query g demo --check strict --json </dev/null |
		sed -n 's/^.*"value":[^"]*"\(.*\)".*/\1/p'
}

# heals - the next transaction makes it right.
heals() {
	transaction -U more-1.0-1
	[ "$(points)" = 'demo=demo:two more=more:one old=old:one' ]
}

# A worker has been ended or stopped: that is told in one line, and nothing else.
is_told() {
	[ "$(grep -c '^epcache: ' "$WORK/said")" -eq 1 ] && ! grep -i '^error' "$WORK/said"
}

@test "a worker that crashes: no old answer survives, the next transaction heals" {
	needs strace
	traced signal=SEGV demo-1.0-2
	is_told
	[ ! -e "$(cache_file)" ]
	[ "$(strictly)" = demo:two ]
	agrees "$SITE"
	heals
}

@test "a worker that hangs: its time is limited, no old answer survives" {
	needs strace
	mkdir -p "$ROOT/etc/epcache"
	echo 'TimeoutSec=3' >"$ROOT/etc/epcache/epcache.conf"
	traced signal=STOP demo-1.0-2
	is_told
	[ ! -e "$(cache_file)" ]
	agrees "$SITE"
	# By itself it is tried again after a pause.
	in_root /usr/bin/epcache refresh --system
	heals
}

# apart FUNCTION - run in a mount namespace of its own.
apart() {
	"${ns[@]}" unshare -m bash -euc "$(declare -f)
		$(declare -p ROOT WORK OURS SITE PYTHON KEPT)
		ns=()
		$1"
}

needs_mounts() {
	"${ns[@]}" unshare -m mount -t tmpfs none "$ROOT/tmp" 2>/dev/null ||
		skip 'needs to mount a tmpfs'
}

full() {
	local cache=$ROOT/var/cache/epcache

	cp -a "$cache" "$WORK/aside"
	mount -t tmpfs -o size=64k none "$cache"
	cp -a "$WORK/aside/." "$cache"
	cat /dev/zero >"$cache/filling" 2>/dev/null || :
	put demo-1.0-2
	is_told
	[ ! -e "$(cache_file)" ]
	agrees "$SITE"
	rm "$cache/filling"
	heals
}

@test "a disk that is full: no old answer survives, the next transaction heals" {
	needs_mounts
	apart full
}

read_only() {
	mount --bind "$ROOT/var/cache/epcache" "$ROOT/var/cache/epcache"
	mount -o remount,bind,ro "$ROOT/var/cache/epcache"
	put demo-1.0-2
	[ "$(strictly)" = demo:two ]
}

@test "a cache that is read-only: nothing is written, and strict readers are right" {
	needs_mounts
	apart read_only
	heals
}

# hook_before COMMAND - what the shell is to do before our hook.
hook_before() {
	mkdir -p "$ROOT/etc/pacman.d/hooks"
	printf '%s\n' '[Trigger]' 'Type = Package' 'Operation = Install' 'Operation = Upgrade' \
		'Operation = Remove' 'Target = *' '[Action]' 'When = PostTransaction' \
		"Exec = /bin/sh -c '$1'" >"$ROOT/etc/pacman.d/hooks/aa-before.hook"
}

@test "pacman is killed before the hook: readers are right, the timer's command heals" {
	hook_before "kill -9 \$PPID"
	run put demo-1.0-2
	[ "$status" -eq 137 ]
	[ -e "$ROOT/var/lib/pacman/db.lck" ]
	[ "$(strictly)" = demo:two ]
	in_root /usr/bin/epcache refresh --system
	is_right "$SITE"
	[ "$(points)" = 'demo=demo:two old=old:one' ]
	# Nor does it take more than the lock and the hook away for pacman to go on.
	rm "$ROOT/var/lib/pacman/db.lck" "$ROOT/etc/pacman.d/hooks/aa-before.hook"
	heals
}

@test "pacman is killed while it unpacks: the same" {
	local files line text

	files demo-1.0-2
	pacman_line -U "${files[@]}"
	needs strace
	run "${line[@]:0:${#ns[@]}}" strace -f -qq -o /dev/null -e trace=rename,unlink,unlinkat \
		-e inject=rename,unlink,unlinkat:signal=KILL:when=2 "${line[@]:${#ns[@]}}"
	[ "$status" -ne 0 ]
	text=$ROOT$SITE/demo-1.0.dist-info/entry_points.txt
	[ "$(strictly)" = "$(sed -n 's/^demo = //p' "$text")" ]
	in_root /usr/bin/epcache refresh --system
	is_right "$SITE"
	rm -f "$ROOT/var/lib/pacman/db.lck"
	put demo-1.0-2
	heals
}

@test "a refresh by hand during a transaction" {
	local refresh='/usr/bin/epcache refresh --system --force -q'

	hook_before "for i in 1 2 3 4 5 6 7 8; do $refresh; done &"
	put demo-1.0-2
	is_silent
	agrees "$SITE"
	rm "$ROOT/etc/pacman.d/hooks/aa-before.hook"
	heals
}

@test "an environment and descriptors of somebody else's" {
	local files line evil=$WORK/evil

	mkdir "$evil"
	files demo-1.0-2
	pacman_line -U "${files[@]}"
	env -i PATH=/usr/bin:/bin EPCACHE=0 EPCACHE_DIR="$evil" XDG_CACHE_HOME="$evil" \
		VIRTUAL_ENV="$evil" GCONV_PATH="$evil" LC_ALL=nonsense TZ=:/etc/shadow HOME="$evil" \
		"${line[@]}" 7<"$evil" 9>"$WORK/leaked" >"$WORK/said" 2>&1 <&-
	is_silent
	is_right "$SITE"
	[ -z "$(ls "$evil")" ]
	[ "$(points)" = 'demo=demo:two old=old:one' ]
}

@test "distributions and files that are named like options" {
	local from=$WORK/from/options

	dist_make "$from$SITE/--help-1.dist-info" '[g]\nhelp = help:one\n'
	dist_make "$from$SITE/-rf.dist-info" '[g]\nrf = rf:one\n'
	# The names of the folders do not give one.
	echo 'Name: help' >>"$from$SITE/--help-1.dist-info/METADATA"
	echo 'Name: rf' >>"$from$SITE/-rf.dist-info/METADATA"
	mkdir -p "$from/usr/share/options"
	: >"$from/usr/share/options/--root=nowhere"
	pack "$from" options 1-1
	transaction -U options-1-1
	[ "$(points)" = 'demo=demo:one help=help:one old=old:one rf=rf:one' ]
	transaction -R options
}

@test "a distribution that importlib.metadata fails at is cached as such" {
	local from=$WORK/from/opaque

	dist_make "$from$SITE/opaque-1.dist-info" '[g]\nno equals sign\n'
	pack "$from" opaque 1-1
	put opaque-1-1
	is_silent
	is_cached "$SITE"
	transaction -R opaque
}

@test "a system that is copied: right at once, and quick after a refresh" {
	copies_are_right "$SITE/demo-1.0.dist-info/entry_points.txt" "$SITE"
}

@test "a system that is a layer: right at once, and quick after a refresh" {
	needs_overlay
	among_mounts layers_are_right "$SITE/demo-1.0.dist-info/entry_points.txt" "$SITE"
}

@test "there is neither /proc nor /dev, and none is made" {
	[ ! -e "$ROOT/proc" ]
	[ ! -e "$ROOT/dev" ]
	put demo-1.0-2
	is_silent
	is_right "$SITE"
	[ ! -e "$ROOT/proc" ] && [ ! -e "$ROOT/dev" ]
}

@test "pacman --sysroot: entered before anything is read there" {
	cp "$WORK/pacman.conf" "$ROOT/etc/"
	cp "$WORK/demo-1.0-2.pkg.tar.zst" "$ROOT/tmp/"
	"${ns[@]}" pacman --sysroot "$ROOT" --config /etc/pacman.conf --noconfirm --noprogressbar \
		-U /tmp/demo-1.0-2.pkg.tar.zst >"$WORK/said" 2>&1 </dev/null || { cat "$WORK/said"; false; }
	is_silent
	is_right "$SITE"
	[ "$(points)" = 'demo=demo:two old=old:one' ]
}
