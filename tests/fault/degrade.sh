#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# degrade.sh - a refresh where a layer of its sandbox cannot be had: it goes on with those
# that are left; where root's rights cannot be given up it refuses, and leaves no old
# answer.  SECURITY.md has the same as a table; see degrade.bash.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/fault/degrade.bash

# --- system calls that fail --------------------------------------------------------

# What cannot be had, how, and the layers that are missing then.
NO_LANDLOCK='landlock_create_ruleset=%s -n landlock_add_rule=%s -n landlock_restrict_self=%s'
NO_SECCOMP='seccomp=%s -n prctl:0:22=%s'
calls() {
	printf '%s|%s|%s\n' \
		'Landlock: ENOSYS' "${NO_LANDLOCK//%s/ENOSYS}" landlock \
		'Landlock: EOPNOTSUPP' "${NO_LANDLOCK//%s/EOPNOTSUPP}" landlock \
		'Landlock: EPERM' "${NO_LANDLOCK//%s/EPERM}" landlock \
		'the last call of Landlock: EPERM' landlock_restrict_self=EPERM landlock \
		'seccomp: ENOSYS' "${NO_SECCOMP//%s/ENOSYS}" seccomp \
		'seccomp: EINVAL' "${NO_SECCOMP//%s/EINVAL}" seccomp \
		'seccomp: EPERM' "${NO_SECCOMP//%s/EPERM}" seccomp \
		'seccomp(2), with prctl(2) in its place' seccomp=ENOSYS '' \
		'Landlock and seccomp' "${NO_LANDLOCK//%s/ENOSYS} -n ${NO_SECCOMP//%s/EINVAL}" \
			'landlock seccomp' \
		'openat2: ENOSYS' openat2=ENOSYS '' \
		'openat2: EPERM' openat2=EPERM '' \
		'statx: ENOSYS' statx=ENOSYS '' \
		'prlimit: EPERM' prlimit64=EPERM limits \
		'not to be dumped' prctl:0:4=EINVAL private \
		'to end with the parent' prctl:0:1=EINVAL private \
		'capset: EPERM' capset=EPERM ''
}

# sweep_calls WHO OWNER MISSING [PREFIX...] - each of them, for this user.
sweep_calls() {
	local title rules missing words

	while IFS='|' read -r title rules missing; do
		read -ra words <<<"$rules"
		t "$1, without $title" goes_on "$2" "$3 $missing" "${@:4}" "$DEGRADE" -n "${words[@]}"
	done < <(calls)
}

# within_root ERRNO - a directory of another root, by a link there, where openat2(2) fails.
within_root() {
	local root=$WORK/other

	rm -rf "$root"
	mkdir "$root"
	cp -r "$SITE" "$root/site"
	ln -s /site "$root/link"
	why=$("$DEGRADE" -n "openat2=$1" "$EPC" refresh --cache-dir /cache --root "$root" /link \
		2>&1) && [ -z "$why" ] && [ -e "$root/cache/link.v1" ] || return
	why=$("$DEGRADE" -n "openat2=$1" "$EPC" verify --cache-dir /cache --root "$root" /link 2>&1)
}

# --- a library that cannot be loaded -----------------------------------------------

sweep_library() {
	mkdir -p "$WORK/lacking"
	: >"$WORK/lacking/libseccomp.so.2"
	chmod 755 "$WORK/lacking"
	t 'libseccomp is damaged' goes_on 0 seccomp env LD_LIBRARY_PATH="$WORK/lacking"
}

few() { # COMMAND... - with few descriptors
	(ulimit -n 1024 && "$@")
}

many() { # COMMAND... - with more of them than can be closed one by one
	(ulimit -n 4096 && "$@")
}

sweep_close_range() {
	local error

	for error in ENOSYS EPERM; do
		t "close_range: $error, few descriptors" \
			goes_on 0 '' few "$DEGRADE" -n close_range=$error
		if many true 2>/dev/null; then
			t "close_range: $error, many descriptors" \
				goes_on 0 descriptors many "$DEGRADE" -n close_range=$error
		else
			skip "close_range: $error, many descriptors" 'needs a higher limit'
		fi
	done
}

sweep_openat2() {
	local error

	for error in ENOSYS EPERM; do
		t "another root, without openat2: $error" within_root $error
	done
}

# Landlock and seccomp take it, or CAP_SYS_ADMIN.
sweep_no_new_privs() {
	local lost='no-new-privileges landlock seccomp'

	t 'root, without no_new_privs' goes_on 0 "$lost" "$DEGRADE" -n prctl:0:38=EINVAL
	t 'a user, without no_new_privs' goes_on $USER_ID "$lost user" \
		"$DEGRADE" -n prctl:0:38=EINVAL "${ORDINARY[@]}"
}

# --- rights that cannot be given up --------------------------------------------------

GROUPS_TOO=(setpriv --groups '4,5')

without_caps() { # CAPABILITIES COMMAND...
	setpriv --inh-caps "$1" --bounding-set "$1" "${@:2}"
}

sweep_drop() {
	local rule cap

	# EINVAL is what a namespace without that user answers, which this one is not.
	for rule in setresuid={EPERM,EAGAIN,ENOSYS,EINVAL,0} setresgid={EPERM,ENOSYS,EINVAL,0} \
		getresuid=ENOSYS getresgid=ENOSYS; do
		t "root, not to be another user: $rule" gives_up "$DEGRADE" -n "$rule"
	done
	for rule in setgroups={EPERM,ENOSYS,0}; do
		t "root, not to leave its groups: $rule" gives_up "${GROUPS_TOO[@]}" \
			"$DEGRADE" -n "$rule"
		t "root, without groups to leave: $rule" goes_on 0 '' setpriv --clear-groups \
			"$DEGRADE" -n "$rule"
	done
	for cap in setuid setgid all; do
		t "root, without the capability $cap" gives_up without_caps "-$cap"
	done
	for cap in sys_admin setpcap sys_resource; do
		t "root, without the capability $cap" goes_on 0 '' without_caps "-$cap"
	done
	t 'the real user is another' goes_on 0 '' setpriv --ruid $USER_ID --euid 0
	t 'the real user alone is root' not_dropped setpriv --ruid 0 --euid $USER_ID \
		--clear-groups
}

# --- user namespaces ---------------------------------------------------------------

# inside MISSING ID [OPTION...] - as root of a namespace, whose root is ID outside.
inside() {
	goes_on "$2" "$1" "${@:3}"
}

sweep_namespaces() {
	local few="0 $OUTER_ID 1000" one="0 $OUTER_ID 1" many="0 $OUTER_ID 65536"

	if ! "$DEGRADE" -U "$many" -G "$many" true 2>/dev/null; then
		skip 'user namespaces' 'cannot be made here'
		return
	fi
	t 'a namespace of all users' inside '' $OUTER_ID "$DEGRADE" -U "$many" -G "$many"
	t 'a namespace without nobody' inside user $OUTER_ID "$DEGRADE" -U "$few" -G "$few"
	t 'a namespace of many users and one group' inside user $OUTER_ID \
		"$DEGRADE" -d -U "$many" -G "$one"
	t 'a namespace that denies setgroups, in groups' inside user $OUTER_ID \
		"${GROUPS_TOO[@]}" "$DEGRADE" -d -U "$many" -G "$many"
	t "root's namespace of one user" inside user 0 unshare -r
	t "root's namespace of one user, in groups" inside user 0 "${GROUPS_TOO[@]}" unshare -r
	t 'a namespace of one user, where no capability can be given up' \
		inside 'user capabilities' $OUTER_ID "$DEGRADE" -U "$one" -G "$one" \
		"$DEGRADE" -n capset=EPERM
}

# Whoever runs this, or somebody for root.
own_namespace() {
	if "${ORDINARY[@]}" unshare -r true 2>/dev/null; then
		t "a user's namespace of one user" inside user "$ORDINARY_ID" "${ORDINARY[@]}" \
			unshare -r
	else
		skip "a user's namespace of one user" 'cannot be made here'
	fi
}

# --- fakeroot ----------------------------------------------------------------------

# It says that a user is root, and not always that what he owns is root's: what is not
# believed then is refused, and nothing is lost by it.
plays_root() {
	local status=0

	layers 'user seccomp' "${ORDINARY[@]}" timeout 20 fakeroot || return
	stale "$ORDINARY_ID"
	why=$("${ORDINARY[@]}" timeout 20 fakeroot "$EPC" refresh --cache-dir "$CACHE" "$SITE" \
		2>&1) || status=$?
	if [ "$status" -gt 1 ] || [[ $status = 0 && -n $why || $why == *$'\n'* ]]; then
		why="exit $status: $why"
		return 1
	fi
	answers "${ORDINARY[@]}" timeout 20 fakeroot && answers "${ORDINARY[@]}"
}

sweep_fakeroot() {
	if ! command -v fakeroot >/dev/null; then
		skip fakeroot 'needs fakeroot'
		return
	fi
	t 'a user in fakeroot' plays_root
	if ! is_root; then
		return
	elif is_installed; then
		# It looks at those first, and then ends the reader, who may not ask it.
		skip 'root in fakeroot' 'epcache is installed'
	else
		t 'root in fakeroot' goes_on 0 seccomp timeout 20 fakeroot
	fi
}

# --- fakechroot --------------------------------------------------------------------

# Its library opens "." for each path, and has ENOENT for us where a sandbox refuses that.
sweep_fakechroot() {
	if ! command -v fakechroot >/dev/null; then
		skip 'a user in fakechroot' 'needs fakechroot'
		return
	fi
	t 'a user in fakechroot' goes_on "$ORDINARY_ID" 'user landlock seccomp' \
		"${ORDINARY[@]}" timeout 20 fakechroot
}

# --- all of it -------------------------------------------------------------------------

EVERY='descriptors limits no-new-privileges user capabilities private landlock seccomp read'

# A machine may lack some of them anyhow: that is what the rest is compared with.
has_all() {
	if [[ $ALL == *landlock*seccomp* ]]; then
		t 'nothing is lacking' test "$ALL" = "$EVERY"
	else
		skip 'nothing is lacking' 'this kernel has not all layers'
	fi
}

begin
if ! can_try; then
	:
elif is_root; then
	has_all
	sweep_calls root 0 ''
	sweep_calls 'a user' "$USER_ID" user "${ORDINARY[@]}"
	sweep_library
	sweep_openat2
	sweep_close_range
	sweep_no_new_privs
	sweep_drop
	sweep_namespaces
	own_namespace
	sweep_fakeroot
	sweep_fakechroot
else
	sweep_calls 'a user' "$ORDINARY_ID" ''
	sweep_openat2
	own_namespace
	sweep_fakeroot
	sweep_fakechroot
	skip 'what root has to lose' 'needs root'
fi
finish
