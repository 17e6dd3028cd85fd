# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# roots.bash - systems that debootstrap made, and tests in copies of them.
#
#     . tests/systems/roots.bash
#     systems_begin sid                     what this file tests, for the tests' names
#     root_new work sid                     $ROOT is a copy of a bare system
#     inside root make run                  there, as root, in his home
#     inside -n tester make test            as a user, without network
#     try run 'make run' work_run           a test, which passes when a function does
#     systems_end                           the plan of TAP
#
# A function that try calls ends at the first command that fails; status 77 skips the
# test for the reason printed last.  $tried is the status; try itself has none, for in a
# condition nothing would end at a failure.

ROOTS=$PWD/build/roots
WORK=$ROOTS/work
LOGS=$PWD/build/log/systems
MEMORY=10 # GiB that are wanted for the copies to be in memory

# mirror - where this machine's apt gets Debian from.
mirror() {
	local found=${SYSTEMS_MIRROR:+${SYSTEMS_MIRROR%/}/}

	# shellcheck disable=SC2016 # of apt
	[ -n "$found" ] || found=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' \
		'Created-By: Packages' 2>/dev/null | sed -n 's/^Debian \(http\)/\1/p' | head -n 1)
	echo "${found:-http://deb.debian.org/debian/}"
}

# What this machine's apt was told of proxies and of mirrors that stand still.
apt_conf() {
	apt-config dump 2>/dev/null |
		grep -E '^Acquire::(https?::Proxy|Check-Valid-Until|Check-Date|Retries)' || :
}

# roots_begin - in the namespace of the suite: an empty $WORK.
roots_begin() {
	local free

	umask 022
	mkdir -p "$WORK" "$LOGS"
	# What was killed left its copies on the disk, if they were there.
	rm -rf "${WORK:?}"/*
	free=$(awk '/^MemAvailable:/ { print int($2 / 1048576) }' /proc/meminfo)
	[ "${free:-0}" -lt "$MEMORY" ] || mount -t tmpfs -o mode=755,size=80% systems "$WORK"
}

# base RELEASE - make or bring up to date the system that copies are made of.
base() {
	local ROOT=$ROOTS/$1 lock

	wget -q -t 1 -T 30 -O /dev/null "$(mirror)dists/$1/Release" || {
		echo "no network: $(mirror) does not answer for $1"
		return 77
	}
	mkdir -p "$ROOTS/archives/$1/partial"
	exec {lock}>"$ROOTS/$1.lock"
	flock "$lock"
	if [ ! -e "$ROOT" ]; then
		rm -rf "$ROOT.new"
		debootstrap --variant=minbase --include=git,make "$1" "$ROOT.new" "$(mirror)"
		rm -f "$ROOT.new"/var/cache/apt/archives/*.deb
		mv "$ROOT.new" "$ROOT"
	fi
	apt_conf >"$ROOT/etc/apt/apt.conf.d/90systems"
	cp -L /etc/resolv.conf "$ROOT/etc/resolv.conf"
	printf '#!/bin/sh\nexit 101\n' >"$ROOT/usr/sbin/policy-rc.d"
	chmod 755 "$ROOT/usr/sbin/policy-rc.d"
	inside root apt-get update
	inside_apt dist-upgrade
	exec {lock}>&-
}

# root_new NAME RELEASE - $ROOT is a bare system, with two clones of what is committed:
# root's, and that of the user "tester", who is nobody special.
root_new() {
	ROOT=$WORK/$MACHINE-$1
	ARCHIVES=$ROOTS/archives/$2
	cp -a "$ROOTS/$2" "$ROOT"
	rm -rf "$ROOT"/var/lib/apt/lists/*
	inside root useradd -m -s /bin/bash tester
	git clone -q "file://$PWD" "$ROOT/root/epcache"
	cp -a "$ROOT/root/epcache" "$ROOT/home/tester/epcache"
	inside root chown -R tester: /home/tester/epcache
}

root_gone() {
	rm -rf "$WORK/$MACHINE-$1"
}

# inside [-n] USER COMMAND... - in $ROOT; -n: without network.
inside() {
	local spaces=(-m -p -f --kill-child)

	if [ "$1" = -n ]; then
		spaces+=(-n)
		shift
	fi
	unshare "${spaces[@]}" bash tests/systems/enter.sh "$ROOT" \
		"${ARCHIVES:-$ROOTS/archives/${ROOT##*/}}" "$@" </dev/null
}

inside_apt() {
	inside root env DEBIAN_FRONTEND=noninteractive apt-get -y --no-install-recommends \
		-o APT::Keep-Downloaded-Packages=true "$@"
}

# --- tests ----------------------------------------------------------------------------

systems_begin() {
	MACHINE=$1
	count=0
	mkdir -p "$LOGS"
}

systems_end() {
	echo "1..$count"
}

# try NAME TITLE COMMAND... - with its log in $LOGS.
try() {
	local log=$LOGS/$MACHINE-$1.log title="$MACHINE: $2"

	count=$((count + 1))
	shift 2
	(set -euo pipefail; "$@") >"$log" 2>&1 </dev/null
	tried=$?
	case $tried in
	0) echo "ok $count - $title" ;;
	77) echo "ok $count - $title # SKIP $(tail -n 1 "$log")" ;;
	*)
		echo "not ok $count - $title"
		tail -n 18 "$log" | sed 's/^/# /'
		echo "# status $tried; all of it: ${log#"$PWD"/}"
		;;
	esac
}
