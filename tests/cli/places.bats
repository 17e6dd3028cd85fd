# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Where cache files are: who writes which folder, in which order they are looked up,
# under which names, and what root refuses to write.

# shellcheck disable=SC2016,SC2030,SC2031 # each test is a subshell; bash -c expands
# shellcheck disable=SC2154 # bats sets stderr

load lib

setup() {
	work_begin
	SYSTEM=/var/cache/epcache
}

teardown() {
	work_end
}

# env_of PREFIX - a virtual environment of the user; SITE is its site-packages.
env_of() {
	SITE=$1/lib/python3.11/site-packages
	mkdir -p "$SITE"
	touch "$1/pyvenv.cfg"
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\n'
	give_away "$1" "$1/lib" "$1/lib/python3.11" "$SITE"
	PREFIX=$1/var/cache/epcache
}

# name_of DIR - the name of its cache file.
name_of() {
	basename "$(cache_file "$1")"
}

# used_by COMMAND... - the cache file of $SITE that a status names, by who COMMAND is.
used_by() {
	"$@" "$EPCACHE" status --json "$SITE" | "$PYTHON" -I -S -c '
import json, sys
row = json.load(sys.stdin)[0]
print(row["state"], row["cache_file"])'
}

# user_on_own_var COMMAND... - as_user, with a /var/cache of its own.
user_on_own_var() {
	local word words=()

	as_user true
	[ -x "$WORK/bin/epcache" ] || install -D -m 755 "$EPCACHE" "$WORK/bin/epcache"
	for word; do
		[ "$word" != "$EPCACHE" ] || word=$WORK/bin/epcache
		words+=("$word")
	done
	on_own_var setpriv --reuid "$NOBODY" --regid "$NOBODY" --clear-groups "${words[@]}"
}

# --- who writes where ---------------------------------------------------------------

@test "root: what root owns, in the system's folder, for all to read" {
	needs_mounts
	mkdir "$SITE"
	on_own_var "$EPCACHE" refresh "$SITE"
	[ "$(stat -c '%u %a' var-cache/epcache)" = '0 755' ]
	[ "$(stat -c '%u %a %h' "var-cache/epcache/$(name_of "$SITE")")" = '0 644 1' ]
	[ "$(used_by on_own_var)" = "fresh $SYSTEM/$(name_of "$SITE")" ]
	needs_user
	[ "$(used_by user_on_own_var)" = "fresh $SYSTEM/$(name_of "$SITE")" ]
}

@test "root: a virtual environment that root owns is kept in the system's folder too" {
	needs_mounts
	mkdir -p env/lib/python3.11/site-packages
	touch env/pyvenv.cfg
	on_own_var "$EPCACHE" refresh --venv env
	[ ! -e env/var ]
	[ "$(find var-cache -name '*.v1' | wc -l)" -eq 1 ]
}

@test "the owner of a virtual environment: below its prefix" {
	needs_user
	env_of "$WORK/env"
	as_user "$EPCACHE" refresh "$SITE"
	[ -f "$PREFIX/$(name_of "$SITE")" ]
	[ "$(stat -c %a "$PREFIX")" = 755 ]
	[ ! -e "$HOME/.cache" ]
	[ "$(used_by as_user)" = "fresh $PREFIX/$(name_of "$SITE")" ]
}

@test "without pyvenv.cfg, or of another shape, it is no virtual environment" {
	needs_user
	env_of "$WORK/env"
	mv env/pyvenv.cfg env/other.cfg
	as_user "$EPCACHE" refresh "$SITE"
	[ ! -e env/var ]
	[ -f "$HOME/.cache/epcache/$(name_of "$SITE")" ]
	local dir
	for dir in lib/python3.11/dist-packages lib/python2.7/site-packages lib/site-packages \
		share/python3.11/site-packages; do
		user_dir "e2/$dir"
		touch e2/pyvenv.cfg
		give_away e2
		as_user "$EPCACHE" refresh "$WORK/e2/$dir"
		[ -f "$HOME/.cache/epcache/$(name_of "$WORK/e2/$dir")" ]
		[ ! -e e2/var ]
	done
	for dir in lib64/python3.11 lib/python3.13t; do
		user_dir "e3/$dir/site-packages"
		touch e3/pyvenv.cfg
		give_away e3
		as_user "$EPCACHE" refresh "$WORK/e3/$dir/site-packages"
		[ -f "e3/var/cache/epcache/$(name_of "$WORK/e3/$dir/site-packages")" ]
	done
}

@test "a user: anything else in the user's own folder, for nobody else to enter" {
	needs_user
	user_dir mine
	as_user "$EPCACHE" refresh "$WORK/mine"
	[ "$(stat -c %a "$HOME/.cache/epcache")" = 700 ]
	[ "$(find "$HOME/.cache/epcache" -name '*.v1')" = "$HOME/.cache/epcache/$(name_of "$WORK/mine")" ]
	[ -z "$(find "$WORK/mine" -mindepth 1)" ]
}

@test "a user: somebody else's virtual environment in the user's own folder" {
	needs_root
	needs_user
	SITE=$WORK/env/lib/python3.11/site-packages
	mkdir -p "$SITE"
	touch env/pyvenv.cfg
	as_user "$EPCACHE" refresh "$SITE"
	[ ! -e env/var ]
	[ -f "$HOME/.cache/epcache/$(name_of "$SITE")" ]
}

@test "a user never writes the system's folder, writable or not" {
	needs_mounts
	needs_user
	mkdir -p var-cache/epcache
	chown "$NOBODY" var-cache/epcache
	user_dir mine
	user_on_own_var "$EPCACHE" refresh "$WORK/mine"
	[ -z "$(ls -A var-cache/epcache)" ]
	[ -f "$HOME/.cache/epcache/$(name_of "$WORK/mine")" ]
}

@test "an unwritable prefix of a virtual environment is a failure that says why" {
	needs_user
	env_of "$WORK/env"
	chown 0 env 2>/dev/null || chmod 555 env
	run --separate-stderr as_user "$EPCACHE" refresh "$SITE"
	[ "$status" -eq 1 ]
	says 1 "'$SITE'"
	[ ! -e env/var ]
	chmod 755 env
}

@test "below a prefix that is not one's own, writable or not, nothing is made" {
	needs_root
	needs_user
	env_of "$WORK/env"
	chown 0 env
	chmod 777 env
	run --separate-stderr as_user "$EPCACHE" refresh "$SITE"
	[ "$status" -eq 1 ]
	says 1 "'$SITE'" 'another user'
	[ ! -e env/var ]
}

# --- what root refuses --------------------------------------------------------------

# refused DIR - by root, on an own /var/cache, with the command that the owner runs.
refused() {
	run --separate-stderr on_own_var "$EPCACHE" refresh "$1"
	[ "$status" -eq 1 ] || { echo "exit $status"; return 1; }
	says 1 "'$1'" 'belongs to another user' "as its owner, run: epcache refresh -- '$1'"
	[ -z "$(find var-cache -name '*.v1')" ]
	run --separate-stderr on_own_var "$EPCACHE" refresh --json "$1"
	[ "$status" -eq 1 ]
	json 'j[0]["result"] == "failed" and "as its owner, run: " in j[0]["error"]'
}

@test "root refuses the directory of another user, and prints a command that works" {
	needs_mounts
	needs_user
	user_dir mine
	refused "$WORK/mine"
	[ ! -e "$HOME/.cache" ]
	run --separate-stderr on_own_var "$EPCACHE" refresh "$WORK/mine"
	local command=${stderr##*run: epcache }
	mkdir -p "$WORK/bin"
	user_on_own_var "$EPCACHE" --version
	user_on_own_var bash -c "$WORK/bin/epcache $command"
	[ -f "$HOME/.cache/epcache/$(name_of "$WORK/mine")" ]
}

@test "root refuses somebody's virtual environment, and makes nothing in it" {
	needs_mounts
	env_of "$WORK/env"
	refused "$SITE"
	[ ! -e env/var ]
	mkdir -p "$PREFIX"
	refused "$SITE"
	[ -z "$(ls -A "$PREFIX")" ]
}

@test "root refuses a system's folder that another user owns, others may write, or is a link" {
	needs_mounts
	mkdir -p "$SITE" var-cache/epcache real
	chown "$NOBODY" var-cache/epcache
	refused "$SITE"
	chown 0 var-cache/epcache
	chmod 777 var-cache/epcache
	refused "$SITE"
	rmdir var-cache/epcache
	ln -s "$WORK/real" var-cache/epcache
	run --separate-stderr on_own_var "$EPCACHE" refresh "$SITE"
	[ "$status" -eq 1 ]
	says 1 "'$SITE'"
	[ -z "$(ls -A real)" ]
}

@test "root makes no folder in what another user owns" {
	needs_root
	mkdir -p "$SITE"
	user_dir theirs
	run --separate-stderr "$EPCACHE" refresh --cache-dir "$WORK/theirs/a/b" "$SITE"
	[ "$status" -eq 1 ]
	says 1 "'$SITE'"
	[ -z "$(ls -A theirs)" ]
}

@test "root writes where --cache-dir says, whoever owns the directory" {
	needs_root
	user_dir mine
	run --separate-stderr refresh "$WORK/mine"
	[ "$status" -eq 0 ]
	[ -f "$(cache_file "$WORK/mine")" ]
}

@test "root has no folder of a user's own" {
	needs_mounts
	user_dir mine
	for home in "$WORK/home" /; do
		HOME=$home XDG_CACHE_HOME=$WORK/xdg XDG_RUNTIME_DIR=$WORK/run refused "$WORK/mine"
	done
	[ ! -e xdg ]
	[ ! -e run ]
	[ ! -e "$WORK/home/.cache" ]
}

# --- the order of look-up -----------------------------------------------------------

# in_all_places - the fresh cache file of $SITE in the system's folder, the prefix's
# and the user's own.
in_all_places() {
	needs_mounts
	needs_user
	env_of "$WORK/env"
	as_user "$EPCACHE" refresh "$SITE"
	NAME=$(name_of "$SITE")
	OWN=$HOME/.cache/epcache
	mkdir -p var-cache/epcache
	cp "$PREFIX/$NAME" var-cache/epcache
	as_user mkdir -p -m 700 "$OWN"
	as_user cp "$PREFIX/$NAME" "$OWN"
}

@test "the system's folder, the prefix's, the user's own; the first that is fresh" {
	in_all_places
	[ "$(used_by user_on_own_var)" = "fresh $SYSTEM/$NAME" ]
	rm "var-cache/epcache/$NAME"
	[ "$(used_by user_on_own_var)" = "fresh $PREFIX/$NAME" ]
	rm "$PREFIX/$NAME"
	[ "$(used_by user_on_own_var)" = "fresh $OWN/$NAME" ]
	rm "$OWN/$NAME"
	[ "$(used_by user_on_own_var)" = 'absent None' ]
}

@test "one that is damaged, untrusted or stale gives way to the next" {
	in_all_places
	truncate -s -1 "var-cache/epcache/$NAME"
	[ "$(used_by user_on_own_var)" = "fresh $PREFIX/$NAME" ]
	chmod 666 "$PREFIX/$NAME"
	[ "$(used_by user_on_own_var)" = "fresh $OWN/$NAME" ]
	cp "$OWN/$NAME" "var-cache/epcache/$NAME"
	dist "$SITE/bar-1.dist-info" ''
	give_away "$SITE/bar-1.dist-info" "$SITE/bar-1.dist-info/entry_points.txt"
	[ "$(used_by user_on_own_var)" = "stale $SYSTEM/$NAME" ]
	chmod 644 "$PREFIX/$NAME"
	user_on_own_var "$EPCACHE" refresh "$SITE"
	[ "$(used_by user_on_own_var)" = "fresh $PREFIX/$NAME" ]
}

@test "when none will do, the first that was passed over is named" {
	in_all_places
	rm "var-cache/epcache/$NAME"
	truncate -s -1 "$PREFIX/$NAME"
	chmod 666 "$OWN/$NAME"
	[ "$(used_by user_on_own_var)" = "damaged $PREFIX/$NAME" ]
}

@test "what the directory's owner wrote is believed by others, but not by root" {
	in_all_places
	rm "var-cache/epcache/$NAME" "$OWN/$NAME"
	[ "$(used_by on_own_var)" = "untrusted $PREFIX/$NAME" ]
	local other=$WORK/bin/epcache
	run setpriv --reuid 12345 --regid 12345 --clear-groups "$other" status --json "$SITE"
	json 'j[0]["state"] == "fresh"'
}

@test "--cache-dir and EPCACHE_DIR are the only place" {
	in_all_places
	mkdir only
	run --separate-stderr user_on_own_var "$EPCACHE" status --json --cache-dir "$WORK/only" "$SITE"
	json 'j[0]["state"] == "absent"'
	EPCACHE_DIR=$WORK/only run --separate-stderr user_on_own_var "$EPCACHE" status --json "$SITE"
	json 'j[0]["state"] == "absent"'
	cp "$PREFIX/$NAME" only
	EPCACHE_DIR=$WORK/only run --separate-stderr user_on_own_var "$EPCACHE" status --json "$SITE"
	json "j[0]['cache_file'] == work + r'/only/$NAME'"
	EPCACHE_DIR=$WORK/none run --separate-stderr user_on_own_var "$EPCACHE" status --json \
		--cache-dir "$WORK/only" "$SITE"
	json 'j[0]["state"] == "fresh"'
}

@test "XDG_CACHE_HOME moves the user's own, ~/.cache is not looked at then" {
	needs_user
	user_dir mine xdg
	as_user "$EPCACHE" refresh "$WORK/mine"
	SITE=$WORK/mine
	export XDG_CACHE_HOME=$WORK/xdg XDG_RUNTIME_DIR=$WORK/run
	[ "$(used_by as_user)" = 'absent None' ]
	as_user "$EPCACHE" refresh "$WORK/mine"
	[ "$(used_by as_user)" = "fresh $WORK/xdg/epcache/$(name_of "$WORK/mine")" ]
	[ ! -e run ]
}

# --- keys ---------------------------------------------------------------------------

# key_is KEY DIR - what a cache file of DIR says it is about.
key_is() {
	rm -rf "$CACHE"
	refresh "$2"
	run "$EPCACHE" dump "$(find "$CACHE" -name '*.v1')"
	json "j['directory'] == '''$1'''"
}

@test "keys are absolute, without '.', '//' and a '/' at the end" {
	mkdir -p "$SITE/sub"
	for name in "$SITE" "$SITE/" "$SITE//" "$SITE/." "$WORK/./site" "$WORK//site/./" site \
		./site //"$SITE"; do
		key_is "$SITE" "$name"
	done
	cd site
	key_is "$SITE" .
	key_is "$SITE" ''
	key_is / /
	key_is / //.
}

@test "'..' and links in keys are untouched" {
	mkdir -p "$SITE/sub"
	ln -s site link
	key_is "$WORK/link" "$WORK/link/"
	key_is "$SITE/sub/.." "$SITE/sub/.."
	key_is "$WORK/link/sub/../../site" link/sub/../../site
}

@test "under --root the key is the path inside" {
	mkdir -p root/srv/site
	for name in /srv/site srv/site /srv//./site/; do
		rm -rf root/var
		"$EPCACHE" refresh --root root "$name"
		[ "$(ls root/var/cache/epcache)" = srv-site.v1 ]
		run "$EPCACHE" dump --root root /var/cache/epcache/srv-site.v1
		json 'j["directory"] == "/srv/site"'
	done
}

@test "names are escaped as systemd-escape does" {
	local dir
	for dir in 'a-b' 'a b' '.hidden' 'a.b:c_D9' 'ü' 'a\b' $'n\nl'; do
		mkdir "$dir"
		refresh "$WORK/$dir"
		[ -f "$CACHE/$("$PYTHON" -I -S -c '
import os, re, sys
def escape(match):
    return b"\\x%02x" % match.group()[0]
name = os.fsencode(sys.argv[1]).strip(b"/")
name = re.sub(rb"[^A-Za-z0-9:_./]|^\.", escape, name).replace(b"/", b"-")
sys.stdout.buffer.write(name + b".v1")' "$WORK/$dir")" ]
	done
	! type systemd-escape >/dev/null 2>&1 || for dir in 'a-b' 'a b' 'a.b:c_D9' 'ü' 'a\b'; do
		[ -f "$CACHE/$(systemd-escape --path "$WORK/$dir").v1" ]
	done
}

@test "paths that differ only where names are cut have different files" {
	local deep
	deep=$WORK/$(printf 'a-very-long-name-%d/' {1..20})
	mkdir -p "${deep}one" "${deep}two"
	refresh "${deep}one" "${deep}two"
	[ "$(find "$CACHE" -name '*~????????????????????????????????.v1' | wc -l)" -eq 2 ]
	[ "$(find "$CACHE" -name '*.v1' -printf '%f\n' | awk 'length > 200' | wc -l)" -eq 0 ]
	run "$EPCACHE" status --cache-dir "$CACHE" --json "${deep}one" "${deep}two"
	json '[o["state"] for o in j] == ["fresh", "fresh"]'
	json 'j[0]["cache_file"] != j[1]["cache_file"]'
}
