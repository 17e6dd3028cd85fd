# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# sample.bats - what `make run` shows where a machine has no distributions.

load lib

setup() {
	work_begin
	SAMPLE=$BATS_TEST_DIRNAME/../sample/sample.sh
}

teardown() {
	work_end
}

@test "the sample: cached, queried, edited, noticed, explained, refreshed and verified" {
	local before

	run -0 --separate-stderr bash "$SAMPLE" build "$EPCACHE"
	[ -z "$stderr" ]
	[ "${lines[0]}" = '40 distributions in build:' ]
	[ "${#lines[@]}" -le 40 ]
	[ "$(grep -c '^\$ ' <<<"$output")" -eq 9 ]
	# One that shadows, one that is editable, one with extras, one that is broken.
	grep -qx 'C90.*mccabe_next:McCabeChecker.*mccabe 0\.8\.0\.dev1' <<<"$output"
	grep -qx 'M.*mine:Checker.*mine 0\.1' <<<"$output"
	grep -qx 'mako.*mako\.ext\.babelplugin:extract \[babel\].*mako 1\.3\.10' <<<"$output"
	[[ $output == *broken-1.dist-info/entry_points.txt:2:* ]]
	[[ $output == *'texts of distributions have changed'*bugbear8:BugBearChecker* ]]
	[[ ${lines[-2]} == '$ ./epcache verify '* ]]
	[[ ${lines[-1]} == *broken-1.dist-info/entry_points.txt:2:* ]]

	# Each command is as one would type it: typed again, there is nothing to do.
	cd build
	before=$(cat cache/*.v1 | cksum)
	run -0 bash -c "$(grep '^\$ ./epcache refresh' <<<"$output" | sed 's/^\$ //')"
	[ "$before" = "$(cat cache/*.v1 | cksum)" ]
	bash "$SAMPLE" again "$EPCACHE" >/dev/null
}

@test "the sample: for a user who is not root" {
	needs_user
	user_dir mine
	run -0 as_user bash "$SAMPLE" mine/sample "$EPCACHE"
	[ "${#lines[@]}" -le 40 ]
}

@test "the sample: of root's, below a folder that nobody else may enter" {
	needs_root
	mkdir -m 700 home/private
	TMPDIR=$WORK run -0 bash "$SAMPLE" home/private/sample "$EPCACHE"
	[[ $output == *'texts of distributions have changed'* ]]
	[ -z "$(compgen -G "$WORK/epcache-sample-*")" ]
}
