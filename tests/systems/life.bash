# shellcheck shell=bash disable=SC2153,SC2154 # of debian.sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# life.bash - our packages among real Python software, from their installation to the
# last that is left of them.
#
#     life sid                              after $DEBS/1 and $DEBS/2 are there

OURS=(epcache libepcache0 libepcache-dev python3-epcache python3-epcache-autoload)
SOFTWARE=(python3-openstackclient flake8 python3-keyring systemd)
PYTHONS=(python3.13 python3.14 python3.15) # beside the default, where they exist

# life RELEASE
life() {
	root_new life "$1"
	try life-software 'real Python software is there' life_software || return
	try life-install 'our packages and more software, in one go: one refresh' life_install
	[ "$tried" -eq 0 ] || return
	try life-programs 'the programs of that software run as before' life_programs
	try life-reinstall 'reinstalled: one refresh' \
		life_changes 1 install --reinstall "${OURS[@]}"
	try life-upgrade 'upgraded: one refresh' life_upgrade
	try life-downgrade 'downgraded: one refresh' life_downgrade
	try life-other 'other software is removed and comes: one refresh each' life_other
	try life-tests 'the tests of the packages themselves' life_tests
	try life-remove 'removed: caches go at once' life_remove
	try life-again 'installed again, over their configuration' life_again
	try life-purge 'purged, and what nobody needs: nothing is left' life_purge
	root_gone life
}

life_software() {
	local python pythons=()

	inside root apt-get update
	for python in "${PYTHONS[@]}"; do
		! inside root apt-cache show "$python" >/dev/null 2>&1 || pythons+=("$python")
	done
	inside_apt install "${SOFTWARE[@]}" "${pythons[@]}"
	mkdir "$ROOT/srv/debs"
	cp -a "$DEBS"/[12] "$ROOT/srv/debs/"
	cp tests/systems/answers.py "$ROOT/srv/"
	cp -a hooks/dpkg/debian/tests "$ROOT/srv/tests"
	life_files >"$WORK/$MACHINE-before"
}

# life_files - all paths, but of what apt and dpkg write about what they did.
life_files() {
	(cd "$ROOT" && find . -xdev -path ./var/log -prune -o -path ./var/cache/apt -prune -o \
		-path ./var/lib/apt -prune -o -path './var/lib/dpkg/*-old' -o -path ./tmp -prune -o \
		-path ./root/epcache -prune -o -path ./home -prune -o -print) | LC_ALL=C sort
}

# debs VERSION - the paths of our packages, in the system.
debs() {
	local package

	for package in "${OURS[@]}"; do
		(cd "$ROOT" && ls srv/debs/"$1/${package}"_*.deb) | sed 's,^,/,'
	done
}

# life_changes REFRESHES APT... - apt does that, nothing complains, and our postinst was
# run so many times; then all is right.
life_changes() {
	local wanted=$1 said=$WORK/$MACHINE-said log=$ROOT/var/log/dpkg.log refreshes

	shift
	: >"$log"
	inside_apt "$@" 2>&1 | tee "$said"
	quiet "$said"
	refreshes=$(grep -cE ' (configure|trigproc) epcache:' "$log" || :)
	echo "refreshes: $refreshes, wanted: $wanted"
	[ "$refreshes" -eq "$wanted" ]
	[ ! -e "$ROOT/usr/bin/epcache" ] || life_right
}

# quiet FILE - no complaint; but debconf has no terminal here.
quiet() {
	if grep -iE '^(W|E|N):|warning|error|failed|cannot|not empty|^epcache:' "$1" |
		grep -v '^debconf:\|liberror'; then
		echo 'that was a complaint'
		return 1
	fi
}

# Each Python's own answers, those of the tool and of the package; all is cached.
life_right() {
	local python

	inside root epcache verify
	inside root epcache status
	for python in "$ROOT"/usr/bin/python3.*[0-9]; do
		python=${python#"$ROOT"}
		inside tester env EPCACHE_AUTOLOAD=0 "$python" /srv/answers.py
	done
}

life_install() {
	mapfile -t debs < <(debs 1)
	life_changes 1 install "${debs[@]}" python3-pytest
	# All that a Python has was cached by it, whatever was there before.
	inside root epcache status --json | grep -q '"state":.*"fresh"'
}

life_programs() {
	local said=$WORK/$MACHINE-said command activation

	for activation in 0 1; do
		for command in 'openstack --version' 'flake8 --version' 'pytest-3 --version' \
			'keyring --list-backends' 'openstack complete'; do
			# shellcheck disable=SC2086 # words
			inside tester env EPCACHE_AUTOLOAD=$activation $command >>"$said-$activation" 2>&1
		done
	done
	cat "$said-1"
	diff "$said-0" "$said-1"
}

life_upgrade() {
	mapfile -t debs < <(debs 2)
	life_changes 1 install "${debs[@]}"
}

life_downgrade() {
	mapfile -t debs < <(debs 1)
	life_changes 1 install --allow-downgrades "${debs[@]}"
}

life_other() {
	life_changes 1 remove python3-pytest flake8
	life_changes 1 autoremove
	life_changes 1 install python3-pytest flake8
}

# As autopkgtest runs them.
life_tests() {
	local test

	inside_apt install dpkg-dev gcc libc6-dev pkgconf
	for test in refresh link; do
		inside root env AUTOPKGTEST_TMP=/tmp sh "/srv/tests/$test"
	done
	inside_apt autoremove --purge dpkg-dev gcc pkgconf libc6-dev
}

life_remove() {
	life_changes 0 remove "${OURS[@]}"
	[ ! -e "$ROOT/var/cache/epcache" ]
	[ ! -e "$ROOT/var/lib/epcache" ]
	inside tester openstack --version
}

life_again() {
	mapfile -t debs < <(debs 2)
	life_changes 1 install "${debs[@]}"
}

life_purge() {
	life_changes 0 purge "${OURS[@]}" python3-pytest
	life_changes 0 autoremove --purge
	life_files >"$WORK/$MACHINE-after"
	diff "$WORK/$MACHINE-before" "$WORK/$MACHINE-after"
}
