#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# levels.bats - activated at each level, with caches as `epcache refresh` makes them:
# the system's, the user's, virtual environments with and without the system's
# packages, editable installs.

# shellcheck disable=SC2016,SC2030,SC2031,SC2153 # of bats; programs for other shells

load ../cli/lib
load activation

setup() { activation_begin; }
teardown() { work_end; }

# answers PYTHON - what it prints, which is to be the same without activation, read from
# no file of $WORK; sets output.
answers() {
	local plain

	plain=$(apart env EPCACHE_AUTOLOAD=0 "$1" -c "$PRINT")
	[ "$(apart "$1" -c "$SERVED")" = True ]
	[ "$(opened "$1" -c "$PRINT")" -eq 0 ]
	output=$(<"$WORK/out")
	[ "$output" = "$plain" ]
}

# The interpreter itself, with the package in a folder that it looks into: as root one of
# /usr/local, in this mount namespace alone.
system_test() {
	needs_mounts
	run apart bash -c '
		folder=$("$PYTHON" -c "import site; print(site.getsitepackages()[0])")
		[[ $folder == /usr/local/* ]] || exit 77
		mkdir -p "$folder" && mount -t tmpfs -o mode=755 none "$folder"
		cp -r "${EPCACHE%/*}/python/epcache" "$folder"
		mkdir "$folder/demo-1.dist-info"
		printf "$2" >"$folder/demo-1.dist-info/entry_points.txt"
		sleep 0.1
		eval "$1"' bash "$1" "$POINTS"
	[ "$status" -ne 77 ] || skip "no folder in /usr/local"
}

@test "the system's: --local, below /usr/local" {
	system_test '
		cd / && "$PYTHON" -m epcache enable --local && "$PYTHON" -m epcache status --local &&
		"$EPCACHE" refresh --quiet --system && "$EPCACHE" status --quiet "$folder" &&
		strace -f -qq -o trace -e trace=openat "$PYTHON" -c "
import importlib.metadata as m
print(*(e.value for e in m.entry_points(group=\"g\")))" &&
		! grep "$folder/.*entry_points.txt" trace &&
		"$PYTHON" -m epcache disable --local'
	[ "$status" -eq 0 ]
	[[ $output == *"enabled in /usr/local/"*$'\n'"demo:a demo:b"$'\n'"disabled in"* ]]
}

@test "the system's is seen by environments with the system's packages, not by others" {
	system_test '
		cd / && "$PYTHON" -m epcache enable --local &&
		"$PYTHON" -m venv --without-pip --system-site-packages "$HOME/with" &&
		"$PYTHON" -m venv --without-pip "$HOME/without" &&
		for each in with without; do
			"$HOME/$each/bin/python" -c "
import importlib.metadata as m
print(hasattr(m.entry_points, \"__wrapped__\"), *(e.value for e in m.entry_points(group=\"g\")))"
		done'
	[ "$status" -eq 0 ]
	[[ $output == *$'\nTrue demo:a demo:b\nFalse' ]]
}

@test "the user's own: --user" {
	export PYTHONUSERBASE=$WORK/user
	site=$("$PYTHON" -c 'import site; print(site.getusersitepackages())')
	mkdir -p "$site"
	cp -r "${EPCACHE%/*}/python/epcache" "$site"
	dist "$site/demo-1.dist-info" "$POINTS"
	sleep 0.1
	run apart "$PYTHON" -m epcache enable --user
	[ "$status" -eq 0 ]
	[[ $output == *"enabled in $site" ]]
	answers "$PYTHON"
	[[ $output == *"$site/demo-1.dist-info"* ]]
	[ "$(apart "$PYTHON" -I -c "$SERVED")" = False ] # -I leaves the user's out
	apart "$PYTHON" -m epcache disable --user
	[ "$(apart "$PYTHON" -c "$SERVED")" = False ]
}

@test "the user's own, by epcache refresh --user" {
	export PYTHONUSERBASE=$WORK/home/.local
	site=$("$PYTHON" -c 'import site; print(site.getusersitepackages())')
	mkdir -p "$site"
	cp -r "${EPCACHE%/*}/python/epcache" "$site"
	printf '%s\n' 'import epcache._arm' >"$site/a.pth"
	dist "$site/demo-1.dist-info" "$POINTS"
	sleep 0.1
	apart env -u PYTHONUSERBASE "$EPCACHE" refresh --quiet --user
	answers "$PYTHON"
}

@test "virtual environments, by epcache refresh --venv" {
	for option in '' --system-site-packages; do
		# shellcheck disable=SC2086
		environment "venv$option" $option
		dist "$SITE/demo-1.dist-info" "$POINTS"
		printf '%s\n' 'import epcache._arm' >"$SITE/a.pth"
		sleep 0.1
		apart "$EPCACHE" refresh --quiet --venv "$WORK/venv$option"
		answers "$WORK/venv$option/bin/python"
		[[ $output == *"$SITE/demo-1.dist-info"* ]]
	done
}

@test "an editable install by a .pth file: its folder is answered as any other" {
	dist "$WORK/project/src/demo.egg-info" "$POINTS"
	echo "$WORK/project/src" >"$SITE/demo.pth"
	sleep 0.1
	enable
	# Not refreshed: read live; then from a cache of its own.
	[ "$(opened "$PY" -c "$PRINT")" -gt 0 ]
	live=$(<"$WORK/out")
	apart "$EPCACHE" refresh --quiet "$WORK/project/src"
	answers "$PY"
	[ "$output" = "$live" ]
	[[ $output == *"$WORK/project/src/demo.egg-info"* ]]
}

@test "an editable install by a finder: what it finds is merged, in its order" {
	cat >"$SITE/_finder.py" <<-'EOF2'
		import sys
		class Finder:
		    @staticmethod
		    def find_spec(name, path=None, target=None):
		        return None
		    @staticmethod
		    def find_distributions(context):
		        import importlib.metadata as m
		        class Dist(m.Distribution):
		            _path = "found"
		            def read_text(self, name):
		                return {"METADATA": "Name: found\nVersion: 1\n",
		                        "entry_points.txt": "[g]\nf = found:f\n"}.get(name)
		            def locate_file(self, path):
		                return path
		        return [Dist()]
		sys.meta_path.insert(int(open(__file__ + ".at").read()), Finder)
	EOF2
	echo 'import _finder' >"$SITE/zz.pth"
	echo 0 >"$SITE/_finder.py.at"
	dist "$SITE/demo-1.dist-info" "$POINTS"
	sleep 0.1
	enable
	for at in 0 99; do
		echo "$at" >"$SITE/_finder.py.at"
		answers "$PY"
		[[ $output == *"found:f"*"demo:a"* || $output == *"demo:a"*"found:f"* ]]
		order=$(apart "$PY" -c 'import importlib.metadata as m
print(*(e.value for e in m.entry_points(group="g")))')
		[ "$order" = "$([ $at = 0 ] && echo found:f demo:a demo:b || echo demo:a demo:b found:f)" ]
	done
}
