#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# words.sh - each source says its licence near the top, and nothing is put off.
set -u
cd "$(dirname "$0")/../.." || exit 1
status=0

# Our own sources; fixtures are other people's.
mapfile -d '' -t sources < <(find core hooks tests Makefile .ci -type f \
	-not -path '*/fixtures/*' -not -path '*/corpus/*' -not -path '*/__pycache__/*' \
	\( -name '*.[ch]' -o -name '*.py' -o -name '*.sh' -o -name '*.bash' \
	-o -name '*.bats' -o -name '*.map' -o -name '*.[1-8]' -o -name Makefile \
	-o -path .ci/run \) -print0 2>/dev/null)

for file in "${sources[@]}"; do
	head -n 5 "$file" | grep -q 'SPDX-License-Identifier: ' && continue
	echo "$file: no SPDX-License-Identifier in its first lines"
	status=1
done

# The words are spelled so that this file does not find itself.
grep -nEw 'T[O]DO|F[I]XME|X[X]X|H[A]CK' "${sources[@]}" ./*.md 2>/dev/null && status=1
exit $status
