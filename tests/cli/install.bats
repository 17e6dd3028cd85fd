# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# install.bats - what is packed can be built, installed, linked against and packed again.

load lib

setup() {
	work_begin
	TREE=$(cd "$BATS_TEST_DIRNAME/../.." && pwd -P)
	VERSION=$(sed -n 's/^VERSION *:= *//p' "$TREE/Makefile")
	# Nothing of the make that runs the tests is for this one.
	unset MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES LONG JOBS
	# Nor are its folders, which it has put into the environment.
	# shellcheck disable=SC2046 # names
	unset $(sed -n 's/^\([A-Z]*DIR\|PREFIX\) *?=.*/\1/p' "$TREE/Makefile")
}

teardown() {
	work_end
}

# copy DIR - of the sources as they are now, which is what will be committed.
copy() {
	mkdir "$1"
	tar -C "$TREE" --exclude=./build --exclude=./.git -cf - . | tar -C "$1" -xf -
}

in_git() {
	git -C tree -c user.name=me -c user.email=me@localhost -c init.defaultBranch=main \
		-c safe.directory='*' "$@"
}

# packed TREE - the names in what "make dist" makes there.
packed() {
	make -s -C "$1" dist >/dev/null && tar -tzf "$1/build/epcache-$VERSION.tar.gz" | sort
}

@test "make dist packs what is committed, and, unpacked, the same again" {
	type git >/dev/null || skip "needs git"
	local names

	copy tree
	in_git init -q
	in_git add -A
	in_git commit -qm all
	mkdir -p tree/tests/__pycache__
	touch tree/stray tree/tests/__pycache__/x.pyc
	packed tree >first
	grep -qx "epcache-$VERSION/Makefile" first
	grep -qx "epcache-$VERSION/.ci/run" first
	lacks first stray
	lacks first pyc

	tar -xzf "tree/build/epcache-$VERSION.tar.gz"
	mkdir -p "epcache-$VERSION/build/log" "epcache-$VERSION/tests/__pycache__"
	touch "epcache-$VERSION/build/rubbish" "epcache-$VERSION/tests/__pycache__/x.pyc"
	names=$(find "epcache-$VERSION" -type l -printf '%p -> %l\n' | sort)
	packed "epcache-$VERSION" >second
	diff first second

	mkdir again
	tar -C again -xzf "epcache-$VERSION/build/epcache-$VERSION.tar.gz"
	diff <(echo "$names") <(cd again && find "epcache-$VERSION" -type l -printf '%p -> %l\n' | sort)
	rm -r "epcache-$VERSION/build" "epcache-$VERSION/tests/__pycache__"
	diff -r --no-dereference "epcache-$VERSION" "again/epcache-$VERSION"
}

# installed - what there is to be, below /opt/x; links with what they lead to.
installed() {
	local page

	cat <<-END
		bin/epcache
		bin/refresh-entrypoints-cache -> epcache
		include/epcache.h
		lib/epcache/actions.d/50-console-scripts.action
		lib64/libepcache.a
		lib64/libepcache.so -> libepcache.so.0
		lib64/libepcache.so.0 -> libepcache.so.$VERSION
		lib64/libepcache.so.$VERSION
		lib64/pkgconfig/epcache.pc
		libexec/epcache/console-scripts
		share/bash-completion/completions/epcache
		share/bash-completion/completions/refresh-entrypoints-cache -> epcache
		share/epcache/change.schema.json
		share/epcache/examples/groups.py
		share/epcache/examples/log-size.sh
		share/epcache/examples/removed.c
		share/fish/vendor_completions.d/epcache.fish
		share/fish/vendor_completions.d/refresh-entrypoints-cache.fish -> epcache.fish
		share/zsh/site-functions/_epcache
	END
	for page in epcache.1 epcache-action.5 epcache-fleet.7 epcache-refresh.service.8 \
		epcache.cache.5 epcache.conf.5 libepcache.3 refresh-entrypoints-cache.1; do
		echo "share/man/man${page##*.}/$page"
	done
}

# links OPTION... - the example of libepcache(3) is made with the options of pkg-config,
# for which OPTIONs are, and answers.
links() {
	local flags

	flags=$(PKG_CONFIG_PATH=$WORK/dest/opt/x/lib64/pkgconfig pkg-config "$@" --cflags --libs epcache)
	# shellcheck disable=SC2086
	"${CC:-cc}" -Werror -o example example.c ${BEFORE-} $flags ${AFTER-}
	[ "$(./example g "$WORK/site")" = "a = m:x (foo)" ]
}

# installed_python FOLDER - the package is there, and works, where its headers were.
installed_python() {
	[ -e tree/out/python ] || return 0
	diff -r -x _epcache.abi3.so tree/core/python/epcache "$1/epcache"
	grep -qx 'make install' "$1/epcache-$VERSION.dist-info/INSTALLER"
	"$PYTHON" -IBc 'import sys; sys.path.insert(0, sys.argv[1])
import epcache, importlib.metadata
from epcache import _reader
assert _reader.native.version() == epcache.__version__
assert importlib.metadata.version("epcache") == epcache.__version__' "$1"
}

@test "make install puts each file in its place, and programs link against that" {
	type "${CC:-cc}" >/dev/null || skip "needs a compiler"
	local lib=$WORK/dest/opt/x/lib64 where=(PREFIX=/opt/x LIBDIR=/opt/x/lib64)

	copy tree
	umask 077
	make -s -j2 -C tree CFLAGS=-O0 B=out "${where[@]}" install DESTDIR="$WORK/dest"
	diff <(installed | sort) <(cd dest/opt/x && find . ! -type d ! -path './lib/python3*' \
		\( -type l -printf '%P -> %l\n' -o -printf '%P\n' \) | sort)
	installed_python dest/opt/x/lib/python3*/*-packages
	[ -z "$(find dest/opt -type d ! -perm 755)" ]
	[ -z "$(find dest/opt -type f ! -perm 644 ! -perm 755)" ]

	[ "$(dest/opt/x/bin/epcache --version)" = "epcache $VERSION" ]
	[ "$(dest/opt/x/bin/refresh-entrypoints-cache --version)" = "epcache $VERSION" ]
	[ "$(sed -n 's/^## \([0-9.]*\).*/\1/p' "$TREE/NEWS.md" | head -n 1)" = "$VERSION" ]
	grep -qF "/* epc_version - \"$VERSION\"," "$TREE/core/lib/epcache.h"

	type pkg-config >/dev/null || skip "all but linking: needs pkg-config"
	example >example.c
	dist site/foo-1.dist-info '[g]\na = m:x\n'
	[ "$(PKG_CONFIG_PATH=$lib/pkgconfig pkg-config --modversion epcache)" = "$VERSION" ]
	LD_LIBRARY_PATH=$lib PKG_CONFIG_SYSROOT_DIR=$WORK/dest links
	LD_LIBRARY_PATH=$lib links --define-variable=prefix="$WORK/dest/opt/x"
	run ! links
	mv "$lib" "$lib.moved"
	run ! ./example g "$WORK/site"
	mv "$lib.moved" "$lib"
	BEFORE=-Wl,-Bstatic AFTER=-Wl,-Bdynamic links --static \
		--define-variable=prefix="$WORK/dest/opt/x"
	rm -r "$lib"
	[ "$(./example g "$WORK/site")" = "a = m:x (foo)" ]
}
