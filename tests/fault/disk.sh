#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# disk.sh - a refresh on disks that are really full or read-only, and disks whose power
# is cut while it publishes: the cache file is old or new, whole, or none; see rig.bash.
#
# All is mounted in a mount namespace that ends with this script.  The power is cut by
# a copy of the image under the file system, at the moment that the refresh is killed.
# Without LONG only on ext4, before the two calls that count, and after the end.
set -u
cd "$(dirname "$0")/../.." || exit 1

if [ "${1-}" != --mounted ] && unshare --mount true 2>/dev/null; then
	exec unshare --mount bash "$0" --mounted
fi
. tests/fault/rig.bash

# --- full, and read-only -------------------------------------------------------------

# refresh_fails REASON - a refresh must fail and say so, and the answer be right.
refresh_fails() {
	local status=0

	why=
	epc refresh "$SITE" >"$WORK/said" 2>&1 || status=$?
	[[ $status -eq 1 && $(cat "$WORK/said") == "epcache: cannot refresh "*"$1"* ]] ||
		why="status $status: $(tail -n 1 "$WORK/said")"
	[ -z "$why" ] || fault "$1"
	query >"$WORK/out" 2>/dev/null
	cmp -s "$WORK/out" "$WORK/live" || { why='the answer is wrong' && fault "$1"; }
}

# use_mounted - the cache folder is on what was mounted.
use_mounted() {
	CACHE=$WORK/mnt/cache
	judged=()
	mkdir -p "$CACHE"
	: >"$CACHE/.lock"
	chmod 600 "$CACHE/.lock"
}

full() { # NAME
	local n=0

	use_mounted
	update_prepare
	cat /dev/zero >"$WORK/mnt/filling" 2>/dev/null
	# What is too much at once may still be there for a small file.
	while head -c 900 /dev/zero >"$WORK/mnt/filling$n" && sync "$WORK/mnt/filling$n"; do
		n=$((n + 1))
	done 2>/dev/null
	refresh_fails 'No space left on device'
	rm "$WORK"/mnt/filling*
	judge || fault "$1"
	class "a full $1"
}

no_inodes() {
	local n=0

	use_mounted
	update_prepare
	rm "$CACHE/$LEFTOVER"
	while : 2>/dev/null >"$WORK/mnt/filling$n"; do
		n=$((n + 1))
	done
	refresh_fails 'No space left on device'
	rm "$WORK"/mnt/filling*
	judge || fault 'no inodes'
	class 'no inode left'
}

read_only() {
	use_mounted
	update_prepare
	mount -o remount,ro "$WORK/mnt"
	refresh_fails 'Read-only file system'
	mount -o remount,rw "$WORK/mnt"
	judge || fault 'read-only'
	class 'a read-only file system'
}

try_disks() {
	mount -t tmpfs -o size=64k,nr_inodes=20,mode=755 tmpfs "$WORK/mnt" || return
	full tmpfs
	no_inodes
	read_only
	umount "$WORK/mnt"
	if truncate -s 4M "$WORK/mem/small" && mkfs.ext4 -q "$WORK/mem/small" &&
		mount -o loop "$WORK/mem/small" "$WORK/mnt"; then
		full ext4
		umount "$WORK/mnt"
	else
		skip 'a full ext4' 'cannot be made and mounted here'
	fi
}

# --- the power -----------------------------------------------------------------------

mount_image() { # FS IMAGE
	local options=loop

	[ "$1" != xfs ] || options+=,nouuid
	mount -o "$options" "$2" "$WORK/mnt"
}

make_base() { # FS
	local base=$WORK/mem/base

	rm -f "$base"
	truncate -s 320M "$base"
	"mkfs.$1" -q "$base" >/dev/null 2>&1 && mount_image "$1" "$base" 2>/dev/null || return
	use_mounted
	update_prepare
	umount "$WORK/mnt"
}

# cut_power FS [OPTION...] - refresh, with these options of inject, and cut the power.
cut_power() {
	cp --sparse=always "$WORK/mem/base" "$WORK/mem/image"
	mount_image "$1" "$WORK/mem/image"
	"$AIDS/inject" -o "$WORK/hit" "${@:2}" \
		"$EPCACHE" refresh --cache-dir "$CACHE" "$SITE" >"$WORK/said" 2>&1
	cp --sparse=always "$WORK/mem/image" "$WORK/mem/cut"
	umount "$WORK/mnt"
	mount_image "$1" "$WORK/mem/cut"
	judge || fault "$1: $(head -n 1 "$WORK/hit")"
	umount "$WORK/mnt"
}

# publishing - the calls from the temporary file on.
publishing() {
	awk '/\/\.tmp-/ && !/unlinkat/ { on = 1 } on && /^0/ { print }' "$WORK/calls" |
		grep -v exit_group | grep -E "$1" | cut -d ' ' -f 1
}

power() { # FS
	local point calls='renameat|fsync [^ ]*/cache$'

	[ -z "${LONG-}" ] || calls=.

	if ! make_base "$1"; then
		skip "power cut on $1" 'cannot be made and mounted here'
		return
	fi
	cut_power "$1"
	why="the end: the cache file is $file"
	[ "$file" = new ] || fault "$1"
	cp "$WORK/hit" "$WORK/calls"
	for point in $(publishing "$calls"); do
		cut_power "$1" -k -a "$point"
	done
	class "power cut on $1"
}

rig_begin
trap 'umount -l "$WORK/mnt" "$WORK/mem" 2>/dev/null; rm -rf --one-file-system "$WORK"' EXIT
mkdir "$WORK/mnt" "$WORK/mem"
if [ "${1-}" = --mounted ] && mount -t tmpfs -o mode=755 tmpfs "$WORK/mem" 2>/dev/null; then
	try_disks
	can_inject -k || skip 'power cut' 'needs ptrace'
	for fs in ext4 ${LONG:+xfs btrfs}; do
		! can_inject -k || power "$fs"
	done
else
	skip 'full and read-only disks, power cuts' 'needs root and mounts'
fi
rig_end
