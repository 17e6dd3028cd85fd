#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# degrade-places.sh - a refresh in places that lack what it takes for granted, with little of what
# is inherited, and with each kind of User=; see degrade.bash.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/fault/degrade.bash

# --- places --------------------------------------------------------------------------

# mounted COMMAND... - in a mount namespace of its own.
mounted() {
	unshare --mount bash -c "$1" bash "${@:2}"
}

no_proc() { # COMMAND...
	# shellcheck disable=SC2016
	mounted 'umount -l /proc && exec "$@"' "$@"
}

# small_root COMMAND... - where there is nothing but programs, $SMALL/etc and $WORK, which
# is /mnt.
small_root() {
	# shellcheck disable=SC2016
	mounted 'mount --bind / "$1" && mount --bind "$2" "$1/mnt" || exit
		for dir in dev etc proc run sys tmp var usr/lib/epcache; do
			[ ! -d "$1/$dir" ] || mount -t tmpfs -o mode=755 none "$1/$dir" || exit
		done
		cp -r "$2/etc/." "$1/etc" && cd / && exec chroot "$1" "${@:3}"' \
		"$SMALL" "$WORK" "$@"
}

small_refresh() { # [ARGUMENT...]
	small_root /mnt/bin/epcache refresh --cache-dir /mnt/cache "$@"
}

# A refresh of all that root needs: neither /proc, nor /dev, nor a single user.
small_works() {
	stale 0
	why=$(small_refresh /mnt/site 2>&1) && [ -z "$why" ] || return
	why=$(small_root /mnt/bin/epcache verify --cache-dir /mnt/cache /mnt/site 2>&1) || return
	why=$(small_root /mnt/bin/degrade -l /mnt/site 2>&1)
	[ "$why" = "$ALL" ]
}

sweep_places() {
	SMALL=$WORK/small
	mkdir -p "$SMALL" "$WORK/etc"
	if ! unshare --mount true 2>/dev/null ||
		! small_root /mnt/bin/epcache --version >/dev/null 2>&1; then
		skip 'without /proc' 'needs mounts'
		skip 'without /proc, /dev, /sys, /etc' 'needs mounts'
		skip 'a read-only cache folder' 'needs mounts'
		skip 'User=' 'needs mounts'
		return
	fi
	t 'without /proc' goes_on 0 '' no_proc
	t 'without /proc, /dev, /sys, /etc' small_works
	t 'a read-only cache folder' read_only
	sweep_users
}

# ro COMMAND... - with a cache folder that nobody can write to.
ro() {
	# shellcheck disable=SC2016
	mounted 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"' \
		"$CACHE" "$@"
}

read_only() {
	local status=0 before

	refreshes 0 || return
	before=$(stat -c '%n %i %Z' "$CACHE" "$CACHE"/*)
	quiet ro || return
	stale 0
	rm -f "$CACHE/.lock"
	why=$(ro "$EPC" refresh --cache-dir "$CACHE" "$SITE" 2>&1) || status=$?
	[ "$status" -eq 1 ] && [[ $why == *"$CACHE"*'Read-only file system'* ]] || return
	[ "$(stat -c %n "$CACHE"/*)" = "$CACHE/$NAME" ] && answers || return
	[ -n "$before" ]
}

# --- User= -----------------------------------------------------------------------------

# reads USER ID GROUP - what the worker is where epcache.conf names USER.
reads() {
	reads_begin "$@"
	why=$(small_refresh /mnt/of-root 2>&1) &&
		[[ $why == *"not for user $2 to read, and so not cached"* ]] || return
	why=$(small_refresh /mnt/of-user /mnt/of-group 2>&1) && [ -z "$why" ] || return
	why=$(cd "$CACHE" && echo *.v1)
	[ "$why" = 'mnt-of\x2dgroup.v1 mnt-of\x2duser.v1' ]
}

# reads_begin USER UID GID - directories of root's, of that user's, and of that group's.
reads_begin() {
	local dir

	mkdir -p "$WORK/etc/epcache"
	rm -rf "$CACHE" "$WORK"/of-*
	if [ -n "$1" ]; then
		echo "User=$1" >"$WORK/etc/epcache/epcache.conf"
	else
		rm -f "$WORK/etc/epcache/epcache.conf"
	fi
	for dir in of-root of-user of-group; do
		cp -r "$SITE" "$WORK/$dir"
	done
	chmod 700 "$WORK/of-root" "$WORK/of-user"
	chmod 750 "$WORK/of-group"
	chown "$2" "$WORK/of-user"
	chown ":$3" "$WORK/of-group"
}

# reads_as_none USER - with this User= a worker has no rights but everybody's.
reads_as_none() {
	reads_begin "$1" 65534 65534
	why=$(small_refresh /mnt/of-root /mnt/of-user /mnt/of-group 2>&1)
	[ "$(grep -c 'not for everybody to read, and so not cached' <<<"$why")" -eq 3 ] || return
	why=$(small_refresh /mnt/site 2>&1) && [ -z "$why" ] || return
	why=$(cd "$CACHE" && echo *.v1)
	[ "$why" = mnt-site.v1 ]
}

# A group that happens to have the number of a user may read more than he.
not_its_number() {
	rm -rf "$CACHE" "$WORK/of-group"
	cp -r "$SITE" "$WORK/of-group"
	echo "User=$1" >"$WORK/etc/epcache/epcache.conf"
	chmod 750 "$WORK/of-group"
	chown ":$1" "$WORK/of-group"
	why=$(small_refresh /mnt/of-group 2>&1) && [[ $why == *"not for user $1 to read"* ]]
}

# The group of a user who has no name is nobody's either.
not_nogroup() { # UID
	reads_begin "$1" "$1" 65534
	why=$(small_refresh /mnt/of-user 2>&1) && [ -z "$why" ] || return
	why=$(small_refresh /mnt/of-group 2>&1) && [[ $why == *"not for user $1 to read"* ]]
}

# Refused as a whole, or as a line: nothing is read as root, or for it.
not_root() { # USER
	rm -rf "$CACHE"
	echo "User=$1" >"$WORK/etc/epcache/epcache.conf"
	why=$(small_refresh /mnt/of-root 2>&1)
	[ ! -e "$CACHE/mnt-of\\x2droot.v1" ] && [[ $why == *'User='* ]]
}

sweep_users() {
	local user

	printf '%s\n' "some:x:$USER_ID:54322::/:" 'toor:x:0:54322::/:' 'wheel:x:54323:0::/:' \
		>"$WORK/etc/passwd"
	t 'User= not given' reads_as_none ''
	t 'User= a name' reads some $USER_ID 54322
	t 'User= a number, of a user' reads $USER_ID $USER_ID 54322
	t 'User= a number, of nobody' not_nogroup 54400
	t 'User= a name that there is not' reads_as_none absent
	t "User= another name for root" reads_as_none toor
	t "User= a name in root's group" reads_as_none wheel
	t "User= a number in root's group" not_nogroup 54323
	t 'User= a number is no group' not_its_number 54400
	for user in 0 root; do
		t "User=$user" not_root $user
	done
}

# --- what is inherited -----------------------------------------------------------------

ignoring() { # SIGNAL COMMAND...
	env --ignore-signal="$1" "${@:2}"
}

closed() { # COMMAND...
	"$@" <&- >&- 2>&-
}

limited() { # OPTION VALUE COMMAND...
	(ulimit "$1" "$2" && exec "${@:3}")
}

# closed_streams - nothing of what is written goes elsewhere than it should.
closed_streams() {
	local status=0

	stale 0
	closed "$EPC" refresh --cache-dir "$CACHE" "$SITE" --verbose || status=$?
	[ "$status" -eq 1 ] || return # what it printed is lost
	answers && why=$("$EPC" verify --cache-dir "$CACHE" "$SITE" 2>&1)
}

# With ever fewer descriptors, or less memory: done, or said why not, and nothing old.
scarce() { # OPTION VALUE...
	local value status

	for value in "${@:2}"; do
		stale "$(id -u)"
		status=0
		why=$(limited "$1" "$value" "$EPC" refresh --cache-dir "$CACHE" "$SITE" 2>&1) ||
			status=$?
		if [ "$status" -gt 1 ] && [ "$status" -ne 127 ]; then
			why="ulimit $1 $value: exit $status: $why"
			return 1
		fi
		[ "$status" -ne 0 ] || "$EPC" verify -q --cache-dir "$CACHE" "$SITE" || return
		answers || return
	done
}

# Though root might raise them.
stay_low() {
	why=$(ulimit -n 20 && ulimit -v 1000000 && exec "$DEGRADE" -p bash -c \
		'ulimit -Hn; ulimit -Hv' 2>&1)
	[ "$why" = $'20\n1000000' ]
}

no_processes() {
	local status=0

	stale "$ORDINARY_ID"
	# shellcheck disable=SC2016
	why=$("${ORDINARY[@]}" bash -c 'ulimit -u 0 && exec "$@"' bash "$EPC" refresh --cache-dir "$CACHE" "$SITE" 2>&1) ||
		status=$?
	[ "$status" -eq 1 ] && [[ $why == *'cannot start its reader'* ]] &&
		[ ! -e "$CACHE/$NAME" ] && answers
}

# from DIR COMMAND... - with that for its working directory
from() {
	(cd "$1" && exec "${@:2}")
}

from_gone() { # COMMAND...
	(mkdir -p "$WORK/gone" && cd "$WORK/gone" && rmdir "$WORK/gone" && exec "$@")
}

relative() {
	stale "$(id -u)"
	why=$(from "$WORK" "$EPC" refresh --cache-dir cache ./site/ 2>&1) && [ -z "$why" ] &&
		why=$("$EPC" verify --cache-dir "$CACHE" "$SITE" 2>&1)
}

# Nobody can tell what a name is relative to.
relative_gone() {
	local status=0

	why=$(from_gone "$EPC" refresh --cache-dir "$CACHE" site 2>&1) || status=$?
	[ "$status" -eq 1 ] && [[ $why == *"'site'"* ]]
}

# within MODE COMMAND... - in a folder of root's with this mode, where there is a site.
within() {
	rm -rf "$WORK/closed" "$CACHE"
	mkdir "$WORK/closed"
	cp -r "$SITE" "$WORK/closed/site"
	chmod "$1" "$WORK/closed"
	why=$(cd "$WORK/closed" && exec "${@:2}" 2>&1)
}

relative_closed() {
	within 700 "$EPC" refresh --cache-dir "$CACHE" site || return
	[[ $why == *'not for '*' to read'* ]] && [ -z "$(ls "$CACHE"/*.v1 2>/dev/null)" ]
}

# The folder of a root has to let its reader in; those above it do not.
root_closed() {
	within 700 "$EPC" refresh --cache-dir /cache --root "$WORK/closed" /site &&
		[[ $why == *'not for '*' to read'* ]] || return
	mkdir -p "$WORK/closed/open"
	mv "$WORK/closed/site" "$WORK/closed/open"
	why=$("$EPC" refresh --cache-dir /cache --root "$WORK/closed/open" /site 2>&1) &&
		[ -z "$why" ] && [ -e "$WORK/closed/open/cache/site.v1" ]
}

sweep_inherited() {
	local id

	id=$(id -u)
	t 'SIGCHLD ignored' refreshes "$id" ignoring CHLD
	t 'SIGPIPE ignored' refreshes "$id" ignoring PIPE
	t 'standard streams closed' closed_streams
	t 'few descriptors' scarce -n 3 4 5 6 7 8 9 10 11 12 14 16 24
	t 'little memory' scarce -v 4000 6000 8000 10000 12000 16000 24000 40000
	t 'limits that are lower stay so' stay_low
	t 'a working directory that is gone' refreshes "$id" from_gone
	t 'a relative directory' relative
	t 'a relative directory in one that is gone' relative_gone
}

sweep_inherited_by_root() {
	t 'no processes' no_processes
	t "a working directory that is root's alone" refreshes 0 from "$HOME"
	t "a relative directory in one that is root's alone" relative_closed
	t "a root that is root's alone" root_closed
}

begin
if ! can_try; then
	:
elif is_root; then
	sweep_places
	sweep_inherited
	sweep_inherited_by_root
else
	sweep_inherited
	skip 'what root alone can be without' 'needs root'
fi
finish
