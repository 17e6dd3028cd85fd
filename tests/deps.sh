#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# deps.sh SET... - install what is missing of the sets "build", "check", "systems" and "bench".
#
# A need is looked for by using it, not by asking the package database: what came
# from elsewhere counts as well, and nothing is run when all is there.  Commands
# that install are printed as they are run; sudo is used only when not root.
set -euo pipefail
export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"
read -ra cpp <<<"${CC:-cc} -E ${CPPFLAGS-}"

# set  probe                 Debian               Fedora               Arch
needs='
build  cc                    gcc                  gcc                  gcc
build  header:stdio.h        libc6-dev            glibc-devel          glibc
build  header:cjson/cJSON.h  libcjson-dev         cjson-devel          cjson
build  header:xxhash.h       libxxhash-dev        xxhash-devel         xxhash
build  header:seccomp.h      libseccomp-dev       libseccomp-devel     libseccomp
build  /usr/bin/python3      python3              python3              python
build  python.h              python3-dev          python3-devel        python
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
	test-suite) /usr/bin/python3 -Ic 'import test.test_importlib.fixtures' 2>/dev/null ||
		/usr/bin/python3 -Ic 'import test.test_importlib.metadata.fixtures' ;;
	stevedore | importlib_metadata | jsonschema) /usr/bin/python3 -Ic "import $1" ;;
	venv) /usr/bin/python3 -Ic 'import ensurepip, venv' ;;
	python.h)
		compiles '#include <Python.h>' "${cpp[@]}" "-I$(/usr/bin/python3 -Ic \
			'import sysconfig; print(sysconfig.get_path("include"))')" ;;
	fuzzer)
		compiles 'int LLVMFuzzerTestOneInput(const char *p, long n) { return p[n]; }' \
			clang -fsanitize=fuzzer,address ;;
	pkg:*) pkg-config --exists "${1#*:}" 2>/dev/null ;;
	python:*) /usr/bin/python3 -Ic "import ${1#*:}" 2>/dev/null ;;
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

apt_install() {
	apt_knows python3 || say_and_run "${sudo[@]}" apt-get update
	set -- "${@/@/$(python_version)}"
	local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y
		--no-install-recommends "$@")

	apt_knows "$@" || say_and_run "${sudo[@]}" apt-get update
	say_and_run "${sudo[@]}" "${install[@]}" && return

	# The lists may be older than what the mirror still has.
	say_and_run "${sudo[@]}" apt-get update
	say_and_run "${sudo[@]}" "${install[@]}"
}

pacman_install() {
	# New lists on an old system would be a partial upgrade: only where there are none.
	compgen -G '/var/lib/pacman/sync/*.db' >/dev/null ||
		say_and_run "${sudo[@]}" pacman -Sy --noconfirm
	say_and_run "${sudo[@]}" pacman -S --needed --noconfirm "$@"
}

sudo=()
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

mapfile -t needed < <(missing "$column" "$@")
[ "${#needed[@]}" -gt 0 ] || exit 0

case $manager in
apt) apt_install "${needed[@]}" ;;
dnf) say_and_run "${sudo[@]}" dnf install -y "${needed[@]}" ;;
pacman) pacman_install "${needed[@]}" ;;
none) echo "No apt-get, dnf or pacman here to install these with: ${needed[*]}" ;;
esac

mapfile -t needed < <(missing "$column" "$@")
[ "${#needed[@]}" -eq 0 ] && exit 0
echo "deps.sh: still not there: ${needed[*]}" >&2
exit 1
