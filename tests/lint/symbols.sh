#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# symbols.sh - what epcache.h declares, the export map lists and the library that
# LIB names exports is one and the same.
set -euo pipefail
cd "$(dirname "$0")/../.."
export LC_ALL=C

declared=$(sed -n 's/^EPC_PUBLIC.*[ *]\(epc_[a-z0-9_]*\)(.*/\1/p' core/lib/epcache.h | sort)
mapped=$(sed -n 's/^\t\([a-z0-9_]*\);.*/\1/p' core/lib/libepcache.map | sort)
exported=$(nm -D --defined-only "$LIB" | sed -n 's/.* [TDBRVW] \([^@]*\).*/\1/p' | sort)

# same NAME SET NAME SET - compare two, and name the symbols that one of them lacks.
same() {
	[ "$2" != "$4" ] || return 0
	comm -23 <(echo "$2") <(echo "$4") | sed "s|.*|$3: lacks & of $1|"
	comm -13 <(echo "$2") <(echo "$4") | sed "s|.*|$1: lacks & of $3|"
	return 1
}

same core/lib/epcache.h "$declared" core/lib/libepcache.map "$mapped"
same core/lib/libepcache.map "$mapped" "$LIB" "$exported"
