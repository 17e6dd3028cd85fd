# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# One user makes another, root above all, load what that user did not ask for: by each
# way that is known, from the cache folder and the environment.  The threats are
#   T2   of broken metadata, or of the user whom root's scans run as
#   T3   of a group that may write a directory, as Debian's staff
#   T4   of any user, who plants, lends or keeps something in root's folder
#   T5   of links and of what is swapped between check and use
#   T6   of size, T7 of what is no regular file
#   T9   of an environment that is not root's own, T10 of another user's cache file
#   T11  of folders that are everybody's, T12 of another root
#   T13  of what root makes, changes or removes in what is another's
#   T14  of what is private, T15 of what is out of date

# shellcheck disable=SC2016,SC2030,SC2031 # each test is a subshell; bash -c expands
# shellcheck disable=SC2034,SC2153,SC2154,SC2317 # poison.bash has, sets and calls them

load poison

setup_file() {
	poison_file_begin
}

setup() {
	poison_begin
}

teardown() {
	poison_end
}

# needs_acl ACL FILE - let the file have it.
needs_acl() {
	command -v setfacl >/dev/null || skip "needs setfacl"
	setfacl -m "$1" "$2" 2>/dev/null || skip "no ACLs here"
}

# --- the poison is one --------------------------------------------------------------

@test "whoever may write root's folder decides: the poison is deadly there" {
	system_folder 755
	cp "$POISON" "$SYSTEM/$NAME"
	for user in root bob; do
		run runs $user query g --path "$SITE"
		[[ $output == *evil:x* ]]
		run runs $user explain g a --path "$SITE"
		[[ $output == *evil:x* ]]
		runs $user status --json "$SITE"
		[[ $output == *'"fresh"'* ]]
	done
	run asked root
	[ "$status" -ne 0 ]
	run clean_folder "$SYSTEM"
	[ "$status" -ne 0 ]
}

@test "T10: who poisons an own folder is the only one to be poisoned" {
	mallory mkdir -p -m 700 "$THEIRS/.cache/epcache"
	mallory cp "$POISON" "$THEIRS/.cache/epcache/$NAME"
	run mallory env HOME="$THEIRS" "$EPCACHE" query g --path "$SITE"
	[[ $output == *evil:x* ]]
	kept_fresh
	run mallory env HOME="$THEIRS" "$EPCACHE" query g --path "$SITE"
	[[ $output == *good:x* ]]
}

# --- the system's folder ------------------------------------------------------------

@test "T4: the system's folder belongs to her" {
	mkdir "$SYSTEM"
	chown "$MALLORY" "$SYSTEM"
	mallory cp "$POISON" "$SYSTEM/$NAME"
	unharmed
	[ "$(find "$SYSTEM" ! -user "$MALLORY")" = '' ]
}

@test "T4: the system's folder belongs to her, the file in it to root" {
	mkdir "$SYSTEM"
	cp "$POISON" "$SYSTEM/$NAME"
	chown "$MALLORY" "$SYSTEM"
	asked root
	asked bob
}

# open_folder MODE - she writes to the system's folder, which has this mode.
open_folder() {
	system_folder "$1"
	chgrp "$MALLORY" "$SYSTEM"
	mallory cp "$POISON" "$SYSTEM/$NAME"
	unharmed
	[ "$(find "$SYSTEM" -mindepth 1)" = "$SYSTEM/$NAME" ]
	# Neither what is in a folder like that: she can put there what was root's.
	chown 0:0 "$SYSTEM/$NAME"
	asked root
	asked bob
}

@test "T4: the system's folder is writable by her group" {
	open_folder 775
}

@test "T4: the system's folder is writable by all" {
	open_folder 777
}

@test "T11: the system's folder is writable by all, and sticky as /tmp is" {
	open_folder 1777
}

@test "T3: the system's folder is set-gid, and writable by her group" {
	open_folder 2775
}

@test "T4: an ACL lets her write to the system's folder" {
	system_folder 755
	needs_acl "u:$MALLORY:rwx" "$SYSTEM"
	mallory cp "$POISON" "$SYSTEM/$NAME"
	unharmed
	chown 0:0 "$SYSTEM/$NAME"
	asked root
	asked bob
}

# not_hers - what root has in its folder is not hers to open for writing.
not_hers() {
	local file

	for file in "$SYSTEM/$NAME" "$SYSTEM/.lock"; do
		[ -f "$file" ]
		run mallory bash -c ': >>"$1"' bash "$file"
		[ "$status" -ne 0 ]
	done
	run mallory cat "$SYSTEM/.lock"
	[ "$status" -ne 0 ] # or she could hold it
}

@test "T3: a set-gid folder gives what root writes to her group, but not to write" {
	system_folder 2755
	chgrp "$MALLORY" "$SYSTEM"
	kept_fresh
	not_hers
}

@test "T4: an ACL for what is made in the folder does not make it hers to write" {
	system_folder 755
	needs_acl "d:u:$MALLORY:rwx" "$SYSTEM"
	kept_fresh
	not_hers
}

@test "T4: with the mildest umask the folder, its files and the lock are root's" {
	umask 0
	kept_fresh
	[ "$(stat -c '%u %a' "$SYSTEM")" = '0 755' ]
	not_hers
}

@test "T11: the system's folder is a link to a folder of hers" {
	mallory mkdir "$THEIRS/cache"
	mallory cp "$POISON" "$THEIRS/cache/$NAME"
	ln -s "$THEIRS/cache" "$SYSTEM"
	unharmed
}

@test "T11: the system's folder is a link to a folder of root's" {
	mkdir other
	cp "$POISON" "other/$NAME"
	ln -s "$WORK/other" "$SYSTEM"
	unharmed
}

@test "T13: /var/cache itself is hers: root makes no folder in it" {
	chown "$MALLORY" /var/cache
	unharmed
	[ -z "$(ls -A /var/cache)" ]
}

@test "T13: /var/cache is hers, and she puts a folder of hers in the place of root's" {
	root refresh "$SITE"
	chown "$MALLORY" /var/cache
	mallory mv "$SYSTEM" /var/cache/old
	mallory mkdir "$SYSTEM"
	mallory cp "$POISON" "$SYSTEM/$NAME"
	unharmed
}

# --- files in the system's folder ---------------------------------------------------

@test "T4: a file in root's folder is hers" {
	planted cp "$POISON" "$NAME"
	kept_fresh
}

@test "T2: a file in root's folder belongs to the user whom scans run as" {
	planted cp "$POISON" "$NAME"
	chown "$WORKER:$WORKER" "$SYSTEM/$NAME"
	kept_fresh
}

# root_file MODE - a file of root's which has this mode, and which she has written to.
root_file() {
	system_folder 755
	cp "$POISON" "$SYSTEM/$NAME"
	chgrp "$MALLORY" "$SYSTEM/$NAME"
	chmod "$1" "$SYSTEM/$NAME"
	kept_fresh
}

@test "T4: a file in root's folder is writable by her group" {
	root_file 664
}

@test "T4: a file in root's folder is writable by all" {
	root_file 646
}

@test "T4: an ACL lets her write to a file in root's folder" {
	system_folder 755
	cp "$POISON" "$SYSTEM/$NAME"
	needs_acl "u:$MALLORY:rwx" "$SYSTEM/$NAME"
	mallory cp "$POISON" "$SYSTEM/$NAME"
	kept_fresh
}

@test "T10: a file in root's folder is a second link to one of hers" {
	mallory cp "$POISON" "$THEIRS/file"
	system_folder 755
	ln "$THEIRS/file" "$SYSTEM_TOO/$NAME"
	asked root
	asked bob
	root refresh "$SITE"
	kept_fresh
	grep -q evil "$THEIRS/file"
}

@test "T10: a file in root's folder has a second name, which may be anywhere" {
	system_folder 755
	cp "$POISON" "$SYSTEM/$NAME"
	ln "$SYSTEM/$NAME" "$SYSTEM/second"
	asked root
	asked bob
	root refresh "$SITE"
	rm "$SYSTEM/second"
	kept_fresh
}

@test "T10: a file in root's folder is a link to one of hers" {
	mallory cp "$POISON" "$THEIRS/file"
	planted ln -s "$THEIRS/file" "$NAME"
	kept_fresh
}

@test "T10: a file in root's folder is a link to one of root's" {
	cp "$POISON" file
	planted ln -s "$WORK/file" "$NAME"
	kept_fresh
}

@test "T7: a FIFO of hers in the place of a file" {
	planted mkfifo "$NAME"
	kept_fresh
}

@test "T7: a device in the place of a file" {
	system_folder 755
	mknod "$SYSTEM/$NAME" c 1 5 2>/dev/null || skip "no devices here"
	kept_fresh
}

@test "T7: a folder in the place of a file stays as it is" {
	planted mkdir "$NAME"
	mkdir "$SYSTEM/$NAME/of-root"
	unharmed
	[ -d "$SYSTEM/$NAME/of-root" ]
}

@test "T6: a file of 8 TiB in the place of a file" {
	planted truncate -s 8T "$NAME"
	chown 0:0 "$SYSTEM/$NAME"
	kept_fresh
}

# --- locks and leftovers ------------------------------------------------------------

@test "T11: a link for the lock, to a file of root's or to one that root would make" {
	planted ln -s "$PRECIOUS/b-1.dist-info/entry_points.txt" .lock
	unharmed
	ln -sf "$PRECIOUS/new" "$SYSTEM/.lock"
	unharmed
	[ -L "$SYSTEM/.lock" ]
}

@test "T11: a FIFO for the lock: nobody waits for it" {
	planted mkfifo .lock
	unharmed
}

@test "T11: a folder for the lock" {
	planted mkdir .lock
	unharmed
}

@test "T11: a second name for the lock leads to no harm of the first" {
	echo mine >file
	chmod 600 file
	system_folder 755
	ln file "$SYSTEM_TOO/.lock"
	unharmed
	[ "$(cat file)" = mine ]
}

@test "T11: leftovers that are links, and what they lead to" {
	local tmp=.tmp-0123456789abcde

	planted ln -s "$PRECIOUS/b-1.dist-info/entry_points.txt" ${tmp}0
	ln -s "$PRECIOUS" "$SYSTEM/${tmp}1"
	ln -s /nowhere "$SYSTEM/${tmp}2"
	kept_fresh
}

@test "T11: a leftover that is another name of a file of root's" {
	echo mine >file
	system_folder 755
	ln file "$SYSTEM_TOO/.tmp-0123456789abcdef"
	root refresh "$SITE"
	[ "$(cat file)" = mine ]
	ln -f file "$SYSTEM_TOO/.tmp-0123456789abcdef"
	root clean
	[ "$(cat file)" = mine ]
	kept_fresh
}

@test "T11: a leftover that is a FIFO" {
	planted mkfifo .tmp-0123456789abcdef
	kept_fresh
}

@test "T11: a leftover that is a folder stays as it is" {
	planted mkdir .tmp-0123456789abcdef
	mkdir "$SYSTEM/.tmp-0123456789abcdef/of-root"
	kept_fresh
	[ -d "$SYSTEM/.tmp-0123456789abcdef/of-root" ]
}

@test "T13: what is to be cleaned is a link to a file of root's" {
	head -c 100 "$POISON" >damaged
	planted ln -s "$WORK/damaged" x.v1
	ln -s "$PRECIOUS/b-1.dist-info/entry_points.txt" "$SYSTEM/y.v1"
	mkfifo "$SYSTEM/z.v1"
	kept_fresh
}

# --- the environment ----------------------------------------------------------------

# foreign_folder DIR - her poison is in this folder; whose the folder is does not
# matter, as it is not looked at.
foreign_folder() {
	mkdir -p "$1"
	cp "$POISON" "$1/$NAME"
	chmod 700 "$1"
	kept_fresh
	rm -rf "$SYSTEM"
	chown -R "$MALLORY:$MALLORY" "$1"
	kept_fresh
}

@test "T9: EPCACHE_DIR is not root's to believe" {
	WITH=(env EPCACHE_DIR="$WORK/foreign")
	foreign_folder "$WORK/foreign"
}

@test "T9: XDG_CACHE_HOME is not root's to believe" {
	WITH=(env XDG_CACHE_HOME="$WORK/foreign")
	foreign_folder "$WORK/foreign/epcache"
}

# It counts only where the other place is on a network file system.
@test "T9: XDG_RUNTIME_DIR is not root's to believe" {
	WITH=(env XDG_RUNTIME_DIR="$WORK/foreign")
	foreign_folder "$WORK/foreign/epcache"
}

@test "T9: HOME is not root's to believe" {
	WITH=(env HOME="$WORK/foreign")
	foreign_folder "$WORK/foreign/.cache/epcache"
}

@test "T15: EPCACHE=fast is not root's to believe" {
	entry site/a-1.dist-info evil
	root refresh "$WORK/site"
	entry site/a-1.dist-info good # as an upgrade of the same version does
	SITE=$WORK/site
	run mallory env EPCACHE=fast "$EPCACHE" query g --path "$SITE"
	[[ $output == *evil:x* ]]
	WITH=(env EPCACHE=fast)
	answered root
}

@test "T9: VIRTUAL_ENV is not root's to refresh, nor to ask" {
	local site=$THEIRS/env/lib/python3.11/site-packages

	entry "$site/a-1.dist-info" evil
	touch "$THEIRS/env/pyvenv.cfg"
	chown -R "$MALLORY" "$THEIRS/env"
	WITH=(env VIRTUAL_ENV="$THEIRS/env")
	kept_fresh
	runs root refresh --dry-run --json
	[[ $output != *"$THEIRS"* ]]
	runs root status --json
	[[ $output != *"$THEIRS"* ]]
	runs root query --all
}

@test "T9: nothing on PATH is run by root" {
	local name

	mkdir bin
	for name in python3 python rpm rpmquery dpkg dpkg-query pacman sh bash systemctl; do
		printf '#!/bin/sh\necho evil\n: >%s/ran\n' "$WORK" >"bin/$name"
	done
	chmod 755 bin/*
	WITH=(env PATH="$WORK/bin:$PATH")
	kept_fresh
	runs root query --all
	runs root status
	runs root refresh --system --dry-run
	[ ! -e ran ]
}

@test "T9: what an interpreter would believe is not on root's path" {
	entry "$THEIRS/a-1.dist-info" evil
	WITH=(env PYTHONPATH="$THEIRS" PYTHONHOME="$THEIRS" PYTHONUSERBASE="$THEIRS"
		PYTHONSTARTUP="$THEIRS/x.py" PYTHONPLATLIBDIR="$THEIRS")
	runs root query --all
	runs root query g
	runs root status --json
	[[ $output != *"$THEIRS"* ]]
	kept_fresh
}

@test "T11: TMPDIR is not where root writes, nor /tmp" {
	mallory mkdir "$THEIRS/tmp"
	WITH=(env TMPDIR="$THEIRS/tmp" TMP="$THEIRS/tmp" TEMP="$THEIRS/tmp")
	kept_fresh
	rm -rf "$SYSTEM"
	unshare -m bash -c 'mount --bind "$1" /tmp && "$2" refresh "$3"' bash "$THEIRS/tmp" \
		"$EPCACHE" "$SITE"
	[ -z "$(ls -A "$THEIRS/tmp")" ]
	[ "$(stat -c %Y "$THEIRS/tmp")" = "$(stat -c %W "$THEIRS/tmp")" ]
}

@test "T9: what sudo says of its caller moves nothing" {
	mallory mkdir -p -m 700 "$THEIRS/.cache/epcache"
	mallory cp "$POISON" "$THEIRS/.cache/epcache/$NAME"
	mallory mkdir "$THEIRS/own"
	WITH=(env SUDO_UID="$MALLORY" SUDO_GID="$MALLORY" SUDO_USER=mallory DOAS_USER=mallory
		PKEXEC_UID="$MALLORY" USER=mallory LOGNAME=mallory HOME="$THEIRS")
	kept_fresh
	run root refresh "$THEIRS/own"
	[ "$status" -eq 1 ]
	[ "$(find "$WORK" "$SYSTEM" -name '*own*')" = "$THEIRS/own" ]
}

@test "T9: root stands in a folder of hers" {
	mallory mkdir -p "$THEIRS/epcache" "$THEIRS/var/cache/epcache" "$THEIRS/.cache/epcache"
	for folder in . epcache var/cache/epcache .cache/epcache; do
		mallory cp "$POISON" "$THEIRS/$folder/$NAME"
	done
	entry "$THEIRS/a-1.dist-info" evil
	mallory touch "$THEIRS/pyvenv.cfg"
	cd "$THEIRS"
	kept_fresh
	runs root query --all
	runs root refresh --dry-run --json
	[[ $output != *"$THEIRS"* ]]
}

# set_id MODE OWNER - a copy of the tool with this set-id bit, at $WORK/tool.
set_id() {
	install "$EPCACHE" tool
	chown "$2:$2" tool
	chmod "$1" tool
	mallory mkdir -p -m 700 "$THEIRS/.cache/epcache" "$THEIRS/epcache"
	mallory cp "$POISON" "$THEIRS/.cache/epcache/$NAME"
	mallory cp "$POISON" "$THEIRS/epcache/$NAME"
}

# by_tool VARIABLE... - mallory runs that copy in this environment.
by_tool() {
	run mallory env -u HOME "$@" "$WORK/tool" query g --path "$SITE"
	[ "$status" -eq 0 ]
	[[ $output == *good:x* ]] || { echo "$*: $output"; return 1; }
}

@test "T9: set-uid to root, it believes no variable of its caller" {
	set_id 4755 0
	run mallory env HOME="$THEIRS" "$EPCACHE" query g --path "$SITE"
	[[ $output == *evil:x* ]]
	by_tool EPCACHE_DIR="$THEIRS/epcache"
	by_tool XDG_CACHE_HOME="$THEIRS"
	by_tool HOME="$THEIRS"
}

@test "T9: set-uid to another user, it believes no variable of its caller" {
	set_id 755 "$BOB"
	chown -R "$BOB" "$THEIRS" # his, and so to be believed if it is looked at
	run bob EPCACHE_DIR="$THEIRS/epcache" "$EPCACHE" query g --path "$SITE"
	[[ $output == *evil:x* ]]
	chmod 4755 tool
	by_tool EPCACHE_DIR="$THEIRS/epcache"
	by_tool XDG_CACHE_HOME="$THEIRS"
	by_tool HOME="$THEIRS"
}

@test "T9: set-gid, it believes no variable of its caller" {
	set_id 2755 "$BOB"
	by_tool EPCACHE_DIR="$THEIRS/epcache"
	by_tool XDG_CACHE_HOME="$THEIRS"
	by_tool HOME="$THEIRS"
}
