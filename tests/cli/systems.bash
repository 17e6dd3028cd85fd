# shellcheck shell=bash disable=SC2154 # bats sets output, status and stderr
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# systems.bash - systems made up in a folder, for --root.
#
#     load systems
#     setup() { system_begin; }
#     teardown() { system_end; }
#
# $ROOT is the system, a folder of this test alone; $OUTSIDE a folder beside it, which
# nothing in it may lead to.

bats_require_minimum_version 1.5.0

export EPCACHE=${EPCACHE:-$BATS_TEST_DIRNAME/../../build/epcache}
PYTHON=${PYTHON:-/usr/bin/python3}

system_begin() {
	unset EPCACHE_DIR XDG_CACHE_HOME XDG_RUNTIME_DIR VIRTUAL_ENV
	umask 022
	WORK=$(mktemp -d "${TMPDIR:-/tmp}/epcache-XXXXXX")
	ROOT=$WORK/root
	OUTSIDE=$WORK/outside
	export HOME=/home/me
	mkdir -p "$ROOT/usr/bin" "$ROOT/etc" "$OUTSIDE/bin"
	cd "$WORK" || return
}

system_end() {
	cd / || return
	[ -z "${WORK-}" ] || rm -rf "$WORK"
}

is_root() {
	[ "$(id -u)" -eq 0 ]
}

# folder DIR... - make folders of the system.
folder() {
	local dir

	for dir; do
		mkdir -p "$ROOT$dir"
	done
}

# link TARGET PATH - make a symbolic link of the system.
link() {
	mkdir -p "$ROOT${2%/*}"
	ln -sfn "$1" "$ROOT$2"
}

# python LIB VERSION - what an interpreter consists of: "python /usr/lib64 3.13".
python() {
	local bin=${1%/lib*}/bin

	folder "$bin" "$1/python$2/lib-dynload"
	touch "$ROOT$bin/python$2" "$ROOT$1/python$2/os.py"
}

# put PATH LINE... - a file of the system, or, without lines, an empty one.
put() {
	local path=$ROOT$1

	shift
	mkdir -p "${path%/*}"
	[ $# -eq 0 ] && : >"$path" || printf '%s\n' "$@" >"$path"
}

# dist FOLDER VALUE - a distribution of the system with the entry point a = VALUE in g.
dist() {
	put "$1/entry_points.txt" '[g]' "a = $2"
}

epcache() {
	local command=$1

	shift
	"$EPCACHE" "$command" --root "$ROOT" --cache-dir /cache "$@"
}

# directories - of $output, the JSON of a refresh.
directories() {
	printf '%s' "$output" | "$PYTHON" -I -S -c '
import json, sys
print(*[row["directory"] for row in json.load(sys.stdin)], sep="\n")'
}

same() {
	[ "$1" = "$2" ] || diff <(printf '%s\n' "$2") <(printf '%s\n' "$1")
}

# refreshes DIR... - exactly these, in this order, are those of "refresh --system".
refreshes() {
	run --separate-stderr epcache refresh --system --json --dry-run
	[ "$status" -eq 0 ] || { echo "$status: $stderr"; return 1; }
	same "$(directories)" "$(printf '%s\n' "$@")"
}

# path_said - the sys.path that a query told on stderr.
path_said() {
	sed -n 's,^epcache: \(/[^:]*\): .*,\1,p' <<<"$stderr"
}

# queries DIR... - exactly these, in this order, are the sys.path of a query.
queries() {
	run --separate-stderr epcache query --all --verbose
	[ "$status" -eq 0 ] || [ "$status" -eq 3 ] || { echo "$status: $stderr"; return 1; }
	same "$(path_said)" "$(printf '%s\n' "$@")"
}

# says TEXT... - each is on stderr, and nothing but as many lines.
says() {
	local text

	[ "${#stderr_lines[@]}" -eq $# ] || { echo "not $# lines: $stderr"; return 1; }
	for text; do
		[[ $stderr == *"$text"* ]] || { echo "not said: $text; but: $stderr"; return 1; }
	done
}
