# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# activation.bash - what the files on activation share, beside ../cli/lib.bash.
#
# $VENV is a virtual environment that has the package epcache, $PY its python, $SITE
# its packages.  apart COMMAND... runs with the caches of this test.

# shellcheck disable=SC2016,SC2034,SC2154 # of bats, and for the files that load this

# A distribution "demo" of which importlib.metadata has to know.
POINTS='[g]\na = demo:a\nb = demo:b\n'

# What a program sees of it; the second by distributions, as pluggy and flake8 do.
PRINT='import importlib.metadata as m
print(sorted((e.name, e.value, str(e.dist._path)) for e in m.entry_points(group="g")))
print(sorted((str(d._path), [tuple((e.name, e.value)) for e in d.entry_points])
             for d in m.distributions()))'
# Is it served?
SERVED='import importlib.metadata as m; print(hasattr(m.entry_points, "__wrapped__"))'

activation_begin() {
	work_begin
	unset PYTHONPATH PYTHONHOME EPCACHE_AUTOLOAD PYTHONNOUSERSITE
	[ -e "${EPCACHE%/*}/python/epcache/_epcache.abi3.so" ] || skip "built without Python.h"
	export PATH=${EPCACHE%/*}:$PATH PYTHONDONTWRITEBYTECODE=1
	export XDG_CACHE_HOME=$WORK/cache # root keeps answers of interpreters there, no more
	mkdir "$XDG_CACHE_HOME"
	! is_root || unshare -m true 2>/dev/null || skip "needs the right to mount"
	environment venv
	VENV=$WORK/venv PY=$WORK/venv/bin/python
}

# environment NAME [OPTION...] - a virtual environment with the package; sets SITE.
environment() {
	"$PYTHON" -I -m venv --without-pip "${@:2}" "$WORK/$1"
	SITE=$("$WORK/$1/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
	cp -r "${EPCACHE%/*}/python/epcache" "$SITE"
}

apart() {
	if is_root; then
		on_own_var "$@"
	else
		"$@"
	fi
}

# enable [OPTION...] - in $VENV; says nothing.
enable() {
	apart "$PY" -m epcache enable "$@" >"$WORK/enabled"
}

# opened COMMAND... - the entry_points.txt below $WORK that it opens, and its listings.
opened() {
	apart strace -f -qq -o "$WORK/trace" -e trace=openat,getdents64 "$@" >"$WORK/out" 2>&1
	grep -c "$WORK.*entry_points.txt" "$WORK/trace" || :
}
