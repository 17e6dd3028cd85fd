#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# escape.sh - a worker that was taken over can do nothing, and tells nothing that is
# believed; see escape.c.  EPCACHE names the tool, beside which escape is built.
# escape.sh --print - what each layer stops, as escape.table has it.
# With LONG a worker also tells as many bytes as an image may have.
#
# Everything is tried as root, as a user, and as a user who is root in a name space of
# his own.  What root tries without any layer would reach the machine: it is done in
# name spaces that end with this script.

# shellcheck disable=SC2016,SC2034 # of other shells; for rig.bash
set -u
cd "$(dirname "$0")/../.." || exit 1

if [ "$(id -u)" -eq 0 ] && [ -z "${ESCAPE_APART-}" ] && unshare -mu true 2>/dev/null; then
	ESCAPE_APART=1 exec unshare -mu bash "$0" "$@"
fi
. tests/fault/rig.bash

USER_ID=54321 # not the user of root's workers
COLUMNS=(descriptors limits no-new-privileges user capabilities private landlock seccomp)
TABLE=tests/fault/escape.table
SIGNALS='HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM XCPU XFSZ
	VTALRM PROF IO PWR SYS'
GOOD=(good-1 good-2 good-3) # directories that hold nothing bad

# --- who ---------------------------------------------------------------------------

# as WHO COMMAND... - run as who that is.
as() {
	local who=$1 become=()

	shift
	[ "$(id -u)" -ne 0 ] || become=(setpriv --reuid "$USER_ID" --regid "$USER_ID"
		--clear-groups)
	case $who in
	root) "$@" ;;
	user) "${become[@]}" "$@" ;;
	namespace) "${become[@]}" unshare -r "$@" ;;
	esac
}

# folder WHO - set FOLDER to a folder of his.
folder() {
	FOLDER=$WORK/$1
	mkdir -p "$FOLDER/cache"
	[ "$1" = root ] || [ "$(id -u)" -ne 0 ] ||
		chown "$USER_ID:$USER_ID" "$FOLDER" "$FOLDER/cache"
}

can_be() { # WHO
	[ "$1" != root ] || [ "$(id -u)" -eq 0 ] || return
	as "$1" test -x "$WORK/bin/escape" 2>/dev/null
}

# --- what is tried behind which layers ---------------------------------------------

# start WHO LAYERS - try all of $CALLS; the directories that hold nothing bad are among
# them.  What the tool says is $FOLDER/$LAYERS.out, its status the function's.
start() {
	local who=$1 layers=$2 what dirs

	dirs=("$FOLDER/good-1" "$FOLDER/layers.$layers/site")
	for what in "${CALLS[@]}"; do
		dirs+=("$FOLDER/$what.$layers/site")
		[ "$what" != mkdir ] || dirs+=("$FOLDER/good-2")
	done
	as "$who" "$WORK/bin/escape" refresh --cache-dir "$FOLDER/cache.$layers" "${dirs[@]}" \
		"$FOLDER/good-3" >"$FOLDER/$layers.out" 2>&1
}

# read_came LAYERS - set CAME to what came of each: "done", an errno, or words.
read_came() {
	local line name reason
	local form="^epcache: cannot refresh '$FOLDER/(.*)\\.$1/site': (.*)\$"

	declare -gA CAME=()
	while read -r line; do
		[[ $line =~ $form ]] || continue
		name=${BASH_REMATCH[1]}
		reason=${BASH_REMATCH[2]}
		case $reason in
		'Unknown error 2000') reason='done' ;;
		'Unknown error 1'*) reason=${reason#Unknown error 1} ;;
		'Unknown error 3'*) reason=${reason#Unknown error 3} ;;
		esac
		CAME[$name]=$reason
	done <"$FOLDER/$1.out"
}

make_good() { # FOLDER
	local name

	for name in "${GOOD[@]}"; do
		mkdir -p "$1/$name/a-1.dist-info"
		printf '[g]\na = m:x\n' >"$1/$name/a-1.dist-info/entry_points.txt"
	done
}

# file_of CACHE DIR - set FILE to the path of its cache file.
file_of() {
	FILE=${2#/}
	FILE=${FILE//-/\\x2d}
	FILE=$1/${FILE//\//-}.v1
}

# plant CACHE DIR... - what a refresh that does not come to an end has to take away.
plant() {
	local cache=$1 dir

	shift
	for dir; do
		file_of "$cache" "$dir"
		printf 'an old answer' >"$FILE"
	done
}

# judge_files - no cache file of what was tried is left.
judge_files() {
	local what

	why='a cache file is left'
	for what in "${CALLS[@]}"; do
		file_of "$FOLDER/cache.all" "$FOLDER/$what.all/site"
		[ ! -e "$FILE" ] || fault "$what"
	done
}

# judge_good WHO CACHE DIR [OPTION...] - the good directories are cached, and right.
judge_good() {
	local name

	for name in "${GOOD[@]}"; do
		why=$(as "$1" "$WORK/bin/epcache" verify --cache-dir "$2" "${@:4}" "$3/$name" 2>&1) ||
			fault "$name"
	done
}

# judge_trees - what was tried left no trace in any of the directories.
judge_trees() {
	local what tree

	tree_of() {
		(cd "$FOLDER/$1.all" && find . ! -name pid ! -name socket -printf '%P %y %m %U %G ' \
			\( -type d -printf '\n' -o -printf '%s %n\n' \) | sort)
	}
	tree=$(tree_of layers)
	why='the directory, or what is beside it, is changed'
	for what in "${CALLS[@]}"; do
		[ "$(tree_of "$what")" = "$tree" ] || fault "$what"
	done
}

# --- all layers --------------------------------------------------------------------

test_escape() { # WHO
	local who=$1 what possible=0 name

	as "$who" mkdir -p "$FOLDER/cache.all"
	for what in "${CALLS[@]}"; do
		plant "$FOLDER/cache.all" "$FOLDER/$what.all/site"
	done
	start "$who" none
	read_came none
	for what in "${CALLS[@]}"; do
		[ "${CAME[$what]-}" != 'done' ] || possible=$((possible + 1))
	done

	class_begin
	why='its status is not 1'
	start "$who" all
	[ $? -eq 1 ] || fault 'the refresh'
	read_came all
	LAYERS=$((10#${CAME[layers]-0}))
	for what in "${CALLS[@]}"; do
		judge_came "$what" "${CAME[$what]-nothing}"
	done
	judge_layers "$who" "$possible"
	judge_files
	judge_good "$who" "$FOLDER/cache.all" "$FOLDER"
	judge_trees
	name="nothing that a worker must not do can be done by $who's"
	if ! has_all; then
		skip "$name" 'without Landlock or seccomp'
		class_begin
	else
		class "$name, of which $possible can be done here without the layers"
	fi
}

# has_all - has this system both layers that can be missing?
has_all() {
	[ "$("$WORK/bin/escape" --landlock)" -gt 0 ] && [ -e /proc/sys/kernel/seccomp ]
}

judge_layers() { # WHO POSSIBLE
	local want=255

	[ "$1" = root ] || want=$((255 & ~8)) # there is no other user to be
	why="bits $LAYERS, not $want"
	[ "$LAYERS" -eq "$want" ] || fault 'the layers'
	why="only $2 of ${#CALLS[@]} can be done without any layer"
	[ "$2" -ge 50 ] || fault 'what is tried'
}

judge_came() { # WHAT RESULT
	points=$((points + 1))
	came_to "$(kind_of "$2")"
	why="came to '$2'"
	[[ $2 == [0-9]* || $2 == 'its reader ended early ('* ]] || fault "$1"
}

# kind_of RESULT - an errno by its name, where it is one that layers give.
kind_of() {
	case $1 in
	001) echo EPERM ;; 009) echo EBADF ;; 011) echo EAGAIN ;; 012) echo ENOMEM ;;
	013) echo EACCES ;; 024) echo EMFILE ;; [0-9]*) echo other errno ;;
	'its reader'*) echo killed ;; *) echo "$1" ;;
	esac
}

# --- one layer ---------------------------------------------------------------------

# print_table WHO - a row for each thing that can be done here without any layer.
print_table() {
	local who=$1 what column running=0
	declare -A row=() can=()

	[ -e "$FOLDER/none.out" ] || start "$who" none
	for column in "${COLUMNS[@]}"; do
		[ "$running" -lt "${JOBS:-2}" ] || wait -n
		running=$((running + 1))
		start "$who" "$column" &
	done
	wait
	read_came none
	for what in "${CALLS[@]}"; do
		can[$what]=${CAME[$what]-}
	done
	for column in "${COLUMNS[@]}"; do
		read_came "$column"
		for what in "${CALLS[@]}"; do
			[ "${CAME[$what]-}" = 'done' ] && row[$what]+=' -' || row[$what]+=' stops'
		done
	done
	for what in "${CALLS[@]}"; do
		[ "${can[$what]}" != 'done' ] || echo "$who $what${row[$what]}"
	done
}

# expected WHO - the table for the layers that are here; the number in the column of
# Landlock is the first of its ABIs that stops it.
expected() {
	local who=$1 abi

	abi=$("$WORK/bin/escape" --landlock)
	awk -v who="$who" -v abi="$abi" '
		$1 == who {
			$9 = $9 != "-" && $9 <= abi ? "stops" : "-"
			print
		}' "$TABLE"
}

test_table() { # WHO
	local who what row name want

	name="each layer stops of $1's what the table says"
	if ! has_all; then
		skip "$name" 'without Landlock or seccomp'
		return
	fi
	class_begin
	declare -A wanted=()
	while read -r who what row; do
		wanted[$what]=$row
	done < <(expected "$1")
	while read -r who what row; do
		# What only other machines let a user do has no row: all layers stop it.
		want=${wanted[$what]-}
		[ -n "$want" ] || continue
		points=$((points + 1))
		came_to stops
		why="is '$row', not '$want'"
		[[ $row =~ ^${want//\?/(-|stops)}$ ]] || fault "$who $what"
	done < <(print_table "$1")
	class "$name"
}

test_rows() {
	local what

	class_begin
	for what in "${CALLS[@]}"; do
		points=$((points + 1))
		came_to rows
		why='is not in the table'
		grep -qE "^(root|user) +$what " "$TABLE" || fault "$what"
	done
	class 'all that is tried is in the table'
}

# --- what is told, and how it ends -------------------------------------------------

GARBAGE='its reader told what is no cache file'
declare -A ENDS=(
	[closes]='its reader ended early (Killed)'
	[hangs]='not read within 1 s'
	[hangs-in-the-middle]='not read within 1 s'
	[says-not-dropped]="cannot give up root's rights"
	[writes-nowhere]='its reader ended early (Segmentation fault)'
	[traps]='its reader ended early ('
	[aborts]='its reader ended early ('
	[exhausts-the-stack]='its reader ended early (Segmentation fault)'
)

# root_of WHO - set ROOT to the top of a system in which a directory has one second.
root_of() {
	folder "$1"
	ROOT=$FOLDER/root
	as "$1" mkdir -p "$ROOT/etc/epcache" "$ROOT/cache" "$ROOT/x"
	as "$1" bash -c 'echo TimeoutSec=1 >"$1/etc/epcache/epcache.conf"' bash "$ROOT"
	make_good "$ROOT/x"
}

test_pipe() { # WHO
	local who=$1 what layers dirs=(/x/good-1) name said

	root_of "$who"
	class_begin
	as "$who" "$WORK/bin/epcache" refresh --root "$ROOT" --cache-dir /cache /x/good-1
	file_of "$ROOT/cache" /x/good-1
	cp "$FILE" "$ROOT/x/image"
	for what in "${PIPES[@]}" "${SIGNALED[@]}"; do
		layers=all
		[[ $what != signal-* ]] || layers=none
		dirs+=("/x/$what.$layers/site")
		[ "$what" != hangs ] || dirs+=(/x/good-2)
	done
	plant "$ROOT/cache" "${dirs[@]:1}"
	as "$who" "$WORK/bin/escape" refresh --root "$ROOT" --cache-dir /cache "${dirs[@]}" \
		/x/good-3 >"$FOLDER/pipe.out" 2>&1
	status=$?
	for what in "${PIPES[@]}" "${SIGNALED[@]}"; do
		points=$((points + 1))
		layers=all
		[[ $what != signal-* ]] || layers=none
		name=/x/$what.$layers/site
		said=$(grep -F "'$name'" "$FOLDER/pipe.out")
		file_of "$ROOT/cache" "$name"
		judge_pipe "$what" "$said"
	done
	why="status $status"
	[ "$status" -eq 1 ] || fault 'the refresh'
	judge_good "$who" /cache /x --root "$ROOT"
	class "what a worker of $who's tells or how it ends deceives nobody"
}

# Several at once that tell as much as may be told.
test_memory() {
	local what i memory most

	root_of root
	class_begin
	memory=$FOLDER/memory
	for what in holds-most tells-padded; do
		for i in 1 2 3 4; do
			mkdir -p "$ROOT/x/$i/$what.all/site"
			echo "Directory=/x/$i/$what.all/site" >>"$ROOT/etc/epcache/epcache.conf"
		done
	done
	ESCAPE_MEMORY=$memory "$WORK/bin/escape" trigger rpm --root "$ROOT" --cache-dir /cache \
		</dev/null >"$FOLDER/memory.out" 2>&1
	points=2
	came_to tries
	why=$(cat "$FOLDER/memory.out")
	[[ $why == *'8 of 8 directories are without a cache'* ]] || fault refused
	most=$(sort -n "$memory" | tail -n 1)
	why="took $most KiB"
	# It has heard one that is large, which would else prove nothing.
	[ "$most" -ge 20480 ] && [ "$most" -le 65536 ] && why=
	[ -z "$why" ] || fault 'memory of who refreshes'
	class "workers that tell much do not fill the memory of who listens"
}

# With a right file there, that nothing is to be done is believed only of who may find so.
test_unchanged() { # WHO
	local dir=/x/says-unchanged.all/site option

	class_begin
	as "$1" mkdir -p "$ROOT$dir"
	file_of "$ROOT/cache" "$dir"
	for option in --quiet --force; do
		points=$((points + 1))
		as "$1" "$WORK/bin/epcache" refresh --root "$ROOT" --cache-dir /cache "$dir"
		why=$(as "$1" "$WORK/bin/escape" refresh --root "$ROOT" --cache-dir /cache \
			"$option" "$dir" 2>&1)
		came_to tries
		[ "$option" = --quiet ] && [ -z "$why" ] && [ -e "$FILE" ] && continue
		[[ $option = --force && $why == *"$GARBAGE"* && ! -e $FILE ]] || fault "$option"
	done
	class "a worker of $1's that was to read in any case does not find nothing to do"
}

# judge_pipe WHAT SAID - was it seen for what it is?
judge_pipe() {
	local want=${ENDS[$1]-$GARBAGE}

	[[ $1 != signal-* ]] || want='its reader ended early ('
	why="said: $2"
	if [ "$1" = tells-and-stays ]; then
		# What it told was right.
		came_to believed
		[ -z "$2" ] || fault "$1"
		why=$(as "$who" "$WORK/bin/epcache" dump "$FILE" 2>&1 >/dev/null) || fault "$1"
		return
	fi
	came_to "${want%% (*}"
	[[ $2 == *"cannot refresh"*"$want"* && $2 != *'no signal'* ]] || fault "$1"
	why='a cache file is left'
	[ ! -e "$FILE" ] || fault "$1"
}

# --- from outside ------------------------------------------------------------------

# status_of PID KEY - from /proc.
status_of() {
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status" 2>/dev/null | tr '\t' ' '
}

# wait_until COMMAND... - until it is so; long enough for any machine.
wait_until() {
	local i

	for ((i = 0; i < 1000; i++)); do
		"$@" && return
		sleep 0.02
	done
	return 1
}

is_confined() { # PIDFILE
	[ -s "$1" ] && [ "$(status_of "$(cat "$1")" Seccomp)" = 2 ]
}

is_gone() { # PID
	[ ! -e "/proc/$1" ] || [[ $(status_of "$1" State) == Z* ]]
}

test_outside() { # WHO
	local who=$1 worker supervisor name="a worker of $1's, as others see it"

	if [ ! -e /proc/sys/kernel/seccomp ]; then
		skip "$name" 'without seccomp'
		return
	fi
	folder "$who"
	class_begin
	as "$who" bash -c 'echo $$ >"$1" && shift && exec "$@"' bash "$FOLDER/supervisor" \
		"$WORK/bin/escape" refresh --cache-dir "$FOLDER/cache.outside" \
		"$FOLDER/hangs.all/site" >"$FOLDER/outside.out" 2>&1 &
	points=1
	came_to worker
	why='it never came that far'
	if wait_until is_confined "$FOLDER/hangs.all/pid"; then
		worker=$(cat "$FOLDER/hangs.all/pid")
		judge_outside "$who" "$worker"
		read -r supervisor <"$FOLDER/supervisor"
		kill -KILL "$supervisor"
		why='it outlives who started it'
		wait_until is_gone "$worker" || fault worker
	else
		fault worker
	fi
	wait 2>/dev/null
	class "$name"
}

judge_outside() { # WHO PID
	local key want got

	while read -r key want; do
		got=$(status_of "$2" "$key")
		points=$((points + 1))
		why="is '$got', not '$want'"
		[ "$got" = "$want" ] || fault "$key"
	done <<-END
		NoNewPrivs 1
		CapInh 0000000000000000
		CapPrm 0000000000000000
		CapEff 0000000000000000
		CapAmb 0000000000000000
	END
	[ "$1" != root ] || judge_outside_root "$2"
	[ "$1" = user ] || return
	points=$((points + 1))
	why='its own user may look into it'
	! as user head -c 1 "/proc/$2/maps" >/dev/null 2>&1 || fault maps
}

judge_outside_root() { # PID
	local key want got number

	number=$(status_of "$1" Uid)
	number=${number%% *}
	points=$((points + 1))
	why="is $number, which somebody may have"
	if [ "$number" -lt $((0x78000000)) ] || [ "$number" -gt $((0x7bffffff)) ]; then
		fault Uid
	fi
	while read -r key want; do
		got=$(status_of "$1" "$key")
		points=$((points + 1))
		why="is '$got', not '$want'"
		[ "${got% }" = "$want" ] || fault "$key"
	done <<-END
		Uid $number $number $number $number
		Gid $number $number $number $number
		CapBnd 0000000000000000
		Groups
	END
	points=$((points + 1))
	why="holds $(readlink "/proc/$1/fd/"* | tr '\n' ' ')"
	[ "$(readlink "/proc/$1/fd/"* | sed 's/:.*//' | sort | tr '\n' ' ')" = \
		"$FOLDER/hangs.all/site pipe " ] || fault 'descriptors'
}

# --- what must be possible ---------------------------------------------------------

# scan WHO PROGRAM CACHE - refresh the trees of tests/fixtures; what it says is $CACHE.out.
scan() {
	as "$1" "$2" refresh --cache-dir "$3" "$FOLDER"/scan.*/*/site-packages >"$3.out" 2>&1
	echo "status $?" >>"$3.out"
}

test_scan() { # WHO LAYERS
	local case file

	folder "$1"
	class_begin
	as "$1" mkdir "$FOLDER/scan.$2"
	# The folder that this tree is in may be closed to others, as root's home is.
	[ -e "$WORK/fixtures" ] || cp -R tests/fixtures "$WORK/fixtures"
	chmod -R go=rX "$WORK/fixtures"
	for case in "$WORK"/fixtures/*/; do
		as "$1" bash "$WORK/fixtures/build.sh" "$case" \
			"$FOLDER/scan.$2/$(basename "$case")" >"$FOLDER/build.out" 2>&1
	done
	sleep 0.05 # for the stamps to settle in both
	scan "$1" "$WORK/bin/epcache" "$FOLDER/scan-all"
	scan "$1" "$WORK/bin/escape" "$FOLDER/scan-none"
	for file in "$FOLDER"/scan-all/*.v1; do
		points=$((points + 1))
		came_to files
		why='is another'
		cmp -s "$file" "${file/scan-all/scan-none}" || fault "${file##*/}"
	done
	why=$(diff -q "$FOLDER/scan-all.out" "$FOLDER/scan-none.out") || fault 'what is said'
	why='too few'
	[ "$points" -ge 100 ] || fault 'the trees'
	class "a scan by a worker of $1's is the same without the sandbox"
}

# --- all of it ---------------------------------------------------------------------

run_all() {
	local who

	test_rows
	for who in root user namespace; do
		if ! can_be "$who"; then
			skip "workers of $who's" 'cannot be had here'
			continue
		fi
		folder "$who"
		make_good "$FOLDER"
		test_escape "$who"
		[ "$who" = namespace ] || test_table "$who"
		test_pipe "$who"
		test_unchanged "$who"
		[ "$who" != root ] || test_memory
		test_outside "$who"
		case $who in
		root) test_scan root user ;;
		user) test_scan user none ;;
		esac
	done
}

tidy_up() {
	umount -R -l -q "$WORK" 2>/dev/null
	chmod -R u+rwX "$WORK"
	rm -rf --one-file-system "$WORK"
}

ulimit -c 0
WORK=$(mktemp -d "${TMPDIR:-/tmp}/epcache-fault-XXXXXX") || exit 1
trap tidy_up EXIT
# Which is quick, and goes with all that was mounted in it.
[ -z "${ESCAPE_APART-}" ] || mount -t tmpfs -o mode=755 none "$WORK" || exit 1
trap 'exit 1' HUP INT TERM
chmod 755 "$WORK"
WORK=$(cd "$WORK" && pwd -P)
export HOME=$WORK/home
mkdir "$HOME"
install -D -m 755 "$EPCACHE" "$WORK/bin/epcache" || exit 1
install -m 755 "$AIDS/escape" "$WORK/bin/escape" || exit 1

mapfile -t CALLS < <("$WORK/bin/escape" --list | grep -v '^pipe ')
mapfile -t PIPES < <("$WORK/bin/escape" --list | sed -n 's/^pipe //p')
SIGNALED=()
for name in $SIGNALS; do
	SIGNALED+=("signal-$(kill -l "$name")")
done
for who in root user; do
	can_be "$who" || continue
	folder "$who"
	[ "$(id -u)" -ne 0 ] || install -m 4755 "$AIDS/escape" "$FOLDER/setid"
done

if [ "${1-}" = --print ]; then
	for who in root user; do
		can_be "$who" || continue
		folder "$who"
		print_table "$who"
	done
	exit
fi
run_all
rig_end
