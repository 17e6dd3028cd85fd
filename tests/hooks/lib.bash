# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# lib.bash - what the tests of the package managers share: systems in a folder, made in
# no time, in which the real manager installs our real package.
#
#     load lib
#     setup_file() { hooks_begin; }
#     teardown_file() { hooks_end; }
#
# $WORK is a folder of this file's tests; $ROOT the system, which root_make makes.  Who is
# not root is so in a user namespace: ${ns[@]} goes before what has to be.
#
# EPCACHE names the tool, build/epcache by default.  Packages that take long to build are
# kept in $KEPT, under the name that kept_key gives.

# shellcheck disable=SC2034,SC2153,SC2154 # of bats, and for the files that load this

bats_require_minimum_version 1.5.0

export EPCACHE=${EPCACHE:-$BATS_TEST_DIRNAME/../../build/epcache}
export PYTHON=${PYTHON:-/usr/bin/python3}
TREE=$(cd "$BATS_TEST_DIRNAME/../.." && pwd -P)
KEPT=$TREE/build/hooks
ns=()
[ "$(id -u)" -eq 0 ] || ns=(unshare -r)

hooks_begin() {
	unset EPCACHE_DIR XDG_CACHE_HOME XDG_RUNTIME_DIR VIRTUAL_ENV MAKEFLAGS MFLAGS
	umask 022
	WORK=$(mktemp -d "${TMPDIR:-/tmp}/epcache-hooks-XXXXXX")
	chmod 755 "$WORK"
	mkdir "$WORK/home"
	export WORK HOME=$WORK/home
}

hooks_end() {
	[ -z "${WORK-}" ] || { chmod -R u+rwX "$WORK" && rm -rf "$WORK"; }
}

is_root() {
	[ "$(id -u)" -eq 0 ]
}

needs_root() {
	is_root || skip "needs root"
}

# needs COMMAND... - skip where one is not installed.
needs() {
	local command

	for command; do
		command -v "$command" >/dev/null || skip "needs $command"
	done
}

# A root is entered by chroot(8), for which others need a namespace of their own.
needs_roots() {
	[ -x /bin/busybox ] || skip "needs busybox, linked statically"
	[ "${#ns[@]}" -eq 0 ] || "${ns[@]}" true 2>/dev/null || skip "needs user namespaces"
}

# sources - the files of the tree that a package is made of, each ended by NUL.
sources() {
	(cd "$TREE" && find core hooks tests/lint tests/run.sh Makefile LICENSE ./*.md \
		-name __pycache__ -prune -o -type f -print0 | LC_ALL=C sort -z)
}

# kept_key - a name that changes when a source does.
kept_key() {
	sources | (cd "$TREE" && xargs -0 sha256sum) | sha256sum | cut -c 1-16
}

# --- a system in a folder -------------------------------------------------------------

# libraries PROGRAM... - the paths of what they are linked with, and of what the tool loads
# late.
libraries() {
	local program libc

	libc=$(ldd "$EPCACHE" | grep -o '/[^ )]*/libc\.so[^ )]*')
	{
		for program; do
			ldd "$program" | grep -o '/[^ )]*'
		done
		ls "${libc%/*}"/lib{cjson.so.1,seccomp.so.2}
	} | LC_ALL=C sort -u
}

# root_make DIR PROGRAM... - a small system: a shell, and the libraries of these
# programs, which themselves are to be installed.
root_make() {
	local root=$1 name

	shift
	mkdir -p "$root"/{bin,etc,tmp,proc,dev} "$root"/usr/{bin,lib,lib64} \
		"$root"/var/{cache,lib,log,tmp}
	chmod 1777 "$root/tmp" "$root/var/tmp"
	cp /bin/busybox "$root/bin/"
	for name in sh rm cat; do
		ln -s busybox "$root/bin/$name"
	done
	libraries_into "$root" "$@"
}

# libraries_into DIR PROGRAM...
libraries_into() {
	local root=$1 name

	libraries "${@:2}" | while IFS= read -r name; do
		install -D -m 755 "$(readlink -f "$name")" "$root$name"
	done
}

# python_make DIR VERSION LIB - what an interpreter consists of: "... 3.11 /usr/lib64".
python_make() {
	mkdir -p "$1/usr/bin" "$1$3/python$2/lib-dynload" "$1$3/python$2/site-packages"
	: >"$1/usr/bin/python$2"
	: >"$1$3/python$2/os.py"
	ln -sfn "python$2" "$1/usr/bin/python3"
}

# dist_make FOLDER TEXT - a metadata folder with this entry_points.txt, as printf writes
# it.  All stamps are the same, as a build that can be repeated has them.
dist_make() {
	mkdir -p "$1"
	# shellcheck disable=SC2059
	printf "$2" >"$1/entry_points.txt"
	printf 'Metadata-Version: 2.1\n' >"$1/METADATA"
	touch -d @1700000000 "$1"/* "$1"
}

# in_root COMMAND... - run in the system.
in_root() {
	"${ns[@]}" chroot "$ROOT" "$@"
}

# --- is it right? ---------------------------------------------------------------------

# agrees DIR... - what the system's own epcache answers, by whichever check, or those of
# $CHECKS, is what importlib.metadata finds, these being all directories that have
# distributions.
agrees() {
	local check

	for check in ${CHECKS:-strict fast live}; do
		in_root /usr/bin/epcache query --all --json --check "$check" </dev/null |
			"$PYTHON" -I -S -c '
import importlib.metadata as md, json, sys
root, check, *dirs = sys.argv[1:]
sys.path[:0] = [root + d for d in dirs]
got = {}
for e in json.load(sys.stdin):
    got.setdefault(e["group"], []).append((e["name"], e["value"]))
want = {g: [(e.name, e.value) for e in md.entry_points(group=g)]
        for g in md.entry_points().groups}
sys.exit(0 if got == want else "%s: %s instead of %s" % (check, got, want))' \
			"$ROOT" "$check" "$@" || return
	done
}

# is_cached DIR... - these have a cache that is fresh, and settled but on an overlay.
is_cached() {
	in_root /usr/bin/epcache status --json "$@" | "$PYTHON" -I -S -c '
import json, sys
bad = [d for d in json.load(sys.stdin) if d["state"] != "fresh" or not d["settled"]
       and "overlay" not in (d["unsettled"] or "")]
sys.exit("not fresh and settled: %s" % bad if bad else 0)'
}

# is_right DIR... - after a transaction: the answers, and the cache that they are from.
is_right() {
	agrees "$@" && is_cached "$@" && in_root /usr/bin/epcache verify --quiet
}

# points - what is cached in the system, in one line: "name=value ...".
points() {
	in_root /usr/bin/epcache query --all --json --check fast </dev/null |
		"$PYTHON" -I -S -c '
import json, sys
print(*sorted(e["name"] + "=" + e["value"] for e in json.load(sys.stdin)))'
}

# no_cache_left - nothing that epcache made is in the system.
no_cache_left() {
	[ ! -e "$ROOT/var/cache/epcache" ] && [ ! -e "$ROOT/var/lib/epcache" ]
}

# --- systems that are copied ----------------------------------------------------------

# is_right_copy TEXT DIR... - $ROOT, which was copied after it had been cached: its answers
# are right at once, also after this entry_points.txt was changed so that its size and
# its stamps do not tell; and with a refresh it is quick again.
is_right_copy() {
	local text=$ROOT$1 before sign='!'

	before=$(cat "$text")
	agrees "${@:2}" || return
	touch -r "$text" "$WORK/stamps"
	[[ $before != *! ]] || sign='?'
	printf '%s\n' "${before%?}$sign" >"$text"
	touch -r "$WORK/stamps" "$text"
	CHECKS='strict live' agrees "${@:2}" || return
	in_root /usr/bin/epcache refresh --system --quiet
	is_right "${@:2}"
}

# copies_are_right TEXT DIR... - the system, copied by cp, and by tar.
# shellcheck disable=SC2016 # for that bash
copies_are_right() {
	local how original=$ROOT

	for how in 'cp -a . "$0"' 'tar -cf - . | tar -C "$0" -xf -'; do
		ROOT=$WORK/copied
		mkdir "$ROOT"
		(cd "$original" && bash -c "$how" "$ROOT")
		is_right_copy "$@" || { echo "after: $how"; return 1; }
		rm -rf "$ROOT"
	done
	ROOT=$original
}

# among_mounts COMMAND... - run with mounts that end with it.
among_mounts() {
	"${ns[@]}" unshare -m "$BASH" -euc "$(declare -f)
		$(declare -p ROOT WORK PYTHON)
		ns=()
		\"\$@\"" bash "$@"
}

# overlay FOLDER LOWER - a file system of layers; what is written goes to FOLDER-upper.
overlay() {
	mkdir -p "$1" "$1-upper" "$1-work"
	mount -t overlay -o "lowerdir=$2,upperdir=$1-upper,workdir=$1-work" none "$1" 2>/dev/null ||
		mount -t overlay -o "userxattr,lowerdir=$2,upperdir=$1-upper,workdir=$1-work" none \
			"$1" 2>/dev/null
}

# layers_are_right TEXT DIR... - the system as a layer, below an empty one; then that one,
# with what was changed in it, below a third.  Within among_mounts.
layers_are_right() {
	local original=$ROOT

	ROOT=$WORK/second
	overlay "$ROOT" "$original"
	is_right_copy "$@"
	umount "$ROOT"
	ROOT=$WORK/third
	overlay "$ROOT" "$WORK/second-upper:$original"
	CHECKS='strict fast live' agrees "${@:2}"
	is_right_copy "$@"
	umount "$ROOT"
}

needs_overlay() {
	among_mounts overlay "$WORK/any" "$ROOT" || skip "needs overlayfs on $WORK"
	chmod -R u+rwX "$WORK/any-work"
	rm -rf "$WORK"/any*
}

# --- who owns what --------------------------------------------------------------------

# owned_is DIR OWNED UNOWNED - what "status --owner" has of the directory.
owned_is() {
	run --separate-stderr in_root /usr/bin/epcache status --owner "$1"
	[ "$status" -eq 0 ]
	[ "$(head -n 1 <<<"$output" | cut -f 7-)" = "$2	$3" ] || { echo "$output$stderr"; return 1; }
}

# owners_are_told DIR OWNED OWNER DATABASE - in the system, with epcache and all that its
# helper needs, are so many distributions in the directory, which packages own: of one of
# them, demo, OWNER; and this is the database.
owners_are_told() {
	owned_is "$1" "$2" 0
	[ -z "$stderr" ]
	dist_make "$ROOT$1/by_hand-1.dist-info" '[g]\nh = m:x\n'
	in_root /usr/bin/epcache refresh --system --quiet
	owned_is "$1" "$2" 1
	run --separate-stderr in_root /usr/bin/epcache status --owner -v "$1"
	[ "$(grep -A 1 '^  by_hand 1: ' <<<"$output" | head -n 1)" = '  by_hand 1: no package' ]
	[[ $output == *'by_hand 1: no package'*"  demo 1.0: $3"* ]] || { echo "$output"; return 1; }
	in_root /usr/bin/epcache status --owner --json "$1" >"$WORK/told"
	"$PYTHON" -I -S -c 'import json, sys
row, = json.load(open(sys.argv[1]))
assert [row["owned"], row["unowned"]] == [int(sys.argv[2]), 1], row
owner = {d["name"]: d["owner"] for d in row["owners"]}
assert owner["demo"] == sys.argv[3] and owner["by_hand"] is None, row' "$WORK/told" "$2" "$3"

	# Without the database nobody knows, which is said once.
	mv "$ROOT$4" "$ROOT$4.away"
	owned_is "$1" '?' '?'
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ $stderr == *'not known who owns what'* ]]
	mv "$ROOT$4.away" "$ROOT$4"
}

# --- actions --------------------------------------------------------------------------

# acts_make - register an action in the system that keeps what it is told.
acts_make() {
	mkdir -p "$ROOT/etc/epcache/actions.d"
	echo Exec=/bin/cat >"$ROOT/etc/epcache/actions.d/60-cat.action"
}

# acts_told KIND NAME - the last transaction told it that this distribution was "added",
# "removed" or "changed", and the report that comes with us was made.
acts_told() {
	in_root /usr/bin/epcache actions output 50-console-scripts | grep -q '^# Console scripts' ||
		{ in_root /usr/bin/epcache actions list --verbose; return 1; }
	in_root /usr/bin/epcache actions output 60-cat | "$PYTHON" -I -S -c '
import json, sys
kind, name = sys.argv[1:]
dists = [d.get("after", d) for x in json.load(sys.stdin)["directories"] for d in x[kind]]
sys.exit(0 if name in [d["name"] for d in dists] else "%s: %s" % (kind, dists))' "$@"
}
