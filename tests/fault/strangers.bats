# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Processes of other users, beside those without rights that root's epcache starts:
# workers, who finds what changed, actions, and who asks package managers.

# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # bash -c expands; of bats

load ../cli/lib
load ../cli/actions

AIDS=${EPCACHE%/*}/tests/fault
ROUNDS=${LONG:+200}
ROUNDS=${ROUNDS:-20}

# busy - a system where each of them has something to do.
busy() {
	own_system
	[ -x "$AIDS/stranger" ] || skip "needs the programs of this suite"
	unshare -p -f --mount-proc true 2>/dev/null || skip "needs a PID namespace"
	! getent passwd _epcache || skip "has a user _epcache"
	for i in {1..200}; do
		dist "$SITE/a$i-1.dist-info" '[g]\na = m:x\n'
	done
	action "$ACTIONS/50-nap.action" 'Exec=/bin/sleep 0.1'
	install -D "${EPCACHE%/*}/epcache-owner-dpkg" "$WORK/libexec/epcache-owner-dpkg" ||
		skip "needs the helper of dpkg"
	mkdir -p "$WORK/var-lib/dpkg/info"
	for i in {1..500}; do
		printf '%s\n' "Package: p$i" 'Status: install ok installed' 'Version: 1' \
			'Architecture: all' 'Maintainer: m' 'Description: d' ''
		echo "/usr/lib/x$i" >"$WORK/var-lib/dpkg/info/p$i.list"
	done >"$WORK/var-lib/dpkg/status"
}

# beside WORD... - the tool at work, ROUNDS times, beside a stranger: $output is what that
# could do.
beside() {
	run on_own_system unshare -p -f --mount-proc bash -c '
		rounds=$1 tool=$2 site=$3 helpers=$4
		shift 4
		mount -t tmpfs none /usr/local && mkdir -p /usr/local/libexec/epcache &&
			mount --bind "$helpers" /usr/local/libexec/epcache || exit 77
		exec 3> >(exec "$@")
		while ((rounds-- > 0)); do
			"$tool" refresh --force || exit 77
			"$tool" owner --path "$site" a1 >"$site/../owner" 2>&1
			echo "# $rounds" >>"$site/a1-1.dist-info/entry_points.txt"
		done
		exec 3>&-
		wait' bash "$ROUNDS" "$EPCACHE" "$SITE" "$WORK/libexec" "$@"
	[ "$status" -ne 77 ]
}


@test "a process of nobody can neither trace nor signal what root starts" {
	busy
	beside "$AIDS/stranger" 65534
	[ "$output" = ready ] || { echo "$output"; cat "$WORK/owner"; false; }
}

@test "nor can a process of the worker's user trace a worker" {
	busy
	rm "$ACTIONS/50-nap.action" # who is that user itself
	echo User=54400 >>"$WORK/etc/epcache/epcache.conf"
	beside "$AIDS/stranger" 54400 trace
	[ "$output" = ready ] || { echo "$output"; cat "$WORK/owner"; false; }
}
