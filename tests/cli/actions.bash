# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# actions.bash - registered actions, on a system whose /etc, /var/cache and /var/lib are
# folders of the test.
#
#     load lib
#     load actions                                   setup and teardown as well
#     own_system
#     action "$ACTIONS/50-cat.action" Exec=/bin/cat
#     own refresh
#     published 50-cat; of_site 'd["added"] == []'

# shellcheck disable=SC2034,SC2154 # of bats, and for the files that load this

setup() {
	work_begin
	ETC=$WORK/root/etc/epcache/actions.d
	USR=$WORK/root/usr/lib/epcache/actions.d
	ACTIONS=$WORK/etc/epcache/actions.d
	SITE=$WORK/site
	SEEN=$WORK/var-lib/epcache
}

teardown() {
	work_end
}

# action FILE LINE... - a registration.
action() {
	mkdir -p "$(dirname "$1")"
	printf '%s\n' "${@:2}" >"$1"
}

# own_system - a directory of root's that is cached, and no other action.
own_system() {
	needs_mounts
	mkdir -p "$SITE" "$ACTIONS" "$WORK/etc/epcache"
	printf 'Directory=%s\n' "$SITE" >"$WORK/etc/epcache/epcache.conf"
}

# own COMMAND... - with the tool, on that system.
own() {
	run --separate-stderr on_own_system "$EPCACHE" "$@"
}

# of_site EXPRESSION - about `d`, what the change in $output says of $SITE.
of_site() {
	json "(lambda d: $1)(next(d for d in j['directories'] if d['directory'] == work + '/site'))"
}

published() {
	own actions output "$1"
	[ "$status" -eq 0 ]
}
