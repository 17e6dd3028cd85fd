# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Libraries that are loaded when they are first called, where they cannot be.

# shellcheck disable=SC2030,SC2031,SC2154 # each test is a subshell; of bats

load lib

setup() {
	work_begin
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\n'
	refresh "$SITE"
	mkdir lacking
	: >lacking/libcjson.so.1
	: >lacking/libseccomp.so.2
}

teardown() {
	work_end
}

# lacking ARGUMENT... - the tool, on a system where both libraries are damaged.
lacking() {
	run --separate-stderr env LD_LIBRARY_PATH="$WORK/lacking" "$EPCACHE" "$@" \
		--cache-dir "$CACHE"
}

@test "a query from the cache loads neither" {
	lacking query --path "$SITE" g
	[ "$status" -eq 0 ]
	[ "$output" = "a${TAB}m:x${TAB}foo 1.0" ]
	[ -z "$stderr" ]
}

@test "without cJSON there is no JSON, and the library is named, once" {
	lacking query --json --path "$SITE" g
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	[[ $stderr == *'cannot load a library, install it: '*libcjson.so.1* ]]
	[ "${#stderr_lines[@]}" -eq 1 ]
}

@test "without them, a refresh and a live answer are right" {
	dist "$SITE/bar-1.0.dist-info" '[g]\nb = m:y\n'
	lacking query --path "$SITE" --check live g
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 2 ]
	lacking refresh "$SITE"
	[ "$status" -eq 0 ]
	lacking query --path "$SITE" --verbose g
	[[ $stderr == *"$SITE: from the cache"* ]]
	[ "${#lines[@]}" -eq 2 ]
}

@test "without cJSON no action runs, and it is not memory that is short" {
	needs_mounts
	run --separate-stderr on_own_var env LD_LIBRARY_PATH="$WORK/lacking" "$EPCACHE" actions run
	[ "$status" -eq 1 ]
	[[ ${stderr_lines[0]} == *libcjson.so.1* ]]
	[[ ${stderr_lines[1]} == 'epcache: cannot run the actions: '*'shared library' ]]
}
