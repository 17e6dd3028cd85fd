#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# real-programs.sh - programs of Debian's archive, activated by the files of
# python3-epcache-autoload: they print what they printed before, with fewer system calls
# on files, and that stays so with 600 further distributions.  As TAP.
#
# It counts what strace sees, not the time it takes.
set -eu
cd "$(dirname "$0")/../.."
: "${EPCACHE:?names the tool to test}"
self=$PWD/tests/python/real-programs.sh
. tests/python/packages.bash
. tests/python/programs.bash

number=0
failed=0

# told PASSED TEXT - one test.
told() {
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number - $2"
	else
		failed=1
		echo "not ok $number - $2"
	fi
}

# printed FILE - without what differs from run to run: times, and the order of sets.
printed() {
	sed 's/ in [0-9.]*s/ in Ns/' "$1" | sort
}

# counted HOW OUTPUT - run $command, both streams to OUTPUT; sets calls.
counted() {
	"$1" strace -f --seccomp-bpf -qq -c -U calls,name -o "$HOME/calls" \
		-e trace=%file,%desc "${command[@]}" >"$2" 2>&1 </dev/null ||
		echo "exit status $?" >>"$2"
	calls=$(awk '$NF == "total" { print $1 }' "$HOME/calls")
}

# compare NAME HOW - $command, plainly and how; sets before and after; told of outputs.
compare() {
	local same=0

	counted plainly "$HOME/plain"
	before=$calls
	[ "$2" = patched ] || forget
	counted "$2" "$HOME/out"
	after=$calls
	diff <(printed "$HOME/plain") <(printed "$HOME/out") >"$HOME/differs" || same=1
	told "$same" "$1 prints the same, $distributions"
	[ "$same" = 0 ] || sed 's/^/# /' "$HOME/differs"
}

# try NAME - with as many distributions as there are now; few and fewer have what it
# needed without the further ones.
try() {
	local less="$1, $distributions"

	program "$1"
	activated "${command[@]}" >/dev/null 2>&1 || : # the rules of its modules are kept
	forget
	compare "$1" activated
	if [ "$1" = jupyter ]; then # this command of it looks no entry points up
		told $((after > before + 40)) "$less: $after system calls, no more than $before and 40"
		return
	fi
	told $((after >= before)) "$less: $after system calls for $before"
	if [ -z "${few[$1]-}" ]; then
		few[$1]=$before fewer[$1]=$after
	elif [ "$1" != openstack ]; then # of which pkg_resources and stevedore read on
		told $(((after - fewer[$1]) * 4 > before - few[$1])) \
			"$1, for the further ones: $((after - fewer[$1])) for $((before - few[$1]))"
	fi
}

# With few distributions, either costs as much; with many, asking epcache costs at most a
# hundredth more than what stevedore has in its own cache, though that is checked by the
# stamps of folders alone, and epcache looks at each text.
try_patched() {
	program openstack
	patched "${command[@]}" >/dev/null 2>&1 # compiled, and its rules kept
	plainly "${command[@]}" >/dev/null 2>&1 # in its own cache
	compare "openstack with our patch of stevedore" patched
	told $((after * 100 > before * 101)) \
		"openstack with our patch, for stevedore's own cache, $distributions: $after system calls for $before"
}

# Does it run here at all?  This also has it compiled, so that nobody counts that.
can_run() {
	program "$1"
	if plainly "${command[@]}" >"$HOME/out" 2>&1 </dev/null; then
		return 0
	fi
	if [ -n "$missing" ]; then
		told 0 "$1 # SKIP packages not to be had: $missing"
	else
		sed 's/^/# /' "$HOME/out"
		told 1 "$1 runs"
	fi
	return 1
}

try_all() {
	local name running=() more

	declare -A few fewer
	in_place
	/usr/bin/python3 -c 'import epcache._all, epcache._serve, importlib.metadata'
	for name in "${programs[@]}"; do
		! can_run "$name" || running+=("$name")
	done
	for more in 0 600; do
		further "$more"
		distributions="$more further distributions"
		for name in "${running[@]}"; do
			try "$name"
		done
	done
	if [[ " ${running[*]} " == *" openstack "* ]] && patch_stevedore; then
		try_patched
	else
		told 0 "openstack with our patch # SKIP openstack or patch cannot be had"
	fi
	echo "1..$number"
	return "$failed"
}

if [ -n "${IN_PLACE-}" ]; then
	try_all
else
	programs_begin
	programs_enter "$self"
fi
