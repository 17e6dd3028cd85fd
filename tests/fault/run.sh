#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# run.sh - the suite fault, as one TAP stream.  EPCACHE names the tool, beside which
# the programs of this folder are built.
set -u
cd "$(dirname "$0")/../.." || exit 1

bin=$(dirname "$EPCACHE")/tests/fault
exec bash tests/tap.sh "$bin/damage" "bash tests/fault/fresh.sh $bin/fresh-prop" \
	"bash tests/fault/poison.sh" \
	"$bin/races" "$bin/races-write" "$bin/hammer" "$bin/replaced" \
	"bash tests/fault/threads.sh" \
	"${BATS:-bats} --tap tests/fault/readers.bats" \
	"${BATS:-bats} --tap tests/fault/mounts.bats" \
	"${BATS:-bats} --tap tests/fault/hostile.bats" \
	"${BATS:-bats} --tap tests/fault/stuck.bats" \
	"${BATS:-bats} --tap tests/fault/cost.bats" \
	"${BATS:-bats} --tap tests/fault/bench.bats" \
	"bash tests/fault/degrade.sh" "bash tests/fault/degrade-places.sh" \
	"bash tests/fault/kill.sh" "bash tests/fault/errno.sh" \
	"bash tests/fault/nomem.sh" "bash tests/fault/disk.sh" \
	"bash tests/fault/escape.sh" "bash tests/fault/actions-hostile.sh"
