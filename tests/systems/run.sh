#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# run.sh [SYSTEM...] - the suite systems, as one TAP stream: what the README promises, in
# bare systems that debootstrap makes, which have git and make and nothing else.
#
# A SYSTEM is a release of Debian, for debian.sh, or a part of what is done in one, as in
# sid:packages; or it is other/NAME, for NAME.sh of the folder other/.  By
# default they are bookworm and sid; with LONG set, all of them.  What is tested is what
# is committed.
#
# debootstrap's systems are kept in build/roots, with the packages that were downloaded
# for them.  Each test works on a copy, in memory where there is enough of it.  All
# mounts are in a namespace that ends with this, however it ends.  Only apt uses the
# network, and only the mirror of this machine's apt, or SYSTEMS_MIRROR.
#
# Of each test build/log/systems has a log.
set -u
cd "$(dirname "$0")/../.." || exit 1

# skip REASON - nothing can be tested here.
skip() {
	echo "ok 1 - systems of other releases # SKIP $1"
	echo 1..1
	exit 0
}

# The first process of the namespace has a parent in none of it.
if [ "${IN_SYSTEMS-}" != "$PPID" ]; then
	[ "$EUID" -eq 0 ] || skip 'not root'
	PATH=$PATH:/usr/sbin:/sbin
	for program in debootstrap git wget unshare pivot_root setpriv; do
		command -v "$program" >/dev/null || skip "no $program"
	done
	unshare -m -p -f --kill-child true 2>/dev/null || skip 'no namespaces to mount in'
	# Each of these ends with its parent, and with the last one all that is in there.
	IN_SYSTEMS=0 setpriv --pdeathsig KILL unshare -m -p -f --kill-child --mount-proc \
		bash "$0" "$@" &
	trap 'kill -KILL $!; exit 143' HUP INT TERM
	wait $!
	exit
fi
unset IN_SYSTEMS
mount --make-rprivate / || exit 1

if [ $# -eq 0 ]; then
	set -- bookworm sid
	if [ -n "${LONG-}" ]; then
		set -- bookworm trixie sid
		for file in tests/systems/other/*.sh; do
			[ ! -e "$file" ] || set -- "$@" "other/$(basename "$file" .sh)"
		done
	fi
fi

. tests/systems/roots.bash
roots_begin

commands=()
for system; do
	case $system in
	other/*) commands+=("bash tests/systems/$system.sh") ;;
	*) commands+=("bash tests/systems/debian.sh ${system/:/ }") ;;
	esac
done
bash tests/tap.sh -j "${JOBS:-2}" "${commands[@]}"
