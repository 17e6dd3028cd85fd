#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# errno.sh - each system call of a refresh fails, once or from there on, in each of its
# processes: a refresh that says that it is done is, any other names what failed, and
# the cache file is old or new, whole, or none; see rig.bash.
#
# The dynamic loader's calls are not ours.  Without LONG, most errors come only at the
# calls that touch the cache folder.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/fault/rig.bash

# As on x86_64, where calls can be made to fail.
errors='
EINTR  4   Interrupted system call
EIO    5   Input/output error
ENOMEM 12  Cannot allocate memory
ENOSPC 28  No space left on device
EROFS  30  Read-only file system
ESTALE 116 Stale file handle
EDQUOT 122 Disk quota exceeded
'
more_errors='
EPERM  1   Operation not permitted
ENOENT 2   No such file or directory
EAGAIN 11  Resource temporarily unavailable
EACCES 13  Permission denied
EINVAL 22  Invalid argument
EMFILE 24  Too many open files
ENOLCK 37  No locks available
ENOSYS 38  Function not implemented
ELOOP  40  Too many levels of symbolic links
'

# error NAME - its number and text.
error() {
	local name

	while read -r name number text; do
		[ "$name" != "$1" ] || return 0
	done <<<"$errors$more_errors"
	return 1
}

# What never fails, or says so in another way; and the look at what is open at the start.
unfailing='exit_group|exit|brk|futex|restart_syscall|rt_sig[a-z]*|gete?[ug]id|getpp?id|gettid'
unfailing+='|fcntl [^ ]*/(null|said)'

# complaint STATUS HIT HOW POINT - what is wrong with how a refresh ended, into $why.
# Of what fails in a worker, no more than that is told.
complaint() {
	local said reason=$text

	why=
	case $1 in
	0)
		state
		case $file:$2:$3 in
		new:*|partial:*"$SITE"/*|partial:*:-f) ;;
		*) why="status 0, but the cache file is $file" ;;
		esac ;;
	1)
		[[ $4 = 0.* ]] || reason=
		said=$(tail -n 1 "$WORK/said")
		case $2:$said in
		"write "*:) [ "$3" = -f ] || why='it said nothing' ;; # it had nowhere to
		*:"epcache: cannot refresh '$SITE': "*"$reason"*) ;;
		*) why="it said '$said'" ;;
		esac ;;
	124) why='it hangs' ;;
	*) why="status $1: $(tail -n 1 "$WORK/said")" ;;
	esac
	[ -z "$why" ]
}

# fail_at SCENARIO POINT HOW... - HOW is an option of inject, with the number.
fail_at() {
	local hit status

	"$1_prepare"
	"$AIDS/inject" -a "$2" -o "$WORK/hit" -t 20 "${@:3}" \
		"$EPCACHE" refresh --cache-dir "$CACHE" "$SITE" >"$WORK/said" 2>&1
	status=$?
	read -r hit <"$WORK/hit"
	if [ -z "$hit" ]; then
		missed "$2"
		return
	fi
	complaint "$status" "$hit" "$3" "$2" || fault "${hit//$WORK\//} ($2)"
	judge || fault "${hit//$WORK\//} ($2)"
}

# without_locks - no lock to be had is no failure: the refresh goes on without.
without_locks() {
	local point

	error ENOLCK
	for point in $(points update 'fcntl [^ ]*/cache/\.lock'); do
		fail_at update "$point" -e "$number"
		why="the cache file is $file"
		[ "$file" = new ] || fault "$point"
	done
	class 'no locks on the file system'
}

# points SCENARIO PATTERN - those of its calls that match, as inject names them.
points() {
	"$1_prepare"
	"$AIDS/inject" -o "$WORK/calls" "$EPCACHE" refresh --cache-dir "$CACHE" "$SITE" \
		>"$WORK/said" 2>&1 || exit 1
	grep -E "^[^ ]* it ($2)" "$WORK/calls" | grep -vE "^[^ ]* it ($unfailing)( |$)" |
		cut -d ' ' -f 1
}

# sweep NAMES SCENARIO PATTERN TITLE HOW... - each of these errors there.
sweep() {
	local point name all

	all=$(points "$2" "$3")
	for name in $1; do
		error "$name"
		for point in $all; do
			fail_at "$2" "$point" "${@:5}" "$number"
		done
		class "$name $4"
	done
}

some=EIO
others='EINTR ENOMEM ENOSPC EROFS ESTALE EDQUOT'
cached='.* [^ ]*/cache'
changing='(write|fchmod|fsync|close|renameat2?|unlinkat|mkdirat|fchmodat) [^ ]*/cache'
where=$cached title='at each call on the folder in'
if [ -n "${LONG-}" ]; then
	others+=$(awk '{ printf " %s", $1 }' <<<"$more_errors")
	where='' title='at each call of'
fi

rig_begin
if can_inject -e 5; then
	sweep "$some" update '' 'at each call of an update' -e
	sweep "$others" update "$where" "$title an update" -e
	sweep "$some $others" first "$where" "$title a first refresh" -e
	sweep 'EIO ENOSPC EROFS' update "$cached" 'from each call on the folder on' -f -e
	without_locks
	sweep 'EIO ESTALE' update "$changing" 'told of what was done' -l
else
	skip 'each call fails' 'needs ptrace, on x86_64'
fi
rig_end
