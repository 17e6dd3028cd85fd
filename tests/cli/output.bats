# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# output.bats - output that cannot be written is an error; a trigger never fails.

load lib

setup() {
	work_begin
	mkdir -p "$SITE/demo-1.0.dist-info"
	printf '[g]\nn = v\n' >"$SITE/demo-1.0.dist-info/entry_points.txt"
	"$EPCACHE" refresh --cache-dir "$CACHE" "$SITE"
	FILE=$(echo "$CACHE"/*.v1)
}

teardown() {
	work_end
}

# printing_commands - each command line that prints something here, a line each.
printing_commands() {
	cat <<-END
		--version
		--help
		query --help
		query --all --path $SITE --cache-dir $CACHE
		query --all --json --path $SITE --cache-dir $CACHE
		query --all -0 --path $SITE --cache-dir $CACHE
		explain --path $SITE --cache-dir $CACHE g n
		explain --json --path $SITE --cache-dir $CACHE g n
		status --cache-dir $CACHE $SITE
		status --json --cache-dir $CACHE $SITE
		verify --json --cache-dir $CACHE $SITE
		dump $FILE
		clean --json --cache-dir $CACHE
		refresh --verbose --cache-dir $CACHE $SITE
		refresh --json --cache-dir $CACHE $SITE
		refresh --dry-run --cache-dir $CACHE $SITE
		actions list --json
	END
}

@test "output that is lost is an error, for each command that prints" {
	local line words

	while read -r line; do
		read -ra words <<<"$line"
		run --separate-stderr "$EPCACHE" "${words[@]}"
		[ "$status" -eq 0 ] && [ -n "$output" ] || { echo "no output: $line"; return 1; }

		run bash -c '"$@" >&-' - "$EPCACHE" "${words[@]}"
		[ "$status" -eq 1 ] || { echo "closed, status $status: $line"; return 1; }
		[[ $output == *"cannot write to standard output: "* ]]

		run bash -c '"$@" >/dev/full' - "$EPCACHE" "${words[@]}"
		[ "$status" -eq 1 ] || { echo "full, status $status: $line"; return 1; }
		[[ $output == *"cannot write to standard output: No space left on device"* ]]
	done < <(printing_commands)
}

@test "a command that has nothing to print does its work with closed streams" {
	rm "$FILE"
	"$EPCACHE" refresh --cache-dir "$CACHE" "$SITE" <&- >&- 2>&-
	[ -s "$FILE" ]
	"$EPCACHE" query --quiet --path "$SITE" --cache-dir "$CACHE" g <&- >&- 2>&- || [ $? -eq 1 ]
	"$EPCACHE" dump "$FILE" | grep -q demo
}

# limited NR CLOSED COMMAND... - run it with so many descriptors, "yes": and none open.
limited() {
	"$PYTHON" -ISc '
import os, resource, sys
nr, closed, *command = sys.argv[1:]
if closed == "yes":
    os.closerange(0, 3)
resource.setrlimit(resource.RLIMIT_NOFILE, (int(nr), int(nr)))
os.execv(command[0], command)' "$@"
}

@test "a trigger does not fail where no descriptor is left" {
	local nr closed status=0

	[[ $EPCACHE != */asan/* ]] || skip "ASan itself waits for a descriptor for ever"
	for nr in 0 1 2 3 4 5 6 8; do
		for closed in yes no; do
			status=0
			limited "$nr" "$closed" "$EPCACHE" trigger dpkg --root "$WORK" || status=$?
			# 127 is the dynamic loader's, which could not open the C library.
			[ "$status" -eq 0 ] || [ "$status" -eq 127 ]
		done
	done
}

@test "another command reports that no descriptor is left" {
	[[ $EPCACHE != */asan/* ]] || skip "ASan itself waits for a descriptor for ever"
	run limited 1 yes "$EPCACHE" --version
	[ "$status" -ne 0 ]
}

@test "JSON is indented by two spaces, and an empty list takes one line" {
	"$EPCACHE" query --all --json --path "$SITE" >json
	lacks json "$TAB"
	diff - json <<-END
		[
		  {
		    "group": "g",
		    "name": "n",
		    "value": "v",
		    "distribution": {
		      "name": "demo",
		      "version": "1.0",
		      "path": "$SITE/demo-1.0.dist-info"
		    },
		    "directory": "$SITE"
		  }
		]
	END
	[ "$("$EPCACHE" query --all --json --path "$WORK/home" || :)" = "[]" ]
}
