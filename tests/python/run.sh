#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# run.sh - the answers of epcache against those of every CPython found, as one TAP
# stream: random trees, fixed cases, this machine's directories, real packages; as
# root also as somebody who may not read everything.
# EPCACHE names the tool, PYTHON the interpreter that runs the comparison.
set -eu
cd "$(dirname "$0")/../.."
export PYTHONDONTWRITEBYTECODE=1

: "${EPCACHE:?names the tool to test}"
python=${PYTHON:-/usr/bin/python3}
trees=300 # random ones, of all runs of differential.py, each with seeds of its own
few=40
activated=15
if [ -n "${LONG-}" ]; then
	trees=32000
	few=4000
	activated=1000
fi

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
trap 'exit 1' INT TERM

runs=()

# nobody - what runs a command as somebody with no rights but to a folder of his own.
# The tool and the tests are copied there: where they are may be closed to him.
nobody() {
	chmod 755 "$stage"
	install -d -o 65534 -g 65534 -m 700 "$stage/own"
	install -m 755 "$EPCACHE" "$stage/epcache"
	install -m 644 tests/python/*.py "$stage"
	echo "env HOME=$stage/own EPCACHE=$stage/epcache setpriv --reuid 65534" \
		"--regid 65534 --clear-groups --inh-caps=-all --no-new-privs"
}

if [ "$EUID" -eq 0 ]; then
	as=$(nobody)
	his="$as env TMPDIR=$stage/own $python $stage/differential.py --trees $few"
	if $as "$stage/epcache" --version >/dev/null 2>&1; then
		trees=$((trees - 3 * few))
		runs+=("$his --special --seed 100000"
			"$his --private --seed 200000"
			"EPCACHE=$stage/epcache $python $stage/differential.py --seed 300000 \
				--trees $few --reader 65534")
	else
		runs+=("echo 'ok 1 - as another user # SKIP $stage is closed to others'; echo 1..1")
	fi
else
	runs+=("echo 'ok 1 - as another user # SKIP not root'; echo 1..1")
fi

runs=("$python tests/python/differential.py --trees $trees --special --machine" "${runs[@]}")

# Unmodified programs; root's caches are the system's, so it has a /var of its own.
if [ -e "${EPCACHE%/*}/python/epcache/_epcache.abi3.so" ]; then
	apart="bash tests/python/reader/apart.sh $python"
	runs+=("$apart tests/python/suites.py" "$apart tests/python/activated.py $activated")
	for file in tests/python/*.bats; do
		runs+=("${BATS:-bats} --tap $file")
	done
fi

# The longest first: they are run side by side.
bash tests/tap.sh -j "${JOBS:-2}" 'bash tests/python/reader/run.sh' \
	'bash tests/python/real-programs.sh' "${runs[@]}" 'bash tests/python/real-packages.sh'
