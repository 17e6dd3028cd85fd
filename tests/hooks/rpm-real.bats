# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# rpm-real.bats - real packages, converted from Debian's, in one transaction of rpm each.

# shellcheck disable=SC2030,SC2031,SC2153,SC2154 # each test is a subshell; lib.bash

load lib
load rpm
load convert
load real

setup_file() {
	rpm_begin
	rpm_lacks >/dev/null || real_begin rpm
}

teardown_file() {
	hooks_end
}

setup() {
	rpm_root
	needs strace
	real_files rpm
	rpm_do -i --nodeps "$OURS"
}

teardown() {
	rpm_root_end
}

# distributions - how many are cached, beside the one of the system that tests begin with.
distributions() {
	in_root /usr/bin/epcache status --json "$LIB" | "$PYTHON" -I -S -c '
import json, sys
print(json.load(sys.stdin)[0]["distributions"] - 1)'
}

@test "the Python packages of python3-openstackclient: one transaction, one refresh" {
	local names=("${files[@]##*/}")

	traced -i "${files[@]}"
	[ "$(runs)" -eq 1 ]
	[ "$(distributions)" -ge $((${#files[@]} * 9 / 10)) ]
	[[ $(in_root /usr/bin/epcache query console_scripts openstack) == *openstackclient.shell:main* ]]

	traced -U "${later[@]}"
	rpm_do -q --qf '%{RELEASE}' python3-stevedore
	[ "$said" = 2 ]
	[ "$(runs)" -le 3 ]
	[ "$(late_writes)" -eq 0 ]

	traced -e "${part[@]}"
	[ "$(runs)" -le 2 ]
	[ "$(late_writes)" -eq 0 ]
	[ -z "$(in_root /usr/bin/epcache query console_scripts openstack)" ]

	rpm_do -i "${later[@]}"
	traced -e "${names[@]%.rpm}"
	[ "$(runs)" -le 2 ]
	[ "$(points)" = 'old=old:one' ]
}
