# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Content made to exhaust or fool whoever reads it, as tests/cli/hostile.bats, with
# little memory to do it in: each call ends by itself, says what is wrong in one line,
# and finds what is beside it.

# shellcheck disable=SC2030,SC2031,SC2154 # each test is a subshell; of bats

load ../cli/lib

GOOD="a${TAB}m:x${TAB}good 1"
SMALL=16 # MiB of address space: enough for a directory without such content

setup() {
	work_begin
	dist "$SITE/good-1.dist-info" '[g]\na = m:x\n'
	mkdir "$SITE/foo-1.dist-info"
	TEXT=$SITE/foo-1.dist-info/entry_points.txt
}

teardown() {
	work_end
}

# within MIB COMMAND... - the tool with so much address space, with the cache folder of
# the test.
within() {
	local mib=$1 command=$2

	shift 2
	(ulimit -v $((mib << 10)) && exec timeout 300 "$EPCACHE" "$command" \
		--cache-dir "$CACHE" "$@")
}

# refreshed - a refresh succeeds in little memory, and keeps little.
refreshed() {
	run --separate-stderr within "$SMALL" refresh "$SITE"
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	[ "$(stat -c %s "$(cache_file "$SITE")")" -lt 65536 ]
}

# finds MIB STATUS OUTPUT TEXT - what a query gives, live and from the cache, and what
# it says, which may be nothing.
finds() {
	local how

	for how in live strict fast; do
		[ $how = live ] || refreshed
		run --separate-stderr within "$1" query g --path "$SITE" --check $how
		[ "$status" -eq "$2" ] || { echo "$how: $status: $stderr"; return 1; }
		[ "$output" = "$3" ]
		if [ -n "$4" ]; then
			says 1 "$4"
		else
			[ -z "$stderr" ]
		fi
	done
}

# lines NUMBER LINE - so many of them.
lines() {
	yes "$2" | head -n "$1"
}

@test "ten million empty lines" {
	{
		lines 10000000 ''
		printf '[h]\nb = m:y\n'
	} >"$TEXT"
	finds 64 0 "$GOOD" ''
}

@test "ten million empty lines, then a wrong one: its number is told" {
	{
		printf '[h]\n'
		lines 10000000 ''
		echo wrong
	} >"$TEXT"
	finds 64 4 "$GOOD" "$TEXT:10000002: "
}

@test "ten million lines of groups" {
	lines 10000000 '[h]' >"$TEXT"
	finds 128 0 "$GOOD" ''
}

@test "a million entries" {
	{
		printf '[h]\n'
		lines 1000000 'b = m:y'
	} >"$TEXT"
	finds 256 0 "$GOOD" ''
}

@test "ten million entries: what is beside them is found" {
	{
		printf '[h]\n'
		lines 10000000 'b=m'
	} >"$TEXT"
	run --separate-stderr within 1024 query g --path "$SITE" --check live
	[ "$output" = "$GOOD" ]
	refreshed
	run --separate-stderr within 1024 query g --path "$SITE"
	[ "$output" = "$GOOD" ]
}

@test "one line of 100 MB" {
	{
		printf '[h]\nb = '
		head -c 100000000 /dev/zero | tr '\0' x
	} >"$TEXT"
	finds "$SMALL" 4 "$GOOD" "$TEXT: too large to be read"
}

@test "one line of 30 MB, which is read live" {
	{
		printf '[h]\nb = '
		head -c 30000000 /dev/zero | tr '\0' x
	} >"$TEXT"
	finds 160 0 "$GOOD" ''
	within 256 query h b --path "$SITE" >long
	[ "$(stat -c %s long)" -eq 30000009 ] # b, the line, foo 1, and what is between
}

@test "sparse texts of 8 TiB" {
	truncate -s 8T "$TEXT" 2>/dev/null || skip "needs a file system with files of 8 TiB"
	finds "$SMALL" 4 "$GOOD" "$TEXT: too large to be read"
}

@test "a text that grows while it is read" {
	(
		trap 'exit 0' TERM
		printf '[h]\n' >"$TEXT"
		while [ "$(stat -c %s "$TEXT")" -lt $((256 << 20)) ]; do
			lines 20000 'b = m:y' >>"$TEXT"
		done
	) 3>&- &
	grower=$!
	# Up to a limit it is read, and takes the memory that its entries take.
	for _ in {1..5}; do
		run --separate-stderr within 64 refresh --force "$SITE"
		[ "$status" -eq 0 ]
	done
	for ((i = 0; i < 3000; i++)); do
		[ "$(stat -c %s "$TEXT")" -lt $((2 << 20)) ] || break
		sleep 0.02
	done
	kill $grower 2>/dev/null || true
	wait $grower || true
	refreshed
	run --separate-stderr within 2048 query g --path "$SITE"
	[ "$output" = "$GOOD" ]
}

@test "devices for a text, for METADATA, and for a folder" {
	needs_root
	mknod "$TEXT" c 1 5 || skip "needs the right to make devices"
	mknod "$SITE/zero-1.dist-info" c 1 5
	mknod "$SITE/disk-1.egg-info" b 7 200
	finds "$SMALL" 4 "$GOOD" "$TEXT: not a regular file"
	rm "$TEXT"
	mknod "$TEXT" b 7 200
	finds "$SMALL" 4 "$GOOD" "$TEXT: not a regular file"
	rm "$TEXT"
	dist "$SITE/FOO-1.DIST-INFO" '[g]\nb = m:x\n'
	mknod "$SITE/FOO-1.DIST-INFO/METADATA" c 1 5
	finds "$SMALL" 4 "$GOOD" "$SITE/FOO-1.DIST-INFO: not a regular file"
}

@test "folders for a text and for METADATA" {
	mkdir "$TEXT"
	finds "$SMALL" 0 "$GOOD" ''
	dist "$SITE/FOO-1.DIST-INFO" '[h]\nb = m:x\n'
	mkdir "$SITE/FOO-1.DIST-INFO/METADATA"
	finds "$SMALL" 4 "$GOOD" "$SITE/FOO-1.DIST-INFO: "
}

@test "links up, to themselves, to each other, and a chain of a hundred" {
	ln -s . "$SITE/up-1.dist-info"
	ln -s .. "$SITE/upper-1.dist-info"
	ln -s x-1.dist-info "$SITE/y-1.dist-info"
	ln -s y-1.dist-info "$SITE/x-1.dist-info"
	ln -s "$SITE" "$SITE/again-1.dist-info"
	ln -s text "$TEXT"
	for i in {1..100}; do
		ln -s "link$((i - 1))" "$SITE/foo-1.dist-info/link$i"
	done
	ln -s link100 "$SITE/foo-1.dist-info/text"
	for how in live strict; do
		run --separate-stderr within "$SMALL" query g --path "$SITE" --check $how
		[ "$status" -eq 4 ]
		[ "$output" = "$GOOD" ]
		says 3 "$TEXT: a loop of symbolic links" "$SITE/x-1.dist-info" "$SITE/y-1.dist-info"
		refreshed
	done
}

@test "names of 255 bytes, and names that are longest once written for people" {
	long=$(printf '%0240d' 0)
	dist "$SITE/${long}abc-1.dist-info" '[h]\nb = m:y\n'
	raw=$(printf '\033%.0s' {1..242})
	dist "$SITE/$raw-1.dist-info" '[h]\nc = m:z\n'
	finds "$SMALL" 0 "$GOOD" ''
	run --separate-stderr within "$SMALL" query h --path "$SITE"
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 2 ]
	[[ $output == *"m:y${TAB}${long}abc 1"* ]]
	[[ $output != *$'\033'* ]]
}

@test "every command ends, and finds the rest, on a directory that has all of it" {
	mkfifo "$TEXT"
	mkdir "$SITE/big-1.dist-info" "$SITE/loop-1.dist-info" "$SITE/sock-1.dist-info"
	mkdir "$SITE/"$'new\nline-1.dist-info'
	truncate -s 70M "$SITE/big-1.dist-info/entry_points.txt"
	ln -s entry_points.txt "$SITE/loop-1.dist-info/entry_points.txt"
	printf '[g]\nwrong\n' >"$SITE/"$'new\nline-1.dist-info/entry_points.txt'
	mkfifo "$SITE/"$'\x1b[31mpipe-1.dist-info'
	"$PYTHON" -I -S -c 'import os, socket, sys
os.chdir(sys.argv[1])
socket.socket(socket.AF_UNIX).bind("entry_points.txt")' "$SITE/sock-1.dist-info"
	refreshed
	for command in "query g --path $SITE" "query --all --json --path $SITE" \
		"explain g a --path $SITE" "status $SITE" "status --json $SITE" \
		"verify $SITE" "clean --dry-run" "refresh --force -v $SITE" \
		"dump $(cache_file "$SITE")"; do
		# shellcheck disable=SC2086
		run within 32 $command
		[ "$status" -eq 0 ] || [ "$status" -eq 4 ] || { echo "$command: $output"; return 1; }
		[[ $output != *$'\x1b'* ]]
		case $command in
		query*|explain*|dump*) [[ $output == *good* ]] ;;
		esac
	done
	run --separate-stderr within 32 query g --path "$SITE"
	[ "$output" = "$GOOD" ]
	says 5 'foo-1.dist-info/entry_points.txt: not a regular file' 'big-1.dist-info' \
		'loop-1.dist-info' 'new\x0aline-1.dist-info/entry_points.txt:2: ' sock-1.dist-info
}

@test "200,000 distributions" {
	[ -n "${LONG-}" ] || skip "takes a minute to make and to remove; LONG=1 runs it"
	(cd "$SITE" && seq -f 'd%.0f-1.dist-info' 200000 | xargs mkdir)
	for how in live strict fast; do
		run --separate-stderr within 512 query g -v --path "$SITE" --check $how
		[ "$status" -eq 0 ]
		[ "$output" = "$GOOD" ]
		[[ $stderr == *', 200002 distributions, 1 entry points'* ]]
		within 512 refresh "$SITE"
	done
}

# An allocator that is in the way of each program, as of /etc/ld.so.preload, and reserves
# far more than it uses: hardened_malloc keeps sizes apart like this.
@test "an allocator that reserves address space" {
	[[ $EPCACHE != */asan/* ]] || skip "ASan wants to be the first of the libraries"
	command -v cc >/dev/null || skip "needs a compiler"
	printf '%s\n' '#include <stdlib.h>' '#include <sys/mman.h>' \
		'__attribute__((constructor)) static void reserve(void)' \
		'{ if (mmap(0, 64UL << 30, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |' \
		'  MAP_NORESERVE, -1, 0) == MAP_FAILED) abort(); }' >"$WORK/big.c"
	cc -shared -fPIC -o "$WORK/big.so" "$WORK/big.c"
	for i in {1..1500}; do
		dist "$SITE/a-rather-long-name-$i-1.dist-info" "[g]\nentry$i = package$i.module:f\n"
	done
	LD_PRELOAD=$WORK/big.so run "$EPCACHE" refresh --cache-dir "$CACHE" "$SITE"
	[ "$status" -eq 0 ] || { echo "$output"; return 1; }
	[ -z "$output" ]
}
