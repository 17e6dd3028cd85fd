# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# probes.bats - the build and deps.sh find what is there, and miss what is not.

# shellcheck disable=SC2016,SC2030,SC2031 # for make to expand; each test is a subshell
load lib

setup() {
	work_begin
	TREE=$(cd "$BATS_TEST_DIRNAME/../.." && pwd -P)
	unset MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES CPPFLAGS CFLAGS LDFLAGS PKG_CONFIG DEPS
	type make "${CC:-cc}" >/dev/null || skip "needs make and a compiler"
	mkdir bin shown hidden lib
	# A compiler that finds, before the system's: what is in shown/ and lib/, and in hidden/
	# what no program can include.
	cat >compiler <<-END
		#!/bin/bash
		for word; do
			[ "\$word" != "\${REFUSED-}" ] || exit 1
		done
		exec ${CC:-cc} -I$WORK/hidden -I$WORK/shown -L$WORK/lib "\$@"
	END
	chmod 755 compiler
}

teardown() {
	work_end
}

# show HEADER..., hide HEADER... - for the compiler.
show() {
	local name

	for name; do
		mkdir -p "$(dirname "shown/$name")"
		: >"shown/$name"
	done
}

hide() {
	local name

	for name; do
		mkdir -p "$(dirname "hidden/$name")"
		echo '#error "it is hidden"' >"hidden/$name"
	done
}

# library NAME... - that the compiler finds.
library() {
	local name

	for name; do
		"${CC:-cc}" -shared -o "lib/lib$name.so" -x c /dev/null
	done
}

# stub NAME [LINE...] - a program, in bin/.
stub() {
	{
		echo '#!/bin/sh'
		printf '%s\n' "${@:2}"
	} >"bin/$1"
	chmod 755 "bin/$1"
}

# make_says TEXT [ASSIGNMENT...] - what the Makefile expands it to.
make_says() {
	make -s -C "$TREE" B="$WORK/out" CC="$WORK/compiler" "${@:2}" \
		--eval="say: ; @echo $1" say
}

# headers SOURCE... - those that they include and that are not of the C library or ours.
headers() {
	sed -n 's,^#include <\(rpm/.*\|alpm.*\|fuse\.h\|Python\.h\)>$,\1,p' "${@/#/$TREE/}" | sort -u
}

# finds TEXT WANTED SOURCE [LIBRARY...] - TEXT expands to WANTED where each header of the
# source and each library is, and to nothing where one is missing.
finds() {
	local text=$1 wanted=$2 source=$3 name names

	shift 3
	mapfile -t names < <(headers "$source")
	[ "${#names[@]}" -gt 0 ]
	show "${names[@]}"
	[ $# -eq 0 ] || library "$@"
	[ "$(make_says "$text")" = "$wanted" ]
	for name in "${names[@]}"; do
		hide "$name"
		[ -z "$(make_says "$text")" ]
		rm "hidden/$name"
	done
	for name; do
		echo 'no library' >"lib/lib$name.so"
		[ -z "$(make_says "$text")" ]
		library "$name"
	done
	[ "$(make_says "$text")" = "$wanted" ]
}

@test "rpm's helper is built where each of its headers and libraries is" {
	finds '$(filter %-rpm,$(notdir $(OWNERS)))' epcache-owner-rpm hooks/rpm/owner.c rpm rpmio
}

@test "pacman's helper is built where each of its headers and libraries is" {
	finds '$(filter %-alpm,$(notdir $(OWNERS)))' epcache-owner-alpm hooks/pacman/owner.c alpm
}

@test "one helper is built without the other, and their hooks are installed with them" {
	mapfile -t names < <(headers hooks/rpm/owner.c hooks/pacman/owner.c)
	show "${names[@]}"
	library rpm rpmio alpm
	[ "$(make_says '$(HOOKS)')" = "dpkg rpm pacman" ]
	hide alpm.h
	[ "$(make_says '$(HOOKS)')" = "dpkg rpm" ]
	hide rpm/rpmts.h
	[ "$(make_says '$(HOOKS)')" = dpkg ]
	rm hidden/alpm.h
	[ "$(make_says '$(HOOKS)')" = "dpkg pacman" ]
}

@test "the Python package is built where Python and its headers are" {
	local wanted=_epcache.abi3.so

	python() { make_says '$(filter %.so,$(notdir $(PY_BUILT)))' PYTHON="$WORK/bin/python3"; }
	[ -z "$(python)" ]
	stub python3 "echo $WORK/shown"
	[ -z "$(python)" ]
	show Python.h
	[ "$(python)" = "$wanted" ]
	echo '#include "of-another-machine/pyconfig.h"' >shown/Python.h
	[ -z "$(python)" ]
	show Python.h
	stub python3 'exit 1'
	rm compiler && ln -s "$(type -P "${CC:-cc}")" compiler
	[ -z "$(python)" ]
}

@test "the slow file system is built where fuse3 is" {
	export PKG_CONFIG=$WORK/bin/pkg-config
	fuse() { make_says '$(filter slowfs,$(notdir $(AID_BIN)))$(filter slowfs,$(notdir $(BENCH_BIN)))'; }
	[ -z "$(fuse)" ]
	stub pkg-config 'exit 1'
	[ -z "$(fuse)" ]
	show fuse.h
	library fuse3
	stub pkg-config '[ "$*" != "--libs fuse3" ] || echo -lfuse3'
	[ "$(fuse)" = slowfsslowfs ]
	hide fuse.h
	[ -z "$(fuse)" ]
	rm hidden/fuse.h
	echo 'no library' >lib/libfuse3.so
	[ -z "$(fuse)" ]
}

@test "a library that pkg-config does not know hides no other one's flags" {
	export PKG_CONFIG=$WORK/bin/pkg-config
	stub pkg-config 'case $* in
		*libxxhash*) exit 1 ;;
		"--cflags libcjson") echo -I/of/cjson ;;
		"--cflags libseccomp") echo -I/of/seccomp ;;
		"--libs libcjson") echo -L/of -lcjson ;;
		*) exit 1 ;;
		esac'
	[ "$(make_says '$(strip $(DEPS_CFLAGS))')" = "-I/of/cjson -I/of/seccomp" ]
	[ "$(make_says '$(JSON_LIBS)')" = "-L/of -lcjson" ]
	stub pkg-config 'exit 1'
	[ -z "$(make_says '$(strip $(DEPS_CFLAGS))')" ]
	[ "$(make_says '$(JSON_LIBS)')" = "-lcjson" ]
}

@test "flags that the compiler lacks are left out, each for itself" {
	local flag flags

	flags='$(filter -fcf-protection% -ftrivial-auto-var-init%,$(HARD))'
	stub cc-all 'exit 0'
	[ "$(make_says "$flags" CC="$WORK/bin/cc-all")" = \
		"-fcf-protection=full -ftrivial-auto-var-init=zero" ]
	for flag in $(make_says "$flags"); do
		export REFUSED=$flag
		[[ " $(make_says "$flags") " != *" $flag "* ]]
	done
	[ -z "$(make_says "$flags" CC="$WORK/no-compiler")" ]
}

@test "make all works without any header that it can do without" {
	mapfile -t names < <(headers hooks/rpm/owner.c hooks/pacman/owner.c core/python/module.c)
	hide "${names[@]}"
	make -s -j2 -C "$TREE" B="$WORK/out" CC="$WORK/compiler" CFLAGS=-O0 PKG_CONFIG=false all
	[ "$(cd out && echo epcache-owner-*)" = epcache-owner-dpkg ]
	[ ! -e out/python ]
	[ "$(out/epcache --version)" = "epcache $(sed -n 's/^VERSION *:= *//p' "$TREE/Makefile")" ]
}

# --- deps.sh --------------------------------------------------------------------------

# deps_begin - bin/ has what deps.sh itself runs, and a stub of each other program.
deps_begin() {
	local need tool

	[ ! /usr/sbin -ef /usr/bin ] || skip "needs programs that are in /usr/bin alone"
	mapfile -t NEEDS < <(awk '$1 ~ /^(build|check|systems|bench)\+?$/ { print $2 }' \
		"$TREE/tests/deps.sh" | sort -u)
	[ "${#NEEDS[@]}" -ge 50 ]
	for need in "${NEEDS[@]}"; do
		[[ $need == *:* || -e /usr/sbin/$need ]] || stub "$need" 'exit 0'
	done
	stub python3 "echo $WORK/shown"
	stub dpkg-query 'exit 0'
	for tool in bash cat sed sort tr; do
		ln -sf "$(type -P "$tool")" bin
	done
}

# deps SET... - what it says is missing, by the names of its rows: bin/ has no package
# manager.
deps() {
	PATH=$WORK/bin PYTHON=$WORK/bin/python3 CC=cc CPPFLAGS=-DX DEPS='' \
		bash "$TREE/tests/deps.sh" "$@" 2>/dev/null |
		sed -n 's/^No apt-get.* with: //p' | tr ' ' '\n'
}

@test "deps.sh misses nothing where all is there, and each thing where nothing is" {
	local need

	deps_begin
	diff <(:) <(deps build check systems bench)
	for need in "${NEEDS[@]}"; do
		rm -f "bin/$need"
	done
	rm -f bin/{python3,pkg-config,clang,dpkg-query}
	diff <(for need in "${NEEDS[@]}"; do
		[ -e "/usr/sbin/$need" ] || echo "$need"
	done) <(deps build check systems bench)
}
