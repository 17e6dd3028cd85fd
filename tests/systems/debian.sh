#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# debian.sh RELEASE - a bare system of that release, as somebody who follows the README
# has it.  run.sh starts it.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/systems/roots.bash
release=$1

# The first command of the README, where nothing is installed.
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

systems_begin "$release"
if try base 'a bare system' base "$release"; then
	root_new bare "$release"
	try run 'make run, as root, where nothing is installed' run_bare
	try run-user 'make run, as a user without sudo, where all is installed' run_installed
	try test 'make test, as a user without network' test_alone
	root_gone bare
fi
systems_end
