# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# dpkg-real.bats - real packages of Debian, all in one transaction of dpkg.

# shellcheck disable=SC2030,SC2031,SC2153,SC2154 # each test is a subshell; lib.bash

load lib
load dpkg
load real

setup_file() {
	hooks_begin
	dpkg_can && real_can || return 0
	dpkg_begin
	real_fetch
}

teardown_file() {
	hooks_end
}

setup() {
	dpkg_needs
	real_needs
	system_begin
	mapfile -t debs < <(real_packages)
}

teardown() {
	system_end
}

# later DEB... - of a later version, in $later: where there is the entry point of the
# client it is another one, as long and with the same stamps.
later() {
	local deb tree=$WORK/tree text

	later=()
	for deb; do
		dpkg-deb -R "$deb" "$tree"
		sed -i 's/^Version: .*/&+later/' "$tree/DEBIAN/control"
		while read -r text; do
			touch -r "$text" "$WORK/stamps"
			sed -i 's/openstackclient[.]shell:main/openstackclient.shell:late/' "$text"
			touch -r "$WORK/stamps" "$text"
		done < <(grep -rl --include=entry_points.txt 'openstackclient[.]shell:main' "$tree")
		later+=("$WORK/later/${deb##*/}")
		dpkg-deb -Znone --root-owner-group -b "$tree" "${later[-1]}" >/dev/null
		rm -rf "$tree"
	done
}

# names DEB...
names() {
	local deb

	for deb; do
		dpkg-deb -f "$deb" Package
	done
}

# openstack - what the client's command is.
openstack() {
	in_root /usr/bin/epcache query console_scripts openstack
}

distributions() {
	in_root /usr/bin/epcache status --json "$SITE" | "$PYTHON" -I -S -c '
import json, sys
print(json.load(sys.stdin)[0]["distributions"])'
}

@test "the Python packages of python3-openstackclient: one transaction, one refresh" {
	local names part before

	real_scripts
	transaction --force-depends -i "${debs[@]}"
	[ "$(refreshes)" -eq 1 ]
	# Nearly all of them have metadata; some bring more than one distribution.
	before=$(distributions)
	[ "$before" -ge $((${#debs[@]} * 9 / 10)) ]
	[[ $(openstack) == *openstackclient.shell:main* ]]

	# Some of them, upgraded, and then removed.
	mapfile -t part < <(printf '%s\n' "${debs[@]}" | grep -E "/($(real_part))_")
	mkdir "$WORK/later"
	later "${part[@]}"
	transaction --force-depends -i "${later[@]}"
	[ "$(refreshes)" -eq 1 ]
	[ "$(distributions)" -eq "$before" ]
	[[ $(openstack) == *openstackclient.shell:late* ]]

	mapfile -t names < <(names "${part[@]}")
	transaction --force-depends -r "${names[@]}"
	[ "$(refreshes)" -eq 1 ]
	[ "$(distributions)" -le $((before - ${#part[@]} * 9 / 10)) ]
	[ -z "$(openstack)" ]

	mapfile -t names < <(names "${debs[@]}")
	transaction --force-depends -P "${names[@]}"
	[ "$(refreshes)" -eq 1 ]
	[ -z "$(points)" ]
}
