# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Trees made to hang, exhaust or fool whoever reads them.  Nothing may take long: each
# call has a limit of time, far above what it needs.

# shellcheck disable=SC2030,SC2031 # each test is a subshell

load lib

setup() {
	work_begin
}

teardown() {
	work_end
}

query() {
	timeout 30 "$EPCACHE" query --cache-dir "$CACHE" "$@"
}

refresh() {
	timeout 30 "$EPCACHE" refresh --cache-dir "$CACHE" "$@"
}

# opaque TEXT... - live and from a fresh cache: exit 4, one line that has each TEXT, and
# the entry of a distribution beside it.
opaque() {
	local how

	dist "$SITE/good-1.dist-info" '[g]\na = m:x\n'
	for how in live strict fast; do
		[ $how = live ] || refresh "$SITE"
		run --separate-stderr query g --path "$SITE" --check $how
		[ "$status" -eq 4 ]
		[ "$output" = "a${TAB}m:x${TAB}good 1" ]
		says 1 "$@"
	done
}

@test "a FIFO for a text" {
	mkdir -p "$SITE/foo-1.dist-info"
	mkfifo "$SITE/foo-1.dist-info/entry_points.txt"
	opaque "$SITE/foo-1.dist-info/entry_points.txt: not a regular file"
}

@test "a link to a FIFO for a text" {
	mkdir -p "$SITE/foo-1.dist-info"
	mkfifo fifo
	ln -s ../../fifo "$SITE/foo-1.dist-info/entry_points.txt"
	opaque "$SITE/foo-1.dist-info/entry_points.txt: not a regular file"
}

@test "a link to a device for a text" {
	mkdir -p "$SITE/foo-1.dist-info"
	ln -s /dev/zero "$SITE/foo-1.dist-info/entry_points.txt"
	opaque "$SITE/foo-1.dist-info/entry_points.txt: not a regular file"
}

@test "a socket for a text" {
	mkdir -p "$SITE/foo-1.dist-info"
	(cd "$SITE/foo-1.dist-info" && "$PYTHON" -c \
		'import socket; socket.socket(socket.AF_UNIX).bind("entry_points.txt")')
	opaque "$SITE/foo-1.dist-info/entry_points.txt: not a regular file"
}

@test "a FIFO for a metadata folder hides, and holds nothing" {
	dist b/foo-2.dist-info '[g]\nhidden = m:x\n'
	dist b/bar-2.dist-info '[g]\na = m:x\n'
	mkdir "$SITE"
	mkfifo "$SITE/foo-1.dist-info"
	for how in live strict; do
		run --separate-stderr query g --path "$SITE" --path "$WORK/b" --check $how
		[ "$status" -eq 0 ]
		[ "$output" = "a${TAB}m:x${TAB}bar 2" ]
		[ -z "$stderr" ]
		refresh "$SITE" "$WORK/b"
	done
}

@test "a FIFO for METADATA, where the name is to be read from it" {
	dist "$SITE/FOO-1.DIST-INFO" '[g]\nb = m:x\n'
	mkfifo "$SITE/FOO-1.DIST-INFO/METADATA"
	opaque "$SITE/FOO-1.DIST-INFO"
}

@test "a sparse text of 8 TiB" {
	mkdir -p "$SITE/foo-1.dist-info"
	truncate -s 8T "$SITE/foo-1.dist-info/entry_points.txt" 2>/dev/null ||
		skip "needs a file system with files of 8 TiB"
	opaque "$SITE/foo-1.dist-info/entry_points.txt: too large to be read"
}

@test "a text over the limit of what is read live" {
	mkdir -p "$SITE/foo-1.dist-info"
	truncate -s $(((64 << 20) + 1)) "$SITE/foo-1.dist-info/entry_points.txt"
	opaque "$SITE/foo-1.dist-info/entry_points.txt: too large to be read"
}

@test "sparse METADATA of 8 TiB, where the name is to be read from it" {
	dist "$SITE/FOO-1.DIST-INFO" '[g]\nb = m:x\n'
	truncate -s 8T "$SITE/FOO-1.DIST-INFO/METADATA" 2>/dev/null ||
		skip "needs a file system with files of 8 TiB"
	opaque "$SITE/FOO-1.DIST-INFO" 'too large to be read'
}

@test "a text too large to be cached is read live, beside the cache" {
	mkdir -p "$SITE/foo-1.dist-info"
	{
		printf '[g]\na = m:x\n'
		head -c $((2 << 20)) /dev/zero | tr '\0' '\n'
		printf 'b = m:y\n'
	} >"$SITE/foo-1.dist-info/entry_points.txt"
	refresh "$SITE"
	run --separate-stderr query g -v --path "$SITE"
	[ "$status" -eq 0 ]
	[ "$output" = "a${TAB}m:x${TAB}foo 1
b${TAB}m:y${TAB}foo 1" ]
	[[ $stderr == *"$SITE: from the cache"* ]]
	[ "$(stat -c %s "$(cache_file "$SITE")")" -lt 65536 ]
}

@test "a million empty lines, then an entry" {
	mkdir -p "$SITE/foo-1.dist-info"
	{
		printf '[g]\n'
		head -c 1000000 /dev/zero | tr '\0' '\n'
		printf 'a = m:x\n'
	} >"$SITE/foo-1.dist-info/entry_points.txt"
	for how in live strict; do
		run --separate-stderr query g --path "$SITE" --check $how
		[ "$status" -eq 0 ]
		[ "$output" = "a${TAB}m:x${TAB}foo 1" ]
		refresh "$SITE"
	done
}

@test "a million empty lines, then a wrong one: its number is told" {
	mkdir -p "$SITE/foo-1.dist-info"
	{
		printf '[g]\n'
		head -c 1000000 /dev/zero | tr '\0' '\n'
		printf 'no equals sign\n'
	} >"$SITE/foo-1.dist-info/entry_points.txt"
	opaque "$SITE/foo-1.dist-info/entry_points.txt:1000002: "
}

@test "a hundred thousand entries" {
	mkdir -p "$SITE/foo-1.dist-info"
	{
		printf '[g]\n'
		printf 'n%d=m\n' {1..100000}
	} >"$SITE/foo-1.dist-info/entry_points.txt"
	for how in live strict; do
		run query g n100000 --path "$SITE" --check $how
		[ "$output" = "n100000${TAB}m${TAB}foo 1" ]
		query g --path "$SITE" --check $how >all
		[ "$(wc -l <all)" -eq 100000 ]
		refresh "$SITE"
	done
}

@test "five thousand metadata folders" {
	mkdir "$SITE"
	(cd "$SITE" && printf 'd%d-1.dist-info\n' {1..5000} | xargs mkdir)
	dist "$SITE/last-1.dist-info" '[g]\na = m:x\n'
	for how in live strict; do
		run --separate-stderr query g -v --path "$SITE" --check $how
		[ "$status" -eq 0 ]
		[ "$output" = "a${TAB}m:x${TAB}last 1" ]
		[[ $stderr == *', 5001 distributions, 1 entry points'* ]]
		refresh "$SITE"
	done
}

@test "loops of links: texts, folders, METADATA" {
	mkdir -p "$SITE/foo-1.dist-info"
	ln -s entry_points.txt "$SITE/foo-1.dist-info/entry_points.txt"
	opaque "$SITE/foo-1.dist-info/entry_points.txt: a loop of symbolic links"
	rm -r "$SITE"
	mkdir "$SITE"
	ln -s foo-1.dist-info "$SITE/foo-1.dist-info"
	opaque "$SITE/foo-1.dist-info" 'a loop of symbolic links'
	rm -r "$SITE"
	dist "$SITE/FOO-1.DIST-INFO" '[g]\nb = m:x\n'
	ln -s METADATA "$SITE/FOO-1.DIST-INFO/METADATA"
	opaque "$SITE/FOO-1.DIST-INFO" 'a loop of symbolic links'
}

@test "a link in a cached directory is followed by each reader anew" {
	mkdir -p "$SITE/foo-1.dist-info"
	printf '[g]\na = m:old\n' >text
	ln -s ../../text "$SITE/foo-1.dist-info/entry_points.txt"
	refresh "$SITE"
	printf '[g]\na = m:new\n' >text
	for how in auto strict fast; do
		run --separate-stderr query g --json --path "$SITE" --check $how
		[ "$status" -eq 0 ]
		[ "$(values)" = m:new ]
		[ -z "$stderr" ]
	done
	lacks "$(cache_file "$SITE")" m:old
}

@test "a folder that leads out of the directory is not cached for others" {
	needs_user
	dist secret/foo-1.dist-info '[g]\nsecret = m:x\n'
	chmod 700 secret
	mkdir "$SITE"
	ln -s ../secret/foo-1.dist-info "$SITE/foo-1.dist-info"
	refresh "$SITE"
	lacks "$(cache_file "$SITE")" secret
	run query g --path "$SITE"
	[ "$output" = "secret${TAB}m:x${TAB}foo 1" ]
	if is_root; then
		run --separate-stderr as_user "$EPCACHE" query g --cache-dir "$CACHE" --path "$SITE"
		[ "$status" -eq 3 ]
		[ -z "$output$stderr" ]
	fi
}

@test "newlines and escape sequences in names stay within their line" {
	dist "$SITE/"$'a\n\x1b]0;pwned\x07-1.dist-info' '[g]\n\033[2Ja = m:x\033c\n'
	mkdir -p "$SITE/"$'b\r\x1b[A-1.dist-info'
	mkfifo "$SITE/"$'b\r\x1b[A-1.dist-info/entry_points.txt'
	for how in live strict; do
		run --separate-stderr query g --path "$SITE" --check $how
		[ "$status" -eq 4 ]
		[ "${#lines[@]}" -eq 1 ]
		[ "$output" = '\x1b[2Ja'"$TAB"'m:x\x1bc'"$TAB"'a\x0a\x1b]0;pwned\x07 1' ]
		says 1 "$SITE"'/b\x0d\x1b[A-1.dist-info/entry_points.txt: not a regular file'
		[[ $stderr != *[$'\x1b\r\x07']* ]]
		refresh "$SITE"
	done
}

@test "newlines and escape sequences in the name of the directory" {
	SITE=$WORK/$'si\n\x1b[31mte'
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\n'
	run --separate-stderr refresh -v "$SITE"
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 2 ]
	[[ ${lines[0]} == "$WORK"'/si\x0a\x1b[31mte'"$TAB"* ]]
	run --separate-stderr query g -v --json --path "$SITE"
	json 'j[0]["directory"] == work + "/si\n\x1b[31mte"'
	says 2 "$WORK"'/si\x0a\x1b[31mte: from the cache'
	[ -f "$CACHE/$(basename "$(cache_file "$WORK")" .v1)-si\\x0a\\x1b\\x5b31mte.v1" ]
	rm -r "$SITE"
	run --separate-stderr refresh "$SITE"
	[ "$status" -eq 1 ]
	says 1 "'$WORK"'/si\x0a\x1b[31mte'"'"
}

@test "a directory that changes all the while is answered, and not believed to be settled" {
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\n'
	(
		trap 'exit 0' TERM
		# Until it is told to, or, where the test fails, there is no directory any more.
		while [ -d "$SITE" ]; do
			mkdir "$SITE/new-1.dist-info"
			rmdir "$SITE/new-1.dist-info"
		done
	) 2>/dev/null 3>&- &
	changer=$!
	for _ in {1..20}; do
		run refresh "$SITE"
		[ "$status" -eq 0 ]
		run --separate-stderr query g --json --path "$SITE"
		[ "$status" -eq 0 ]
		[ "$(values)" = m:x ]
	done
	kill $changer
	wait $changer || true
	rm -rf "$SITE/new-1.dist-info"
	run --separate-stderr query --all --json --path "$SITE"
	[ "$(values)" = m:x ]
}
