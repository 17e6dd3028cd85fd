# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# dpkg.bats - our Debian package in real transactions of dpkg, in systems in a folder.

# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2154 # scripts; subshells; lib.bash

load lib
load dpkg

setup_file() {
	hooks_begin
	dpkg_can || return 0
	dpkg_begin
	package a 1 a-1.dist-info one:m
	package a 2 a-2.dist-info two:m
	package a 2.1 a-2.dist-info six:m
	package b 1 b-1.egg-info b:m
	package c 1 c-1.dist-info c:m
}

teardown_file() {
	hooks_end
}

setup() {
	dpkg_needs
	system_begin
}

teardown() {
	system_end
}

# --- what the packages are ---------------------------------------------------

@test "the packages: lintian is content" {
	cat "$DEBS/lintian"
	run ! grep -E '^[EW]:' "$DEBS/lintian"
}

# files PACKAGE - those that are neither folders nor documents.
files() {
	dpkg-deb -c "$DEBS/$1"_*.deb | awk '!/^d/ && !/share\/(doc|lintian)\// { print $6 }' |
		sed 's,^\./,,; s,^usr/lib/systemd/,lib/systemd/,; s,lib/[^/]*-linux-gnu[^/]*/,lib/ARCH/,' | LC_ALL=C sort
}

@test "the packages: the tool, the library, and what programs are made with" {
	local version

	version=$(sed -n 's/^VERSION *:= *//p' "$TREE/Makefile")
	[ "$(dpkg-deb -f "$DEBS"/epcache_*.deb Version)" = "$version-1" ]
	diff <(files epcache) - <<-'END'
		lib/systemd/system-generators/epcache-watch-generator
		lib/systemd/system/epcache-.service.d/sandbox.conf
		lib/systemd/system/epcache-actions.service
		lib/systemd/system/epcache-actions.service.d/sandbox.conf
		lib/systemd/system/epcache-boot.service
		lib/systemd/system/epcache-refresh.service
		lib/systemd/system/epcache-refresh.timer
		lib/systemd/system/epcache-watch.target
		lib/systemd/system/epcache-watch.timer
		lib/systemd/system/epcache-watch@.path
		usr/bin/epcache
		usr/bin/refresh-entrypoints-cache
		usr/lib/epcache/actions.d/50-console-scripts.action
		usr/lib/sysusers.d/epcache.conf
		usr/lib/tmpfiles.d/epcache.conf
		usr/libexec/epcache/console-scripts
		usr/libexec/epcache/epcache-owner-dpkg
		usr/share/bash-completion/completions/epcache
		usr/share/bash-completion/completions/refresh-entrypoints-cache
		usr/share/epcache/change.schema.json
		usr/share/epcache/examples/groups.py
		usr/share/epcache/examples/log-size.sh
		usr/share/epcache/examples/removed.c
		usr/share/fish/vendor_completions.d/epcache.fish
		usr/share/fish/vendor_completions.d/refresh-entrypoints-cache.fish
		usr/share/man/man1/epcache.1.gz
		usr/share/man/man1/refresh-entrypoints-cache.1.gz
		usr/share/man/man5/epcache-action.5.gz
		usr/share/man/man5/epcache.cache.5.gz
		usr/share/man/man5/epcache.conf.5.gz
		usr/share/man/man7/epcache-fleet.7.gz
		usr/share/man/man8/epcache-refresh.service.8.gz
		usr/share/python3/runtime.d/epcache.rtupdate
		usr/share/zsh/vendor-completions/_epcache
	END
	diff <(files libepcache0) - <<-END
		usr/lib/ARCH/libepcache.so.0
		usr/lib/ARCH/libepcache.so.$version
	END
	diff <(files libepcache-dev) - <<-'END'
		usr/include/epcache.h
		usr/lib/ARCH/libepcache.a
		usr/lib/ARCH/libepcache.so
		usr/lib/ARCH/pkgconfig/epcache.pc
		usr/share/man/man3/libepcache.3.gz
	END
	diff <(files python3-epcache | grep -Ev '\.pyi?$') - <<-END
		usr/lib/python3/dist-packages/epcache-$version.dist-info/INSTALLER
		usr/lib/python3/dist-packages/epcache-$version.dist-info/METADATA
		usr/lib/python3/dist-packages/epcache/_epcache.abi3.so
		usr/lib/python3/dist-packages/epcache/epcache-autoload.pth
		usr/lib/python3/dist-packages/epcache/py.typed
	END
	diff <(files python3-epcache-autoload) - <<-END
		usr/lib/python3/dist-packages/epcache-autoload.pth
	END
	dpkg-deb -x "$DEBS"/python3-epcache_*.deb unpacked
	"$PYTHON" -ISc 'import sys; sys.path.insert(0, sys.argv[1])
from epcache import _reader; assert _reader.native' unpacked/usr/lib/python3/dist-packages
}

# unit_dir - where the package has its units: where debhelper of this release looks.
unit_dir() {
	if grep -q usr/lib/systemd/system "$(command -v dh_installsystemd)"; then
		echo usr/lib/systemd/system
	else
		echo lib/systemd/system
	fi
}

@test "the packages: units are where debhelper finds and enables them" {
	dpkg-deb -c "$DEBS"/epcache_*.deb | grep -q " \./$(unit_dir)/epcache-boot.service$"
	dpkg-deb --ctrl-tarfile "$DEBS"/epcache_*.deb | tar -xOf - ./postinst >postinst
	grep -q "deb-systemd-helper enable 'epcache-boot.service'" postinst
	grep -q "deb-systemd-helper enable 'epcache-refresh.timer'" postinst
}

# python_package VERSION - what python3.N-minimal has that matters here.
python_package() {
	local tree=$WORK/tree

	mkdir -p "$tree"/usr/{bin,share/binfmts,lib/"python$1"}
	: >"$tree/usr/bin/python$1"
	: >"$tree/usr/lib/python$1/os.py"
	echo 'package python' >"$tree/usr/share/binfmts/python$1"
	pack "python$1-minimal" 1
}

@test "the triggers: a Python that nobody has heard of is refreshed as it comes" {
	local version

	transaction -i a_1
	for version in 3.16 3.99; do
		python_package "$version"
		transaction -i "python$version-minimal_1"
		[ "$(refreshes)" -eq 1 ]
		is_cached "/usr/lib/python$version"
	done
	run ! grep -q 'python3\.' <(dpkg-deb --ctrl-tarfile "$DEBS"/epcache_*.deb |
		tar -xOf - ./triggers | grep interest)
}

# --- transactions ------------------------------------------------------------

@test "first install over packages that are there, together with others" {
	system_end
	system_begin empty
	dpkg_in -i a_1 >/dev/null
	transaction -i b_1 epcache_1 c_1
	[ "$(points)" = 'a=one:m b=b:m c=c:m' ]
	[ "$(refreshes)" -eq 1 ]
}

@test "one package, then several at once: one refresh each" {
	transaction -i a_1
	[ "$(points)" = 'a=one:m' ]
	[ "$(refreshes)" -eq 1 ]
	transaction -i b_1 c_1
	[ "$(points)" = 'a=one:m b=b:m c=c:m' ]
	[ "$(refreshes)" -eq 1 ]
}

@test "the adapter runs epcache once, and all is done by that" {
	needs strace
	WITH="strace -f -qq -o $WORK/trace -e trace=execve" dpkg_in -i a_1 b_1 >/dev/null
	[ "$(grep -c 'execve("/var/lib/dpkg/info/epcache.postinst".*= 0$' trace)" -eq 1 ]
	[ "$(grep -c 'execve("/usr/bin/epcache", \["epcache", "trigger", "dpkg"\].*= 0$' trace)" -eq 1 ]
	is_right "${DIRS[@]}"
}

@test "upgrade, downgrade, reinstall" {
	transaction -i a_1 b_1
	transaction -i a_2
	[ "$(points)" = 'a=two:m b=b:m' ]
	[ "$(refreshes)" -eq 1 ]
	transaction -i a_1
	[ "$(points)" = 'a=one:m b=b:m' ]
	transaction -i a_1
	[ "$(points)" = 'a=one:m b=b:m' ]
}

@test "transactions tell the actions what was added, changed and removed" {
	needs_root
	acts_make
	transaction -i a_1
	acts_told added a
	transaction -i a_2
	acts_told changed a
	transaction -r a
	acts_told removed a
}

# Whose sandbox takes away much of what helpers of a tool are used to.
@test "the report that comes with us tells what no package owns" {
	local report

	needs_root
	libraries_into "$ROOT" /usr/bin/dpkg-query
	cp /usr/bin/dpkg-query "$ROOT/usr/bin"
	dist_make "$ROOT$SITE/pip-1.dist-info" '[g]\np = pip:m\n'
	transaction -i a_1
	report=$(in_root /usr/bin/epcache actions output 50-console-scripts)
	echo "$report"
	[ "${report#*no package owns$'\n'}" = "$SITE/pip-1.dist-info" ]
}

@test "an upgrade that keeps the folder's name, all stamps and sizes" {
	local before

	transaction -i a_2
	before=$(stat -c '%Y %s' "$ROOT$SITE" "$ROOT$SITE/a-2.dist-info/"*)
	transaction -i a_2.1
	[ "$(points)" = 'a=six:m' ]
	[ "$(refreshes)" -eq 1 ]
	[ "$(stat -c '%Y %s' "$ROOT$SITE/a-2.dist-info/"*)" = "${before#*$'\n'}" ]
}

@test "remove one, remove several, purge" {
	transaction -i a_1 b_1 c_1
	transaction -r a
	[ "$(points)" = 'b=b:m c=c:m' ]
	[ "$(refreshes)" -eq 1 ]
	transaction -P b c
	[ -z "$(points)" ]
	[ "$(refreshes)" -eq 1 ]
}

@test "what is installed by hand is there with the next transaction" {
	dist_make "$ROOT$LOCAL/hand-1.dist-info" '[g]\nhand = by:hand\n'
	transaction -i a_1
	[ "$(points)" = 'a=one:m hand=by:hand' ]
}

@test "our own upgrade and reinstall, alone and together with others" {
	local tree=$WORK/tree

	dpkg-deb -R "$WORK/debs/epcache_1.deb" "$tree"
	sed -i 's/^Version:.*/Version: 99/' "$tree/DEBIAN/control"
	dpkg-deb -Znone --root-owner-group -b "$tree" "$WORK/debs/epcache_99.deb" >/dev/null
	rm -rf "$tree"

	transaction -i a_1
	transaction -i epcache_99
	[ "$(points)" = 'a=one:m' ]
	transaction -i epcache_99 b_1
	[ "$(points)" = 'a=one:m b=b:m' ]
	transaction -i c_1 epcache_1
	[ "$(points)" = 'a=one:m b=b:m c=c:m' ]
}

@test "our own removal, together with others: no cache is left behind" {
	transaction -i a_1 b_1
	[ -e "$ROOT/var/cache/epcache" ]
	dpkg_in -r epcache a >/dev/null
	no_cache_left
	[ ! -e "$ROOT/usr/bin/epcache" ]
	[ -z "$(find "$ROOT" -name '*epcache*' -not -path '*/var/lib/dpkg/*')" ]
	dpkg_in -i epcache_1 >/dev/null
	is_right "${DIRS[@]}"
	dpkg_in -P epcache >/dev/null
	no_cache_left
	dpkg_in -i c_1 >/dev/null
	no_cache_left
}

@test "Trigger=no: transactions leave the cache alone" {
	mkdir -p "$ROOT/etc/epcache"
	echo Trigger=no >"$ROOT/etc/epcache/epcache.conf"
	rm -r "$ROOT/var/cache/epcache"
	dpkg_in -i a_1 >/dev/null
	[ ! -e "$ROOT/var/cache/epcache" ]
	agrees "${DIRS[@]}"
}

# --- another default Python --------------------------------------------------

@test "another default Python: its own directories are cached when it says so" {
	local new=/usr/local/lib/python3.13/dist-packages runtime

	runtime="for hook in /usr/share/python3/runtime.d/*.rtupdate; do
		\"\$hook\" rtupdate python3.11 python3.13 || exit 4
		\"\$hook\" post-rtupdate python3.11 python3.13 || exit 5
	done"
	mkdir -p "$ROOT/usr/lib/python3.13/lib-dynload" "$ROOT$new"
	: >"$ROOT/usr/bin/python3.13"
	: >"$ROOT/usr/lib/python3.13/os.py"
	dist_make "$ROOT$new/new-1.dist-info" '[g]\nnew = it:is\n'
	ln -sfn python3.13 "$ROOT/usr/bin/python3"
	POSTINST=$runtime package python3 1
	DIRS=("$new" "$SITE")
	transaction -i python3_1
	[ "$(points)" = 'new=it:is' ]
	[ "$(refreshes)" -eq 0 ]

	# Where the tool is missing the upgrade of Python succeeds as well.
	mv "$ROOT/usr/bin/epcache" epcache
	dpkg_in -i python3_1
}

# --- what can go wrong -------------------------------------------------------

# healed - the next transaction puts it right.
healed() {
	transaction -i c_1
	[[ $(points) == *c=c:m* ]]
}

# no_old_answer - what any check answers is right, though nothing may be cached.
no_old_answer() {
	agrees "${DIRS[@]}"
	[ "$(points)" = "$1" ]
}

# failing INJECTION - a transaction that succeeds though reading the directory is made to
# fail so; what it says of it is a line.
failing() {
	WITH="strace -f -qq -o /dev/null -e trace=getdents64 -e inject=getdents64:$1
		-P $ROOT$SITE" dpkg_in -i a_2.1 >said 2>&1
	cat said
	[ "$(grep -c '^epcache: .* without a cache .*epcache status' said)" -eq 1 ]
	[ "$(in_root /bin/sh -c 'echo /var/cache/epcache/*python3-dist*')" = \
		'/var/cache/epcache/*python3-dist*' ]
	no_old_answer 'a=six:m'
}

@test "a worker that crashes: the transaction succeeds, no old answer, the next one heals" {
	needs strace
	transaction -i a_2
	failing signal=SEGV
	healed
}

@test "a worker that hangs: ended in its time; no old answer, a refresh by hand heals" {
	needs strace
	mkdir -p "$ROOT/etc/epcache"
	echo TimeoutSec=3 >"$ROOT/etc/epcache/epcache.conf"
	transaction -i a_2
	failing signal=STOP
	in_root /usr/bin/epcache refresh --system
	healed
}

@test "a disk that is full: the transaction succeeds, no old answer, the next one heals" {
	"${ns[@]}" unshare -m mount -t tmpfs none /mnt 2>/dev/null || skip "needs mounts"
	transaction -i a_2
	mv "$ROOT/var/cache/epcache" before
	mkdir "$ROOT/var/cache/epcache"
	export -f dpkg_in no_old_answer agrees points in_root
	export ROOT WORK LOG DIRS_="${DIRS[*]}"
	"${ns[@]}" unshare -m bash -euc '
		ns=() DIRS=($DIRS_)
		mount -t tmpfs -o size=64k,mode=755 none "$ROOT/var/cache/epcache"
		cp -a before/. "$ROOT/var/cache/epcache"
		head -c 1000000 /dev/zero >"$ROOT/var/cache/epcache/full" 2>/dev/null || :
		dpkg_in -i a_2.1 >said 2>&1
		[ "$(grep -c "^epcache: .* without a cache" said)" -eq 1 ]
		no_old_answer a=six:m
		rm "$ROOT/var/cache/epcache/full"'
	rm -rf "$ROOT/var/cache/epcache"
	mv before "$ROOT/var/cache/epcache"
	healed
}

@test "read-only /var/cache: the transaction succeeds, nothing is written" {
	"${ns[@]}" unshare -m mount -t tmpfs none /mnt 2>/dev/null || skip "needs mounts"
	local before

	transaction -i a_1
	before=$(find "$ROOT/var/cache" "$ROOT/var/lib/epcache" -printf '%p %T@ %s\n')
	export -f dpkg_in
	export ROOT WORK LOG
	"${ns[@]}" unshare -m bash -euc '
		ns=()
		for dir in cache lib/epcache; do
			mount --bind "$ROOT/var/$dir" "$ROOT/var/$dir"
			mount -o remount,bind,ro "$ROOT/var/$dir"
		done
		dpkg_in -i a_2 >/dev/null 2>&1'
	[ "$(find "$ROOT/var/cache" "$ROOT/var/lib/epcache" -printf '%p %T@ %s\n')" = "$before" ]
	agrees "${DIRS[@]}"
	[[ $(in_root /usr/bin/epcache query -q g a) == *two:m* ]]
	healed
}

@test "read-only /var/cache, or a cache that is a mount: our removal succeeds" {
	"${ns[@]}" unshare -m mount -t tmpfs none /mnt 2>/dev/null || skip "needs mounts"
	export -f dpkg_in
	export ROOT WORK LOG
	"${ns[@]}" unshare -m bash -euc '
		ns=()
		mount --bind "$ROOT/var/cache" "$ROOT/var/cache"
		mount -o remount,bind,ro "$ROOT/var/cache"
		dpkg_in -r epcache'
	dpkg_in -i epcache_1
	"${ns[@]}" unshare -m bash -euc '
		ns=()
		mount -t tmpfs none "$ROOT/var/cache/epcache"
		dpkg_in -P epcache'
}

@test "dpkg is killed in the middle: readers are right at once, and a refresh heals" {
	local killer

	# shellcheck disable=SC2016
	killer='[ -e /survives ] || kill -9 $PPID'
	transaction -i a_1
	POSTINST=$killer package killer 1 killer-1.dist-info k:m
	run dpkg_in -i killer_1 a_2
	[ "$status" -eq 137 ]
	run ! is_cached "$SITE"
	[[ $(in_root /usr/bin/epcache query -q --check strict g killer) == *k:m* ]]
	in_root /usr/bin/epcache refresh --system
	is_right "${DIRS[@]}"

	# ... and what dpkg remembers is done by its next run.
	: >"$ROOT/survives"
	rm -r "$ROOT/var/cache/epcache"
	transaction --configure -a
	[ "$(refreshes)" -eq 1 ]
	[[ $(points) == *'killer=k:m' ]]
}

@test "a refresh by hand in the middle of a transaction" {
	POSTINST='epcache refresh --system --quiet' package hand 1 hand-1.dist-info h:m
	transaction -i a_1 hand_1 b_1
	[ "$(points)" = 'a=one:m b=b:m hand=h:m' ]
}

@test "a hostile environment, leaked descriptors, closed streams" {
	exec 7>leaked 8<"$BATS_TEST_FILENAME"
	WITH="env EPCACHE=0 EPCACHE_DIR=$WORK/other XDG_CACHE_HOME=$WORK/xdg LC_ALL=tr_TR.UTF-8
		PYTHONPATH=/nowhere HOME=/nowhere IFS=/ ENV=/nowhere CDPATH=/ TMPDIR=/tmp
		LD_BIND_NOW=1 VIRTUAL_ENV=/nowhere" transaction -i a_1 b_1
	exec 7>&- 8<&-
	[ ! -s leaked ]
	[ "$(points)" = 'a=one:m b=b:m' ]
	[ ! -e other ]
	[ ! -e xdg ]
	dpkg_in -i c_1 >&- 2>&-
	is_right "${DIRS[@]}"
}

@test "files named like options, in a package named like a command" {
	local name nr=0

	mkdir "$WORK/tree"
	for name in --root=nowhere-1.dist-info -0.dist-info --help.egg-info 'sp ace-1.dist-info' \
		'[a]-1.dist-info' $'new\xffbyte-1.dist-info'; do
		nr=$((nr + 1))
		dist_make "$WORK/tree$SITE/$name" '[g]\nodd = o:m\n'
		echo "Name: odd$nr" | tee "$WORK/tree$SITE/$name/METADATA" >"$WORK/tree$SITE/$name/PKG-INFO"
	done
	: >"$WORK/tree$SITE/--json"
	pack trigger 1
	transaction -i trigger_1 a_1
	[ "$(points | tr ' ' '\n' | grep -c '^odd=o:m$')" -eq 6 ]
	[ "$(refreshes)" -eq 1 ]
	transaction -r trigger
	[ "$(points)" = 'a=one:m' ]
}

@test "there is neither /proc nor /dev, and none is made" {
	transaction -i a_1
	transaction -r a
	[ ! -e "$ROOT/proc" ] && [ ! -e "$ROOT/dev" ]
}

# --- from outside ------------------------------------------------------------

# chrootless PACKAGE... - installed without entering the system: its scripts are run here,
# by the tool that is here.
chrootless() {
	mkdir -p bin
	ln -sf "$EPCACHE" bin/epcache
	PATH=$WORK/bin:$PATH dpkg_in --force-script-chrootless "$@"
}

# of_this_system - what epcache has of the system that the tests run on.
of_this_system() {
	find /var/cache/epcache /var/lib/epcache -printf '%p %i %T@ %s\n' 2>/dev/null | sort
	grep _epcache /etc/passwd || true
}

@test "chrootless: the scripts work on the system in the folder, not on this one" {
	local before

	before=$(of_this_system)
	chrootless -i a_1
	is_right "${DIRS[@]}"
	[ "$(points)" = 'a=one:m' ]
	chrootless -r a epcache
	no_cache_left
	chrootless -i epcache_1 b_1
	is_right "${DIRS[@]}"
	[ "$(of_this_system)" = "$before" ]
}

@test "chrootless: the user that reads is made, where there is systemd-sysusers" {
	needs_root
	needs systemd-sysusers
	echo 'root:x:0:0::/:/bin/sh' >"$ROOT/etc/passwd"
	echo 'root:x:0:' >"$ROOT/etc/group"
	chrootless -i epcache_1
	grep '^_epcache:' "$ROOT/etc/passwd"
}

@test "a system that is copied: right at once, and quick after a refresh" {
	transaction -i a_1 b_1
	copies_are_right "$SITE/a-1.dist-info/entry_points.txt" "${DIRS[@]}"
}

@test "a system that is a layer: right at once, and quick after a refresh" {
	needs_overlay
	transaction -i a_1 b_1
	among_mounts layers_are_right "$SITE/a-1.dist-info/entry_points.txt" "${DIRS[@]}"
}

# --- who owns what -----------------------------------------------------------

@test "status --owner: how many packages own, and how many nobody does" {
	package demo 1 demo-1.0.dist-info m:x
	transaction -i a_1 demo_1
	cp /usr/bin/dpkg-query "$ROOT/usr/bin/"
	libraries_into "$ROOT" /usr/bin/dpkg-query
	owners_are_told "$SITE" 2 demo /var/lib/dpkg
}
