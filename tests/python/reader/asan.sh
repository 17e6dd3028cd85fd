#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# asan.sh - the package's tests with an extension made for AddressSanitizer and UBSan, in
# a Python that was not: its run-time library is loaded before everything else.
# EPCACHE names the tool, PYTHON the interpreter.
set -eu
cd "$(dirname "$0")/../../.."

python=${PYTHON:-/usr/bin/python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
read -ra cc <<<"${CC:-cc}"
lib=$("${cc[@]}" -print-file-name=libasan.so)
if [[ $lib != /* ]]; then
	echo "ok 1 - under AddressSanitizer # SKIP ${cc[*]} has no libasan.so"
	echo 1..1
	exit 0
fi

sanitize='-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all'
CFLAGS=$sanitize LD_PRELOAD=$lib ASAN_OPTIONS=detect_leaks=0 "$python" -IBc '
import shutil, sys
sys.path.insert(0, "core/python")
import wheel_backend
folder = sys.argv[1] + "/epcache"
shutil.copytree("core/python/epcache", folder)
wheel_backend.compile_extension(folder + "/_epcache.abi3.so")' "$work" \
	>/dev/null 2>"$work/log" || { cat "$work/log"; exit 1; }

# Python itself leaks at exit, and forks with threads in one of the tests.
export LD_PRELOAD=$lib ASAN_OPTIONS=detect_leaks=0:abort_on_error=1
PYTHONPATH=$work bash tests/python/reader/apart.sh "$python" -B tests/python/reader/tap.py \
	tests/python/reader/test_{api,path,process}.py
