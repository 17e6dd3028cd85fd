# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# epcache query without --path: the sys.path that the module site of /usr/bin/python3 makes,
# the user's own folder and the lines of .pth files included, without running it.

load lib

setup() {
	work_begin
	[ -x /usr/bin/python3 ] || skip "needs /usr/bin/python3"
	USER_SITE=$(/usr/bin/python3 -c 'import site; print(site.getusersitepackages())')
	mkdir -p "$USER_SITE" "$WORK/far"
	dist "$USER_SITE/own-1.dist-info" '[epc.demo]\nuser = own:x\n'
}

teardown() {
	work_end
}

# folder NAME - a directory below $WORK/far with a distribution that tells its name.
folder() {
	dist "$WORK/far/$1/d$((++count))-1.dist-info" "[epc.demo]\\nn$count = m:x\\n"
}

# same_as_python - are the entries of the group those that /usr/bin/python3 has?
same_as_python() {
	local want got

	want=$(cd / && /usr/bin/python3 -W ignore -c 'import importlib.metadata as m
print(*[e.name for e in m.entry_points(group="epc.demo")], sep="\n")')
	got=$(query -q epc.demo | cut -f 1)
	[ "$want" = "$got" ] || {
		echo "'$got' for '$want'"
		return 1
	}
}

@test "the user's own folder is on the path, where Python has it" {
	same_as_python
	[ "$(query epc.demo | cut -f 1)" = user ]
	[ -z "$(PYTHONNOUSERSITE=1 query epc.demo)" ]
	mkdir -p "$WORK/base"
	mv "$HOME/.local/lib" "$WORK/base/lib"
	PYTHONUSERBASE=$WORK/base query epc.demo | grep -q ^user
}

@test "lines of .pth files are taken as site.py takes them" {
	local text

	count=0
	for name in plain up 'with space' relative last 'é'; do
		folder "$name"
	done
	mv "$WORK/far/relative" "$USER_SITE/relative"
	printf '%s\n' '# comment' '' '   ' "$WORK/far/plain" "$WORK/far/none" relative \
		"$WORK/far/x/../up//." "$WORK/far/plain/" >"$USER_SITE/b.pth"
	printf '%s\r\n' "$WORK/far/with space  " >"$USER_SITE/a.pth"
	printf '%s' "$WORK/far/last" >"$USER_SITE/.hidden.pth"
	printf '%s\n' "$WORK/far/é" >"$USER_SITE/c.pth"
	printf ' %s\n%s\0x\n' "$WORK/far/last" "$WORK/far/last" >"$USER_SITE/d.pth"
	printf '\xef\xbb\xbf%s\n' "$WORK/far/last" >"$USER_SITE/e.pth"
	printf '%s\v\n' "$WORK/far/last" >"$USER_SITE/f.pth.bak"
	mkfifo "$WORK/fifo"
	mkdir "$USER_SITE/g.pth"
	same_as_python
	text=$(query epc.demo | cut -f 1 | grep -v n5 | tr '\n' ' ')
	[[ $text == "user n3 n1 n4 n2 n6 "* ]]
}

@test "a .pth file that is a FIFO holds nothing up" {
	mkfifo "$USER_SITE/x.pth"
	query epc.demo | grep -q ^user
}

@test "import lines are not run, and reported with what to do" {
	printf 'import sys; sys.path.append("/")\n' >"$USER_SITE/x.pth"
	run --separate-stderr query epc.demo
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "user${TAB}own:x${TAB}own 1" ]
	[[ $stderr == *"not run"*"x.pth"* ]]
	run --separate-stderr query -q epc.demo
	[ -z "$stderr" ]
}
