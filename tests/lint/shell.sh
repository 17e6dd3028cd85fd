#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# shell.sh - shellcheck has nothing to say about our scripts and bats files.
set -u
cd "$(dirname "$0")/../.." || exit 1

find .ci/run core hooks tests -not -path '*/fixtures/*' -not -path '*/corpus/*' \
	\( -name '*.sh' -o -name '*.bash' -o -path .ci/run -o -name '*.rtupdate' \
	-o -name '*-generator' -o -name '*.postinst' -o -name '*.postrm' \) -print0 2>/dev/null |
	xargs -0r shellcheck || exit 1
find hooks tests -name '*.bats' -print0 2>/dev/null | xargs -0r shellcheck -s bats
