#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# run.sh SUITE... - run suites, count, and say what failed.
#
# A suite is what `make suite-NAME` does, and prints TAP.  BUDGET_NAME is how many seconds
# it takes where it is alone (300 when unset, no limit when 0; ten times that when LONG is
# set).  It is ended, and fails, after ten times its budget: that ends what hangs, and
# nothing that is slow because the machine is busy.  What it reported until then counts.
# All that it printed is in build/log/NAME.log.  The last line is "N passed, N failed",
# also in build/log/total; the exit status says the same.
set -u
cd "$(dirname "$0")/.." || exit 1

# What the shell of whoever runs this has set is not to decide a test.
unset EPCACHE_DIR XDG_CACHE_HOME XDG_RUNTIME_DIR

log=build/log
passed=0
failed=0
mkdir -p "$log"

# count_tap STATUS BUDGET LOG - print "passed failed skipped" and what else is wrong.
count_tap() {
	awk -v status="$1" -v budget="$2" '
		/^(not )?ok/ { last = $0 }
		/^not ok/ { bad++ }
		/^ok/ { if (tolower($0) ~ /# skip/) skip++; else good++ }
		/^1\.\.[0-9]+/ { plan = substr($1, 4); planned = 1 }
		END {
			seen = good + bad + skip
			if (status == 124 || status == 137)
				why = "ended after " budget " s, with " seen + 0 " tests done" \
					(planned ? " of " plan : "") (last ? "; the last one: " last : "")
			else if (!planned)
				why = "no plan: it ended early, with status " status
			else if (plan != seen)
				why = seen " tests of " plan
			else if (status != 0 && !bad)
				why = "exit status " status " though no test failed"
			if (why)
				bad++
			print good + 0, bad + 0, skip + 0, why
		}' "$3"
}

# failures LOG - the tests that failed, each with up to 20 comments around it; when
# it ended without a failed test, what it printed last.
failures() {
	awk '
		function say(text) { if (lines++ < 20) print "    " text }
		/^ok|^1\.\./ { n = 0; after = 0; next }
		/^not ok/ {
			print "    " $0
			lines = 0
			for (i = n > 20 ? n - 20 : 0; i < n; i++)
				say(held[i])
			n = 0
			after = any = 1
			next
		}
		after { say($0); next }
		{ held[n++] = $0 }
		END {
			for (i = n > 20 ? n - 20 : 0; !any && i < n; i++)
				print "    " held[i]
		}' "$1"
}

run_suite() {
	local name=$1 status=0 good bad skip why start
	local budget=BUDGET_$1

	budget=${!budget:-300}
	budget=$((budget * 10))
	[ -z "${LONG-}" ] || budget=$((budget * 10))

	start=$(date +%s%N)
	timeout -k 10 "$budget" "${MAKE:-make}" --no-print-directory -s "suite-$name" \
		>"$log/$name.log" 2>&1 </dev/null || status=$?
	read -r good bad skip why < <(count_tap "$status" "$budget" "$log/$name.log")
	printf '%-12s %5d passed %4d failed %4d skipped %7.1f s\n' "$name" "$good" "$bad" \
		"$skip" "$((($(date +%s%N) - start) / 1000000))e-3"

	passed=$((passed + good))
	failed=$((failed + bad))
	[ "$bad" -eq 0 ] && return
	failures "$log/$name.log"
	[ -z "$why" ] || echo "    $name: $why"
}

for suite; do
	run_suite "$suite"
done
echo "$passed passed, $failed failed" | tee "$log/total"
[ "$failed" -eq 0 ]
