# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Our RPM package, in transactions of the real rpm.

# shellcheck disable=SC2030,SC2031,SC2154 # each test is a subshell; of lib.bash

load lib
load rpm

setup_file() {
	rpm_begin
	rpm_lacks >/dev/null && return
	dist_package "$LIB" demo 1.0 1 demo:one
	dist_package "$LIB" demo 1.0 2 demo:two # as long, and with the same stamps
	dist_package "$LIB" demo 2.0 1 demo:new
	dist_package "$LIB64" wide 1.0 1 wide:one
	dist_package "$LIB" more 1.0 1 more:one
}

teardown_file() {
	hooks_end
}

setup() {
	rpm_root
}

teardown() {
	rpm_root_end
}

# ours - install our package; it is not told where its libraries are from.
ours() {
	rpm_do -i --nodeps "$OURS"
}

@test "first install: what was there before is cached" {
	transaction -i --nodeps "$OURS"
	[ "$(points)" = 'old=old:one' ]
	[ "$(in_root /usr/bin/epcache --version)" = "epcache $(rpm -qp --qf '%{VERSION}' "$OURS")" ]
}

@test "transactions tell the actions what was added, changed and removed" {
	needs_root
	ours
	acts_make
	transaction -i "$WORK/demo-1.0-1.rpm"
	acts_told added demo
	transaction -U "$WORK/demo-2.0-1.rpm"
	acts_told changed demo
	transaction -e demo
	acts_told removed demo
}

@test "install, several at once, upgrade, downgrade, reinstall, remove" {
	ours
	transaction -i "$WORK/demo-1.0-1.rpm"
	[ "$(points)" = 'demo=demo:one old=old:one' ]
	transaction -i "$WORK"/{wide-1.0-1,more-1.0-1}.rpm
	[ "$(points)" = 'demo=demo:one more=more:one old=old:one wide=wide:one' ]
	transaction -U "$WORK/demo-2.0-1.rpm"
	[ "$(points)" = 'demo=demo:new more=more:one old=old:one wide=wide:one' ]
	transaction -U --oldpackage "$WORK/demo-1.0-1.rpm"
	[ "$(points)" = 'demo=demo:one more=more:one old=old:one wide=wide:one' ]
	transaction -U --replacepkgs "$WORK/demo-1.0-1.rpm"
	transaction -e demo
	[ "$(points)" = 'more=more:one old=old:one wide=wide:one' ]
	transaction -e wide more
	[ "$(points)" = 'old=old:one' ]
}

@test "an upgrade that keeps the folder, its name and all stamps" {
	local entry_points=$ROOT$LIB/demo-1.0.dist-info/entry_points.txt before

	ours
	transaction -i "$WORK/demo-1.0-1.rpm"
	before=$(stat -c '%s %y' "$entry_points")
	transaction -U "$WORK/demo-1.0-2.rpm"
	[ "$(stat -c '%s %y' "$entry_points")" = "$before" ]
	[ "$(points)" = 'demo=demo:two old=old:one' ]
}

# rpm up to 4.19 fires a trigger of removal for the first of its prefixes alone.
@test "removal of what is in one of the two directories" {
	ours
	transaction -i "$WORK/wide-1.0-1.rpm"
	transaction -e wide
	[ "$(points)" = 'old=old:one' ]
	transaction -e old
	[ -z "$(points)" ]
}

@test "all in one transaction: Python, ours and others" {
	rpm_do -e old python3
	transaction -i --nodeps "$WORK"/{python3-3.11,wide-1.0,demo-1.0}-1.rpm "$OURS"
	[ "$(points)" = 'demo=demo:one wide=wide:one' ]
}

@test "our own upgrade, alone and with others" {
	ours
	rm "$ROOT"/var/cache/epcache/*.v1
	transaction -U --nodeps "$NEXT"
	[ "$(points)" = 'old=old:one' ]
	transaction -U --nodeps --oldpackage "$OURS" "$WORK/demo-1.0-1.rpm"
	[ "$(points)" = 'demo=demo:one old=old:one' ]
}

@test "our own removal, alone and with others: no cache is left" {
	ours
	[ -e "$ROOT/var/cache/epcache" ]
	rpm_do -e epcache
	[ -z "$said" ]
	no_cache_left
	rpm_do -i --nodeps "$OURS" "$WORK"/{demo,more,wide}-1.0-1.rpm
	[ -e "$ROOT/var/cache/epcache" ]
	rpm_do -e epcache demo wide old
	[ -z "$said" ]
	no_cache_left
}

@test "one refresh a transaction; what runs after it writes nothing" {
	needs strace
	ours
	traced -i "$WORK"/{demo,more,wide}-1.0-1.rpm
	[ "$(runs)" -eq 1 ]
	[ "$(writes)" -eq 2 ]
	# Each prefix once more, for what was removed.
	traced -U "$WORK/demo-2.0-1.rpm"
	[ "$(runs)" -le 3 ]
	[ "$(writes)" -eq 1 ]
	traced -e wide more
	[ "$(runs)" -le 2 ]
	[ "$(writes)" -eq 2 ]
	traced -i --replacepkgs "$WORK/demo-2.0-1.rpm"
	[ "$(runs)" -le 3 ]
}

@test "Trigger=no: nothing is cached, and what was is not believed" {
	mkdir -p "$ROOT/etc/epcache"
	echo 'Trigger=no' >"$ROOT/etc/epcache/epcache.conf"
	ours
	no_cache_left
	rm "$ROOT/etc/epcache/epcache.conf"
	transaction -i "$WORK/demo-1.0-1.rpm"
	echo 'Trigger=no' >"$ROOT/etc/epcache/epcache.conf"
	rpm_do -e demo
	[ -z "$(in_root /usr/bin/epcache query g demo)" ]
}

@test "as an ordinary user, in a user namespace" {
	is_root || skip "all tests here run so"
	needs setpriv unshare
	ns=(setpriv --reuid 65534 --regid 65534 --clear-groups unshare -r)
	"${ns[@]}" true 2>/dev/null || skip "needs user namespaces"
	cp "$OURS" "$WORK/ours.rpm"
	OURS=$WORK/ours.rpm
	chown -R 65534:65534 "$ROOT"
	transaction -i --nodeps "$OURS"
	transaction -i "$WORK"/{demo,wide}-1.0-1.rpm
	transaction -U "$WORK/demo-1.0-2.rpm"
	[ "$(points)" = 'demo=demo:two old=old:one wide=wide:one' ]
	transaction -e wide
	rpm_do -e epcache demo
	no_cache_left
}

# --- the package ------------------------------------------------------------------------

triggers() {
	rpm -qp --filetriggers "$1" 2>/dev/null
}

@test "the triggers: each prefix of removals by itself, paths of this Python as well" {
	local run='/usr/bin/epcache trigger rpm || :'

	[ "$(triggers "$OURS" | sed 's/, *$//')" = "\
transfiletriggerin scriptlet (using /bin/sh) -- /usr/lib/python3, /usr/lib64/python3
$run
transfiletriggerpostun scriptlet (using /bin/sh) -- /usr/lib/python3
$run
transfiletriggerpostun scriptlet (using /bin/sh) -- /usr/lib64/python3
$run" ]
	triggers "$NEXT" | grep -q '^transfiletriggerin.*, /usr/lib/python3.99/site-packages\($\|,\)'
	run ! grep -e '^error:' -e '^warning: .*trigger' "$KEPT_RPM/log"
}

# rpm-ostree runs the scripts of transactions itself: of triggers those with literal
# prefixes that it can look up in the tree, and in the shell; no others.
@test "the triggers: what rpm-ostree takes as well" {
	local tag prefixes

	for tag in TRANSFILETRIGGERNAME FILETRIGGERNAME; do
		for package in "$OURS" "$NEXT"; do
			rpm -qp --qf "[%{$tag}\n]" "$package" 2>/dev/null
		done
	done | sort -u >"$WORK/prefixes"
	mapfile -t prefixes < <(grep -v '^(none)$' "$WORK/prefixes")
	[ "${#prefixes[@]}" -ge 3 ]
	run ! grep -vE '^(\(none\)|(/[A-Za-z0-9._+-]+)+)$' "$WORK/prefixes"
	[ "$(rpm -qp --qf '[%{TRANSFILETRIGGERSCRIPTPROG}\n]' "$OURS" 2>/dev/null | sort -u)" = /bin/sh ]
	[ "$(rpm -qp --qf '[%{TRANSFILETRIGGERPRIORITIES}\n]' "$OURS" 2>/dev/null | sort -u)" = 1000000 ]
}

@test "what is in which package" {
	rpm -qlp "$KEPT_RPM"/ours/*/epcache-[0-9]*.rpm >"$WORK/tool" 2>/dev/null
	rpm -qlp "$KEPT_RPM"/ours/*/libepcache0-*.rpm >"$WORK/library" 2>/dev/null
	rpm -qlp "$KEPT_RPM"/ours/*/libepcache-devel-*.rpm >"$WORK/devel" 2>/dev/null
	for file in bin/epcache bin/refresh-entrypoints-cache man/man1/epcache.1 \
		man/man5/epcache.conf.5 libexec/epcache/epcache-owner-rpm \
		completions/epcache site-functions/_epcache epcache.fish; do
		grep -q "/$file\(\|\.gz\|\.bz2\|\.xz\|\.zst\)$" "$WORK/tool"
	done
	grep -q '/libepcache\.so\.0$' "$WORK/library"
	for file in epcache.h libepcache.so libepcache.a epcache.pc man3/libepcache.3; do
		grep -q "/$file\(\|\.gz\|\.bz2\|\.xz\|\.zst\)$" "$WORK/devel"
	done
	rpm -qlp "$KEPT_RPM"/ours/*/python3-epcache-[0-9]*.rpm >"$WORK/module" 2>/dev/null
	for file in epcache/_epcache.abi3.so epcache/__init__.py epcache/py.typed METADATA; do
		grep -q "/python3.*-packages/.*$file$" "$WORK/module"
	done
	rpm -qlp "$KEPT_RPM"/ours/*/python3-epcache-autoload-*.rpm >"$WORK/autoload" 2>/dev/null
	run grep -Ec '/[^/]*-packages/epcache-autoload\.pth$' "$WORK/autoload"
	[ "$output" -eq 1 ]
	run ! grep -e 'owner-dpkg' -e 'owner-alpm' "$WORK/tool"
	run ! grep -e '\.so' -e '\.a$' "$WORK/tool"
	grep -qx "VERSION   := $(rpm -qp --qf '%{VERSION}' "$OURS" 2>/dev/null)" "$TREE/Makefile"
}

@test "rpmlint has nothing to say" {
	needs rpmlint
	run rpmlint -r "$TREE/hooks/rpm/epcache.rpmlintrc" "$KEPT_RPM"/ours/*/*.rpm \
		"$TREE/hooks/rpm/epcache.spec"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *' 0 errors, 0 warnings,'* ]]
}
