# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# epcache query: its options, output and exit statuses.  What an answer has to be is
# in fixtures.bats; what is said of a cache file, in stale.bats.

# shellcheck disable=SC2016,SC2030,SC2031 # each test is a subshell; bash -c expands

load lib

setup() {
	work_begin
}

teardown() {
	work_end
}

# two_dirs - $WORK/a and $WORK/b, with foo in both.
two_dirs() {
	dist a/foo-1.0.dist-info '[g]\nfirst = a:x\nshared = a:y\n[h]\nother = a:z\n'
	dist b/foo-2.0.dist-info '[g]\nhidden = b:x\n'
	dist b/bar.egg-info '[g]\nlast = b:y [extra]\nshared = b:z\n'
}

# --- what is asked ----------------------------------------------------------------

@test "GROUP prints its entries, those of the first --path first" {
	two_dirs
	run --separate-stderr query --path "$WORK/a" --path "$WORK/b" g
	[ "$status" -eq 0 ]
	[ "$output" = "first${TAB}a:x${TAB}foo 1.0
shared${TAB}a:y${TAB}foo 1.0
last${TAB}b:y [extra]${TAB}bar
shared${TAB}b:z${TAB}bar" ]
	[ -z "$stderr" ]
}

@test "the order of --path decides what is hidden" {
	two_dirs
	run query --path "$WORK/b" --path "$WORK/a" g
	[ "$status" -eq 0 ]
	[[ $output == *"hidden${TAB}b:x${TAB}foo 2.0"* ]]
	[[ $output != *first* ]]
}

@test "--all prints the group first" {
	two_dirs
	run --separate-stderr query --all --path "$WORK/a"
	[ "$status" -eq 0 ]
	[ "$output" = "g${TAB}first${TAB}a:x${TAB}foo 1.0
g${TAB}shared${TAB}a:y${TAB}foo 1.0
h${TAB}other${TAB}a:z${TAB}foo 1.0" ]
}

@test "without arguments the groups are listed, with their sizes" {
	two_dirs
	run --separate-stderr query --path "$WORK/a" --path "$WORK/b"
	[ "$status" -eq 0 ]
	[ "$output" = "g${TAB}4${TAB}2
h${TAB}1${TAB}1" ]
	run --separate-stderr query --json --path "$WORK/a" --path "$WORK/b"
	json 'p == [[("group", "g"), ("entry_points", 4), ("distributions", 2)],
		[("group", "h"), ("entry_points", 1), ("distributions", 1)]]'
	query -0 --path "$WORK/a" --path "$WORK/b" | tr '\0' , | grep -qx 'g,4,2,h,1,1,'
	mkdir "$WORK/none"
	run query --path "$WORK/none"
	[ "$status" -eq 3 ]
	usage_error --owner query --owner --path "$WORK/a"
}

@test "GROUP NAME prints each entry of that name" {
	two_dirs
	run query g shared --path "$WORK/a" --path "$WORK/b"
	[ "$status" -eq 0 ]
	[ "$output" = "shared${TAB}a:y${TAB}foo 1.0
shared${TAB}b:z${TAB}bar" ]
}

@test "names and groups are compared byte by byte" {
	two_dirs
	for words in 'G' 'g Shared' 'g share' 'g shared2' 'other'; do
		# shellcheck disable=SC2086
		run query $words --path "$WORK/a"
		[ "$status" -eq 3 ]
	done
}

@test "nothing found exits 3 and prints nothing, or an empty array" {
	two_dirs
	run query nosuch --path "$WORK/a"
	[ "$status" -eq 3 ]
	[ -z "$output" ]
	run query g nosuch --path "$WORK/a"
	[ "$status" -eq 3 ]
	[ -z "$output" ]
	run query g nosuch -0 --path "$WORK/a"
	[ "$status" -eq 3 ]
	[ -z "$output" ]
	run query nosuch --json --path "$WORK/a"
	[ "$status" -eq 3 ]
	[ "$output" = '[]' ]
}

@test "a group without a name can be asked for" {
	dist "$SITE/foo-1.dist-info" '[]\na = m:x\n'
	run query '' --path "$SITE"
	[ "$status" -eq 0 ]
	[ "$output" = "a${TAB}m:x${TAB}foo 1" ]
}

@test "after -- a word that begins with - is a group" {
	dist "$SITE/foo-1.dist-info" '[--all]\n-v = m:x\n'
	run query --path "$SITE" -- --all -v
	[ "$status" -eq 0 ]
	[ "$output" = "-v${TAB}m:x${TAB}foo 1" ]
}

@test "fifty --path are taken in order" {
	local args=() i
	for i in {1..50}; do
		dist "d$i/n$i-1.dist-info" "[g]\\nn$i = m:x\\n"
		args+=("--path=$WORK/d$i")
	done
	run query g --json "${args[@]}"
	[ "$status" -eq 0 ]
	json '[e["name"] for e in j] == ["n%d" % i for i in range(1, 51)]'
}

@test "without --path the system's directories are asked" {
	[ -e /usr/bin/python3 ] || skip "needs /usr/bin/python3"
	run --separate-stderr query --all --json -v
	[[ $status == [034] ]]
	json 'all(e["directory"].startswith("/usr/") for e in j)'
	[[ $stderr == *"epcache: /usr/"*"/python3"*"distributions"* ]]
}

# --- sys.path entries -------------------------------------------------------------

@test "relative, empty and untidy entries are printed as absolute directories" {
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\n'
	cd "$SITE"
	for entry in '' . ./ .// ./. "$SITE/" "$SITE//." "${SITE%/*}//./site"; do
		run query g --json --path "$entry"
		[ "$status" -eq 0 ]
		json 'j[0]["directory"] == work + "/site"'
		json 'j[0]["distribution"]["path"] == work + "/site/foo-1.dist-info"'
	done
	cd "$WORK"
	run query g --json --path site
	json 'j[0]["directory"] == work + "/site"'
	run query g --json --path ../"${WORK##*/}"/site
	json 'j[0]["directory"] == work + "/../" + work.split("/")[-1] + "/site"'
}

@test "a working directory that is gone is no directory" {
	mkdir gone
	cd gone
	rmdir ../gone
	run --separate-stderr query --all --path '' --path .
	[ "$status" -eq 3 ]
	[ -z "$output$stderr" ]
}

@test "entries that are missing, plain files or FIFOs are passed over in silence" {
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\n'
	echo 'PK no zip file' >plain
	echo text >foo.whl
	touch empty.zip
	mkfifo fifo
	ln -s nowhere dangling
	ln -s loop loop
	run --separate-stderr timeout 20 "$EPCACHE" query g --path "$WORK/missing" \
		--path "$WORK/plain" --path "$WORK/foo.whl" --path "$WORK/empty.zip" \
		--path "$WORK/fifo" --path "$WORK/dangling" --path "$WORK/loop" \
		--path "$WORK/plain/below" --path /dev/null --path "$SITE"
	[ "$status" -eq 0 ]
	[ "$output" = "a${TAB}m:x${TAB}foo 1" ]
	[ -z "$stderr" ]
}

@test "an entry longer than any path is passed over in silence" {
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\n'
	run --separate-stderr query g --path "/$(printf 'x%.0s' {1..5000})" \
		--path "$(printf 'x/%.0s' {1..5000})" --path "$SITE"
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
}

@test "a zip file and a wheel are named on stderr, and exit 4" {
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\n'
	for name in foo.zip foo-1.0-py3-none-any.whl foo-1.0-py3.egg no-suffix; do
		"$PYTHON" -m zipfile -c "$name" "$SITE/foo-1.dist-info"
		run --separate-stderr query g --path "$SITE" --path "$WORK/$name"
		[ "$status" -eq 4 ]
		[ "$output" = "a${TAB}m:x${TAB}foo 1" ]
		says 1 "$WORK/$name: " 'zip file' 'importlib.metadata'
	done
}

@test "a zip file named as a folder is passed over in silence, as importlib.metadata has it" {
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\n'
	mkdir root
	for name in foo.zip foo.whl foo.egg no-suffix; do
		"$PYTHON" -m zipfile -c "$name" "$SITE/foo-1.dist-info"
		cp "$name" root
		ln -s "$name" "link-$name"
		for path in {"$WORK/",./,,link-}"$name"{/,//,/.,/./,//.,/inner,/inner/}; do
			"$PYTHON" -I -c 'import importlib.metadata as m, sys
sys.exit(any(m.distributions(path=sys.argv[1:])))' "$path"
			run --separate-stderr query g --path "$SITE" --path "$path"
			[ "$status" -eq 0 ] || { echo "$path: $status"; false; }
			[ "$output" = "a${TAB}m:x${TAB}foo 1" ]
			[ -z "$stderr" ]
		done
		for path in "/$name/" "/$name//."; do
			run --separate-stderr query g --root root --path "$path"
			[ "$status" -eq 3 ] || { echo "--root, $path: $status"; false; }
			[ -z "$stderr" ]
		done
	done
}

@test "a zip file whose name ends with a dot is one, as is one that a link names" {
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\n'
	"$PYTHON" -m zipfile -c foo. "$SITE/foo-1.dist-info"
	ln -s foo. link
	for path in foo. "$WORK/foo." link .//link; do
		run --separate-stderr query g --path "$path"
		[ "$status" -eq 4 ]
		says 1 'zip file'
	done
}

@test "a zip file with a comment and bytes before it is one as well" {
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\n'
	{
		echo '#!/usr/bin/python3'
		"$PYTHON" - "$SITE/foo-1.dist-info/entry_points.txt" <<-'END'
			import io, sys, zipfile
			b = io.BytesIO()
			with zipfile.ZipFile(b, "w") as z:
			    z.write(sys.argv[1], "foo-1.dist-info/entry_points.txt")
			    z.comment = b"c" * 40000
			sys.stdout.buffer.write(b.getvalue())
		END
	} >app.pyz
	"$PYTHON" -c 'import sys, zipfile; sys.exit(not zipfile.is_zipfile("app.pyz"))'
	run --separate-stderr query g --path "$WORK/app.pyz"
	[ "$status" -eq 4 ]
	says 1 "$WORK/app.pyz: "
}

@test "an egg is looked into, unless its entry ends with a slash" {
	dist foo-1.egg/EGG-INFO '[g]\na = m:x\n'
	printf 'Name: foo\nVersion: 1\n' >foo-1.egg/EGG-INFO/PKG-INFO
	run query g --json --path "$WORK/foo-1.egg"
	[ "$status" -eq 0 ]
	json 'j[0]["distribution"] == {"name": "foo", "version": "1",
		"path": work + "/foo-1.egg/EGG-INFO"}'
	run --separate-stderr query g --path "$WORK/foo-1.egg/"
	[ "$status" -eq 3 ]
	[ -z "$stderr" ]
}

# --- output -----------------------------------------------------------------------

@test "--json is an array of objects of these keys, in this order" {
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x [e]\n'
	run --separate-stderr query g --json --path "$SITE"
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	json 'p == [[("group", "g"), ("name", "a"), ("value", "m:x [e]"),
		("distribution", [("name", "foo"), ("version", "1.0"),
			("path", work + "/site/foo-1.0.dist-info")]),
		("directory", work + "/site")]]'
}

@test "--json has null for a version that the folder does not tell" {
	dist "$SITE/foo.dist-info" '[g]\na = m:x\n'
	run query g --json --path "$SITE"
	json 'j[0]["distribution"]["version"] is None'
}

@test "--json of the file system's root has no double slash" {
	run query --all --json --path /
	[ "$status" -eq 3 ]
	[ "$output" = '[]' ]
}

@test "--json escapes quotes, control characters and bytes that are not UTF-8" {
	dist "$SITE/"$'b\xffd\x1b"\\-1.dist-info' '[g"\\]\n\033a\0b = caf\303\251\177\n'
	run query --all --json --path "$SITE"
	[ "$status" -eq 0 ]
	json 'j[0]["group"] == "g\"\\" and j[0]["name"] == "\x1ba\0b"'
	json 'j[0]["value"] == "caf\xe9\x7f"'
	json 'j[0]["distribution"]["name"] == "b\udcffd\x1b\"\\"'
	json 'j[0]["distribution"]["path"] == work + "/site/b\udcffd\x1b\"\\-1.dist-info"'
	[[ $output == *'b\udcffd\u001b'* && $output == *café* ]]
	[[ $output != *[$'\x1b\x7f']* ]]
}

@test "--null and -0 end each of six fields with a NUL byte" {
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\nb = new \\\\n line\n'
	for option in -0 --null; do
		query g $option --path "$SITE" >fields
		printf '%s\0' g a m:x foo 1.0 "$SITE/foo-1.0.dist-info" \
			g b 'new \\n line' foo 1.0 "$SITE/foo-1.0.dist-info" >wanted
		cmp fields wanted
	done
}

@test "--null has an empty field for a version that is not known" {
	dist "$SITE/foo.dist-info" '[g]\na = m:x\n'
	query --all -0 --path "$SITE" >fields
	printf '%s\0' g a m:x foo '' "$SITE/foo.dist-info" | cmp - fields
}

@test "--null skips an entry that holds a NUL byte, says so, and exits 4" {
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\nb\0c = m:x\nd = m\0:x\ne = m:x\n'
	run --separate-stderr bash -c '"$EPCACHE" query g -0 --path "$1" >fields' - "$SITE"
	[ "$status" -eq 4 ]
	says 2 "$SITE/foo-1.dist-info" NUL --json
	printf '%s\0' g a m:x foo 1 "$SITE/foo-1.dist-info" \
		g e m:x foo 1 "$SITE/foo-1.dist-info" | cmp - fields
	run query g --path "$SITE"
	[ "$status" -eq 0 ]
	[ "${lines[1]}" = "b\\x00c${TAB}m:x${TAB}foo 1" ]
}

@test "a NUL byte in a name or version that METADATA tells cuts nothing off" {
	dist "$SITE/FOO-1.DIST-INFO" '[g]\na = m:x\n'
	printf 'Name: f\0o\nVersion: 2\0.1\n' >"$SITE/FOO-1.DIST-INFO/METADATA"
	run query g --path "$SITE"
	[ "$status" -eq 0 ]
	[ "$output" = "a${TAB}m:x${TAB}"'f\x00o 2\x00.1' ]
}

@test "control characters are escaped in what people read, C1 too" {
	dist "$SITE/"$'e\x1b[31m\nvil\x7f-1.dist-info' \
		'[g\033]0;x\007]\na\033[2J\010 = \302\233m:x\ttab\x0d\n'
	run --separate-stderr query --all --path "$SITE"
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 1 ]
	[ "$output" = 'g\x1b]0;x\x07'"$TAB"'a\x1b[2J\x08'"$TAB"'\xc2\x9bm:x\x09tab'"$TAB"'e\x1b[31m\x0avil\x7f 1' ]
}

@test "control characters are escaped in messages" {
	dist "$SITE/"$'e\x1b[31m\nvil-1.dist-info' '[g]\nno equals sign\n'
	run --separate-stderr query --all --path "$SITE"
	[ "$status" -eq 4 ]
	says 1 "$SITE"'/e\x1b[31m\x0avil-1.dist-info/entry_points.txt:2: '
	[[ $stderr != *$'\x1b'* ]]
	run --separate-stderr query --all "$(printf 'a\033[2Jb')"
	[ "$status" -eq 2 ]
	[[ $stderr != *$'\x1b'* ]]
}

@test "long names are printed whole" {
	local name
	name=$(printf 'é%.0s' {1..118})
	dist "$SITE/$name-1.0.dist-info" '[g]\na = m:x\n'
	run query g --path "$SITE"
	[ "$status" -eq 0 ]
	[ "$output" = "a${TAB}m:x${TAB}$name 1.0" ]
}

# --- opaque input -----------------------------------------------------------------

@test "what importlib.metadata raises for: file and line on stderr, the rest, exit 4" {
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\n\n; no comment\nb = m:y\n'
	dist b/bar-1.dist-info '[g]\nc = m:z\n'
	for how in '--check live' '--check strict'; do
		# shellcheck disable=SC2086
		run --separate-stderr query g $how --path "$SITE" --path "$WORK/b"
		[ "$status" -eq 4 ]
		[ "$output" = "a${TAB}m:x${TAB}foo 1
b${TAB}m:y${TAB}foo 1
c${TAB}m:z${TAB}bar 1" ]
		says 1 "epcache: $SITE/foo-1.dist-info/entry_points.txt:4: " \
			'neither "name = value" nor a [group]' 'mend it'
		refresh "$SITE" "$WORK/b"
	done
}

@test "it counts whatever group is asked for, and where nothing is found" {
	dist "$SITE/foo-1.dist-info" '[g]\nno equals sign\n'
	for words in g h 'h name' --all; do
		# shellcheck disable=SC2086
		run --separate-stderr query $words --path "$SITE"
		[ "$status" -eq 4 ]
		[ -z "$output" ]
		says 1 "$SITE/foo-1.dist-info/entry_points.txt:2: "
	done
}

@test "it counts only where it would take part in the answer" {
	dist a/foo-1.dist-info '[g]\na = m:x\n'
	dist b/Foo-2.dist-info '[g]\nno equals sign\n'
	run --separate-stderr query g --path "$WORK/a" --path "$WORK/b"
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	run --separate-stderr query g --path "$WORK/b" --path "$WORK/a"
	[ "$status" -eq 4 ]
	says 1 "$WORK/b/Foo-2.dist-info/entry_points.txt:2: "
}

@test "a second wrong line is left to the next run: the first one ends the file" {
	dist "$SITE/foo-1.dist-info" '[g]\none\ntwo\n'
	run --separate-stderr query --all --path "$SITE"
	[ "$status" -eq 4 ]
	says 1 'entry_points.txt:2: '
}

# --- --check ----------------------------------------------------------------------

# cached_then_edited - $SITE in the cache, then changed in place: same folder name.
cached_then_edited() {
	dist "$SITE/foo-1.dist-info" '[g]\na = m:old\n'
	refresh "$SITE"
	printf '[g]\na = m:new\n' >"$SITE/foo-1.dist-info/entry_points.txt"
}

@test "--check strict sees an edit in place, and so does auto" {
	cached_then_edited
	for how in '--check strict' '--check=auto' ''; do
		# shellcheck disable=SC2086
		run --separate-stderr query g --json --path "$SITE" $how
		[ "$status" -eq 0 ]
		[ "$(values)" = m:new ]
		says 1 'out of date'
	done
}

@test "--check fast looks at the directory alone" {
	cached_then_edited
	run --separate-stderr query g --json --path "$SITE" --check fast
	[ "$status" -eq 0 ]
	[ "$(values)" = m:old ]
	[ -z "$stderr" ]
	dist "$SITE/bar-1.dist-info" ''
	run --separate-stderr query g --json --path "$SITE" --check fast
	[ "$(values)" = m:new ]
	says 1 'out of date'
}

@test "--check live uses no cache" {
	cached_then_edited
	run --separate-stderr query g --json --path "$SITE" --check live
	[ "$status" -eq 0 ]
	[ "$(values)" = m:new ]
	[ -z "$stderr" ]
	refresh "$SITE"
	run --separate-stderr query g --path "$SITE" --check live -v
	[[ $stderr == *"$SITE: read live, 1 distributions, 1 entry points"* ]]
}

@test "--check with another word is a usage error that names it" {
	run --separate-stderr query g --path "$WORK" --check strictly
	[ "$status" -eq 2 ]
	[ -z "$output" ]
	says 1 "'strictly'" auto strict fast live
}

# --- other options ----------------------------------------------------------------

@test "--cache-dir is the only folder read" {
	cached_then_edited
	refresh "$SITE"
	run --separate-stderr query g --path "$SITE" -v
	[[ $stderr == *"$SITE: from the cache, 1 distributions, 1 entry points"* ]]
	[[ $stderr == *"1 entry points printed, of 1 distributions in 1 directories (1 from the cache), in "*' ms' ]]
	run --separate-stderr "$EPCACHE" query g --path "$SITE" -v --cache-dir "$WORK/none"
	[[ $stderr == *"$SITE: read live, "* ]]
	[ ! -e "$WORK/none" ]
}

@test "query writes nothing" {
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\n'
	before=$(find "$WORK" -printf '%p %i %T@ %C@\n')
	query --all --path "$SITE" --path "$WORK/missing"
	query --all --path "$SITE" --check live
	[ "$(find "$WORK" -printf '%p %i %T@ %C@\n')" = "$before" ]
}

@test "-q and --quiet say nothing of what was skipped, and exit as without" {
	dist "$SITE/foo-1.dist-info" '[g]\nno equals sign\n'
	for option in -q --quiet; do
		run --separate-stderr query g $option --path "$SITE"
		[ "$status" -eq 4 ]
		[ -z "$output$stderr" ]
	done
}

@test "-v and --verbose tell of each entry what became of it" {
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\n[h]\nb = m:x\n'
	refresh "$SITE"
	mkdir other
	for option in -v --verbose; do
		run --separate-stderr query g $option --path "$WORK/missing" --path "$SITE" \
			--path "$WORK/other"
		[ "$status" -eq 0 ]
		says 4 "epcache: $WORK/missing: nothing there, 0 distributions, 0 entry points" \
			"epcache: $SITE: from the cache, 1 distributions, 2 entry points" \
			"epcache: $WORK/other: read live, 0 distributions, 0 entry points" \
			"1 entry points printed, of 1 distributions in 3 directories (1 from the cache)"
	done
}

@test "--help and -h print every option on stdout" {
	for option in --help -h; do
		run --separate-stderr "$EPCACHE" query $option
		[ "$status" -eq 0 ]
		[ -z "$stderr" ]
		for word in --path --all --check --null -0 --python --cache-dir --json --quiet -q \
			--verbose -v --help; do
			[[ $output == *"$word"* ]]
		done
	done
	run --separate-stderr "$EPCACHE" --help
	[ "$status" -eq 0 ]
	[[ $output == *query* && $output == *refresh* ]]
}

@test "--version prints the version" {
	run --separate-stderr "$EPCACHE" --version
	[ "$status" -eq 0 ]
	[[ $output =~ ^epcache\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
}

# fake_python TEXT - an interpreter that is a shell script.
fake_python() {
	printf '#!/bin/sh\n%s\n' "$1" >"$WORK/python"
	chmod 755 "$WORK/python"
}

@test "--python asks an interpreter for its sys.path, isolated" {
	needs_user
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\n'
	fake_python "[ \"\$1\" = -I ] && printf '%s\\0' '$WORK/none' '$SITE'"
	run --separate-stderr as_user "$EPCACHE" query g -v --python "$WORK/python"
	[ "$status" -eq 0 ]
	[ "$output" = "a${TAB}m:x${TAB}foo 1" ]
	[[ $stderr == *"$WORK/none: nothing there"*"$SITE: read live"* ]]
}

@test "--python of a real interpreter gives its own directories" {
	needs_user
	as_user "$PYTHON" -c pass || skip "needs an interpreter that any user may run"
	run --separate-stderr as_user "$EPCACHE" query --all -v --python "$PYTHON"
	[[ $status == [034] ]]
	[[ $stderr == *"$("$PYTHON" -c 'import os; print(os.path.dirname(os.__file__))'): "* ]]
}

@test "--python of what is no interpreter names it and exits 1" {
	needs_user
	for text in 'exit 1' 'exit 0' 'echo no NUL at the end' 'kill -9 $$'; do
		fake_python "$text"
		run --separate-stderr as_user "$EPCACHE" query g --python "$WORK/python"
		[ "$status" -eq 1 ]
		[ -z "$output" ]
		says 1 "'$WORK/python'"
	done
	run --separate-stderr as_user "$EPCACHE" query g --python "$WORK/nosuch"
	[ "$status" -eq 1 ]
	says 1 "'$WORK/nosuch': No such file or directory; "
	touch "$WORK/nosuch"
	run --separate-stderr as_user "$EPCACHE" query g --python "$WORK/nosuch"
	[ "$status" -eq 1 ]
	says 1 "'$WORK/nosuch': Permission denied; "
}

@test "--python that prints without end is given up" {
	needs_user
	fake_python 'while :; do echo y; done'
	run --separate-stderr as_user timeout 60 "$EPCACHE" query g --python "$WORK/python"
	[ "$status" -eq 1 ]
	says 1 "'$WORK/python'"
}

@test "--python is refused to root" {
	needs_root
	fake_python "touch '$WORK/was-run'"
	run --separate-stderr query g --python "$WORK/python"
	[ "$status" -eq 1 ]
	says 1 "'$WORK/python'" 'another user'
	[ ! -e was-run ]
}

# --- usage ------------------------------------------------------------------------

@test "usage errors are one line on stderr that names the word, and exit 2" {
	usage_error --help
	usage_error "'frobnicate'" frobnicate
	usage_error "''" ''
	usage_error "'--frobnicate'" --frobnicate query
	usage_error "'--frobnicate'" query --frobnicate g
	usage_error "'--frobnicate=1'" query g --frobnicate=1
	usage_error "'-x'" query -x g
	usage_error "'--json=yes'" query g --json=yes
	usage_error "'--path'" query g --path
	usage_error "'--check'" query g --check
	usage_error "'--cache-dir'" query g --cache-dir
	usage_error "'--python'" query g --python
	usage_error "'--force'" query g --force
	usage_error '--all' query --all g
	usage_error "'third'" query g n third
	usage_error '--null' query g --json -0
	usage_error '--path' query g --python /bin/true --path /
}

@test "an unknown letter among others is named" {
	usage_error "'-x'" query -qx g
	usage_error "'-x'" query -xq g
}

# --- standard output --------------------------------------------------------------

@test "a full standard output is said, and exits 1" {
	[ -e /dev/full ] || skip "needs /dev/full"
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\n'
	for words in 'g' '--all' 'g --json' 'g -0' 'g --json nosuch' '--help'; do
		# shellcheck disable=SC2086
		run --separate-stderr bash -c '"$EPCACHE" query "$@" >/dev/full' - $words \
			--path "$SITE"
		[ "$status" -eq 1 ]
		says 1 'standard output' 'No space left on device'
	done
	run --separate-stderr bash -c '"$EPCACHE" --help >/dev/full'
	[ "$status" -eq 1 ]
	run --separate-stderr bash -c '"$EPCACHE" --version >/dev/full'
	[ "$status" -eq 1 ]
}

@test "a full standard output wins over opaque input" {
	[ -e /dev/full ] || skip "needs /dev/full"
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\nno equals sign\n'
	run bash -c '"$EPCACHE" query g --path "$1" >/dev/full' - "$SITE"
	[ "$status" -eq 1 ]
}

@test "a pipe that nobody reads ends it without an answer" {
	dist "$SITE/foo-1.dist-info" "[g]\\n$(printf 'n%d = m:x\\n' {1..5000})"
	run bash -c 'set -o pipefail; "$EPCACHE" query g --path "$1" | head -n 1' - "$SITE"
	[ "$status" -eq 141 ]
	[ "${lines[0]}" = "n1${TAB}m:x${TAB}foo 1" ]
}

@test "closed standard streams are no file of ours" {
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\nno equals sign\n'
	refresh "$SITE"
	before=$(cksum <"$(cache_file "$SITE")")
	for streams in '>&-' '2>&-' '<&-' '<&- >&- 2>&-'; do
		run bash -c '"$EPCACHE" query g --cache-dir "$1" --path "$2" '"$streams" - \
			"$CACHE" "$SITE"
		case " $streams" in
		*' >&-'*) [ "$status" -eq 1 ] ;;
		*) [ "$status" -eq 4 ] ;;
		esac
	done
	[ "$(cksum <"$(cache_file "$SITE")")" = "$before" ]
	cmp "$SITE/foo-1.dist-info/entry_points.txt" \
		<(printf '[g]\na = m:x\nno equals sign\n')
}

@test "--dist: one distribution's entry points, in all groups or one, also when it has none" {
	dist "$SITE/foo_bar-1.dist-info" '[g]\na = m:x\n[h]\nc = m:x\n'
	dist "$SITE/other-1.dist-info" '[g]\na = m:y\n'
	dist "$SITE/bare-1.dist-info" ''
	dist "$WORK/b/Foo.Bar-2.dist-info" '[g]\nhidden = m:x\n'
	for name in foo-bar Foo.BAR foo_bar; do
		run --separate-stderr query --dist "$name" --path "$SITE" --path "$WORK/b"
		[ "$status" -eq 0 ]
		[ "$output" = "g${TAB}a${TAB}m:x${TAB}foo_bar 1
h${TAB}c${TAB}m:x${TAB}foo_bar 1" ]
	done
	run --separate-stderr query h --dist foo-bar --path "$SITE"
	[ "$output" = "c${TAB}m:x${TAB}foo_bar 1" ]
	run --separate-stderr query --json --dist other --path "$SITE"
	json '[(e["group"], e["name"]) for e in j] == [("g", "a")]'
	[ -z "$(query --dist bare --quiet --path "$SITE" 2>&1)" ]
	run --separate-stderr query --dist bare --path "$SITE"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	says 1 "bare-1.dist-info' has no such entry points"
	run --separate-stderr query --dist nobody --path "$SITE"
	[ "$status" -eq 3 ]
	says 1 "there is no distribution 'nobody'"
}
