# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# epcache explain: the whole way of one answer.

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

explain() {
	run --separate-stderr "$EPCACHE" explain --cache-dir "$CACHE" "$@"
}

# one_and_two - two directories; that of one hides what two has of foo.
one_and_two() {
	dist one/foo-1.dist-info '[g]\na = m:one\n'
	dist two/foo-2.dist-info '[g]\na = m:two\n'
	dist two/bar-1.dist-info '[g]\na = m:bar\n'
	BOTH=(--path "$WORK/one" --path "$WORK/two")
}

# --- the answer ---------------------------------------------------------------------

@test "where it comes from: the path, then an arrow" {
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\nb = m:y\n[h]\na = m:z\n'
	refresh "$SITE"
	explain g a --path "$SITE" --path "$WORK/none"
	[ "$status" -eq 0 ]
	[ "$output" = "1$TAB$SITE${TAB}from the cache
2$TAB$WORK/none${TAB}nothing is there

-> m:x
   of $SITE/foo-1.dist-info" ]
	[ -z "$stderr" ]
}

@test "candidates in the order of sys.path, and what hides them" {
	one_and_two
	explain g a "${BOTH[@]}" --json
	[ "$status" -eq 0 ]
	json '[(o["value"], o["hidden_by"]) for o in j["candidates"] if o["distribution"]["name"] == "foo"] ==
		[("m:one", None), ("m:two", {"directory": work + "/one",
			"path": work + "/one/foo-1.dist-info"})]'
	json 'j["candidates"][0]["value"] == "m:one"'
	json '[o["hidden_by"] for o in j["candidates"] if o["distribution"]["name"] == "bar"] == [None]'
	explain g a "${BOTH[@]}"
	[[ $output == *"
-> m:one
   of $WORK/one/foo-1.dist-info
"* ]]
	[[ $output == *"
   m:two
   of $WORK/two/foo-2.dist-info
   hidden by $WORK/one/foo-1.dist-info"* ]]
	[[ $output == *"
-> m:bar
   of $WORK/two/bar-1.dist-info"* ]]
	[ "$(grep -c '^->' <<<"$output")" -eq 2 ]
	explain g a --path "$WORK/two" --path "$WORK/one" --json
	json '{o["value"]: o["hidden_by"] and o["hidden_by"]["path"] for o in j["candidates"]} ==
		{"m:one": work + "/two/foo-2.dist-info", "m:two": None, "m:bar": None}'
	json 'j["candidates"][-1]["value"] == "m:one"'
}

@test "the arrows are what a query answers" {
	one_and_two
	dist two/FOO_.-x-3.dist-info '[g]\na = m:four\n'
	dist one/foo_x-1.dist-info '[g]\na = m:three\n'
	for path in "one two" "two one" "one one two" "two"; do
		# shellcheck disable=SC2046,SC2086
		set -- $(printf -- '--path %s ' $path)
		run "$EPCACHE" query g a --cache-dir "$CACHE" --json "$@"
		wanted=$(values)
		explain g a "$@"
		[ "$(sed -n 's/^-> //p' <<<"$output" | sort | tr '\n' ' ')" = \
			"$(tr ' ' '\n' <<<"$wanted" | sort | tr '\n' ' ')" ]
	done
}

@test "an empty folder, a plain file and a dangling link hide as well" {
	dist "$WORK/two/foo-2.dist-info" '[g]\na = m:two\n'
	for how in mkdir touch 'ln -s none'; do
		rm -rf one
		mkdir one
		$how one/foo-1.dist-info
		for cached in no yes; do
			[ $cached = no ] || refresh "$WORK/one" "$WORK/two"
			explain g a --path "$WORK/one" --path "$WORK/two"
			[ "$status" -eq 3 ]
			[ -z "$stderr" ]
			[[ $output == *"
   m:two
   of $WORK/two/foo-2.dist-info
   hidden by $WORK/one/foo-1.dist-info" ]]
			[[ $output != *'->'* ]]
		done
	done
}

@test "names hide each other as they are normalised" {
	dist one/Foo.Bar-1.dist-info ''
	dist two/foo__bar-2.dist-info '[g]\na = m:two\n'
	explain g a --path one --path two
	[ "$status" -eq 3 ]
	[[ $output == *"hidden by $WORK/one/Foo.Bar-1.dist-info" ]]
}

@test "two versions in one directory: one hides the other" {
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\n'
	dist "$SITE/foo-2.dist-info" '[g]\na = m:x\n'
	explain g a --path "$SITE" --json
	[ "$status" -eq 0 ]
	json 'sorted(bool(o["hidden_by"]) for o in j["candidates"]) == [False, True]'
	json '[o["hidden_by"]["path"] for o in j["candidates"] if o["hidden_by"]] ==
		[o["distribution"]["path"] for o in j["candidates"] if not o["hidden_by"]]'
}

@test "a name given twice by one distribution has two arrows" {
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\na = m:y\n'
	explain g a --path "$SITE"
	[ "$status" -eq 0 ]
	[ "$(grep '^->' <<<"$output")" = '-> m:x
-> m:y' ]
}

@test "nothing found exits 3 and says so below the path" {
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\n'
	for ask in 'g b' 'h a' 'g A'; do
		# shellcheck disable=SC2086
		explain $ask --path "$SITE"
		[ "$status" -eq 3 ]
		[ "$output" = "1$TAB$SITE${TAB}read live: no cache file

no distribution there has it" ]
		[ -z "$stderr" ]
	done
	explain g b --path "$SITE" --json
	[ "$status" -eq 3 ]
	json 'j["candidates"] == [] and len(j["path"]) == 1'
}

# --- cache or live ------------------------------------------------------------------

# bypassed FILE WHY - $SITE was read live, because of its cache file.
bypassed() {
	explain g a --path "$WORK/none" --path "$SITE"
	[ "$status" -eq 0 ]
	[ "${lines[1]}" = "2$TAB$SITE${TAB}read live" ] || { echo "$output"; return 1; }
	[ "${lines[2]}" = "2: $1" ] || { echo "$output"; return 1; }
	[ "${lines[3]}" = "   $2" ] || { echo "$output"; return 1; }
	explain g a --path "$SITE" --json
	json "j['path'] == [{'directory': work + '/site', 'source': 'read live',
		'cache_file': r'$1', 'why': '$2'}]"
}

@test "why a cache file was bypassed" {
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\n'
	refresh "$SITE"
	local file
	file=$(cache_file "$SITE")
	chmod 666 "$file"
	bypassed "$file" 'is writable by others'
	chmod 644 "$file"
	mkdir "$SITE/bar-1.dist-info"
	bypassed "$file" 'is out of date: other distributions are there'
	printf '\x02' | dd of="$file" bs=1 seek=8 conv=notrunc status=none
	bypassed "$file" 'is of a newer format'
	truncate -s 0 "$file"
	bypassed "$file" 'is damaged'
}

@test "no cache file, no directory, an archive, and no cache wanted" {
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\n'
	"$PYTHON" -I -c 'import zipfile; zipfile.ZipFile("zip", "w").close()'
	explain g a --path "$SITE" --path none --path zip --json
	json '[(o["source"], o["cache_file"], o["why"]) for o in j["path"]] == [
		("read live", None, "has no cache file"), ("nothing is there", None, None),
		("an archive, not read", None, None)]'
	refresh "$SITE"
	explain g a --path "$SITE" --check live
	[ "${lines[0]}" = "1$TAB$SITE${TAB}read live, as --check has it" ]
	[ "${#lines[@]}" -eq 3 ]
	explain g a --path "$SITE" --check live --json
	json 'j["path"][0]["why"] == "read live, as --check has it"'
	for word in 0 live; do
		run --separate-stderr bash -c 'tool=$EPCACHE; EPCACHE=$1 exec "$tool" explain \
			--cache-dir "$2" --path "$3" "${@:4}" g a' bash $word "$CACHE" "$SITE"
		[ "${lines[0]}" = "1$TAB$SITE${TAB}read live, as EPCACHE has it" ]
		run --separate-stderr bash -c 'tool=$EPCACHE; EPCACHE=$1 exec "$tool" explain \
			--cache-dir "$2" --path "$3" --json g a' bash $word "$CACHE" "$SITE"
		json 'j["path"][0]["why"] == "read live, as EPCACHE has it"'
	done
	run --separate-stderr bash -c 'tool=$EPCACHE; EPCACHE=live exec "$tool" explain \
		--cache-dir "$1" --path "$2" --check strict g a' bash "$CACHE" "$SITE"
	[ "${lines[0]}" = "1$TAB$SITE${TAB}from the cache" ]
	for check in auto strict fast; do
		explain g a --path "$SITE" --check $check
		[ "${lines[0]}" = "1$TAB$SITE${TAB}from the cache" ]
	done
}

@test "--check fast misses an edit in place that strict sees" {
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\n'
	refresh "$SITE"
	printf '[g]\na = m:y\n' >"$SITE/foo-1.dist-info/entry_points.txt"
	explain g a --path "$SITE" --check fast
	[ "${lines[1]}" = '-> m:x' ]
	explain g a --path "$SITE" --check strict
	[ "${lines[3]}" = '-> m:y' ]
}

@test "--check with another word is a usage error that names it" {
	usage_error "'slow'" explain g a --check slow
}

# --- JSON ---------------------------------------------------------------------------

@test "--json is an object of these keys, in this order" {
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\n'
	dist "$SITE/nover.egg-info" '[g]\na = m:y\n'
	refresh "$SITE"
	explain g a --path "$SITE" --json
	json '[k for k, v in p] == ["group", "name", "path", "candidates"]'
	json '[k for k, v in dict(p)["path"][0]] == ["directory", "source", "cache_file", "why"]'
	json '[[k for k, v in o] for o in dict(p)["candidates"]] == [["value", "distribution",
		"directory", "hidden_by"]] * 2'
	json 'j["group"] == "g" and j["name"] == "a"'
	json 'j["path"] == [{"directory": work + "/site", "source": "from the cache",
		"cache_file": '"r'$(cache_file "$SITE")'"', "why": None}]'
	json '{"value": "m:x", "distribution": {"name": "foo", "version": "1.0",
		"path": work + "/site/foo-1.0.dist-info"}, "directory": work + "/site",
		"hidden_by": None} in j["candidates"]'
	json '{"value": "m:y", "distribution": {"name": "nover", "version": None,
		"path": work + "/site/nover.egg-info"}, "directory": work + "/site",
		"hidden_by": None} in j["candidates"]'
	distributions="$("$PYTHON" -I -c 'import json, sys
print(*sorted(str(o["distribution"]) for o in json.loads(sys.argv[1])["candidates"]))' "$output")"
	run "$EPCACHE" query g a --cache-dir "$CACHE" --path "$SITE" --json
	"$PYTHON" -I -c 'import json, sys
got = " ".join(sorted(str(o["distribution"]) for o in json.loads(sys.argv[1])))
assert got == sys.argv[2], (got, sys.argv[2])' "$output" "$distributions"
}

@test "control characters are escaped for people, kept for programs" {
	local odd=$'o\e\n\xff'
	dist "$odd/foo-1.dist-info" '[g]\na = m:\x1b[31mx\n'
	dist two/foo-2.dist-info '[g]\na = m:y\n'
	refresh "$odd"
	mkdir "$odd/bar-1.dist-info"
	explain g a --path "$odd" --path two
	[ "$status" -eq 0 ]
	[[ $output != *$'\e'* ]]
	[[ ${lines[0]} == "1$TAB$WORK/o\\x1b\\x0a\\xff$TAB"* ]]
	[[ $output == *'-> m:\x1b[31mx'*"of $WORK/o\\x1b\\x0a\\xff/foo-1.dist-info"* ]]
	[[ $output == *"hidden by $WORK/o\\x1b\\x0a\\xff/foo-1.dist-info" ]]
	explain g a --path "$odd" --json
	json 'j["candidates"][0]["value"] == "m:\x1b[31mx"'
	json 'j["candidates"][0]["directory"] == work + "/o\x1b\n\udcff"'
}

@test "on a terminal the columns are aligned, and fit 80" {
	local long=/usr/local/lib64/python3.13/site-packages
	mkdir -p root/usr/bin "root$long"
	tty "$EPCACHE" explain g a --root root --path /usr/bin --path "$long"
	[ "$status" -eq 3 ]
	[ "$(head -2 <<<"$output")" = "1  /usr/bin                                   read live: no cache file
2  $long  read live: no cache file" ]
	[ "$(awk '{ print length }' <<<"$output" | sort -n | tail -1)" -le 80 ]
}

@test "a virtual environment in a home folder, and its cache file, fit 80 columns" {
	local dir=/home/me/src/site/.venv/lib/python3.13/site-packages
	mkdir -p root/usr/bin "root$dir"
	tty "$EPCACHE" explain g a --root root --path /usr/bin --path "$dir"
	[ "$(head -3 <<<"$output")" = "1  /usr/bin  read live: no cache file
2  $dir
             read live: no cache file" ]
	dir=/usr/local/lib64/python3.13/site-packages
	mkdir -p "root$dir"
	"$EPCACHE" refresh --root root "$dir"
	mkdir "root$dir/new-1.dist-info"
	tty "$EPCACHE" explain g a --root root --path "$dir"
	[[ $output == *"
1: /var/cache/epcache/"*"
   is out of date"* ]]
	[ "$(awk '{ print length }' <<<"$output" | sort -n | tail -1)" -le 80 ]
}

# --- options ------------------------------------------------------------------------

@test "what importlib.metadata raises for is said on stderr, unless -q" {
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\nno equals sign\n'
	explain g a --path "$SITE"
	[ "$status" -eq 4 ]
	says 1 "$SITE/foo-1.dist-info/entry_points.txt:3:"
	for option in -q --quiet; do
		explain g a --path "$SITE" $option
		[ -z "$stderr" ]
		[[ $output == *'-> m:x'* ]]
	done
}

@test "without --path: the directories of the system's Python, in order" {
	mkdir -p root/usr/bin root/usr/lib/python3.11/lib-dynload
	touch root/usr/bin/python3.11 root/usr/lib/python3.11/os.py
	ln -s python3.11 root/usr/bin/python3
	dist root/usr/lib/python3/dist-packages/foo-1.dist-info '[g]\na = m:x\n'
	explain g a --root root --json
	[ "$status" -eq 0 ]
	json '[o["directory"] for o in j["path"]] == ["/usr/lib/python3.11",
		"/usr/lib/python3.11/lib-dynload", "/usr/lib/python3/dist-packages"]'
	json 'j["candidates"][0]["directory"] == "/usr/lib/python3/dist-packages"'
}

@test "--python asks an interpreter for its sys.path, and is refused to root" {
	needs_user
	mkdir -p bin
	printf '#!/bin/sh\nprintf "%%s\\0" "%s"\n' "$SITE" >bin/python
	chmod 755 bin/python
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\n'
	run --separate-stderr as_user "$EPCACHE" explain g a --python "$WORK/bin/python" --json
	[ "$status" -eq 0 ]
	json '[o["directory"] for o in j["path"]] == [work + "/site"]'
	usage_error --path explain g a --python "$WORK/bin/python" --path /
	is_root || return 0
	explain g a --python "$WORK/bin/python"
	[ "$status" -eq 1 ]
	says 1 "'$WORK/bin/python'" root
}

@test "-v and --verbose tell the numbers of each directory on stderr, as those of query" {
	one_and_two
	refresh "$WORK/two"
	explain g a "${BOTH[@]}"
	local answer=$output
	for option in -v --verbose '-v --json'; do
		# shellcheck disable=SC2086
		explain g a "${BOTH[@]}" $option
		[ "$status" -eq 0 ]
		[[ $option == *json ]] || [ "$output" = "$answer" ]
		says 3 "$WORK/one: read live, 1 distributions, 1 entry points" \
			"$WORK/two: from the cache, 2 distributions, 2 entry points" \
			'3 candidates printed, of 3 distributions in 2 directories (1 from the cache)'
	done
}

@test "--help and -h print every option on stdout" {
	for option in --help -h; do
		run --separate-stderr "$EPCACHE" explain $option
		[ "$status" -eq 0 ]
		[ -z "$stderr" ]
		[ "$(grep -o -- ' --[a-z-]*' <<<"$output" | grep -vx -e ' --version' | tr -d '\n')" = \
			' --path --check --python --root --cache-dir --json --quiet --verbose --help' ]
	done
}

@test "usage errors are one line on stderr that names the word, and exit 2" {
	usage_error GROUP explain
	usage_error NAME explain g
	usage_error NAME explain g a b
	usage_error "'--all'" explain --all
	usage_error "'--path'" explain g a --path
}

@test "explain writes nothing" {
	one_and_two
	local before
	before=$(find "$WORK" -printf '%p %i %s %T@ %C@\n' | sort)
	explain g a "${BOTH[@]}"
	[ "$(find "$WORK" -printf '%p %i %s %T@ %C@\n' | sort)" = "$before" ]
}

@test "a full standard output is said, and exits 1" {
	[ -e /dev/full ] || skip "needs /dev/full"
	for option in '' --json; do
		run bash -c '"$EPCACHE" explain g a $1 --path / 2>&1 >/dev/full' bash "$option"
		[ "$status" -eq 1 ]
		[[ $output == *'standard output'* ]]
	done
}
