# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The trees of tests/fixtures: asked live, then from a fresh cache, and both answers
# compared with expected.json.  tests/fixtures/README.md says how to add one.
#
# bats 1.8 knows only tests that are in its text, so one test is one kind of case;
# each case that fails is named.

# shellcheck disable=SC2030,SC2031 # each test is a subshell

load lib

FIXTURES=$BATS_TEST_DIRNAME/../fixtures
KINDS=(names dedup read grammar order directories)

setup() {
	work_begin
}

teardown() {
	work_end
}

# read_path CASE - set ENTRIES to its sys.path, of the tree at ROOT.
read_path() {
	ENTRIES=("$ROOT/site-packages")
	[ -e "$1/path" ] || return 0
	mapfile -t ENTRIES <"$1/path"
	ENTRIES=("${ENTRIES[@]//@ROOT@/$ROOT}")
}

# ask NAME OPTION... - query all entries; NAME.json, NAME.err and STATUS are the result.
ask() {
	local name=$1 args=() entry

	shift
	for entry in "${ENTRIES[@]}"; do
		args+=(--path "$entry")
	done
	STATUS=0
	(cd "$ROOT" && "${AS[@]}" "$EPCACHE" query --all --json --cache-dir "$CACHE" "$@" \
		"${args[@]}") >"$name.json" 2>"$name.err" || STATUS=$?
}

# What can be cached is cached: each entry that is a directory which can be listed.
fill_cache() {
	local entry todo=()

	for entry in "${ENTRIES[@]}"; do
		! (cd "$ROOT" && "${AS[@]}" test -d "${entry:-.}" -a -r "${entry:-.}") ||
			todo+=("$entry")
	done
	[ ${#todo[@]} -eq 0 ] ||
		(cd "$ROOT" && "${AS[@]}" "$EPCACHE" refresh --cache-dir "$CACHE" "${todo[@]}") 2>&1
}

wanted_status() {
	case $(head -c 2 "$1") in
	'[]') echo 3 ;;
	'{"' | '{'*) echo 4 ;;
	*) echo 0 ;;
	esac
}

# judge_stderr CASE NAME - where it raises, what is said is as the case has it; else
# nothing is said, beyond what --verbose tells.
judge_stderr() {
	local line

	if [ ! -e "$1/stderr" ]; then
		! grep -vE ': (from the cache|read live|nothing there), |entry points printed' \
			"$2.err"
		return
	fi
	while IFS= read -r line; do
		grep -qF -- "${line//@ROOT@/$ROOT}" "$2.err" || {
			echo "$2: not said: $line"
			return 1
		}
	done <"$1/stderr"
}

# judge NAME STATUS - the exit status, and what is said.
judge() {
	[ "$STATUS" -eq "$2" ] || {
		echo "$1: exit status $STATUS, not $2; $(cat "$1.err")"
		return 1
	}
	judge_stderr "$CASE" "$1"
}

# run_case CASE - 0 when its answers are right; what is wrong is printed.
run_case() {
	local CASE=$1 ROOT=$WORK/${1##*/} CACHE=$WORK/${1##*/}.cache
	local ENTRIES AS=() STATUS expected=$1/expected.json good=0

	bash "$FIXTURES/build.sh" "$CASE" "$ROOT" || return 1
	mkdir "$CACHE"
	read_path "$CASE"
	if [ -e "$CASE/user" ]; then
		AS=(as_user)
		give_away "$CACHE"
	fi
	if [ -e "$CASE/listing" ]; then
		expected=$ROOT.expected
		printf '%s\n' "${ENTRIES[@]}" |
			"$PYTHON" -I "$FIXTURES/expect.py" --ask "$ROOT" >"$expected" || return 1
	fi

	ask "$ROOT.live" --check live
	judge "$ROOT.live" "$(wanted_status "$expected")" || good=1
	fill_cache || good=1
	ask "$ROOT.cached" --verbose
	judge "$ROOT.cached" "$(wanted_status "$expected")" || good=1
	! grep -F ': read live, ' "$ROOT.cached.err" || good=1
	"$PYTHON" -I -S "$FIXTURES/compare.py" "$expected" "$ROOT" "$ROOT.live.json" \
		"$ROOT.cached.json" || good=1
	return $good
}

run_kind() {
	local case count=0 failed=0 text

	needs_user
	for case in "$FIXTURES/$1"-*/; do
		count=$((count + 1))
		# Without the traces of bats, which take longer than all that is traced.
		text=$(trap - DEBUG; set +T; run_case "${case%/}" 2>&1) && continue
		failed=$((failed + 1))
		printf '%s: %s\n' "${case#"$FIXTURES/"}" "$text"
	done
	echo "$failed of $count cases failed"
	[ "$count" -gt 0 ] && [ "$failed" -eq 0 ]
}

@test "which names are metadata, and which directories are looked into" {
	run_kind names
}

@test "names of distributions, and what hides what" {
	run_kind dedup
}

@test "reading entry_points.txt" {
	run_kind read
}

@test "the grammar of entry_points.txt" {
	run_kind grammar
}

@test "the order of an answer" {
	run_kind order
}

@test "directories without entry points" {
	run_kind directories
}

@test "every folder of tests/fixtures is a whole case of one of these kinds" {
	local folder kind known
	for folder in "$FIXTURES"/*/; do
		folder=${folder%/}
		[ "${folder##*/}" != golden ] || continue
		known=
		for kind in "${KINDS[@]}"; do
			[[ ${folder##*/} != "$kind"-* ]] || known=1
		done
		[ -n "$known" ]
		if [ -e "$folder/listing" ]; then
			[ ! -e "$folder/expected.json" ]
		elif grep -q '"raises": true' "$folder/expected.json"; then
			[ -s "$folder/stderr" ]
		else
			[ ! -e "$folder/stderr" ]
		fi
	done
}

@test "expected.json is what this machine's python3 answers" {
	"$PYTHON" -I -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
		skip "needs CPython 3.10 or later"
	local cases=()
	for kind in "${KINDS[@]}"; do
		cases+=("$FIXTURES/$kind"-*/)
	done
	"$PYTHON" -I "$FIXTURES/expect.py" --check "${cases[@]%/}"
}
