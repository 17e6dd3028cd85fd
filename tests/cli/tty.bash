# shellcheck shell=bash disable=SC2034 # output is for whoever loads this
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# tty.bash - commands whose output, both streams, is a terminal.

# tty [VARIABLE=VALUE]... COMMAND... - run on a terminal that has colours, unless a
# variable says otherwise.  What it printed is in $output, without carriage returns
# before line ends.
tty() {
	type script >/dev/null || skip "needs script(1)"
	run env -u NO_COLOR TERM=xterm SHELL="$BASH" script -qec "env $(printf '%q ' "$@")" /dev/null
	output=${output//$'\r\n'/$'\n'}
	output=${output%$'\r'}
}

GREEN=$'\e[32m' YELLOW=$'\e[33m' RED=$'\e[31m' FAINT=$'\e[2m' PLAIN=$'\e[0m'
