#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# types.sh PACKAGE-FOLDER - the stubs: mypy takes a user of the package as typed.py says,
# and stubtest finds them to be those of the package.
set -u
cd "$(dirname "$0")" || exit 1

if ! command -v mypy >/dev/null; then
	echo 'ok 1 - stubs # SKIP needs mypy'
	echo 1..1
	exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

# told NUMBER NAME COMMAND... - as a test of TAP.
told() {
	if "${@:3}" >"$work/said" 2>&1; then
		echo "ok $1 - $2"
	else
		echo "not ok $1 - $2"
		sed 's/^/# /' "$work/said"
		status=1
	fi
}

export MYPYPATH=$1 PYTHONPATH=$1
told 1 'a user of the package' mypy --strict --warn-unused-ignores --no-error-summary \
	--cache-dir "$work/cache" --python-version 3.10 typed.py
cd "$work" || exit 1
# Of each object, not of the class: stubtest does not see these.
echo 'epcache\..*\.(name|value|group)' >allowed
told 2 'the stubs are those of the package' stubtest --ignore-missing-stub \
	--ignore-unused-allowlist --allowlist allowed epcache
echo 1..2
exit $status
