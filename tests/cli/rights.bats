# shellcheck shell=bats disable=SC2154
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What not everybody may read stays out of what everybody may read, and nobody is
# answered with more than he could read himself.

load lib

NOBODY=65534

setup() {
	work_begin
	chmod 755 "$WORK"
}

teardown() {
	work_end
}

as_nobody() {
	[ "$EUID" -eq 0 ] || skip "needs root"
	setpriv --reuid $NOBODY --regid $NOBODY --clear-groups env HOME=/nonexistent "$@"
}

# nobody_gets STATUS [OPTION...] - what a query by that user exits with.
nobody_gets() {
	run --separate-stderr as_nobody "$EPCACHE" query g --path "$SITE" --cache-dir "$CACHE" \
		"${@:2}"
	[ "$status" -eq "$1" ] || { echo "status $status: $output $stderr"; return 1; }
}

@test "a cache made for its writer alone is no use to others, also once its folder is open" {
	[ "$EUID" -eq 0 ] || skip "needs root"
	dist "$SITE/a-1.dist-info" '[g]\nsecret = m:x\n'
	chmod 600 "$SITE/a-1.dist-info/entry_points.txt"
	mkdir -m 700 "$CACHE"
	"$EPCACHE" refresh --cache-dir "$CACHE" "$SITE"
	[ "$(stat -c %a "$CACHE"/*.v1)" = 600 ]
	chmod 755 "$CACHE"
	nobody_gets 3
	"$EPCACHE" refresh --cache-dir "$CACHE" "$SITE"
	[ "$(stat -c %a "$CACHE"/*.v1)" = 644 ]
	run ! grep -q secret "$CACHE"/*.v1
	nobody_gets 3
	nobody_gets 3 --check fast
}

@test "a folder that is closed after it was cached takes its texts along" {
	[ "$EUID" -eq 0 ] || skip "needs root"
	dist "$SITE/a-1.dist-info" '[g]\nsecret = m:x\n'
	"$EPCACHE" refresh --cache-dir "$CACHE" "$SITE"
	grep -q secret "$CACHE"/*.v1
	chmod 700 "$SITE/a-1.dist-info"
	nobody_gets 3
	"$EPCACHE" refresh --cache-dir "$CACHE" "$SITE"
	run ! grep -q secret "$CACHE"/*.v1
	nobody_gets 3 --check fast
}

@test "a text with an ACL is left to each reader" {
	[ "$EUID" -eq 0 ] || skip "needs root"
	command -v setfacl >/dev/null || skip "needs setfacl"
	dist "$SITE/a-1.dist-info" '[g]\nsecret = m:x\n'
	setfacl -m "u:$NOBODY:---" "$SITE/a-1.dist-info/entry_points.txt" || skip "no ACLs here"
	"$EPCACHE" refresh --cache-dir "$CACHE" "$SITE"
	run ! grep -q secret "$CACHE"/*.v1
	nobody_gets 3
	run "$EPCACHE" query g --path "$SITE" --cache-dir "$CACHE"
	[ "$status" -eq 0 ]
}

@test "a relative path is opened as it was given" {
	[ "$EUID" -eq 0 ] || skip "needs root"
	mkdir -p closed/inner
	dist closed/inner/a-1.dist-info '[g]\na = m:x\n'
	cd closed/inner
	chmod 700 ..
	# The shell is there already, as a program started by its owner would be.
	run --separate-stderr as_nobody "$EPCACHE" query g --path . --cache-dir "$CACHE"
	[ "$status" -eq 0 ]
	[[ $output == a* ]]
}

@test "too few descriptors are an error, not an empty answer" {
	dist "$SITE/a-1.dist-info" '[g]\na = m:x\n'
	for n in 3 4 5 6 7 8 9 10 11 12; do
		# Below some number the program cannot even be loaded.
		status=0
		bash -c "ulimit -n $n; exec '$EPCACHE' query g --path '$SITE'" >out 2>err || status=$?
		echo "$n: $status $(cat out err)"
		[ "$status" -ne 3 ]
		[ "$status" -ne 0 ] || grep -q '^a' out
	done
	grep -q '^a' out
}

@test "what the METADATA of an odd name says is read anew for each strict check" {
	dist "$SITE/FOO-1.DIST-INFO" '[g]\na = m:x\n'
	printf 'Name: one\n' >"$SITE/FOO-1.DIST-INFO/METADATA"
	dist "$SITE/two-1.dist-info" '[g]\nb = m:x\n'
	mkdir first
	dist first/two-2.dist-info '[g]\nc = m:x\n'
	"$EPCACHE" refresh --cache-dir "$CACHE" "$SITE" "$WORK/first"
	printf 'Name: two\n' >"$SITE/FOO-1.DIST-INFO/METADATA"
	run --separate-stderr "$EPCACHE" query g --path first --path "$SITE" --cache-dir "$CACHE"
	[ "$status" -eq 0 ]
	[[ $output == c* && ${#lines[@]} -eq 1 ]]
}

@test "a folder without entry points that is gone hides nothing any more" {
	mkdir -p first/foo-1.dist-info
	mkdir first/bar-1.dist-info
	dist "$SITE/foo-2.dist-info" '[g]\na = m:x\n'
	"$EPCACHE" refresh --cache-dir "$CACHE" "$SITE" "$WORK/first"
	run "$EPCACHE" query g --path first --path "$SITE" --cache-dir "$CACHE"
	[ "$status" -eq 3 ]
	rmdir first/foo-1.dist-info
	run --separate-stderr "$EPCACHE" query g --path first --path "$SITE" --cache-dir "$CACHE"
	[ "$status" -eq 0 ]
	[[ $output == a* ]]
}

@test "what is wrong with the cache folder names that folder" {
	dist "$SITE/a-1.dist-info" '[g]\na = m:x\n'
	ln -s "$WORK" link
	: >file
	for folder in "$WORK/link" "$WORK/file" "$WORK/file/below"; do
		run --separate-stderr "$EPCACHE" refresh --cache-dir "$folder" "$SITE"
		[ "$status" -eq 1 ]
		[[ $stderr == *"its cache folder '$folder'"* ]]
	done
}

# --- commands that only read --------------------------------------------------------

# confined_first COMMAND... - did it give up rights before it opened the first text?
confined_first() {
	strace -o trace -e trace=prctl,openat2,openat,open \
		"$EPCACHE" "$@" >/dev/null 2>&1 || [ $? -eq 3 ]
	awk '/PR_SET_NO_NEW_PRIVS/ { confined = 1 }
		/entry_points\.txt/ { texts++; bad += !confined }
		END { exit !(texts && !bad) }' trace
}

@test "what is read live is read in a sandbox, by each command" {
	needs_strace
	mkdir -p "$SITE/foo-1.dist-info"
	printf '[g]\na = m:x\n' >"$SITE/foo-1.dist-info/entry_points.txt"
	for command in "query --all --path $SITE" "explain g a --path $SITE" "status $SITE" \
		"owner foo --path $SITE"; do
		# shellcheck disable=SC2086 # words
		confined_first $command --cache-dir "$CACHE" || { echo "$command"; false; }
	done
	"$EPCACHE" refresh --cache-dir "$CACHE" "$SITE"
	confined_first verify --cache-dir "$CACHE" "$SITE"
	# What the cache answers costs none.
	strace -o trace -e trace=prctl "$EPCACHE" query --cache-dir "$CACHE" --path "$SITE" g
	run ! grep -q NO_NEW_PRIVS trace
}

@test "root that a tracer plays is an ordinary user" {
	command -v proot >/dev/null || skip "needs proot"
	needs_user
	as_user proot -0 true 2>/dev/null || skip "needs the right to trace"
	[[ $EPCACHE != */asan/* ]] || skip "a leak checker cannot be traced"
	user_dir "$SITE/foo-1.dist-info" "$WORK/mine"
	CACHE=$WORK/mine/cache
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\n'
	for how in '' -0; do
		rm -rf "$CACHE"
		# shellcheck disable=SC2086 # an option, or none
		run as_user proot $how "$EPCACHE" refresh --cache-dir "$CACHE" "$SITE"
		[ "$status" -eq 0 ] || { echo "$how: $output"; return 1; }
		[ -z "$output" ]
		[ -f "$(cache_file "$SITE")" ]
		# shellcheck disable=SC2086
		run as_user proot $how "$EPCACHE" query --cache-dir "$CACHE" g --path "$SITE"
		[ "$output" = "a${TAB}m:x${TAB}foo 1" ]
	done
}
