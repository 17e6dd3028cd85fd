# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Directories whose file system does not answer, as when a server is gone: the others are
# refreshed and read, each command ends, and says which one it was.

# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # each test is a subshell; of bats

load ../cli/lib

HANGFS=${EPCACHE%/*}/tests/fault/hangfs

setup() {
	work_begin
	needs_mounts
	if [ ! -x "$HANGFS" ] || [ ! -c /dev/fuse ]; then
		skip "needs libfuse 3 and /dev/fuse"
	fi
	# To be mounted over: a folder that was not there before is not left behind.
	MADE_CONF=$([ -e /etc/epcache ] || echo yes)
	mkdir -p "$WORK"/{source,hangs,etc/epcache}
	dist "$SITE/foo-1.dist-info" '[g]\na = m:x\n'
	dist "$WORK/source/bar-1.dist-info" '[g]\nb = n:y\n'
	printf '%s\n' "Directory=$SITE" "Directory=$WORK/hangs" TimeoutSec=2 \
		>"$WORK/etc/epcache/epcache.conf"
}

teardown() {
	[ -z "${MADE_CONF-}" ] || rmdir --ignore-fail-on-non-empty /etc/epcache 2>/dev/null || :
	work_end
}

# with_hanging WHAT SCRIPT - a script of bash, where $WORK/hangs does not answer WHAT; its
# /var and /etc/epcache are the test's own.  What it takes is limited, for want of an end.
with_hanging() {
	HANGFS=$HANGFS WORK=$WORK SITE=$SITE run --separate-stderr on_own_var bash -c '
		mkdir -p /etc/epcache && mount --bind "$WORK/etc/epcache" /etc/epcache || exit 77
		"$HANGFS" "$WORK/source" "$WORK/hangs" "$1" >/dev/null 2>&1 3>&- &
		for ((i = 0; i < 500; i++)); do
			! grep -q "$WORK/hangs fuse" /proc/self/mounts || break
			sleep 0.02
		done
		trap "kill -KILL $!" EXIT
		limited() { timeout -k 5 200 "$EPCACHE" "$@"; }
		eval "$2"' bash "$1" "$2"
}

# state_of DIR - what the last refresh made of it.
state_of() {
	"$PYTHON" -I -S -c 'import json, sys
dirs = json.load(open(sys.argv[1]))["last_refresh"]["directories"]
print(*[d["result"] for d in dirs if d["directory"] == sys.argv[2]])' \
		"$WORK/var-lib/epcache/state.json" "$1"
}

hangs_for_a_trigger() {
	mkdir -p "$WORK/var-cache/epcache"
	: >"$WORK/var-cache/epcache/$(basename "$(cache_file "$WORK/hangs")")"
	with_hanging "$1" 'limited trigger dpkg'
	[ "$status" -eq 0 ] || { echo "$status $stderr"; return 1; }
	[[ $stderr == 'epcache: 1 of '*' directories are without a cache '* ]]
	[ "$(state_of "$WORK/hangs")" = failed ]
	[ "$(state_of "$SITE")" = written ]
	[ ! -e "$WORK/var-cache/epcache/$(basename "$(cache_file "$WORK/hangs")")" ]
}

hangs_for_a_reader() {
	with_hanging "$1" '
		limited query g --path "$SITE" --path "$WORK/hangs" || echo "query $?"
		limited verify "$SITE" "$WORK/hangs"; echo "verify $?"'
	[ "$status" -eq 0 ] || { echo "$status $stderr"; return 1; }
	[ "${lines[0]}" = "a${TAB}m:x${TAB}foo 1" ]
	[[ $stderr == *"'$WORK/hangs' does not answer"* ]]
	[[ $output == *'query 4'* && $output == *'verify 1'* ]]
}

@test "a trigger, where a directory does not give attributes" {
	hangs_for_a_trigger stat
}

@test "a trigger, where a directory does not give a list" {
	hangs_for_a_trigger list
}

@test "a trigger, where a directory does not give a file" {
	hangs_for_a_trigger open
}

@test "a trigger, where a directory does not give anything" {
	hangs_for_a_trigger all
}

@test "a query and verify, where a directory does not give a list" {
	hangs_for_a_reader list
}

@test "a query and verify, where a directory does not give a file" {
	hangs_for_a_reader open
}

@test "a query and verify, where a directory does not give anything" {
	hangs_for_a_reader all
}

@test "a refresh of the system, and the actions: they end, the others are done" {
	with_hanging all '
		limited refresh --system; echo "refresh $?"
		limited actions run; echo "actions $?"
		limited clean; echo "clean $?"'
	[[ $output == *'refresh 1'* && $output == *'actions 0'* && $output == *'clean '* ]] ||
		{ echo "$output $stderr"; return 1; }
	[[ $stderr == *"'$WORK/hangs' does not answer"* ]]
	[ "$(state_of "$SITE")" = written ]
}

@test "what Exclude= names is not looked at" {
	printf 'Exclude=%s\n' "$WORK/hangs" >>"$WORK/etc/epcache/epcache.conf"
	with_hanging all 'limited trigger dpkg'
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "$(state_of "$SITE")" = written ]
}

# LDAP or SSSD without a network, or in the middle of their own upgrade.
@test "a name service that does not answer is not waited for" {
	[[ $EPCACHE != */asan/* ]] || skip "ASan has a look at each library"
	command -v cc >/dev/null || skip "needs a compiler"
	printf '%s\n' '#include <nss.h>' '#include <pwd.h>' '#include <unistd.h>' \
		'enum nss_status _nss_slow_getpwnam_r(const char *n, struct passwd *p, char *b,' \
		'size_t l, int *e) { (void)n; (void)p; (void)b; (void)l; *e = 0;' \
		'for (;;) sleep(1); }' >"$WORK/slow.c"
	cc -shared -fPIC -o "$WORK/libnss_slow.so.2" "$WORK/slow.c"
	printf 'passwd: files slow\n' >"$WORK/nsswitch"
	printf 'root:x:0:0::/root:/bin/sh\n' >"$WORK/passwd"
	printf '%s\n' "Directory=$SITE" User=nobody-has-this >"$WORK/etc/epcache/epcache.conf"
	WORK=$WORK run --separate-stderr on_own_var bash -c '
		mount --bind "$WORK/nsswitch" /etc/nsswitch.conf &&
		mount --bind "$WORK/passwd" /etc/passwd &&
		mkdir -p /etc/epcache && mount --bind "$WORK/etc/epcache" /etc/epcache &&
		LD_LIBRARY_PATH=$WORK exec timeout 100 "$EPCACHE" refresh --system'
	[ "$status" -eq 0 ]
	[[ $stderr == *"the name service does not tell who 'nobody-has-this' is"* ]]
	[ "$(state_of "$SITE")" = written ]
}
