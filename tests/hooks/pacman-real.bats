# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# pacman-real.bats - real packages, converted from Debian's, in one transaction each.

# shellcheck disable=SC2030,SC2031,SC2153,SC2154 # each test is a subshell; lib.bash

load lib
load pacman
load convert
load real

setup_file() {
	pacman_begin
	pacman_lacks >/dev/null || real_begin pacman
}

teardown_file() {
	hooks_end
}

setup() {
	pacman_root
	real_files pacman
	ours
}

teardown() {
	pacman_root_end
}

# distributions - how many are cached, beside the one of the system that tests begin with.
distributions() {
	in_root /usr/bin/epcache status --json "$SITE" | "$PYTHON" -I -S -c '
import json, sys
print(json.load(sys.stdin)[0]["distributions"] - 1)'
}

# Each transaction is checked to have run one refresh.
@test "the Python packages of python3-openstackclient: one transaction, one refresh" {
	local all=("${files[@]}") names=("${files[@]##*/}")

	transaction -U "${all[@]}"
	[ "$(distributions)" -ge $((${#all[@]} * 9 / 10)) ]
	[[ $(in_root /usr/bin/epcache query console_scripts openstack) == *openstackclient.shell:main* ]]

	transaction -U "${later[@]}"
	transaction -R "${part[@]}"
	[ -z "$(in_root /usr/bin/epcache query console_scripts openstack)" ]

	put "${later[@]}"
	transaction -R "${names[@]%.pkg.tar.zst}"
	[ "$(points)" = 'old=old:one' ]
}
