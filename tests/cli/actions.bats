# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# epcache actions: which registrations count, check, output; and as root, on folders of
# its own, what is run when, with which input, and what becomes of the output.

# shellcheck disable=SC2030,SC2031 # each test is a subshell

load lib
load tty
load actions

# --- registration -------------------------------------------------------------------

listed() {
	run --separate-stderr "$EPCACHE" actions list --root "$WORK/root" "$@"
	[ "$status" -eq 0 ]
}

@test "list has the registrations of both folders, by name" {
	action "$USR/60-b.action" Exec=/bin/b Mode=user User=nobody WritablePath=/srv/b
	action "$ETC/50-c.action" Exec=/bin/c 'Description=what c does'
	action "$USR/10-a.action" Exec=/bin/a
	touch "$USR/10-a.action~" "$USR/README" "$USR/.20-x.action"
	listed
	[ "$output" = "10-a${TAB}active${TAB}filter${TAB}-${TAB}-${TAB}-
50-c${TAB}active${TAB}filter${TAB}-${TAB}-${TAB}-
60-b${TAB}active${TAB}user${TAB}-${TAB}-${TAB}-" ]
	[ -z "$stderr" ]
	listed --json
	json '[a["name"] for a in j] == ["10-a", "50-c", "60-b"]'
	json 'j[1]["description"] == "what c does" and j[1]["state"] == "active"'
	json 'j[1]["file"] == "/etc/epcache/actions.d/50-c.action" and j[2]["mode"] == "user"'
	listed --verbose
	[[ $output == *'what c does'* && $output == *'/usr/lib/epcache/actions.d/10-a.action'* ]]
}

@test "without registrations list is empty" {
	mkdir root
	listed
	[ -z "$output$stderr" ]
	listed --json
	[ "$output" = '[]' ]
}

@test "the file in /etc goes before that in /usr/lib, and masks it" {
	action "$USR/10-a.action" Exec=/usr/a
	action "$USR/20-b.action" Exec=/usr/b
	action "$USR/30-c.action" Exec=/usr/c
	action "$ETC/10-a.action" Exec=/etc/a
	: >"$ETC/20-b.action"
	ln -s /dev/null "$ETC/30-c.action"
	listed --json
	json '[a["state"] for a in j] == ["active", "masked", "masked"]'
	json 'j[0]["file"].startswith("/etc/")'
	[ -z "$stderr" ]
}

@test "a wrong file is ignored, and its line named" {
	action "$USR/10-a.action" Exec=/usr/a
	action "$ETC/10-a.action" '# c' Exec=/a Nonsense=1
	action "$USR/20-b.action" Exec=/usr/b
	action "$USR/Upper.action" Exec=/usr/b
	listed --json
	json '[a["state"] for a in j] == ["ignored", "active", "ignored"]'
	json '"/etc/epcache/actions.d/10-a.action:3: unknown key '"'Nonsense'"'" in j[0]["why"]'
	json '"rename" in j[2]["why"]'
}

@test "a link, a large file, a folder and a FIFO are ignored" {
	action "$USR/10-a.action" Exec=/a
	mkdir "$USR/20-b.action"
	mkfifo "$USR/30-c.action"
	ln -s 10-a.action "$USR/40-d.action"
	truncate -s 70000 "$USR/50-e.action"
	listed --json
	json '[a["state"] for a in j] == ["active"] + ["ignored"] * 4'
	json '"link" in j[3]["why"] and "regular" in j[1]["why"] + j[2]["why"]'
	json '"64 KiB" in j[4]["why"]'
}

@test "what others than root may write to is ignored" {
	action "$USR/10-a.action" Exec=/usr/a
	action "$ETC/10-a.action" Exec=/etc/a
	chmod 664 "$ETC/10-a.action"
	listed --json
	json 'j[0]["state"] == "active" and j[0]["file"].startswith("/usr/")'
	json '"/etc/epcache/actions.d/10-a.action: ignored" in j[0]["why"]'
	chmod 644 "$ETC/10-a.action"
	chmod 777 "$WORK/root/etc"
	listed
	says 1 "/etc/epcache/actions.d: the actions there are ignored" "'/etc'"
	listed --json
	json 'j[0]["file"].startswith("/usr/")'
}

@test "what another user owns is ignored, be it a file or a folder above" {
	needs_root
	action "$USR/10-a.action" Exec=/usr/a
	action "$USR/20-b.action" Exec=/usr/b
	give_away "$USR/10-a.action"
	listed --json
	json '[a["state"] for a in j] == ["ignored", "active"]'
	give_away "$WORK/root/usr/lib"
	listed
	[ -z "$output" ]
	says 1 "'/usr/lib' it belongs to another user"
}

@test "folders are not reached through links" {
	action "$WORK/root/else/actions.d/10-a.action" Exec=/a
	mkdir -p root/etc
	ln -s ../else root/etc/epcache
	listed
	[ -z "$output" ]
	says 1 "'/etc/epcache' it is no folder, but perhaps a symbolic link"
}

# --- check --------------------------------------------------------------------------

@test "check says nothing of a file that is right" {
	action 50-a.action 'Exec=/bin/sh -c "exit 0"' Groups=console_scripts
	run --separate-stderr "$EPCACHE" actions check 50-a.action
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	run --separate-stderr "$EPCACHE" actions check --json 50-a.action
	[ "$status" -eq 0 ] && [ "$output" = '[]' ]
}

@test "check names each wrong line, and what to do" {
	action 50-a.action Exec=sh Mode=root 'TimeoutSec=99'
	run --separate-stderr "$EPCACHE" actions check 50-a.action
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	says 3 "50-a.action:1: Exec= must begin with the absolute path" \
		"50-a.action:2: Mode= must be filter or user, not 'root'" \
		"50-a.action:3: TimeoutSec= must be a number from 1 to 30, not '99'"
	action bad.action 'Description=x'
	run --separate-stderr "$EPCACHE" actions check --json bad.action
	[ "$status" -eq 1 ]
	json 'len(j) == 2 and "rename" in j[0] and "Exec=" in j[1]'
	run --separate-stderr "$EPCACHE" actions check 50-none.action
	[ "$status" -eq 1 ]
	says 1 "50-none.action: No such file"
}

# --- output -------------------------------------------------------------------------

@test "output prints what was published" {
	mkdir -p cache/actions
	printf 'a\0b\n' >cache/actions/50-a
	"$EPCACHE" actions output --cache-dir cache 50-a | cmp - cache/actions/50-a
	run "$EPCACHE" actions output --cache-dir cache --json 50-a
	[ "$status" -eq 0 ]
	json 'j["name"] == "50-a" and j["output"] == "a\0b\n" and j["mtime"] > 1e9'
}

@test "on a terminal, output does no more than to be shown" {
	mkdir -p cache/actions
	printf 'caf\xc3\xa9\tau\n\e[31mred\e]0;t\a\n\xc2\x9b1m \xff\nend' >cache/actions/50-a
	tty "$EPCACHE" actions output --cache-dir cache 50-a
	[ "$status" -eq 0 ]
	[ "$output" = 'café'$'\t''au
\x1b[31mred\x1b]0;t\x07
\xc2\x9b1m \xff
end' ]
	"$EPCACHE" actions output --cache-dir cache 50-a | cmp - cache/actions/50-a
}

@test "output is trusted as a cache file is" {
	mkdir -p cache/actions
	echo x >cache/actions/50-a
	chmod 666 cache/actions/50-a
	run --separate-stderr "$EPCACHE" actions output --cache-dir cache 50-a
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	says 1 "not to be believed"
	chmod 644 cache/actions/50-a
	chmod 777 cache/actions
	run --separate-stderr "$EPCACHE" actions output --cache-dir cache 50-a
	[ "$status" -eq 1 ]
}

@test "of what was not published, nothing is found" {
	run --separate-stderr "$EPCACHE" actions output --cache-dir cache 50-a
	[ "$status" -eq 3 ]
	[ -z "$output" ]
	says 1 "'50-a' has published nothing"
	mkdir -p cache/actions
	echo x >cache/secret
	run --separate-stderr "$EPCACHE" actions output --cache-dir cache ../secret
	[ "$status" -eq 3 ] && [ -z "$output" ]
}

# --- usage --------------------------------------------------------------------------

@test "what actions are to do has to be said right" {
	usage_error "not ''" actions
	usage_error "'frobnicate'" actions frobnicate
	usage_error "no argument" actions list x
	usage_error "one argument" actions check
	usage_error "one argument" actions output
	usage_error "at most" actions run a b
	usage_error "--force" actions list --force
	usage_error "--force is for one action" actions run --force
	usage_error "--dry-run" actions check --dry-run x
}

@test "only root runs actions, and none of another root's" {
	mkdir root
	run --separate-stderr "$EPCACHE" actions run --root root
	[ "$status" -eq 1 ]
	says 1 "another root" chroot
	needs_user
	run --separate-stderr as_user "$EPCACHE" actions run
	[ "$status" -eq 1 ]
	says 1 "only root runs actions"
}

# --- running ------------------------------------------------------------------------

@test "a refresh runs the actions with what was added" {
	own_system
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\n'
	mkdir -p "$SITE/bar-2.dist-info"
	action "$ACTIONS/50-cat.action" Exec=/bin/cat
	own refresh
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	published 50-cat
	json 'j["api"] == 1 and j["action"] == "50-cat"'
	of_site '[x["name"] for x in d["added"]] == ["bar", "foo"]'
	of_site 'd["added"] == d["distributions"] and d["removed"] == d["changed"] == []'
	of_site 'd["added"][1] == {"name": "foo", "version": "1.0", "opaque": None,
		"path": work + "/site/foo-1.0.dist-info",
		"entry_points": [{"group": "g", "name": "a", "value": "m:x"}]}'
	[ "$(stat -c %a:%u "$WORK/var-cache/epcache/actions/50-cat")" = 644:0 ]
	own actions list --json
	json 'j[0]["result"] == "done" and j[0]["milliseconds"] >= 0 and j[0]["last_run"]'
}

@test "what changed and what went is told, before and after" {
	own_system
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\n'
	dist "$SITE/old-1.dist-info" '[g]\nb = m:x\n'
	action "$ACTIONS/50-cat.action" Exec=/bin/cat
	own refresh
	mv "$SITE/foo-1.0.dist-info" "$SITE/foo-1.1.dist-info"
	rm -r "$SITE/old-1.dist-info"
	own refresh
	published 50-cat
	of_site '[x["name"] for x in d["removed"]] == ["old"] and d["added"] == []'
	of_site '[(c["before"]["version"], c["after"]["version"]) for c in d["changed"]] ==
		[("1.0", "1.1")]'
	of_site '[x["version"] for x in d["distributions"]] == ["1.1"]'
}

@test "nothing is run when nothing changed" {
	own_system
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\n'
	action "$ACTIONS/50-cat.action" Exec=/bin/cat
	own refresh
	before=$(cat "$SEEN/actions.json")
	own refresh --force
	[ "$status" -eq 0 ]
	own actions run --json
	json 'j == [{"name": "50-cat", "result": "unchanged", "why": None, "milliseconds": 0}]'
	[ "$(cat "$SEEN/actions.json")" = "$before" ]
	own actions run 50-cat --force --json
	json 'j[0]["result"] == "done"'
	published 50-cat
	of_site 'd["added"] == d["removed"] == d["changed"] == []'
}

@test "an action of groups is told only when one of them changed" {
	own_system
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\n'
	action "$ACTIONS/50-cat.action" Exec=/bin/cat 'Groups=console_scripts h'
	own refresh
	published 50-cat
	before=$(identity "$WORK/var-cache/epcache/actions/50-cat")
	dist "$SITE/bar-1.dist-info" '[g]\nb = m:x\n'
	own refresh
	[ "$(identity "$WORK/var-cache/epcache/actions/50-cat")" = "$before" ]
	dist "$SITE/baz-1.dist-info" '[h]\nb = m:x\n'
	own refresh
	published 50-cat
	of_site '[x["name"] for x in d["added"]] == ["baz"]'
}

@test "a run that was missed is made up" {
	own_system
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\n'
	action "$ACTIONS/50-cat.action" Exec=/bin/cat
	own refresh
	echo Actions=no >>"$WORK/etc/epcache/epcache.conf"
	dist "$SITE/one-1.dist-info" '[g]\nb = m:x\n'
	own refresh
	dist "$SITE/two-1.dist-info" '[g]\nb = m:x\n'
	own refresh
	own actions run --verbose
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	says 1 "Actions=no"
	published 50-cat
	of_site '[x["name"] for x in d["added"]] == ["foo"]'
	sed -i '/^Actions/d' "$WORK/etc/epcache/epcache.conf"
	own actions run --verbose
	[ "$status" -eq 0 ]
	published 50-cat
	of_site '[x["name"] for x in d["added"]] == ["one", "two"]'
}

@test "a directory that is no more is told of once" {
	own_system
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\n'
	action "$ACTIONS/50-cat.action" Exec=/bin/cat
	own refresh
	: >"$WORK/etc/epcache/epcache.conf"
	own actions run
	[ "$status" -eq 0 ]
	published 50-cat
	of_site '[x["name"] for x in d["removed"]] == ["foo"] and d["distributions"] == []'
	own actions run --json
	json 'j[0]["result"] == "unchanged"'
}

@test "directories of others are for those who ask for all" {
	own_system
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\n'
	chown -R "$NOBODY" "$SITE"
	action "$ACTIONS/50-all.action" Exec=/bin/cat Directories=all
	action "$ACTIONS/50-system.action" Exec=/bin/cat
	own refresh
	published 50-all
	of_site '[x["name"] for x in d["added"]] == ["foo"]'
	published 50-system
	json 'work + "/site" not in [d["directory"] for d in j["directories"]]'
}

@test "actions are run in the order of their names, and a failure stops none" {
	own_system
	action "$ACTIONS/20-b.action" 'Exec=/bin/sh -c "echo oh no >&2; exit 3"'
	action "$ACTIONS/10-a.action" Exec=/bin/true
	action "$ACTIONS/30-c.action" 'Exec=/bin/sh -c "kill -9 $$"'
	action "$ACTIONS/40-d.action" Exec=/none
	action "$ACTIONS/50-e.action" Exec=/bin/true
	own refresh --quiet
	[ "$status" -eq 0 ]
	own actions list --json
	json '[a["name"][:2] for a in j] == ["10", "20", "30", "40", "50"]'
	json '[a["result"] for a in j] == ["done", "failed", "failed", "failed", "done"]'
	json '"status 3" in j[1]["why"] and j[1]["said"] == "oh no" and j[1]["failures"] == 1'
	json '"Killed" in j[2]["why"]'
	own status
	[[ $output == *'action 20-b'*'status 3'* ]]
	own status --json
	json '[(a["name"], a["state"]) for a in j[0]["failed_actions"]] == [(n, "active") for n in ("20-b", "30-c", "40-d")]'
	json '"status 3" in j[0]["failed_actions"][0]["why"] and j[-1]["failed_actions"] == j[0]["failed_actions"]'
	own status --json --cache-dir "$WORK/none"
	json 'j[0]["failed_actions"] == []'
}

@test "a trigger runs the actions, and never fails" {
	own_system
	action "$ACTIONS/10-a.action" Exec=/bin/cat
	action "$ACTIONS/20-b.action" Exec=/bin/false
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\n'
	own trigger dpkg
	[ "$status" -eq 0 ]
	published 10-a
	of_site '[x["name"] for x in d["added"]] == ["foo"]'
}

@test "three failures in a row put an action into quarantine" {
	own_system
	action "$ACTIONS/50-a.action" "Exec=/usr/bin/test -e $WORK/mended"
	for i in 1 2 3; do
		own actions run
		[ "$status" -eq 1 ]
		says 1 "the action '50-a' failed: it ended with exit status 1"
	done
	own actions run --json
	[ "$status" -eq 0 ]
	json 'j[0]["result"] == "quarantined"'
	run --separate-stderr on_own_system "$EPCACHE" actions run --quiet
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	own actions list
	[[ $output == *quarantined*"epcache actions run 50-a --force"* ]]
	own status
	[[ $output == *'action 50-a'*quarantined* ]]
	own actions run 50-a
	[ "$status" -eq 1 ]

	own actions run 50-a --force
	[ "$status" -eq 1 ]
	touch "$WORK/mended"
	own actions run 50-a --force
	[ "$status" -eq 0 ]
	own actions list --json
	json 'j[0]["state"] == "active" and j[0]["failures"] == 0'
}

@test "another registration lifts a quarantine" {
	own_system
	action "$ACTIONS/50-a.action" Exec=/bin/false
	for i in 1 2 3; do own actions run; done
	action "$ACTIONS/50-a.action" Exec=/bin/true
	own actions list --json
	json 'j[0]["state"] == "active"'
	own actions run --json
	json 'j[0]["result"] == "done"'
}

@test "a success in between counts anew" {
	own_system
	action "$ACTIONS/50-a.action" "Exec=/usr/bin/test -e $WORK/good"
	own actions run
	own actions run
	touch "$WORK/good"
	own actions run
	[ "$status" -eq 0 ]
	rm "$WORK/good"
	own actions run 50-a --force
	own actions list --json
	json 'j[0]["failures"] == 1'
}

@test "a dry run says what would be run, and writes nothing" {
	own_system
	action "$ACTIONS/50-a.action" Exec=/bin/cat
	echo Actions=no >>"$WORK/etc/epcache/epcache.conf"
	own refresh
	sed -i '/^Actions/d' "$WORK/etc/epcache/epcache.conf"
	run --separate-stderr on_own_system "$EPCACHE" actions run --dry-run
	[ "$status" -eq 0 ]
	[ "$output" = "50-a${TAB}would run${TAB}0" ]
	[ ! -e "$SEEN/actions.json" ]
	[ ! -e "$WORK/var-cache/epcache/actions" ]
	own refresh --dry-run --force
	[ ! -e "$SEEN/actions.json" ]
}

@test "output that is gone is made again, that of a masked action removed" {
	own_system
	action "$ACTIONS/50-a.action" Exec=/bin/cat
	action "$ACTIONS/60-b.action" Exec=/bin/cat
	own refresh
	rm "$WORK/var-cache/epcache/actions/50-a"
	: >"$ACTIONS/60-b.action"
	own actions run
	[ "$(ls "$WORK/var-cache/epcache/actions")" = 50-a ]
	own actions run nonsense
	[ "$status" -eq 1 ]
	says 1 "no action 'nonsense'"
}

@test "what was seen is kept once, and no longer than it is needed" {
	own_system
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\n'
	action "$ACTIONS/50-a.action" Exec=/bin/true
	action "$ACTIONS/60-b.action" Exec=/bin/true
	own refresh
	before=$(find "$SEEN/seen" -type f ! -name .lock | wc -l)
	for i in 1 2 3; do
		dist "$SITE/foo$i-1.0.dist-info" '[g]\na = m:x\n'
		own refresh
	done
	[ "$(find "$SEEN/seen" -type f ! -name .lock | wc -l)" -eq "$before" ]
	rm "$ACTIONS"/*
	own actions run
	[ "$(find "$SEEN/seen" -type f ! -name .lock | wc -l)" -eq 0 ]
	[ "$(cat "$SEEN/actions.json")" = '{}' ] || [ "$(tr -d '\n' <"$SEEN/actions.json")" = '{}' ]
}

@test "what was seen and is damaged counts as not seen" {
	own_system
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\n'
	action "$ACTIONS/50-a.action" Exec=/bin/cat
	own refresh
	for file in "$SEEN/seen"/*; do echo damaged >"$file"; done
	dist "$SITE/bar-1.0.dist-info" '[g]\na = m:x\n'
	own refresh
	published 50-a
	of_site '[x["name"] for x in d["added"]] == ["bar", "foo"]'
	echo nonsense >"$SEEN/actions.json"
	own actions run
	[ "$status" -eq 0 ]
}

@test "an action starts no actions" {
	[[ $EPCACHE != */asan/* ]] || skip "ASan takes more memory than an action may"
	own_system
	install -m 755 "$EPCACHE" "$WORK/epcache"
	action "$ACTIONS/50-a.action" \
		"Exec=/bin/sh -c '$WORK/epcache actions run 2>&1; $WORK/epcache refresh --system >&2; echo \$?; env'"
	own refresh
	published 50-a
	[[ $output == *"only root runs actions"*EPCACHE_API=1* ]]
	run --separate-stderr on_own_system env EPCACHE_API=1 "$EPCACHE" actions run
	[ "$status" -eq 1 ]
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\n'
	run --separate-stderr on_own_system env EPCACHE_API=1 "$EPCACHE" refresh
	own actions run --dry-run
	[[ $output == *"would run"* ]]
}

@test "nothing of another root is run, nor for a cache folder that was given" {
	own_system
	dist root/usr/lib/python3.11/site-packages/foo-1.dist-info '[g]\na = m:x\n'
	mkdir -p root/usr/bin root/var/cache root/var/lib
	ln -s python3.11 root/usr/bin/python3
	touch root/usr/bin/python3.11
	action "$WORK/root/etc/epcache/actions.d/50-a.action" Exec=/bin/cat
	own refresh --root "$WORK/root" --verbose
	[ ! -e root/var/lib/epcache/actions.json ]
	action "$ACTIONS/50-a.action" Exec=/bin/cat
	own refresh --cache-dir "$WORK/cache"
	[ ! -e "$SEEN/actions.json" ]
}

@test "what changes while actions run is looked at by the same run" {
	own_system
	mkdir "$WORK/signs"
	chown "$NOBODY:$NOBODY" "$WORK/signs"
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\n'
	action "$ACTIONS/50-a.action" Mode=user User=nobody "WritablePath=$WORK/signs" TimeoutSec=30 \
		"Exec=/bin/sh -c 'touch $WORK/signs/begun; while [ ! -e $WORK/signs/go ]; do sleep 0.05; done'"
	action "$ACTIONS/60-b.action" Exec=/bin/cat
	on_own_system "$EPCACHE" refresh 3>&- &
	for _ in {1..1200}; do
		[ ! -e "$WORK/signs/begun" ] || break
		sleep 0.05
	done
	dist "$SITE/late-1.0.dist-info" '[g]\na = m:x\n'
	own refresh
	[ "$status" -eq 0 ]
	touch "$WORK/signs/go"
	wait $!
	published 60-b
	of_site '[x["name"] for x in d["distributions"]] == ["foo", "late"]'
}

@test "an action of mode user writes below its path, and publishes nothing" {
	own_system
	mkdir "$WORK/own" "$WORK/other"
	chown "$NOBODY:$NOBODY" "$WORK/own" "$WORK/other"
	action "$ACTIONS/50-a.action" Mode=user User=nobody "WritablePath=$WORK/own" \
		"Exec=/bin/sh -c 'cat >$WORK/own/change; touch $WORK/other/x 2>/dev/null; true'"
	own refresh
	[ "$status" -eq 0 ]
	[ -s "$WORK/own/change" ]
	[ ! -e "$WORK/other/x" ]
	own actions output 50-a
	[ "$status" -eq 3 ]
}

# --- the one that ships, and the examples -------------------------------------------

@test "console-scripts reports scripts, claims, missing files and what nobody owns" {
	own_system
	local lib=$WORK/usr/lib/python3.11/site-packages

	program=$(dirname "$EPCACHE")/console-scripts
	[ -x "$program" ] || skip "needs $program"
	mkdir -p "$WORK/usr/bin"
	printf 'Directory=%s\n' "$lib" >"$WORK/etc/epcache/epcache.conf"
	dist "$lib/foo-1.0.dist-info" '[console_scripts]\nhere = m:x\nboth = m:x\n'
	dist "$lib/bar-2.0.dist-info" '[console_scripts]\ngone = m:x\n[gui_scripts]\nboth = n:x\n'
	dist "$lib/odd\xff-1.dist-info" '[g]\na = m:x\n'
	touch "$WORK/usr/bin/here" "$WORK/usr/bin/both"
	cat >"$WORK/owner" <<-END
		#!/bin/sh
		echo '[{"distribution": {"path": "$lib/bar-2.0.dist-info"}}]'
	END
	chmod 755 "$WORK/owner"
	install -m 755 "$program" "$WORK/console-scripts"
	action "$ACTIONS/50-console-scripts.action" "Exec=$WORK/console-scripts $WORK/owner"
	own refresh
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	published 50-console-scripts
	[[ $output == *"here${TAB}foo 1.0${TAB}$lib"* ]]
	part=${output#*claim}
	[[ ${part%%#*} == *"both${TAB}bar 2.0"*"both${TAB}foo 1.0"* ]]
	[[ ${part%%#*} != *here* ]]
	part=${output#*is missing: file, distribution}
	[[ ${part%%#*} == *"$WORK/usr/bin/gone${TAB}bar"* && ${part%%#*} != */usr/bin/here* ]]
	[[ ${output##*owns} == *"$lib/bar-2.0.dist-info"* ]]
}

@test "the example in Python works" {
	own_system
	dist "$SITE/foo-1.0.dist-info" '[my group]\na = m:x\nb = m:x\n'
	install -m 755 "$BATS_TEST_DIRNAME/../../core/actions/examples/groups.py" "$WORK/groups.py"
	action "$ACTIONS/70-groups.action" "Exec=$PYTHON -IB $WORK/groups.py"
	own refresh
	published 70-groups
	[[ $output == *"my group${TAB}2"* ]]
}

@test "the example in shell works" {
	own_system
	mkdir "$WORK/log"
	chown "$NOBODY:$NOBODY" "$WORK/log"
	install -m 755 "$BATS_TEST_DIRNAME/../../core/actions/examples/log-size.sh" "$WORK/log.sh"
	action "$ACTIONS/70-log.action" "Exec=/bin/sh $WORK/log.sh $WORK/log" Mode=user \
		User=nobody "WritablePath=$WORK/log"
	own refresh
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "$(cat "$WORK/log/size")" -eq "$(stat -c %s "$WORK/log/last-change.json")" ]
}

@test "the example in C works" {
	own_system
	"${CC:-cc}" -Wall -Wextra -Werror -o "$WORK/removed" \
		"$BATS_TEST_DIRNAME/../../core/actions/examples/removed.c" -lcjson ||
		skip "needs a compiler and cJSON"
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\n'
	action "$ACTIONS/70-removed.action" "Exec=$WORK/removed"
	own refresh
	rm -r "$SITE/foo-1.0.dist-info"
	own refresh
	published 70-removed
	[ "$output" = "$SITE/foo-1.0.dist-info" ]
}

@test "the change is as the published schema says" {
	own_system
	dist "$SITE/foo-1.0.dist-info" '[g]\na = m:x\n'
	dist "$SITE/bar-1.dist-info" '[g]\nnonsense\n'
	dist "$SITE/old-1.dist-info" '[g]\na = m:x\n'
	action "$ACTIONS/50-cat.action" Exec=/bin/cat
	own refresh
	mv "$SITE/foo-1.0.dist-info" "$SITE/foo-2.0.dist-info"
	rm -r "$SITE/old-1.dist-info"
	dist "$SITE/new-1.dist-info" '[g]\na = m:x\n'
	own refresh
	on_own_system "$EPCACHE" actions output 50-cat >change.json
	"$PYTHON" -I -S - "$BATS_TEST_DIRNAME/../../core/actions/change.schema.json" change.json <<-'END'
		import json, sys
		schema, change = (json.load(open(p)) for p in sys.argv[1:])
		types = {"object": dict, "array": list, "string": str, "null": type(None)}
		def check(value, by, at):
		    if "$ref" in by:
		        by = schema["$defs"][by["$ref"].rsplit("/", 1)[1]]
		    if "const" in by:
		        assert value == by["const"], at
		    if "type" in by:
		        names = by["type"] if isinstance(by["type"], list) else [by["type"]]
		        assert isinstance(value, tuple(types[n] for n in names)), (at, value)
		    if isinstance(value, dict):
		        assert set(by.get("required", [])) <= set(value) == set(by["properties"]), (at, value)
		        for key, one in value.items():
		            check(one, by["properties"][key], at + "." + key)
		    if isinstance(value, list):
		        for one in value:
		            check(one, by["items"], at + "[]")
		check(change, schema, "")
		d = [d for d in change["directories"] if d["directory"].endswith("/site")][0]
		assert d["added"] and d["removed"] and d["changed"], d
	END
}
