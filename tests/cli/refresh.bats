# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# epcache refresh: its options, what it writes and where, and what it refuses.

# shellcheck disable=SC2016,SC2030,SC2031 # each test is a subshell; bash -c expands

load lib

setup() {
	work_begin
}

teardown() {
	work_end
}

# one_dist - $SITE with one distribution of one entry.
one_dist() {
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\n'
}

# from_cache DIR [OPTION]... - is a query of it answered from the cache, in silence?
from_cache() {
	run --separate-stderr query --all -v --path "$@"
	[[ $stderr == *"$1: from the cache, "* ]] && says 2
}

# python_version - "3.11", of /usr/bin/python3, as its name tells.
python_version() {
	local real

	real=$(readlink -f /usr/bin/python3)
	[[ $real =~ python(3\.[0-9]+)$ ]] || skip "needs /usr/bin/python3"
	VERSION=${BASH_REMATCH[1]}
}

# venv DIR - what makes a virtual environment; SITE is its site-packages.
venv() {
	SITE=$1/lib/python3.11/site-packages
	mkdir -p "$SITE"
	touch "$1/pyvenv.cfg"
	one_dist
	give_away "$1" "$1/lib" "$1/lib/python3.11" "$SITE"
}

# --- what is written ----------------------------------------------------------------

@test "DIR... writes a file each, named for the directory, readable by all" {
	one_dist
	mkdir 'o-dd dir' .hidden
	run --separate-stderr refresh "$SITE" "$WORK/o-dd dir" "$WORK/.hidden"
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	[ -f "$(cache_file "$SITE")" ]
	[ -f "$(cache_file "$WORK/o-dd dir")" ]
	[ -f "$(cache_file "$WORK/.hidden")" ]
	[ "$(find "$CACHE" -name '*.v1' -perm 644 -type f | wc -l)" -eq 3 ]
	[ "$(find "$CACHE" -mindepth 1 ! -name '*.v1')" = "$CACHE/.lock" ]
	from_cache "$SITE"
}

@test "the file's mode does not depend on the umask" {
	one_dist
	mkdir -m 755 "$CACHE"
	(umask 0 && refresh "$SITE")
	[ "$(stat -c %a "$(cache_file "$SITE")")" = 644 ]
	from_cache "$SITE"
	rm "$(cache_file "$SITE")"
	(umask 077 && refresh "$SITE")
	[ "$(stat -c %a "$(cache_file "$SITE")")" = 644 ]
}

@test "a folder that nobody else can look into gets a file that nobody else can read" {
	one_dist
	(umask 077 && refresh "$SITE")
	[ "$(stat -c %a "$CACHE" "$(cache_file "$SITE")" | xargs)" = '700 600' ]
	from_cache "$SITE"
}

@test "relative, empty and untidy names are one and the same directory" {
	one_dist
	cd "$SITE"
	for name in "$SITE" "$SITE/" "$SITE//." . '' "../site"; do
		refresh "$name"
	done
	[ "$(find "$CACHE" -name '*.v1' | wc -l)" -eq 2 ]
	from_cache "$SITE"
	from_cache "$SITE/../site"
}

@test "a path too long for a file name gets one with a hash" {
	local deep
	deep=$WORK/$(printf 'a-very-long-name-%d/' {1..40})site
	dist "$deep/foo-1.dist-info" '[g]\na = m:x\n'
	refresh "$deep"
	[ "$(find "$CACHE" -name '*~????????????????????????????????.v1' | wc -l)" -eq 1 ]
	from_cache "$deep"
}

@test "missing parents of the cache folder are made" {
	one_dist
	CACHE=$WORK/var/lib/some/where
	refresh "$SITE"
	from_cache "$SITE"
	[ "$(stat -c %a "$CACHE")" = 755 ]
}

@test "what is unchanged and settled is not written again" {
	one_dist
	refresh "$SITE"
	local file before folder
	file=$(cache_file "$SITE")
	before=$(identity "$file")
	folder=$(stat -c '%y %z' "$CACHE")
	for options in '' '--json' '-v'; do
		# shellcheck disable=SC2086
		run --separate-stderr refresh $options "$SITE"
		[ "$status" -eq 0 ]
		[ "$(identity "$file")" = "$before" ]
		[ "$(stat -c '%y %z' "$CACHE")" = "$folder" ]
	done
	run refresh --json "$SITE"
	json 'j[0]["result"] == "unchanged" and j[0]["settled"] is True'
}

@test "the file is a function of the tree: written twice, it has the same bytes" {
	one_dist
	refresh "$SITE"
	cp "$(cache_file "$SITE")" first
	rm -r "$CACHE"
	refresh "$SITE"
	cmp first "$(cache_file "$SITE")"
}

@test "what changed is replaced by a new file, never rewritten in place" {
	one_dist
	refresh "$SITE"
	local file
	file=$(cache_file "$SITE")
	ln "$file" old
	cp old copy
	dist "$SITE/bar-1.dist-info" '[g]\nb = m:x\n'
	run refresh --json "$SITE"
	json 'j[0]["result"] == "written" and j[0]["distributions"] == 2'
	[ ! "$file" -ef old ]
	cmp old copy
	from_cache "$SITE"
}

@test "an edit that keeps size and mtime is found" {
	one_dist
	local text=$SITE/foo-1.dist-info/entry_points.txt
	refresh "$SITE"
	touch -r "$text" stamp
	printf '[g]\na = m:y\n' >"$text"
	touch -r stamp "$text"
	refresh "$SITE"
	from_cache "$SITE"
	[[ $output == *m:y* ]]
}

@test "a file that was replaced by one with the same stamps is found" {
	one_dist
	local text=$SITE/foo-1.dist-info/entry_points.txt
	touch -d '2001-01-01' "$text"
	touch -r "$SITE/foo-1.dist-info" stamp
	refresh "$SITE"
	printf '[g]\na = m:y\n' >new
	touch -r "$text" new
	mv new "$text"
	touch -r stamp "$SITE/foo-1.dist-info"
	run refresh --json "$SITE"
	json 'j[0]["result"] == "written"'
	from_cache "$SITE"
	[[ $output == *m:y* ]]
}

@test "leftovers of killed writers are removed" {
	one_dist
	refresh "$SITE"
	echo half >"$CACHE/.tmp-0123456789abcdef"
	touch "$CACHE/else"
	dist "$SITE/bar-1.dist-info" ''
	refresh "$SITE"
	[ ! -e "$CACHE/.tmp-0123456789abcdef" ]
	[ -e "$CACHE/else" ]
}

@test "input that importlib.metadata raises for is no failure" {
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\nno equals sign\n'
	run --separate-stderr refresh --json "$SITE"
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	json 'j[0]["opaque"] == 1 and j[0]["result"] == "written"'
	run query g --path "$SITE"
	[ "$status" -eq 4 ]
}

@test "what not everybody may read is left to each reader" {
	needs_user
	one_dist
	dist "$SITE/bar-1.dist-info" '[g]\nsecret = m:x\n'
	chmod 600 "$SITE/bar-1.dist-info/entry_points.txt"
	run refresh --json "$SITE"
	json 'j[0]["private"] == 1 and j[0]["entry_points"] == 1'
	lacks "$(cache_file "$SITE")" secret
	from_cache "$SITE"
	[[ $output == *secret* ]]
	if is_root; then
		run --separate-stderr as_user "$EPCACHE" query g -v --cache-dir "$CACHE" \
			--path "$SITE"
		[ "$status" -eq 0 ]
		[[ $stderr == *"$SITE: from the cache"* ]]
		[[ $output != *secret* ]]
	fi
}

# --- negative records ---------------------------------------------------------------

@test "a directory without metadata gets a record, and is answered from it" {
	mkdir bin
	touch bin/{a,b,c}
	run refresh --json "$WORK/bin"
	[ "$status" -eq 0 ]
	json 'j[0]["distributions"] == 0 and j[0]["entry_points"] == 0'
	run --separate-stderr query g -v --path "$WORK/bin"
	[ "$status" -eq 3 ]
	[[ $stderr == *"$WORK/bin: from the cache, 0 distributions"* ]]
	before=$(identity "$(cache_file "$WORK/bin")")
	touch bin/d
	rm bin/a
	run --separate-stderr query g -v --path "$WORK/bin"
	[ "$status" -eq 3 ]
	says 2 "$WORK/bin: from the cache, 0 distributions"
	[ "$(identity "$(cache_file "$WORK/bin")")" = "$before" ]
}

@test "a stamp that moved over the same content is recorded anew" {
	one_dist
	refresh "$SITE"
	for what in "$SITE" "$SITE/foo-1.dist-info/entry_points.txt"; do
		before=$(identity "$(cache_file "$SITE")")
		touch "$what"
		from_cache "$SITE"
		refresh "$SITE"
		[ "$(identity "$(cache_file "$SITE")")" != "$before" ]
		before=$(identity "$(cache_file "$SITE")")
		refresh "$SITE"
		[ "$(identity "$(cache_file "$SITE")")" = "$before" ]
	done
}

@test "the first distribution in a directory that had none is found at once" {
	mkdir "$SITE"
	refresh "$SITE"
	one_dist
	run --separate-stderr query g --path "$SITE"
	[ "$status" -eq 0 ]
	says 1 'out of date'
}

# --- options ------------------------------------------------------------------------

@test "--force reads again what is unchanged" {
	one_dist
	refresh "$SITE"
	"$PYTHON" -I "$BATS_TEST_DIRNAME/forge.py" "$(cache_file "$SITE")" m:x m:y ||
		skip "needs libxxhash.so.0 to forge a checksum"
	from_cache "$SITE"
	[[ $output == *m:y* ]]
	run refresh --json "$SITE"
	json 'j[0]["result"] == "unchanged"'
	run refresh --json --force "$SITE"
	json 'j[0]["result"] == "written"'
	from_cache "$SITE"
	[[ $output == *m:x* ]]
}

@test "--force of what is right leaves the file alone" {
	one_dist
	refresh "$SITE"
	before=$(identity "$(cache_file "$SITE")")
	run refresh --json --force "$SITE"
	[ "$status" -eq 0 ]
	json 'j[0]["result"] == "unchanged"'
	[ "$(identity "$(cache_file "$SITE")")" = "$before" ]
}

@test "--dry-run tells what it would do, and writes no cache file" {
	one_dist
	run --separate-stderr refresh --dry-run "$SITE"
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == "$SITE${TAB}would be written${TAB}1 distributions${TAB}1 entry points${TAB}"* ]]
	[ ! -e "$(cache_file "$SITE")" ]
	refresh "$SITE"
	run refresh --dry-run "$SITE"
	[[ ${lines[0]} == *"${TAB}unchanged${TAB}"* ]]
	dist "$SITE/bar-1.dist-info" ''
	before=$(identity "$(cache_file "$SITE")")
	run refresh --dry-run --json "$SITE"
	json 'j[0]["result"] == "would be written" and j[0]["distributions"] == 2'
	[ "$(identity "$(cache_file "$SITE")")" = "$before" ]
	rm -r "$SITE"
	run refresh --dry-run "$SITE"
	[ "$status" -eq 1 ]
	[ "$(identity "$(cache_file "$SITE")")" = "$before" ]
}

@test "--dry-run makes no cache folder" {
	one_dist
	run refresh --dry-run "$SITE"
	[ "$status" -eq 0 ]
	[ ! -e "$CACHE" ]
}

@test "--json is an array of objects of these keys, in this order" {
	one_dist
	run --separate-stderr refresh --json "$SITE" "$WORK/missing"
	[ "$status" -eq 1 ]
	json '[[k for k, v in o] for o in p] == [["directory", "result", "error", "distributions",
		"entry_points", "opaque", "private", "bytes", "settled", "milliseconds"]] * 2'
	json '(j[0]["directory"], j[0]["result"], j[0]["error"], j[0]["distributions"],
		j[0]["entry_points"], j[0]["opaque"], j[0]["private"], j[0]["settled"]) ==
		(work + "/site", "written", None, 1, 1, 0, 0, True)'
	json "j[0]['bytes'] == $(stat -c %s "$(cache_file "$SITE")")"
	json 'j[1]["directory"] == work + "/missing" and j[1]["result"] == "failed"'
	json 'j[1]["error"] == "no such directory"'
	says 1 "'$WORK/missing'" 'no such directory'
}

@test "--json names a relative directory as the other commands do" {
	one_dist
	run --separate-stderr refresh --json site .///missing/ ''
	json '[o["directory"] for o in j] == [work + "/site", work + "/missing", work]'
	dist "$SITE/bar-1.dist-info" '[g]\nb = m:y\n'
	run --separate-stderr "$EPCACHE" verify --cache-dir "$CACHE" --json site missing
	json '[o["directory"] for o in j] == [work + "/site"] * 2 + [work + "/missing"]'
}

@test "status tells of root's last refresh of a directory that was named relatively" {
	needs_mounts
	one_dist
	on_own_var "$EPCACHE" refresh site
	run on_own_var "$EPCACHE" status --json "$SITE"
	json 'j[0]["last_refresh"]["result"] == "written"'
}

@test "-v and --verbose print a row for each directory, and the sum" {
	one_dist
	mkdir other
	for option in -v --verbose; do
		run --separate-stderr refresh $option "$SITE" "$WORK/other"
		[ "$status" -eq 0 ]
		[ "${#lines[@]}" -eq 3 ]
		[[ ${lines[0]} == "$SITE$TAB"*"${TAB}1 distributions${TAB}1 entry points$TAB"*' ms' ]]
		[[ ${lines[1]} == "$WORK/other$TAB"*"${TAB}0 distributions${TAB}0 entry points$TAB"* ]]
		[[ ${lines[2]} == "2 directories, 1 distributions, 1 entry points, "*' ms' ]]
	done
}

@test "-v names what importlib.metadata raises for, written or unchanged" {
	one_dist
	dist "$SITE/bar-1.dist-info" '[g]\nb = m:x\nno equals sign\n'
	# Another hides it; who asks for its name first meets it.
	mkdir other
	dist other/foo-1.dist-info '[g]\nc = m:x\n'
	dist other/foo-2.dist-info '[g]\n\377 = m:x\n'
	for _ in written unchanged; do
		run --separate-stderr refresh -v "$SITE" other
		[ "$status" -eq 0 ]
		says 2 "$SITE/bar-1.dist-info/entry_points.txt:3: the line is neither" \
			"$WORK/other/foo-2.dist-info/entry_points.txt" 'UTF-8; importlib.metadata raises'
		[ "${#lines[@]}" -eq 3 ]
	done
	run --separate-stderr refresh --dry-run -v "$SITE"
	says 1 "$SITE/bar-1.dist-info/entry_points.txt:3: "
	run --separate-stderr refresh "$SITE"
	[ -z "$stderr" ]
}

@test "-v names the folder of what has no name" {
	mkdir -p "$SITE/.dist-info"
	run ! "$PYTHON" -I -c 'import importlib.metadata as m, sys
[d._normalized_name for d in m.distributions(path=sys.argv[1:])]' "$SITE"
	run --separate-stderr refresh -v "$SITE"
	says 1 "$SITE/.dist-info: neither the folder nor METADATA"
}

@test "--help prints every option on stdout" {
	for option in --help -h; do
		run --separate-stderr "$EPCACHE" refresh $option
		[ "$status" -eq 0 ]
		[ -z "$stderr" ]
		for word in --system --user --venv --python --force --dry-run --cache-dir --json \
			--quiet -q --verbose -v --help; do
			[[ $output == *"$word"* ]]
		done
		[[ $output != *--path* ]]
	done
}

@test "refresh-entrypoints-cache is epcache refresh" {
	one_dist
	mkdir bin
	ln -s "$(readlink -f "$EPCACHE")" bin/refresh-entrypoints-cache
	run --separate-stderr bin/refresh-entrypoints-cache --cache-dir "$CACHE" --json "$SITE"
	[ "$status" -eq 0 ]
	json 'j[0]["result"] == "written"'
	from_cache "$SITE"
	run bin/refresh-entrypoints-cache --help
	[ "$status" -eq 0 ]
	[[ $output == *--dry-run* ]]
	run bin/refresh-entrypoints-cache --version
	[ "$output" = "$("$EPCACHE" --version)" ]
	run --separate-stderr bin/refresh-entrypoints-cache --nosuch
	[ "$status" -eq 2 ]
	says 1 "'--nosuch'"
	run --separate-stderr bin/refresh-entrypoints-cache --cache-dir "$CACHE" query
	[ "$status" -eq 1 ]
	says 1 "'query'"
}

@test "usage errors are one line on stderr that names the word, and exit 2" {
	usage_error "'--frobnicate'" refresh --frobnicate
	usage_error "'--path'" refresh --path /
	usage_error "'-x'" refresh -x
	usage_error "'--venv'" refresh --venv
	usage_error "'--cache-dir'" refresh --cache-dir
	usage_error --system refresh --system --user
	usage_error --system refresh --system /
	usage_error --venv refresh --venv / --user
	usage_error --python refresh --python /bin/true /
}

# --- which directories --------------------------------------------------------------

@test "--system takes the directories of /usr/bin/python3 and its scripts" {
	python_version
	local apart=()
	# With no configuration, where one is installed here.
	! is_root || ! [ -d /etc/epcache ] || { needs_mounts; apart=(on_own_var); }
	run --separate-stderr "${apart[@]}" "$EPCACHE" refresh --cache-dir "$CACHE" --system --json
	[ "$status" -eq 0 ]
	json 'all(o["directory"].startswith("/usr/") for o in j)'
	json 'any(o["directory"] == "/usr/bin" for o in j)'
	json "any(o['directory'].endswith('python$VERSION') for o in j)"
	json 'all(o["result"] == "written" for o in j)'
	run query --all --json -v
	[[ $output != *'read live'* ]]
}

@test "as root, no DIR is --system" {
	python_version
	needs_mounts
	run --separate-stderr on_own_var "$EPCACHE" refresh --json
	[ "$status" -eq 0 ]
	json 'any(o["directory"] == "/usr/bin" for o in j)'
	[ "$(stat -c '%u %a' var-cache/epcache)" = '0 755' ]
	[ -f var-cache/epcache/usr-bin.v1 ]
	run --separate-stderr on_own_var "$EPCACHE" query --all -v
	[[ $stderr == *': from the cache'* && $stderr != *': read live'* ]]
	run --separate-stderr on_own_var "$EPCACHE" query --all -v --path /usr/bin
	says 2 '/usr/bin: from the cache'
}

@test "--user takes the user's own site-packages, into the user's own folder" {
	python_version
	needs_user
	SITE=$HOME/.local/lib/python$VERSION/site-packages
	as_user mkdir -p "$SITE"
	one_dist
	run --separate-stderr as_user "$EPCACHE" refresh --user --json
	[ "$status" -eq 0 ]
	json "[o['directory'] for o in j] == ['$SITE']"
	CACHE=$HOME/.cache/epcache
	[ -f "$(cache_file "$SITE")" ]
	[ "$(stat -c %a "$CACHE")" = 700 ]
	run --separate-stderr as_user "$EPCACHE" query g -v --path "$SITE"
	[ "$status" -eq 0 ]
	says 2 "$SITE: from the cache"
}

@test "XDG_CACHE_HOME moves the user's own folder; a relative one is ignored" {
	needs_user
	user_dir xdg
	one_dist
	run as_user env XDG_CACHE_HOME="$WORK/xdg" "$EPCACHE" refresh "$SITE"
	[ "$status" -eq 0 ]
	CACHE=$WORK/xdg/epcache
	[ -f "$(cache_file "$SITE")" ]
	[ ! -e "$HOME/.cache" ]
	run --separate-stderr as_user env XDG_CACHE_HOME="$WORK/xdg" "$EPCACHE" query g -v \
		--path "$SITE"
	says 2 "$SITE: from the cache"
	run as_user env XDG_CACHE_HOME=xdg "$EPCACHE" refresh "$SITE"
	[ "$status" -eq 0 ]
	[ -d "$HOME/.cache/epcache" ]
}

@test "--user without such a directory does nothing" {
	python_version
	needs_user
	run --separate-stderr as_user "$EPCACHE" refresh --user --json
	[ "$status" -eq 0 ]
	[ "$output" = '[]' ]
	[ ! -e "$HOME/.cache" ]
}

@test "--user without an absolute HOME says so" {
	python_version
	for home in '' home; do
		run --separate-stderr env HOME="$home" "$EPCACHE" refresh --user
		[ "$status" -eq 1 ]
		says 1 HOME
	done
}

@test "--venv writes into the virtual environment" {
	needs_user
	venv "$WORK/env"
	run --separate-stderr as_user "$EPCACHE" refresh --venv "$WORK/env" --json
	[ "$status" -eq 0 ]
	json "[o['directory'] for o in j] == ['$SITE']"
	CACHE=$WORK/env/var/cache/epcache
	[ -f "$(cache_file "$SITE")" ]
	run --separate-stderr as_user "$EPCACHE" query g -v --path "$SITE"
	[ "$status" -eq 0 ]
	says 2 "$SITE: from the cache"
}

@test "VIRTUAL_ENV is what a user's refresh without DIR takes, else the user's own" {
	python_version
	needs_user
	venv "$WORK/env"
	user=$HOME/.local/lib/python$VERSION/site-packages
	as_user mkdir -p "$user"
	run as_user env VIRTUAL_ENV="$WORK/env" "$EPCACHE" refresh --json
	[ "$status" -eq 0 ]
	json "[o['directory'] for o in j] == ['$SITE']"
	run as_user "$EPCACHE" refresh --json
	json "[o['directory'] for o in j] == ['$user']"
	run as_user env VIRTUAL_ENV="$WORK/env" "$EPCACHE" refresh --user --json
	json "[o['directory'] for o in j] == ['$user']"
}

@test "--venv of what is none says what it lacks" {
	mkdir -p none empty
	touch empty/pyvenv.cfg
	run --separate-stderr refresh --venv "$WORK/none"
	[ "$status" -eq 1 ]
	says 1 "'$WORK/none'" pyvenv.cfg
	run --separate-stderr refresh --venv "$WORK/empty"
	[ "$status" -eq 1 ]
	says 1 "'$WORK/empty'" site-packages
}

@test "--python asks an interpreter for its sys.path" {
	needs_user
	one_dist
	user_dir "$CACHE"
	printf '#!/bin/sh\nprintf "%%s\\0" "%s"\n' "$SITE" >python
	chmod 755 python
	run --separate-stderr as_user "$EPCACHE" refresh --cache-dir "$CACHE" --json \
		--python "$WORK/python"
	[ "$status" -eq 0 ]
	json '[o["directory"] for o in j] == [work + "/site"]'
	[ -f "$(cache_file "$SITE")" ]
}

@test "--python is refused to root" {
	needs_root
	printf '#!/bin/sh\ntouch %s/was-run\n' "$WORK" >python
	chmod 755 python
	run --separate-stderr refresh --python "$WORK/python"
	[ "$status" -eq 1 ]
	says 1 "'$WORK/python'" 'another user'
	[ ! -e was-run ]
}

# --- refusals -----------------------------------------------------------------------

@test "a directory that is not there is named, and exits 1; the others are refreshed" {
	one_dist
	touch plain
	for dir in "$WORK/missing" "$WORK/plain" "$WORK/plain/below"; do
		run --separate-stderr refresh "$dir" "$SITE"
		[ "$status" -eq 1 ]
		says 1 "cannot refresh '$dir': "
		from_cache "$SITE"
		rm -r "$CACHE"
	done
	[ -f plain ]
}

@test "the cache file of a directory that vanished is removed" {
	one_dist
	mkdir other
	refresh "$SITE" "$WORK/other"
	mv "$SITE" elsewhere
	rmdir other
	touch other
	run refresh "$SITE" "$WORK/other"
	[ "$status" -eq 1 ]
	[ ! -e "$(cache_file "$SITE")" ]
	[ ! -e "$(cache_file "$WORK/other")" ]
	run --separate-stderr query --all --path "$SITE" --path "$WORK/other"
	[ "$status" -eq 3 ]
	[ -z "$stderr" ]
}

@test "a directory that may not be read any more: reason, exit 1, no cache file" {
	needs_user
	one_dist
	user_dir "$CACHE"
	as_user "$EPCACHE" refresh --cache-dir "$CACHE" "$SITE"
	[ -e "$(cache_file "$SITE")" ]
	chmod 0 "$SITE"
	run --separate-stderr as_user "$EPCACHE" refresh --cache-dir "$CACHE" "$SITE"
	[ "$status" -eq 1 ]
	says 1 "cannot refresh '$SITE': " 'Permission denied'
	[ ! -e "$(cache_file "$SITE")" ]
}

@test "a cache folder of another user is refused, and named is what to do" {
	needs_root
	needs_user
	one_dist
	refresh "$SITE"
	before=$(identity "$(cache_file "$SITE")")
	run --separate-stderr as_user "$EPCACHE" refresh --cache-dir "$CACHE" --force "$SITE"
	[ "$status" -eq 1 ]
	says 1 "'$SITE'" 'belongs to another user' \
		"as its owner, run: epcache refresh --cache-dir='$CACHE' -- '$SITE'"
	[ "$(identity "$(cache_file "$SITE")")" = "$before" ]
}

@test "a cache folder that cannot be made says why" {
	needs_user
	one_dist
	mkdir closed
	chmod 555 closed
	run --separate-stderr as_user "$EPCACHE" refresh --cache-dir "$WORK/closed/cache" "$SITE"
	[ "$status" -eq 1 ]
	says 1 "'$SITE'" 'Permission denied'
	touch plain
	run --separate-stderr refresh --cache-dir "$WORK/plain" "$SITE"
	[ "$status" -eq 1 ]
	says 1 "'$SITE'" 'Not a directory'
}

@test "a cache folder that others may write is refused" {
	one_dist
	for mode in 775 757; do
		mkdir "cache$mode"
		chmod $mode "cache$mode"
		run --separate-stderr refresh --cache-dir "$WORK/cache$mode" "$SITE"
		[ "$status" -eq 1 ]
		says 1 "'$SITE'"
		[ -z "$(ls -A "cache$mode")" ]
	done
}

@test "a cache folder that is a link is refused" {
	one_dist
	mkdir real
	ln -s real "$CACHE"
	run --separate-stderr refresh "$SITE"
	[ "$status" -eq 1 ]
	says 1 "'$SITE'"
	[ -z "$(ls -A real)" ]
}

@test "root writes nothing for a directory of another user, unless told where" {
	needs_mounts
	one_dist
	chown -R "$NOBODY" "$SITE"
	run --separate-stderr on_own_var "$EPCACHE" refresh "$SITE"
	[ "$status" -eq 1 ]
	says 1 "'$SITE'" 'another user' "epcache refresh -- '$SITE'"
	[ -z "$(find var-cache -name "*.v1")" ]
	run refresh "$SITE"
	[ "$status" -eq 0 ]
}

@test "root writes nothing into somebody's virtual environment" {
	needs_mounts
	venv "$WORK/env"
	run --separate-stderr on_own_var "$EPCACHE" refresh --venv "$WORK/env"
	[ "$status" -eq 1 ]
	says 1 "'$SITE'" "epcache refresh -- '$SITE'"
	[ ! -e env/var ]
	[ -z "$(find var-cache -name "*.v1")" ]
}

@test "root keeps what root owns in the system's folder, which users then read" {
	needs_mounts
	needs_user
	one_dist
	on_own_var "$EPCACHE" refresh "$SITE"
	CACHE=$WORK/var-cache/epcache
	[ -f "$(cache_file "$SITE")" ]
	install -D -m 755 "$EPCACHE" bin/epcache
	run --separate-stderr on_own_var setpriv --reuid "$NOBODY" --regid "$NOBODY" \
		--clear-groups bin/epcache query g -v --path "$SITE"
	[ "$status" -eq 0 ]
	says 2 "$SITE: from the cache"
}

@test "a full disk: reason, exit 1, the old file is gone, nothing is left over" {
	needs_mounts
	one_dist
	local i
	for i in {1..300}; do
		dist "$SITE/n$i-1.dist-info" "[g]\\nname$i = module$i:function$i\\n"
	done
	mkdir full
	run --separate-stderr unshare -m bash -c '
		mount -t tmpfs -o size=16k,mode=755 none full
		mkdir full/cache "$1-small"
		"$EPCACHE" refresh --cache-dir full/cache "$1-small" || exit 9
		mv "$1-small" "$1-gone"; mv "$1" "$1-small"
		"$EPCACHE" refresh --cache-dir full/cache "$1-small"
		status=$?
		find full/cache -mindepth 1 ! -name .lock
		exit $status' - "$SITE"
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	says 1 "'$SITE-small'" 'No space left on device'
}

@test "a limit on the size of files is an error as a full disk is" {
	one_dist
	refresh "$SITE"
	dist "$SITE/bar-1.dist-info" '[g]\nb = m:y\n'
	# Through a pipe: what is said must not meet the limit itself.
	run bash -c '(ulimit -f 0 && exec "$EPCACHE" refresh "$@") 2>&1 | cat
		exit "${PIPESTATUS[0]}"' - --cache-dir "$CACHE" "$SITE"
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == *"'$SITE'"*'File too large'* ]]
	[ -z "$(find "$CACHE" -mindepth 1 ! -name .lock)" ]
}

@test "while another writer holds the lock: said, exit 1" {
	[ -n "${LONG-}" ] || skip "waits 10 s for the lock; LONG=1 runs it"
	one_dist
	refresh "$SITE"
	"$PYTHON" -c '
import fcntl, os, struct, sys, time
fd = os.open(sys.argv[1], os.O_RDWR)
fcntl.fcntl(fd, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))  # F_OFD_SETLK
open(sys.argv[2], "w").close()
time.sleep(60)' "$CACHE/.lock" "$WORK/held" &
	holder=$!
	until [ -e held ]; do
		sleep 0.05
	done
	run --separate-stderr refresh "$SITE"
	[ "$status" -eq 0 ] # nothing to do, whoever else is at it
	run --separate-stderr refresh --force "$SITE"
	kill $holder
	[ "$status" -eq 1 ]
	says 1 "'$SITE'" lock 'try again'
}

@test "a full standard output is said, and exits 1; the cache file is there" {
	[ -e /dev/full ] || skip "needs /dev/full"
	one_dist
	for option in --json -v --dry-run; do
		run --separate-stderr bash -c '"$EPCACHE" refresh "$@" >/dev/full' - \
			--cache-dir "$CACHE" $option "$SITE"
		[ "$status" -eq 1 ]
		says 1 'standard output'
	done
	from_cache "$SITE"
}

@test "closed standard streams do not end in the cache file" {
	one_dist
	for streams in '>&-' '<&- >&- 2>&-'; do
		run bash -c '"$EPCACHE" refresh -v --force --cache-dir "$1" "$2" '"$streams" - \
			"$CACHE" "$SITE"
		[ "$status" -eq 1 ]
		from_cache "$SITE"
		rm -r "$CACHE"
	done
}

# --- environment --------------------------------------------------------------------

@test "EPCACHE_DIR is the only folder that a user's calls read and write" {
	needs_user
	one_dist
	user_dir dir
	run as_user env EPCACHE_DIR="$WORK/dir" "$EPCACHE" refresh "$SITE"
	[ "$status" -eq 0 ]
	CACHE=$WORK/dir
	[ -f "$(cache_file "$SITE")" ]
	[ ! -e "$HOME/.cache" ]
	run --separate-stderr as_user env EPCACHE_DIR="$WORK/dir" "$EPCACHE" query g -v \
		--path "$SITE"
	says 2 "$SITE: from the cache"
	run --separate-stderr as_user env EPCACHE_DIR="$WORK/none" "$EPCACHE" query g -v \
		--path "$SITE"
	says 2 "$SITE: read live"
	run --separate-stderr as_user env EPCACHE_DIR="$WORK/none" "$EPCACHE" query g -v \
		--path "$SITE" --cache-dir "$WORK/dir"
	says 2 "$SITE: from the cache"
}

@test "root ignores EPCACHE_DIR" {
	needs_mounts
	one_dist
	mkdir dir
	run on_own_var env EPCACHE_DIR="$WORK/dir" "$EPCACHE" refresh "$SITE"
	[ "$status" -eq 0 ]
	[ -z "$(ls -A dir)" ]
	refresh "$SITE"
	run --separate-stderr on_own_var env EPCACHE_DIR="$CACHE" "$EPCACHE" query g -v \
		--path "$SITE"
	says 2 "$SITE: from the cache"
	rm -r var-cache/epcache
	run --separate-stderr on_own_var env EPCACHE_DIR="$CACHE" "$EPCACHE" query g -v \
		--path "$SITE"
	says 2 "$SITE: read live"
}

# edited_in_place - $SITE in the cache of as_user, then changed so that fast misses it.
edited_in_place() {
	needs_user
	one_dist
	user_dir "$CACHE"
	as_user "$EPCACHE" refresh --cache-dir "$CACHE" "$SITE"
	printf '[g]\na = m:new\n' >"$SITE/foo-1.dist-info/entry_points.txt"
}

@test "EPCACHE chooses the check, and an unknown word is none" {
	edited_in_place
	for words in 'fast m:x' '0 m:new' 'live m:new' 'strict m:new' 'verify m:new' 'else m:new'; do
		run --separate-stderr as_user env EPCACHE="${words% *}" "$EPCACHE" query g --json \
			--cache-dir "$CACHE" --path "$SITE"
		[ "$status" -eq 0 ]
		[ "$(values)" = "${words#* }" ]
		case ${words% *} in
		strict | verify | else) says 1 'out of date' ;;
		*) [ -z "$stderr" ] ;;
		esac
	done
}

@test "--check goes before EPCACHE" {
	edited_in_place
	run as_user env EPCACHE=live "$EPCACHE" query g --json --cache-dir "$CACHE" \
		--path "$SITE" --check fast
	[ "$(values)" = m:x ]
	run --separate-stderr as_user env EPCACHE=fast "$EPCACHE" query g --json \
		--cache-dir "$CACHE" --path "$SITE" --check strict
	[ "$(values)" = m:new ]
}

@test "root ignores EPCACHE=fast, and obeys 0, live and strict" {
	needs_root
	one_dist
	refresh "$SITE"
	printf '[g]\na = m:new\n' >"$SITE/foo-1.dist-info/entry_points.txt"
	for words in 'fast 1' 'strict 1' '0 0' 'live 0'; do
		run --separate-stderr env EPCACHE="${words% *}" "$EPCACHE" query g --json \
			--cache-dir "$CACHE" --path "$SITE"
		[ "$(values)" = m:new ]
		says "${words#* }"
	done
}

# --- images ---------------------------------------------------------------------------

# two_systems - of the same content, written in another order, at another time.
two_systems() {
	local names=(foo bar baz qux) i
	for i in 1 2; do
		for name in "${names[@]}"; do
			dist "r$i/site/$name-1.dist-info" "[g]\n$name = m:$name\n"
			mkdir -p "r$i/site/$name-2.egg-info" # which it shadows, or is shadowed by
		done
		dist "r$i/site/solo-1.dist-info" '[g]\nsolo = m:solo\n' # in whatever order
		names=(qux baz bar foo)
		sleep 0.05
	done
}

in_system() { # N COMMAND [ARG]...
	"$EPCACHE" "${@:2}" --root "r$1" --cache-dir /cache
}

@test "--reproducible: equal content, equal bytes, on whatever system" {
	two_systems
	for which in 1 2; do
		in_system $which refresh /site
	done
	run ! cmp -s r1/cache/site.v1 r2/cache/site.v1 # else this proves nothing
	for which in 1 2; do
		in_system $which refresh --reproducible /site
	done
	cmp r1/cache/site.v1 r2/cache/site.v1
	run "$EPCACHE" dump r1/cache/site.v1
	json 'not any(t["ino"] or t["ctime_ns"] or t["settled"] for t in
		[j["token"]] + [d["token"] for d in j["distributions"] if "token" in d])'
	run "$EPCACHE" refresh --reproducible --root r1 --cache-dir /cache --verbose /site
	[[ $output == *unchanged* ]]
}

@test "--reproducible: answers are right, in the order of the directory" {
	two_systems
	for which in 1 2; do
		in_system $which refresh --reproducible /site
		run in_system $which query --all --path /site --check live
		[ "$status" -eq 0 ]
		live=$output
		for check in auto strict fast; do
			run --separate-stderr in_system $which query --all --path /site --check $check
			[ "$output" = "$live" ]
			[ -z "$stderr" ]
		done
		in_system $which verify /site
		run in_system $which status /site
		[[ $output == *unsettled*'until the next refresh' ]]
	done
	dist r1/site/new-1.dist-info '[g]\nnew = m:new\n'
	printf '[g]\nbar = m:other\n' >r2/site/bar-1.dist-info/entry_points.txt
	for which in 1 2; do
		live=$(in_system $which query g --path /site --check live)
		[ "$(in_system $which query g --path /site 2>/dev/null)" = "$live" ]
	done
	in_system 1 query g --path /site | grep m:new
}

@test "--reproducible: the next refresh without it settles" {
	two_systems
	in_system 1 refresh --reproducible /site
	run in_system 1 status --json /site
	json 'j[0]["state"] == "fresh" and j[0]["settled"] is False'
	sleep 0.1
	in_system 1 refresh /site
	run in_system 1 status --json /site
	json 'j[0]["state"] == "fresh" and j[0]["settled"] is True'
}

@test "SOURCE_DATE_EPOCH asks for --reproducible with --root, not on a running system" {
	two_systems
	for which in 1 2; do
		SOURCE_DATE_EPOCH=1700000000 in_system $which refresh /site
	done
	cmp r1/cache/site.v1 r2/cache/site.v1
	sleep 0.1
	SOURCE_DATE_EPOCH=1700000000 refresh "$WORK/r1/site"
	run "$EPCACHE" status --json --cache-dir "$CACHE" "$WORK/r1/site"
	json 'j[0]["settled"] is True'
}
