# shellcheck shell=bash disable=SC2034,SC2153,SC2154 # of bats; for files that load this
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# dpkg.bash - systems of Debian in a folder, and packages for them.
#
#     load lib
#     load dpkg
#     setup_file() { hooks_begin; ! dpkg_can || dpkg_begin; }
#     setup() { dpkg_needs; system_begin; }        # $ROOT, with our package installed
#     teardown() { system_end; }
#
# Packages of tests are made by package and installed by dpkg_in; both go by the name,
# "a_1" of version 1 of a.

SITE=/usr/lib/python3/dist-packages
LOCAL=/usr/local/lib/python3.11/dist-packages
DIRS=("$LOCAL" "$SITE")
DEBS=$KEPT/deb
PATH=$PATH:/usr/sbin:/sbin

# bats has no skip in setup_file.
dpkg_can() (
	# shellcheck disable=SC2317,SC2329 # dpkg_needs runs it
	skip() { exit 1; }
	dpkg_needs
)

dpkg_needs() {
	needs_roots
	needs dpkg dpkg-deb dpkg-buildpackage dh lintian
}

# dpkg_build - the real packages into $DEBS, with what lintian says of them, unless they
# are of these sources already.  Another file of tests may be about to do the same.
dpkg_build() {
	local key lock

	key=$(kept_key)
	if mkdir -p "$KEPT" 2>/dev/null && [ -w "$KEPT" ]; then
		exec {lock}>"$DEBS.lock"
		flock "$lock"
	fi
	[ "$(cat "$DEBS/key" 2>/dev/null)" = "$key" ] || dpkg_build_anew "$key"
	[ -z "${lock-}" ] || exec {lock}>&-
}

# dpkg_build_anew KEY
dpkg_build_anew() {
	rm -f "$DEBS/key"
	# What is needed is there, whether dpkg has it as its recipe names it or not.
	DEB_BUILD_OPTIONS="nocheck parallel=$(nproc)" bash "$TREE/hooks/dpkg/build.sh" "$DEBS" \
		-d || return
	lintian --allow-root --tag-display-limit 0 "$DEBS"/*.changes >"$DEBS/lintian" 2>&1 || true
	echo "$1" >"$DEBS/key"
}

# The system that each test has a copy of.
dpkg_begin() {
	dpkg_build
	ROOT=$WORK/template
	root_make "$ROOT" "$EPCACHE" /usr/bin/dpkg
	rmdir "$ROOT/dev" "$ROOT/proc"
	mkdir -p "$ROOT/usr/lib/python3.11/lib-dynload" "$ROOT$LOCAL" "$ROOT$SITE" \
		"$ROOT"/var/lib/dpkg/{info,updates,triggers}
	: >"$ROOT/usr/bin/python3.11"
	: >"$ROOT/usr/lib/python3.11/os.py"
	ln -s python3.11 "$ROOT/usr/bin/python3"
	: >"$ROOT/var/lib/dpkg/status"
	: >"$ROOT/var/lib/dpkg/available"
	mkdir "$WORK/debs"
	base
	dpkg_in -i base_1
	cp -a "$ROOT" "$WORK/empty"
	cp "$DEBS"/epcache_*.deb "$WORK/debs/epcache_1.deb"
	dpkg_in -i epcache_1
}

# What the real one depends on: root_make has copied it.
base() {
	mkdir -p "$WORK/tree$SITE" "$WORK/tree$LOCAL" "$WORK/tree/usr/lib/python3.11/lib-dynload"
	CONTROL='Provides: libc6 (= 99), libcjson1 (= 99), libseccomp2 (= 99)' pack base 1
}

# system_begin [NAME] - $ROOT, a copy of the system with our package, or of "empty".
system_begin() {
	ROOT=$WORK/root
	LOG=$WORK/dpkg.log
	cp -a "$WORK/${1:-template}" "$ROOT"
	: >"$LOG"
	cd "$WORK" || return
}

system_end() {
	cd / || return
	[ ! -d "$WORK/root" ] || { chmod -R u+rwX "$WORK/root" && rm -rf "$WORK/root"; }
}

# pack NAME VERSION - the folder $WORK/tree becomes a package; what CONTROL has is added
# to its control file, and POSTINST is its script.
pack() {
	local tree=$WORK/tree

	mkdir -p "$tree/DEBIAN" "$tree/usr/share/$1"
	: >"$tree/usr/share/$1/here" # what has shared folders alone would disappear
	printf '%s\n' "Package: $1" "Version: $2" 'Architecture: all' \
		'Maintainer: me <me@localhost>' 'Description: of a test' \
		${CONTROL:+"$CONTROL"} >"$tree/DEBIAN/control"
	if [ -n "${POSTINST-}" ]; then
		printf '#!/bin/sh\n%s\n' "$POSTINST" >"$tree/DEBIAN/postinst"
		chmod 755 "$tree/DEBIAN/postinst"
	fi
	dpkg-deb -Znone --root-owner-group -b "$tree" "$WORK/debs/$1_$2.deb" >/dev/null
	rm -rf "$tree"
}

# package NAME VERSION [FOLDER VALUE] - a package; with a distribution FOLDER, which
# has the entry point NAME = VALUE.
package() {
	rm -rf "$WORK/tree"
	mkdir "$WORK/tree"
	[ $# -lt 3 ] || dist_make "$WORK/tree$SITE/$3" "[g]\n$1 = $4\n"
	pack "$1" "$2"
}

# dpkg_in OPTION... [PACKAGE]... - one run of dpkg in the system.
dpkg_in() {
	local arg args=()

	for arg; do
		[ ! -e "$WORK/debs/$arg.deb" ] || arg=$WORK/debs/$arg.deb
		args+=("$arg")
	done
	${WITH-} "${ns[@]}" dpkg --root="$ROOT" --log="${LOG:-/dev/null}" --force-unsafe-io \
		"${args[@]}" </dev/null
}

# transaction OPTION... [PACKAGE]... - succeeds, says nothing of ours, and leaves a cache
# that is right.
transaction() {
	: >"$LOG"
	dpkg_in "$@" >"$WORK/said" 2>&1 || { cat "$WORK/said"; return 1; }
	! grep '^epcache:' "$WORK/said" || return 1
	is_right "${DIRS[@]}" || { cat "$WORK/said"; return 1; }
}

# refreshes - how often our package was run in the last transaction, as dpkg has it.
refreshes() {
	grep -cE ' (trigproc|configure) epcache' "$LOG" || true
}
