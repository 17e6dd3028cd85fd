# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What is cached of a directory is for those who have that very directory on their
# path: not for other directories, not in another root, not for who could not read it.

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

# --- one directory for another ------------------------------------------------------

# hers - a directory of hers, which says evil:x by right.
hers() {
	entry "$THEIRS/site/c-1.dist-info" evil
	chown -R "$MALLORY:$MALLORY" "$THEIRS/site"
}

@test "T3: a directory is answered from no file but its own, however it is named" {
	local names=("$WORK/x-site" "$WORK/x\\x2dsite" "$WORK/x\\x5cx2dsite" "$WORK/x~site"
		"$WORK/x_site" "$WORK/x/site/..site" "$WORK/x/site " "$WORK/x/site.v1")
	local name

	entry x/site/a-1.dist-info good
	SITE=$WORK/x/site
	for name in "${names[@]}"; do
		entry "$name/a-1.dist-info" evil
		touch -d @1 "$name" "$name"/* "$name"/*/*
	done
	touch -d @1 "$SITE" "$SITE"/* "$SITE"/*/*
	root refresh "$SITE" "${names[@]}"
	[ "$(find "$SYSTEM" -name '*.v1' | wc -l)" -eq 9 ]
	asked root
	asked bob
	root refresh --force "${names[@]}"
	asked root
}

@test "T3: the file of another directory, under this one's name" {
	entry other/a-1.dist-info evil
	root refresh "$WORK/other"
	mv "$SYSTEM/$(name_of "$WORK/other")" "$SYSTEM/$NAME"
	answered root
	answered root --check fast
	answered bob
	# Not even if all stamps are those of this one.
	cp "$POISON" "$SYSTEM/$NAME"
	"$PYTHON" -I -S "$BATS_TEST_DIRNAME/../cli/forge.py" "$SYSTEM/$NAME" "$SITE" /mnt/s1te
	kept_fresh
}

@test "T3: a directory that her group may write speaks for itself alone" {
	hers
	chown -R "0:$MALLORY" "$THEIRS/site"
	chmod -R g+ws "$THEIRS/site"
	mallory mkdir "$THEIRS/site/a-2.dist-info"
	mallory cp "$THEIRS/site/c-1.dist-info/entry_points.txt" "$THEIRS/site/a-2.dist-info"
	root refresh "$SITE" "$THEIRS/site"
	grep -q evil "$SYSTEM/$(name_of "$THEIRS/site")" # by right: whoever has it asked for it
	run ! grep -q evil "$SYSTEM/$NAME"
	asked root
	asked bob
	# What comes first on the path hides the same name behind it.
	run root query g --path "$SITE" --path "$THEIRS/site"
	[ "$(grep -c evil:x <<<"$output")" -eq 1 ]
	[[ $output == *good:x* ]]
}

@test "T2: broken metadata in her directory keep no other from being refreshed" {
	mkdir -p "$THEIRS/site/d-1.dist-info"
	mkfifo "$THEIRS/site/d-1.dist-info/entry_points.txt"
	mkdir -p "$THEIRS/site/e-1.dist-info"
	head -c 100000 /dev/urandom >"$THEIRS/site/e-1.dist-info/entry_points.txt"
	ln -s . "$THEIRS/site/f-1.dist-info"
	run timeout 30 "$EPCACHE" refresh "$THEIRS/site" "$SITE"
	[ "$status" -le 1 ]
	kept_fresh
}

@test "T5: a link of hers leads to root's directory, and then to hers" {
	hers
	mallory ln -s "$SITE" "$THEIRS/link"
	root refresh "$THEIRS/link" "$SITE"
	mallory ln -sfn "$THEIRS/site" "$THEIRS/link"
	asked root
	run root refresh "$THEIRS/link" # which is a directory of hers now
	[ "$status" -eq 1 ]
	kept_fresh
}

@test "T5: she owns a folder above root's directory, and puts hers in its place" {
	hers
	mallory mkdir "$THEIRS/above"
	entry "$THEIRS/above/site/a-1.dist-info" good
	mallory cp -r "$THEIRS/site" "$THEIRS/above/other"
	SITE=$THEIRS/above/site
	root refresh "$SITE"
	mallory mv "$THEIRS/above" "$THEIRS/below"
	mallory mkdir "$THEIRS/above"
	mallory cp -r "$THEIRS/below/other" "$SITE"
	run root refresh "$SITE"
	[ "$status" -eq 1 ]
	clean_folder "$SYSTEM"
	mallory rm -r "$THEIRS/above"
	mallory mv "$THEIRS/below" "$THEIRS/above"
	asked root
	asked bob
}

@test "T5: she swaps her directory and root's while root refreshes" {
	hers
	mallory mkdir "$THEIRS/above"
	mallory mv "$THEIRS/site" "$THEIRS/above/site"
	mkdir "$THEIRS/roots"
	entry "$THEIRS/roots/site/a-1.dist-info" good
	cycle() {
		root refresh --force "$THEIRS/above/site" "$SITE" >/dev/null 2>&1
		answered root && answered root --check fast
	}
	ROUNDS=25 swapping "$THEIRS/above" "$THEIRS/roots" cycle
	# Whichever of the two is there now: it answers, and not the other one.
	for how in auto fast; do
		run root query g --quiet --path "$THEIRS/above/site" --check $how
		[ "$output" = "$(root query g --path "$THEIRS/above/site" --check live)" ]
	done
}

@test "T3: what her file says of a folder that is not in her directory is not believed" {
	local site=$THEIRS/env/lib/python3.11/site-packages

	entry "$site/123456789-good:x.dist-info" good
	mallory touch "$THEIRS/pyvenv.cfg"
	chown -R "$MALLORY" "$THEIRS/env"
	touch "$THEIRS/env/pyvenv.cfg"
	mallory "$EPCACHE" refresh "$site"
	for name in ../../../../evil:x .//456789-evil:x ./3456789-evil:x; do
		cp "$THEIRS/env/var/cache/epcache/$(name_of "$site")" file
		"$PYTHON" -I -S "$BATS_TEST_DIRNAME/../cli/forge.py" file 123456789-good:x "$name"
		mallory cp "$WORK/file" "$THEIRS/env/var/cache/epcache/$(name_of "$site")"
		runs bob query --all --json --path "$site"
		[[ $output == *123456789-good:x.dist-info* ]]
	done
}

# --- virtual environments -----------------------------------------------------------

# her_env - a virtual environment of hers, with site-packages at $SITE.
her_env() {
	SITE=$THEIRS/env/lib/python3.11/site-packages
	NAME=$(name_of "$SITE")
	entry "$SITE/a-1.dist-info" good
	touch "$THEIRS/env/pyvenv.cfg"
	chown -R "$MALLORY:$MALLORY" "$THEIRS/env"
}

# refused ARGUMENT... - by root, who leaves everything as it is.
refused() {
	local before

	before=$(state "$WORK" "$PRECIOUS")
	run root refresh "$@"
	[ "$status" -eq 1 ]
	runs root clean
	[ "$before" = "$(state "$WORK" "$PRECIOUS")" ]
	[ -z "$(find /var/cache -name '*.v1')" ]
}

@test "T13: in her environment links lead to where root could write" {
	her_env
	mkdir -p root/var/cache/epcache root/epcache
	for link in var var/cache var/cache/epcache; do
		for to in "$WORK/root" "$WORK/root/var/cache/epcache" / /var "$PRECIOUS"; do
			rm -rf "$THEIRS/env/var"
			mallory mkdir -p "$THEIRS/env/$(dirname "$link")"
			mallory ln -s "$to" "$THEIRS/env/$link"
			refused "$SITE"
		done
	done
	refused --venv "$THEIRS/env"
	refused --force --venv "$THEIRS/env"
}

@test "T13: her environment is a link to root's, or its site-packages is" {
	her_env
	mallory mkdir -p "$THEIRS/env/var/cache/epcache"
	rm -rf "$SITE"
	mallory ln -s "$TOP/site" "$SITE"
	poison_of "$SITE" poison
	mallory cp poison "$THEIRS/env/var/cache/epcache/$NAME"
	kept_fresh
}

@test "T10: root's site-packages in an environment of hers" {
	her_env
	chown -R 0:0 "$SITE"
	poison_of "$SITE" poison
	mallory mkdir -p "$THEIRS/env/var/cache/epcache"
	mallory cp poison "$THEIRS/env/var/cache/epcache/$NAME"
	kept_fresh
}

@test "T10: a cache folder of hers in an environment of root's" {
	her_env
	mkdir -p "$THEIRS/env/var/cache/epcache"
	chown -R 0:0 "$THEIRS"
	poison_of "$SITE" poison
	cp poison "$THEIRS/env/var/cache/epcache/$NAME"
	chown -R "$MALLORY" "$THEIRS/env/var/cache/epcache"
	kept_fresh
}

@test "T10: root believes nothing that an environment's owner wrote, others do" {
	her_env
	poison_of "$SITE" poison
	mallory mkdir -p "$THEIRS/env/var/cache/epcache"
	mallory cp poison "$THEIRS/env/var/cache/epcache/$NAME"
	asked root
	run bob "$EPCACHE" query g --path "$SITE"
	[[ $output == *evil:x* ]] # hers is the directory, too
	SITE=$TOP/site
	answered bob --path "$SITE"
}

# --- another root -------------------------------------------------------------------

# her_tree - a system of hers in $THEIRS/tree, with an entry point at /site.
her_tree() {
	TREE=$THEIRS/tree
	entry "$TREE/site/a-1.dist-info" good
	chown -R "$MALLORY:$MALLORY" "$TREE"
}

@test "T12: in a tree of hers root makes and removes nothing, and believes nothing" {
	her_tree
	"$EPCACHE" refresh --root "$TREE" --cache-dir /lab /site || mallory "$EPCACHE" refresh \
		--root "$TREE" --cache-dir /lab /site
	"$PYTHON" -I -S "$BATS_TEST_DIRNAME/../cli/forge.py" "$TREE/lab/site.v1" good:x evil:x
	run mallory "$EPCACHE" query g --root "$TREE" --cache-dir /lab --path /site
	[[ $output == *evil:x* ]]
	mallory mkdir -p "$TREE/var/cache/epcache"
	mallory mv "$TREE/lab/site.v1" "$TREE/lab/x.v1"
	mallory cp "$TREE/lab/x.v1" "$TREE/var/cache/epcache/site.v1"
	before=$(state "$WORK")
	for how in auto fast; do
		runs root query g --root "$TREE" --path /site --check $how
		[[ $output == *good:x* ]]
	done
	runs root explain g a --root "$TREE" --path /site
	runs root refresh --root "$TREE" /site
	runs root clean --root "$TREE"
	[ "$before" = "$(state "$WORK")" ]
	[ -z "$(find /var/cache -name '*.v1')" ]
}

@test "T12: links in a tree of hers lead nowhere outside, and nothing is made" {
	her_tree
	mkdir -p root/var/cache/epcache root/epcache
	for link in var var/cache var/cache/epcache; do
		for to in "$WORK/root" ../../../../../../../../../var /var / ../root "$PRECIOUS"; do
			rm -rf "${TREE:?}/var"
			mallory mkdir -p "$TREE/$(dirname "$link")"
			mallory ln -s "$to" "$TREE/$link"
			refused --root "$TREE" /site
			runs root clean --root "$TREE"
		done
	done
}

@test "T12: what is cached for a path in another root is not for this one's" {
	entry "tree$SITE/a-1.dist-info" evil
	root refresh --root "$WORK/tree" "$SITE"
	grep -q evil "tree/var/cache/epcache/$NAME"
	kept_fresh
	cp "tree/var/cache/epcache/$NAME" "$SYSTEM/$NAME"
	answered root
	answered root --check fast
	answered bob
}

@test "T12: she swaps a folder of the tree and a link while root refreshes in it" {
	her_tree
	mkdir -p root/cache "$TREE/var/cache"
	chown "$MALLORY" "$TREE/var"
	mallory ln -s "$WORK/root" "$TREE/rav"
	chown 0:0 "$TREE/site"
	cycle() {
		root refresh --root "$TREE" --force /site >/dev/null 2>&1
		[ -z "$(ls -A root/cache)" ] && [ ! -e "$SYSTEM" ]
	}
	ROUNDS=25 swapping "$TREE/var" "$TREE/rav" cycle
}

# --- a folder that is given ---------------------------------------------------------

@test "T11: root names a cache folder of hers" {
	mallory mkdir "$THEIRS/cache"
	mallory cp "$POISON" "$THEIRS/cache/$NAME"
	mallory ln -s "$PRECIOUS" "$THEIRS/link"
	before=$(state "$WORK" "$PRECIOUS")
	for folder in cache cache/below link; do
		answered root --cache-dir "$THEIRS/$folder"
		answered root --cache-dir "$THEIRS/$folder" --check fast
		run root refresh --cache-dir "$THEIRS/$folder" "$SITE"
		[ "$status" -eq 1 ]
		run root clean --cache-dir "$THEIRS/$folder"
	done
	[ "$before" = "$(state "$WORK" "$PRECIOUS")" ]
}

@test "T11: she swaps a cache folder of root's and a link to another while root writes" {
	mkdir other "$THEIRS/cache"
	mallory ln -s "$WORK/other" "$THEIRS/link"
	cycle() {
		root refresh --cache-dir "$THEIRS/cache" --force "$SITE" >/dev/null 2>&1
		[ -z "$(ls -A other)" ]
	}
	ROUNDS=25 swapping "$THEIRS/cache" "$THEIRS/link" cycle
}

# --- what not everybody may read ----------------------------------------------------

# kept_out - what root refreshes tells nobody of "secret", nor its cache file.
kept_out() {
	local file

	root refresh "${1-$SITE}" || true
	clean_folder "$SYSTEM" || return
	file=$SYSTEM/$(name_of "${1-$SITE}")
	runs mallory query --all --path "${1-$SITE}" || return
	runs mallory query --all --path "${1-$SITE}" --check fast || return
	runs mallory dump "$file"
}

# private_site - root's directory with an entry point that is to be kept from others.
private_site() {
	SITE=$WORK/site
	entry "$SITE/a-1.dist-info" good
	entry "$SITE/b-1.${1-dist-info}" secret
}

@test "T14: a metadata folder of mode 0700" {
	private_site
	chmod 700 "$SITE/b-1.dist-info"
	kept_out
	answered bob
}

@test "T14: a metadata folder that a group may enter" {
	private_site
	chmod 750 "$SITE/b-1.dist-info"
	kept_out
	answered bob
}

@test "T14: a metadata folder that is all but mallory's group's" {
	private_site
	chgrp "$MALLORY" "$SITE/b-1.dist-info"
	chmod 705 "$SITE/b-1.dist-info"
	kept_out
}

@test "T14: a text that a group may read" {
	private_site
	chmod 640 "$SITE/b-1.dist-info/entry_points.txt"
	kept_out
	answered bob
}

@test "T14: an egg-info folder of mode 0700" {
	private_site egg-info
	chmod 700 "$SITE/b-1.egg-info"
	kept_out
	answered bob
}

@test "T14: the METADATA that gives a name is of mode 0600" {
	private_site
	mkdir "$SITE/FOO-1.DIST-INFO"
	printf 'Name: secret\n' >"$SITE/FOO-1.DIST-INFO/METADATA"
	rm -r "$SITE/b-1.dist-info"
	chmod 600 "$SITE/FOO-1.DIST-INFO/METADATA"
	kept_out
}

@test "T14: a directory of mode 0700" {
	private_site
	chmod 700 "$SITE"
	kept_out
}

@test "T14: a directory that can be entered, but not listed" {
	private_site
	mv "$SITE/b-1.dist-info" "$SITE/secret-1.dist-info"
	chmod 711 "$SITE"
	kept_out
}

@test "T14: a folder above the directory of mode 0700" {
	private_site
	mkdir -m 700 above
	mv site above/site
	kept_out "$WORK/above/site"
}

@test "T5: a link to a metadata folder that only root can reach" {
	private_site
	ln -sfn "$PRECIOUS/b-1.dist-info" "$SITE/c-1.dist-info"
	rm -r "$SITE/b-1.dist-info"
	kept_out
	answered bob
}

@test "T5: a link to a text that only root can reach" {
	private_site
	ln -sf "$PRECIOUS/b-1.dist-info/entry_points.txt" "$SITE/b-1.dist-info/entry_points.txt"
	kept_out
	answered bob
}

@test "T5: a second name of a text that only root can read" {
	private_site
	ln -f "$PRECIOUS/b-1.dist-info/entry_points.txt" "$SITE/b-1.dist-info/entry_points.txt"
	kept_out
	answered bob
}

@test "T5: she swaps a metadata folder and a link to what only root can reach" {
	private_site
	rm -r "$SITE/b-1.dist-info"
	chmod 777 "$SITE"
	mallory mkdir "$SITE/b-1.dist-info"
	chmod 755 "$PRECIOUS"
	chmod 600 "$PRECIOUS/b-1.dist-info/entry_points.txt"
	mallory ln -s "$PRECIOUS/b-1.dist-info" "$SITE/link"
	cycle() {
		root refresh --force "$SITE" 2>/dev/null
		clean_folder "$SYSTEM"
	}
	ROUNDS=25 swapping "$SITE/b-1.dist-info" "$SITE/link" cycle
	chmod 700 "$PRECIOUS"
}

# --- users among themselves ---------------------------------------------------------

# bobs_folder FOLDER - it is where bob looks, and there is her poison in it.
bobs_folder() {
	mallory cp "$POISON" "$1/$NAME"
	asked bob
	run bob "$EPCACHE" refresh "$SITE"
	asked bob
	[ "$(find "$1" -user "$BOB")" = '' ]
}

@test "T10: bob's EPCACHE_DIR, XDG_CACHE_HOME, XDG_RUNTIME_DIR or HOME is a folder of hers" {
	mallory mkdir -p -m 755 "$THEIRS/epcache" "$THEIRS/.cache/epcache"
	for variable in EPCACHE_DIR="$THEIRS/epcache" XDG_CACHE_HOME="$THEIRS"; do
		BOB_WITH=("$variable")
		bobs_folder "$THEIRS/epcache"
	done
	BOB_WITH=(XDG_RUNTIME_DIR="$THEIRS")
	mallory cp "$POISON" "$THEIRS/epcache/$NAME"
	asked bob
	BOB_WITH=(HOME="$THEIRS")
	bobs_folder "$THEIRS/.cache/epcache"
}

@test "T10: bob's own folder is his group's to write, which is hers" {
	mkdir -p "$BOBS/.cache/epcache"
	chown -R "$BOB:$MALLORY" "$BOBS/.cache"
	chmod 775 "$BOBS/.cache" "$BOBS/.cache/epcache"
	mallory cp "$POISON" "$BOBS/.cache/epcache/$NAME"
	asked bob
	chown "$BOB" "$BOBS/.cache/epcache/$NAME"
	asked bob
}

@test "T10: a file of hers in bob's own folder" {
	bob mkdir -p -m 700 "$BOBS/.cache/epcache"
	cp "$POISON" "$BOBS/.cache/epcache/$NAME"
	chown "$MALLORY" "$BOBS/.cache/epcache/$NAME"
	asked bob
	bob "$EPCACHE" refresh "$SITE"
	[ "$(stat -c %u "$BOBS/.cache/epcache/$NAME")" = "$BOB" ]
	asked bob
}

@test "T11: she is the first in a folder that is everybody's" {
	mkdir -m 1777 shared
	mallory mkdir shared/epcache
	BOB_WITH=(XDG_CACHE_HOME="$WORK/shared")
	bobs_folder "$WORK/shared/epcache"
}

@test "T10: a cache folder of hers in an environment of bob's" {
	her_env
	chown -R "$BOB" "$THEIRS"
	poison_of "$SITE" poison
	mkdir -p "$THEIRS/env/var/cache/epcache"
	cp poison "$THEIRS/env/var/cache/epcache/$NAME"
	chown -R "$MALLORY" "$THEIRS/env/var"
	asked bob
	run bob "$EPCACHE" refresh "$SITE"
	[ "$status" -eq 1 ]
	asked bob
	asked root
}

@test "T10: bob's site-packages in an environment of hers" {
	her_env
	chown -R "$BOB" "$SITE"
	poison_of "$SITE" poison
	mallory mkdir -p -m 777 "$THEIRS/env/var/cache"
	chmod 777 "$THEIRS/env/var/cache"
	run bob "$EPCACHE" refresh "$SITE"
	[ -z "$(ls -A "$THEIRS/env/var/cache")" ]
	mallory mkdir "$THEIRS/env/var/cache/epcache"
	mallory cp poison "$THEIRS/env/var/cache/epcache/$NAME"
	asked bob
	asked root
}

@test "T10: what she wrote of her directory is believed by bob for that one alone" {
	her_env
	poison_of "$SITE" poison
	mallory mkdir -p "$THEIRS/env/var/cache/epcache"
	mallory cp poison "$THEIRS/env/var/cache/epcache/$NAME"
	mallory cp "$POISON" "$THEIRS/env/var/cache/epcache/mnt-site.v1"
	SITE=$TOP/site
	asked bob
}
