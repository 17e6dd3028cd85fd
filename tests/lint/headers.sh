#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# headers.sh - every header compiles alone; the public one also as C99 and C++.
set -u
cd "$(dirname "$0")/../.." || exit 1

read -ra flags <<<"${LINT_CFLAGS:--std=c11 -D_GNU_SOURCE -Icore/lib -Wall -Wextra}"
status=0

# alone HEADER COMPILER... - the declaration after it keeps -Wpedantic content.
alone() {
	printf '#include "%s"\nextern int unused_;\n' "$PWD/$1" |
		"${@:2}" -Werror -fsyntax-only - && return
	echo "$1: does not compile alone with ${*:2}"
	status=1
}

for header in core/*/*.h hooks/*/*.h tests/*/*.h; do
	[ ! -e "$header" ] || alone "$header" "${CC:-cc}" "${flags[@]}" -I"${header%/*}" \
		-Wno-unused-variable -x c
done
alone core/lib/epcache.h "${CC:-cc}" -std=c99 -Wall -Wextra -Wpedantic -x c
alone core/lib/epcache.h "${CXX:-g++}" -std=c++11 -Wall -Wextra -Wpedantic -x c++
exit $status
