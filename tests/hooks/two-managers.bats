# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# two-managers.bats - rpm and dpkg in one system, at the same time; both have packages in
# the same directory of Python's.

# shellcheck disable=SC2030,SC2031,SC2153,SC2154 # each test is a subshell; lib.bash

load lib
load dpkg

# by_rpm FUNCTION... - of rpm.bash, which has names in common with dpkg.bash.
by_rpm() (
	load rpm
	"$@"
)

setup_file() {
	hooks_begin
	! dpkg_can || by_rpm rpm_lacks >/dev/null || begin
}

teardown_file() {
	hooks_end
}

setup() {
	local lack

	dpkg_needs
	! lack=$(by_rpm rpm_lacks) || skip "needs $lack"
}

teardown() {
	: >"$WORK/enough"
	wait
	rm "$WORK/enough"
	system_end
}

begin() {
	dpkg_begin
	by_rpm rpm_packages

	package keep 1 keep-1.dist-info k:m
	package d 1 d-1.dist-info d:one
	package d 2 d-1.dist-info d:two # as long, and with the same stamps
	POSTINST=$(meets dpkg rpm) package dm 1 dm-1.dist-info d:meets
	POSTINST=$(meets dpkg rpm) package dm 2 dm-2.dist-info d:meets2

	for ROOT in "$WORK"/{empty,template}; do
		mkdir "$ROOT/var/lib/rpm"
		by_rpm rpm_do --initdb
		dpkg_in -i keep_1
	done
}

# rpm_packages - as those of dpkg, and those of ours by rpm.
rpm_packages() {
	local version

	LIB=/usr/lib/python3/dist-packages
	ours_build || return
	cp "$OURS" "$WORK/ours.rpm"
	dist_package "$LIB" r 1 1 r:one
	dist_package "$LIB" r 1 2 r:two
	dist_package "$LIB" late 1 1 late:m
	for version in 1 2; do
		dist_package "$LIB" rm "$version" 1 "r:meets$version" %post "$(meets rpm dpkg)"
	done
}

# meets HERE THERE - a script that waits in the middle of a transaction for the other's.
meets() {
	# shellcheck disable=SC2016 # for the shell in there
	printf '%s\n' ": >/in-$1" 'n=0' "until [ -e /in-$2 ] || [ \$n -eq 600 ]; do" \
		'busybox sleep 0.1; n=$((n + 1)); done' "[ ! -e /in-$2 ] || : >/met-$1"
}

# both DPKG-OPTIONS -- RPM-OPTIONS - a transaction by each, at the same time.  They meet
# where both have a package that waits.
both() {
	local dpkg=() pid

	while [ "$1" != -- ]; do
		dpkg+=("$1")
		shift
	done
	shift
	rm -f "$ROOT"/{in,met}-*
	dpkg_in "${dpkg[@]}" >"$WORK/dpkg.said" 2>&1 3>&- &
	pid=$!
	by_rpm rpm_do --nodeps "$@" || { cat "$WORK/said"; : >"$ROOT/in-rpm"; return 1; }
	wait "$pid" || { cat "$WORK/dpkg.said"; return 1; }
}

have_met() {
	[ -e "$ROOT/met-dpkg" ] && [ -e "$ROOT/met-rpm" ]
}

# nothing_left - the lock is free, and there is nothing else than caches and what actions
# published.
nothing_left() {
	in_root /usr/bin/epcache refresh --system --force --quiet || return
	! find "$ROOT/var/cache/epcache" -type f -not -name '*.v1' -not -name '.lock' \
		-not -path '*/actions/[0-9][0-9]-*' | grep .
}

# strict - as points, but of what is there now.
strict() {
	in_root /usr/bin/epcache query --quiet --all --json --check strict </dev/null |
		"$PYTHON" -I -S -c '
import json, sys
print(*sorted(e["name"] + "=" + e["value"] for e in json.load(sys.stdin)))'
}

@test "ours is dpkg's: who reads is right about rpm's at once, the timer's command heals" {
	system_begin
	by_rpm rpm_do -i "$WORK/r-1-1.rpm"
	[ "$(strict)" = 'keep=k:m r=r:one' ]
	run ! is_cached "$SITE"
	in_root /usr/bin/epcache refresh --system --quiet
	is_right "${DIRS[@]}"

	both -i dm_1 d_1 -- -U "$WORK"/{rm-1-1,r-1-2,late-1-1}.rpm
	have_met
	[ "$(strict)" = 'd=d:one dm=d:meets keep=k:m late=late:m r=r:two rm=r:meets1' ]
	in_root /usr/bin/epcache refresh --system --quiet
	is_right "${DIRS[@]}"
	nothing_left

	# ... and so does dpkg's next transaction.
	by_rpm rpm_do -e r late
	transaction -P d
	[ "$(points)" = 'dm=d:meets keep=k:m rm=r:meets1' ]
}

@test "ours is rpm's: who reads is right about dpkg's at once, the timer's command heals" {
	system_begin empty
	by_rpm rpm_do -i --nodeps "$WORK/ours.rpm" "$WORK/r-1-1.rpm"
	is_right "${DIRS[@]}"
	dpkg_in -i d_1
	[ "$(strict)" = 'd=d:one keep=k:m r=r:one' ]
	run ! is_cached "$SITE"
	in_root /usr/bin/epcache refresh --system --quiet
	is_right "${DIRS[@]}"

	both -i dm_1 d_2 -- -U "$WORK"/{rm-1-1,r-1-2,late-1-1}.rpm
	have_met
	[ "$(strict)" = 'd=d:two dm=d:meets keep=k:m late=late:m r=r:two rm=r:meets1' ]
	in_root /usr/bin/epcache refresh --system --quiet
	is_right "${DIRS[@]}"
	nothing_left
}

# reads_all_the_time - until there is the file $WORK/enough; what never changes is found.
reads_all_the_time() {
	until [ -e "$WORK/enough" ]; do
		[[ $(in_root /usr/bin/epcache query --quiet g keep) == *k:m* ]] || echo wrong
	done >"$WORK/reader" 2>&1
}

# Whoever refreshes last does so after all has been written.
@test "ours is of both: two refreshes at the same time leave all right" {
	local reader

	system_begin
	by_rpm rpm_do -i --nodeps "$WORK/ours.rpm"
	is_right "${DIRS[@]}"
	reads_all_the_time 3>&- &
	reader=$!

	both -i dm_1 d_1 -- -i "$WORK"/{rm-1-1,r-1-1,late-1-1}.rpm
	have_met
	is_right "${DIRS[@]}"
	[ "$(points)" = 'd=d:one dm=d:meets keep=k:m late=late:m r=r:one rm=r:meets1' ]

	both -i dm_2 d_2 -- -U "$WORK"/{rm-2-1,r-1-2}.rpm
	have_met
	is_right "${DIRS[@]}"
	[ "$(points)" = 'd=d:two dm=d:meets2 keep=k:m late=late:m r=r:two rm=r:meets2' ]

	both -P d dm -- -e r rm late
	is_right "${DIRS[@]}"
	[ "$(points)" = 'keep=k:m' ]

	: >"$WORK/enough"
	wait "$reader"
	[ ! -s "$WORK/reader" ] || { cat "$WORK/reader"; return 1; }
	nothing_left
}
