# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# programs.bash - programs of Debian's archive that look entry points up, as they are
# packaged, in place of this machine's own packages and caches.
#
#     programs_begin        the first call; skips, or sets $top and unpacks
#     programs_enter SCRIPT run it again in a namespace, where IN_PLACE is set
#     in_place              the first call there: puts all in place
#     further N             as many distributions more, and refreshed
#     program NAME          sets $command, the words to run
#     plainly, activated, patched COMMAND...
#
# Used by: real-programs.sh, ../bench/python.sh.  Uses: packages.bash.

# shellcheck disable=SC2034,SC2154 # for the files that load this

programs=(openstack pytest flake8 tox keyring pygmentize jupyter)
dist_packages=/usr/lib/python3/dist-packages
title='real programs'

program() {
	case $1 in
	openstack) command=(openstack command list) ;;
	pytest) command=(pytest -q -p no:cacheprovider test_one.py) ;;
	flake8) command=(flake8 --isolated -j1 test_one.py) ;;
	tox) command=(tox -l) ;;
	keyring) command=(keyring --list-backends) ;;
	pygmentize) command=(pygmentize -L) ;;
	jupyter) command=(jupyter kernelspec list) ;;
	esac
	command[0]=$top/root/usr/bin/${command[0]}
}

programs_begin() {
	local absent

	if [ "$EUID" -ne 0 ] || ! unshare -m true 2>/dev/null; then
		skip_all "$title" "needs the right to mount"
	fi
	command -v strace >/dev/null || skip_all "$title" "there is no strace"
	[ -e "${EPCACHE%/*}/python/epcache/_epcache.abi3.so" ] ||
		skip_all "$title" "built without Python.h"
	# Extensions are for Debian's own Python, whichever that is.
	/usr/bin/python3 -I -c 'import sys; sys.exit(sys.argv[1] not in sys.path)' \
		"$dist_packages" || skip_all "$title" "/usr/bin/python3 is not Debian's"

	packages_begin
	resolve_tree programs '^(python3-|flake8$|tox$|jupyter-|lib(zmq|norm|pgm|sodium))' \
		python3-openstackclient python3-pytest flake8 tox python3-keyring \
		python3-pygments jupyter-client jupyter-core
	download_all "${tree[@]}"
	absent=$(unpack "$top/root" "${tree[@]}")
	missing=${absent//$'\n'/ }
	[ -d "$top/root$dist_packages" ] ||
		skip_all "$title" "no package could be downloaded, and none is kept"

	cp -r "${EPCACHE%/*}/python/." core/python/epcache/epcache-autoload.* \
		"$top/root$dist_packages"
	export top missing EPCACHE tree_top=$PWD
}

programs_enter() {
	IN_PLACE=1 unshare -m bash "$@"
}

# in_place - the packages over the machine's, whose caches and local packages are away.
in_place() {
	local folder

	for folder in /var/cache /var/lib /usr/local/lib/python3*/dist-packages; do
		[ ! -d "$folder" ] || mount -t tmpfs -o mode=755 none "$folder"
	done
	mount --bind "$top/root$dist_packages" "$dist_packages"

	export HOME=$top/home PYTHONPYCACHEPREFIX=$top/compiled LC_ALL=C.UTF-8
	LD_LIBRARY_PATH=$top/root/usr/lib/$(uname -m)-linux-gnu
	export LD_LIBRARY_PATH
	export PATH=$top/root/usr/bin:${EPCACHE%/*}:/usr/sbin:/usr/bin:/sbin:/bin
	unset PYTHONDONTWRITEBYTECODE PYTHONPATH XDG_CACHE_HOME "${!EPCACHE_@}"
	mkdir -p "$HOME"
	cd "$HOME" || exit 1
	printf 'import os\n\n\ndef test_a():\n    assert os\n' >test_one.py
	printf '[tox]\nskipsdist=true\nenvlist=a,b\n' >tox.ini
}

# further N - N distributions more, as of a package manager; then a refresh.
further() {
	/usr/bin/python3 -I - "$dist_packages" "$1" <<-'EOF2'
		import os, sys
		for i in range(int(sys.argv[2])):
		    folder = f"{sys.argv[1]}/further_{i}-1.0.dist-info"
		    os.mkdir(folder)
		    with open(folder + "/METADATA", "w") as file:
		        file.write(f"Metadata-Version: 2.1\nName: further-{i}\nVersion: 1.0\n")
		    with open(folder + "/entry_points.txt", "w") as file:
		        file.write(f"[further]\nname{i} = module{i}:main\n")
	EOF2
	sleep 0.1 # so that what was just written is settled
	"$EPCACHE" refresh --quiet --system
	"$EPCACHE" refresh --quiet "$top/root/usr/bin"
}

# stevedore keeps what it has found for the next start.
forget() {
	rm -rf "$HOME/.cache/python-entrypoints"
}

plainly() {
	EPCACHE_AUTOLOAD=0 "$@"
}

activated() {
	"$@"
}

# patch_stevedore - a copy of it, for patched; fails where that cannot be.
patch_stevedore() {
	command -v patch >/dev/null || return 1
	mkdir "$top/patched"
	cp -a "$dist_packages/stevedore" "$top/patched"
	patch -s -p1 -d "$top/patched" <"$tree_top/core/python/stevedore.patch"
}

# patched - and stevedore asks epcache in place of its own cache.
patched() {
	mount --bind "$top/patched/stevedore" "$dist_packages/stevedore"
	"$@" || { umount "$dist_packages/stevedore"; return 1; }
	umount "$dist_packages/stevedore"
}
