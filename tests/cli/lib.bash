# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# lib.bash - what the bats files share.
#
#     load lib
#     setup() { work_begin; }
#     teardown() { work_end; }
#
# EPCACHE names the tool, build/epcache by default.  $WORK is a folder of this test
# alone, which other users may enter; $CACHE a cache folder in it, made by the first
# refresh; $SITE a directory to be cached, made by whoever needs it.

# shellcheck disable=SC2016,SC2034,SC2154 # of bats, and for the files that load this

bats_require_minimum_version 1.5.0

NOBODY=65534
TAB=$'\t'
export EPCACHE=${EPCACHE:-$BATS_TEST_DIRNAME/../../build/epcache}
export PYTHON=${PYTHON:-/usr/bin/python3}

work_begin() {
	unset EPCACHE_DIR XDG_CACHE_HOME XDG_RUNTIME_DIR VIRTUAL_ENV SOURCE_DATE_EPOCH
	umask 022
	WORK=$(mktemp -d "${TMPDIR:-/tmp}/epcache-XXXXXX")
	WORK=$(cd "$WORK" && pwd -P)
	chmod 755 "$WORK"
	mkdir "$WORK/home"
	give_away "$WORK/home"
	export HOME=$WORK/home
	CACHE=$WORK/cache
	SITE=$WORK/site
	cd "$WORK" || return
}

work_end() {
	cd / || return
	[ -z "${WORK-}" ] || { chmod -R u+rwX "$WORK" && rm -rf "$WORK"; }
}

is_root() {
	[ "$(id -u)" -eq 0 ]
}

needs_root() {
	is_root || skip "needs root"
}

# needs_strace - and the right to trace; the leak checker of a sanitized build cannot be.
needs_strace() {
	export ASAN_OPTIONS=detect_leaks=0
	strace -o /dev/null true 2>/dev/null || skip "needs strace, and the right to trace"
}

# What only root's rights could do to a file has no meaning on some mounts.
needs_mounts() {
	needs_root
	unshare -m mount -t tmpfs none /mnt 2>/dev/null || skip "needs the right to mount"
}

needs_user() {
	! is_root || setpriv --reuid "$NOBODY" --regid "$NOBODY" --clear-groups test -x "$WORK" \
		2>/dev/null || skip "needs setpriv, and a TMPDIR that others may enter"
}

# give_away PATH... - to the user that as_user is.
give_away() {
	! is_root || chown -h "$NOBODY:$NOBODY" "$@"
}

# user_dir DIR... - make folders that belong to the user that as_user is.
user_dir() {
	mkdir -p "$@"
	give_away "$@"
}

# as_user COMMAND... - run as somebody who is not root.  The tool is copied to where
# everybody can run it.
as_user() {
	local word words=()

	if ! is_root; then
		"$@"
		return
	fi
	[ -x "$WORK/bin/epcache" ] || install -D -m 755 "$EPCACHE" "$WORK/bin/epcache"
	for word; do
		[ "$word" != "$EPCACHE" ] || word=$WORK/bin/epcache
		words+=("$word")
	done
	setpriv --reuid "$NOBODY" --regid "$NOBODY" --clear-groups "${words[@]}"
}

# For a shell in a mount namespace: without what an epcache that is installed here brings,
# and without systemd, which would run the actions that are registered here.
HIDE_INSTALLED='for dir in /etc/epcache /usr/lib/epcache /run/systemd; do
		[ ! -d "$dir" ] || mount -t tmpfs -o mode=755 none "$dir" || exit
	done'

# on_own_var COMMAND... - run with a /var/cache and /var/lib of its own, to be changed
# without a trace.  COMMAND sees them as they were left by the calls before.
on_own_var() {
	mkdir -p "$WORK/var-cache" "$WORK/var-lib"
	unshare -m bash -c "$HIDE_INSTALLED"'
		mount --bind "$1" /var/cache && mount --bind "$2" /var/lib &&
		shift 2 && exec "$@"' bash "$WORK/var-cache" "$WORK/var-lib" "$@"
}

# dist FOLDER TEXT - a metadata folder with this entry_points.txt, as printf writes it.
dist() {
	mkdir -p "$1"
	# shellcheck disable=SC2059
	printf "$2" >"$1/entry_points.txt"
}

query() {
	"$EPCACHE" query --cache-dir "$CACHE" "$@"
}

refresh() {
	"$EPCACHE" refresh --cache-dir "$CACHE" "$@"
}

# cache_file DIR - the path of its cache file.
cache_file() {
	local name=${1#/}

	name=${name//-/\\x2d}
	name=${name// /\\x20}
	printf '%s/%s.v1\n' "$CACHE" "${name//\//-}"
}

# lacks FILE TEXT - is the text not in it?
lacks() {
	[ -f "$1" ] && ! grep -qF -- "$2" "$1"
}

# identity FILE - what changes when a file is written.
identity() {
	stat -c '%i %y %z %s' "$1"
}

# json EXPRESSION [TEXT] - is a Python expression about `j` true?  `j` is the JSON of
# TEXT, or of $output; objects are lists of pairs in `p`, which shows their order.
json() {
	printf '%s' "${2-$output}" | "$PYTHON" -I -S -c '
import json, sys
text = sys.stdin.buffer.read().decode("utf-8")
j, p = json.loads(text), json.loads(text, object_pairs_hook=list)
work = sys.argv[2]
sys.exit(0 if eval("(%s)" % sys.argv[1]) else "not so: %s; j is %s" % (sys.argv[1], text))' "$1" "$WORK"
}

# values - the values of $output, a JSON answer, in one line.
values() {
	printf '%s' "$output" | "$PYTHON" -I -S -c '
import json, sys
print(*[e["value"] for e in json.load(sys.stdin)])'
}

# says NUMBER TEXT... - $stderr has that many lines, and each TEXT is in it.
says() {
	local number=$1 text

	shift
	[ "${#stderr_lines[@]}" -eq "$number" ] || {
		echo "not $number lines: $stderr"
		return 1
	}
	for text; do
		[[ $stderr == *"$text"* ]] || {
			echo "not said: $text; but: $stderr"
			return 1
		}
	done
}

# usage_error WORD ARGUMENT... - exit 2, one line on stderr with WORD, nothing else.
usage_error() {
	local word=$1

	shift
	run --separate-stderr "$EPCACHE" "$@"
	[ "$status" -eq 2 ] && [ -z "$output" ] && says 1 "$word"
}

# example - the program in libepcache(3).
example() {
	awk '/^\.Sh/ { on = $2 == "EXAMPLES" } on && /^\.Ed/ { exit }
		on && code { gsub(/\\e/, "\\"); print } on && /^\.Bd/ { code = 1 }' \
		"$BATS_TEST_DIRNAME/../../core/man/libepcache.3"
}

# on_own_system COMMAND... - as on_own_var, and with an /etc of its own: $WORK/etc.
on_own_system() {
	local name

	mkdir -p "$WORK/etc/epcache/actions.d" "$WORK/var-cache" "$WORK/var-lib"
	for name in passwd group nsswitch.conf ld.so.cache; do
		[ -e "$WORK/etc/$name" ] || [ ! -e "/etc/$name" ] || cp -a "/etc/$name" "$WORK/etc"
	done
	unshare -m bash -c "$HIDE_INSTALLED"'
		mount --bind "$1" /var/cache && mount --bind "$2" /var/lib &&
		mount --bind "$3" /etc && shift 3 && exec "$@"' \
		bash "$WORK/var-cache" "$WORK/var-lib" "$WORK/etc" "$@"
}
