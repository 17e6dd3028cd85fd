# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# systemd.bats - the units, as they are installed: by systemd's own tools, by their
# commands in systems that were copied, and by a systemd that runs them.

# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2154 # scripts; subshells; lib.bash

load lib
load systemd

setup_file() {
	hooks_begin
	units_begin
}

teardown_file() {
	hooks_end
}

setup() {
	units_needs
	ROOT=$WORK/root
	cp -a "$WORK/template" "$ROOT"
}

teardown() {
	halt
	for dir in "$WORK/root" "$WORK/copy"; do
		[ ! -d "$dir" ] || rm -rf "$dir"
	done
}

# --- what systemd says of them -----------------------------------------------

# verify - nothing to complain of; manual pages are not in the root.
verify() {
	local units=()

	mapfile -t units < <(cd "$ROOT$UNITS" && ls -d epcache-*.{service,timer,target})
	systemd-analyze verify --root="$ROOT" --man=no --recursive-errors=one "${units[@]}" \
		'epcache-watch@usr-local.path' >"$WORK/said" 2>&1
	[ ! -s "$WORK/said" ]
}

@test "systemd-analyze verify: no complaint, and it would notice" {
	verify || { cat "$WORK/said"; false; }
	sed -i 's/^TriggerLimitBurst=/TriggerLimitBrust=/' "$ROOT$UNITS/epcache-watch@.path"
	run ! verify
	grep -q TriggerLimitBrust "$WORK/said"
}

@test "systemd-analyze security: exposure of 1.5 at most, and it would notice" {
	local unit conf=$ROOT$UNITS/epcache-.service.d/sandbox.conf

	for unit in epcache-refresh.service epcache-boot.service; do
		exposure "$unit"
		awk -v e="$(exposure "$unit")" 'BEGIN { exit !(e != "" && e + 0 <= 1.5) }'
	done
	cp "$conf" "$WORK/sandbox"
	for line in CapabilityBoundingSet PrivateNetwork RestrictNamespaces SystemCallFilter; do
		grep -v "^$line=" "$WORK/sandbox" >"$conf"
		awk -v e="$(exposure epcache-refresh.service)" 'BEGIN { exit !(e + 0 > 1.5) }'
	done
}

@test "systemd-tmpfiles and systemd-sysusers: folders of root's, a user without rights" {
	local folder

	is_root || skip "needs root"
	rm -r "$ROOT"/etc/{passwd,group} "$ROOT/var/lib"
	systemd-sysusers --root="$ROOT" epcache.conf
	grep -q '^_epcache:x:[1-9][0-9]*:[1-9][0-9]*:.*:/nonexistent:.*/nologin$' \
		"$ROOT/etc/passwd"
	for _ in 1 2; do
		systemd-tmpfiles --root="$ROOT" --create epcache.conf
		for folder in cache lib; do
			[ "$(stat -c '%a %u %g' "$ROOT/var/$folder/epcache")" = '755 0 0' ]
		done
	done
	touch -d @1 "$ROOT/var/cache/epcache/old.v1"
	systemd-tmpfiles --root="$ROOT" --clean epcache.conf
	[ -e "$ROOT/var/cache/epcache/old.v1" ]
}

# --- what to watch -----------------------------------------------------------

@test "the generator: one path for each folder that exists, whatever the version" {
	mkdir -p "$ROOT"/usr/lib/python3.{11,99t}/site-packages \
		"$ROOT"/usr/local/lib/python{2.7/site,3.11/other}-packages
	: >"$ROOT/usr/lib/python3/site-packages"
	ln -s lib "$ROOT/usr/local/lib64"
	in_root /usr/lib/systemd/system-generators/epcache-watch-generator /tmp /tmp /tmp
	cd "$ROOT/tmp/epcache-watch.target.wants"
	diff <(printf '%s\n' * | LC_ALL=C sort) - <<-'END'
		epcache-watch@usr-lib-python3-dist\x2dpackages.path
		epcache-watch@usr-lib-python3.11-site\x2dpackages.path
		epcache-watch@usr-lib-python3.99t-site\x2dpackages.path
		epcache-watch@usr-local-lib-python3.11-dist\x2dpackages.path
	END
	for link in *; do
		[ -e "$ROOT$(readlink "$link")" ]
	done
}

@test "the generator: nothing where there is no Python" {
	rm -r "$ROOT"/usr/{lib,local/lib}/python3*
	in_root /usr/lib/systemd/system-generators/epcache-watch-generator /tmp /tmp /tmp
	[ -z "$(ls "$ROOT/tmp")" ]
}

# --- their commands ----------------------------------------------------------

# is_current - a refresh would find nothing to do.
is_current() {
	in_root /usr/bin/epcache refresh --system --dry-run --json | "$PYTHON" -I -S -c '
import json, sys
rows = json.load(sys.stdin)
sys.exit(not rows or any(row["result"] != "unchanged" for row in rows))'
}

# heals UNIT POINTS - what the system answers is right, though its cache is not what a
# refresh would make; after the unit's command it is that, and has these entry points.
heals() {
	local command

	agrees "$SITE" "$LOCAL" || return
	if is_current; then return 1; fi
	read -ra command < <(command_of "$1")
	[ "${#command[@]}" -gt 1 ] || return
	in_root "${command[@]}" || return
	is_current && is_cached "$SITE" "$LOCAL" && agrees "$SITE" "$LOCAL" || return
	in_root /usr/bin/epcache verify --quiet && [ "$(points)" = "$2" ]
}

cached_before() {
	in_root /usr/bin/epcache refresh --system
	is_current
}

@test "a system that was copied by cp -a: right before, quick after the boot service" {
	cached_before
	cp -a "$ROOT" "$WORK/copy"
	ROOT=$WORK/copy
	heals epcache-boot.service a=one
}

@test "a system that was copied by tar: right before, quick after the daily service" {
	cached_before
	mkdir "$WORK/copy"
	tar -C "$ROOT" -cf - . | "${ns[@]}" tar -C "$WORK/copy" -xpf -
	ROOT=$WORK/copy
	heals epcache-refresh.service a=one
}

@test "a layer over a system that was cached: right before, quick after the boot service" {
	is_root || skip "needs root"
	unshare -m true 2>/dev/null || skip "needs a mount namespace"
	cached_before
	mkdir "$WORK/copy"
	unshare -m "$BASH" -uc "$(declare -p ns WORK PYTHON SITE LOCAL UNITS
		declare -f heals agrees is_cached is_current points in_root command_of)"'
		mount -t tmpfs none "$WORK/copy" && cd "$WORK/copy" && mkdir upper work merged &&
		mount -t overlay -o lowerdir="$WORK/root",upperdir=upper,workdir=work none merged ||
			exit
		ROOT=$PWD/merged
		mkdir "$ROOT$SITE/b-1.dist-info" &&
		printf "[g]\nb = two\n" >"$ROOT$SITE/b-1.dist-info/entry_points.txt" &&
		heals epcache-boot.service "a=one b=two"'
}

# --- a systemd that runs them ------------------------------------------------

# last_refresh - how the last one went: "refresh 0 []", with the layers that were missing.
last_refresh() {
	"$PYTHON" -I -S -c '
import json, sys
last = json.load(open(sys.argv[1]))["last_refresh"]
print(last["by"], sum(d["result"] == "failed" for d in last["directories"]),
      last["missing"])' "$ROOT/var/lib/epcache/state.json"
}

# watches - no refresh runs or is waited for, and each folder is watched again: a path that
# has started one is active as well, and sees nothing.
watches() {
	[ "$(in_boot systemctl show --property=SubState --value 'epcache-watch@*.path' |
		sed '/^$/d' | sort | uniq -c | tr -s ' ')" = ' 2 waiting' ]
}

@test "booted: the boot service, the timer and the watch do their part, all layers there" {
	systemctl --root="$ROOT" --quiet enable epcache-boot.service epcache-refresh.timer \
		epcache-watch.target
	boot || skip "needs root, namespaces and a cgroup2 for a systemd"

	# Nothing says that /var is of this /usr.
	soon is_cached "$SITE" "$LOCAL"
	[ "$(last_refresh)" = 'refresh 0 []' ]
	in_boot systemctl is-active epcache-boot.service epcache-refresh.timer epcache-watch.target

	# As pip does.
	soon watches
	dist_make "$ROOT$LOCAL/c-1.dist-info" '[g]\nc = three\n'
	soon is_cached "$SITE" "$LOCAL"
	[ "$(points)" = 'a=one c=three' ]
	soon watches
	dist_make "$ROOT$LOCAL/d-1.dist-info" '[g]\nd = four\n'
	soon is_cached "$SITE" "$LOCAL"
	[ "$(points)" = 'a=one c=three d=four' ]

	# What the watch does not see, as the timer has it done.
	soon watches
	printf '[g]\na = five\n' >"$ROOT$SITE/a-1.dist-info/entry_points.txt"
	run ! is_cached "$SITE" "$LOCAL"
	in_boot systemctl start epcache-refresh.service
	is_cached "$SITE" "$LOCAL"
	[ "$(points)" = 'a=five c=three d=four' ]
	[ "$(last_refresh)" = 'refresh 0 []' ]
	[ -z "$(in_boot systemctl list-units --failed --plain --no-legend 'epcache*')" ]
}

@test "booted: a refresh leaves the actions to their unit, where they are contained" {
	mkdir -p "$ROOT/etc/epcache/actions.d"
	echo Exec=/bin/cat >"$ROOT/etc/epcache/actions.d/60-cat.action"
	mkdir -p "$ROOT/etc/systemd/system/epcache-actions.service.d"
	printf '[Service]\nExecStartPost=/bin/mkdir /etc/unit-was-run\n' \
		>"$ROOT/etc/systemd/system/epcache-actions.service.d/post.conf"
	systemctl --root="$ROOT" --quiet enable epcache-boot.service
	boot || skip "needs root, namespaces and a cgroup2 for a systemd"

	soon test -d "$ROOT/etc/unit-was-run"
	in_boot /usr/bin/epcache actions output 60-cat | grep -q '"action":"60-cat"'
	[ -z "$(in_boot systemctl list-units --failed --plain --no-legend 'epcache*')" ]
	in_boot /usr/bin/epcache actions list --json >"$WORK/list"
	"$PYTHON" -I -S -c 'import json, sys
action, = json.load(open(sys.argv[1]))
assert action["result"] == "done", action' "$WORK/list"

	# A run that was lost is made up for by the timer's command, which finds no change.
	dist_make "$ROOT$SITE/lost-1.dist-info" '[g]\nl = lost\n'
	in_boot EPCACHE_API=1 /usr/bin/epcache refresh --system --quiet
	in_boot systemctl start epcache-refresh.service
	tells_of_lost() { in_boot /usr/bin/epcache actions output 60-cat | grep -q lost-1; }
	soon tells_of_lost
}
