#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# reader/run.sh - the Python package against importlib.metadata, in every CPython found
# from 3.10 on, as one TAP stream.  EPCACHE names the tool, beside which the package is.
set -eu
cd "$(dirname "$0")/../../.."
export PYTHONDONTWRITEBYTECODE=1

: "${EPCACHE:?names the tool to test}"
python=${PYTHON:-/usr/bin/python3}
package=$(dirname "$EPCACHE")/python
here=tests/python/reader
count=25
[ -z "${LONG-}" ] || count=1000

if [ ! -e "$package/epcache/_epcache.abi3.so" ]; then
	echo "ok 1 - the Python package # SKIP it was not built: no headers of Python"
	echo 1..1
	exit 0
fi

runs=()
mapfile -t interpreters < <("$python" -B -c '
import sys; sys.path.insert(0, "tests/python")
import oracle; print(*oracle.interpreters(), sep="\n")')
for interpreter in "${interpreters[@]}"; do
	[ -z "$interpreter" ] ||
		runs+=("PYTHONPATH=$package bash $here/apart.sh $interpreter $here/tap.py \
			$here/test_*.py")
done

bash tests/tap.sh "${runs[@]}" \
	"bash $here/apart.sh $python $here/differential.py $package $count" \
	"bash $here/types.sh $package" "PYTHON=$python bash $here/asan.sh" "${BATS:-bats} --tap $here/pip.bats"
