#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# transaction.sh OUT.json [--quick] - what the refresh adds to transactions of rpm, pacman
# and dpkg.  EPCACHE names the tool, beside which are the owner helpers;
# MANAGERS chooses among the three.
#
# Three systems, as the tests of the hooks have them: "ours" with our package; "empty" with
# it as well, but true(1) in place of the tool; "none" without.  Two transactions:
#
#     all    the Python packages of python3-openstackclient, into a system without them
#     one    one of these once more, into the system that has them all
#
# They are in TMPDIR, whose file system has its part in the figures.  Systems are taken in
# turn, in a new order each time.  The larger transaction takes seconds, and so does not
# resolve milliseconds: these are read off the smaller.

# shellcheck disable=SC2153,SC2154 # WORK, TREE, files...: of tests/hooks

set -u
cd "$(dirname "$0")/../.." || exit 1
export LC_ALL=C
out=$1
rounds=5 ones=40
[ "${2-}" != --quick ] || rounds=1 ones=4

# What tests/hooks/*.bash have of bats.
BATS_TEST_DIRNAME=$PWD/tests/hooks
bats_require_minimum_version() { :; }
load() {
	# shellcheck disable=SC1090
	. "$BATS_TEST_DIRNAME/$1.bash"
}
skip() {
	printf '\ntransactions of %s: skipped: %s\n' "$manager" "$*"
	exit 0
}

die() {
	printf 'transaction.sh: %s\n' "$*" >&2
	exit 1
}

# --- the three managers ---------------------------------------------------------------

# begin_MANAGER - the systems $WORK/none and $WORK/ours, the packages in $files, and one of
# them in $one.  install_MANAGER PACKAGE... - one transaction, in $ROOT.

begin_rpm() {
	local lack

	! lack=$(rpm_lacks) || skip "needs $lack"
	rpm_begin || die "cannot make a system of rpm"
	real_begin rpm || die "cannot convert packages for rpm"
	real_files rpm
	one=$REAL-rpm/1/python3-stevedore.rpm
	cp -a "$TEMPLATE" "$WORK/none"
	cp -a "$TEMPLATE" "$WORK/ours"
	ROOT=$WORK/ours rpm_do -i --nodeps "$OURS"
}

install_rpm() {
	rpm_do -U --replacepkgs "$@"
}

begin_pacman() {
	local lack

	! lack=$(pacman_lacks) || skip "needs $lack"
	pacman_begin || die "cannot make a system of pacman"
	real_begin pacman || die "cannot convert packages for pacman"
	real_files pacman
	one=$REAL-pacman/1/python3-stevedore.pkg.tar.zst
	cp -a "$TEMPLATE" "$WORK/none"
	cp -a "$TEMPLATE" "$WORK/ours"
	ROOT=$WORK/ours ours
}

install_pacman() {
	put "$@"
}

begin_dpkg() {
	dpkg_needs
	hooks_begin
	dpkg_begin >/dev/null || die "cannot make a system of dpkg"
	real_fetch
	real_needs
	mapfile -t files < <(real_packages)
	one=$(compgen -G "$REAL/python3-stevedore_*.deb")
	mv "$WORK/empty" "$WORK/none"
	mv "$WORK/template" "$WORK/ours"
	for ROOT in "$WORK"/{none,ours}; do
		real_scripts
	done
}

install_dpkg() {
	dpkg_in --force-depends -i "$@"
}

# --- the measurement ------------------------------------------------------------------

# timed WHAT SYSTEM PACKAGE... - in $ROOT; microseconds into $samples.
timed() {
	local what=$1 system=$2 start end

	shift 2
	start=${EPOCHREALTIME/./}
	"install_$manager" "$@" >"$WORK/out" 2>&1 || {
		cat "$WORK"/{out,said} >&2
		die "a transaction of $manager failed"
	}
	end=${EPOCHREALTIME/./}
	printf '%s\t%s\t%s\t%d\n' "$manager" "$what" "$system" $((end - start)) >>"$samples"
}

# measure MANAGER
measure() {
	local manager=$1 files=() one='' system i

	load lib
	load "$manager"
	load convert
	load real
	trap 'hooks_end' EXIT
	"begin_$manager"
	cp -a "$WORK/ours" "$WORK/empty"
	cp --remove-destination "$(type -P true)" "$WORK/empty/usr/bin/epcache"

	ROOT=$WORK/root
	for ((i = 0; i < rounds; i++)); do
		for system in $(shuf -e none empty ours); do
			cp -a "$WORK/$system" "$ROOT"
			timed "${#files[@]}" "$system" "${files[@]}"
			rm -rf "$WORK/full-$system"
			mv "$ROOT" "$WORK/full-$system"
		done
	done
	for ((i = 0; i < ones; i++)); do
		for system in $(shuf -e none empty ours); do
			ROOT=$WORK/full-$system
			timed 1 "$system" "$one"
		done
	done

	ROOT=$WORK/full-ours
	in_root /usr/bin/epcache status >"$WORK/out" || die "$manager: $(cat "$WORK/out")"
}

samples=$(mktemp)
trap 'rm -f "$samples"' EXIT
for manager in ${MANAGERS:-rpm pacman dpkg}; do
	(measure "$manager") || exit
done
"${PYTHON:-/usr/bin/python3}" tests/bench/transaction.py "$samples" "$out"
