# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Completion of epcache and refresh-entrypoints-cache for bash.

# _epcache_options COMMAND - its options; those that take a value end in "=".
_epcache_options() {
	case $1 in
	refresh) echo --system --user --venv= --python= --force --reproducible --dry-run ;;
	query) echo --path= --python= --all --dist= --check= --null --owner ;;
	explain) echo --path= --python= --check= ;;
	owner) echo --path= --python= --unowned ;;
	status) echo --owner --config ;;
	clean) echo --dry-run ;;
	actions) echo --force --dry-run ;;
	esac
	echo --root= --cache-dir= --version --help
	[ "$1" = trigger ] || echo --json --quiet --verbose
}

# _epcache_unquote WORD - into $word, what bash would make of it; but nothing in it is
# run, and no variable expanded.
_epcache_unquote() {
	local in=$1 quote='' c i

	word=
	[[ $in != \~/* ]] || word=$HOME in=${in#?}
	for ((i = 0; i < ${#in}; i++)); do
		c=${in:i:1}
		case $quote$c in
		"''" | '""') quote= ;;
		"'" | '"') quote=$c ;;
		"'"?) word+=$c ;;
		*\\) ((++i)) && word+=${in:i:1} ;;
		*) word+=$c ;;
		esac
	done
}

# _epcache_words FIRST - into $arguments, what precedes the cursor and is no option; into
# $where, the options among it that say what is to be read.
_epcache_words() {
	local i option word options=1

	arguments=() where=()
	for ((i = $1; i < COMP_CWORD; i++)); do
		option=${COMP_WORDS[i]}
		case $options$option in
		1--) options=0 ;;
		1--path | 1--python | 1--check | 1--dist | 1--venv | 1--root | 1--cache-dir)
			# Bash makes three words of --path=DIR.
			[ "${COMP_WORDS[i + 1]-}" != = ] || ((i++))
			((++i < COMP_CWORD)) || return
			_epcache_unquote "${COMP_WORDS[i]}"
			case $option in
			--path | --root | --cache-dir) where+=("$option=$word") ;;
			esac ;;
		1-*) ;;
		*)
			_epcache_unquote "$option"
			arguments+=("$word") ;;
		esac
	done
}

# _epcache_lines COMMAND... - complete with the lines that a command prints.  They come
# from other people's files: never given to compgen -W, which expands what it is given.
_epcache_lines() {
	local line word

	_epcache_unquote "$cur"
	while IFS= read -r line; do
		[[ $line != "$word"* ]] || COMPREPLY+=("$(printf %q "$line")")
	done < <("$@" 2>/dev/null | cut -f 1 | sort -u)
}

_epcache_files() {
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen "$@" -- "$cur")
}

# _epcache_value OPTION - what may follow it; false where it takes no value.
_epcache_value() {
	case $1 in
	--path | --venv | --root | --cache-dir) _epcache_files -d ;;
	--python) _epcache_files -c ;;
	--check) mapfile -t COMPREPLY < <(compgen -W 'auto strict fast live' -- "$cur") ;;
	*) return 1 ;;
	esac
}

# _epcache_stands_alone COMMAND FIRST - is there an option that takes the place of
# arguments?
_epcache_stands_alone() {
	local word

	for word in "${COMP_WORDS[@]:$2:COMP_CWORD - $2}"; do
		case $1$word in
		*--) return 1 ;;
		query--all | owner--unowned | status--config | refresh--system | refresh--user) return ;;
		refresh--venv* | refresh--python*) return ;;
		esac
	done
	return 1
}

# What follows "actions": a verb, and then a name or a file.
_epcache_action() {
	case ${#arguments[@]}${arguments[0]-} in
	0) mapfile -t COMPREPLY < <(compgen -W 'list run check output' -- "$cur") ;;
	1run | 1output) _epcache_lines epcache actions "${where[@]}" list ;;
	1check) _epcache_files -f ;;
	esac
}

_epcache_argument() {
	case $1 in
	refresh | status | verify) _epcache_files -d ;;
	trigger)
		[ ${#arguments[@]} -gt 0 ] ||
			mapfile -t COMPREPLY < <(compgen -W 'rpm pacman dpkg' -- "$cur") ;;
	actions) _epcache_action ;;
	dump) [ ${#arguments[@]} -gt 0 ] || _epcache_files -f ;;
	query | explain)
		case ${#arguments[@]} in
		0) _epcache_lines epcache query --quiet "${where[@]}" --all ;;
		1) _epcache_lines epcache query --quiet "${where[@]}" -- "${arguments[0]}" ;;
		esac ;;
	esac
}

_epcache() {
	local command=${COMP_WORDS[1]-} cur=${COMP_WORDS[COMP_CWORD]}
	local prev=${COMP_WORDS[COMP_CWORD - 1]} first=2 arguments where

	COMPREPLY=()
	if [[ ${COMP_WORDS[0]##*/} == refresh-entrypoints-cache ]]; then
		command=refresh first=1
	elif [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W 'refresh query explain status verify dump
			clean owner actions trigger --help --version' -- "$cur")
		return
	fi

	if [ "$cur" = = ]; then
		cur=
	elif [ "$prev" = = ]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	! _epcache_value "$prev" || return

	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_epcache_options "$command")" -- "$cur")
		[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null
		return
	fi
	! _epcache_stands_alone "$command" "$first" || return 0
	_epcache_words "$first"
	_epcache_argument "$command"
}

complete -F _epcache epcache refresh-entrypoints-cache
