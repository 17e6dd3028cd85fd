#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# format.sh [--fix] - C sources are as clang-format 14 lays them out; other
# versions lay out differently, so there this is skipped.
set -u
cd "$(dirname "$0")/../.." || exit 1

tool=$(command -v clang-format-14 || command -v clang-format)
if [[ $("$tool" --version) != *'version 14.'* ]]; then
	echo "needs clang-format 14"
	exit 77
fi

mapfile -d '' -t sources < <(find core hooks tests -name '*.[ch]' \
	-not -path '*/fixtures/*' -print0 2>/dev/null | sort -z)
if [ "${1-}" = --fix ]; then
	"$tool" -i "${sources[@]}"
	exit
fi

status=0
for file in "${sources[@]}"; do
	"$tool" --dry-run -Werror "$file" 2>/dev/null && continue
	echo "$file: not as clang-format has it; make fmt"
	status=1
done
exit $status
