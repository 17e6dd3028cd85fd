#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# arrows.sh - what may include what.  A file belongs to the module that its name
# begins with: scan.c, scan.h and scan-dist.c are the module scan.
set -u
cd "$(dirname "$0")/../.." || exit 1

# The headers that a module of core/lib may include beside its own.  The public
# face, named in $face, may include all of core/lib.
declare -A may=(
	[auto]=''
	[watch]=''
	[span]=''
	[format]=''
	[fresh]=''
	[uni]='span'
	[name]='span uni'
	[parse]='span uni'
	[stamp]='auto fresh'
	[store]='auto'
	[path]='auto format span'
	[root]='auto'
	[meta]='span'
	[scan]='auto fresh item name parse root span stamp uni'
	[item]='auto fresh meta name parse root scan span stamp uni' # the private half of scan
	[index]='auto format fresh span'
	[view]='auto format fresh span'
	[roster]='auto span view'
	[folder]='auto format fresh path root stamp store'
	[recent]='auto folder span view'
	[build]='fresh index roster scan stamp view'
	[check]='build fresh index roster scan stamp view'
	[select]='name view'
	[why]='scan view'
)
face=' answer clean ctx diff dir epcache image output refresh '
outside='epcache auto span store uni watch' # what the tools and the bindings may include of core/lib
status=0

# includes FILE - the headers that it names in quotes.
includes() {
	sed -n 's/^[ \t]*#[ \t]*include[ \t]*"\([^"]*\)".*/\1/p' "$1"
}

# module FILE - what it belongs to.
module() {
	local name=${1##*/}

	name=${name%.*}
	echo "${name%%-*}"
}

complain() {
	echo "$1: $2"
	status=1
}

# allow FILE HEADERS - each header it includes is in the list, or its module's own.
allow() {
	local header to

	for header in $(includes "$1"); do
		to=$(module "$header")
		[[ " $2 $(module "$1") " == *" $to "* ]] || complain "$1" "may not include $header"
	done
}

for file in core/lib/*.[ch]; do
	from=$(module "$file")
	[[ $face != *" $from "* ]] || continue
	if [[ -v "may[$from]" ]]; then
		allow "$file" "${may[$from]}"
	else
		complain "$file" "no module of the table in $0"
	fi
done

for file in core/cli/*.[ch] core/python/*.[ch] hooks/*/*.[ch]; do
	[ -e "$file" ] || continue
	for header in $(includes "$file"); do
		[[ ! -e core/lib/$header || " $outside " == *" ${header%.h} "* ]] ||
			complain "$file" "may not include core/lib/$header"
	done
done
exit $status
