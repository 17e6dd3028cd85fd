#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# bats.sh - in a test, "[ A ] && [ B ]" does not fail for A, unless it is the last line
# of a function: to the shell, who asks whether A is so has taken care of it.
set -u
cd "$(dirname "$0")/../.." || exit 1

shopt -s globstar
awk '
	FNR == 1 { held = "" }
	held && !/^\t*}/ { print held; bad = 1 }
	{ held = "" }
	/^@test / { on = 1 }
	/^}/ { on = 0 }
	on && /^\t+(\[|test ).*\]+ && (\[|!|test )/ && !/\|\|/ && !/&&$/ {
		held = FILENAME ":" FNR ": make it a line for each: " $0
	}
	END { exit bad }' tests/**/*.bats
