# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# epcache owner and query --owner, in a system that no package manager keeps.  What they
# know of one is shown in tests/hooks.

# shellcheck disable=SC2016,SC2154 # bash -c expands; of bats

load lib
load systems

setup() {
	system_begin
	python /usr/lib 3.12
	link python3.12 /usr/bin/python3
	site=/usr/lib/python3.12/site-packages
	mkdir -p "$ROOT$site/Demo_Tool-1.dist-info" "$ROOT$site/other-2.dist-info"
	printf '[g]\nx = y\n' >"$ROOT$site/Demo_Tool-1.dist-info/entry_points.txt"
}

teardown() {
	system_end
}

owner() {
	run --separate-stderr "$EPCACHE" owner --root "$ROOT" "$@"
}

@test "who owns a distribution is not known: said once, status 1" {
	owner demo.tool
	[ "$status" -eq 1 ]
	[ "$output" = "?	Demo_Tool 1	$site/Demo_Tool-1.dist-info" ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ $stderr == *'not known who owns what'* ]]
	owner --json demo.tool
	"$PYTHON" -I -c 'import json, sys
row, = json.loads(sys.argv[1])
assert "owner" not in row and row["distribution"]["name"] == "Demo_Tool", row' "$output"
}

@test "of an entry point, and with --path" {
	owner g x
	[[ $output == '?'*Demo_Tool* ]]
	mkdir -p "$ROOT/two/demo_tool-3.egg-info"
	owner --path /two demo_tool
	[[ $output == *"/two/demo_tool-3.egg-info" ]]
}

@test "what nobody owns is only told where somebody was asked" {
	owner --unowned
	[ "$status" -eq 1 ]
	[ -z "$output" ]
}

@test "nothing of that name: status 3" {
	owner nonsense
	[ "$status" -eq 3 ]
	[ -z "$output" ]
	owner g nonsense
	[ "$status" -eq 3 ]
}

@test "--cache-dir: entry points are those of the caches there" {
	mkdir -p "$ROOT/etc/epcache"
	echo "CheckFast=$site" >"$ROOT/etc/epcache/epcache.conf"
	"$EPCACHE" refresh --root "$ROOT" --cache-dir /cache "$site"
	# What the fast check does not see.
	printf '[g]\nz = y\n' >"$ROOT$site/Demo_Tool-1.dist-info/entry_points.txt"
	owner g x
	[ "$status" -eq 3 ]
	owner --cache-dir /cache g x
	[[ $output == '?'*Demo_Tool* ]]
}

@test "--python: the directories of that interpreter; refused to root" {
	printf '#!/bin/sh\nprintf "%%s\\0" "%s"\n' "$ROOT$site" >python
	chmod 755 python
	run --separate-stderr "$EPCACHE" owner --python "$WORK/python" demo.tool
	[ "$status" -eq 1 ]
	if is_root; then
		[ -z "$output" ]
		[[ $stderr == *'which root must not'* ]]
	else
		[[ $output == *"$ROOT$site/Demo_Tool-1.dist-info" ]]
	fi
	# With --unowned it is no less an interpreter that is asked.
	run --separate-stderr "$EPCACHE" owner --unowned --python "$WORK/none"
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	[[ $stderr == *"'$WORK/none'"* ]]
}

@test "-q and -v change nothing: what is not known is a failure" {
	owner demo.tool
	local plain=$output$stderr
	for option in -q --quiet -v --verbose; do
		owner "$option" demo.tool
		[ "$status" -eq 1 ]
		[ "$output$stderr" = "$plain" ]
	done
}

@test "wrong usage" {
	for args in '' 'a b c' '--unowned a'; do
		# shellcheck disable=SC2086 # words
		owner $args
		[ "$status" -eq 2 ]
		[ "${#stderr_lines[@]}" -eq 1 ]
	done
}

@test "status --owner has two columns, two members more; what is not known is said once" {
	mkdir -p "$ROOT/srv/two/a-1.dist-info" "$ROOT/srv/none"
	run --separate-stderr "$EPCACHE" status --root "$ROOT" --owner --verbose "$site" /srv/two \
		/srv/none /srv/two /nowhere
	[ "$status" -eq 3 ]
	[ "$(head -n 5 <<<"$output")" = "$site	absent	2	1	-	-	?	?
/srv/two	absent	1	0	-	-	?	?
/srv/none	absent	0	0	-	-	0	0
/srv/two	absent	1	0	-	-	?	?
/nowhere	missing	0	0	-	-	0	0" ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ $stderr == *'not known who owns what'* ]]
	run --separate-stderr "$EPCACHE" status --root "$ROOT" --owner --json "$site" /srv/none /srv/two /srv/two
	"$PYTHON" -I -c 'import json, sys
one, none, two, again = json.loads(sys.argv[1])
assert [one["owned"], one["unowned"], none["owned"], none["unowned"]] == [None, None, 0, 0], one
assert sorted(map(str, one["owners"])) == [str({"name": n, "version": v,
    "path": "%s/%s-%s.dist-info" % (sys.argv[2], n, v)})
    for n, v in (("Demo_Tool", "1"), ("other", "2"))], one
assert len(two["owners"]) == 1 and two["owners"] == again["owners"] and none["owners"] == []
' "$output" "$site"
	# Without it, nobody is asked.
	run --separate-stderr "$EPCACHE" status --root "$ROOT" "$site"
	[ "${lines[0]}" = "$site	absent	2	1	-	-" ]
	[ -z "$stderr" ]
	run --separate-stderr "$EPCACHE" status --root "$ROOT" --owner --quiet "$site"
	[ -z "$output$stderr" ]
}

@test "query --owner has a column, a field or a member more" {
	run --separate-stderr "$EPCACHE" query --root "$ROOT" --owner g
	[ "$status" -eq 0 ]
	[ "$output" = "x	y	Demo_Tool 1	?" ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	run --separate-stderr bash -c '"$EPCACHE" query --root "$1" --owner -0 g | tr "\\0" "|"' \
		bash "$ROOT"
	[ "$output" = "g|x|y|Demo_Tool|1|$site/Demo_Tool-1.dist-info|?|" ]
	run --separate-stderr "$EPCACHE" query --root "$ROOT" --owner --json g
	[[ $output != *'"owner"'* ]]
}
