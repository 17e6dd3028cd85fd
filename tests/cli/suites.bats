# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# suites.bats - run.sh and tap.sh lose no result, whatever becomes of a suite.

# shellcheck disable=SC2016 # for other shells

load lib

setup() {
	work_begin
	mkdir -p tree/tests
	cp "$BATS_TEST_DIRNAME"/../{run,tap}.sh tree/tests
	unset MAKEFLAGS LONG "${!BUDGET_@}"
}

teardown() {
	work_end
}

# suite LINE... - what `make suite-x` is: a script.
suite() {
	printf '%s\n' '#!/bin/sh' "$@" >"$WORK/make"
	chmod 755 "$WORK/make"
}

# ended - in place of timeout(1): one whose time is over when the suite has reported.
ended() {
	mkdir bin
	printf '%s\n' '#!/bin/sh' 'shift 3; "$@"; exit 124' >bin/timeout
	chmod 755 bin/timeout
	PATH=$WORK/bin:$PATH
}

suites() {
	run env MAKE="$WORK/make" "$@" bash tree/tests/run.sh x
}

@test "a suite that is ended: what it reported counts, and the last test is named" {
	ended
	suite 'echo 1..9' 'echo "ok 1 - a"' 'echo "ok 2 - b"' 'echo "not ok 3 - c"'
	suites BUDGET_x=70
	[ "$status" -eq 1 ]
	[ "${lines[-1]}" = "2 passed, 2 failed" ]
	[[ $output == *"not ok 3 - c"* ]]
	[[ $output == *"x: ended after 700 s, with 3 tests done of 9; the last one: not ok 3 - c"* ]]
	suites BUDGET_x=70 LONG=1
	[[ $output == *"ended after 7000 s"* ]]
}

@test "a suite that is ended before its first test, and one without a limit" {
	suite 'echo "# it starts"'
	(ended)
	PATH=$WORK/bin:$PATH suites BUDGET_x=5
	[ "${lines[-1]}" = "0 passed, 1 failed" ]
	[[ $output == *"ended after 50 s, with 0 tests done"* ]]
	suite 'echo "ok 1 - a"' 'echo 1..1'
	suites BUDGET_x=0
	[ "$status" -eq 0 ]
	[ "${lines[-1]}" = "1 passed, 0 failed" ]
}

@test "programs that run at the same time are reported as they end, in order" {
	local wait='n=0; until grep -q "^ok 1 - first: a" out || [ $n -eq 600 ]; do
		sleep 0.1; n=$((n + 1)); done; grep -q "^ok 1 - first: a" out && echo "ok 1 - b"; echo 1..1'

	printf '%s\n' 'echo "ok 1 - a"; echo 1..1' >first
	printf '%s\n' "$wait" >second
	bash tree/tests/tap.sh -j 2 "bash ./first" "bash ./second" >out
	diff out - <<-'END'
		ok 1 - first: a
		ok 2 - second: b
		1..2
	END
}
