# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# pacman.bash - systems of pacman in a folder, and packages for them.
#
#     load lib
#     load pacman
#     setup_file() { pacman_begin; }
#     teardown_file() { hooks_end; }
#     setup() { pacman_root; }
#     teardown() { pacman_root_end; }
#
# Each test has a system with a Python and the distribution old, installed by pacman, and
# not yet ours.  $OURS and $NEXT are our packages, $NEXT a release later; those of tests
# go by name and version, "demo-1.0-1".

# shellcheck disable=SC2034,SC2153,SC2154 # of lib.bash, and for those who load this

SITE=/usr/lib/python3.11/site-packages
OWNER=$(dirname "$EPCACHE")/epcache-owner-alpm

# --- packages -------------------------------------------------------------------------

# pack FOLDER NAME VERSION [LINE]... - all that is in the folder, with these lines in its
# .PKGINFO; as makepkg would, in no time.
pack() {
	local from=$1 name=$2 version=$3

	shift 3
	pkginfo "$name" "$version" "$@" >"$from/.PKGINFO"
	pack_as "$from" "$WORK/$name-$version.pkg.tar.zst"
}

# pkginfo NAME VERSION [LINE]...
pkginfo() {
	printf '%s\n' "pkgname = $1" "pkgbase = $1" "pkgver = $2" 'pkgdesc = test' 'url = ' \
		'builddate = 1700000000' 'packager = test' 'size = 1' 'arch = any' "${@:3}"
}

pack_as() {
	(
		cd "$1" && shopt -s dotglob && export LC_ALL=C.UTF-8 && rm -f .MTREE &&
			bsdtar -czf .MTREE --format=mtree --uid 0 --gid 0 -- * &&
			bsdtar --no-fflags --uid 0 --gid 0 --uname root --gname root --zstd \
				-cf "$2" -- *
	)
}

# dist_pack NAME VERSION VALUE - a distribution with one entry point; it is of what comes
# before the "-" in VERSION, its folder's name as well.
dist_pack() {
	local from=$WORK/from/$1-$2

	dist_make "$from$SITE/$1-${2%-*}.dist-info" "[g]\n$1 = $3\n"
	pack "$from" "$1" "$2"
}

# ours_build - build our packages, unless these sources' are there from the last time.
# Of the files that run at the same time one builds, and the others wait.
ours_build() {
	local kept lock

	kept=$KEPT/pacman-$(kept_key)
	export OURS=$kept/ours NEXT=$kept/next
	mkdir -p "$KEPT"
	exec {lock}>"$KEPT/pacman.lock"
	flock "$lock"
	[ -e "$kept" ] || ours_keep "$kept" || return
	exec {lock}>&-
}

ours_keep() {
	local kept=$1 name top=$KEPT/pacman.new

	rm -rf "$top"
	mkdir -p "$top/next"
	bash "$TREE/hooks/pacman/build.sh" "$top/ours" --nocheck >"$WORK/built" 2>&1 || {
		cat "$WORK/built" >&2
		rm -rf "$top"
		return 1
	}
	for name in epcache libepcache python-epcache python-epcache-autoload; do
		mv "$top/ours/$name"-[0-9]*.zst "$top/ours/$name.zst"
		mkdir "$WORK/$name"
		bsdtar -xf "$top/ours/$name.zst" -C "$WORK/$name"
		sed -i 's/^\(pkgver = .*-\)1$/\12/' "$WORK/$name/.PKGINFO"
		pack_as "$WORK/$name" "$top/next/$name.zst"
	done
	rm -rf "$KEPT"/pacman-*
	mv -T "$top" "$kept"
}

# --- systems --------------------------------------------------------------------------

# pacman_begin - all that the tests of a file share.  What is needed and not there is
# told by pacman_root, since here nothing can be skipped.
pacman_begin() {
	hooks_begin
	export TEMPLATE=$WORK/template
	pacman_lacks >/dev/null && return
	ours_build || return

	printf '[options]\nArchitecture = auto\nSigLevel = Never\nLocalFileSigLevel = Never\n' \
		>"$WORK/pacman.conf"
	dist_pack old 1.0-1 old:one
	python_make "$WORK/python" 3.11 /usr/lib
	pack "$WORK/python" python 3.11-1
	mkdir "$WORK/base"
	# What root_make has copied.
	pack "$WORK/base" base 1-1 'provides = cjson' 'provides = glibc' \
		'provides = libseccomp' 'provides = pacman' "provides = $(libalpm)"

	ROOT=$TEMPLATE
	root_make "$ROOT" "$EPCACHE"
	rmdir "$ROOT/dev" "$ROOT/proc"
	mkdir -p "$ROOT"/var/lib/pacman/{local,sync} "$ROOT/var/cache/pacman/pkg" \
		"$ROOT/etc/pacman.d/hooks" "$WORK/gnupg"
	put base-1-1 python-3.11-1 old-1.0-1 || { cat "$WORK/said" >&2; return 1; }
}

# libalpm - what our package wants; makepkg before 7.0 adds the version.
libalpm() {
	bsdtar -xOf "$OURS/epcache.zst" .PKGINFO | sed -n 's/^depend = \(libalpm\.so\)/\1/p'
}

# pacman_lacks - what of all that pacman's tests need is not here?
pacman_lacks() {
	local command

	for command in pacman makepkg fakeroot bsdtar zstd; do
		command -v "$command" >/dev/null || { echo "$command"; return; }
	done
	[ -x "$OWNER" ] || { echo 'the headers of libalpm'; return; }
	[ -x /bin/busybox ] || { echo 'busybox, linked statically'; return; }
	false
}

# pacman_root - a system of this test alone.
pacman_root() {
	local lack

	! lack=$(pacman_lacks) || skip "needs $lack"
	needs_roots
	ROOT=$WORK/root-$BATS_TEST_NUMBER
	cp -a "$TEMPLATE" "$ROOT"
}

pacman_root_end() {
	rm -rf "${ROOT:?}"
}

# pacman_line OPTION... - the command, in $line.  Nothing of the machine's own is read,
# nor anything of it changed.
pacman_line() {
	line=("${ns[@]}" pacman --root "$ROOT" --dbpath "$ROOT/var/lib/pacman"
		--config "$WORK/pacman.conf" --cachedir "$ROOT/var/cache/pacman/pkg"
		--hookdir "$ROOT/etc/pacman.d/hooks" --gpgdir "$WORK/gnupg"
		--logfile "$ROOT/var/log/pacman.log" --noconfirm --noprogressbar "$@")
}

# pacman_do OPTION... - what it prints is in $WORK/said.
pacman_do() {
	local line

	pacman_line "$@"
	"${line[@]}" >"$WORK/said" 2>&1 </dev/null
}

# files NAME... - of packages, in $files.
files() {
	local name

	files=()
	for name; do
		[ -e "$name" ] || name=$WORK/$name.pkg.tar.zst
		files+=("$name")
	done
}

# put NAME... - install them, or up- or downgrade to them.
put() {
	local files

	files "$@"
	pacman_do -U "${files[@]}"
}

# ours - install our packages.
ours() {
	put "$OURS"/{epcache,libepcache}.zst || { cat "$WORK/said"; return 1; }
}

# runs - of our hook, in all transactions so far.
runs() {
	grep -c "running 'zz-epcache.hook'" "$ROOT/var/log/pacman.log" || :
}

# transaction -U NAME... | -R NAME... - it succeeds, we are run once and say nothing, and
# all is right after it.
transaction() {
	local before

	before=$(runs)
	case $1 in
	-U) put "${@:2}" ;;
	*) pacman_do "$@" ;;
	esac || { cat "$WORK/said"; return 1; }
	is_silent || return
	[ "$(runs)" -eq $((before + 1)) ] || { echo "$before runs, now $(runs)"; return 1; }
	is_right "$SITE"
}

# is_silent - pacman tells of no error, nor we of anything.
is_silent() {
	! grep -i -e '^error' -e failed -e '^epcache:' "$WORK/said"
}

# cache_file - of the distributions, whether it is there or not.
cache_file() {
	printf '%s\n' "$ROOT/var/cache/epcache/usr-lib-python3.11-site\x2dpackages.v1"
}
