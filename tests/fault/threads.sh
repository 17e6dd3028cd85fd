#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# threads.sh - run threads, built with the thread sanitizer of the first compiler that
# has one, beside the tool that EPCACHE names.
#
# That the sanitizer sees what it should is tried first, with a race made for it.
set -u
cd "$(dirname "$0")/../.." || exit 1

B=$(dirname "${EPCACHE:-build/epcache}")/tsan
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
flags=(-O1 -g -fsanitize=thread)

cat >"$work/race.c" <<'END'
#include <pthread.h>
static int shared;
static void *add(void *arg)
{
	for (int i = 0; i < 10000; i++)
		shared++;
	return arg;
}
int main(void)
{
	pthread_t a, b;

	return pthread_create(&a, 0, add, 0) || pthread_create(&b, 0, add, 0) ||
	       pthread_join(a, 0) || pthread_join(b, 0);
}
END

# On kernels that spread addresses far, older sanitizers cannot run without setarch.
run=()
! setarch -R true 2>/dev/null || run=(setarch -R)
export TSAN_OPTIONS=exitcode=66

# sees_races COMPILER - it has a sanitizer that runs here, and finds that one.
sees_races() {
	"$1" "${flags[@]}" -pthread -o "$work/race" "$work/race.c" 2>/dev/null || return
	"${run[@]}" "$work/race" >"$work/out" 2>&1
	[ $? -eq 66 ] && grep -q 'data race' "$work/out"
}

for cc in clang gcc; do
	sees_races "$cc" && break
	cc=''
done
if [ -z "$cc" ]; then
	echo 'ok 1 - threads # SKIP needs a compiler whose thread sanitizer runs here'
	echo '1..1'
	exit
fi
MAKEFLAGS='' "${MAKE:-make}" --no-print-directory -s -j2 B="$B" CC="$cc" FORTIFY= \
	CFLAGS="${flags[*]}" LDLIBS=-pthread "$B/tests/fault/threads" || exit 1
exec "${run[@]}" "$B/tests/fault/threads"
