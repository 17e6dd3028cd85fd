#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# activation.bats - unmodified programs, answered from the caches.

# shellcheck disable=SC2016,SC2030,SC2031,SC2153 # of bats; programs for other shells

load ../cli/lib
load activation

setup() { activation_begin; }
teardown() { work_end; }

@test "enabled in a virtual environment, a program opens no entry_points.txt" {
	dist "$SITE/demo-1.dist-info" "$POINTS"
	"$PY" -c "$PRINT" >"$WORK/plain"
	[ "$(opened "$PY" -c "$PRINT")" -gt 0 ]

	sleep 0.1
	enable
	[[ $(<"$WORK/enabled") == "enabled in $SITE" ]]
	[ "$(opened "$PY" -c "$PRINT")" -eq 0 ]
	diff "$WORK/plain" "$WORK/out"
	grep -q 'demo:b' "$WORK/out"
}

@test "a change is seen at once: an upgrade, an edit in place, a removal, an addition" {
	dist "$SITE/demo-1.dist-info" "$POINTS"
	enable
	for change in 'printf "[g]\nc = demo:c\n" >$SITE/new &&
			mv $SITE/new $SITE/demo-1.dist-info/entry_points.txt' \
		'sed -i s/demo:c/demo:d/ $SITE/demo-1.dist-info/entry_points.txt' \
		'printf "[g]\nx = y:z\n" >$SITE/demo-1.dist-info/entry_points.txt' \
		'rm $SITE/demo-1.dist-info/entry_points.txt' \
		'mkdir $SITE/other-1.dist-info && echo "[g]
			o = o" >$SITE/other-1.dist-info/entry_points.txt'; do
		eval "$change"
		EPCACHE_AUTOLOAD=0 "$PY" -c "$PRINT" >"$WORK/plain"
		apart "$PY" -c "$PRINT" >"$WORK/out"
		diff "$WORK/plain" "$WORK/out"
		apart "$EPCACHE" refresh --quiet "$SITE"
	done
}

@test "a distribution that is kept sees later changes of its file" {
	dist "$SITE/demo-1.dist-info" "$POINTS"
	enable
	sleep 0.1
	apart "$EPCACHE" refresh --quiet "$SITE"
	run apart "$PY" -c '
import importlib.metadata as m, sys
dist = m.distribution("demo")
print(*(e.value for e in dist.entry_points))
with open(sys.argv[1], "w") as f:
    f.write("[g]\na = later:a\n")
print(*(e.value for e in dist.entry_points))' "$SITE/demo-1.dist-info/entry_points.txt"
	[ "$status" -eq 0 ]
	[ "$output" = $'demo:a demo:b\nlater:a' ]
}

@test "EPCACHE=strict: an edit in place is seen where the administrator allows the fast check" {
	is_root || skip "needs root, for an /etc of its own"
	dist "$SITE/demo-1.dist-info" "$POINTS"
	enable
	mkdir -p "$WORK/etc/epcache"
	printf '%s\n' "CheckFast=$SITE" "Directory=$SITE" >"$WORK/etc/epcache/epcache.conf"
	sleep 0.1
	on_own_system "$EPCACHE" refresh --quiet "$SITE"
	[ "$(on_own_system "$PY" -c "$PRINT" | grep -c demo:a)" -eq 2 ]

	sed -i s/demo:a/later:a/ "$SITE/demo-1.dist-info/entry_points.txt"
	[ "$(on_own_system "$PY" -c "$PRINT" | grep -c demo:a)" -eq 2 ] # what fast is
	[ "$(EPCACHE=strict on_own_system "$PY" -c "$PRINT" | grep -c later:a)" -eq 2 ]
}

@test "what starts without importlib.metadata imports nothing more" {
	enable
	code='import sys; print(*sorted(sys.modules), sep="\n")'
	apart "$PY" -c "$code" >"$WORK/with"
	rm "$SITE"/epcache-autoload.*
	diff <("$PY" -c "$code") "$WORK/with"
}

@test "a program's own epcache.py, or folder of that name, is not run by this" {
	enable
	mkdir -p "$WORK/own/epcache" "$WORK/script"
	echo 'import sys; print("ran", __name__); sys.exit(3)' >"$WORK/own/epcache/__init__.py"
	run apart env -C "$WORK/own" "$PY" -c "$SERVED"
	[ "$status:$output" = 0:False ]
	printf 'print("ran", __name__)\n%s\n' "$SERVED" >"$WORK/script/epcache.py"
	run apart "$PY" "$WORK/script/epcache.py"
	[ "$status" -eq 0 ]
	[ "$output" = $'ran __main__\nFalse' ]

	# Nor one that was imported already: it is the program's.
	run apart env PYTHONPATH="$WORK/script" "$PY" -c "import epcache; $SERVED"
	[ "$output" = $'ran epcache\nFalse\nFalse' ]
}

@test "armed twice, or by a module that is there already, it serves once" {
	enable
	cp "$SITE/epcache-autoload.pth" "$SITE/z-again.pth"
	printf '%s\n' 'import importlib.metadata' >"$SITE/a-before.pth"
	[ "$(apart "$PY" -c "$SERVED")" = True ]
	[ "$(apart "$PY" -c 'import sys
print([f.__name__ for f in sys.meta_path if f.__name__ == "Finder"])')" = "['Finder']" ]
}

@test "-S, and the two variables, turn it off; -I and -E do not" {
	enable
	for how in '' -I -E '-W error'; do
		# shellcheck disable=SC2086
		[ "$(apart "$PY" $how -c "$SERVED")" = True ]
	done
	[ "$("$PY" -S -c "$SERVED")" = False ]
	for how in EPCACHE_AUTOLOAD=0 EPCACHE=0 EPCACHE=live EPCACHE=verify; do
		[ "$(env "$how" "$PY" -c "$SERVED")" = False ]
	done
	[ "$(EPCACHE=strict "$PY" -c "$SERVED")" = True ]
}

@test "nothing is ever printed: stale, damaged, package gone, extension broken" {
	dist "$SITE/demo-1.dist-info" "$POINTS"
	enable
	wanted=$(EPCACHE_AUTOLOAD=0 "$PY" -c "$PRINT")
	quiet() {
		run apart "$PY" -X dev -W error -c "$PRINT"
		[ "$status" -eq 0 ]
		[ "$output" = "$wanted" ]
		[ "$(apart "$PY" -W error -c "$PRINT" 2>&-)" = "$wanted" ]
	}
	quiet
	touch "$SITE/demo-1.dist-info/entry_points.txt" "$SITE/x"
	quiet
	find "$WORK" -name '*.v1' -exec sh -c 'echo junk >"$1"' sh {} \;
	quiet
	echo junk >"$SITE/epcache/_epcache.abi3.so"
	quiet
	echo junk junk >"$SITE/epcache/_serve.py"
	quiet
	rm -r "$SITE/epcache"
	quiet
}

@test "status says where, disable removes all and refreshes" {
	run apart "$PY" -m epcache status
	[ "$status" -eq 3 ]
	enable
	run apart "$PY" -m epcache status
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "enabled  $SITE" ]
	[ "${lines[-1]}" = "a start of $PY is served" ]
	EPCACHE_AUTOLOAD=0 run apart "$PY" -m epcache status
	[ "$status" -eq 1 ]
	[ "${lines[-1]}" = "a start of $PY is not served: EPCACHE_AUTOLOAD is 0" ]
	echo junk >"$SITE/epcache/_serve.py"
	run apart "$PY" -m epcache status
	[ "$status" -eq 1 ]
	[[ ${lines[-1]} == "a start of $PY is not served: "*Error* ]]
	cp "${EPCACHE%/*}/python/epcache/_serve.py" "$SITE/epcache"

	run apart "$PY" -m epcache disable --venv
	[ "$status" -eq 0 ]
	[ "$output" = "disabled in $SITE" ]
	run compgen -G "$SITE/epcache-autoload*"
	[ -z "$output" ]
	run apart "$EPCACHE" status "$SITE"
	[ "$status" -eq 0 ]
	run apart "$PY" -m epcache disable
	[ "$status" -eq 3 ]
}

@test "enable refreshes: the cache is right after the files have been written" {
	enable
	run apart "$EPCACHE" status "$SITE"
	[ "$status" -eq 0 ]
	[[ $output == *fresh* ]]
}

@test "a folder of a package manager is refused, with what to do" {
	for folder in /usr/lib/python3/dist-packages /usr/lib64/python3.13/site-packages; do
		run "$PY" -c "import epcache.__main__ as m; m.refuse_if_managed('$folder')"
		[ "$status" -eq 1 ]
		[[ $output == *"Refused: $folder belongs to a package manager; install its package"* ]]
	done
	"$PY" -c "import epcache.__main__ as m; m.refuse_if_managed('$SITE')
m.refuse_if_managed('/usr/local/lib/python3.11/dist-packages')"
}

@test "where Python does not find the package when it starts, nothing is left behind" {
	mv "$SITE/epcache" "$WORK"
	run apart "$PY" -m epcache enable # in $WORK, where it is
	[ "$status" -eq 1 ]
	[[ $output == "epcache: $PY would not be answered from caches: it does not find the package"* ]]
	run compgen -G "$SITE/*epcache*"
	[ -z "$output" ]
	PYTHONUSERBASE=$WORK/none run apart "$PYTHON" -m epcache enable --user
	[ "$status" -eq 1 ]
	[ ! -e "$WORK/none" ]
}

@test "each option is for its Python: --user and --local not in a virtual environment" {
	for level in --user --local; do
		run apart "$PY" -m epcache enable "$level"
		[ "$status" -eq 1 ]
		[[ $output == *"--venv"* ]]
	done
	PYTHONPATH=${EPCACHE%/*}/python run "$PYTHON" -m epcache enable --venv
	[ "$status" -eq 1 ]
	[[ $output == *"is not of a virtual environment"* ]]
}
