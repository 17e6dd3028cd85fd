#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# bench.bats - the benchmark measures, reports and says what it could not measure.  What
# the figures are is not for a test to judge.

# shellcheck disable=SC2016,SC2154 # of bats, and of another shell

load ../cli/lib

BENCH=$BATS_TEST_DIRNAME/../bench
PAGE=$BATS_TEST_DIRNAME/../../core/man/epcache-fleet.7

setup() {
	work_begin
	BUILD=$(dirname "$(realpath "$EPCACHE")")
}

teardown() { work_end; }

bench() {
	"$PYTHON" -B "$BENCH/bench.py" "$BUILD" "$WORK/report.json" "$@" >said 2>&1 ||
		{ cat said; return 1; }
}

report() {
	run "$PYTHON" -B "$BENCH/report.py" "$WORK"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "every section is measured, or it says why not" {
	[ -n "${LONG-}" ] || skip "takes half a minute; LONG=1 runs it"
	bench --smoke
	json 'set(j["sections"]) == set("scale separated tool start instructions calls memory "
		"cold slow growth".split())' "$(cat report.json)"
	json 'all(j["sections"].values()) or j["skipped"]' "$(cat report.json)"
	json 'all(row["median_us"] > 0 for size in j["sections"]["scale"].values()
		for row in size.values())' "$(cat report.json)"

	# What epcache-fleet(7) says of requests: of 20 distributions 8 have a text.
	json '"slow file system" in j["skipped"] or [j["sections"]["slow"]["20"]["0.2"][row]["requests"]
		for row in ("query-fast-first", "query-strict-first")] == [2, 2 + 2 * 20 + 8]' \
		"$(cat report.json)"
	grep -q '^\.\\" requests: fast 2$' "$PAGE"
	grep -q '^\.\\" requests: strict 2 + 2 n + t$' "$PAGE"

	report
	[[ $output == *'full refresh / floor'* ]]
	json 'len(j["bars"]) > 20 and all(b["value"] is not None for b in j["bars"])' \
		"$(cat report.json)"
	grep -qF '| epcache, strict |' table.md
	[ -s query.dat ]
	! type gnuplot >/dev/null || grep -q '<svg' query.svg
}

@test "without the Python package the starts of Python are measured, but for its own" {
	EPCACHE_PACKAGE=$WORK/none bench --smoke start
	json 'set(j["skipped"]) >= {"start with armed", "start with epcache"}' "$(cat report.json)"
	json '{"pass", "importlib.metadata"} <= set(j["sections"]["start"]["40"])' \
		"$(cat report.json)"
}

@test "a bar that is met, and one that is not" {
	local rows='"true": {"median_us": 100}, "floor": {"median_us": 100},
		"fast": {"median_us": 151}, "strict": {"median_us": 120}'

	for key in '"true"' '"floor"' '"fast"' '"strict"'; do
		rows=${rows/$key: \{/$key: \{\"low_us\": 1, \"high_us\": 2, \"n\": 1, }
	done
	printf '{"plan": "full", "machine": {"processor": "?", "processors": 1, "kernel": "?",
		"load": 0, "root": true}, "date": "?", "skipped": {"cold": "why not"},
		"sections": {"tool": {"300": {%s}}}}' "$rows" >report.json
	report
	json '[b["met"] for b in j["bars"]] == [False, True]' "$(cat report.json)"
	grep -qF '| epcache query, fast / true | 300 | 1.51 x | ≤ 1.5 | **no** |' table.md
	grep -qF '| epcache query, strict / floor | 300 | 1.20 x | ≤ 1.2 | yes |' table.md
	grep -qF -- '- cold: why not' table.md

	# Into a README, between its marks, as often as one likes.
	echo '<svg/>' >query.svg
	sed -n 's/^\(BEGIN\|END\) = "\(.*\)\\n"$/\2/p' "$BENCH/readme.py" >marks
	{ echo before && cat marks && echo after; } >README.md
	for _ in 1 2; do
		"$PYTHON" -B "$BENCH/readme.py" "$WORK" "$WORK/README.md" "$WORK/plot.svg"
	done
	[ "$(grep -c '^| epcache query, fast / true | 1.51 x | ≤ 1.5 | no | 300 |$' README.md)" -eq 1 ]
	[ "$(head -n 1 README.md)" = before ]
	[ "$(tail -n 1 README.md)" = after ]
	grep -qF '(plot.svg)' README.md

	echo none >README.md
	run "$PYTHON" -B "$BENCH/readme.py" "$WORK" "$WORK/README.md" "$WORK/plot.svg"
	[ "$status" -eq 1 ]
	[[ $output == *README.md*lacks* ]]
}

@test "requests to a slow file system have a bar, starts of real programs a table" {
	printf '{"plan": "full", "machine": {"processor": "?", "processors": 1, "kernel": "?",
		"load": 0, "root": true}, "date": "?", "skipped": {}, "sections": {"slow": {' >report.json
	for n in 100 300; do
		for row in query-fast-first query-strict-first; do
			printf '"%s": {"median_us": 1, "low_us": 1, "high_us": 1, "n": 1,
				"requests": %s},' "$row" "$((n / 50))"
		done | sed "\$s/,$/}}/; 1s/^/\"$n\": {\"0.2\": {/"
		[ "$n" -eq 300 ] || echo ,
	done >>report.json
	echo '}}}' >>report.json
	echo '[{"program": "tox", "situation": "600 further, cold", "rounds": 3, "rows": {
		"plain": {"wall_us": 2000, "processor_us": 1000},
		"activated": {"wall_us": 1500, "processor_us": 500}}}]' >programs.json
	report
	json '[(b["size"], b["value"], b["met"]) for b in j["bars"]] == [("300", 4, False)]' \
		"$(cat report.json)"
	json 'j["sections"]["programs"][0]["program"] == "tox"' "$(cat report.json)"
	grep -qF '| tox | 600 further, cold | 2 (1) | 1.5 (0.5) |' table.md
}

@test "README.md is not made of a quick benchmark" {
	echo '{"plan": "quick", "bars": []}' >report.json
	touch query.svg
	run "$PYTHON" -B "$BENCH/readme.py" "$WORK"
	[ "$status" -eq 1 ]
	[[ $output == *"run make bench"* ]]

	# As make runs it.
	cd "$BENCH/../.."
	command=$(make -ns bench-readme)
	[[ $command == *' build/bench' ]]
	run bash -c "${command%build/bench}$WORK"
	[ "$status" -eq 1 ]
	[[ $output == *"of plan quick: run make bench"* ]]
}

# slowfs is a file system like others, but for its latency.
@test "the slow file system serves what is there, and counts" {
	needs_mounts
	[ -x "$BUILD/tests/bench/slowfs" ] || skip "slowfs is not built, for want of libfuse3"
	[ -c /dev/fuse ] || skip "no /dev/fuse"

	mkdir -p source/a slow
	echo text >source/a/file
	ln -s a/file source/link
	run unshare -m --propagation private bash -c '
		"$1" source control slow & pid=$!
		for ((i = 0; i < 200; i++)); do
			mountpoint -q slow && break
			sleep 0.05
		done
		[ "$(cat slow/link)" = text ] && [ "$(ls slow)" = "$(ls source)" ] &&
		[ "$(stat -c "%i %Y" slow/a/file)" = "$(stat -c "%i %Y" source/a/file)" ] &&
		! touch slow/new 2>/dev/null && [ ! -e slow/none ]
		status=$?
		od -An -tu8 -j8 control
		kill $pid
		wait $pid
		exit $status' bash "$BUILD/tests/bench/slowfs"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "${lines[-1]}" -ge 8 ]
}
