#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# actions-hostile.sh - whatever an action tries, it stays in its mode, and nothing of it
# is left; see actions-hostile.c.  EPCACHE names the tool, beside which that is built.
#
# What is stopped is done as well without the layers that stop it, or the test would
# prove nothing.  Those that leave processes do it 50 times; with LONG 1,000 times.
#
# All of it happens in name spaces that end with this script.

# shellcheck disable=SC2016,SC2034 # of other shells; for rig.bash
set -u
cd "$(dirname "$0")/../.." || exit 1

SPACES=(-m -i -n -u -p -f --mount-proc)
if [ "$(id -u)" -eq 0 ] && [ -z "${HOSTILE_APART-}" ] && unshare "${SPACES[@]}" true 2>/dev/null; then
	HOSTILE_APART=1 exec unshare "${SPACES[@]}" bash "$0" "$@"
fi
. tests/fault/rig.bash

ROUNDS=${LONG:+1000}
ROUNDS=${ROUNDS:-50}
OWNER=games # in every /etc/passwd, and nobody's
PLACE=

# --- what it came to ---------------------------------------------------------------

hostile() {
	timeout 500 "$WORK/bin/hostile" "$@" 2>&1
}

# expect WHERE WANT OPTION... - each round comes to what the pattern says.
expect() {
	local where=$1 want=$2 line

	shift 2
	points=$((points + 1))
	came_to runs
	why='came to nothing'
	while read -r line; do
		why="came to '$line', not '$want'"
		[[ $line =~ ^[0-9]+\ ($want)$ ]] || break
		why=
	done < <(hostile "$@")
	[ -z "$why" ] || fault "$where"
}

# Files that anybody may write, and some that are the action's own.
make_place() {
	rm -rf --one-file-system "$WORK/place" "$SHM"
	PLACE=$WORK/place
	mkdir -p "$PLACE/mine" "$PLACE/theirs"
	touch "$PLACE/file" "$PLACE/theirs/file"
	echo 'Exec=/bin/true' >"$PLACE/registration"
	echo secret >"$PLACE/secret"
	chmod 777 "$PLACE"
	chmod 666 "$PLACE/file"
	chmod 600 "$PLACE/secret"
	chown -R "$OWNER" "$PLACE/mine" "$PLACE/theirs"
	cp "$AIDS/actions-hostile" "$WORK/bin/gain"
	chmod 4755 "$WORK/bin/gain"
}

# stops WANT WITHOUT ACT [ARG] - in each mode; and without these layers it is done.
stops() {
	local want="exited 0 ($1)" without=() layer

	for layer in $2; do
		without+=(-x "$layer")
	done
	shift 2
	expect "$1" "$want" "$@"
	expect "$1 as a user" "$want" -u "$OWNER" -w "$PLACE/mine" "$@"
	expect "$1 without ${without[*]}" 'exited 0 done' "${without[@]}" "$@"
	make_place
}

# --- what it may not do ------------------------------------------------------------

test_files() {
	local no='EACCES|EROFS|EPERM' files='landlock namespaces limits'

	class_begin
	stops "$no" "$files" write "$PLACE/file"
	stops "$no" "$files" truncate "$PLACE/file"
	stops "$no" "$files" create "$PLACE/new"
	stops "$no" "$files" create "$SHM"
	stops "$no" "$files seccomp" mkdir "$PLACE/new"
	stops "$no" "$files seccomp" unlink "$PLACE/file"
	stops "$no" "$files seccomp" symlink "$PLACE/new"
	stops "$no" "$files seccomp" mkfifo "$PLACE/new"
	stops "$no" "$files seccomp user" chmod "$PLACE/file"
	stops "$no" "$files seccomp user" touch "$PLACE/file"
	stops "$no" "$files seccomp user" replace "$PLACE/registration"
	stops "$no" user read "$PLACE/secret"
	stops "$no" user read /etc/shadow
	stops EPERM 'no-new-privileges namespaces landlock seccomp' gain "$WORK/bin/gain"
	# Either of two layers is enough, where the other is missing.
	expect 'write, without Landlock' 'exited 0 EROFS' -x landlock write "$PLACE/file"
	expect 'create, without Landlock' 'exited 0 EROFS' -x landlock -u "$OWNER" \
		-w "$PLACE/mine" create "$PLACE/theirs/new"
	expect 'create where it may, without Landlock' 'exited 0 done' -x landlock -u "$OWNER" \
		-w "$PLACE/mine" create "$PLACE/mine/new"
	expect 'write, without mounts of its own' 'exited 0 EACCES' -x namespaces write \
		"$PLACE/file"
	expect 'chmod, as a user' 'exited 0 EROFS' -u "$OWNER" -w "$PLACE/mine" chmod \
		"$PLACE/theirs/file"
	expect 'chmod, as a user, without mounts of its own' 'exited 0 done' -x namespaces \
		-u "$OWNER" -w "$PLACE/mine" chmod "$PLACE/theirs/file"
	class 'files that an action may not read or change'
}

test_machine() {
	class_begin
	"$WORK/bin/hostile" --act listen epcache-hostile >"$WORK/listens" &
	wait_until test -s "$WORK/listens"
	stops EPERM seccomp inet
	stops EPERM seccomp socketpair
	stops EPERM 'seccomp landlock namespaces' connect epcache-hostile
	stops ENOSYS seccomp memfd
	stops 'EPERM|ENOSYS' seccomp user-namespace
	stops 'EPERM|ENOSYS' seccomp clone-namespace
	stops EPERM seccomp keyring
	stops ENOSYS 'seccomp' shared-memory
	! "$WORK/bin/hostile" --act io-uring x | grep -qx 'done' ||
		stops ENOSYS 'seccomp limits' io-uring
	! "$WORK/bin/hostile" --act other-abi x | grep -qx 'done' ||
		stops ENOSYS seccomp other-abi
	kill %%
	class 'what an action may not ask of the kernel'
}

# victim - set VICTIM to a process of the user that filters are.
victim() {
	setpriv --reuid 65534 --regid 65534 --clear-groups sleep 500 &
	VICTIM=$!
	wait_until grep -q '^Uid:.65534' "/proc/$VICTIM/status"
}

test_others() {
	local rights='user capabilities landlock namespaces'

	class_begin
	victim
	# Its namespace has no such process, whatever else is missing.
	expect 'kill' 'exited 0 ESRCH' kill "$VICTIM"
	expect 'kill, with rights' 'exited 0 ESRCH' -x user -x capabilities -x landlock \
		kill "$VICTIM"
	expect 'trace' 'exited 0 EPERM' trace "$VICTIM"
	expect 'memory' 'exited 0 (ENOENT|EACCES|EPERM)' memory-of "$VICTIM"
	stops 'ENOENT|EACCES|EPERM' "$rights" memory-of 1
	expect 'kill all' 'exited 0 (done|ESRCH|EPERM)' kill-all
	why='was killed'
	kill -0 "$VICTIM" || fault 'a process of the same user'
	setpriv --reuid 65534 --clear-groups "$WORK/bin/hostile" --act kill-all x >"$WORK/out"
	why='is not killed by one that is not contained'
	wait_until is_gone "$VICTIM" || fault 'a process of the same user'
	expect 'kill the keeper' 'exited 0 EPERM' kill-parent
	class 'what an action may not do to others'
}

test_itself() { # of an epcache that is started by an action
	local rights='user capabilities landlock namespaces limits seccomp' tool=$WORK/bin/epcache

	class_begin
	mkdir -p "$WORK/itself/site/a-1.dist-info" "$WORK/itself/cache"
	stops failed "$rights" shell \
		"$tool refresh --cache-dir $WORK/itself/cache $WORK/itself/site"
	why='nothing was published without the layers'
	ls "$WORK"/itself/cache/*.v1 >/dev/null 2>&1 || fault 'a refresh'
	class 'a refresh that an action starts does nothing'
}

# --- how it ends -------------------------------------------------------------------

# leaves WANT OPTION... - many times: nothing is left.
leaves() {
	local want=$1

	shift
	hostile -n "$ROUNDS" "$@" >"$WORK/one.out"
	points=$((points + ROUNDS))
	came_to actions
	why="came to $(tr '\n' ';' <"$WORK/one.out")"
	grep -qxE "$ROUNDS ($want)" "$WORK/one.out" || fault "$*"
}

# A user's processes that no /proc shows, in another PID namespace, count for the kernel.
crowd() {
	setpriv --reuid 65534 --regid 65534 --clear-groups bash -c \
		'for ((i = 0; i < 200; i++)); do sleep 500 & done; echo all; wait' >"$WORK/crowd" &
	wait_until test -s "$WORK/crowd"
	for line in 'shell true' fork; do
		points=$((points + 1))
		came_to runs
		# shellcheck disable=SC2086 # words
		why=$(unshare -p -f --mount-proc "$WORK/bin/hostile" $line)
		[[ "$line $why" =~ ^('shell true 1 exited 0 done'|'fork 1 exited 0 EAGAIN')$ ]] ||
			fault "$line, beside a crowd"
	done
	setpriv --reuid 65534 --clear-groups "$WORK/bin/hostile" --act kill-all x >"$WORK/out"
	wait 2>/dev/null
}

test_processes() {
	class_begin
	leaves 'exited 0 EAGAIN' fork
	leaves 'exited 0 done' daemon
	leaves 'timed-out' -t 40 deaf
	leaves 'timed-out' -t 40 stopped
	leaves 'timed-out' -t 40 bomb
	expect 'a daemon, not contained' 'exited 0 survivor' -N daemon
	expect 'processes, not contained' 'exited 0 survivor' -N fork
	expect 'processes without limits' 'exited 0 done' -x limits fork
	crowd
	class 'runs of actions that leave processes behind leave none'
}

test_limits() {
	class_begin
	stops ENOMEM limits eat
	stops ENOSYS seccomp map shared
	stops ENOSYS seccomp map stack
	expect 'reserve' 'exited 0 done' reserve x
	expect fill too-much fill
	expect 'fill as a user' too-much -u "$OWNER" -w "$PLACE/mine" fill
	expect spin timed-out -t 200 spin
	expect sleep timed-out -t 200 sleep
	points=$((points + 1))
	why='more, or less, than the last 16 KiB is kept'
	hostile -p complain | grep -qx 'stderr 16384' || fault complain
	class 'an action ends at its limits'
}

test_signals() {
	local signal want time

	class_begin
	for signal in {1..31} 34 64; do
		want="signalled $signal"
		time=9000
		case $(kill -l "$signal") in
		CHLD|CONT|TSTP|TTIN|TTOU|URG|WINCH) want='exited 0' ;;
		STOP) want=timed-out time=300 ;;
		esac
		expect "signal $signal" "$want" -t "$time" signal "$signal"
	done
	expect status 'exited 77' exit 77
	class 'how an action ended is told'
}

is_gone() { # PID
	[ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null
}

wait_until() {
	local i

	for ((i = 0; i < 1000; i++)); do
		"$@" && return
		sleep 0.02
	done
	return 1
}

runs() { # MARK
	grep -qaF -- "$1" /proc/[0-9]*/cmdline 2>/dev/null
}

is_over() {
	! runs "$1"
}

test_orphan() {
	local runner

	class_begin
	points=$((points + 1))
	came_to runs
	"$WORK/bin/hostile" deaf &
	runner=$!
	why='it was never started'
	wait_until runs "hostile-$runner-" || fault start
	kill -KILL "$runner"
	why='it outlives who runs it'
	wait_until is_over "hostile-$runner-" || fault end
	wait 2>/dev/null
	class 'an action ends with who runs it'
}

# --- what it has -------------------------------------------------------------------

test_given() {
	local want

	class_begin
	want=$'PATH=/usr/sbin:/usr/bin:/sbin:/bin\nLC_ALL=C.UTF-8\nHOME=/nonexistent\nEPCACHE_API=1'
	points=1
	came_to runs
	why='is not what is promised'
	[ "$(BASH_ENV=x LD_PRELOAD='' hostile -p environment | sed '/^stderr/,$d')" = "$want" ] ||
		fault environment
	expect facts 'exited 0 cwd / umask 022 groups 0 uid 1 fds 0 1 2' facts 7</dev/null
	expect input 'exited 0 3000000' -i 3000000 input
	expect 'input, not read' 'exited 5' -i 3000000 exit 5
	expect 'input, changed' 'signalled 25' -i 10 forge-input
	expect 'input, changed without limits' 'exited 0 EPERM' -x limits -i 10 forge-input
	expect 'write /dev/null' 'exited 0 done' write /dev/null
	expect 'truncate /dev/null' 'exited 0 done' truncate /dev/null
	expect 'sh' 'exited 0 done' shell 'echo x | cat >/dev/null && (exit 0)'
	expect 'python' 'exited 0 done' \
		shell '/usr/bin/python3 -IBc "import json, threading, subprocess; subprocess.run([\"true\"], check=True)"'
	make_place
	expect create 'exited 0 done' -u "$OWNER" -w "$PLACE/mine" create "$PLACE/mine/new"
	expect 'create beside' 'exited 0 (EACCES|EROFS)' -u "$OWNER" -w "$PLACE/mine" \
		create "$PLACE/theirs/new"
	expect replace 'exited 0 done' -u "$OWNER" -w "$PLACE/mine" \
		shell "cd $PLACE/mine && echo 1 >a && mv a b && chmod 600 b && mkdir c && rmdir c"
	expect 'create beside, without layers' 'exited 0 done' -x landlock -x namespaces \
		-u "$OWNER" -w "$PLACE/mine" create "$PLACE/theirs/new"
	class 'what an action is given, and may do'
}

# With the capabilities of a container.
test_capabilities() {
	local name want said

	class_begin
	while read -r name want; do
		points=$((points + 1))
		came_to runs
		said=$(setpriv --bounding-set "-$name" "$WORK/bin/hostile" -p daemon | tr '\n' ' ')
		why="came to '$said'"
		[[ $said =~ $want ]] || fault "without CAP_${name^^}"
	done <<-END
		kill layer pid-namespace .*1 exited 0 done $
		sys_admin ^stderr 0 1 not-contained EPERM $
		setuid ^stderr 0 1 failed EPERM $
		setgid ^stderr 0 1 failed EPERM $
		all,+setuid,+setgid,+setpcap,+kill,+sys_admin layer pid-namespace .*1 exited 0 done $
	END
	class 'an action, with fewer capabilities'
}

test_refused() {
	local other

	class_begin
	expect 'root' 'failed EPERM' -u root -w "$PLACE/mine" exit 0
	expect 'nobody known' 'failed ESRCH' -u no-such-user -w "$PLACE/mine" exit 0
	expect 'a path that is not' 'failed ENOENT' -u "$OWNER" -w "$PLACE/none" exit 0
	ln -s mine "$PLACE/link"
	expect 'a path that is a link' 'failed (ENOTDIR|ELOOP)' -u "$OWNER" -w "$PLACE/link" exit 0
	expect 'the path of everything' 'failed EINVAL' -u "$OWNER" -w // exit 0
	expect 'the path of everything, by another name' 'failed EINVAL' -u "$OWNER" \
		-x namespaces -w /./ exit 0
	setpriv --reuid "$OWNER" --clear-groups sleep 500 &
	other=$!
	wait_until grep -q "^Uid:.$(id -u "$OWNER")" "/proc/$other/status"
	expect 'a filter, without a PID namespace' 'not-contained EPERM' -x pid-namespace exit 0
	expect 'a user, without a PID namespace' 'not-contained EPERM' -x pid-namespace \
		-u "$OWNER" -w "$PLACE/mine" exit 0
	expect 'a user who is not alone' 'exited 0' -u "$OWNER" -w "$PLACE/mine" exit 0
	why='was killed'
	kill "$other" 2>/dev/null || fault 'a process of the same user'
	points=$((points + 2))
	came_to runs
	why='is run for another than root'
	[ "$(setpriv --reuid 54321 --clear-groups "$WORK/bin/hostile" exit 0)" = '1 failed EPERM' ] ||
		fault 'a user'
	[ "$(setpriv --reuid 54321 --clear-groups unshare -r "$WORK/bin/hostile" exit 0)" = \
		'1 failed EPERM' ] || fault 'root of a name space'
	class 'what is not run'
}

# --- registered --------------------------------------------------------------------

# on_own_system COMMAND... - with an /etc, /var/cache and /var/lib of its own.
on_own_system() {
	unshare -m bash -c 'for dir in etc var/cache var/lib; do
			mount --bind "$1/$dir" "/$dir" || exit
		done
		# What is installed here, and systemd, which would run it, are none of it.
		for dir in /usr/lib/epcache /run/systemd; do
			[ ! -d "$dir" ] || mount -t tmpfs -o mode=755 none "$dir" || exit
		done
		shift && exec "$@"' bash "$WORK/system" "$@"
}

register() { # NAME ACT [ARG [KEY...]]
	local file=$WORK/system/etc/epcache/actions.d/$1.action

	echo "Exec=$WORK/bin/hostile --act $2 \"${3-x}\" registered" >"$file"
	[ $# -lt 4 ] || printf '%s\n' "${@:4}" >>"$file"
}

make_system() {
	local top=$WORK/system tool=$WORK/bin/epcache name

	mkdir -p "$top/etc/epcache/actions.d" "$top/var/cache" "$top/var/lib" \
		"$top/site/a-1.dist-info"
	for name in passwd group nsswitch.conf ld.so.cache shadow; do
		[ ! -e "/etc/$name" ] || cp -a "/etc/$name" "$top/etc"
	done
	echo "Directory=$top/site" >"$top/etc/epcache/epcache.conf"
	register 10-fork fork
	register 11-daemon daemon
	register 12-deaf deaf x TimeoutSec=1
	register 13-fill fill
	register 14-kill-all kill-all
	register 15-read read /etc/shadow
	register 16-again shell "$tool refresh --force $top/site || env -i $tool actions run"
	register 17-replace replace /etc/epcache/actions.d/10-fork.action
	register 18-output replace /var/cache/epcache/actions/10-fork
	register 19-crash signal 11
	register 20-user create "$PLACE/theirs/registered" Mode=user "User=$OWNER" \
		"WritablePath=$PLACE/mine"
	register 99-last exit 0
}

# published WANT - what each filter printed.
judge_published() {
	local name want got

	while read -r name want; do
		points=$((points + 1))
		came_to actions
		got=$(cat "$WORK/system/var/cache/epcache/actions/$name" 2>/dev/null || echo -)
		why="printed '$got', not '$want'"
		[[ $got =~ ^($want)$ ]] || fault "$name"
	done <<-END
		10-fork EAGAIN
		11-daemon done
		12-deaf -
		13-fill -
		15-read EACCES|EPERM
		16-again failed
		17-replace EACCES|EROFS|EPERM
		18-output EACCES|EROFS|EPERM
		19-crash -
		20-user -
		99-last
	END
}

test_registered() {
	local top=$WORK/system before round command

	class_begin
	make_system
	before=$(cat "$top/etc/epcache/actions.d/"*)
	for round in 1 2 3; do
		command=(refresh)
		[ "$round" != 2 ] || command=(trigger rpm)
		printf '[g]\na = m:x%s\n' "$round" >"$top/site/a-1.dist-info/entry_points.txt"
		why='does not succeed'
		on_own_system "$WORK/bin/epcache" "${command[@]}" >"$WORK/out" 2>&1 </dev/null ||
			fault "${command[*]}"
		why='has survivors'
		! runs registered || fault "${command[*]}"
		judge_published
		why='gives another answer'
		[ "$(on_own_system "$WORK/bin/epcache" query g --path "$top/site" 2>&1 | cut -f1-2)" = \
			"a"$'\t'"m:x$round" ] || fault query
	done
	why='is made'
	[ ! -e "$PLACE/theirs/registered" ] || fault 'a file'
	why='are changed'
	[ "$(cat "$top/etc/epcache/actions.d/"*)" = "$before" ] || fault registrations
	why='is not what becomes of those that failed'
	[ "$(on_own_system "$WORK/bin/epcache" actions list | grep -c quarantined)" -eq 3 ] ||
		fault quarantine
	class 'what is registered and does its worst disturbs neither a refresh nor others'
}

# For all of them there are 90 seconds: too long to be tried each time.
test_total() {
	local top=$WORK/system name got

	class_begin
	rm -rf "$top"
	make_system
	rm "$top/etc/epcache/actions.d/"*
	for name in 10 20 30; do
		register "$name-sleep" sleep x TimeoutSec=29
	done
	register 40-rest sleep x TimeoutSec=30
	register 50-none exit 0
	on_own_system "$WORK/bin/epcache" refresh >"$WORK/out" 2>&1 </dev/null
	got=$(on_own_system "$WORK/bin/epcache" actions list --json | tr -d '[:space:]' |
		grep -oE '"(result|failures)":[^,]*' | tr '\n' ' ')
	points=$((points + 5))
	came_to actions
	why="came to $got"
	[ "$got" = "$(printf '"result":"failed" "failures":1 %.0s' 1 2 3)$(
		printf '"result":"notrun" "failures":0 %.0s' 1 2)" ] || fault 'actions'
	class 'what is left of the time for all is no limit of its own'
}

# --- all ---------------------------------------------------------------------------

has_all() {
	local layer said

	said=$(hostile -p exit 0)
	for layer in pid-namespace namespaces read-only landlock seccomp; do
		grep -qx "layer $layer" <<<"$said" || return
	done
	getent passwd "$OWNER" >/dev/null
}

ulimit -c 0
WORK=$(mktemp -d "${TMPDIR:-/tmp}/epcache-fault-XXXXXX") || exit 1
SHM=/dev/shm/${WORK##*/} # of this run alone: it is the machine's
trap 'rm -rf --one-file-system "$WORK" "$SHM"' EXIT
trap 'exit 1' HUP INT TERM
chmod 755 "$WORK"
WORK=$(cd "$WORK" && pwd -P)
export HOME=$WORK/home
mkdir "$HOME"
install -D -m 755 "$EPCACHE" "$WORK/bin/epcache" || exit 1
install -m 755 "$AIDS/actions-hostile" "$WORK/bin/hostile" || exit 1
class_begin
if [ "$(id -u)" -ne 0 ] || [ -z "${HOSTILE_APART-}" ]; then
	skip 'hostile actions' 'needs root, and name spaces'
elif ! has_all; then
	skip 'hostile actions' 'without Landlock, seccomp, name spaces, or a user games'
else
	make_place
	for name in files machine others itself processes limits signals orphan given capabilities refused registered; do
		"test_$name"
	done
	[ -z "${LONG-}" ] || test_total
fi
rig_end
