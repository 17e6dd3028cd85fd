#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# cost.bats - what grows with the number of distributions, and how fast; counted in
# calls, instructions and bytes, never in seconds.

# shellcheck disable=SC2030,SC2031,SC2154 # of bats

load ../cli/lib

BENCH=$BATS_TEST_DIRNAME/../bench
PAGE=$BATS_TEST_DIRNAME/../../core/man/epcache-fleet.7

setup() {
	work_begin
	AIDS=$(dirname "$(realpath "$EPCACHE")")/tests/bench
	export ASAN_OPTIONS=detect_leaks=0 # which strace is in the way of
}

teardown() { work_end; }

# sites MAKER N - what a function of sites.py makes in $WORK/N; its directories in $dirs.
sites() {
	mapfile -t dirs < <("$PYTHON" -IB -c '
import sys
sys.path.insert(0, sys.argv[1])
import sites
print(*getattr(sites, sys.argv[2])(sys.argv[3], int(sys.argv[4])), sep="\n")' \
		"$BENCH" "$1" "$WORK/$2" "$2")
	[ -d "${dirs[0]}" ]
}

needs_strace() {
	type strace >/dev/null || skip "needs strace"
	strace -o trace true 2>/dev/null || skip "strace may not trace here"
}

# calls COMMAND... - how many calls it makes, in $all, and how many that name what is below
# $dirs, in $below; not read(2), for that shows what is in a cache file.
calls() {
	strace -f -qq -y -o trace \
		-e trace=%file,read,pread64,getdents64,fstat "$@" >/dev/null
	all=$(grep -c '^[0-9]* *[a-z0-9_]*(' trace)
	below=$(grep -v '^[0-9]* *\(execve\|read\)(' trace | grep -cF "${dirs[0]}") || :
}

query_calls() { # CHECK
	calls "$EPCACHE" query --cache-dir "$CACHE" --check "$1" --path "${dirs[0]}" bench.group
}

# grows_linearly WHAT A B C - the numbers at n, 2n and 4n: what is added the second time is
# about twice what was added the first, but for some that a table more or a page more
# costs, and 1 % that comes and goes with no n.  Linear is 2, n log n a little more,
# quadratic 4.
grows_linearly() {
	local first=$(($3 > $2 ? $3 - $2 : 0))

	echo "$1: $2 $3 $4"
	[ $((10 * ($4 - $3))) -le $((24 * first + 640 + $2 / 10)) ]
}

# --- calls ---------------------------------------------------------------------------

@test "a fast query makes as many calls for 10,000 distributions as for 100" {
	local n found=()

	needs_strace
	for n in 100 1000 10000; do
		sites make "$n"
		refresh "${dirs[@]}"
		query_calls fast
		[ "$all" -gt 0 ]
		[ "$below" -gt 0 ]
		found+=("$all $below")
	done
	printf '%s\n' "${found[@]}"
	[ "${found[1]}" = "${found[0]}" ]
	[ "${found[2]}" = "${found[0]}" ]
}

@test "a strict query makes one call more for each distribution" {
	local before before_all

	needs_strace
	sites make 100
	refresh "${dirs[@]}"
	query_calls strict
	before=$below before_all=$all
	sites make 400
	refresh "${dirs[@]}"
	query_calls strict
	echo "$before_all ($before), $all ($below)"
	[ "$below" -eq $((before + 300)) ]
	[ "$all" -eq $((before_all + 300)) ]
}

# What the page on fleets calculates with.
@test "the calls that epcache-fleet(7) tells of are those that are made" {
	local check fixed

	needs_strace
	sites make 300
	refresh "${dirs[@]}"
	for check in fast strict; do
		query_calls "$check"
		fixed=$below
		[ "$check" = fast ] || fixed=$((below - 300))
		echo "$check: $below calls"
		grep -q "^\\.\\\\\" measured: $check $fixed\$" "$PAGE"
	done
}

@test "the calls of a refresh grow as the distributions do, however they are shaped" {
	local maker size found

	needs_strace
	for maker in make make_many make_group make_long make_same; do
		found=()
		for size in 50 100 200; do
			sites "$maker" "$size"
			calls "$EPCACHE" refresh --cache-dir "$CACHE" "${dirs[@]}"
			found+=("$all")
			rm -rf "${WORK:?}/$size" "$CACHE"
		done
		grows_linearly "$maker" "${found[@]}"
	done
}

# Of more than 64 the first with each name is looked up in a table of its own.
@test "the first of many directories that has a name hides all others" {
	local i dirs=()

	for ((i = 0; i < 70; i++)); do
		dirs+=("--path=$WORK/d$i")
		dist "$WORK/d$i/p$((i % 30))-1.dist-info" "[g]\ne = m:d$i\n"
		dist "$WORK/d$i/P_$((i % 50))_-$i.dist-info" "[g]\nf = n:d$i\n"
		dist "$WORK/d$i/own$i-1.egg-info" "[other]\nf = n:d$i\n"
	done
	"$EPCACHE" query --json --check live "${dirs[@]}" g >ours
	"$PYTHON" -I - "${dirs[@]#--path=}" >theirs <<-'END'
		import sys
		from importlib.metadata import entry_points
		sys.path[:] = sys.argv[1:]
		print(*(e.value for e in entry_points(group="g")))
	END
	output=$(cat ours)
	[ "$(values)" = "$(cat theirs)" ]
	[ "$(values | wc -w)" -eq 80 ]

	run "$EPCACHE" explain --check live "${dirs[@]}" g e
	[[ $output == *"$WORK/d60/p0-1.dist-info"*"hidden by $WORK/d0/p0-1.dist-info"* ]]
}

# --- instructions, bytes ---------------------------------------------------------------

# instructions ROW... - of each row of timer.c in turn, in $counted.
instructions() {
	rm -f counts.*
	printf '%s\n' "$@" | valgrind --tool=callgrind --toggle-collect=row_run \
		--dump-after=row_run --callgrind-out-file=counts "$AIDS/timer" "$CACHE" \
		"${dirs[@]}" >said 2>&1 || { cat said; return 1; }
	mapfile -t counted < <(for i in $(seq $#); do
		sed -n 's/^totals: //p' "counts.$i"
	done)
	[ "${#counted[@]}" -eq $# ]
}

# costs_linearly MAKER - what is built and asked of $n, 2n and 4n of that shape.
costs_linearly() {
	local rows=(build query-strict-first query-fast-all-first) size bytes=() i
	local -A seen=()

	type valgrind >/dev/null || skip "needs valgrind"
	[[ $EPCACHE != */asan/* ]] || skip "not under ASan"
	for size in "$n" $((2 * n)) $((4 * n)); do
		sites "$1" "$size"
		instructions "${rows[@]}"
		for i in "${!rows[@]}"; do
			seen[${rows[i]}]+="${counted[i]} "
		done
		bytes+=("$(cat "$CACHE"/*.v1 | wc -c)")
		rm -rf "${WORK:?}/$size" "$CACHE"
	done
	for i in "${rows[@]}"; do
		# shellcheck disable=SC2086 # three numbers
		grows_linearly "$i" ${seen[$i]}
	done
	grows_linearly "bytes of the file" "${bytes[@]}"
}

@test "distributions: nothing is quadratic" {
	n=250 costs_linearly make
}

@test "directories: nothing is quadratic" {
	n=100 costs_linearly make_many
}

@test "entry points of one group: nothing is quadratic" {
	n=1000 costs_linearly make_group
}

@test "names of 255 bytes: nothing is quadratic" {
	n=100 costs_linearly make_long
}

@test "versions of one distribution: nothing is quadratic" {
	n=250 costs_linearly make_same
}
