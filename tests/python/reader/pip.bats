# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# pip.bats - pip makes and installs the package without a network: from the tree, from its
# folder in it, and from archives; without a compiler, one that asks importlib.metadata.

bats_require_minimum_version 1.5.0

setup_file() {
	export TREE WORK
	TREE=$(cd "$BATS_TEST_DIRNAME/../../.." && pwd -P)
	WORK=$(mktemp -d)
	export PIP_NO_INDEX=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1
	export HOME=$WORK TMPDIR=$WORK PIP_ROOT_USER_ACTION=ignore
	unset MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES SOURCE_DATE_EPOCH PYTHONPATH CFLAGS
	mkdir "$WORK/tree"
	tar -C "$TREE" --exclude=./build --exclude=./.git --exclude=__pycache__ -cf - . |
		tar -C "$WORK/tree" -xf -
	"${PYTHON:-/usr/bin/python3}" -m venv "$WORK/venv"
	PIP=("$WORK/venv/bin/python" -m pip -q)
	"${PIP[@]}" wheel -w "$WORK/first" "$WORK/tree"
}

teardown_file() {
	rm -rf "$WORK"
}

setup() {
	cd "$WORK" || exit 1
	PY=$WORK/venv/bin/python
	PIP=("$PY" -m pip -q)
	unset CC
}

# installed FILE... - is what it answers importlib.metadata's, and its own?  Says which.
installed() {
	"${PIP[@]}" install --force-reinstall "$@"
	"$PY" -I -W error -c '
import epcache
from epcache import _reader
ours = epcache.entry_points(group="console_scripts")
import importlib.metadata
assert ours == tuple(importlib.metadata.entry_points(group="console_scripts")), ours
assert importlib.metadata.version("epcache") == epcache.__version__
assert "pip" in ours.names
print("native" if _reader.native else "pure")'
}

@test "a wheel for every later version of CPython, the same bytes each time" {
	local wheel

	wheel=$(cd first && echo *.whl)
	[[ $wheel == epcache-*-cp310-abi3-linux_*.whl ]]
	"${PIP[@]}" wheel -w second "$WORK/tree/core/python"
	cmp "first/$wheel" "second/$wheel"
	[ "$(installed "first/$wheel")" = native ]
	"$PY" -m zipfile -l "first/$wheel" >names
	for file in py.typed __init__.pyi _epcache.abi3.so LICENSE METADATA; do
		grep -q "$file" names
	done
	run ! grep -e pycache -e '\.c ' names
	"${PIP[@]}" check
	"${PIP[@]}" uninstall -y epcache
	[ ! -e "$(echo venv/lib/python3*/site-packages)/epcache" ]
}

@test "no symbol of the library is outside of it" {
	rm -rf unpacked
	"$PY" -m zipfile -e first/*.whl unpacked
	[ "$(nm -D --defined-only unpacked/epcache/_epcache.abi3.so | sed 's/.* //')" = PyInit__epcache ]
	ldd unpacked/epcache/_epcache.abi3.so >linked
	run ! grep libepcache linked
}

@test "the archive of make dist, and the one of the package" {
	make -s -C tree dist >/dev/null
	[ "$(installed tree/build/epcache-*.tar.gz)" = native ]
	"$PY" -c '
import os, sys
os.chdir("tree"); sys.path.insert(0, "core/python")
import wheel_backend
for folder in ("../one", "../two"):
    os.mkdir(folder)
    wheel_backend.build_sdist(folder)'
	cmp one/epcache-*.tar.gz two/epcache-*.tar.gz
	"${PIP[@]}" wheel -w third one/epcache-*.tar.gz
	cmp first/*.whl third/*.whl
}

@test "without a compiler: a package that asks importlib.metadata" {
	export CC=no-such-compiler
	run "$PY" -m pip wheel -v -w pure "$WORK/tree"
	[[ ${output//$'\n'/ } == *'the extension takes a C compiler'* ]]
	[ -e "$(echo pure/epcache-*-py3-none-any.whl)" ]
	[ "$(installed pure/*.whl)" = pure ]
}
