# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# packages.bash - packages from Debian's archive, for tests; none is installed.
#
#     packages_begin                        sets $top, a folder that ends with the script
#     resolve_tree FILE PATTERN NAME...     sets tree: these, and what they depend on
#     download_all NAME...                  into $store, where they are kept
#     unpack ROOT NAME...                   prints those that are not to be had
#
# They are downloaded once and kept in EPCACHE_PACKAGES
# (~/.cache/epcache-tests/packages).  What is there is used as it is, whatever its version.

# shellcheck disable=SC2034,SC2154 # for the files that load this

large=4000000 # bytes; what is larger is not downloaded
fetch=150     # seconds that all downloads of a run may take
store=${EPCACHE_PACKAGES:-${XDG_CACHE_HOME:-$HOME/.cache}/epcache-tests/packages}

# skip_all TITLE WHY
skip_all() {
	echo "ok 1 - $1 # SKIP $2"
	echo 1..1
	exit 0
}

packages_begin() {
	top=$(mktemp -d)
	chmod 755 "$top" # root's workers are another user
	new='' # what is being downloaded
	trap 'rm -rf "$top" "$new"' EXIT
	trap 'exit 1' INT TERM
	for tool in apt-get apt-cache dpkg-deb; do
		command -v "$tool" >/dev/null || skip_all "real packages" "there is no $tool"
	done
	mkdir -p "$store"
	exec {lock}>"$store/lock" # until all is there, see download_all
	flock "$lock"
	SECONDS=0
}

apt=(-o APT::Sandbox::User=root -o Acquire::Retries=0 -o Acquire::http::Timeout=15)

# The tools of apt, silent, and no longer than what is left of the time to fetch.
apt() {
	local left=$((fetch - SECONDS))

	[ "$left" -gt 0 ] || return 1
	timeout "$left" "$1" "${apt[@]}" "${@:2}" 2>/dev/null </dev/null
}

# Go on with lists of our own, beside the packages: the system's are missing or too
# old, and neither ours to renew nor to lock.
use_own_lists() {
	mkdir -p "$store/lists/partial" "$store/cache/archives/partial"
	apt+=(-o "Dir::State::Lists=$store/lists" -o "Dir::Cache=$store/cache")
	apt apt-get -q update >/dev/null || true
}

# list_tree PATTERN NAME... - what these depend on, and themselves, if the pattern has it.
# ptable is there in place of prettytable, and has the same files.
list_tree() {
	apt apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts \
		--no-breaks --no-replaces --no-enhances "${@:2}" | grep -E "$1" |
		grep -vx python3-ptable | sort -u
}

# resolve_tree FILE PATTERN NAME... - sets tree.  It is kept as well, as FILE: where
# there are no lists, the kept packages still count.
resolve_tree() {
	list_tree "${@:2}" >"$top/tree"
	if [ ! -s "$top/tree" ]; then
		use_own_lists
		list_tree "${@:2}" >"$top/tree"
	fi
	[ ! -s "$top/tree" ] || cp "$top/tree" "$store/$1"
	touch "$store/$1"
	mapfile -t tree <"$store/$1"
}

# kept NAME - its file, the newest if there are several.
kept() {
	find "$store" -maxdepth 1 -name "${1}_*.deb" -printf '%T@ %p\n' | sort -n |
		sed -n '$s/^[^ ]* //p'
}

# wanted NAME... - those that are not kept, but in the archive and not too large.
wanted() {
	local name names=()

	for name; do
		[ -n "$(kept "$name")" ] || names+=("$name")
	done
	[ "${#names[@]}" -gt 0 ] || return 0
	apt apt-cache show --no-all-versions "${names[@]}" |
		awk -v large="$large" '
			/^Package:/ { name = $2 }
			/^Size:/ && $2 <= large { print name }'
}

# Only whole packages come to be kept: a download may end at any byte.
download() {
	local deb

	new=$(mktemp -d "$store/new.XXXXXX")
	(cd "$new" && apt apt-get -q download "$@" >/dev/null) || true
	for deb in "$new"/*.deb; do
		[ ! -e "$deb" ] || ! dpkg-deb -c "$deb" >/dev/null 2>&1 || mv "$deb" "$store"
	done
	rm -rf "$new"
}

# download_all NAME... - and once more with new lists, where they may be too old.
download_all() {
	download_missing "$@"
	exec {lock}>&-
}

download_missing() {
	local names

	mapfile -t names < <(wanted "$@")
	[ "${#names[@]}" -gt 0 ] || return 0
	download "${names[@]}"
	mapfile -t names < <(wanted "$@")
	[ "${#names[@]}" -gt 0 ] || return 0
	use_own_lists
	download "${names[@]}"
}

# unpack ROOT NAME... - those that are kept; prints the names of the others.
unpack() {
	local name deb debs=()

	mkdir "$1"
	for name in "${@:2}"; do
		deb=$(kept "$name")
		if [ -n "$deb" ]; then
			debs+=("$deb")
		else
			echo "$name"
		fi
	done
	[ "${#debs[@]}" -gt 0 ] || return 0
	printf '%s\0' "${debs[@]}" | xargs -0 -P "$(nproc)" -I '{}' dpkg-deb -x '{}' "$1"
}
