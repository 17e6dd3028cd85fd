# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Our packages for pacman, in transactions of the real one.

# shellcheck disable=SC2030,SC2031,SC2154 # each test is a subshell; of lib.bash

load lib
load pacman

setup_file() {
	pacman_begin
	pacman_lacks >/dev/null && return
	dist_pack demo 1.0-1 demo:one
	dist_pack demo 1.0-2 demo:two # as long, and with the same stamps
	dist_pack demo 2.0-1 demo:new
	dist_pack wide 1.0-1 wide:one
	dist_pack more 1.0-1 more:one
}

teardown_file() {
	hooks_end
}

setup() {
	pacman_root
}

teardown() {
	pacman_root_end
}

# version - of the tree.
version() {
	sed -n 's/^VERSION *:= *//p' "$TREE/Makefile"
}

@test "first install: what was there before is cached" {
	transaction -U "$OURS"/{epcache,libepcache}.zst
	[ "$(points)" = 'old=old:one' ]
	[ "$(in_root /usr/bin/epcache --version)" = "epcache $(version)" ]
}

@test "transactions tell the actions what was added, changed and removed" {
	needs_root
	ours
	acts_make
	transaction -U demo-1.0-1
	acts_told added demo
	transaction -U demo-2.0-1
	acts_told changed demo
	transaction -R demo
	acts_told removed demo
}

@test "install, several at once, upgrade, downgrade, reinstall, remove" {
	ours
	transaction -U demo-1.0-1
	[ "$(points)" = 'demo=demo:one old=old:one' ]
	transaction -U wide-1.0-1 more-1.0-1
	[ "$(points)" = 'demo=demo:one more=more:one old=old:one wide=wide:one' ]
	transaction -U demo-2.0-1
	[ "$(points)" = 'demo=demo:new more=more:one old=old:one wide=wide:one' ]
	transaction -U demo-1.0-1
	[ "$(points)" = 'demo=demo:one more=more:one old=old:one wide=wide:one' ]
	transaction -U demo-1.0-1
	transaction -R demo
	[ "$(points)" = 'more=more:one old=old:one wide=wide:one' ]
	transaction -R wide more
	[ "$(points)" = 'old=old:one' ]
}

@test "an upgrade that keeps the folder, its name and all stamps" {
	local entry_points=$ROOT$SITE/demo-1.0.dist-info/entry_points.txt before

	ours
	transaction -U demo-1.0-1
	before=$(stat -c '%s %y' "$entry_points")
	transaction -U demo-1.0-2
	[ "$(stat -c '%s %y' "$entry_points")" = "$before" ]
	[ "$(points)" = 'demo=demo:two old=old:one' ]
}

@test "eggs, as folders and as files; Python's own upgrade" {
	local from=$WORK/from/eggs

	dist_make "$from$SITE/egg-1.egg-info" '[g]\negg = egg:one\n'
	pack "$from" egg 1-1
	printf 'Name: flat\n' >"$from.egg-info"
	mkdir -p "$WORK/from/flat$SITE"
	mv "$from.egg-info" "$WORK/from/flat$SITE/flat-1.egg-info"
	pack "$WORK/from/flat" flat 1-1
	ours
	transaction -U egg-1-1
	[ "$(points)" = 'egg=egg:one old=old:one' ]
	transaction -U flat-1-1
	in_root /usr/bin/epcache status --json "$SITE" | grep -q '"distributions":\s*3,'
	transaction -R flat egg
	# As a link, which is a distribution as well.
	mkdir -p "$WORK/from/link$SITE"
	ln -s ../../../share/link "$WORK/from/link$SITE/link-1.dist-info"
	dist_make "$WORK/from/link/usr/share/link" '[g]\nlink = link:one\n'
	pack "$WORK/from/link" link 1-1
	transaction -U link-1-1
	transaction -R link
	python_make "$WORK/newer" 3.12 /usr/lib
	cp -a "$WORK/python/usr/lib" "$WORK/newer/usr/"
	pack "$WORK/newer" python 3.12-1
	put python-3.12-1
	is_silent
	is_cached /usr/lib/python3.12/site-packages "$SITE"
}

@test "what has no distribution runs nothing" {
	mkdir -p "$WORK/from/plain/usr/share/plain"
	pack "$WORK/from/plain" plain 1-1
	ours
	[ "$(runs)" -eq 1 ]
	put plain-1-1
	pacman_do -R plain
	[ "$(runs)" -eq 1 ]
}

@test "all in one transaction: Python, ours and others" {
	pacman_do -R old python
	transaction -U python-3.11-1 wide-1.0-1 demo-1.0-1 "$OURS"/{epcache,libepcache}.zst
	[ "$(points)" = 'demo=demo:one wide=wide:one' ]
}

@test "our own upgrade and downgrade, alone and with others" {
	ours
	rm "$ROOT"/var/cache/epcache/*.v1
	transaction -U "$NEXT"/{epcache,libepcache}.zst
	[ "$(points)" = 'old=old:one' ]
	transaction -U "$OURS"/{epcache,libepcache}.zst demo-1.0-1
	[ "$(points)" = 'demo=demo:one old=old:one' ]
}

@test "our own removal, alone and with others: no cache is left" {
	ours
	[ -e "$ROOT/var/cache/epcache" ]
	pacman_do -R epcache
	is_silent
	no_cache_left
	put "$OURS/epcache.zst" demo-1.0-1 more-1.0-1
	[ -e "$ROOT/var/cache/epcache" ]
	pacman_do -R epcache libepcache demo more old
	is_silent
	no_cache_left
}

@test "one refresh a transaction, however many it installs; state.json tells of it" {
	ours
	transaction -U demo-1.0-1 more-1.0-1 wide-1.0-1
	grep -q '"trigger pacman"' "$ROOT/var/lib/epcache/state.json"
	# The hook runs for what does not change a thing as well, and writes nothing then.
	before=$(stat -c '%i %z' "$(cache_file)")
	transaction -U "$OURS/epcache.zst"
	[ "$(stat -c '%i %z' "$(cache_file)")" = "$before" ]
}

@test "Trigger=no, and hooks that are masked: nothing is cached" {
	mkdir -p "$ROOT/etc/epcache" "$ROOT/etc/pacman.d/hooks"
	echo 'Trigger=no' >"$ROOT/etc/epcache/epcache.conf"
	ours
	[ ! -e "$ROOT/var/cache/epcache" ]
	rm "$ROOT/etc/epcache/epcache.conf"
	ln -s /dev/null "$ROOT/etc/pacman.d/hooks/zz-epcache.hook"
	put demo-1.0-1
	[ ! -e "$ROOT/var/cache/epcache" ]
	agrees "$SITE"
}

@test "without the scripts of packages: the hook runs all the same" {
	pacman_do -U --noscriptlet "$OURS/epcache.zst"
	is_right "$SITE"
}

# --- what is packaged -----------------------------------------------------------------

# contents NAME - the files of our package.
contents() {
	bsdtar -tf "$OURS/$1.zst" | grep -v '/$'
}

@test "the packages: nothing twice and nothing left out" {
	local tool=$WORK/tool library=$WORK/library python=$WORK/module

	contents epcache >"$tool"
	contents libepcache >"$library"
	contents python-epcache >"$python"
	contents python-epcache-autoload >"$WORK/autoload"
	[ -z "$(sort "$tool" "$library" "$python" "$WORK/autoload" | grep -v '^\.' | uniq -d)" ]
	for file in _epcache.abi3.so __init__.py py.typed; do
		grep -q "^usr/lib/python3.*/epcache/$file$" "$python"
	done
	run ! grep -v -e '^\.' -e '^usr/lib/python3' "$python"
	run grep -Ec '^usr/lib/python3[^/]*/[^/]*-packages/epcache-autoload\.pth$' \
		"$WORK/autoload"
	[ "$output" -eq 1 ]
	run ! grep -e libepcache -e include -e '\.a$' "$tool"
	[ "$(grep -v -e '^\.' -e libepcache -e pkgconfig "$library")" = usr/include/epcache.h ]
	run ! grep '\.a$' "$library"
	for file in usr/bin/{epcache,refresh-entrypoints-cache} \
		usr/lib/epcache/epcache-owner-alpm usr/share/libalpm/hooks/zz-epcache.hook \
		usr/share/man/man1/epcache.1.gz .INSTALL; do
		grep -Fqx "$file" "$tool"
	done
	bsdtar -xOf "$OURS/epcache.zst" .PKGINFO | grep -q '^depend = libalpm\.so\(=\|$\)'
	bsdtar -xOf "$OURS/libepcache.zst" .PKGINFO | grep -q '^provides = libepcache\.so\(=0-\|$\)'
}

@test "PKGBUILD: its version is the tree's, and it runs no tests but those for packages" {
	local recipe=$TREE/hooks/pacman/PKGBUILD

	[ "$(sed -n 's/^pkgver=//p' "$recipe")" = "$(version)" ]
	grep -q '^	_make test$' "$recipe"
	run ! grep -w '_make check' "$recipe"
}

# --- the hook -------------------------------------------------------------------------

# is_hook FILE - is it one that pacman, also an old one, takes?  A wrong one would break
# every transaction of the system.
is_hook() {
	local keys='Type|Operation|Target|Description|When|Exec'

	! grep -Ev "^(#.*|\[(Trigger|Action)\]|($keys) = .*|)\$" "$1" || return
	mkdir -p "$ROOT/etc/pacman.d/hooks"
	cp "$1" "$ROOT/etc/pacman.d/hooks/tried.hook"
	put more-1.0-1 && is_silent
}

@test "the hook is one that pacman takes, with keys of 5.2 only" {
	ours
	is_hook "$TREE/hooks/pacman/zz-epcache.hook"
}

@test "a hook that is broken in any way is told by that test" {
	local hook=$TREE/hooks/pacman/zz-epcache.hook broken=$WORK/broken.hook edit

	ours
	# What it knows, but only since a short time; what is misspelled or gone.
	for edit in 's/^When/Wenn/' '/^When/d' '/^Type/d' '/^Target/d' '/^Exec/d' \
		's/= Path/= Folder/' 's/^\[Action/[Actions/' 's/^Exec/NeedsMore\n&/' \
		's/^Operation = Remove/Operation = Erase/'; do
		sed "$edit" "$hook" >"$broken"
		run ! is_hook "$broken"
		rm -f "$ROOT"/var/lib/pacman/db.lck
	done
	# Of those pacman itself refuses even one that our list of keys would let through.
	sed '/^When/d' "$hook" >"$ROOT/etc/pacman.d/hooks/tried.hook"
	run ! put more-1.0-1
	grep -q 'failed to run transaction hooks' "$WORK/said"
}
