#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# hostile.bats - activated programs, and those that import epcache, where something is
# amiss or going on beside them: the answer is importlib.metadata's, and nothing is said.

# shellcheck disable=SC2016,SC2030,SC2031,SC2153 # of bats; programs for other shells

load ../cli/lib
load activation

setup() {
	activation_begin
	dist "$SITE/demo-1.dist-info" "$POINTS"
	sleep 0.1
	enable
}

teardown() { work_end; }

# says WANT CODE [OPTION...] - the environment's python prints this, with two names for the
# activated module and for the package.
says() {
	run apart "$PY" -X dev -W error "${@:3}" -c "
import sys
$2"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$output" = "$1" ]
}

ALIKE='
import importlib.metadata as m, epcache
def values():
    ours, theirs = ([e.value for e in each.entry_points(group="g")] for each in (epcache, m))
    dists = [e.value for d in m.distributions() for e in d.entry_points if e.group == "g"]
    return "alike" if ours == theirs == dists == ["demo:a", "demo:b"] else (ours, theirs, dists)
'

@test "at exit, and in daemon threads that go on until then" {
	says $'end\nalike' "$ALIKE
import atexit, threading, time
atexit.register(lambda: print(values()))
def ask():
    while True:
        values()
for _ in range(4):
    threading.Thread(target=ask, daemon=True).start()
time.sleep(0.2)
print('end')"
}

@test "threads that import it at the same time are all served" {
	says '{(True, 2)} 16' '
import threading
found = []
def ask():
    import importlib.metadata as m
    found.append((hasattr(m.entry_points, "__wrapped__"), len(m.entry_points(group="g"))))
threads = [threading.Thread(target=ask) for _ in range(16)]
for each in threads: each.start()
for each in threads: each.join()
print(set(found), len(found))'
}

@test "children that several threads fork" {
	says '{0} 40' "$ALIKE
import os, signal, threading, warnings
warnings.simplefilter('ignore')
statuses = []
def fork():
    for _ in range(10):
        pid = os.fork()
        if pid == 0:
            signal.alarm(60)
            os._exit(values() != 'alike')
        statuses.append(os.waitpid(pid, 0)[1])
threads = [threading.Thread(target=fork) for _ in range(4)]
for each in threads: each.start()
for each in threads: each.join()
print(set(statuses), len(statuses))"
}

@test "subinterpreters are activated, each for itself" {
	says 'alike' "code = '''
import sys
sys.path[:] = %r
import epcache._arm
$ALIKE
assert m.entry_points.__wrapped__ and values() == 'alike', values()
''' % sys.path
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
for _ in range(5):
    one = interpreters.create()
    assert interpreters.run_string(one, code) is None
    interpreters.destroy(one)
$ALIKE
print(values())"
}

@test "damaged caches, of any kind, and those that are no files" {
	file=$(apart "$PY" -c 'import epcache, sys
print(epcache.status(sys.argv[1:])[0].cache_file)' "$SITE")
	apart test -f "$file"
	for damage in 'echo junk >"$1"' ': >"$1"' 'truncate -s -9 "$1"' 'chmod 666 "$1"' \
		'printf xx | dd of="$1" bs=1 seek=200 conv=notrunc' 'rm "$1"; mkdir "$1"' \
		'rmdir "$1"; mkfifo "$1"' 'rm "$1"; ln -s /dev/zero "$1"'; do
		apart bash -c "$damage" bash "$file" 2>/dev/null
		says alike "$ALIKE
print(values())"
	done
}

@test "loaded lazily, it is served when it is loaded" {
	says "True 2 <class 'module'>" '
import importlib.util
spec = importlib.util.find_spec("importlib.metadata")
spec.loader = importlib.util.LazyLoader(spec.loader)
module = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = module
spec.loader.exec_module(module)
print(hasattr(module.entry_points, "__wrapped__"), len(module.entry_points(group="g")),
      type(module))'
}

@test "a folder that is gone, no descriptors left, a stack that is full" {
	mkdir "$WORK/gone"
	says alike "$ALIKE
import os
os.chdir('$WORK/gone')
os.rmdir('$WORK/gone')
sys.path.append('')
print(values())"
	says alike "$ALIKE
import os, resource
values()
free = len(os.listdir('/proc/self/fd')) - 1
resource.setrlimit(resource.RLIMIT_NOFILE, (free + 1, free + 1))
print('alike' if len(m.entry_points(group='g')) == 2 == len(epcache.entry_points(group='g')) else 'not')"
}

@test "an application in a zip file, with the package inside" {
	mkdir "$WORK/app"
	cp -r "$SITE/epcache" "$WORK/app"
	dist "$WORK/app/zed-1.dist-info" '[g]\nz = zed:z\n'
	printf 'Name: zed\nVersion: 1\n' >"$WORK/app/zed-1.dist-info/METADATA"
	echo 'import importlib.metadata as m, epcache
for each in m, epcache:
    print(sorted(e.value for e in each.entry_points(group="g")))' >"$WORK/app/__main__.py"
	"$PY" -m zipapp "$WORK/app"
	run apart "$PY" -W error "$WORK/app.pyz"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$output" = "['demo:a', 'demo:b', 'zed:z']"$'\n'"['demo:a', 'demo:b', 'zed:z']" ]
}

@test "bad words are told with the usage, exit status 2" {
	for words in '' frob 'enable more' 'enable --user --venv' --frob 'status --nope'; do
		# shellcheck disable=SC2086
		run apart "$PY" -m epcache $words
		[ "$status" -eq 2 ]
		[[ $output == 'usage: python3 -m epcache'* ]]
	done
	[ -e "$SITE/epcache-autoload.pth" ]
}
