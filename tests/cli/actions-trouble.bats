# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# epcache actions where something is amiss: odd registrations and programs, a state that
# is damaged, no place to write, several runs at once, and runs that are killed.

load lib
load actions

# --- registrations ------------------------------------------------------------------

@test "registrations of any bytes are listed, or ignored with the line that is wrong" {
	action "$USR/10-good.action" Exec=/bin/a
	printf '# c\r\nExec=/bin/a x\r\nTimeoutSec=5' >"$USR/11-crlf.action"
	printf '\xef\xbb\xbfExec=/bin/a\n' >"$USR/12-bom.action"
	printf 'Exec=/bin/a\nDescription=a\xffb\e[31m\n' >"$USR/13-bytes.action"
	printf 'Exec=/bin/a\nMode\0=user\n' >"$USR/14-nul.action"
	head -c 60000 /dev/urandom >"$USR/15-noise.action"
	head -c 60000 /dev/zero >"$USR/16-zeros.action"
	action "$USR/17-twice.action" Exec=/bin/a TimeoutSec=1 TimeoutSec=2
	ln -s 18-loop.action "$USR/18-loop.action"
	mknod "$USR/19-device.action" c 1 5 2>/dev/null || mkfifo "$USR/19-device.action"
	action "$USR/"$'20-a\e[31m\n'.action Exec=/bin/a
	action "$USR/"$'21-\xff.action' Exec=/bin/a
	action "$USR/.action" Exec=/bin/a
	run --separate-stderr "$EPCACHE" actions list --root "$WORK/root" --json
	[ "$status" -eq 0 ]
	json '[a["state"] for a in j] == ["active"] * 2 + ["ignored", "active"] + ["ignored"] * 8'
	json 'j[3]["description"] == "a\udcffb\x1b[31m"'
	json '"12-bom.action:1: remove the byte order mark" in j[2]["why"]'
	json '"14-nul.action:2: remove the NUL byte behind '"'Mode'"'" in j[4]["why"]'
	json '"15-noise.action:" in j[5]["why"] and "16-zeros.action:1:" in j[6]["why"]'
	json '"17-twice.action:3: this key was given before" in j[7]["why"]'
	json '"18-loop.action: ignored, since it is a symbolic link" in j[8]["why"]'
	json '"regular" in j[9]["why"] and "rename" in j[10]["why"] + j[11]["why"]'
	for verbose in '' --verbose; do
		# shellcheck disable=SC2086 # none, or one
		run --separate-stderr "$EPCACHE" actions list --root "$WORK/root" $verbose
		[ "$status" -eq 0 ]
		[[ $output != *$'\e'* && $output == *'20-a\x1b[31m\x0a'* ]]
	done
}

# --- programs -----------------------------------------------------------------------

@test "a program that cannot be run is named, and why" {
	own_system
	mkdir "$WORK/folder"
	echo 'exit 0' >"$WORK/plain"
	install -m 755 "$WORK/plain" "$WORK/script"
	printf '#!/nonexistent/sh\nexit 0\n' >"$WORK/interpreter"
	printf '#!/bin/sh\nexit 0\n' >"$WORK/private"
	chmod 755 "$WORK/interpreter"
	chmod 700 "$WORK/private"
	ln -s loop "$WORK/loop"
	for name in folder plain script interpreter private loop none plain/x; do
		action "$ACTIONS/50-a.action" "Exec=$WORK/$name"
		own actions run --json
		[ "$status" -eq 1 ]
		json "j[0]['result'] == 'failed'"
		json "j[0]['why'].startswith(\"'$WORK/$name' could not be started: \")"
		echo "$name: ${output//$'\n'/ }" >>said
	done
	[ "$(grep -c 'Permission denied' said)" -eq 3 ]
	[ "$(grep -c 'No such file' said)" -eq 2 ]
	grep -q 'script:.*Exec format error' said
	grep -q 'loop:.*Too many levels' said
	grep -q 'plain/x:.*Not a directory' said
}

@test "a user who does not exist is named" {
	own_system
	action "$ACTIONS/50-a.action" Exec=/bin/true Mode=user User=no-such "WritablePath=$WORK"
	own actions run
	[ "$status" -eq 1 ]
	says 1 "the action '50-a' failed: there is no user 'no-such' to run it as"
}

@test "16 MiB are published, and one byte more is not" {
	own_system
	action "$ACTIONS/50-a.action" 'Exec=/bin/sh -c "head -c 16777216 /dev/zero"' TimeoutSec=30
	own actions run
	[ "$status" -eq 0 ]
	file=$WORK/var-cache/epcache/actions/50-a
	[ "$(stat -c %s "$file")" -eq 16777216 ]
	before=$(identity "$file")
	action "$ACTIONS/50-a.action" 'Exec=/bin/sh -c "head -c 16777217 /dev/zero"' TimeoutSec=30
	own actions run
	[ "$status" -eq 1 ]
	says 1 'printed more than is allowed'
	[ "$(identity "$file")" = "$before" ]
	[ "$(ls -A "$WORK/var-cache/epcache/actions")" = 50-a ]
}

# shellcheck disable=SC2016 # for the shell of the action
@test "little memory is an action's own trouble" {
	own_system
	action "$ACTIONS/50-a.action" MemoryMax=1M \
		'Exec=/bin/sh -c "x=`yes | head -c 4000000`; cat"'
	action "$ACTIONS/60-b.action" Exec=/bin/cat
	own refresh
	[ "$status" -eq 0 ]
	own actions list --json
	json 'j[0]["result"] == "failed" and j[1]["result"] == "done"'
}

@test "of many that say much it is remembered how often they failed, and what they saw" {
	own_system
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\n'
	for i in {10..30}; do
		action "$ACTIONS/$i-a.action" \
			"Exec=/bin/sh -c 'head -c 16384 /dev/zero | tr \"\\\\0\" \"\\\\1\" >&2; exit 1'"
	done
	action "$ACTIONS/50-b.action" Exec=/bin/cat
	for i in 1 2 3; do
		own actions run
		[ "$status" -eq 1 ]
	done
	own actions run --json
	[ "$status" -eq 0 ]
	json '[a["result"] for a in j] == ["quarantined"] * 21 + ["unchanged"]'
	own actions list --json
	json 'len(j[0]["said"]) > 16384'
}

# --- what is of interest ------------------------------------------------------------

@test "of its groups an action is told what comes, changes and goes, and of no others" {
	own_system
	action "$ACTIONS/50-a.action" Exec=/bin/cat Groups=g
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\n[h]\nb = m:x\n'
	dist "$SITE/bar-1.dist-info" '[h]\nb = m:x\n'
	own refresh
	# told EXPRESSION - after a refresh, the action was told that.
	told() {
		own refresh
		published 50-a
		of_site "$1"
	}
	file=$WORK/var-cache/epcache/actions/50-a
	before=$(identity "$file")
	# Another version with the same entries, another group, one that has neither.
	mv "$SITE/foo-1.dist-info" "$SITE/foo-2.dist-info"
	own refresh
	dist "$SITE/bar-1.dist-info" '[h]\nb = m:y\n'
	own refresh
	rm -r "$SITE/bar-1.dist-info"
	mkdir "$SITE/baz-1.dist-info"
	own refresh
	own actions run --json
	json 'j[0]["result"] == "unchanged"'
	[ "$(identity "$file")" = "$before" ]
	# Its value; one that hides it, without entries; it comes back; it goes.
	dist "$SITE/foo-2.dist-info" '[g]\na = m:y\n'
	told 'd["changed"][0]["after"]["entry_points"][0]["value"] == "m:y" and len(d["distributions"]) == 2'
	rm "$SITE/foo-2.dist-info/entry_points.txt"
	told 'd["changed"][0]["after"]["entry_points"] == [] and d["removed"] == []'
	dist "$SITE/foo-2.dist-info" '[g]\na = m:y\n'
	told 'd["changed"][0]["before"]["entry_points"] == []'
	rm -r "$SITE/foo-2.dist-info"
	told '[x["name"] for x in d["removed"]] == ["foo"] and len(d["distributions"]) == 1'
}

# --- state that is damaged ----------------------------------------------------------

@test "with a state that makes no sense, actions are run as if they never had been" {
	own_system
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\n'
	action "$ACTIONS/50-a.action" Exec=/bin/cat
	own refresh
	cp "$SEEN/actions.json" good
	while read -r text; do
		printf '%s' "$text" >"$SEEN/actions.json"
		own actions list --json
		[ "$status" -eq 0 ]
		json 'j[0]["name"] == "50-a" and j[0]["state"] == "active"'
		own actions list --verbose
		[ "$status" -eq 0 ]
		own status
		own actions run 50-a
		[ "$status" -eq 0 ]
		[ -z "$stderr" ]
		published 50-a
		of_site '[x["name"] for x in d["distributions"]] == ["foo"]'
		json '[x["name"] for x in j["directories"][-1]["removed"]] == []'
		json 'j["50-a"]["failures"] == 0 and list(j) == ["50-a"]' "$(cat "$SEEN/actions.json")"
	done <<-END

		[]
		null
		"
		{"50-a"
		{"50-a": 1, "50-A": {}}
		{"50-a": {"seen": 3, "failures": "x", "registration": [], "time": {}, "said": 1}}
		{"50-a": {"seen": {"../../../etc/passwd": "../../../etc/passwd"}, "failures": 1e300}}
		{"50-a": {"seen": {"x": "00000000000000000000000000000000", "y": null}}}
		{"50-a": {"failures": -7, "milliseconds": "\u0000"}, "60-b": {"seen": {}}}
		$(printf '[%.0s' {1..5000})
	END
}

@test "in place of the state anything may be" {
	own_system
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\n'
	action "$ACTIONS/50-a.action" Exec=/bin/cat
	# replaced PATH COMMAND... - the command makes something else of it.
	replaced() {
		rm -rf "$1"
		"${@:2}"
		rm -rf "$WORK/var-cache/epcache/actions"
		own actions run
	}
	own refresh
	for path in "$SEEN/actions.json" "$SEEN/seen"; do
		replaced "$path" mkfifo "$path"
		replaced "$path" ln -s /nonexistent/x "$path"
		replaced "$path" touch "$path"
		[ ! -e /nonexistent ]
	done
	replaced "$SEEN/seen" true
	[ "$status" -eq 0 ]
	published 50-a
	of_site '[x["name"] for x in d["distributions"]] == ["foo"]'
	mkdir "$WORK/theirs"
	replaced "$SEEN/seen" ln -s "$WORK/theirs" "$SEEN/seen"
	[ "$status" -eq 1 ]
	says 1 'cannot run the actions'
	[ -z "$(ls -A "$WORK/theirs")" ]
	rm "$SEEN/seen"
	mkdir "$SEEN/seen"
	give_away "$SEEN/seen"
	own actions run
	[ "$status" -eq 1 ]
	own refresh --force
	[ "$status" -eq 0 ]
}

@test "what was seen and is gone counts as not seen, and nothing is told as removed" {
	own_system
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\n'
	action "$ACTIONS/50-a.action" Exec=/bin/cat
	own refresh
	rm -r "$SEEN/seen"
	rm -r "$SITE/foo-1.0.dist-info"
	dist "$SITE/bar-1.0.dist-info" '[g]\na = m:x\n'
	own refresh
	published 50-a
	of_site 'd["removed"] == d["changed"] == [] and [x["name"] for x in d["added"]] == ["bar"]'
	dist "$SITE/new-1.0.dist-info" '[g]\na = m:x\n'
	own refresh
	published 50-a
	of_site '[x["name"] for x in d["added"]] == ["new"]'
}

# --- systems that lack something ----------------------------------------------------

# lacking SCRIPT COMMAND... - with the tool, on that system after a shell's script, which
# may set $enter to what it is to be run by.
lacking() {
	run --separate-stderr on_own_system bash -c "{ $1; } || exit 99; exec \$enter \"\$@\"" bash \
		"$EPCACHE" "${@:2}"
}

@test "where nothing can be remembered no action is run, and a refresh succeeds" {
	own_system
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\n'
	action "$ACTIONS/50-a.action" Exec=/bin/cat
	lacking 'mount -t tmpfs -o ro none /var/lib' refresh
	[ "$status" -eq 0 ]
	says 1 'cannot run the actions'
	[ -n "$(ls "$WORK/var-cache/epcache/"*site.v1)" ]
	lacking 'mount -t tmpfs none /mnt; mkdir /mnt/cache && mount --bind /mnt /var' refresh
	[ "$status" -eq 0 ]
	[[ $stderr == *'cannot run the actions'* ]]
	own actions run
	published 50-a
	of_site '[x["name"] for x in d["added"]] == ["foo"]'
}

@test "a full disk puts no action into quarantine, and the next run makes up for it" {
	own_system
	mkdir full
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\n'
	action "$ACTIONS/50-a.action" 'Exec=/bin/sh -c "head -c 100000 /dev/zero"'
	own refresh
	rm "$WORK/var-cache/epcache/actions/50-a"
	for _ in 1 2 3 4; do
		lacking 'mount -t tmpfs -o size=64k,mode=755 none /var/cache' actions run
		[ "$status" -eq 1 ]
		says 1 "the action '50-a' failed: what it printed cannot be published: No space"
	done
	own actions list --json
	json 'j[0]["result"] == "failed" and j[0]["failures"] == 0 and j[0]["state"] == "active"'
	own actions run
	[ "$status" -eq 0 ]
	[ "$(stat -c %s "$WORK/var-cache/epcache/actions/50-a")" -eq 100000 ]
}

@test "a full disk for what is remembered: it is told again" {
	own_system
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\n'
	action "$ACTIONS/50-a.action" Exec=/bin/cat
	lacking 'mount -t tmpfs -o size=16k,mode=755 none /var/lib && mkdir -p /var/lib/epcache &&
		{ head -c 100000 /dev/zero >/var/lib/fill; true; }' refresh
	[ "$status" -eq 0 ]
	own actions run --json
	json 'j[0]["result"] == "done"'
	published 50-a
	of_site '[x["name"] for x in d["added"]] == ["foo"]'
}

@test "an action that could not be run is told of, until it is" {
	own_system
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\n'
	own refresh
	action "$ACTIONS/50-a.action" Exec=/bin/cat
	lacking 'enter="setpriv --bounding-set -setuid"' actions run
	[ "$status" -eq 1 ]
	says 1 "the action '50-a' was not run: cannot find what changed"
	own actions list --json
	json 'j[0]["result"] == "not run" and "cannot find" in j[0]["why"] and j[0]["failures"] == 0'
	own status
	[[ $output == *'action 50-a'*'cannot find what changed'* ]]
	own actions run
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]

	dist "$SITE/bar-1.0.dist-info" '[g]\na = m:x\n'
	echo Actions=no >>"$WORK/etc/epcache/epcache.conf"
	own refresh
	sed -i '/^Actions/d' "$WORK/etc/epcache/epcache.conf"
	lacking 'enter="setpriv --bounding-set -setuid"' actions run
	[ "$status" -eq 1 ]
	rm -r "$SITE/bar-1.0.dist-info"
	own refresh
	own actions list --json
	json 'j[0]["result"] is None and j[0]["why"] is None'
}

# contained_by_nobody COMMAND... - with the tool, where no namespace can be had.
contained_by_nobody() {
	run --separate-stderr on_own_system setpriv --bounding-set -sys_admin "$EPCACHE" "$@"
}

@test "without a PID namespace no action is run, which is reported, and made up for" {
	own_system
	setpriv --bounding-set -sys_admin true 2>/dev/null || skip "needs setpriv"
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\n'
	action "$ACTIONS/50-cat.action" Exec=/bin/cat
	action "$ACTIONS/60-user.action" "Exec=/usr/bin/touch $WORK/mine/made" Mode=user \
		User=daemon "WritablePath=$WORK/mine"
	mkdir -m 777 mine
	# Each transaction would say the same again.
	contained_by_nobody refresh
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ ! -e "$WORK/mine/made" ]
	contained_by_nobody actions run
	[ "$status" -eq 1 ]
	says 2 "'50-cat' was not run: it can have no PID namespace here" \
		"'60-user' was not run: it can have no PID namespace here"
	for command in status 'actions list'; do
		# shellcheck disable=SC2086 # words
		own $command
		[[ $output == *"CAP_SYS_ADMIN), then run 'epcache actions run 50-cat'"* ]]
	done
	own actions list --json
	json 'all(a["state"] == "active" and a["result"] == "not run" for a in j)'
	json 'all(a["failures"] == 0 for a in j)'
	own actions run
	[ "$status" -eq 0 ]
	[ -e "$WORK/mine/made" ]
	published 50-cat
	of_site '[x["name"] for x in d["added"]] == ["foo"]'
	own status
	[[ $output != *namespace* ]]
}

@test "without /proc, and in a root of its own, actions are run" {
	own_system
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\n'
	action "$ACTIONS/50-a.action" Exec=/bin/cat
	lacking 'umount -l /proc' refresh
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	published 50-a
	of_site '[x["name"] for x in d["added"]] == ["foo"]'

	dist "$SITE/bar-1.0.dist-info" '[g]\na = m:x\n'
	mkdir inner
	lacking 'mount --rbind / inner && umount -l inner/proc && enter="chroot inner"' refresh
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	published 50-a
	of_site '[x["name"] for x in d["added"]] == ["bar"]'
}

@test "with Actions=no, JSON is JSON" {
	own_system
	echo Actions=no >>"$WORK/etc/epcache/epcache.conf"
	own actions run --json
	[ "$status" -eq 0 ] && [ "$output" = '[]' ]
}

# --- at the same time, and killed ---------------------------------------------------

# waits_action NAME - one that says that it has begun, and waits to be told to go on.
waits_action() {
	mkdir -p "$WORK/signs"
	chown "$NOBODY:$NOBODY" "$WORK/signs"
	action "$ACTIONS/$1.action" Mode=user User=nobody "WritablePath=$WORK/signs" TimeoutSec=30 \
		"Exec=/bin/sh -c 'echo >>$WORK/signs/begun; while [ ! -e $WORK/signs/go ]; do sleep 0.05; done' $WORK"
}

begun() {
	for _ in {1..1200}; do
		[ ! -e "$WORK/signs/begun" ] || return 0
		sleep 0.05
	done
	echo 'the action was never begun'
	return 1
}

# left - the processes of the action.
left() {
	grep -laF "signs/go ]; do sleep 0.05; done" /proc/[0-9]*/cmdline 2>/dev/null |
		xargs -r grep -laF "$WORK" 2>/dev/null | grep -v "/$$/\|/$BASHPID/"
}

@test "of two runs at once, the second finds nothing to do" {
	own_system
	waits_action 50-a
	on_own_system "$EPCACHE" actions run 3>&- &
	begun
	on_own_system "$EPCACHE" actions run --json >second 3>&- &
	touch "$WORK/signs/go"
	wait
	json 'j == [{"name": "50-a", "result": "unchanged", "why": None, "milliseconds": 0}]' "$(cat second)"
	[ "$(wc -l <"$WORK/signs/begun")" -eq 1 ]
}

@test "who only looks what would be run is in nobody's way" {
	needs_strace
	own_system
	waits_action 50-a
	on_own_system "$EPCACHE" actions run 3>&- &
	begun
	own actions run --dry-run --json
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	json '[(a["name"], a["result"]) for a in j] == [("50-a", "would run")]'
	touch "$WORK/signs/go"
	wait $!
	run on_own_system strace -f -e trace=fcntl "$EPCACHE" actions run --dry-run
	[[ $output != *F_OFD_SETLK* ]]
}

@test "what changes while a single action is run is told to all" {
	own_system
	waits_action 50-a
	mkdir -p signs
	touch signs/go
	action "$ACTIONS/60-b.action" Exec=/bin/cat
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\n'
	own refresh
	for force in '' --force; do
		rm signs/*
		echo Actions=no >>"$WORK/etc/epcache/epcache.conf"
		dist "$SITE/more${force#--}-1.0.dist-info" '[g]\na = m:x\n'
		own refresh
		sed -i '/^Actions/d' "$WORK/etc/epcache/epcache.conf"
		# shellcheck disable=SC2086 # none, or one
		on_own_system "$EPCACHE" actions run 50-a $force 3>&- &
		begun
		dist "$SITE/late${force#--}-1.0.dist-info" '[g]\na = m:x\n'
		own refresh
		[ "$status" -eq 0 ]
		touch signs/go
		wait $!
		published 60-b
		of_site "work + '/site/late${force#--}-1.0.dist-info' in [x['path'] for x in d['distributions']]"
	done
}

@test "killed in the middle of an action nothing is left, and the next run makes up for it" {
	own_system
	waits_action 50-a
	action "$ACTIONS/60-b.action" Exec=/bin/cat
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\n'
	for command in refresh 'actions run'; do
		rm -rf "$WORK/signs/begun"
		# shellcheck disable=SC2016,SC2086 # of the other shell; words
		on_own_system bash -c 'echo $$ >pid && exec "$@"' bash "$EPCACHE" $command 3>&- &
		begun
		[ -n "$(left)" ]
		kill -KILL "$(cat pid)"
		wait $! || true
		for _ in {1..500}; do
			[ -n "$(left)" ] || break
			sleep 0.02
		done
		[ -z "$(left)" ]
	done
	touch "$WORK/signs/go"
	own actions run
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	published 60-b
	of_site '[x["name"] for x in d["added"]] == ["foo"]'
	[ -z "$(find "$WORK/var-lib" "$WORK/var-cache" -name '.tmp*' -o -name '*.tmp*')" ]
}

# --- the schema ---------------------------------------------------------------------

@test "a validator of JSON Schema finds the change as the published schema says" {
	own_system
	"$PYTHON" -c 'import jsonschema' 2>/dev/null || skip "needs jsonschema of Python"
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\n'
	dist "$SITE/bar-1.dist-info" '[g]\nnonsense\n'
	dist "$SITE/"$'odd\xff-1.dist-info' '[g]\na\xff = m:x\n'
	dist "$SITE/old.egg-info" '[g]\na = m:x\n'
	action "$ACTIONS/50-cat.action" Exec=/bin/cat
	own refresh
	mv "$SITE/foo-1.0.dist-info" "$SITE/foo-2.0.dist-info"
	rm -r "$SITE/old.egg-info"
	dist "$SITE/new-1.dist-info" '[g]\na = m:x\n'
	own refresh
	published 50-cat
	of_site 'd["added"] and d["removed"] and d["changed"]'
	printf '%s' "$output" >change.json
	"$PYTHON" -c 'import json, jsonschema, sys
schema, change = (json.load(open(p)) for p in sys.argv[1:])
check = jsonschema.Draft202012Validator
check.check_schema(schema)
check(schema).validate(change)
del change["directories"][-1]["added"]
sys.exit(check(schema).is_valid(change))' \
		"$BATS_TEST_DIRNAME/../../core/actions/change.schema.json" change.json
}
