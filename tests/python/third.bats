#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# third.bats - others that look entry points up, as they are packaged: the backport
# importlib_metadata, stevedore and its cache, and programs that put something of their
# own in place of what importlib.metadata uses.

# shellcheck disable=SC2016,SC2030,SC2031,SC2153 # of bats; programs for other shells

load ../cli/lib
load activation

setup() { activation_begin; }
teardown() { work_end; }

# The environment, with the system's packages as well.
with_system() {
	[ "$PYTHON" -ef /usr/bin/python3 ] || skip "packages are of /usr/bin/python3"
	"$PYTHON" -c "import $1" 2>/dev/null || skip "$1 is not installed"
	rm -r "$VENV"
	environment venv --system-site-packages
}

# same SCRIPT ARG... - the environment's python prints the same with and without; sets output.
same() {
	EPCACHE_AUTOLOAD=0 "$PY" -W ignore -c "$@" >"$WORK/plain" 2>&1
	output=$(apart "$PY" -W ignore -c "$@" 2>&1)
	diff "$WORK/plain" - <<<"$output"
}

@test "the backport is served, with its own objects, and so is the module it displaces" {
	with_system importlib_metadata
	dist "$SITE/demo-1.dist-info" "$POINTS"
	sleep 0.1
	enable
	show='
def show(m):
    points = m.entry_points(group="g")
    print(type(points).__module__, *((e.name, e.value, type(e).__module__,
          type(e.dist).__module__, str(e.dist._path)) for e in points))
    dists = list(m.distributions())
    print(len(dists), len({str(d._path) for d in dists}), {type(d) for d in dists})
    print(sorted((str(d._path), [tuple(map(str, (e.name, e.value))) for e in d.entry_points])
                 for d in dists), m.version("demo".replace("demo", "zipp")))
'
	for order in 'import importlib_metadata as b, importlib.metadata as s; show(b); show(s)' \
		'import importlib.metadata as s; show(s); import importlib_metadata as b; show(b); show(s)' \
		'import importlib_metadata as b; show(b); show(b)'; do
		same "$show$order"
		[[ $output == *"'demo:a', 'importlib_metadata'"* ]]
	done
	[ "$(apart "$PY" -W ignore -c 'import importlib_metadata as m
print(hasattr(m.entry_points, "__wrapped__"))')" = True ]
	# The text of the system's packages may be read; ours are in caches.
	[ "$(opened "$PY" -W ignore -c "${PRINT/importlib.metadata/importlib_metadata}")" -eq 0 ]
}

@test "what a program puts in place of a part is used as it would be" {
	dist "$SITE/demo-1.dist-info" "$POINTS"
	sleep 0.1
	enable
	for part in 'm.PathDistribution.read_text = lambda self, name: "[g]\nr = r:r\n"' \
		'm.Distribution.entry_points = property(lambda self: m.EntryPoints())' \
		'm.distributions = lambda **k: []' \
		'm.Distribution.discover = classmethod(lambda c, **k: iter(()))' \
		'm.MetadataPathFinder.find_distributions = classmethod(lambda *a: [])' \
		'import os; os.listdir = lambda p=".": []' \
		'import pathlib; pathlib.Path.read_text = lambda *a, **k: "[g]\nt = t:t\n"' \
		'm.EntryPoints._from_text_for = classmethod(lambda c, t, d: c())' \
		'm.PathDistribution._normalized_name = "all the same"' \
		'm.os = types.SimpleNamespace(**{**vars(m.os), "listdir": lambda p=".": []})' \
		'm.sys = types.SimpleNamespace(**{**vars(m.sys), "path": []})' \
		'm.pathlib = types.SimpleNamespace(Path=lambda *a: m.zipfile.Path("/none"))' \
		'm.Sectioned.section_pairs = classmethod(lambda c, text: iter(()))' \
		'import sys; sys.meta_path.append(m.MetadataPathFinder)' \
		'import sys; sys.meta_path.clear()' \
		'import sys; sys.path[:] = [p.encode() for p in sys.path]' \
		'import sys; sys.path[:] = ["./" + p for p in sys.path]' \
		'import sys; sys.path[:] = sys.path * 2' \
		'import sys; sys.path[:] = sys.path + [None]'; do
		same "import importlib.metadata as m, importlib.metadata._adapters, zipfile, email.parser
import types
$part
def tell(f):
    try:
        print(sorted(str(each) for each in f()))
    except Exception as error:
        print(repr(error))
tell(lambda: [(e.name, e.value) for e in m.entry_points(group='g')])
tell(lambda: [(e.group, e.name, e.value) for d in m.distributions() for e in d.entry_points])"
	done
}

@test "parameters of entry_points(), right and wrong ones" {
	dist "$SITE/demo-1.dist-info" "${POINTS}[h]\nnot a = n [x, y]\nname = b:c.d [x,y]\n"
	sleep 0.1
	enable
	for params in '' 'group="g"' 'group="h"' 'name="a"' 'group="g", name="b"' 'group="none"' \
		'group=None' 'group=3' 'name=b"a"' 'value="demo:a"' 'module="b"' 'extras=["x", "y"]' \
		'attr="c.d", group="h"' 'nonsense=1' 'nonsense="x", group="none"' 'group="g\0"' \
		'group="\udc80"' 'group=type("s", (str,), {})("g")' '"g"'; do
		same "import importlib.metadata as m
try:
    found = m.entry_points($params)
    print(type(found), found)
except Exception as error:
    print(repr(error))"
	done
}

@test "what importlib.metadata raises for is raised, what it cannot read is left out" {
	dist "$SITE/demo-1.dist-info" "$POINTS"
	ask='
import importlib.metadata as m
for f in (lambda: m.entry_points(group="g"), lambda: [d.entry_points for d in m.distributions()]):
    try:
        print(sorted(map(str, f())))
    except Exception as error:
        print(repr(error))'
	sleep 0.1
	enable
	for text in '[g]\na line\n' '[g]\na = \xff\n' '[h]\na = b\nno\n' '\n'; do
		dist "$SITE/bad-1.dist-info" "$text"
		sleep 0.1
		apart "$EPCACHE" refresh --quiet "$SITE"
		same "$ask"
	done
	[[ $output == *"demo:a"* ]]
}

@test "reloaded, or imported anew, it is served again; modules stay what they are" {
	enable
	run apart "$PY" -W error -c '
import importlib, sys, inspect, pickle
import importlib.metadata as m
assert type(m.__loader__).__name__ == "SourceFileLoader" and "exec_module" not in vars(m.__loader__)
assert "def entry_points" in inspect.getsource(m)
assert inspect.signature(m.entry_points) == inspect.signature(m.entry_points.__wrapped__)
assert pickle.loads(pickle.dumps(m.entry_points)) is m.entry_points
importlib.reload(m)
assert m.entry_points.__wrapped__ and not hasattr(m.entry_points.__wrapped__, "__wrapped__")
del sys.modules["importlib.metadata"], importlib.metadata
import importlib.metadata as n
assert n is not m and n.entry_points.__wrapped__
from importlib.metadata import entry_points
assert entry_points is n.entry_points'
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

# stevedore's cache names its file for modification times of 32 bits, 128 s apart.
stevedore_begin() {
	with_system stevedore
	export PYTHONPATH=$WORK/plugins PYTHONUSERBASE=$WORK/user
	export XDG_CACHE_HOME=$WORK/cache
	site=$("$PYTHON" -c 'import site; print(site.getusersitepackages())')
	mkdir -p "$site"
	cp -r "${EPCACHE%/*}/python/epcache" "$site"
	dist "$WORK/plugins/demo-1.dist-info" '[g]\na = demo:old\n'
	stamp 1700000000
}

stamp() {
	touch -d "@$1" "$WORK"/plugins/*/* "$WORK/plugins"
}

ASK='import stevedore._cache as c; print(*(e.value for e in c.get_group_all("g")))'

@test "a change that stevedore's own cache misses is seen by what is activated" {
	stevedore_begin
	[ "$(apart "$PYTHON" -c "$ASK")" = demo:old ]
	apart "$PYTHON" -m epcache enable --user
	apart "$EPCACHE" refresh --quiet "$WORK/plugins"
	[ "$(apart "$PYTHON" -c "$PRINT" | grep -c demo:old)" -eq 2 ]

	sed -i s/old/new/ "$WORK"/plugins/*/*
	stamp 1700000030
	[ "$(EPCACHE_AUTOLOAD=0 "$PYTHON" -c "$ASK")" = demo:old ] # their defect
	[ "$(apart "$PYTHON" -c "$PRINT" | grep -c demo:new)" -eq 2 ]
}

@test "stevedore with our patch sees it, and opens neither its own cache nor any text" {
	stevedore_begin
	command -v patch >/dev/null || skip "patch is not installed"
	cp -r "$("$PYTHON" -c 'import stevedore; print(*stevedore.__path__)')" "$WORK/user/stevedore"
	patch -s -p1 -d "$WORK/user" <"$BATS_TEST_DIRNAME/../../core/python/stevedore.patch"
	export PYTHONPATH=$WORK/user:$WORK/plugins
	[ "$(apart "$PYTHON" -c "$ASK")" = demo:old ]
	sed -i s/old/new/ "$WORK"/plugins/*/*
	stamp 1700000030
	[ "$(apart "$PYTHON" -c "$ASK")" = demo:new ]
	sleep 0.1
	apart "$EPCACHE" refresh --quiet "$WORK/plugins"
	[ "$(opened "$PYTHON" -c "$ASK")" -eq 0 ]
	[ "$(<"$WORK/out")" = demo:new ]
	[ ! -e "$XDG_CACHE_HOME/python-entrypoints" ]

	# Without epcache it is as it was.
	mv "$site/epcache" "$WORK/gone"
	[ "$("$PYTHON" -c "$ASK")" = demo:new ]
}
