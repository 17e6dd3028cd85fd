# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# epcache dump: a cache file as JSON.

# shellcheck disable=SC2016,SC2030,SC2031 # each test is a subshell; bash -c expands

load lib

setup() {
	work_begin
}

teardown() {
	work_end
}

dump() {
	run --separate-stderr "$EPCACHE" dump "$@"
}

# cached - $FILE, the cache file of $SITE.
cached() {
	refresh "$SITE"
	FILE=$(cache_file "$SITE")
}

# of FOLDER EXPRESSION - is it true of that distribution, `d`?
of() {
	json "[d for d in j['distributions'] if d['folder'] == '$1' and ($2)]"
}

@test "the directory, its token, and the distributions, in this order" {
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\nb = m:y\n[h]\na = m:z\n'
	cached
	dump "$FILE"
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	json '[k for k, v in p] == ["directory", "fast_allowed", "token", "distributions"]'
	json 'j["directory"] == work + "/site" and j["fast_allowed"] is False'
	json '[k for k, v in dict(p)["token"]] == ["ino", "size", "type", "mtime_ns", "ctime_ns",
		"btime_ns", "settled"]'
	json '[k for k, v in dict(p)["distributions"][0]] == ["folder", "normalized_name", "name",
		"version", "kind", "state", "wins", "rejected_by_3.15", "raises", "line", "token",
		"entry_points"]'
	json 'j["distributions"][0]["entry_points"] == [
		{"group": "g", "name": "a", "value": "m:x"}, {"group": "g", "name": "b", "value": "m:y"},
		{"group": "h", "name": "a", "value": "m:z"}]'
	json 'list(j["distributions"][0]["entry_points"][0]) == ["group", "name", "value"]'
}

@test "tokens are those of the file system, to the last digit" {
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\n'
	touch -d '2001-02-03 04:05:06.123456789' "$SITE/foo-1.dist-info/entry_points.txt"
	cached
	dump "$FILE"
	json 'all((t["ino"], t["size"], t["mtime_ns"], t["ctime_ns"]) ==
			(s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns) and t["settled"] is True
		for os in [__import__("os")] for t, s in [
		(j["token"], os.stat(work + "/site")),
		(j["distributions"][0]["token"],
			os.stat(work + "/site/foo-1.dist-info/entry_points.txt"))])'
	json 'j["distributions"][0]["token"]["mtime_ns"] % 1000000000 == 123456789'
	json '[oct(t["type"]) for t in (j["token"], j["distributions"][0]["token"])] in
		(["0o40000", "0o100000"], ["0o4", "0o10"])'
}

@test "an inode number of 64 bits, as overlay has them, is not negative" {
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\n'
	cached
	"$PYTHON" -I - "$FILE" "$SITE" <<-'END' || skip "needs libxxhash.so.0 to forge a checksum"
	import ctypes, os, sys
	xxh3 = ctypes.CDLL("libxxhash.so.0").XXH3_64bits
	xxh3.restype = ctypes.c_uint64
	xxh3.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
	ino = os.stat(sys.argv[2]).st_ino
	data = open(sys.argv[1], "rb").read()[:-8]
	data = data.replace(ino.to_bytes(8, "little"), (ino | 1 << 63).to_bytes(8, "little"))
	open(sys.argv[1], "wb").write(data + xxh3(data, len(data)).to_bytes(8, "little"))
	END
	dump "$FILE"
	[ "$status" -eq 0 ]
	json 'j["token"]["ino"] == __import__("os").stat(work + "/site").st_ino + 2 ** 63'
}

@test "what there can be of a distribution" {
	dist "$SITE/Foo.Bar-1.0.dist-info" '[g]\na = m:x\n'
	dist "$SITE/egg-2.egg-info" ''
	dist "$SITE/bare.egg-info" ''
	mkdir "$SITE/none-3.dist-info" "$SITE/fifo-1.dist-info" "$SITE/bytes-1.dist-info" \
		"$SITE/link-1.dist-info"
	mkfifo "$SITE/fifo-1.dist-info/entry_points.txt"
	ln -s /none "$SITE/link-1.dist-info/entry_points.txt"
	printf '[g]\na = m:\xff\n' >"$SITE/bytes-1.dist-info/entry_points.txt"
	dist "$SITE/line-1.dist-info" '[g]\na = m:x\n\nnothing\n'
	dist "$SITE/odd-1.dist-info" '[g]\na = not a value\n'
	cached
	dump "$FILE"
	[ "$status" -eq 0 ]
	json 'len(j["distributions"]) == 9'
	of Foo.Bar-1.0.dist-info '(d["normalized_name"], d["name"], d["version"], d["kind"],
		d["state"], d["raises"], d["line"]) ==
		("foo_bar", "Foo.Bar", "1.0", "dist-info", "text", None, 0)'
	of egg-2.egg-info 'd["kind"] == "egg-info" and d["version"] == "2"'
	of bare.egg-info 'd["version"] is None and d["name"] == "bare"'
	of none-3.dist-info 'd["state"] == "absent" and "token" not in d and not d["entry_points"]'
	of fifo-1.dist-info 'd["state"] == "broken" and d["raises"] == "not a regular file"'
	of link-1.dist-info 'd["state"] == "private" and "token" not in d'
	of bytes-1.dist-info 'd["raises"] == "not UTF-8"'
	of line-1.dist-info 'd["line"] == 4 and "name = value" in d["raises"]'
	of odd-1.dist-info 'd["rejected_by_3.15"] is True'
	of Foo.Bar-1.0.dist-info 'd["rejected_by_3.15"] is False'
}

@test "which of two versions in a directory wins" {
	dist "$SITE/foo-1.dist-info" ''
	dist "$SITE/foo-2.dist-info" ''
	cached
	dump "$FILE"
	json '[d["wins"] for d in j["distributions"]] == [True, False]'
}

@test "distributions are in readdir order" {
	local n
	for n in 5 3 9 1 7; do
		mkdir -p "$SITE/d$n-1.dist-info"
	done
	cached
	dump "$FILE"
	json '[d["folder"] for d in j["distributions"]] == __import__("os").listdir(work + "/site")'
}

@test "fast_allowed where CheckFast= names the directory" {
	mkdir -p root/site root/etc/epcache
	echo CheckFast=/site >root/etc/epcache/epcache.conf
	"$EPCACHE" refresh --root root /site
	dump --root root /var/cache/epcache/site.v1
	[ "$status" -eq 0 ]
	json 'j["fast_allowed"] is True and j["directory"] == "/site"'
}

@test "bytes that are not UTF-8, and control characters" {
	dist "$SITE"/$'f\xff\n-1.dist-info' '[g]\na\x1b = m:\x7f\n'
	cached
	dump "$FILE"
	[ "$status" -eq 0 ]
	json 'j["distributions"][0]["folder"] == "f\udcff\n-1.dist-info"'
	json 'j["distributions"][0]["entry_points"] ==
		[{"group": "g", "name": "a\x1b", "value": "m:\x7f"}]'
	[[ $output != *$'\e'* ]]
}

@test "the file of a directory without distributions" {
	mkdir "$SITE"
	cached
	dump "$FILE"
	json 'j["distributions"] == [] and j["token"]["settled"] is True'
}

@test "without FILE: an array of what directories are answered from" {
	mkdir -p root/usr/bin root/usr/lib/python3.11/lib-dynload
	touch root/usr/bin/python3.11 root/usr/lib/python3.11/os.py
	dump --root root --cache-dir /cache
	[ "$status" -eq 0 ]
	[ "$output" = '[]' ]
	"$EPCACHE" refresh --system --root root --cache-dir /cache
	dump --root root --cache-dir /cache --json
	json '[o["directory"] for o in j] == ["/usr/bin", "/usr/lib/python3.11",
		"/usr/lib/python3.11/lib-dynload"]'
	mkdir root/usr/bin/new-1.dist-info
	truncate -s -1 root/cache/usr-lib-python3.11.v1
	dump --root root --cache-dir /cache
	[ "$status" -eq 0 ]
	json '[o["directory"] for o in j] == ["/usr/lib/python3.11/lib-dynload"]'
}

@test "whoever wrote it, and wherever it is" {
	mkdir "$SITE"
	cached
	chmod 666 "$FILE"
	ln "$FILE" second
	dump second
	[ "$status" -eq 0 ]
	json 'j["directory"] == work + "/site"'
}

# no_file TEXT FILE - exit 1, nothing printed, one line with its name and TEXT.
no_file() {
	run --separate-stderr timeout 30 "$EPCACHE" dump "$2"
	[ "$status" -eq 1 ] || { echo "exit $status"; return 1; }
	[ -z "$output" ]
	says 1 "'$2'" "$1"
}

@test "what is no cache file is named, and exits 1" {
	mkdir "$SITE"
	cached
	no_file 'No such file' none
	no_file damaged "$BATS_TEST_FILENAME"
	no_file damaged /dev/null
	: >empty
	no_file damaged empty
	head -c -1 "$FILE" >half
	no_file damaged half
	printf '\x02' | dd of="$FILE" bs=1 seek=8 conv=notrunc status=none
	no_file 'newer format; upgrade' "$FILE"
	run ! "$EPCACHE" dump "$SITE"
	mkfifo fifo
	run ! timeout 30 "$EPCACHE" dump fifo
	[ "$status" -eq 1 ]
	truncate -s 8T sparse
	run ! timeout 30 "$EPCACHE" dump sparse
	[ "$status" -eq 1 ]
}

@test "without FILE, -v tells which file each directory has, or that none is used" {
	mkdir -p root/usr/bin root/usr/lib/python3.11
	touch root/usr/bin/python3.11 root/usr/lib/python3.11/os.py
	"$EPCACHE" refresh --root root --cache-dir /cache /usr/bin
	dump --root root --cache-dir /cache
	[ -z "$stderr" ]
	local answer=$output option
	for option in -q --quiet; do
		dump --root root --cache-dir /cache $option
		[ "$output" = "$answer" ]
		[ -z "$stderr" ]
	done
	for option in -v --verbose; do
		dump --root root --cache-dir /cache $option
		[ "$status" -eq 0 ]
		[ "$output" = "$answer" ]
		says 2 '/usr/bin: /cache/usr-bin.v1' \
			"/usr/lib/python3.11: no cache file is used; see 'epcache status'"
	done
}

@test "-q, -v and --json change nothing of a file's dump" {
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\n'
	cached
	dump "$FILE"
	local answer=$output
	for option in -q --quiet -v --verbose --json; do
		dump $option "$FILE"
		[ "$status" -eq 0 ]
		[ "$output" = "$answer" ]
		[ -z "$stderr" ]
	done
}

@test "--help and -h print every option on stdout" {
	for option in --help -h; do
		dump $option
		[ "$status" -eq 0 ]
		[ -z "$stderr" ]
		[ "$(grep -o -- ' --[a-z-]*' <<<"$output" | grep -vx -e ' --version' | tr -d '\n')" = \
			' --root --cache-dir --json --quiet --verbose --help' ]
	done
}

@test "usage errors are one line on stderr that names the word, and exit 2" {
	usage_error "'second'" dump first second
	usage_error "'--all'" dump --all
	usage_error "'--cache-dir'" dump --cache-dir
}

@test "a full standard output is said, and exits 1" {
	[ -e /dev/full ] || skip "needs /dev/full"
	mkdir "$SITE"
	cached
	run bash -c '"$EPCACHE" dump "$1" 2>&1 >/dev/full' bash "$FILE"
	[ "$status" -eq 1 ]
	[[ $output == *'standard output'* ]]
}
