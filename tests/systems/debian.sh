#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# debian.sh RELEASE [bare|packages|check]... - a bare system of that release, as somebody who follows the README
# has it.  run.sh starts it.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/systems/roots.bash
. tests/systems/life.bash
release=$1
DEBS=$WORK/$1-debs

# --- where nothing is installed -------------------------------------------------------

# The first command of the README.
run_bare() {
	inside root make -C epcache run
}

run_installed() {
	local said=$WORK/$MACHINE-said

	inside tester which sudo && return 1
	inside -n tester make -C epcache run | tee "$said"
	# Nothing was to be installed.
	if grep -E '^\+ |apt-get' "$said"; then
		return 1
	fi
}

# What a package build runs: bats is there, and nothing else that tests could want.
test_alone() {
	inside_apt install bats
	inside -n tester make -C epcache test
}

bare() {
	root_new bare "$release"
	try run 'make run, as root, where nothing is installed' run_bare
	try run-user 'make run, as a user without sudo, where all is installed' run_installed
	try test 'make test, as a user without network' test_alone
	root_gone bare
}

# The second command of the README.
check() {
	root_new check "$release"
	try check 'make check, as root, where nothing is installed' inside root make -C epcache check
	try check-lint 'make lint, by itself' inside root make -C epcache lint
	try check-compilers "make compilers, with this release's gcc and clang" \
		inside root make -C epcache compilers
	root_gone check
}

# --- packages of dpkg -----------------------------------------------------------------

# What the recipe asks for, and no more.
deb_needs() {
	local profile=(-P nocheck)

	[ -z "${LONG-}" ] || profile=()
	inside root apt-get update
	inside_apt install build-essential lintian
	inside_apt build-dep "${profile[@]}" /home/tester/epcache/hooks/dpkg
}

# deb N - the packages into $DEBS/N.
deb() {
	local without=nocheck

	[ -z "${LONG-}" ] || [ "$1" -gt 1 ] || without=
	inside -n tester env DEB_BUILD_OPTIONS=$without DEB_BUILD_PROFILES=$without make -C epcache deb
	mkdir -p "$DEBS"
	cp -a "$ROOT/home/tester/epcache/build/deb" "$DEBS/$1"
}

deb_lintian() {
	inside -n tester sh -c 'lintian --version; exec lintian --tag-display-limit 0 \
		--fail-on error,warning epcache/build/deb/*.changes'
}

# The version after this one.
deb_next() {
	local log=$ROOT/home/tester/epcache/hooks/dpkg/debian/changelog

	sed '1s/-1)/-2)/' "$log" | cat - "$log" >"$log.new"
	mv "$log.new" "$log"
	chmod 644 "$log"
	deb 2
}

packages() {
	root_new deb "$release"
	try deb-needs 'what the recipe of the packages asks for can be had' deb_needs
	[ "$tried" -ne 0 ] || build_packages
	root_gone deb
	[ -z "${LONG-}" ] || [ ! -e "$DEBS/2" ] || life "$release"
}

build_packages() {
	try deb 'make deb, as a user without network' deb 1
	[ "$tried" -eq 0 ] || return
	try deb-lintian 'lintian is content with the packages' deb_lintian
	try deb-next 'the next version of the packages' deb_next
}

shift
parts=("$@")
if [ $# -eq 0 ]; then
	parts=(bare)
	[ "$release" = bookworm ] || parts+=(packages)
	[ -z "${LONG-}" ] || parts=(bare packages check)
fi

systems_begin "$release"
try base 'a bare system' base "$release"
if [ "$tried" -eq 0 ]; then
	for part in "${parts[@]}"; do
		"$part"
	done
fi
systems_end
