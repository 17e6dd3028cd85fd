# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Cache files that are out of date, damaged or not to be believed: the answer is right
# all the same, and what is said of it on stderr is said once.

# shellcheck disable=SC2030,SC2031 # each test is a subshell

load lib

setup() {
	work_begin
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\nb = m:y\n'
	dist "$SITE/bar-1.dist-info" '[g]\nc = m:z\n'
	refresh "$SITE"
	FILE=$(cache_file "$SITE")
	AS=()
}

teardown() {
	work_end
}

# ask [OPTION]... - the answer, by whoever AS says.
ask() {
	run --separate-stderr "${AS[@]}" "$EPCACHE" query --all --json --cache-dir "$CACHE" \
		--path "$SITE" "$@"
}

# is_right - the answer is that of a live scan.
is_right() {
	local answer

	answer=$("${AS[@]}" "$EPCACHE" query --all --json --check live --path "$SITE")
	[ "$status" -eq 0 ] && [ "$output" = "$answer" ]
}

# mutes - -q says nothing, and the answer is right as well.
mutes() {
	ask -q
	is_right && [ -z "$stderr" ]
}

# bypassed KIND... - the answer is right, one line says why with each KIND and what to
# do; --verbose says that it was read live; -q silences it; fast is no less careful.
bypassed() {
	local check

	for check in auto strict fast; do
		ask --check $check
		is_right
		says 1 "$@"
	done
	ask -v
	[[ $stderr == *"$SITE: read live, "* ]]
	mutes
}

# in_silence - the answer is right and read live, and nothing is said of it.
in_silence() {
	ask
	is_right
	[ -z "$stderr" ]
	ask -v
	[[ $stderr == *"$SITE: read live, "* ]]
}

# mended - a refresh makes it good.
mended() {
	run --separate-stderr refresh "$SITE"
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	ask -v
	is_right
	says 2 "$SITE: from the cache"
}

# put FILE OFFSET BYTES - overwrite some bytes, as printf writes them.
put() {
	# shellcheck disable=SC2059
	printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

@test "a cache file that is right is used, in silence" {
	ask
	is_right
	[ -z "$stderr" ]
	ask -v
	says 2 "$SITE: from the cache"
}

# --- stale ----------------------------------------------------------------------------

@test "stale: a distribution was added" {
	dist "$SITE/new-1.dist-info" '[g]\nd = m:n\n'
	bypassed "$FILE: is out of date: other distributions are there" "run: epcache refresh --cache-dir='$CACHE' -- '$SITE'"
	mended
}

@test "stale: a distribution was removed" {
	rm -r "$SITE/bar-1.dist-info"
	bypassed "$FILE: is out of date: other distributions are there" "run: epcache refresh --cache-dir='$CACHE' -- '$SITE'"
	mended
}

@test "stale: a distribution was renamed" {
	mv "$SITE/bar-1.dist-info" "$SITE/bar-2.dist-info"
	bypassed "$FILE: is out of date: other distributions are there" "run: epcache refresh --cache-dir='$CACHE' -- '$SITE'"
	mended
}

# Of an edit in place fast knows nothing, see query.bats.
edited() {
	ask
	is_right
	says 1 "$FILE: is out of date: texts of distributions have changed" "run: epcache refresh --cache-dir='$CACHE' -- '$SITE'"
	mutes
	mended
}

@test "stale: a text was edited in place, its size and mtime kept" {
	local text=$SITE/foo-1.dist-info/entry_points.txt
	touch -r "$text" stamp
	put "$text" 4 A
	touch -r stamp "$text"
	edited
}

@test "stale: a text was replaced by one with the same stamps" {
	local text=$SITE/foo-1.dist-info/entry_points.txt
	touch -r "$SITE/foo-1.dist-info" stamp
	printf '[g]\nA = m:x\nb = m:y\n' >other
	touch -r "$text" other
	mv other "$text"
	touch -r stamp "$SITE/foo-1.dist-info"
	edited
}

@test "stale: a text was removed" {
	rm "$SITE/foo-1.dist-info/entry_points.txt"
	edited
}

@test "stale: a text appeared" {
	rm "$SITE/foo-1.dist-info/entry_points.txt"
	refresh "$SITE"
	dist "$SITE/foo-1.dist-info" '[g]\nlate = m:x\n'
	edited
}

@test "stale: a distribution made way for another of the same name" {
	mv "$SITE/foo-1.dist-info" old
	dist "$SITE/foo-1.dist-info" '[g]\nnew = m:x\n'
	ask
	is_right
	says 1 "$FILE: is out of date"
	mended
}

@test "stale: the directory made way for another" {
	mv "$SITE" old
	dist "$SITE/baz-1.dist-info" '[g]\nz = m:x\n'
	bypassed "$FILE: is out of date" "run: epcache refresh --cache-dir='$CACHE' -- '$SITE'"
	mended
}

@test "not stale: stamps moved, the content did not" {
	touch "$SITE" "$SITE"/*.dist-info "$SITE"/*/entry_points.txt
	chmod 640 "$SITE/bar-1.dist-info/entry_points.txt"
	chmod 644 "$SITE/bar-1.dist-info/entry_points.txt"
	touch "$SITE/module.py" "$SITE/foo-1.dist-info/RECORD"
	ask -v
	is_right
	says 2 "$SITE: from the cache"
}

@test "not stale: edited and reverted, removed and put back" {
	local text=$SITE/foo-1.dist-info/entry_points.txt
	cp "$text" copy
	echo 'd = m:x' >>"$text"
	cp copy "$text"
	cp -r "$SITE/bar-1.dist-info" bar
	rm -r "$SITE/bar-1.dist-info"
	mv bar "$SITE/bar-1.dist-info"
	ask -v
	is_right
	says 2 "$SITE: from the cache"
}

@test "each stale file is said once, a directory named twice or not" {
	dist b/baz-1.dist-info '[g]\nz = m:x\n'
	refresh "$WORK/b"
	dist b/new-1.dist-info ''
	dist "$SITE/new-1.dist-info" ''
	ask --path "$WORK/b"
	[ "$status" -eq 0 ]
	says 2 "$FILE: is out of date" "$(cache_file "$WORK/b"): is out of date"
}

# --- damaged --------------------------------------------------------------------------

@test "damaged: a bit flipped anywhere" {
	local size at byte
	size=$(stat -c %s "$FILE")
	cp "$FILE" good
	for at in 0 1 12 16 24 100 $((size / 2)) $((size - 9)) $((size - 1)); do
		cp good "$FILE"
		byte=$(od -An -tu1 -j "$at" -N 1 good)
		put "$FILE" "$at" "\\x$(printf %02x $((byte ^ 64)))"
		ask
		is_right
		says 1 "$FILE: is damaged" "run: epcache refresh --cache-dir='$CACHE' -- '$SITE'"
	done
	bypassed "$FILE: is damaged"
	mended
}

@test "damaged: cut to any length" {
	local size at
	size=$(stat -c %s "$FILE")
	cp "$FILE" good
	for at in 0 1 7 8 11 12 31 32 $((size / 2)) $((size - 8)) $((size - 1)); do
		head -c "$at" good >"$FILE"
		ask
		is_right
		says 1 "$FILE: is damaged" "run: epcache refresh --cache-dir='$CACHE' -- '$SITE'"
	done
	: >"$FILE"
	bypassed "$FILE: is damaged"
	mended
}

@test "damaged: longer than it says, sparse, garbage" {
	cp "$FILE" good
	echo >>"$FILE"
	bypassed "$FILE: is damaged"
	truncate -s 300M "$FILE"
	bypassed "$FILE: is too large" "run: epcache refresh --cache-dir='$CACHE' -- '$SITE'"
	head -c 4096 /dev/zero >"$FILE"
	bypassed "$FILE: is damaged"
	yes | head -c 4096 >"$FILE"
	bypassed "$FILE: is damaged"
	mended
}

@test "damaged: the file of another directory under this name" {
	dist b/baz-1.dist-info '[g]\nz = m:x\n'
	refresh "$WORK/b"
	cp "$(cache_file "$WORK/b")" "$FILE"
	bypassed "$FILE: describes another directory" "run: epcache refresh --cache-dir='$CACHE' -- '$SITE'"
	mended
}

@test "damaged: a FIFO in place of the file" {
	rm "$FILE"
	mkfifo -m 644 "$FILE"
	run --separate-stderr timeout 20 "$EPCACHE" query --all --json --cache-dir "$CACHE" \
		--path "$SITE"
	is_right
	says 1 "$FILE: is not a regular file" "run: epcache refresh --cache-dir='$CACHE' -- '$SITE'"
	mended
}

@test "damaged: a directory in place of the file" {
	rm "$FILE"
	mkdir "$FILE"
	bypassed "$FILE: is a directory; read live instead; remove it"
	run --separate-stderr refresh "$SITE"
	[ "$status" -eq 1 ]
	says 1 "'$SITE'" "a directory is in the place of its cache file in '$CACHE'; remove it"
	ask -q
	is_right
}

# --- not to be believed ---------------------------------------------------------------

@test "untrusted: others may write the file" {
	for mode in 664 646 666; do
		chmod $mode "$FILE"
		bypassed "$FILE: is writable by others" 'mend it, or remove it'
	done
	mended
}

@test "untrusted: others may write the folder" {
	for mode in 775 757 1777; do
		chmod $mode "$CACHE"
		bypassed "$FILE: its folder is writable by others" "mend or remove the folder '$CACHE'"
	done
	chmod 755 "$CACHE"
	mended
}

@test "untrusted: the file has a second name" {
	ln "$FILE" "$WORK/second"
	bypassed "$FILE: has more than one link"
	mended
	[ "$(stat -c %h "$FILE")" -eq 1 ]
}

@test "untrusted: a symbolic link in place of the file" {
	mv "$FILE" "$WORK/real"
	ln -s "$WORK/real" "$FILE"
	bypassed "$FILE: is a symbolic link"
	mended
	[ ! -L "$FILE" ]
}

@test "untrusted: a symbolic link in place of the folder" {
	mv "$CACHE" real
	ln -s real "$CACHE"
	bypassed "$FILE: its folder is a symbolic link" "mend or remove the folder '$CACHE'"
}

@test "untrusted: the file belongs to another user" {
	needs_root
	chown "$NOBODY" "$FILE"
	bypassed "$FILE: belongs to another user" 'mend it, or remove it'
	mended
	[ "$(stat -c %u "$FILE")" -eq 0 ]
}

@test "untrusted: the folder belongs to another user" {
	needs_root
	chown "$NOBODY" "$CACHE"
	bypassed "$FILE: its folder belongs to another user" "mend or remove the folder '$CACHE'"
}

@test "untrusted for root, but not for its owner and the directory's" {
	needs_root
	needs_user
	chown -R "$NOBODY" "$CACHE"
	ask
	is_right
	says 1 'belongs to another user'
	AS=(as_user)
	ask -v
	is_right
	says 2 "$SITE: from the cache"
	chown -R 65533 "$CACHE"
	bypassed 'belongs to another user'
	chown 65533 "$SITE"
	ask -v
	is_right
	says 2 "$SITE: from the cache"
}

@test "what root wrote is believed by others" {
	needs_root
	needs_user
	AS=(as_user)
	ask -v
	is_right
	says 2 "$SITE: from the cache"
}

# --- in silence -----------------------------------------------------------------------

@test "silent: there is no file, no folder, or none there can be" {
	rm "$FILE"
	in_silence
	rm -r "$CACHE"
	in_silence
	touch "$CACHE"
	in_silence
	CACHE=$WORK/cache/below
	in_silence
}

@test "silent: of a newer format" {
	put "$FILE" 8 '\x02\0\0\0'
	in_silence
	head -c 12 "$FILE" >short
	cp short "$FILE"
	in_silence
	mended
}

@test "damaged: of a format that never was" {
	put "$FILE" 8 '\0\0\0\0'
	bypassed "$FILE: is damaged"
}

@test "silent: the file may not be read" {
	needs_user
	AS=(as_user)
	give_away "$CACHE" "$FILE"
	chmod 0 "$FILE"
	in_silence
	chmod 644 "$FILE"
	chmod 0 "$CACHE"
	in_silence
}
