# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# epcache verify: everything read again, and each difference told.

# shellcheck disable=SC2016,SC2030,SC2031 # each test is a subshell; bash -c expands

load lib

setup() {
	work_begin
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\nb = m:y\n[h]\nc = m:z\n'
	dist "$SITE/bar-1.dist-info" '[g]\nd = m:w\n'
	refresh "$SITE"
	FILE=$(cache_file "$SITE")
	TEXT=$SITE/foo-1.dist-info/entry_points.txt
}

teardown() {
	work_end
}

verify() {
	run --separate-stderr "$EPCACHE" verify --cache-dir "$CACHE" "$@"
}

# differs LINE... - these lines, and exit 3.
differs() {
	verify "$SITE"
	[ "$status" -eq 3 ] || { echo "exit $status: $stderr"; return 1; }
	[ -z "${RAISES-}" ] || says 1 "$RAISES"
	[ -n "${RAISES-}" ] || [ -z "$stderr" ]
	[ "$output" = "$(printf '%s\n' "$@")" ] || { echo "$output"; return 1; }
}

@test "no difference: nothing is printed, exit 0" {
	verify "$SITE"
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	verify --json "$SITE"
	[ "$status" -eq 0 ]
	[ "$output" = '[]' ]
}

@test "a distribution that was added, with its entries" {
	dist "$SITE/new-1.dist-info" '[g]\ne = m:v\nf = m:u\n'
	differs "+ $SITE/new-1.dist-info" '    + [g] e = m:v' '    + [g] f = m:u'
}

@test "a distribution that was added without entries" {
	mkdir "$SITE/new-1.dist-info"
	differs "+ $SITE/new-1.dist-info"
}

@test "a distribution that was removed, with its entries" {
	rm -r "$SITE/foo-1.dist-info"
	differs "- $SITE/foo-1.dist-info" '    - [g] a = m:x' '    - [g] b = m:y' '    - [h] c = m:z'
}

@test "another version is one that went and one that came" {
	mv "$SITE/bar-1.dist-info" "$SITE/bar-2.dist-info"
	differs "+ $SITE/bar-2.dist-info" '    + [g] d = m:w' \
		"- $SITE/bar-1.dist-info" '    - [g] d = m:w'
}

@test "a distribution that changed: the entries that were added and removed" {
	printf '[g]\na = m:x\nb = m:new\n[h]\nc = m:z\n' >"$TEXT"
	differs "c $SITE/foo-1.dist-info" '    - [g] b = m:y' '    + [g] b = m:new'
}

@test "an entry that was added, and one that was removed" {
	printf '[g]\na = m:x\nb = m:y\n[h]\nc = m:z\nd = m:z\n' >"$TEXT"
	differs "c $SITE/foo-1.dist-info" '    + [h] d = m:z'
	printf '[g]\nb = m:y\n[h]\nc = m:z\n' >"$TEXT"
	differs "c $SITE/foo-1.dist-info" '    - [g] a = m:x'
}

@test "a text that came, went, or became unreadable for importlib.metadata" {
	mv "$TEXT" text
	differs "c $SITE/foo-1.dist-info" '    - [g] a = m:x' '    - [g] b = m:y' '    - [h] c = m:z'
	refresh "$SITE"
	mv text "$TEXT"
	differs "c $SITE/foo-1.dist-info" '    + [g] a = m:x' '    + [g] b = m:y' '    + [h] c = m:z'
	refresh "$SITE"
	echo 'no equals sign' >>"$TEXT"
	RAISES=$TEXT:$(wc -l <"$TEXT"): differs "c $SITE/foo-1.dist-info"
}

@test "a text that importlib.metadata raises for is named, though nothing differs" {
	echo 'no equals sign' >>"$TEXT"
	refresh "$SITE"
	verify "$SITE"
	[ "$status" -eq 0 ]
	says 1 "$TEXT:$(wc -l <"$TEXT"):"
	verify -q "$SITE"
	[ -z "$stderr" ]
}

@test "a comment that changed is a change without entries" {
	echo '# comment' >>"$TEXT"
	differs "c $SITE/foo-1.dist-info"
}

@test "stamps that moved over the same content are no difference" {
	touch "$SITE" "$TEXT" "$SITE/foo-1.dist-info"
	verify "$SITE"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "what the cache believes of itself does not count" {
	"$PYTHON" -I "$BATS_TEST_DIRNAME/forge.py" "$FILE" m:y m:Y ||
		skip "needs libxxhash.so.0 to forge a checksum"
	run "$EPCACHE" status --cache-dir "$CACHE" --json "$SITE"
	json 'j[0]["state"] == "fresh"'
	cp "$FILE" forged
	printf '[g]\na = m:x\nb = m:y\n[h]\nc = m:z\n\n' >"$TEXT"
	differs "c $SITE/foo-1.dist-info" '    - [g] b = m:Y' '    + [g] b = m:y'
	cmp forged "$FILE"
}

@test "several directories, each difference with its own" {
	mkdir two
	refresh "$WORK/two"
	mkdir two/one-1.dist-info
	rm -r "$SITE/bar-1.dist-info"
	verify "$WORK/two" "$SITE"
	[ "$status" -eq 3 ]
	[ "$output" = "+ $WORK/two/one-1.dist-info
- $SITE/bar-1.dist-info
    - [g] d = m:w" ]
}

# --- order --------------------------------------------------------------------------

# answer CHECK - what a reader gets, with the folders that it comes from.
answer() {
	query --all --json --check "$1" --path "$SITE"
}

# swap A B [WORD] - in the cache file; see swap.py.
swap() {
	"$PYTHON" -I "$BATS_TEST_DIRNAME/swap.py" "$FILE" "$@" ||
		skip "needs libxxhash.so.0 to forge a checksum"
}

@test "which of two distributions of one name wins, where readers believe the cache" {
	rm -r "$SITE"
	dist "$SITE/dup-1.11.dist-info" '[g]\ne = m:v\n'
	dist "$SITE/dup-2.22.dist-info" '[g]\ne = m:v\n'
	refresh "$SITE"
	verify "$SITE"
	[ "$status" -eq 0 ]
	swap 1.11 2.22
	local wins
	wins=$(answer live | grep -o 'dup-[12.]*.dist-info')
	[ "$(answer strict | grep -o 'dup-[12.]*.dist-info')" != "$wins" ]
	differs "w $SITE/$wins"
	verify --json "$SITE"
	[ "$status" -eq 3 ]
	json "[(o['difference'], o['folder'], o['group']) for o in j] == [
		('winner changed', '$wins', None)]"
	touch "$SITE" # from now on each reader lists it, and sees
	[ "$(answer strict)" = "$(answer live)" ]
	verify "$SITE"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "the order of entries, where readers believe the cache" {
	rm -r "$SITE"
	dist "$SITE/aaaa-1.dist-info" '[g]\ne = m:v\n'
	dist "$SITE/bbbb-1.dist-info" '[g]\ne = m:v\n'
	refresh "$SITE"
	swap aaaa bbbb
	local first
	first=$(answer live | grep -om1 '[ab]*-1.dist-info')
	[ "$(answer strict | grep -om1 '[ab]*-1.dist-info')" != "$first" ]
	differs "o $SITE/$first"
	verify --json "$SITE"
	[ "$status" -eq 3 ]
	json "[(o['difference'], o['folder'], o['value']) for o in j] == [
		('order changed', '$first', None)]"
	touch "$SITE"
	[ "$(answer strict)" = "$(answer live)" ]
	verify "$SITE"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "the order of what has no entries is no difference" {
	rm -r "$SITE"
	mkdir -p "$SITE/aaaa-1.dist-info" "$SITE/bbbb-1.dist-info"
	refresh "$SITE"
	swap aaaa bbbb
	verify "$SITE"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "what is not sorted, so that readers do not find it, is damaged" {
	swap foo bar unsorted
	cannot damaged 'is damaged' "$FILE" "run: epcache refresh --force --cache-dir='$CACHE' -- '$SITE'"
	refresh --force "$SITE"
	verify "$SITE"
	[ "$status" -eq 0 ]
}

# --- JSON ---------------------------------------------------------------------------

@test "--json is an array of objects of these keys, in this order" {
	mkdir "$SITE/new-1.dist-info"
	rm -r "$SITE/bar-1.dist-info"
	printf '[g]\na = m:x\nb = m:n\n[h]\nc = m:z\n' >"$TEXT"
	verify --json "$SITE"
	[ "$status" -eq 3 ]
	json '[[k for k, v in o] for o in p] == [["directory", "difference", "folder", "group",
		"name", "value"]] * 6'
	json 'all(o["directory"] == work + "/site" for o in j)'
	json 'sorted((o["difference"], o["folder"], o["group"], o["name"], o["value"])
			for o in j if o["group"] is None) == [
		("distribution added", "new-1.dist-info", None, None, None),
		("distribution changed", "foo-1.dist-info", None, None, None),
		("distribution removed", "bar-1.dist-info", None, None, None)]'
	json 'sorted((o["difference"], o["folder"], o["group"], o["name"], o["value"])
			for o in j if o["group"]) == [
		("entry point added", "foo-1.dist-info", "g", "b", "m:n"),
		("entry point removed", "bar-1.dist-info", "g", "d", "m:w"),
		("entry point removed", "foo-1.dist-info", "g", "b", "m:y")]'
}

@test "control characters are escaped for people, kept for programs" {
	local odd=$'o\e[1m\n-1.dist-info'
	dist "$SITE/$odd" '[g\x1b]\nn\x1b = m:\x1b\n'
	verify "$SITE"
	[ "${lines[0]}" = "+ $SITE/o\\x1b[1m\\x0a-1.dist-info" ]
	[ "${lines[1]}" = '    + [g\x1b] n\x1b = m:\x1b' ]
	[ "${#lines[@]}" -eq 2 ]
	verify --json "$SITE"
	json 'j[0]["folder"] == "o\x1b[1m\n-1.dist-info"'
	json '(j[1]["group"], j[1]["name"], j[1]["value"]) == ("g\x1b", "n\x1b", "m:\x1b")'
}

# --- what cannot be verified --------------------------------------------------------

# cannot STATE WHY FILE ADVICE - exit 1, one line with what is wrong and what to do; a
# row in JSON.
cannot() {
	local state=$1 why=$2 file=$3 advice=$4

	verify "$SITE"
	[ "$status" -eq 1 ] || { echo "exit $status"; return 1; }
	[ -z "$output" ]
	says 1 "${why#has }" "$file" "$advice"
	verify --json "$SITE"
	[ "$status" -eq 1 ]
	json '[[k for k, v in o] for o in p] == [["directory", "difference", "folder", "group",
		"name", "value", "state", "why", "advice", "cache_file"]]'
	json '[v for k, v in p[0][:6]] == [work + "/site", "not compared", None, None, None, None]'
	json "[v for k, v in p[0][6:]] == ['$state', '$why', \"$advice\", r'$file' or None]"
}

@test "no cache file: a failure where it was asked for, else silence" {
	rm "$FILE"
	cannot absent 'has no cache file' '' "run: epcache refresh --cache-dir='$CACHE' -- '$SITE'"
	mkdir -p root/usr/bin root/usr/lib/python3.11
	touch root/usr/bin/python3.11 root/usr/lib/python3.11/os.py
	verify --root root
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	verify --root root --json
	[ "$status" -eq 0 ]
	[ "$output" = '[]' ]
}

@test "a cache file that is damaged, untrusted or of a newer format" {
	cp "$FILE" good
	chmod 666 "$FILE"
	cannot untrusted 'is writable by others' "$FILE" 'mend it, or remove it'
	chmod 644 "$FILE"
	chmod 777 "$CACHE"
	cannot untrusted 'its folder is writable by others' "$FILE" \
		"mend or remove the folder '$CACHE'"
	chmod 755 "$CACHE"
	truncate -s -1 "$FILE"
	cannot damaged 'is damaged' "$FILE" "run: epcache refresh --cache-dir='$CACHE' -- '$SITE'"
	cp good "$FILE"
	printf '\x02' | dd of="$FILE" bs=1 seek=8 conv=notrunc status=none
	cannot newer 'is of a newer format' "$FILE" 'upgrade this epcache'
	run --separate-stderr bash -c 'tool=$EPCACHE; EPCACHE=live exec "$tool" verify --json \
		--cache-dir "$1" "$2"' bash "$CACHE" "$SITE"
	json "j[0]['cache_file'] == r'$FILE'"
}

@test "a directory that is gone" {
	rm -r "$SITE"
	cannot missing 'is no directory' '' "if it is gone, run: epcache clean --cache-dir='$CACHE'"
}

@test "a failure wins over a difference, and the others are verified all the same" {
	rm -r "$SITE/bar-1.dist-info"
	verify "$WORK/none" "$SITE"
	[ "$status" -eq 1 ]
	says 1 "'$WORK/none'"
	[ "${lines[0]}" = "- $SITE/bar-1.dist-info" ]
}

# --- options ------------------------------------------------------------------------

@test "-v and --verbose tell the numbers on stderr" {
	rm -r "$SITE/bar-1.dist-info"
	for option in -v --verbose; do
		verify $option "$SITE"
		[ "$status" -eq 3 ]
		says 1 '1 directories, 2 differences'
		[ "${#lines[@]}" -eq 2 ]
	done
}

@test "-q and --quiet print the differences all the same" {
	rm -r "$SITE/bar-1.dist-info"
	for option in -q --quiet; do
		verify $option "$SITE"
		[ "$status" -eq 3 ]
		[ "${#lines[@]}" -eq 2 ]
		[ -z "$stderr" ]
	done
}

@test "--root: inside, and told as it is there" {
	dist root/srv/site/foo-1.dist-info ''
	"$EPCACHE" refresh --root root /srv/site
	mkdir root/srv/site/new-1.dist-info
	run --separate-stderr "$EPCACHE" verify --root root /srv/site
	[ "$status" -eq 3 ]
	[ "$output" = '+ /srv/site/new-1.dist-info' ]
}

@test "verify writes nothing" {
	rm -r "$SITE/bar-1.dist-info"
	local before
	before=$(find "$WORK" -printf '%p %i %s %T@ %C@\n' | sort)
	verify "$SITE"
	[ "$(find "$WORK" -printf '%p %i %s %T@ %C@\n' | sort)" = "$before" ]
}

@test "what not everybody may read is no difference" {
	needs_user
	chmod 600 "$TEXT"
	refresh "$SITE"
	verify "$SITE"
	[ "$status" -eq 0 ]
	is_root || return 0
	run --separate-stderr as_user "$EPCACHE" verify --cache-dir "$CACHE" "$SITE"
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
}

@test "--help and -h print every option on stdout" {
	for option in --help -h; do
		run --separate-stderr "$EPCACHE" verify $option
		[ "$status" -eq 0 ]
		[ -z "$stderr" ]
		[ "$(grep -o -- ' --[a-z-]*' <<<"$output" | grep -vx -e ' --version' | tr -d '\n')" = \
			' --root --cache-dir --json --quiet --verbose --help' ]
	done
}

@test "usage errors are one line on stderr that names the word, and exit 2" {
	usage_error "'--frobnicate'" verify --frobnicate
	usage_error "'--force'" verify --force
}

@test "a full standard output is said, and exits 1" {
	[ -e /dev/full ] || skip "needs /dev/full"
	rm -r "$SITE/bar-1.dist-info"
	for option in '' --json; do
		run bash -c '"$EPCACHE" verify $1 --cache-dir "$2" "$3" 2>&1 >/dev/full' bash \
			"$option" "$CACHE" "$SITE"
		[ "$status" -eq 1 ]
		[[ $output == *'standard output'* ]]
	done
}

@test "entries that are not those of a text whose hash is right are a difference" {
	"$PYTHON" -I "$BATS_TEST_DIRNAME/forge.py" "$FILE" m:y m:Y ||
		skip "needs libxxhash.so.0 to forge a checksum"
	differs "c $SITE/foo-1.dist-info" '    - [g] b = m:Y' '    + [g] b = m:y'
}
