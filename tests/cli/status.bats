# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# epcache status: a row for each directory, why it is not fresh, and what to do.

# shellcheck disable=SC2016,SC2030,SC2031 # each test is a subshell; bash -c expands
# shellcheck disable=SC2153,SC2154 # lib.bash sets PYTHON, tty.bash the colours

load lib
load tty

setup() {
	work_begin
}

teardown() {
	work_end
}

status_of() {
	run --separate-stderr "$EPCACHE" status --cache-dir "$CACHE" "$@"
}

# cached - $SITE with a distribution of two entries, and its cache file.
cached() {
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\nb = m:y\n'
	refresh "$SITE"
	FILE=$(cache_file "$SITE")
}

# is_told STATE WHY ADVICE [STATUS] - by the row of $SITE, below the table, and in JSON.
is_told() {
	local state=$1 why=$2 advice=$3 wanted=${4-0}

	status_of "$SITE"
	[ "$status" -eq "$wanted" ] || { echo "exit $status"; return 1; }
	[[ ${lines[0]} == "$SITE$TAB$state$TAB"* ]] || { echo "$output"; return 1; }
	[ "${lines[1]}" = "$SITE" ] || { echo "$output"; return 1; }
	[ "${lines[-2]}" = "  $why" ] || { echo "$output"; return 1; }
	[ "${lines[-1]}" = "  $advice" ] || { echo "$output"; return 1; }
	[ -z "$stderr" ] || { echo "$stderr"; return 1; }

	status_of --json "$SITE"
	[ "$status" -eq "$wanted" ] || { echo "exit $status with --json"; return 1; }
	json "[j[0]['state'], j[0]['why'], j[0]['advice']] == [\"$state\", \"$why\", \"$advice\"]"
}

names_file() {
	status_of "$SITE"
	[ "${lines[2]}" = "  $FILE" ] || { echo "$output"; return 1; }
}

# refresh_of DIR - the advice to refresh it.
refresh_of() {
	printf "run: epcache refresh --cache-dir='%s' -- '%s'" "$CACHE" "$1"
}

# --- states -------------------------------------------------------------------------

@test "fresh: the row, and not a word more" {
	cached
	touch -d '-75 hours' "$FILE"
	status_of "$SITE"
	[ "$status" -eq 0 ]
	[ "$output" = "$SITE${TAB}fresh${TAB}1${TAB}2${TAB}3d${TAB}$(stat -c %s "$FILE")" ]
	[ -z "$stderr" ]
}

@test "absent: there is no cache file" {
	mkdir "$SITE"
	is_told absent 'has no cache file' "$(refresh_of "$SITE")" 3
	status_of "$SITE"
	[ "${lines[0]}" = "$SITE${TAB}absent${TAB}0${TAB}0${TAB}-${TAB}-" ]
}

@test "stale: exit 3, and what is there now is counted" {
	cached
	dist "$SITE/bar-1.dist-info" '[g]\nc = m:z\n'
	is_told stale 'is out of date: other distributions are there' "$(refresh_of "$SITE")" 3
	names_file
	[[ ${lines[0]} == "$SITE${TAB}stale${TAB}2${TAB}3$TAB"* ]]
	refresh "$SITE"
	status_of "$SITE"
	[ "$status" -eq 0 ]
}

@test "stale: one directory of many is enough for exit 3" {
	cached
	mkdir one two
	refresh "$WORK/one" "$WORK/two"
	mkdir one/bar-1.dist-info
	status_of "$WORK/two" "$WORK/one" "$SITE"
	[ "$status" -eq 3 ]
	status_of --json "$WORK/two" "$WORK/one" "$SITE"
	[ "$status" -eq 3 ]
	json '[o["state"] for o in j] == ["fresh", "stale", "fresh"]'
}

@test "untrusted: each reason" {
	cached
	chmod 664 "$FILE"
	is_told untrusted 'is writable by others' 'mend it, or remove it'
	names_file
	chmod 644 "$FILE"
	ln "$FILE" second
	is_told untrusted 'has more than one link' 'mend it, or remove it'
	rm second
	chmod 775 "$CACHE"
	is_told untrusted 'its folder is writable by others' "mend or remove the folder '$CACHE'"
	chmod 755 "$CACHE"
	mv "$CACHE" moved
	ln -s moved "$CACHE"
	is_told untrusted 'its folder is a symbolic link' "mend or remove the folder '$CACHE'"
	rm "$CACHE"
	mv moved "$CACHE"
	mv "$FILE" real
	ln -s "$WORK/real" "$FILE"
	is_told untrusted 'is a symbolic link' 'mend it, or remove it'
	is_root || return 0
	rm "$FILE"
	mv real "$FILE"
	chown "$NOBODY" "$FILE"
	is_told untrusted 'belongs to another user' 'mend it, or remove it'
	chown "$NOBODY" "$CACHE"
	is_told untrusted 'its folder belongs to another user' \
		"mend or remove the folder '$CACHE'"
}

@test "damaged: cut, or of another directory" {
	cached
	truncate -s -1 "$FILE"
	is_told damaged 'is damaged' "$(refresh_of "$SITE")"
	names_file
	mkdir other
	refresh "$WORK/other"
	cp "$(cache_file "$WORK/other")" "$FILE"
	is_told damaged 'describes another directory' "$(refresh_of "$SITE")"
	rm "$FILE"
	mkfifo "$FILE"
	is_told damaged 'is not a regular file' "$(refresh_of "$SITE")"
	rm "$FILE"
	mkdir "$FILE"
	is_told damaged 'is a directory' 'remove it'
}

@test "newer: of a newer format" {
	cached
	printf '\x02' | dd of="$FILE" bs=1 seek=8 conv=notrunc status=none
	is_told newer 'is of a newer format' 'upgrade this epcache'
	names_file
}

@test "live: EPCACHE wants no cache" {
	cached
	for word in 0 live; do
		run --separate-stderr bash -c 'tool=$EPCACHE; EPCACHE=$1 exec "$tool" status \
			--cache-dir "$2" "$3"' bash $word "$CACHE" "$SITE"
		[ "$status" -eq 0 ]
		[ "${lines[0]}" = "$SITE${TAB}live${TAB}1${TAB}2${TAB}-${TAB}-" ]
		[ "${lines[-2]}" = '  read live, as EPCACHE has it' ]
		[ "${lines[-1]}" = '  run this without EPCACHE in the environment' ]
	done
}

@test "missing: no directory is there" {
	is_told missing 'is no directory, or may not be read' "if it is gone, run: epcache clean --cache-dir='$CACHE'" 3
	touch "$SITE"
	is_told missing 'is no directory, or may not be read' "if it is gone, run: epcache clean --cache-dir='$CACHE'" 3
}

@test "archive: a zip file is not read" {
	"$PYTHON" -I -c 'import sys, zipfile
zipfile.ZipFile(sys.argv[1], "w").close()' "$SITE"
	is_told archive 'is not read by epcache' 'ask importlib.metadata'
}

@test "unsettled: said in place of fresh, and no reason for advice" {
	cached
	touch -d '+1 day' "$SITE/foo-1.dist-info/entry_points.txt"
	refresh "$SITE"
	status_of "$SITE"
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == "$SITE${TAB}unsettled${TAB}1${TAB}2$TAB"* ]]
	[ "$(tail -n +2 <<<"$output")" = "
$SITE
  texts are read to check it: some stamps are those of a builder of images, or of the future" ]
	status_of --json "$SITE"
	json 'j[0]["state"] == "fresh" and j[0]["settled"] is False and j[0]["why"] is None'
	json 'j[0]["unsettled"].startswith("texts are read") and not j[0]["stamps_trusted"]'
	touch -d '-1 day' "$SITE/foo-1.dist-info/entry_points.txt"
	refresh "$SITE"
	status_of --json "$SITE"
	json 'j[0]["settled"] is True'
}

@test "every row that is not fresh has its lines, in the order of the rows" {
	cached
	mkdir a b
	refresh "$WORK/b"
	mkdir b/new-1.dist-info
	status_of "$WORK/a" "$SITE" "$WORK/b" "$WORK/c"
	[ "$status" -eq 3 ]
	[ "$(grep -v "$TAB" <<<"$output" | grep -v '^$')" = "$WORK/a
  has no cache file
  $(refresh_of "$WORK/a")
$WORK/b
  $(cache_file "$WORK/b")
  is out of date: other distributions are there
  $(refresh_of "$WORK/b")
$WORK/c
  is no directory, or may not be read
  if it is gone, run: epcache clean --cache-dir='$CACHE'" ]
	[ "$(cut -f1 <<<"$output" | head -4)" = "$WORK/a
$SITE
$WORK/b
$WORK/c" ]
}

# --- figures ------------------------------------------------------------------------

@test "the age in its largest unit; a clock that was set back makes it 0s" {
	cached
	local want
	for want in '-30 hours=1d' '-400 days=400d' '-90 minutes=1h' '-150 seconds=2m' \
		'+2 days=0s'; do
		touch -d "${want%=*}" "$FILE"
		status_of "$SITE"
		[ "$(cut -f5 <<<"$output")" = "${want#*=}" ]
	done
}

@test "the size in few columns" {
	local n size
	for n in 1 40 90 400 60000; do
		mkdir -p "$SITE/foo-1.dist-info"
		seq -f 'a%g = m:x' 1 $n | sed '1i[g]' >"$SITE/foo-1.dist-info/entry_points.txt"
		refresh "$SITE"
		size=$(stat -c %s "$(cache_file "$SITE")")
		status_of "$SITE"
		[ "$(cut -f6 <<<"$output")" = "$("$PYTHON" -I -S -c '
n = int('"$size"')
print(n if n < 1000 else "%.1fK" % (n / 1024) if n < 10239 else
      "%dK" % (n // 1024) if n < 1 << 20 else "%.1fM" % (n / (1 << 20)))')" ]
	done
	[[ $(cut -f6 <<<"$output") == *.*M ]]
}

# --- JSON ---------------------------------------------------------------------------

@test "--json is an array of objects of these keys, in this order" {
	cached
	touch -d '-100 seconds' "$FILE"
	status_of --json "$SITE" "$WORK/none"
	[ "$status" -eq 0 ]
	json '[[k for k, v in o] for o in p] == [["directory", "state", "why", "advice",
		"distributions", "entry_points", "cache_file", "bytes", "age_seconds", "settled",
		"unsettled", "fast_allowed", "stamps_trusted", "last_refresh", "failed_actions"], ["directory", "state", "why",
		"advice", "distributions", "entry_points", "cache_file", "last_refresh",
		"failed_actions"]]'
	json "j[0]['bytes'] == $(stat -c %s "$FILE") and j[0]['cache_file'] == r'$FILE'"
	json 'j[0]["age_seconds"] >= 100'
	json '(j[0]["directory"], j[0]["state"], j[0]["why"], j[0]["advice"],
		j[0]["distributions"], j[0]["entry_points"], j[0]["settled"], j[0]["fast_allowed"])
		== (work + "/site", "fresh", None, None, 1, 2, True, False)'
	json 'j[1]["directory"] == work + "/none" and j[1]["cache_file"] is None'
}

@test "--json has fast_allowed where CheckFast= names the directory" {
	mkdir -p root/site root/other root/etc/epcache
	echo CheckFast=/site >root/etc/epcache/epcache.conf
	"$EPCACHE" refresh --root root --cache-dir /cache /site /other
	run --separate-stderr "$EPCACHE" status --root root --cache-dir /cache --json /site /other
	json '[o["fast_allowed"] for o in j] == [True, False]'
}

# --- what people see ----------------------------------------------------------------

@test "on a terminal: a head, columns, numbers to the right" {
	cached
	mkdir bin
	refresh "$WORK/bin"
	touch -d '-30 hours' "$FILE" "$(cache_file "$WORK/bin")"
	tty NO_COLOR=1 "$EPCACHE" status --cache-dir "$CACHE" "$SITE" "$WORK/bin"
	[ "$status" -eq 0 ]
	local n=${#SITE} size
	size=$(printf '%4s' "$(stat -c %s "$FILE")")
	[ "$output" = "$(printf '%-*s  STATE  DISTS  ENTRIES  AGE  SIZE\n' "$n" DIRECTORY
		printf '%-*s  fresh      1        2   1d  %s\n' "$n" "$SITE" "$size"
		printf '%-*s  fresh      0        0   1d   %s\n' "$n" "$WORK/bin" \
			"$(stat -c %s "$(cache_file "$WORK/bin")")")" ]
}

@test "colours mean something: green, yellow and red" {
	cached
	mkdir b c
	refresh "$WORK/b" "$WORK/c"
	truncate -s -1 "$(cache_file "$WORK/b")"
	mkdir c/new-1.dist-info
	tty "$EPCACHE" status --cache-dir "$CACHE" "$SITE" "$WORK/b" "$WORK/c" "$WORK/none"
	[ "$status" -eq 3 ]
	[[ ${lines[0]} == "${FAINT}DIRECTORY$PLAIN"*"${FAINT}SIZE$PLAIN"* ]]
	[[ ${lines[1]} == *"${GREEN}fresh$PLAIN"* ]]
	[[ ${lines[2]} == *"${RED}damaged$PLAIN"* ]]
	[[ ${lines[3]} == *"${YELLOW}stale$PLAIN"* ]]
	[[ ${lines[4]} == *"${FAINT}missing$PLAIN"* ]]
}

@test "no colour with NO_COLOR, on a dumb terminal, or in a pipe; an empty NO_COLOR is none" {
	cached
	for how in NO_COLOR=1 NO_COLOR=0 TERM=dumb TERM=; do
		tty $how "$EPCACHE" status --cache-dir "$CACHE" "$SITE"
		[[ $output == DIRECTORY*fresh* ]]
		[[ $output != *$'\e'* ]]
	done
	tty NO_COLOR= "$EPCACHE" status --cache-dir "$CACHE" "$SITE"
	[[ $output == *"${GREEN}fresh$PLAIN"* ]]
	status_of "$SITE"
	[[ $output != *$'\e'* && $output != *DIRECTORY* ]]
}

# breadth - of the widest line of $output, in bytes.
breadth() {
	awk '{ if (length > most) most = length } END { print most }' <<<"$output"
}

@test "what is said of a virtual environment in a home folder fits 80 columns" {
	local dir=/home/me/src/site/.venv/lib/python3.13/site-packages
	mkdir -p root/usr/bin "root$dir"
	tty NO_COLOR=1 "$EPCACHE" status --root root /usr/bin "$dir"
	[ "$status" -eq 3 ]
	[ "$(head -4 <<<"$output")" = "DIRECTORY  STATE   DISTS  ENTRIES  AGE  SIZE
/usr/bin   absent      0        0    -     -
$dir
           absent      0        0    -     -" ]
	[[ $output == *"
  run: epcache refresh --root='root' -- '$dir'"* ]]
	output=${output//--root=\'root\' /}
	[ "$(breadth)" -le 80 ]
}

@test "the directory in an advice is quoted for a shell" {
	local odd
	for odd in "it's" $'a\nb' 'a b' $'r\u202el' $'by\xfftes\\'; do
		mkdir "$WORK/$odd"
		status_of "$WORK/$odd"
		[[ ${lines[-1]} == "  run: epcache refresh --cache-dir='$CACHE' -- "* ]]
		eval "set -- ${lines[-1]#* -- }"
		[ "$1" = "$WORK/$odd" ] || { echo "${lines[-1]}"; return 1; }
		status_of --json "$WORK/$odd"
		json 'j[0]["advice"].isascii()'
	done
}

@test "a command that is advised is about the same root and cache folder, and works" {
	local options="--root='it'\\''s' --cache-dir='/c'"
	mkdir -p "it's/srv"
	in_it() { run --separate-stderr "$EPCACHE" status --root "it's" --cache-dir /c /srv; }
	in_it
	[ "${lines[-1]}" = "  run: epcache refresh $options -- '/srv'" ]
	eval "\"\$EPCACHE\" ${lines[-1]#*epcache }"
	in_it
	[[ $output == "/srv${TAB}fresh$TAB"* ]]
	rmdir "it's/srv"
	in_it
	[ "${lines[-1]}" = "  if it is gone, run: epcache clean $options" ]
	eval "\"\$EPCACHE\" ${lines[-1]#*epcache }"
	[ -z "$(find "it's" -name '*.v1')" ]
}

@test "rows of the longest usual names fit 80 columns, whatever their state" {
	local dir dirs=(/usr/local/lib64/python3.13/site-packages /usr/lib64/python3.13/lib-dynload)
	for dir in "${dirs[@]}"; do
		mkdir -p "root$dir"
	done
	mkdir -p root/var/cache/epcache
	seq -f 'a%g = m:x' 1 30000 | sed '1i[g]' >text
	mkdir "root${dirs[0]}/foo-1.dist-info"
	cp text "root${dirs[0]}/foo-1.dist-info/entry_points.txt"
	"$EPCACHE" refresh --root root "${dirs[@]}"
	chmod 666 root/var/cache/epcache/*packages.v1
	touch -d '-900 days' root/var/cache/epcache/*.v1
	tty NO_COLOR=1 "$EPCACHE" status --root root "${dirs[@]}"
	[[ $output == *untrusted* && $output == *fresh*900d* ]]
	[ "$(breadth)" -le 80 ]
}

@test "control characters in names are escaped, C1 and bytes that are not UTF-8 too" {
	local odd=$'s\e[31m\n\x9b\xff'
	dist "$odd/foo-1.dist-info" '[g]\na = m:x\n'
	CACHE=$WORK/$'c\e[5m'
	status_of "$odd"
	[ "${lines[0]%%"$TAB"*}" = "$WORK/s\\x1b[31m\\x0a\\x9b\\xff" ]
	[ "${lines[1]}" = "$WORK/s\\x1b[31m\\x0a\\x9b\\xff" ]
	refresh "$odd"
	mkdir "$odd/bar-1.dist-info"
	status_of "$odd"
	[ "$status" -eq 3 ]
	[[ ${lines[2]} == "  $WORK/c\\x1b[5m/"*.v1 ]]
	[[ $output != *$'\e'* ]]
	status_of --json "$odd"
	json 'j[0]["directory"] == work + "/s\x1b[31m\n\udc9b\udcff"'
	json 'j[0]["cache_file"].startswith(work + "/c\x1b[5m/")'
}

# --- which directories --------------------------------------------------------------

@test "without DIR: the system's directories, as refresh --system takes them" {
	mkdir -p root/usr/bin root/usr/lib/python3.11/lib-dynload root/usr/lib/python3/dist-packages
	touch root/usr/bin/python3.11 root/usr/lib/python3.11/os.py
	run "$EPCACHE" refresh --system --json --root root --cache-dir /cache
	[ "$status" -eq 0 ]
	local wanted
	wanted=$("$PYTHON" -I -S -c 'import json, sys
print([o["directory"] for o in json.loads(sys.argv[1])])' "$output")
	run --separate-stderr "$EPCACHE" status --json --root root --cache-dir /cache
	[ "$status" -eq 0 ]
	json "[o['directory'] for o in j] == $wanted and len(j) == 4"
	json 'all(o["state"] == "fresh" for o in j)'
}

@test "without DIR, a user sees the own directory or that of VIRTUAL_ENV beside" {
	needs_user
	local python
	python=$(basename "$(readlink -f /usr/bin/python3)")
	[[ $python == python3.* ]] || skip "needs /usr/bin/python3"
	as_user mkdir -p "$HOME/.local/lib/$python/site-packages"
	run --separate-stderr as_user "$EPCACHE" status --json
	json "j[-1]['directory'] == '$HOME/.local/lib/$python/site-packages'"
	mkdir -p "$WORK/env/lib/python3.11/site-packages"
	touch "$WORK/env/pyvenv.cfg"
	VIRTUAL_ENV=$WORK/env run --separate-stderr as_user "$EPCACHE" status --json
	json 'j[-1]["directory"] == work + "/env/lib/python3.11/site-packages"'
	json "not any('/.local/' in o['directory'] for o in j)"
}

@test "without DIR, what the user has of its own is not told of another root" {
	needs_user
	local env=/env/lib/python3.11/site-packages
	mkdir -p root/usr/bin "root$env" root/usr/lib/python3.11 "root$HOME/.local"
	touch root/env/pyvenv.cfg root/usr/bin/python3.11 root/usr/lib/python3.11/os.py
	VIRTUAL_ENV=/env run --separate-stderr as_user "$EPCACHE" status --root root --json
	[ "$status" -eq 3 ]
	json '[o["directory"] for o in j] == ["/usr/bin", "/usr/lib/python3.11"]'
}

# --- options ------------------------------------------------------------------------

@test "--config shows each value with its origin, and no directory" {
	mkdir -p root/etc/epcache/epcache.conf.d
	printf 'User=me\nCheckFast=/a\n' >root/etc/epcache/epcache.conf
	printf 'CheckFast=/b\n' >root/etc/epcache/epcache.conf.d/9.conf
	run --separate-stderr "$EPCACHE" status --config --root root
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	grep -qxF "User${TAB}me${TAB}/etc/epcache/epcache.conf:1" <<<"$output"
	grep -qxF "CheckFast${TAB}/a${TAB}/etc/epcache/epcache.conf:2" <<<"$output"
	grep -qxF "CheckFast${TAB}/b${TAB}/etc/epcache/epcache.conf.d/9.conf:1" <<<"$output"
	grep -qxF "Trigger${TAB}yes${TAB}default" <<<"$output"
	run --separate-stderr "$EPCACHE" status --config --root root --json
	json '[[k for k, v in o] for o in p] == [["key", "value", "origin"]] * len(p)'
	json 'sorted({o["key"] for o in j}) == ["Actions", "CheckFast", "Directory", "Exclude",
		"TimeoutSec", "Trigger", "TrustStamps", "User"]'
	json '[(o["value"], o["origin"]) for o in j if o["key"] == "CheckFast"] == [
		("/a", "/etc/epcache/epcache.conf:2"), ("/b", "/etc/epcache/epcache.conf.d/9.conf:1")]'
}

@test "a text that importlib.metadata raises for is named with its line, hidden or not" {
	local both=("$SITE/foo-1.dist-info/entry_points.txt:2: " "$WORK/b/foo-1.dist-info/entry_points.txt:3: ")
	dist "$SITE/foo-1.dist-info" '[g]\nno equals sign\n'
	dist "$WORK/b/foo-1.dist-info" '[h]\n\nneither\n'
	status_of "$SITE" "$WORK/b"
	says 2 "${both[0]}" "${both[1]}"
	refresh "$SITE" "$WORK/b"
	status_of "$SITE" "$WORK/b"
	[ "$status" -eq 0 ]
	says 2 "${both[0]}" "${both[1]}"
	status_of -q "$SITE" "$WORK/b"
	[ -z "$stderr" ]
}

@test "nothing cached is exit 3, one cached directory is 0" {
	mkdir "$WORK/a" "$WORK/b"
	for option in -q -v; do
		status_of $option "$WORK/a" "$WORK/b" "$WORK/gone"
		[ "$status" -eq 3 ]
	done
	refresh "$WORK/b"
	status_of -q "$WORK/a" "$WORK/b" "$WORK/gone"
	[ "$status" -eq 0 ]
}

@test "no advice to unset what is not set, nor to refresh what cannot be refreshed" {
	mkdir gone
	cd gone
	rmdir ../gone
	status_of .
	[[ $output != *EPCACHE* && $output == *'name it by its absolute path'* ]]
	cd "$WORK"
	mkdir a
	status_of --check live a
	[[ $output != *EPCACHE* ]]
}

@test "a directory that workers may not read is not advised to be refreshed" {
	needs_root
	mkdir -p root/usr/bin root/var/lib root/closed
	chmod 700 root/closed
	"$EPCACHE" refresh --root root /closed 2>/dev/null
	run --separate-stderr "$EPCACHE" status --root root /closed
	[[ $output != *'run: epcache refresh'* ]]
	[[ $output == *'those who refresh it may not read it'* ]]
}

@test "-q and --quiet: the exit status alone" {
	cached
	status_of -q --config
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	local wanted
	for wanted in 0 3; do
		for option in -q --quiet '-q --json' '-q -v'; do
			# shellcheck disable=SC2086
			status_of $option "$SITE"
			[ "$status" -eq $wanted ]
			[ -z "$output$stderr" ]
		done
		mkdir -p "$SITE/bar-1.dist-info"
	done
}

@test "-v and --verbose: the cache file of each, and what it is checked by" {
	cached
	mkdir "$SITE/bar-1.dist-info" none
	touch -d '2001-02-03 04:05:06.000000789 UTC' "$SITE"
	touch -d '+1 day' "$SITE/foo-1.dist-info/entry_points.txt"
	refresh "$SITE"
	for option in -v --verbose; do
		status_of $option "$SITE" "$WORK/none"
		[ "$status" -eq 0 ]
		[ "$(tail -n +3 <<<"$output")" = "
$SITE
  $FILE
  texts are read to check it: some stamps are those of a builder of images, or of the future
  inode $(stat -c %i "$SITE"), $(stat -c %s "$SITE") bytes, settled
  mtime 981173106.000000789, ctime $(stat -c %.9Z "$SITE")
  0 of 1 entry_points.txt settled
  the fast check is not allowed

$WORK/none
  has no cache file
  $(refresh_of "$WORK/none")" ]
		[ -z "$stderr" ]
	done
	touch -d '1969-12-31 23:59:58.5 UTC' "$SITE"
	refresh "$SITE"
	status_of -v "$SITE"
	[[ $output == *'mtime -2.500000000, '* || $output == *'mtime -1.500000000, '* ]]
}

@test "-v changes nothing of the JSON" {
	cached
	touch -d '+1 day' "$FILE" # or it may grow older by a second in between
	status_of --json "$SITE"
	local answer=${output//age_seconds*/}
	status_of --json -v "$SITE"
	[ "${output//age_seconds*/}" = "$answer" ]
}

@test "epcache(1) lists each state that there is" {
	local source=$BATS_TEST_DIRNAME/../../core/cli state states
	mapfile -t states < <(grep -ho '\.state = "[a-z]*"\|? "unsettled"' \
		"$source/cmd-status.c" | grep -o '"[a-z]*"' | tr -d '"'
		sed -n '/states\[\] = {/,/};/p' "$source/advice.c" | grep -o '"[a-z]*"' | tr -d '"' |
			grep -vx busy)
	[ "${#states[@]}" -ge 11 ]
	for state in "${states[@]}"; do
		sed -n '/^The states are/,/^\.El/p' "$source/../man/epcache.1" | grep -x ".It $state" ||
			{ echo "no $state"; return 1; }
	done
}

@test "--help and -h print every option on stdout" {
	for option in --help -h; do
		run --separate-stderr "$EPCACHE" status $option
		[ "$status" -eq 0 ]
		[ -z "$stderr" ]
		[ "$(grep -o -- ' --[a-z-]*' <<<"$output" | grep -vx -e ' --version' | tr -d '\n')" = \
			' --owner --config --root --cache-dir --json --quiet --verbose --help' ]
	done
}

@test "usage errors are one line on stderr that names the word, and exit 2" {
	usage_error "'--frobnicate'" status --frobnicate
	usage_error "'--path'" status --path /
	usage_error "'--root'" status --root
	usage_error "'-x'" status -x
	usage_error "'--json' takes no value: '--json=3'" status --json=3
	usage_error "'--json' takes no value: '--js=3'" status --js=3
}

@test "a root that cannot be opened is named, and exits 1" {
	run --separate-stderr "$EPCACHE" status --root "$WORK/none"
	[ "$status" -eq 1 ]
	says 1 "'$WORK/none'"
}

@test "status writes nothing" {
	cached
	mkdir "$SITE/bar-1.dist-info"
	local before
	before=$(find "$WORK" -printf '%p %i %s %T@ %C@\n' | sort)
	status_of "$SITE"
	status_of --json "$SITE" "$WORK"
	[ "$(find "$WORK" -printf '%p %i %s %T@ %C@\n' | sort)" = "$before" ]
}

@test "a full standard output is said, and exits 1" {
	[ -e /dev/full ] || skip "needs /dev/full"
	cached
	for option in '' --json --config; do
		run bash -c '"$EPCACHE" status $1 --cache-dir "$2" $([ "$1" = --config ] || echo "$3") \
			2>&1 >/dev/full' bash "$option" "$CACHE" "$SITE"
		[ "$status" -eq 1 ]
		[[ $output == *'standard output'* ]]
	done
}
