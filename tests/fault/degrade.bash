# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# degrade.bash - a directory that has changed since it was cached, and what must become of
# its cache file where a refresh lacks something.
#
#     . tests/fault/degrade.bash
#     begin
#     t 'without prlimit' goes_on 0 limits "$DEGRADE" -n prlimit64=EPERM
#     finish
#
# EPCACHE names the tool; degrade, built beside it, takes things away and tells which
# layers a worker has.

# shellcheck disable=SC2034 # for the files that read this

# Not with what an epcache that is installed here brings.
INSTALLED=(/etc/epcache /usr/lib/epcache)
is_installed() {
	[ -d "${INSTALLED[0]}" ] || [ -d "${INSTALLED[1]}" ]
}

if [ -z "${DEGRADE_APART-}" ] && [ "$(id -u)" -eq 0 ] && is_installed &&
	unshare -m true 2>/dev/null; then
	# shellcheck disable=SC2016 # of the other shell
	DEGRADE_APART=1 exec unshare -m bash -c 'for dir in "${@:2}"; do
			[ ! -d "$dir" ] || mount -t tmpfs -o mode=755 none "$dir" || exit
		done
		exec bash "$1"' bash "tests/fault/${0##*/}" "${INSTALLED[@]}"
fi

EPCACHE=$(realpath "${EPCACHE:-build/epcache}") || exit 1
USER_ID=54321 # an ordinary one
OUTER_ID=100000 # the root of a namespace, seen from outside
count=0
failed=0

for name in $(compgen -e); do
	case $name in
	EPCACHE_*|VIRTUAL_ENV|XDG_*|LD_*) unset "$name" ;;
	esac
done
export LC_ALL=C
umask 022

# --- what is printed ---------------------------------------------------------------

# t NAME COMMAND... - one test; a command that fails has said in $why what is wrong.
t() {
	count=$((count + 1))
	why=
	if "${@:2}"; then
		echo "ok $count - $1"
	else
		failed=$((failed + 1))
		echo "not ok $count - $1"
		echo "# ${why//$'\n'/$'\n'# }"
	fi
}

skip() { # NAME REASON
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

# --- the directory -----------------------------------------------------------------

is_root() {
	[ "$(id -u)" -eq 0 ]
}

begin() {
	WORK=$(mktemp -d "${TMPDIR:-/tmp}/epcache-degrade-XXXXXX") || exit 1
	trap 'rm -rf --one-file-system "$WORK"' EXIT
	trap 'exit 1' HUP INT TERM
	WORK=$(cd "$WORK" && pwd -P)
	chmod 755 "$WORK"
	# Copies, which other users can run.
	install -D -t "$WORK/bin" "$EPCACHE" "$(dirname "$EPCACHE")/tests/fault/degrade" || exit 1
	EPC=$WORK/bin/epcache
	DEGRADE=$WORK/bin/degrade
	SITE=$WORK/site
	CACHE=$WORK/cache
	export HOME=$WORK/home
	mkdir -p "$HOME" "$SITE/a-1.dist-info"
	chmod 700 "$HOME"
	entry old
	"$EPC" refresh --cache-dir "$CACHE" "$SITE" || exit 1
	NAME=$(cd "$CACHE" && echo *.v1)
	mv "$CACHE/$NAME" "$WORK/old"
	entry new
	ALL=$("$DEGRADE" -l "$SITE")
}

entry() { # VALUE
	printf '[g]\na = %s:x\n' "$1" >"$SITE/a-1.dist-info/entry_points.txt"
}

# stale OWNER - the directory has changed since its cache file was written by OWNER.
stale() {
	rm -rf "$CACHE"
	install -d -m 755 "$CACHE"
	cp "$WORK/old" "$CACHE/$NAME"
	! is_root || chown -R "$1:$1" "$CACHE"
}

# --- what must be ------------------------------------------------------------------

# answers [PREFIX...] - the query's answer is right.
answers() {
	local said

	said=$("$@" "$EPC" query --cache-dir "$CACHE" --path "$SITE" --all --json 2>&1)
	[[ $said == *new:x* ]] || { why="query: $said"; return 1; }
}

# refreshes OWNER [PREFIX...] - a refresh with that before it replaces the old file, and
# has nothing to say; its next one has nothing to do.
refreshes() {
	stale "$1"
	quiet "${@:2}" && answers "${@:2}" && quiet "${@:2}" || return
	why=$(as "$1" "$EPC" verify --cache-dir "$CACHE" "$SITE" 2>&1)
}

# as OWNER COMMAND... - whose cache folder it is.
as() {
	if ! is_root || [ "$1" -eq 0 ]; then
		"${@:2}"
	else
		setpriv --reuid "$1" --regid "$1" --clear-groups "${@:2}"
	fi
}

quiet() { # [PREFIX...]
	local status=0

	why=$("$@" "$EPC" refresh --cache-dir "$CACHE" "$SITE" 2>&1) || status=$?
	# In a namespace without the real root, the folders of what is installed are not his.
	why=$(grep -Ev '^epcache: /(etc|usr/lib)/epcache: ignored' <<<"$why")
	[ "$status" -eq 0 ] && [ -z "$why" ] && return
	why="refresh: exit $status: $why"
	return 1
}

# refuses TEXT [PREFIX...] - a refresh with that before it says so, in one line with the
# text in it; it leaves no cache file, and so the answer is right.
refuses() {
	local status=0

	stale 0
	why=$("${@:2}" "$EPC" refresh --cache-dir "$CACHE" "$SITE" 2>&1) || status=$?
	if [ "$status" -ne 1 ] || [[ $why != *"$1"* || $why == *$'\n'* ]]; then
		why="refresh: exit $status: $why"
	elif [ -e "$CACHE/$NAME" ]; then
		why='the old cache file is still there'
	else
		answers
		return
	fi
	return 1
}

# layers MISSING [PREFIX...] - a worker reads, with all layers but these.
layers() {
	local layer expected=" $ALL" got

	for layer in $1; do
		expected=${expected/ $layer / }
	done
	got=$("${@:2}" "$DEGRADE" -l "$SITE" 2>&1)
	[ " $got" = "$expected" ] && return
	why="expected:$expected, got: $got"
	return 1
}

not_dropped() { # [PREFIX...]
	why=$("$@" "$DEGRADE" -l "$SITE" 2>&1)
	[ "$why" = 'not dropped' ]
}

# goes_on OWNER MISSING [PREFIX...] - all of that.
goes_on() {
	layers "$2" "${@:3}" && refreshes "$1" "${@:3}"
}

gives_up() { # [PREFIX...]
	not_dropped "$@" && refuses "cannot give up root's rights" "$@"
}

# Whoever is not root: ORDINARY before a command makes root an ordinary user.
ORDINARY=()
ORDINARY_ID=$(id -u)
if is_root; then
	ORDINARY=(setpriv --reuid="$USER_ID" --regid="$USER_ID" --clear-groups)
	ORDINARY_ID=$USER_ID
fi

# can_try - can system calls be taken away here, and root be somebody else?
can_try() {
	if ! "$DEGRADE" -n prctl:0:38=EINVAL true 2>/dev/null; then
		skip 'a system call that fails' 'needs seccomp'
	elif ! "${ORDINARY[@]}" test -x "$EPC" 2>/dev/null; then
		skip 'root, and another user' 'needs setpriv, and a TMPDIR that others may enter'
	else
		return 0
	fi
	return 1
}

finish() {
	echo "1..$count"
	[ "$failed" -eq 0 ]
}
