#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# discovery.bats - which directories the Pythons of a system have, by its conventions.

load systems
setup() { system_begin; }
teardown() { system_end; }

debian() {
	python /usr/lib 3.11
	folder /usr/lib/python3/dist-packages /usr/local/lib/python3.11/dist-packages
	link python3.11 /usr/bin/python3
}

fedora() {
	python /usr/lib64 3.13
	folder /usr/lib64/python3.13/site-packages /usr/lib/python3.13/site-packages
	link python3.13 /usr/bin/python3
}

arch() {
	python /usr/lib 3.13
	folder /usr/lib/python3.13/site-packages
	link lib /usr/lib64
	link python3.13 /usr/bin/python3
}

@test "Debian: dist-packages, shared by all minor versions" {
	local site=(/usr/local/lib/python3.11/dist-packages /usr/lib/python3/dist-packages)

	debian
	queries /usr/lib/python3.11 /usr/lib/python3.11/lib-dynload "${site[@]}"
	refreshes /usr/bin /usr/lib/python3.11 /usr/lib/python3.11/lib-dynload "${site[@]}"
}

@test "Debian: the deprecated dist-packages of one version, after the shared one" {
	debian
	folder /usr/lib/python3.11/dist-packages
	queries /usr/lib/python3.11 /usr/lib/python3.11/lib-dynload \
		/usr/local/lib/python3.11/dist-packages /usr/lib/python3/dist-packages \
		/usr/lib/python3.11/dist-packages
}

@test "Debian: a link of the group staff keeps no directory of the system out" {
	local site=(/usr/local/lib/python3.11/dist-packages /usr/lib/python3/dist-packages)

	debian
	rmdir "$ROOT/usr/local/lib/python3.11/dist-packages"
	link /usr/lib/python3/dist-packages /usr/local/lib/python3.11/dist-packages
	refreshes /usr/bin /usr/lib/python3.11 /usr/lib/python3.11/lib-dynload "${site[@]}"

	rm "$ROOT/usr/local/lib/python3.11/dist-packages"
	link ../../../lib/python3.11 /usr/local/lib/python3.11/dist-packages
	refreshes /usr/bin /usr/lib/python3.11 /usr/lib/python3.11/lib-dynload "${site[@]}"
}

@test "a link below lib does not hide a Python in lib64" {
	fedora
	python /usr/local/lib64 3.12
	folder /usr/local/lib64/python3.12/site-packages /usr/local/lib
	link ../lib64/python3.12 /usr/local/lib/python3.12
	refreshes /usr/bin /usr/local/bin \
		/usr/lib64/python3.13 /usr/lib64/python3.13/lib-dynload \
		/usr/lib64/python3.13/site-packages /usr/lib/python3.13/site-packages \
		/usr/local/lib64/python3.12 /usr/local/lib64/python3.12/lib-dynload \
		/usr/local/lib64/python3.12/site-packages \
		/usr/local/lib/python3.12/site-packages
}

@test "Debian: site-packages is not on the path of its Python" {
	debian
	folder /usr/lib/python3.11/site-packages
	queries /usr/lib/python3.11 /usr/lib/python3.11/lib-dynload \
		/usr/local/lib/python3.11/dist-packages /usr/lib/python3/dist-packages
}

@test "Fedora: lib64 before lib, /usr/local before /usr" {
	local all=(/usr/lib64/python3.13 /usr/lib64/python3.13/lib-dynload
		/usr/local/lib64/python3.13/site-packages
		/usr/local/lib/python3.13/site-packages
		/usr/lib64/python3.13/site-packages /usr/lib/python3.13/site-packages)

	fedora
	folder /usr/local/lib64/python3.13/site-packages /usr/local/lib/python3.13/site-packages
	queries "${all[@]}"
	refreshes /usr/bin "${all[@]}"
}

@test "openSUSE: several minor versions, python3 through /etc/alternatives" {
	python /usr/lib64 3.9
	python /usr/lib64 3.11
	python /usr/lib64 3.12
	folder /usr/lib{,64}/python3.{9,11,12}/site-packages
	link /etc/alternatives/python3 /usr/bin/python3
	link ../../usr/bin/python3.11 /etc/alternatives/python3
	queries /usr/lib64/python3.11 /usr/lib64/python3.11/lib-dynload \
		/usr/lib64/python3.11/site-packages /usr/lib/python3.11/site-packages
	refreshes /usr/bin \
		/usr/lib64/python3.11 /usr/lib64/python3.11/lib-dynload \
		/usr/lib64/python3.11/site-packages /usr/lib/python3.11/site-packages \
		/usr/lib64/python3.9 /usr/lib64/python3.9/lib-dynload \
		/usr/lib64/python3.9/site-packages /usr/lib/python3.9/site-packages \
		/usr/lib64/python3.12 /usr/lib64/python3.12/lib-dynload \
		/usr/lib64/python3.12/site-packages /usr/lib/python3.12/site-packages
}

@test "Arch: lib64 is a link to lib, and counts once; /usr/local is not on the path" {
	local all=(/usr/lib/python3.13 /usr/lib/python3.13/lib-dynload
		/usr/lib/python3.13/site-packages)

	arch
	folder /usr/local/lib/python3.13/site-packages
	queries "${all[@]}"
	refreshes /usr/bin "${all[@]}" /usr/local/lib/python3.13/site-packages
}

@test "a Python of the admin's in /usr/local, with site-packages also on Debian" {
	debian
	python /usr/local/lib 3.12
	folder /usr/local/lib/python3.12/site-packages
	refreshes /usr/bin /usr/local/bin \
		/usr/lib/python3.11 /usr/lib/python3.11/lib-dynload \
		/usr/local/lib/python3.11/dist-packages /usr/lib/python3/dist-packages \
		/usr/local/lib/python3.12 /usr/local/lib/python3.12/lib-dynload \
		/usr/local/lib/python3.12/site-packages
}

@test "free-threaded builds have directories of their own" {
	fedora
	python /usr/lib64 3.13t
	folder /usr/lib64/python3.13t/site-packages
	refreshes /usr/bin /usr/lib64/python3.13 /usr/lib64/python3.13/lib-dynload \
		/usr/lib64/python3.13/site-packages /usr/lib/python3.13/site-packages \
		/usr/lib64/python3.13t /usr/lib64/python3.13t/lib-dynload \
		/usr/lib64/python3.13t/site-packages

	link python3.13t /usr/bin/python3
	queries /usr/lib64/python3.13t /usr/lib64/python3.13t/lib-dynload \
		/usr/lib64/python3.13t/site-packages
}

@test "python3 that leads to another prefix has the path of that one" {
	debian
	python /opt/py/lib 3.12
	folder /opt/py/lib/python3.12/site-packages
	link ../../opt/./py//bin/python3.12 /usr/bin/python3
	queries /opt/py/lib/python3.12 /opt/py/lib/python3.12/lib-dynload \
		/opt/py/lib/python3.12/site-packages
}

@test "names that tell more: RHEL 8's platform-python, and /bin linked to usr/bin" {
	python /usr/lib64 3.6
	folder /usr/libexec /usr/lib64/python3.6/site-packages
	touch "$ROOT/usr/libexec/platform-python3.6"
	link /usr/libexec/platform-python3.6 /usr/bin/python3
	queries /usr/lib64/python3.6 /usr/lib64/python3.6/lib-dynload \
		/usr/lib64/python3.6/site-packages

	link usr/bin /bin
	link /bin/python3.6 /usr/bin/python3
	queries /usr/lib64/python3.6 /usr/lib64/python3.6/lib-dynload \
		/usr/lib64/python3.6/site-packages
}

@test "without /usr/bin/python3 a query says so, and a refresh finds the Pythons" {
	debian
	rm "$ROOT/usr/bin/python3"
	run --separate-stderr epcache query --all
	[ "$status" -eq 1 ]
	says "cannot resolve '/usr/bin/python3': No such file"
	refreshes /usr/bin /usr/lib/python3.11 /usr/lib/python3.11/lib-dynload \
		/usr/local/lib/python3.11/dist-packages /usr/lib/python3/dist-packages
}

@test "python3 that does not tell its version is named" {
	debian
	touch "$ROOT/usr/bin/python-exec2c"
	link python-exec2c /usr/bin/python3
	run --separate-stderr epcache query --all
	[ "$status" -eq 1 ]
	says "leads to '/usr/bin/python-exec2c', which does not tell its version"
	# shellcheck disable=SC2154 # of bats
	[[ $stderr != *--python* ]] # which is refused with --root
}

@test "a loop of links is an error of a query, not of a refresh" {
	debian
	link python3 /usr/bin/python3
	run --separate-stderr epcache query --all
	[ "$status" -eq 1 ]
	says "Too many levels of symbolic links"
	refreshes /usr/bin /usr/lib/python3.11 /usr/lib/python3.11/lib-dynload \
		/usr/local/lib/python3.11/dist-packages /usr/lib/python3/dist-packages
}

@test "a system without any Python: a refresh has nothing to do, status says why" {
	run --separate-stderr epcache refresh --system
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	run --separate-stderr epcache status
	[ "$status" -eq 1 ]
	says "no Python 3 in /usr or /usr/local"
}

@test "names that are no Python's are passed over" {
	arch
	folder /usr/lib/python2.7/site-packages /usr/lib/python3.x/site-packages \
		/usr/lib/python3/site-packages /usr/lib/python3.13-extra/site-packages \
		/usr/lib/python3.113/site-packages /usr/lib/python3./site-packages
	put /usr/lib/python3.12 'not a folder'
	refreshes /usr/bin /usr/lib/python3.13 /usr/lib/python3.13/lib-dynload \
		/usr/lib/python3.13/site-packages
}

@test "absolute links stay inside of the root" {
	arch
	mkdir -p "$OUTSIDE/site-packages/evil-1.dist-info"
	rm -r "$ROOT/usr/lib/python3.13/site-packages"
	link "$OUTSIDE/site-packages" /usr/lib/python3.13/site-packages
	refreshes /usr/bin /usr/lib/python3.13 /usr/lib/python3.13/lib-dynload

	# The same path inside of the root is what the link means.
	folder "$OUTSIDE/site-packages"
	dist "$OUTSIDE/site-packages/inside-1.dist-info" 'in:side'
	queries /usr/lib/python3.13 /usr/lib/python3.13/lib-dynload \
		/usr/lib/python3.13/site-packages
	[[ $output == *in:side* ]]
}

@test "links that climb stay inside of the root" {
	arch
	mkdir -p "$OUTSIDE/site-packages" "$OUTSIDE/lib/python3.14/site-packages"
	rm -r "$ROOT/usr/lib/python3.13/site-packages"
	link ../../../../outside/site-packages /usr/lib/python3.13/site-packages
	link ../../../../../../outside/lib /usr/local/lib
	refreshes /usr/bin /usr/lib/python3.13 /usr/lib/python3.13/lib-dynload
}

@test "python3 that leads out of the root leads nowhere" {
	local target

	arch
	touch "$OUTSIDE/bin/python3.12"
	for target in "$OUTSIDE/bin/python3.12" ../../../outside/bin/python3.12; do
		link "$target" /usr/bin/python3
		run --separate-stderr epcache query --all
		[ "$status" -eq 1 ]
		says "cannot resolve '/usr/bin/python3': No such file"
	done
}

@test "a climb beyond the top ends at the top, as it does in the kernel" {
	arch
	link ../../../../../../usr/bin/python3.13 /usr/bin/python3
	queries /usr/lib/python3.13 /usr/lib/python3.13/lib-dynload \
		/usr/lib/python3.13/site-packages
}

@test "what is no folder does not disturb" {
	arch
	mkfifo "$ROOT/usr/lib/python3.12"
	link /dev/zero /usr/lib/python3.11
	rm -r "$ROOT/usr/lib/python3.13/lib-dynload"
	mkfifo "$ROOT/usr/lib/python3.13/lib-dynload"
	refreshes /usr/bin /usr/lib/python3.13 /usr/lib/python3.13/site-packages
}

@test "--user is in the home inside of the root" {
	arch
	folder /home/me/.local/lib/python3.13/site-packages
	run --separate-stderr epcache refresh --user --json --dry-run
	[ "$status" -eq 0 ]
	same "$(directories)" /home/me/.local/lib/python3.13/site-packages
}

@test "--venv takes lib and lib64, a link between them too: sys.path may have both names" {
	local venv=/srv/venv

	folder $venv/lib/python3.13/site-packages
	put $venv/pyvenv.cfg
	link lib $venv/lib64
	run --separate-stderr epcache refresh --venv $venv --json --dry-run
	[ "$status" -eq 0 ]
	same "$(directories)" "$venv/lib/python3.13/site-packages
$venv/lib64/python3.13/site-packages"

	rm "$ROOT$venv/lib64"
	folder $venv/lib64/python3.13/site-packages
	run --separate-stderr epcache refresh --venv $venv --json --dry-run
	[ "$status" -eq 0 ]
	same "$(directories)" "$venv/lib/python3.13/site-packages
$venv/lib64/python3.13/site-packages"
}

@test "--venv says what is no virtual environment" {
	folder /srv/lib/python3.13/site-packages
	run --separate-stderr epcache refresh --venv /srv
	[ "$status" -eq 1 ]
	says "'/srv' is no virtual environment: it has no pyvenv.cfg"

	put /srv/pyvenv.cfg
	rm -r "$ROOT/srv/lib"
	run --separate-stderr epcache refresh --venv /srv
	[ "$status" -eq 1 ]
	says "'/srv' has no lib*/python3*/site-packages"
}

@test "--python does not run an interpreter for another root" {
	put /usr/bin/trap '#!/bin/sh' "touch '$WORK/ran'"
	chmod 755 "$ROOT/usr/bin/trap"
	run --separate-stderr epcache refresh --python "$ROOT/usr/bin/trap"
	[ "$status" -eq 1 ]
	says "not to be done for another root"
	run --separate-stderr epcache query --all --python "$ROOT/usr/bin/trap"
	[ "$status" -eq 1 ]
	[ ! -e "$WORK/ran" ]
}

# with_python FILE - the commands that have --python, each with arguments for it.
with_python() {
	local command args

	for command in $("$EPCACHE" --help | sed -n 's/^  \([a-z][a-z]*\)  *.*/\1/p'); do
		"$EPCACHE" "$command" --help | grep -q -- ' --python=' || continue
		case $command in
		refresh) args= ;;
		query) args=g ;;
		explain | owner) args='g a' ;;
		*) args='unknown to this test' ;;
		esac
		printf '%s\n' "$command $args --python $1" "$command $args --pyth=$1"
	done
}

@test "--python is refused to root by every command that has it, and runs nothing" {
	is_root || skip "needs root"
	local line lines exe=$WORK/trap

	printf '#!/bin/sh\ntouch "%s"\nprintf "/usr/bin\\0"\n' "$WORK/ran" >"$exe"
	chmod 755 "$exe"
	mapfile -t lines < <(with_python "$exe")
	[ "${#lines[@]}" -eq 8 ]
	for line in "${lines[@]}"; do
		# shellcheck disable=SC2086
		run --separate-stderr "$EPCACHE" $line --cache-dir "$WORK/cache"
		[ "$status" -eq 1 ]
		[ -z "$output" ]
		says "--python runs '$exe', which root must not; run this as another user"
	done
	ln -s "$EPCACHE" refresh-entrypoints-cache
	run --separate-stderr ./refresh-entrypoints-cache --python "$exe"
	[ "$status" -eq 1 ]
	says "which root must not"
	[ ! -e ran ]
	[ ! -e cache ]
}

@test "this system: the path is what its own Python says" {
	[ -x /usr/bin/python3 ] || skip "no /usr/bin/python3"
	run --separate-stderr "$EPCACHE" query --all --verbose --cache-dir "$WORK/cache"
	[ "$status" -ne 1 ]
	same "$(path_said)" \
		"$(env -u PYTHONPATH HOME=/nonexistent /usr/bin/python3 -c '
import os, sys
print(*[p for p in sys.path[1:] if os.path.isdir(p)], sep="\n")')"
}
