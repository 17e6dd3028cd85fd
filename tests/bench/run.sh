#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# run.sh [--quick] [SECTION...] - the benchmark; `make bench` calls it.  EPCACHE names the
# tool, beside which the programs of this folder are built.  Without sections: all of
# bench.py and, unless it is to be quick, the transactions of package managers and the
# start-up of real programs.
set -eu
cd "$(dirname "$0")/../.."

python=${PYTHON:-/usr/bin/python3}
out=build/bench
mkdir -p "$out"
rm -f "$out"/*.{json,md,svg,dat}
"$python" -B tests/bench/bench.py "$(dirname "$EPCACHE")" "$out/report.json" "$@"
[ $# -gt 0 ] || bash tests/bench/transaction.sh "$out/transaction.json"
[ $# -gt 0 ] || bash tests/bench/programs.sh "$out/programs.json"
"$python" -B tests/bench/report.py "$out"
