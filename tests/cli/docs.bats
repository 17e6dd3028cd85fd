# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What --help lists is in the manual page, in each completion, and in a test; the
# completions work; the example of libepcache(3) compiles and does what it says.

load lib

setup() {
	work_begin
	CORE=$BATS_TEST_DIRNAME/../../core
	MAN=$CORE/man/epcache.1
}

teardown() {
	work_end
}

# commands - those of the table.
commands() {
	"$EPCACHE" --help | sed -n 's/^  \([a-z][a-z]*\)  *.*/\1/p'
}

# options COMMAND - its long options, with their dashes.
options() {
	"$EPCACHE" "$1" --help | sed -n 's/^  \(-.,\|   \) *\(--[a-z-]*\).*/\2/p'
}

# each FUNCTION - call it with each command and each of its options; say which fail.
each() {
	local command option bad=0 seen=0

	for command in $(commands); do
		for option in $(options "$command"); do
			seen=$((seen + 1))
			"$1" "$command" "$option" && continue
			echo "$1: 'epcache $command' and $option"
			bad=1
		done
	done
	[ "$seen" -ge 20 ] && [ "$bad" -eq 0 ]
}

# has_word TEXT WORD - by grep: bash is slow at patterns over a whole page.
has_word() {
	grep -qE -- "(^|[[:space:]])$2([[:space:]]|\$)" <<<"$1"
}

# --- what there is to be documented -------------------------------------------------

@test "--help lists the commands, and each command its options" {
	[ "$(commands | wc -l)" -ge 7 ]
	[[ $(commands) == *refresh*query* ]]
	has_word "$(options query)" --path
	has_word "$(options query)" --null
	has_word "$(options refresh)" --help
}

@test "each command has --help, -h and --version" {
	local command

	for command in $(commands); do
		[ "$("$EPCACHE" "$command" --version)" = "$("$EPCACHE" --version)" ]
		[[ $("$EPCACHE" "$command" --help) == "usage: epcache $command "* ]]
		[ "$("$EPCACHE" "$command" -h)" = "$("$EPCACHE" "$command" --help)" ]
	done
}

@test "--help fits 80 columns" {
	local command

	for command in '' $(commands); do
		# shellcheck disable=SC2086 # none is no word
		run "$EPCACHE" $command --help
		[ "$status" -eq 0 ]
		! grep -E '.{80}' <<<"$output" || { echo "of: $command"; return 1; }
	done
}

# --- the manual pages ---------------------------------------------------------------

# section FILE TITLE - the source of a subsection.
section() {
	awk -v title="$2" '/^\.S[hs] / { on = $0 == ".Ss " title } on' "$1"
}

in_man() {
	{ section "$MAN" "$1"; section "$MAN" 'Options of every command'; } |
		grep -Eq "^\\.(It|Op)? ?(Fl|.* Fl|Fl .* ,) (-?[a-z0-9]+ , )*-${2#--}( |\$)"
}

@test "epcache(1) has a section for each command" {
	local command

	for command in $(commands); do
		section "$MAN" "$command" | grep -q "^\\.Cm $command"
		grep -q "^\\.Cm $command\$" <(sed '/^\.Sh DESCRIPTION/q' "$MAN")
	done
}

@test "epcache(1) has each option of each command" {
	each in_man
}

@test "epcache(1) has no option that is not there" {
	local all word words

	all=$(for word in $(commands); do options "$word"; done)
	mapfile -t words < <(grep -Eo '^\.(It|Op) Fl .*' "$MAN" | grep -Eo -- '-[a-z-]{2,}')
	[ "${#words[@]}" -ge 20 ]
	for word in "${words[@]}"; do
		has_word "$all --version" "-$word" || {
			echo "not there: -$word"
			false
		}
	done
}

@test "libepcache(3) has each function that is exported" {
	local name names

	mapfile -t names < <(sed -n 's/^\t\(epc_[a-z0-9_]*\);$/\1/p' \
		"$CORE/lib/libepcache.map")
	[ "${#names[@]}" -ge 50 ]
	for name in "${names[@]}"; do
		grep -q "^\\.Fn $name " "$CORE/man/libepcache.3" || {
			echo "no $name"
			false
		}
	done
}

@test "epcache.conf(5) has each key" {
	local key keys

	mapfile -t keys < <(sed -n 's/.*\[CONF_[A-Z_]*\] = { "\([A-Za-z]*\)".*/\1/p' \
		"$CORE/cli/conf-parse.c")
	[ "${#keys[@]}" -ge 7 ]
	for key in "${keys[@]}"; do
		grep -q "^\\.It Ic $key Ns = Ns " "$CORE/man/epcache.conf.5" || {
			echo "no $key"
			false
		}
	done
}

@test "README has each module of the library, and each command" {
	local readme=$CORE/../README.md modules file command

	modules=$(sed -n 's/^| \([a-z, ]*\) | .*/\1/p' "$readme" | tr ',' ' ')
	for file in "$CORE"/lib/*.[ch]; do
		file=$(basename "${file%.*}")
		case $file in epcache | *-*) continue ;; esac
		has_word "$modules" "$file" || {
			echo "no module $file"
			false
		}
	done
	for command in $(commands); do
		grep -q "^| .epcache $command. | " "$readme"
	done
}

@test "the example of libepcache(3) compiles and prints entry points" {
	local lib flags

	command -v "${CC:-cc}" >/dev/null || skip "needs a compiler"
	lib=$(dirname "$EPCACHE")/libepcache.a
	[ -e "$lib" ] || skip "needs $lib"

	# The archive may be a flavour that needs its run-time library.
	flags=$(grep -Eo -- '-fsanitize=[a-z,]+' "$(dirname "$EPCACHE")/flags") || :
	example >example.c
	# shellcheck disable=SC2086
	"${CC:-cc}" -std=c99 -Wall -Wextra -Wpedantic -Werror -I "$CORE/lib" $flags \
		-o example example.c "$lib"

	dist site/foo-1.dist-info '[g]\na = m:x\n[h]\nb = m:y\n'
	dist site/bad-1.dist-info '[g]\nnonsense\n'
	run --separate-stderr ./example g "$WORK/site"
	[ "$status" -eq 0 ]
	[ "$output" = "a = m:x (foo)" ]
	says 1 "$WORK/site/bad-1.dist-info/entry_points.txt: "
	run ./example
	[ "$status" -eq 2 ]
}

# --- the tests ----------------------------------------------------------------------

# given - "COMMAND OPTION" for each option that a test gives to a command, by the line
# that does so: one with the tool, the command and the option in it, or with the option
# and a function of that file which hands its arguments on to the command.  A variable of a
# loop stands for all its words.
given() {
	"$PYTHON" -I -S - "$BATS_TEST_DIRNAME" <<-'END'
	import pathlib, re, sys
	called = re.compile(r"""(?:(?<!\w)epcache|EPCACHE\}?"?|"\$tool")\s+([a-z]+)\b([^|;)]*)""")
	defined = re.compile(r"^(\w+)\(\) \{\n(.*?)^\}", re.M | re.S)
	test = re.compile(r"^@test .*?^\}", re.M | re.S)
	loop = re.compile(r"\bfor (\w+) in (.*?); do")
	option = re.compile(r"""(?<![\w-])(--[a-z][a-z-]*|-[0a-z]+)(?=$|[\s="'\])])""")

	def hands_on(body):
	    return {c for c, rest in called.findall(body) if re.search(r"\$[@*]", rest)}

	def unrolled(body):
	    words = dict(loop.findall(body))
	    for line in body.splitlines():
	        if not loop.search(line):
	            line = re.sub(r"\$(\w+)", lambda v: words.get(v[1], v[0]), line)
	        yield line

	folder = pathlib.Path(sys.argv[1])
	def read(path):
	    return path.read_text().replace("\\\n", " ")
	shared = "".join(map(read, sorted(folder.glob("*.bash"))))
	for path in folder.glob("*.bats"):
	    if path.name == "docs.bats":
	        continue
	    text = read(path)
	    bodies = test.findall(text) + [body for _, body in defined.findall(text)]
	    known = {name: hands_on(body) for name, body in defined.findall(shared + text)}
	    for line in (line for body in bodies for line in unrolled(body)):
	        for c, rest in called.findall(line):
	            for o in option.findall(rest):
	                print(c, o)
	        for word in re.finditer(r"(?<![\w/.-])(\w+)(?=\s)([^|;)]*)", line):
	            for c in known.get(word[1], ()):
	                for o in option.findall(word[2]):
	                    print(c, o)
	END
}

in_tests() {
	local short

	# Of each command, here.
	[[ $2 != --help && $2 != --version ]] || return 0

	short=$("$EPCACHE" "$1" --help | sed -n "s/^  \\(-.\\), $2[= ].*/\\1/p")
	grep -qx -e "$1 $2" ${short:+-e "$1 $short"} <<<"$GIVEN"
}

@test "each command, and each option given to it, is in a test" {
	GIVEN=$(given | sort -u)
	[ "$(wc -l <<<"$GIVEN")" -ge 40 ]
	each in_tests
}

# --- bash ---------------------------------------------------------------------------

# complete_bash WORD... - what bash would offer for the last word, a line each.
complete_bash() {
	PATH=$WORK/path:$PATH bash --norc -c '
		. "$1" && shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
		how=$(complete -p "$1") && [[ $how == *" -F _epcache "* ]] || exit
		_epcache "$1" "${!#}" "${COMP_WORDS[$# - 2]}"
		[ ${#COMPREPLY[@]} -eq 0 ] || printf "%s\n" "${COMPREPLY[@]}"' \
		bash "$CORE/completion/epcache.bash" "$@"
}

in_bash() {
	local offered

	offered=$(complete_bash epcache "$1" "$2")
	has_word "${offered//=/}" "$2" || return
	[ "$1" != refresh ] ||
		has_word "$(complete_bash refresh-entrypoints-cache "$2" | tr -d =)" "$2"
}

# on_path - make the tool be found as epcache, with a system of two entry points.
on_path() {
	mkdir path
	dist site/foo-1.dist-info '[group one]\nfirst = m:x\nsecond = m:y\n[other]\na = m:z\n'
	cat >path/epcache <<-END
		#!/bin/sh
		command=\$1
		shift
		exec "$EPCACHE" "\$command" --path="$WORK/site" "\$@"
	END
	chmod +x path/epcache
}

@test "bash completes the commands" {
	local command offered

	offered=$(complete_bash epcache '')
	for command in $(commands) --version --help; do
		has_word "$offered" "$command"
	done
	[ "$(complete_bash epcache expl)" = explain ]
}

@test "bash completes each option of each command" {
	each in_bash
}

@test "bash offers no option that a command does not have" {
	local command option

	for command in $(commands); do
		for option in $(complete_bash epcache "$command" -- | tr -d =); do
			has_word "$(options "$command")" "$option"
		done
	done
}

@test "bash completes values of options" {
	mkdir -p sub/one sub/two
	[ "$(complete_bash epcache query --check = s)" = strict ]
	[ "$(complete_bash epcache query --check '')" = "auto
strict
fast
live" ]
	[ "$(complete_bash epcache query --path = sub/o)" = sub/one ]
	[ "$(complete_bash epcache query --path = | grep sub)" = sub ]
	[ "$(complete_bash epcache status --root sub/t)" = sub/two ]
	[ "$(complete_bash epcache refresh --venv = sub/t)" = sub/two ]
}

@test "bash completes directories, groups and names" {
	on_path
	mkdir -p sub/one
	[ "$(complete_bash epcache verify sub/)" = sub/one ]
	[ "$(complete_bash refresh-entrypoints-cache sub/)" = sub/one ]
	[ "$(complete_bash epcache query '')" = 'group\ one
other' ]
	[ "$(complete_bash epcache query --check = live --path /x oth)" = other ]
	[ "$(complete_bash epcache explain 'group one' s)" = second ]
	[ -z "$(complete_bash epcache explain other a '')" ]
}

# no_argument FUNCTION - it offers nothing where a further argument is a usage error.
no_argument() {
	local line offered

	on_path
	mkdir -p sub
	for line in 'query --all' 'status --config' 'refresh --system' 'refresh --user' \
		'refresh --venv=sub' 'refresh --python python3' 'trigger rpm' 'dump sub' clean; do
		offered=$("$1" "epcache $line ")
		[ -z "$offered" ] || { echo "epcache $line: $offered"; return 1; }
	done
	[ -z "$("$1" 'refresh-entrypoints-cache --system ')" ]
	[ "$("$1" 'epcache query --python python3 ' | tail -1)" = other ]
	"$1" 'epcache refresh --force ' | grep -q '^sub/*$'
	"$1" 'epcache refresh -- ' | grep -q '^sub/*$'
}

line_bash() {
	# shellcheck disable=SC2086 # words
	complete_bash $1 ''
}

@test "bash offers no argument where none can be" {
	no_argument line_bash
}

# on_path_asked - make a tool be found as epcache that tells, in "asked", what it was
# given: an argument a line.
on_path_asked() {
	mkdir path
	cat >path/epcache <<-END
		#!/bin/sh
		printf '%s\n' "\$@" >"$WORK/asked"
	END
	chmod +x path/epcache
}

# asked WORD... - it was run, with exactly these.
asked() {
	diff asked <(printf '%s\n' "$@") && rm asked
}

@test "bash asks about the root, the cache folder and the directories that were typed" {
	on_path_asked
	complete_bash epcache query --root /r --cache-dir = /c --path /a --path = /b ''
	asked query --quiet --root=/r --cache-dir=/c --path=/a --path=/b --all
	complete_bash epcache explain --path = /a --check = live -v group ''
	asked query --quiet --path=/a -- group
	complete_bash epcache query --json -- --all ''
	asked query --quiet -- --all
}

@test "bash takes back the quoting of what was typed" {
	on_path_asked
	# shellcheck disable=SC2088 # bash gives a completion what was typed
	complete_bash epcache query --root '~/r' --path '/a\ b' --path = "'c d'\"'e'\"" \
		'group\ one' ''
	asked query --quiet "--root=$HOME/r" '--path=/a b' "--path=c d'e'" -- 'group one'
	rm -r path
	on_path
	[ "$(complete_bash epcache query 'group\ o')" = 'group\ one' ]
	[ "$(complete_bash epcache explain 'group\ one' s)" = second ]
}

@test "bash completes from the directories that were typed" {
	on_path
	dist other/bar-1.dist-info '[unlike]\nx = m:x\n'
	[ "$(complete_bash epcache query --path other u)" = unlike ]
	[ -z "$(complete_bash epcache query u)" ]
}

# shellcheck disable=SC2016 # that nothing expands is the point
@test "bash runs nothing that stands in a group's or an entry's name" {
	on_path
	dist "$SITE/evil-1.dist-info" '[$(touch pwned)]\n`touch pwned` = m:x\n'
	complete_bash epcache query ''
	complete_bash epcache query '$(touch pwned)' ''
	complete_bash epcache query --path '$(touch pwned)' --root '`touch pwned`' ''
	[ ! -e pwned ]
}

# --- zsh and fish -------------------------------------------------------------------

# complete_zsh COMMAND - the specifications that zsh's own functions are given for it.
complete_zsh() {
	zsh -f -c '
		_arguments() { print -rl -- "$@" }
		_describe() { print -rl -- "${(@P)2}" }
		words=("$@") CURRENT=$# service=$1
		. "$0"' "$CORE/completion/_epcache" "$@"
}

in_zsh() {
	complete_zsh epcache "$1" '' | grep -Eq -- "(^|[)*])$2=?(\[|\$)"
}

@test "zsh completes each command and option" {
	local command

	command -v zsh >/dev/null || skip "needs zsh"
	zsh -n "$CORE/completion/_epcache"
	for command in $(commands); do
		complete_zsh epcache '' | grep -q "^$command:"
	done
	each in_zsh
	[ "$(complete_zsh refresh-entrypoints-cache '')" = "$(complete_zsh epcache refresh '')" ]
}

# complete_fish LINE - what fish offers, without the descriptions.
complete_fish() {
	# shellcheck disable=SC2016
	HOME=$WORK/home PATH=$WORK/path:$PATH fish --no-config -c '
		source $argv[1]
		complete -C $argv[2]' "$CORE/completion/epcache.fish" "$1" | cut -f 1
}

in_fish() {
	has_word "$(complete_fish "epcache $1 $2" | tr -d =)" "$2" || return
	[ "$1" != refresh ] ||
		has_word "$(complete_fish "refresh-entrypoints-cache $2" | tr -d =)" "$2"
}

@test "fish completes each command and option" {
	command -v fish >/dev/null || skip "needs fish"
	fish --no-execute "$CORE/completion/epcache.fish"
	[ "$(complete_fish 'epcache ' | sort)" = "$(commands | sort)" ]
	each in_fish
	has_word "$(complete_fish 'epcache query --')" --all
	run ! has_word "$(complete_fish 'epcache verify --')" --all
}

@test "fish completes groups and names" {
	command -v fish >/dev/null || skip "needs fish"
	on_path
	[ "$(complete_fish 'epcache query o')" = other ]
	[ "$(complete_fish 'epcache explain --check live other ')" = a ]
}

@test "fish offers no argument where none can be" {
	command -v fish >/dev/null || skip "needs fish"
	no_argument complete_fish
}

@test "fish asks about the root, the cache folder and the directories that were typed" {
	command -v fish >/dev/null || skip "needs fish"
	on_path_asked
	complete_fish 'epcache query --root ~/r --cache-dir=/c --path "/a b" --path=/b '
	asked query --quiet "--root=$HOME/r" --cache-dir=/c '--path=/a b' --path=/b --all
	complete_fish 'epcache explain --path=~/a --check live -v group '
	asked query --quiet "--path=$HOME/a" -- group
	complete_fish 'epcache query --json -- --all '
	asked query --quiet -- --all
}

# ask_zsh LINE - press Tab behind a line, in a zsh on a terminal of its own.  What it is
# to say is spelled so that the echo of the command does not say it.
ask_zsh() {
	# shellcheck disable=SC2016
	PATH=$WORK/path:$PATH timeout 60 zsh -f -c '
		zmodload zsh/zpty && zpty shell "TERM=dumb zsh -f -i" || exit
		zpty -w shell "fpath=(${(q)1:h} \$fpath); autoload -U compinit; compinit -D"
		zpty -w shell "tab() { zle expand-or-complete; print tab-\${:-done} }"
		zpty -w shell "zle -N tab; bindkey ^I tab; print tab-\${:-ready}"
		zpty -r -m shell said "*tab-ready*"
		zpty -w -n shell "$2"$'"'\\t'"'
		zpty -r -m shell said "*tab-done*"' zsh "$CORE/completion/_epcache" "$1"
}

@test "zsh asks about the root, the cache folder and the directories that were typed" {
	command -v zsh >/dev/null || skip "needs zsh"
	on_path_asked
	ask_zsh 'epcache query --root ~/r --cache-dir=/c --path "/a b" --path=/b:c '
	asked query --quiet "--root=$HOME/r" --cache-dir=/c '--path=/a b' --path=/b:c --all
	ask_zsh 'epcache explain --path=~/a --check live -v group\ one '
	asked query --quiet "--path=$HOME/a" -- 'group one'
}

# Where zsh and fish are not installed, the text has to do.
@test "the files of zsh and fish name each command and option" {
	local command option zsh fish

	zsh=$(tr -s "'(){}[]=:*," ' ' <"$CORE/completion/_epcache")
	fish=$(tr -s "'()\"" ' ' <"$CORE/completion/epcache.fish")
	for command in $(commands); do
		has_word "$zsh" "$command"
		has_word "$fish" "$command"
		for option in $(options "$command"); do
			has_word "$zsh" "$option"
			has_word "$fish" "-l ${option#--}"
		done
	done
}
