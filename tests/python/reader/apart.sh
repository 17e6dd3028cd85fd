#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# apart.sh COMMAND... - run with caches of its own: as root in a /var/cache and /var/lib of
# its own, for root reads nothing else; as another user in a cache folder of its own.
# APART is set to 0 where that cannot be had: caches are not to be counted on, then.
set -eu

own=$(mktemp -d)
chmod 755 "$own"
trap 'rm -rf "$own"' EXIT
trap 'exit 1' INT TERM
mkdir "$own/cache" "$own/lib" "$own/home"
export XDG_CACHE_HOME=$own/home # where answers of interpreters are kept

status=0
if [ "$EUID" -ne 0 ]; then
	APART=1 EPCACHE_DIR="$own/cache" "$@" || status=$?
elif unshare -m true 2>/dev/null; then
	# shellcheck disable=SC2016 # expanded in there
	APART=1 unshare -m bash -c 'mount --bind "$1" /var/cache && mount --bind "$2" /var/lib &&
		exec "${@:3}"' bash "$own/cache" "$own/lib" "$@" || status=$?
else
	APART=0 "$@" || status=$?
fi
exit "$status"
