#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# run.sh - the suite hooks, as one TAP stream: a file for each package manager, at the
# same time, as each has roots of its own.  EPCACHE names the tool.
set -u
cd "$(dirname "$0")/../.." || exit 1

# Package managers wait for the disk at each step.  Root has the systems in memory, in a
# namespace that ends with this; where that cannot be had, it takes longer.
if [ "$EUID" -eq 0 ] && [ -z "${IN_MEMORY-}" ]; then
	dir=$(mktemp -d)
	trap 'rmdir "$dir"' EXIT
	if unshare -m mount -t tmpfs none "$dir" 2>/dev/null; then
		# shellcheck disable=SC2016 # for the shell in there
		IN_MEMORY=1 TMPDIR=$dir unshare -m bash -c \
			'mount -t tmpfs -o mode=1777 none "$TMPDIR" && exec bash tests/hooks/run.sh'
		exit
	fi
fi

commands=()
for file in tests/hooks/*.bats; do
	commands+=("${BATS:-bats} --tap $file")
done
exec bash tests/tap.sh -j "${JOBS:-2}" "${commands[@]}"
