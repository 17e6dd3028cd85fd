# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# rig.bash - a directory that has changed since it was cached, and a judge of what
# became of its cache file.
#
#     . tests/fault/rig.bash
#     rig_begin
#     update_prepare; ...one refresh that goes wrong...; judge || fault 'where it did'
#     class "a class of faults"; ...
#     rig_end
#
# EPCACHE names the tool, beside which inject and the like are built.  $SITE is the
# directory, $CACHE the folder of its cache file, $NAME the name of that.  A class of
# faults is one test; its failures are told as comments, the first few of them.

# shellcheck disable=SC2034 # for the files that read this

EPCACHE=$(realpath "${EPCACHE:-build/epcache}") || exit 1
AIDS=$(dirname "$EPCACHE")/tests/fault
TOLD_MAX=5
LEFTOVER=.tmp-0123456789abcdef # of a writer that was killed
count=0
failed=0

# What decides an answer is this file, not the shell of whoever runs it.
for name in $(compgen -e); do
	case $name in
	EPCACHE_*|VIRTUAL_ENV|XDG_*|LD_*|MALLOC_*|GLIBC_*) unset "$name" ;;
	esac
done
export LC_ALL=C
umask 022

# --- what is printed ---------------------------------------------------------------

# fault WHERE - tell that something is wrong there, see $why; the class has failed.
fault() {
	wrong=$((wrong + 1))
	[ "$wrong" -gt "$TOLD_MAX" ] || told+="# $1: $why"$'\n'
}

tell() { # ok|not-ok NAME
	count=$((count + 1))
	[ "$1" = ok ] || failed=$((failed + 1))
	echo "${1/-/ } $count - $2"
}

skip() { # NAME REASON
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

# class NAME - the faults since the last class are one test; what they came to is told.
class() {
	local name="$1: $points points" key keys

	mapfile -t keys < <(printf '%s\n' "${!came_to[@]}" | sort)
	for key in "${keys[@]}"; do
		name+=", ${came_to[$key]-} $key"
	done
	[ "$points" -gt 0 ] || { wrong=1 told=$'# nothing was tried\n'; }
	if [ "$wrong" -eq 0 ]; then
		tell ok "$name"
	else
		tell not-ok "$name; $wrong of them are wrong"
		printf %s "$told"
	fi
	class_begin
}

# can_inject [OPTION...] - can inject do that on this machine?
can_inject() {
	local status=0

	"$AIDS/inject" -a 0.close.1000000 "$@" true 2>"$WORK/said" || status=$?
	[ "$status" -ne 126 ] || return 1
	[ "$status" -eq 0 ] || { tell not-ok "inject: $(cat "$WORK/said")" && rig_end && exit 1; }
}

# missed POINT - how often a process waits and reads is not the same each time; all
# else that is not there any more is a fault.
missed() {
	case $1 in
	*.read.*|*.poll.*|*.ppoll.*|*.restart_syscall.*) return ;;
	*.wait4.*|*.waitid.*|*.clock_nanosleep.*) return ;;
	esac
	why='it was not reached'
	fault "$1"
}

# came_to WHAT - count it, for the class.
came_to() {
	came_to[$1]=$((${came_to[$1]-0} + 1))
}

class_begin() {
	points=0
	wrong=0
	told=
	declare -gA came_to=()
}

rig_end() {
	echo "1..$count"
	[ "$failed" -eq 0 ]
}

# --- the directory -------------------------------------------------------------------

add_dist() { # NAME TEXT
	mkdir -p "$SITE/$1-1.0.dist-info"
	printf %b "$2" >"$SITE/$1-1.0.dist-info/entry_points.txt"
}

# The answer of the directory as it is now, sorted.
truth() {
	printf 'group\t%s\n' $'one\tpkg.one:main\tfirst 1.0' $'three\tpkg.three:main\tthird 1.0' \
		$'two\tpkg.two:changed\tsecond 1.0' | sort
}

epc() { # COMMAND [ARG...] - with the cache folder of the rig
	"$EPCACHE" "$1" --cache-dir "$CACHE" "${@:2}"
}

query() {
	epc query --all --path "$SITE" "$@"
}

# rig_begin - a folder of this test alone, which other users may enter, is $WORK.
rig_begin() {
	WORK=$(mktemp -d "${TMPDIR:-/tmp}/epcache-fault-XXXXXX") || exit 1
	trap 'rm -rf --one-file-system "$WORK"' EXIT
	trap 'exit 1' HUP INT TERM
	chmod 755 "$WORK"
	WORK=$(cd "$WORK" && pwd -P)
	export HOME=$WORK/home
	mkdir "$HOME"
	rig_make "$WORK"
	class_begin
}

# rig_make FOLDER - the directory in there, its old cache file, and the new.
rig_make() {
	SITE=$1/site
	CACHE=$1/cache
	declare -gA judged=()
	add_dist first '[group]\none = pkg.one:main\n'
	add_dist second '[group]\ntwo = pkg.two:main\n'
	add_dist plain ''
	rm "$SITE/plain-1.0.dist-info/entry_points.txt"
	epc refresh "$SITE" || exit 1
	NAME=$(cd "$CACHE" && echo *.v1)
	cp "$CACHE/$NAME" "$WORK/old"

	add_dist second '[group]\ntwo = pkg.two:changed\n'
	add_dist third '[group]\nthree = pkg.three:main\n'
	query --check live >"$WORK/live"
	diff <(sort "$WORK/live") <(truth) >&2 || exit 1
	epc refresh "$SITE" || exit 1
	cp "$CACHE/$NAME" "$WORK/new"
}

# What a refresh finds: an old file, and what a killed one has left.
update_prepare() {
	rm -f "$CACHE"/.tmp-*
	cp "$WORK/old" "$CACHE/$NAME"
	: >"$CACHE/$LEFTOVER"
}

# What a first refresh finds: no folder.
first_prepare() {
	rm -rf "$CACHE"
}

# --- the judge -----------------------------------------------------------------------

# state - set $file to what the cache file is, $state to all that is in the folder.
state() {
	local path=$CACHE/$NAME tmp=0 entry

	if [ ! -e "$path" ]; then
		file=none
	elif cmp -s "$path" "$WORK/new"; then
		file=new
	elif cmp -s "$path" "$WORK/old"; then
		file=old
	elif epc verify "$SITE" >"$WORK/verify" 2>&1; then
		file=new # its tokens are others where clocks are coarse
	elif epc dump "$path" >"$WORK/out" 2>&1; then
		file=partial # whole, of a directory that could not be read whole
	else
		file=damaged
	fi
	for entry in "$CACHE"/.tmp-*; do
		[ ! -e "$entry" ] || tmp=$((tmp + 1))
	done
	state="$file, mode $(stat -c %a "$path" 2>/dev/null), $tmp leftovers"
	[ -d "$CACHE" ] || state+=', no folder'
}

# judge - is the cache file old or new, or of what could be read, and whole, or none; is
# the answer right, and will the next refresh succeed and tidy up?  Else $why says what
# is wrong.  What was found in a state of the folder is found again in the same, so it is
# looked at once.
judge() {
	state
	points=$((points + 1))
	came_to "$file"
	if [ -z "${judged[$state]-}" ] || [ -n "${LONG-}" ]; then
		judge_state
		judged[$state]=${why:-right}
	fi
	why=${judged[$state]}
	[ "$why" = right ]
}

judge_state() {
	why=
	case $file in
	damaged)
		why='the cache file is neither old nor new' ;;
	new)
		epc verify "$SITE" >"$WORK/out" 2>&1 || why="verify: $(tail -n 1 "$WORK/out")" ;;
	esac
	[ "$file" = none ] || epc dump "$CACHE/$NAME" >"$WORK/out" 2>&1 ||
		why="dump: $(tail -n 1 "$WORK/out")"
	query >"$WORK/out" 2>"$WORK/err" || why="query: status $?"
	cmp -s "$WORK/out" "$WORK/live" || why='the answer is wrong'
	[ "$file" != new ] || [ ! -s "$WORK/err" ] || why="query: $(cat "$WORK/err")"
	next_refresh
}

next_refresh() {
	local there

	epc refresh "$SITE" >"$WORK/out" 2>&1 ||
		why="the next refresh: status $?, $(tail -n 1 "$WORK/out")"
	# What finds nothing to write takes no lock, without which nothing is tidied up.
	[ "$file" != new ] || epc clean >"$WORK/out" 2>&1 || why="clean: $(tail -n 1 "$WORK/out")"
	there=$(cd "$CACHE" && find . -mindepth 1 -printf '%P %m\n' | sort | tr '\n' ' ')
	[ "$there" = ".lock 600 $NAME 644 " ] || why="after the next refresh there is: $there"
	epc verify "$SITE" >"$WORK/out" 2>&1 || why='after the next refresh the file is wrong'
}
