#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# deps.sh SET... - install what is missing of the sets "build", "check", "systems" and "bench".
#
# It looks for a need by using it, not by asking the package database: what came from
# elsewhere counts as well, and nothing is run when all is there.  It prints each
# command that installs before it runs it, and uses sudo only when not root.  With DEPS=no
# it installs nothing and only reports.  Status 1: something is still missing that
# the set cannot do without.
set -euo pipefail
export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"
read -ra cpp <<<"${CC:-cc} -E ${CPPFLAGS-}"
python=${PYTHON:-/usr/bin/python3}

# "+" marks what the set can do without.
# set  probe                 Debian               Fedora               Arch
needs='
build  cc                    gcc                  gcc                  gcc
build  header:stdio.h        libc6-dev            glibc-devel          glibc
build  header:cjson/cJSON.h  libcjson-dev         cjson-devel          cjson
build  header:xxhash.h       libxxhash-dev        xxhash-devel         xxhash
build  header:seccomp.h      libseccomp-dev       libseccomp-devel     libseccomp
build  python                python3              python3              python
build+ python.h              python3-dev          python3-devel        python
check  awk                   mawk                 gawk                 gawk
check  g++                   g++                  gcc-c++              gcc
check  bats                  bats                 bats                 bats
check  stubtest              mypy                 python3-mypy         mypy
check  test-suite            libpython@-testsuite python3-test         python-tests
check  stevedore             python3-stevedore    python3-stevedore    python-stevedore
check  importlib_metadata    python3-importlib-metadata python3-importlib-metadata python-importlib-metadata
check  jsonschema            python3-jsonschema   python3-jsonschema   python-jsonschema
check  patch                 patch                patch                patch
check  venv                  python3-venv         python3              python
check  clang                 clang                clang                clang
check  fuzzer                libclang-rt-dev      compiler-rt          compiler-rt
check  clang-format          clang-format         clang-tools-extra    clang
check  mandoc                mandoc               mandoc               mandoc
check  shellcheck            shellcheck           ShellCheck           shellcheck
check  codespell             codespell            codespell            codespell
check  valgrind              valgrind             valgrind             valgrind
check  fakeroot              fakeroot             fakeroot             fakeroot
check  proot                 proot                -                    -
check  fakechroot            fakechroot           fakechroot           fakechroot
check  strace                strace               strace               strace
check  setfacl               acl                  acl                  acl
check  zsh                   zsh                  zsh                  zsh
check  fish                  fish                 fish                 fish
check  unshare               util-linux           util-linux           util-linux
check  mkfs.xfs              xfsprogs             xfsprogs             xfsprogs
check  mkfs.btrfs            btrfs-progs          btrfs-progs          btrfs-progs
check  mkfs.ext4             e2fsprogs            e2fsprogs            e2fsprogs
check  debugfs               e2fsprogs            e2fsprogs            e2fsprogs
check  mksquashfs            squashfs-tools       squashfs-tools       squashfs-tools
check  mkfs.erofs            erofs-utils          erofs-utils          erofs-utils
check  fuse2fs               fuse2fs              fuse2fs              fuse2fs
check  squashfuse            squashfuse           squashfuse           squashfuse
check  fuse-overlayfs        fuse-overlayfs       fuse-overlayfs       fuse-overlayfs
check  mergerfs              mergerfs             mergerfs             -
check  unionfs               unionfs-fuse         unionfs-fuse         -
check  systemd-analyze       systemd              systemd              systemd
check  busybox               busybox-static       busybox              busybox
check  dpkg-buildpackage     dpkg-dev             -                    -
check  build-essential       build-essential      -                    -
check  dh                    debhelper            -                    -
check  dh_python3            dh-python            -                    -
check  lintian               lintian              -                    -
check  rpm                   rpm                  rpm                  rpm-tools
check  rpmbuild              rpm                  rpm-build            rpm-tools
check  header:rpm/rpmts.h    librpm-dev           rpm-devel            rpm-tools
check  rpmlint               rpmlint              rpmlint              -
check  pacman                pacman-package-manager -                  pacman
check  makepkg               makepkg              -                    pacman
check  header:archive.h      libarchive-dev       -                    libarchive
check  header:alpm.h         libalpm-dev          -                    pacman
check  bsdtar                libarchive-tools     -                    libarchive
check  zstd                  zstd                 -                    zstd
check  pkg:fuse3             libfuse3-dev         fuse3-devel          fuse3
check  pkg-config            pkgconf              pkgconf              pkgconf
systems debootstrap          debootstrap          debootstrap          debootstrap
systems wget                 wget                 wget                 wget
bench  strace                strace               strace               strace
bench  valgrind              valgrind             valgrind             valgrind
bench  gnuplot               gnuplot-nox          gnuplot              gnuplot
bench  pkg-config            pkgconf              pkgconf              pkgconf
bench  pkg:fuse3             libfuse3-dev         fuse3-devel          fuse3
bench  python:stevedore      python3-stevedore    python3-stevedore    python-stevedore
bench  python:entrypoints    python3-entrypoints  python3-entrypoints  python-entrypoints
bench  python:pkg_resources  python3-pkg-resources python3-setuptools  python-setuptools
'

# compiles TEXT COMMAND... - does a compiler take this program?
compiles() {
	local text=$1

	shift
	printf '%s\n' "$text" | "$@" -x c -o /dev/null - 2>/dev/null
}

have() {
	case $1 in
	cc) command -v "${cpp[0]}" >/dev/null ;;
	header:*) compiles "#include <${1#*:}>" "${cpp[@]}" ;;
	python) "$python" -Ic '' ;;
	build-essential) dpkg-query -W build-essential >/dev/null ;;
	test-suite) "$python" -Ic 'import test.test_importlib.fixtures' 2>/dev/null ||
		"$python" -Ic 'import test.test_importlib.metadata.fixtures' ;;
	stevedore | importlib_metadata | jsonschema) "$python" -Ic "import $1" ;;
	venv) "$python" -Ic 'import ensurepip, venv' ;;
	python.h)
		compiles '#include <Python.h>' "${cpp[@]}" "-I$("$python" -Ic \
			'import sysconfig; print(sysconfig.get_path("include"))')" ;;
	fuzzer)
		compiles 'int LLVMFuzzerTestOneInput(const char *p, long n) { return p[n]; }' \
			clang -fsanitize=fuzzer,address ;;
	pkg:*) pkg-config --exists "${1#*:}" 2>/dev/null ;;
	python:*) "$python" -Ic "import ${1#*:}" 2>/dev/null ;;
	*) command -v "$1" >/dev/null ;;
	esac
}

# missing COLUMN SET... - that column of each row whose need is not met; "-": no need.
missing() {
	local column=$1 row

	shift
	while read -ra row; do
		[[ ${#row[@]} -gt 0 && " $* " == *" ${row[0]} "* ]] || continue
		[ "${row[column]}" = - ] || have "${row[1]}" 2>/dev/null || echo "${row[column]}"
	done <<<"$needs" | sort -u
}

say_and_run() {
	printf '+ %s\n' "$*"
	"$@" </dev/null
}

apt_knows() {
	local package

	for package; do
		[[ $(apt-cache policy "$package" 2>/dev/null) =~ 'Candidate: '[^\(] ]] || return 1
	done
}

# What is there once for each version of Python is wanted for the default one, in place of @.
python_version() {
	apt-cache depends python3 2>/dev/null |
		sed -n 's/^ *Depends: python\(3\.[0-9]*\)$/\1/p' | head -n 1
}

# apt_install PACKAGE... - but for those that this release does not have: $unknown.
apt_install() {
	local package name version known=()

	# There may be no lists, or some that are older than what the mirror has.
	apt_knows python3 || say_and_run "${sudo[@]}" apt-get update
	version=$(python_version)
	apt_knows "${@/@/$version}" || say_and_run "${sudo[@]}" apt-get update
	for package; do
		name=${package/@/$version}
		if apt_knows "$name" || ! apt_knows python3; then
			known+=("$name")
		else
			unknown+=("$package")
		fi
	done
	[ "${#known[@]}" -gt 0 ] || return 0
	set -- env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
		"${known[@]}"
	say_and_run "${sudo[@]}" "$@" && return
	say_and_run "${sudo[@]}" apt-get update
	say_and_run "${sudo[@]}" "$@"
}

pacman_install() {
	# New lists on an old system would be a partial upgrade: only where there are none.
	compgen -G '/var/lib/pacman/sync/*.db' >/dev/null ||
		say_and_run "${sudo[@]}" pacman -Sy --noconfirm
	say_and_run "${sudo[@]}" pacman -S --needed --noconfirm "$@"
}

install() {
	case $manager in
	apt) apt_install "$@" ;;
	dnf) say_and_run "${sudo[@]}" dnf install -y "$@" ;;
	pacman) pacman_install "$@" ;;
	esac
}

sudo=()
unknown=()
[ "$EUID" -eq 0 ] || sudo=(sudo)

if command -v apt-get >/dev/null; then
	manager=apt column=2
elif command -v dnf >/dev/null; then
	manager=dnf column=3
elif command -v pacman >/dev/null; then
	manager=pacman column=4
else
	manager=none column=1
fi

mapfile -t needed < <(missing "$column" "$@" "${@/%/+}")
[ "${#needed[@]}" -gt 0 ] || exit 0

if [ "${DEPS-}" = no ]; then
	echo "Not installed, for DEPS=no: ${needed[*]}"
elif [ "$manager" = none ]; then
	echo "No apt-get, dnf or pacman here to install these with: ${needed[*]}"
elif ! command -v "${sudo[@]:-true}" >/dev/null; then
	echo "No sudo here to install these with: ${needed[*]}"
else
	install "${needed[@]}" || :
fi

# in_words WORD WORD...
in_words() {
	[[ " ${*:2} " == *" $1 "* ]]
}

# Without what this release does not have, there are tests that are skipped.
mapfile -t needed < <(missing "$column" "$@")
mapfile -t basic < <(missing "$column" build)
still=()
for package in "${needed[@]}"; do
	if in_words "$package" "${unknown[@]}" && ! in_words "$package" "${basic[@]}"; then
		echo "This release has no $package: what needs it is left out."
	else
		still+=("$package")
	fi
done
[ "${#still[@]}" -eq 0 ] && exit 0
echo "deps.sh: still not there: ${still[*]}" >&2
exit 1
