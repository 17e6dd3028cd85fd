# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# epcache clean: what it removes, why, and what it leaves alone.

# shellcheck disable=SC2016,SC2030,SC2031 # each test is a subshell; bash -c expands

load lib

setup() {
	work_begin
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\n'
	mkdir gone
	refresh "$SITE" "$WORK/gone"
	FILE=$(cache_file "$SITE")
	GONE=$(cache_file "$WORK/gone")
	TMP=$CACHE/.tmp-0123456789abcdef
}

teardown() {
	work_end
}

clean() {
	run --separate-stderr "$EPCACHE" clean --cache-dir "$CACHE" "$@"
}

# useless - one file of each sort that goes.
useless() {
	rmdir gone
	echo half >"$TMP"
	BAD=$CACHE/bad.v1
	head -c -1 "$FILE" >"$BAD"
}

leaves_all() {
	local before

	before=$(find "$CACHE" -printf '%p %i %s %T@ %l\n' | sort)
	clean
	[ "$status" -eq 0 ] || { echo "exit $status"; return 1; }
	[ -z "$output$stderr" ] || { echo "$output$stderr"; return 1; }
	[ "$(find "$CACHE" -printf '%p %i %s %T@ %l\n' | sort)" = "$before" ]
}

@test "nothing to do: nothing is printed, nothing touched" {
	leaves_all
	clean --json
	[ "$status" -eq 0 ]
	[ "$output" = '[]' ]
}

@test "each reason, and each file with it" {
	useless
	clean
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "$(sort <<<"$output")" = "$(printf 'removed\t%s\t%s\n' "$TMP" 'a killed writer left it' \
		"$BAD" 'it is damaged' "$GONE" 'its directory is gone' | sort)" ]
	[ "$(find "$CACHE" -mindepth 1 | sort)" = "$CACHE/.lock
$FILE" ]
	leaves_all
}

@test "--json is an array of objects of these keys, in this order" {
	useless
	clean --json
	[ "$status" -eq 0 ]
	json '[[k for k, v in o] for o in p] == [["file", "why"]] * 3'
	json "sorted((o['why'], o['file']) for o in j) == [('a killed writer left it', r'$TMP'),
		('it is damaged', r'$BAD'), ('its directory is gone', r'$GONE')]"
	[ ! -e "$TMP" ]
	[ ! -e "$BAD" ]
	[ ! -e "$GONE" ]
}

@test "--dry-run tells the same and removes nothing" {
	useless
	local before
	before=$(find "$CACHE" -printf '%p %i %s %T@ %l\n' | sort)
	clean --dry-run
	[ "$status" -eq 0 ]
	local told=$output
	[ "$(grep -c "^would remove$TAB" <<<"$told")" -eq 3 ]
	clean --dry-run --json
	json 'len(j) == 3'
	[ "$(find "$CACHE" -printf '%p %i %s %T@ %l\n' | sort)" = "$before" ]
	clean
	[ "${told//would remove/removed}" = "$output" ]
}

@test "a stale file stays: its directory is there" {
	mkdir "$SITE/bar-1.dist-info"
	leaves_all
}

@test "a good file under a name that no reader looks for goes" {
	cp "$FILE" "$CACHE/copy.v1"
	cp "$FILE" "$GONE"
	clean
	[ "$status" -eq 0 ]
	[ "$(sort <<<"$output")" = "$(printf 'removed\t%s\tits name is not that of its directory\n' \
		"$CACHE/copy.v1" "$GONE" | sort)" ]
	[ -e "$FILE" ]
	leaves_all
}

@test "a name that had to be cut is the right one all the same" {
	local deep
	deep=$WORK/$(printf 'long-%.0s' {1..40})
	mkdir "$deep"
	refresh "$deep"
	[ "$(find "$CACHE" -name '*~*.v1' | wc -l)" -eq 1 ]
	leaves_all
}

@test "a file of a newer format stays, be its directory gone or not" {
	rmdir gone
	printf '\x02' | dd of="$GONE" bs=1 seek=8 conv=notrunc status=none
	printf '\x02' | dd of="$FILE" bs=1 seek=8 conv=notrunc status=none
	cp "$FILE" "$CACHE/site.v2"
	leaves_all
}

@test "foreign files stay" {
	echo notes >"$CACHE/notes.txt"
	echo hidden >"$CACHE/.hidden"
	echo v1 >"$CACHE/v1"
	mkdir "$CACHE/folder.v1" "$CACHE/.tmp"
	ln -s /nonexistent "$CACHE/link.v1"
	ln -s "$FILE" "$CACHE/alias.v1"
	mkfifo "$CACHE/fifo.v1"
	leaves_all
}

@test "a link that leads nowhere is a directory that is gone; one to a directory is not" {
	mkdir real
	ln -s real link
	refresh "$WORK/link"
	leaves_all
	rmdir real
	clean
	[ "$output" = "removed$TAB$(cache_file "$WORK/link")${TAB}its directory is gone" ]
}

@test "a directory that became a file is gone" {
	rmdir gone
	echo file >gone
	clean
	[ "$status" -eq 0 ]
	[ "$output" = "removed${TAB}$GONE${TAB}its directory is gone" ]
}

@test "a directory below one that is gone, or that became a file" {
	mkdir -p a/b/c
	refresh "$WORK/a/b/c"
	rm -r a/b
	touch a/b
	clean
	[ "$output" = "removed$TAB$(cache_file "$WORK/a/b/c")${TAB}its directory is gone" ]
}

@test "a directory that this user may not reach may still be there" {
	needs_user
	user_dir mine mine/cache
	mkdir -p closed/site
	give_away closed closed/site
	CACHE=$WORK/mine/cache
	as_user "$EPCACHE" refresh --cache-dir "$CACHE" "$WORK/closed/site"
	[ -n "$(find "$CACHE" -name '*.v1')" ]
	chmod 0 closed
	run --separate-stderr as_user "$EPCACHE" clean --cache-dir "$CACHE"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ -n "$(find "$CACHE" -name '*.v1')" ]
}

@test "no cache folder: nothing to do, and none is made" {
	CACHE=$WORK/none
	clean
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	clean --json
	[ "$status" -eq 0 ]
	[ "$output" = '[]' ]
	[ ! -e "$CACHE" ]
}

@test "a folder that is a link, another user's, or others' to write is refused" {
	useless
	ln -s cache link
	run --separate-stderr "$EPCACHE" clean --cache-dir "$WORK/link"
	[ "$status" -eq 1 ]
	says 1 "cannot clean '$WORK/link': "
	chmod 777 "$CACHE"
	clean
	[ "$status" -eq 1 ]
	says 1 "cannot clean '$CACHE': Operation not permitted"
	[ -e "$GONE" ]
	if is_root; then
		chmod 755 "$CACHE"
		chown "$NOBODY" "$CACHE"
		clean
		[ "$status" -eq 1 ]
		says 1 "cannot clean '$CACHE': "
		[ -e "$GONE" ]
	fi
}

@test "without --cache-dir a user's own folder is cleaned" {
	needs_user
	user_dir mine
	as_user "$EPCACHE" refresh "$WORK/mine"
	CACHE=$HOME/.cache/epcache
	local file
	file=$(cache_file "$WORK/mine")
	[ -e "$file" ]
	rm -r mine
	run --separate-stderr as_user "$EPCACHE" clean
	[ "$status" -eq 0 ]
	[ "$output" = "removed$TAB$file${TAB}its directory is gone" ]
	[ ! -e "$file" ]
	[ -e "$GONE" ]
}

@test "without --cache-dir root cleans the system's folder" {
	needs_mounts
	mkdir other
	on_own_var "$EPCACHE" refresh "$WORK/other"
	rmdir other
	run --separate-stderr on_own_var "$EPCACHE" clean
	[ "$status" -eq 0 ]
	[[ $output == "removed$TAB/var/cache/epcache/"*"other.v1${TAB}its directory is gone" ]]
	[ -z "$(find var-cache -name '*.v1')" ]
}

@test "--root: the folder, and the directories, of that system" {
	mkdir -p root/srv/site root/srv/gone "root$WORK"
	"$EPCACHE" refresh --root root /srv/site /srv/gone
	rmdir root/srv/gone
	mkdir -p "$WORK/srv/gone"
	run --separate-stderr "$EPCACHE" clean --root root
	[ "$status" -eq 0 ]
	[ "$output" = "removed$TAB/var/cache/epcache/srv-gone.v1${TAB}its directory is gone" ]
	[ -e root/var/cache/epcache/srv-site.v1 ]
	[ ! -e root/var/cache/epcache/srv-gone.v1 ]
	[ -e "$GONE" ]
}

@test "control characters in names are escaped" {
	local odd=$'g\e[1m\n'
	mkdir "$odd"
	CACHE=$WORK/$'c\e'
	refresh "$odd"
	rmdir "$odd"
	clean --dry-run
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == "would remove$TAB$WORK/c\\x1b/"*"${TAB}its directory is gone" ]]
	clean --json
	json 'j[0]["file"].startswith(work + "/c\x1b/")'
}

@test "-q and --quiet: nothing is printed" {
	for option in -q --quiet '-q --json' '-q -v'; do
		echo half >"$TMP"
		# shellcheck disable=SC2086
		clean $option
		[ "$status" -eq 0 ]
		[ -z "$output$stderr" ]
		[ ! -e "$TMP" ]
	done
	CACHE=$WORK/none
	clean -q --json
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
}

@test "-v and --verbose: beside each file and why it went, the folder and the number" {
	for option in -v --verbose '-v --json'; do
		echo half >"$TMP"
		# shellcheck disable=SC2086
		clean --dry-run $option
		says 1 "1 files would be removed from '$CACHE'"
		# shellcheck disable=SC2086
		clean $option
		[ "$status" -eq 0 ]
		[[ $option == *json ]] ||
			[ "$output" = "removed$TAB$TMP${TAB}a killed writer left it" ]
		says 1 "1 files removed from '$CACHE'"
	done
	clean -v
	says 1 "0 files removed from '$CACHE'"
	CACHE=$WORK/none
	clean -v
	[ "$status" -eq 0 ]
	says 1 "no cache folder $CACHE"
}

@test "--help and -h print every option on stdout" {
	for option in --help -h; do
		run --separate-stderr "$EPCACHE" clean $option
		[ "$status" -eq 0 ]
		[ -z "$stderr" ]
		[ "$(grep -o -- ' --[a-z-]*' <<<"$output" | grep -vx -e ' --version' | tr -d '\n')" = \
			' --dry-run --root --cache-dir --json --quiet --verbose --help' ]
	done
}

@test "usage errors are one line on stderr that names the word, and exit 2" {
	usage_error "'/srv'" clean /srv
	usage_error "'--force'" clean --force
}

@test "a full standard output is said, and exits 1" {
	[ -e /dev/full ] || skip "needs /dev/full"
	useless
	run bash -c '"$EPCACHE" clean --dry-run --cache-dir "$1" 2>&1 >/dev/full' bash "$CACHE"
	[ "$status" -eq 1 ]
	[[ $output == *'standard output'* ]]
}

@test "while another writer holds the lock: said, exit 1, nothing removed" {
	[ -n "${LONG-}" ] || skip "waits 10 s for the lock; LONG=1 runs it"
	useless
	"$PYTHON" -I -S -c 'import fcntl, sys, time, struct
f = open(sys.argv[1], "r+")
fcntl.fcntl(f, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
open(sys.argv[2], "w").close()
time.sleep(60)' "$CACHE/.lock" held 3>&- &
	local pid=$!
	while [ ! -e held ]; do
		sleep 0.05
	done
	clean
	kill "$pid"
	[ "$status" -eq 1 ]
	says 1 "'$CACHE'" lock 'try again'
	[ -e "$GONE" ]
}
