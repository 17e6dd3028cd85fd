# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What people see of an answer: columns, headings, and nothing that misleads them.

# shellcheck disable=SC2016,SC2030,SC2031 # each test is a subshell; bash -c expands
# shellcheck disable=SC2153 # lib.bash sets PYTHON

load lib
load tty

setup() {
	work_begin
}

teardown() {
	work_end
}

@test "on a terminal the columns are aligned" {
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\nlong = café:x\nzz = mmmmmm:x\n'
	tty NO_COLOR=1 "$EPCACHE" query g --path "$SITE"
	[ "$status" -eq 0 ]
	[ "$output" = "a     m:x       foo 1.0
long  café:x    foo 1.0
zz    mmmmmm:x  foo 1.0" ]
}

@test "on a terminal a character counts as the columns that it takes" {
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\n\345\220\215\345\211\215 = m:x\ne\314\201e = m:x\n'
	tty NO_COLOR=1 "$EPCACHE" query g --path "$SITE"
	[ "$status" -eq 0 ]
	[ "$output" = "$(printf 'a     m:x  foo 1.0
\345\220\215\345\211\215  m:x  foo 1.0
e\314\201e    m:x  foo 1.0')" ]
}

@test "--all on a terminal: a heading for each group, in place of a column" {
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\n[h.long]\nb = mm:y\n'
	dist b/bar-2.dist-info '[g]\nlong = m:z\n[e\033]\nc = m:w\n'
	tty NO_COLOR=1 "$EPCACHE" query --all --path "$SITE" --path b
	[ "$status" -eq 0 ]
	[ "$output" = '[e\x1b]
c  m:w  bar 2

[g]
a     m:x  foo 1.0
long  m:z  bar 2

[h.long]
b  mm:y  foo 1.0' ]
	run --separate-stderr query --all --path "$SITE" --path b
	[ "${lines[0]}" = "g${TAB}a${TAB}m:x${TAB}foo 1.0" ]
	[ "${#lines[@]}" -eq 4 ]
	tty NO_COLOR=1 "$EPCACHE" query --all --path none
	[ "$status" -eq 3 ]
	[ -z "$output" ]
}

@test "on a terminal a row that is too wide is broken before the distribution" {
	dist "$SITE/setuptools-66.1.1.dist-info" '[g]\na = m:x\ninstall_egg_info = setuptools.command.install_egg_info:install_egg_info\n'
	tty NO_COLOR=1 "$EPCACHE" query g --path "$SITE"
	[ "$output" = "a                 m:x  setuptools 66.1.1
install_egg_info  setuptools.command.install_egg_info:install_egg_info
                       setuptools 66.1.1" ]
	tty bash -c 'stty cols 120; "$1" query g --path "$2"' - "$EPCACHE" "$SITE"
	[ "$(wc -l <<<"$output")" -eq 2 ]
}

# characters CODE... - each in UTF-8, and the same as it is escaped, in two lines.
characters() {
	"$PYTHON" -I -S -c '
import sys
s = "".join(chr(int(c, 16)) for c in sys.argv[1:])
print(s, "".join("\\x%02x" % b for b in s.encode()), sep="\n")' "$@"
}

@test "what turns text round or is not seen is escaped, and programs get it back" {
	local chars joined
	mapfile -t chars < <(characters ad 34f 61c 115f 17b4 180b 180e 200b 200e 200f 202a \
		202b 202c 202d 202e 2060 2066 2067 2068 2069 206f 3164 fe00 feff ffa0 fff9 \
		fffb 13430 1bca0 1d173 e0001 e007f e0100)
	dist "$SITE/e${chars[0]}-1.dist-info" "[g]\\na${chars[0]}b = m:${chars[0]}\\n"
	run --separate-stderr query g --path "$SITE"
	[ "$status" -eq 0 ]
	[ "$output" = "a${chars[1]}b${TAB}m:${chars[1]}${TAB}e${chars[1]} 1" ]
	run --separate-stderr query g --json --path "$SITE"
	LC_ALL=C grep -q '[^ -~]' <<<"$output" && return 1
	[ "$("$PYTHON" -ISc 'import json, sys; print(json.load(sys.stdin)[0]["value"])' \
		<<<"$output")" = "m:${chars[0]}" ]
	run --separate-stderr bash -c '"$EPCACHE" query g -0 --path "$1" | tr "\0" "\n"' - "$SITE"
	[[ $output == *"a${chars[0]}b"* ]]
	usage_error "'a${chars[1]}'" query g n "a${chars[0]}"
	# These end a line of entry_points.txt, but not a name.
	mapfile -t chars < <(characters 2028 2029)
	dist "$WORK/a/e${chars[0]}-1.dist-info" '[g]\na = m:x\n'
	run --separate-stderr query g --path "$WORK/a"
	[ "$output" = "a${TAB}m:x${TAB}e${chars[1]} 1" ]
	joined=$(characters 200c 200d e9 2603 1f600 | head -1)
	dist "$WORK/b/foo-1.dist-info" "[g]\\n$joined = m:x\\n"
	run --separate-stderr query g --path "$WORK/b"
	[ "$output" = "$joined${TAB}m:x${TAB}foo 1" ]
}

@test "refresh --verbose fits 80 columns where the paths allow it" {
	mkdir -p "$WORK/site"
	tty NO_COLOR=1 "$EPCACHE" refresh -v --cache-dir "$CACHE" "$WORK/site"
	[ "$status" -eq 0 ]
	[[ $output == 'DIRECTORY '*' RESULT '*' TIME'$'\n'"$WORK/site "*' ms'$'\n'* ]]
	for line in "${lines[@]}"; do
		[ "${#line}" -le 80 ]
	done
}
