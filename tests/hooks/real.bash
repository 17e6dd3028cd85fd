# shellcheck shell=bash disable=SC2034,SC2153,SC2154 # of bats; for files that load this
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# real.bash - the Python packages of python3-openstackclient's tree, as Debian has them.
#
#     real_fetch                            into $REAL, where they are kept
#     mapfile -t debs < <(real_packages)    those with files in dist-packages
#
# Or, of rpm.bash or pacman.bash and convert.bash, as packages of another family:
#
#     real_begin rpm                        in setup_file
#     real_files rpm                        in setup: $files, and in $later, a release
#                                           later, those of $part; or the test is skipped

REAL=$KEPT/real
FETCH=60 # seconds that the downloads of a run may take

# real_tree - the names of the packages, as far as apt knows them.  Not ptable: it is
# there in place of prettytable, and has the same files.
real_tree() {
	apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
		--no-replaces --no-enhances python3-openstackclient 2>/dev/null |
		grep '^python3-' | grep -vx python3-ptable | LC_ALL=C sort -u
}

# real_fetch - what cannot be had is in $REAL/lacks, and not tried again by the next file
# of the same run.
real_fetch() {
	local lock

	mkdir -p "$REAL"
	exec {lock}>"$KEPT/real.lock"
	flock "$lock"
	if [ -z "$(find "$REAL/lacks" -mmin -10 -size +0 2>/dev/null)" ]; then
		# shellcheck disable=SC2046 # words
		real_download $(real_lacks)
		real_lacks >"$REAL/lacks"
	fi
	exec {lock}>&-
}

# real_lacks - the names of those that are not there.
real_lacks() {
	local name

	for name in $(real_tree); do
		compgen -G "$REAL/${name}_*.deb" >/dev/null || echo "$name"
	done
}

# real_download NAME... - only whole packages come to be kept: it may end at any byte.
real_download() {
	local new deb

	[ $# -gt 0 ] || return 0
	new=$(mktemp -d "$REAL/new.XXXXXX")
	(cd "$new" && timeout "$FETCH" apt-get -q -o APT::Sandbox::User=root \
		-o Acquire::Retries=0 -o Acquire::http::Timeout=15 \
		download "$@" >/dev/null 2>&1 </dev/null) || true
	for deb in "$new"/*.deb; do
		[ ! -e "$deb" ] || ! dpkg-deb -c "$deb" >/dev/null 2>&1 || mv "$deb" "$REAL"
	done
	rm -rf "$new"
}

# real_needs - skip unless all are there: some alone may lack what is looked for.
real_needs() {
	needs apt-cache apt-get dpkg-deb
	[ ! -s "$REAL/lacks" ] || skip "could not be downloaded: $(head -n 3 "$REAL/lacks" | xargs)"
	compgen -G "$REAL/*.deb" >/dev/null || skip "apt knows no package, and none is kept"
}

real_packages() {
	local deb

	for deb in "$REAL"/*.deb; do
		[ ! -e "$deb" ] || ! dpkg-deb -c "$deb" | grep '/usr/lib/python3/dist-packages/.' >/dev/null ||
			printf '%s\n' "$deb"
	done
}

# real_scripts - what those of the packages use, into a system of dpkg.bash.
real_scripts() {
	local name

	mkdir "$ROOT/dev"
	: >"$ROOT/dev/null"
	for name in python3 py3compile py3clean update-alternatives; do
		printf '#!/bin/sh\n' >"$ROOT/usr/bin/$name"
		chmod 755 "$ROOT/usr/bin/$name"
	done
}

# --- of another family ----------------------------------------------------------------

# real_begin MANAGER - fetch, and convert unless that has been done: by the name of a
# package, these are in $REAL-MANAGER/1, and in /2 those of which there is a later release.
real_begin() {
	local folder=$REAL-$1 debs key

	real_can || return 0
	real_fetch
	mapfile -t debs < <(real_packages)
	[ "${#debs[@]}" -gt 0 ] && [ ! -s "$REAL/lacks" ] || return 0
	key=$(cat "${debs[@]}" "$TREE"/tests/hooks/{convert,"$1"}.bash | sha256sum)
	[ "$(cat "$folder/key" 2>/dev/null)" != "$key" ] || return 0

	rm -rf "$folder"
	mkdir "$folder"
	convert "$1" "$folder/1" 1 "${debs[@]}" &&
		mapfile -t debs < <(printf '%s\n' "${debs[@]}" | grep -E "/($(real_part))_") &&
		convert "$1" "$folder/2" 2 "${debs[@]}" && echo "$key" >"$folder/key"
}

real_can() {
	command -v apt-cache >/dev/null && command -v apt-get >/dev/null &&
		command -v dpkg-deb >/dev/null
}

# real_part - those that some tests up- and downgrade, and remove: nearly all of them have
# entry points.
real_part() {
	echo 'python3-(cliff|keystoneauth1|openstackclient|osc-lib|oslo[^_]*|pbr|stevedore)'
}

real_files() {
	real_needs
	files=("$REAL-$1"/1/*)
	later=("$REAL-$1"/2/*)
	[ -e "$REAL-$1/key" ]
	part=("${later[@]##*/}")
	part=("${part[@]%.rpm}")
	part=("${part[@]%.pkg.tar.zst}")
}
