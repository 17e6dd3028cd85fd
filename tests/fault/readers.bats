# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Readers beside writers, and writers beside each other: who takes a lock, who waits for
# one, and what becomes of a file that a server replaced while it was open.

# shellcheck disable=SC2030,SC2031,SC2154 # each test is a subshell; of bats

load ../cli/lib

setup() {
	work_begin
	HOLDER=''
	PIDS=()
}

teardown() {
	[ -z "$HOLDER" ] || kill "$HOLDER" 2>/dev/null || true
	[ ${#PIDS[@]} -eq 0 ] || kill "${PIDS[@]}" 2>/dev/null || true
	work_end
}

needs_strace() {
	strace -f -o /dev/null true 2>/dev/null || skip "needs strace, and the right to trace"
}

two_dists() {
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\n'
	dist "$SITE/bar-1.dist-info" '[g]\nb = m:y\n'
	refresh "$SITE"
}

# hold_lock - be a writer that never ends.
hold_lock() {
	"$PYTHON" -I -S -c '
import fcntl, os, struct, sys, time
fd = os.open(sys.argv[1], os.O_RDWR)
fcntl.fcntl(fd, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))  # F_OFD_SETLK
open(sys.argv[2], "w").close()
time.sleep(600)' "$CACHE/.lock" "$WORK/held" 3>&- &
	HOLDER=$!
	until [ -e held ]; do
		sleep 0.02
	done
}

release_lock() {
	kill "$HOLDER"
	wait "$HOLDER" || true
	HOLDER=''
}

# each_reader COMMAND... - run COMMAND with the arguments of each reading command, and
# look that it reads the cache file, and exits as it should.
each_reader() {
	local reader

	for reader in "query g --path $SITE" "query g --check fast --path $SITE" \
		"explain g a --path $SITE" "status $SITE" "verify $SITE" \
		"dump $(cache_file "$SITE")"; do
		# shellcheck disable=SC2086
		run "$@" "$EPCACHE" $reader --cache-dir "$CACHE"
		[ "$status" -eq 0 ] || { echo "$reader: $status: $output"; return 1; }
	done
}

@test "readers take no lock, and open nothing to write" {
	needs_strace
	two_dists
	each_reader strace -f -A -o trace -e trace=fcntl,flock,open,openat,openat2,creat
	grep -q '\.v1", O_RDONLY' trace
	run grep -E 'SETLK|flock\(|\.lock"' trace
	[ "$status" -eq 1 ]
	run grep -E 'O_(WRONLY|RDWR|CREAT|TRUNC)|creat\(' trace
	[ "$status" -eq 1 ]
	# That this would be seen: a refresh does all of it.
	strace -f -o trace -e trace=fcntl,openat "$EPCACHE" refresh --force \
		--cache-dir "$CACHE" "$SITE"
	grep -q SETLK trace
	grep -q O_CREAT trace
}

@test "readers read while a writer holds the lock" {
	two_dists
	hold_lock
	each_reader timeout 60
	kill -0 "$HOLDER"
}

# waiting FILE... - how many of these traces show a process that waits for the lock?
waiting() {
	grep -l 'F_OFD_SETLK.*EAGAIN' "$@" 2>/dev/null | wc -l
}

@test "of any number of refreshes at once one works, and the others find nothing to do" {
	needs_strace
	two_dists
	dist "$SITE/new-1.dist-info" '[g]\nc = m:z\n'
	hold_lock
	for i in {1..8}; do
		strace -f -o "trace.$i" -e trace=fcntl "$EPCACHE" refresh --json \
			--cache-dir "$CACHE" "$SITE" >"out.$i" 2>&1 3>&- &
		PIDS+=($!)
	done
	for _ in {1..400}; do
		[ "$(waiting trace.*)" -lt 8 ] || break
		sleep 0.02
	done
	[ "$(waiting trace.*)" -eq 8 ]
	[ ! -s out.1 ]
	release_lock
	for pid in "${PIDS[@]}"; do
		wait "$pid"
	done
	PIDS=()
	[ "$(cat out.* | grep -c '"written"')" -eq 1 ]
	[ "$(cat out.* | grep -c '"unchanged"')" -eq 7 ]
	run query g -v --path "$SITE"
	[[ $output == *"c${TAB}m:z${TAB}new 1"* ]]
	[[ $output == *"$SITE: from the cache"* ]]
}

# injected WHAT - query, with this happening to system calls on the cache file.
injected() {
	run --separate-stderr strace -f -o trace -P "$FILE" -e trace=newfstatat,fstat,statx,read \
		-e inject="$1" "$EPCACHE" query g -v --path "$SITE" --cache-dir "$CACHE"
	[ "$status" -eq 0 ]
	[ "$(sort <<<"$output")" = "a${TAB}m:x${TAB}foo 1
b${TAB}m:y${TAB}bar 1" ]
}

# stat_call - what reads the status of an open file here.
stat_call() {
	strace -f -o trace -P "$FILE" -e trace=newfstatat,fstat,statx \
		"$EPCACHE" query g --path "$SITE" --cache-dir "$CACHE" >/dev/null
	sed -n 's/^[0-9]* *\([a-z]*\)(.*/\1/p' trace | head -n 1
}

@test "a file that the server replaced (ESTALE) is no obstacle" {
	needs_strace
	two_dists
	FILE=$(cache_file "$SITE")
	for call in read "$(stat_call)"; do
		injected "$call:error=ESTALE:when=1"
		[ "$(grep -c INJECTED trace)" -eq 1 ]
		[[ $stderr == *"$SITE: from the cache"* ]]
		injected "$call:error=ESTALE"
		[ "$(grep -c INJECTED trace)" -le 8 ] # and not for ever
		[[ $stderr == *"$FILE: cannot be read; read live"* ]]
	done
}

@test "a file that cannot be read, or ends too early, is read live, and said" {
	needs_strace
	two_dists
	FILE=$(cache_file "$SITE")
	injected read:error=EIO
	[[ $stderr == *"$FILE: cannot be read; read live"* ]]
	injected read:retval=0
	[[ $stderr == *"$FILE: was cut while being read; read live"* ]]
	injected read:error=EINTR:when=1
	[[ $stderr == *"$SITE: from the cache"* ]]
}
