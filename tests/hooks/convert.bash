# shellcheck shell=bash disable=SC2034,SC2153,SC2154 # of bats; for files that load this
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# convert.bash - packages of Debian as packages of rpm and pacman: the same files, with
# dist-packages where Python has it elsewhere; no scripts, no dependencies.
#
#     convert rpm FOLDER RELEASE DEB...       # FOLDER/NAME.rpm
#     convert pacman FOLDER RELEASE DEB...    # FOLDER/NAME.pkg.tar.zst
#
# For rpm and pacman, rpm.bash or pacman.bash is to be loaded as well.

SITE_PACKAGES=/usr/lib/python3.11/site-packages

# convert MANAGER FOLDER RELEASE DEB... - the folder is to be new; it is there when all of
# it has been made.
convert() {
	local manager=$1 folder=$2 release=$3 work=$2.new deb

	shift 3
	rm -rf "$work"
	mkdir -p "$work/trees" "$work/made"
	for deb; do
		at_once unpack "$deb" "$work/trees"
	done
	wait
	[ "$(find "$work/trees" -mindepth 1 -maxdepth 1 -name '*.is' | wc -l)" -eq $# ] &&
		"convert_to_$manager" "$work" "$release" &&
		[ "$(find "$work/made" -type f | wc -l)" -eq $# ] &&
		mv -T "$work/made" "$folder" || return
	rm -rf "$work"
}

# at_once COMMAND... - as many at a time as there are processors.
at_once() {
	[ "$(jobs -pr | wc -l)" -lt "$(nproc)" ] || wait -n
	"$@" &
}

# unpack DEB TREES - into the folder NAME, with its version in NAME.is.
unpack() {
	local name version tree

	name=$(dpkg-deb -f "$1" Package)
	version=$(dpkg-deb -f "$1" Version)
	version=${version#*:} # the epoch
	tree=$2/$name
	mkdir -p "$tree${SITE_PACKAGES%/*}"
	dpkg-deb -x "$1" "$tree" || return
	mv "$tree/usr/lib/python3/dist-packages" "$tree$SITE_PACKAGES" || return
	rmdir --ignore-fail-on-non-empty "$tree/usr/lib/python3"
	tr -- - . <<<"$version" >"$tree.is"
}

# --- rpm ------------------------------------------------------------------------------

# convert_to_rpm WORK RELEASE - all are subpackages of one recipe, which takes a second
# where recipes of their own would take a minute.
convert_to_rpm() {
	recipe "$1/trees" "$2" >"$1/all.spec"
	rpmbuild -bb --quiet --define "_topdir $1/top" --define "_rpmdir $1/made" \
		--define '_rpmfilename %%{NAME}.rpm' --define '_binary_payload w3.zstdio' \
		--define '__os_install_post %{nil}' --define '_build_id_links none' \
		--define 'debug_package %{nil}' "$1/all.spec" >"$1/log" 2>&1 </dev/null ||
		{ tail -n 20 "$1/log" >&2; return 1; }
}

recipe() {
	local trees=$1 release=$2 tree

	printf '%s\n' 'Name: all' 'Version: 1' "Release: $release" 'Summary: none' \
		'License: none' 'AutoReqProv: no' '%description' 'None.' \
		'%install' 'mkdir -p %{buildroot}' "cp -a $trees/*/. %{buildroot}"
	for tree in "$trees"/*/; do
		subpackage "${tree%/}"
	done
}

subpackage() {
	local name=${1##*/}

	printf '%%package -n %s\nVersion: %s\n' "$name" "$(cat "$1.is")"
	printf '%s\n' 'Summary: test' 'AutoReqProv: no' "%description -n $name" 'A test.' \
		"%files -n $name"
	(cd "$1" && find . -type d -path ".$SITE_PACKAGES/*" -printf '%%dir "/%P"\n' -o \
		-not -type d -printf '"/%P"\n')
}

# --- pacman ---------------------------------------------------------------------------

convert_to_pacman() {
	local is

	for is in "$1"/trees/*.is; do
		at_once pack_tree "${is%.is}" "$(cat "$is")-$2" "$1/made"
	done
	wait
}

pack_tree() {
	pkginfo "${1##*/}" "$2" >"$1/.PKGINFO"
	pack_as "$1" "$3/${1##*/}.pkg.tar.zst" || rm -f "$3/${1##*/}.pkg.tar.zst"
}
