#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# mounts.bats - on which mounts stamps decide, for every reader; fresh.sh has the same as
# a property of each kind of mount.

# shellcheck disable=SC2016,SC2154 # commands for a namespace of their own; of bats

load ../cli/lib

setup() {
	work_begin
	needs_mounts
	PYTHONPATH=$(dirname "$(realpath "$EPCACHE")")/python
	export PYTHONPATH EPCACHE_DIR=$CACHE SITE CACHE WORK EPCACHE PYTHON
	export PYTHONDONTWRITEBYTECODE=1
	PATH=$PATH:/usr/sbin:/sbin
	cat >answers.py <<'PY'
"""answers.py DIR: the values that each reader has of a directory, a line each."""
import importlib.metadata, subprocess, sys
import json, os
sys.path.append(sys.argv[1])
from epcache import _all, _original, _points, _reader
import epcache
if not _reader.native:
    print("no extension", file=sys.stderr)
    sys.exit(77)
found = json.loads(subprocess.run(
    [os.environ["EPCACHE"], "query", "--json", "g", "--path", sys.argv[1]],
    stdout=subprocess.PIPE, check=False).stdout or "[]")
print("query", *sorted(e["value"] for e in found))
print("package", *sorted(e.value for e in epcache.entry_points(group="g")))
import epcache._arm
print("activated", *sorted(e.value for e in importlib.metadata.entry_points(group="g")))
PY
	# Within the namespace.
	export PRELUDE='
answers() { # VALUE... - this is what every reader has of $S
	"$PYTHON" answers.py "$S" >answers || return
	printf "%s $*\n" query package activated | diff - answers
}
dist() { mkdir -p "$1"; printf "[g]\na = %s\n" "$2" >"$1/entry_points.txt"; }
refresh() { "$EPCACHE" refresh --quiet --cache-dir "$CACHE" "$S"; }
# status_is TEXT - so does the row of $S begin, and what is below it
status_is() { "$EPCACHE" status --cache-dir "$CACHE" "$S" | tr "\n" " " | grep -F -- "$1"; }
'
}

teardown() { work_end; }

apart() { # SCRIPT - in a namespace of its own
	run unshare -m bash -euc "$PRELUDE$1"
	echo "$output"
	[ "$status" -ne 77 ] || skip "needs the extension for Python"
	[ "$status" -eq 0 ]
}

@test "an overlay whose lower layer is upgraded while it is not mounted is read again" {
	apart '
	mkdir -p low mnt top; mount -t tmpfs none top; mkdir top/up top/work
	join() { mount -t overlay none -o lowerdir=low,upperdir=top/up,workdir=top/work mnt; }
	S=$WORK/mnt/site
	dist low/site/base-1.dist-info base:one
	join
	dist "$S/mine-1.dist-info" mine:one # so that both layers have the directory
	refresh; sleep 0.1; refresh
	status_is "unsettled"
	status_is "the directory is on an overlay"
	answers base:one mine:one
	umount mnt
	dist low/site/new-1.dist-info new:one
	join
	answers base:one mine:one new:one
	refresh
	umount mnt
	rm -r low/site/base-1.dist-info
	dist low/site/base-2.dist-info base:two
	join
	answers base:two mine:one new:one'
}

@test "what is settled is read again where it is mounted read-only, and settled after" {
	apart '
	mkdir mnt; mount -t tmpfs none mnt
	S=$WORK/mnt/site
	dist "$S/foo-1.dist-info" foo:one
	sleep 0.1; refresh
	status_is "$S	fresh"
	cp "$CACHE"/*.v1 before
	mount -o remount,ro mnt
	status_is "unsettled"
	status_is "the directory is mounted read-only"
	answers foo:one
	refresh
	mount -o remount,rw mnt
	status_is "$S	fresh"
	cmp before "$CACHE"/*.v1 # it is not for the read-only mount to forget'
}

@test "a read-only mount of what is writable settles for those who mount it writable" {
	apart '
	mkdir mnt bound; mount -t tmpfs none mnt
	dist mnt/site/foo-1.dist-info foo:one
	sleep 0.1
	mount --bind mnt bound; mount -o remount,bind,ro bound
	S=$WORK/bound/site; refresh
	status_is "the directory is mounted read-only"
	mount -o remount,bind,rw bound
	status_is "$S	fresh"
	answers foo:one'
}

@test "a text on another mount than its directory is read again" {
	apart '
	mkdir mnt other; mount -t tmpfs none mnt
	S=$WORK/mnt/site
	dist "$S/foo-1.dist-info" foo:one
	dist other foo:two
	sleep 0.1; refresh
	status_is "$S	fresh"
	mount --bind other "$S/foo-1.dist-info"
	answers foo:two'
}

@test "TrustStamps= has stamps decide on any mount, and status says so" {
	apart '
	mkdir -p root/etc/epcache root/low/site root/up root/work root/mnt
	dist root/low/site/foo-1.dist-info foo:one
	mount -t tmpfs none root/mnt; mkdir root/mnt/up root/mnt/work root/mnt/m
	mount -t overlay none root/mnt/m \
		-o lowerdir=root/low,upperdir=root/mnt/up,workdir=root/mnt/work
	sleep 0.1
	epcache() { "$EPCACHE" "$@" --root root --cache-dir /cache /mnt/m/site; }
	epcache refresh
	epcache status --json | tr -d " \t\n" | grep -F "\"settled\":false"
	echo TrustStamps=/mnt/m/site >root/etc/epcache/epcache.conf
	epcache refresh
	epcache status -v | grep "its stamps are trusted"
	epcache status | grep "^/mnt/m/site	fresh"
	epcache status --json | tr -d " \t\n" | grep -F "\"settled\":true,\"unsettled\":null"
	epcache status --json | tr -d " \t\n" | grep -F "\"stamps_trusted\":true"
	rm root/etc/epcache/epcache.conf
	epcache refresh
	epcache status | grep "^/mnt/m/site	unsettled"'
}

@test "a fast check is one look, on whatever mount" {
	type strace >/dev/null || skip "needs strace"
	apart '
	mkdir -p low mnt top; mount -t tmpfs none top; mkdir top/up top/work
	for i in 1 2 3; do dist low/site/d$i-1.dist-info d:e; done
	mount -t overlay none -o lowerdir=low,upperdir=top/up,workdir=top/work mnt
	S=$WORK/mnt/site
	sleep 0.1; refresh
	query() { strace -f -o trace "$EPCACHE" query --check $1 g --path "$S" >/dev/null; }
	query fast
	! grep dist-info trace
	query strict
	[ $(grep -c "open.*dist-info" trace) -eq 3 ]
	[ $(grep -c dist-info trace) -eq 3 ] # and not asked before'
}
