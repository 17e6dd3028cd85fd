#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# poison.sh - run poison*.bats, each with a /var/cache and /var/lib of its own and all
# files in /mnt.
#
# EPCACHE names the tool; BATS runs it.  All of these are on a tmpfs in a mount namespace
# that ends with its file, so that nothing of the machine's is touched or left.
set -u
cd "$(dirname "$0")/../.." || exit 1

if [ "${1-}" = --mounted ]; then
	mount -t tmpfs -o mode=755 none /mnt && mkdir /mnt/var-cache /mnt/var-lib &&
		mount --bind /mnt/var-cache /var/cache &&
		mount --bind /mnt/var-lib /var/lib &&
		install -D -m 755 "$EPCACHE" /mnt/bin/epcache || exit 1
	# Neither what is installed here, nor systemd, which would run its actions.
	for dir in /etc/epcache /usr/lib/epcache /run/systemd; do
		[ ! -d "$dir" ] || mount -t tmpfs -o mode=755 none "$dir" || exit 1
	done
	export EPCACHE=/mnt/bin/epcache TMPDIR=/mnt
	exec "${BATS:-bats}" --tap "$2"
fi

# What root must not do needs a root, and users who are not.
skip() {
	printf '1..1\nok 1 - # SKIP %s\n' "$1"
	exit
}
[ "$(id -u)" -eq 0 ] || skip 'needs root'
setpriv --reuid 54321 --regid 54321 --clear-groups true 2>/dev/null ||
	skip 'needs setpriv, and the right to become another user'
unshare --mount mount -t tmpfs none /mnt 2>/dev/null || skip 'needs the right to mount'

apart='unshare --mount bash tests/fault/poison.sh --mounted tests/fault'
exec bash tests/tap.sh -j 2 "$apart/poison.bats" "$apart/poison-trees.bats"
