#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# conf.bats - epcache.conf: which files count, what is said of them, what they do.

load systems
load tty
setup() {
	system_begin
	python /usr/lib 3.11
	folder /usr/lib/python3/dist-packages
	link python3.11 /usr/bin/python3
	PATHS=(/usr/bin /usr/lib/python3.11 /usr/lib/python3.11/lib-dynload
		/usr/lib/python3/dist-packages)
}
teardown() { system_end; }

VENDOR=/usr/lib/epcache
ADMIN=/etc/epcache

# shows KEY VALUE ORIGIN - "status --config" has such a line.
shows() {
	run --separate-stderr epcache status --config
	[ "$status" -eq 0 ]
	grep -qxF "$1	$2	$3" <<<"$output" || { echo "$output$stderr"; return 1; }
}

@test "without any file all is as by default" {
	shows User _epcache default
	shows Trigger yes default
	shows Actions yes default
	shows TimeoutSec 60 default
	[ -z "$stderr" ]
}

@test "each key, and where it comes from" {
	put $ADMIN/epcache.conf '# ours' User=me Directory=/srv/a Exclude=/srv/b \
		CheckFast=/srv/c TrustStamps=/srv/d Trigger=no Actions=no ' TimeoutSec = 30 '
	shows User me $ADMIN/epcache.conf:2
	shows Directory /srv/a $ADMIN/epcache.conf:3
	shows Exclude /srv/b $ADMIN/epcache.conf:4
	shows CheckFast /srv/c $ADMIN/epcache.conf:5
	shows TrustStamps /srv/d $ADMIN/epcache.conf:6
	shows Trigger no $ADMIN/epcache.conf:7
	shows Actions no $ADMIN/epcache.conf:8
	shows TimeoutSec 30 $ADMIN/epcache.conf:9
}

@test "a Directory= that does not exist is a row of status, unless it is excluded" {
	python /usr/lib 3.12
	mkdir -p "$ROOT/srv/here"
	put $ADMIN/epcache.conf Directory=/srv/here Directory=/srv/gone Directory=/srv/gone/ \
		Directory=/srv/out Exclude=/srv/out
	run --separate-stderr epcache status
	[ "$status" -eq 3 ]
	[ "$(grep -o '^/srv/[^	]*	[a-z]*' <<<"$output")" = "/srv/here	absent
/srv/gone	missing" ]
	[ -z "$stderr" ]
	# It is no failure of a refresh, and no difference.
	run --separate-stderr epcache refresh --system --verbose
	[ "$status" -eq 0 ]
	[[ $output$stderr != *gone* ]]
	run --separate-stderr epcache verify
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
}

@test "the same as JSON" {
	put $ADMIN/epcache.conf Directory=/srv/a Directory=/srv/b
	run --separate-stderr epcache status --config --json
	[ "$status" -eq 0 ]
	printf '%s' "$output" | "$PYTHON" -I -S -c '
import json, sys
rows = [tuple(row.values()) for row in json.load(sys.stdin)]
file = "/etc/epcache/epcache.conf:"
assert rows[0] == ("User", "_epcache", "default"), rows
assert rows[1:3] == [("Directory", "/srv/a", file + "1"), ("Directory", "/srv/b", file + "2")], rows'
}

@test "on a terminal they are columns, and the example of epcache.conf(5) fits 80" {
	put $ADMIN/epcache.conf.d/50-cluster.conf \
		Directory=/net/apps/lib/python3.11/site-packages Exclude=/srv/b
	tty NO_COLOR=1 "$EPCACHE" status --config --root "$ROOT"
	[ "$status" -eq 0 ]
	[ "$output" = "User         _epcache  default
Directory    /net/apps/lib/python3.11/site-packages
                       $ADMIN/epcache.conf.d/50-cluster.conf:1
Exclude      /srv/b    $ADMIN/epcache.conf.d/50-cluster.conf:2
CheckFast              default
TrustStamps            default
Trigger      yes       default
Actions      yes       default
TimeoutSec   60        default" ]
}

@test "the admin's file replaces the distribution's" {
	put $VENDOR/epcache.conf User=vendor Trigger=no
	shows User vendor $VENDOR/epcache.conf:1
	put $ADMIN/epcache.conf User=admin
	shows User admin $ADMIN/epcache.conf:1
	shows Trigger yes default
}

@test "drop-ins of both places count in the order of their names" {
	put $VENDOR/epcache.conf.d/20-b.conf User=b
	put $ADMIN/epcache.conf.d/10-a.conf User=a Trigger=no
	put $ADMIN/epcache.conf User=main
	shows User b $VENDOR/epcache.conf.d/20-b.conf:1
	shows Trigger no $ADMIN/epcache.conf.d/10-a.conf:2
}

@test "a drop-in is overridden by its name, and masked" {
	put $VENDOR/epcache.conf.d/a.conf User=vendor
	put $ADMIN/epcache.conf.d/a.conf User=admin
	shows User admin $ADMIN/epcache.conf.d/a.conf:1
	put $ADMIN/epcache.conf.d/a.conf
	shows User _epcache default
	link /dev/null $ADMIN/epcache.conf.d/a.conf
	shows User _epcache default
	[ -z "$stderr" ]
	rm "$ROOT$ADMIN/epcache.conf.d/a.conf"
	shows User vendor $VENDOR/epcache.conf.d/a.conf:1
}

@test "a list adds up, and an empty value begins it anew" {
	put $VENDOR/epcache.conf Directory=/srv/a Directory=/srv/b
	put $ADMIN/epcache.conf.d/a.conf Directory= Directory=/srv/c
	shows Directory /srv/c $ADMIN/epcache.conf.d/a.conf:2
	[[ $output != */srv/a* ]]
}

@test "an error names file and line, and the rest counts" {
	put $ADMIN/epcache.conf '' '' Foo=1 '[Epcache]' words Directory=here Trigger=maybe \
		TimeoutSec=0 User=root Actions=no
	shows Actions no $ADMIN/epcache.conf:10
	says "epcache: $ADMIN/epcache.conf:3: unknown key 'Foo'; see epcache.conf(5)" \
		"$ADMIN/epcache.conf:4: there are no sections in this file, remove '[Epcache]'" \
		"$ADMIN/epcache.conf:5: a line is Key=value, and there is no '=' in 'words'" \
		"$ADMIN/epcache.conf:6: Directory= must be an absolute path, not 'here'" \
		"$ADMIN/epcache.conf:7: Trigger= must be yes or no, not 'maybe'" \
		"$ADMIN/epcache.conf:8: TimeoutSec= must be a number from 1 to 3600, not '0'" \
		"$ADMIN/epcache.conf:9: User= must be the name or number of a user other than"
	shows Trigger yes default
}

@test "an error does not fail a refresh" {
	put $ADMIN/epcache.conf Foo=1
	refreshes "${PATHS[@]}"
	says "$ADMIN/epcache.conf:1: unknown key 'Foo'"
}

@test "a file that others may write to is said to be ignored" {
	put $VENDOR/epcache.conf User=vendor
	put $ADMIN/epcache.conf User=admin
	chmod 664 "$ROOT$ADMIN/epcache.conf"
	shows User vendor $VENDOR/epcache.conf:1
	says "$ADMIN/epcache.conf: ignored, since others than root may change it"
}

@test "a file of another user's is said to be ignored" {
	is_root || skip "needs root"
	put $ADMIN/epcache.conf User=admin
	chown 65534 "$ROOT$ADMIN/epcache.conf"
	shows User _epcache default
	says "$ADMIN/epcache.conf: ignored, since others than root may change it"
}

@test "a folder that others may write to is said to be ignored, and what is in it" {
	put $ADMIN/epcache.conf User=admin
	put $ADMIN/epcache.conf.d/a.conf User=drop-in
	chmod 777 "$ROOT$ADMIN/epcache.conf.d"
	shows User admin $ADMIN/epcache.conf:1
	says "$ADMIN/epcache.conf.d: ignored, since others than root may change it"
	chmod 777 "$ROOT$ADMIN"
	shows User _epcache default
	says "$ADMIN: ignored, since others than root may change it"
}

@test "what is no regular file, or too large, is said to be ignored" {
	folder $ADMIN/epcache.conf.d
	mkfifo "$ROOT$ADMIN/epcache.conf"
	mkdir "$ROOT$ADMIN/epcache.conf.d/folder.conf"
	head -c 65537 /dev/zero | tr '\0' '\n' >"$ROOT$ADMIN/epcache.conf.d/large.conf"
	shows User _epcache default
	says "$ADMIN/epcache.conf: ignored, since it is no regular file" \
		"folder.conf: ignored, since it is no regular file" \
		"large.conf: ignored, since it is larger than 65536 bytes"
}

@test "links to files stay inside of the root" {
	echo User=outside >"$OUTSIDE/conf"
	link "$OUTSIDE/conf" $ADMIN/epcache.conf
	link ../../../../../outside/conf $ADMIN/epcache.conf.d/a.conf
	shows User _epcache default
	put /srv/conf User=inside
	link /srv/conf $ADMIN/epcache.conf
	shows User inside $ADMIN/epcache.conf:1
}

@test "Directory= adds to refresh --system; what is not there is passed over" {
	folder /srv/site
	put $ADMIN/epcache.conf Directory=/srv/site Directory=/srv/none \
		Directory=/usr/lib/python3/dist-packages
	refreshes "${PATHS[@]}" /srv/site
	[ -z "$stderr" ]
}

@test "Directory= under a second name has a cache file of its own: readers go by the name" {
	folder /srv/site
	link ../usr/lib/python3/dist-packages /srv/dist
	link /srv/site /srv/first
	put $ADMIN/epcache.conf Directory=/srv/first Directory=/srv/dist Directory=/srv/site \
		Directory=/srv//./dist/ Directory=/usr/lib/python3/dist-packages/ Directory=/srv/site
	refreshes "${PATHS[@]}" /srv/first /srv/dist /srv/site
	[ -z "$stderr" ]

	dist /srv/site/foo-1.dist-info m:x
	epcache refresh
	run --separate-stderr epcache query g --verbose --path /srv/first --path /srv/dist
	[ "$status" -eq 0 ]
	[[ $stderr == *"/srv/first: from the cache"*"/srv/dist: from the cache"* ]]
}

@test "Directory= is enough where there is no Python" {
	rm -r "$ROOT/usr/lib/python3" "$ROOT/usr/lib/python3.11"
	rm "$ROOT/usr/bin/python3"
	folder /srv/site
	put $ADMIN/epcache.conf Directory=/srv/site
	refreshes /usr/bin /srv/site
}

@test "Exclude= leaves out of refresh --system, but not what is named" {
	put $ADMIN/epcache.conf Exclude=/usr/bin/ Exclude=/usr//lib/python3.11/./lib-dynload
	refreshes /usr/lib/python3.11 /usr/lib/python3/dist-packages
	run --separate-stderr epcache refresh --json --dry-run /usr/bin
	same "$(directories)" /usr/bin
}

# edit_in_place FILE - another value of the same length, which changes no folder.
edit_in_place() {
	sed 's/old:x/new:x/' "$ROOT$1" >"$WORK/new"
	cat "$WORK/new" >"$ROOT$1"
}

@test "CheckFast= lets readers take the fast check, which misses an edit in place" {
	local site=/srv/site dir

	dist $site/demo-1.dist-info old:x
	sleep 0.1 # so that the stamps are settled at once
	epcache refresh $site
	edit_in_place $site/demo-1.dist-info/entry_points.txt
	run --separate-stderr epcache query g --path $site
	[[ $output == *new:x* ]]

	put $ADMIN/epcache.conf CheckFast=$site
	for dir in $site ${site#/}; do # the latter is relative to the root
		dist $site/demo-1.dist-info old:x
		sleep 0.1
		epcache refresh "$dir"
		edit_in_place $site/demo-1.dist-info/entry_points.txt
		run --separate-stderr epcache query g --path $site
		[[ $output == *old:x* ]]
		run --separate-stderr epcache query g --path $site --check strict
		[[ $output == *new:x* ]]
	done

	epcache refresh $site
	run --separate-stderr epcache query g --path $site
	[[ $output == *new:x* ]]
}

@test "root keeps the cache of another user's directory that Directory= names, and of no other" {
	[ "$EUID" -eq 0 ] || skip "needs root"
	put $ADMIN/epcache.conf Directory=/srv/named
	dist /srv/named/foo-1.dist-info m:named
	dist /srv/other/foo-1.dist-info m:other
	chown -R 65534 "$ROOT/srv/named" "$ROOT/srv/other"

	run --separate-stderr "$EPCACHE" refresh --root "$ROOT" /srv/named
	[ "$status" -eq 0 ]
	[ -e "$ROOT/var/cache/epcache/srv-named.v1" ]
	run --separate-stderr "$EPCACHE" refresh --root "$ROOT" /srv/other
	[ "$status" -eq 1 ]
	[[ $stderr == *"as its owner, run: epcache refresh --root='$ROOT' -- '/srv/other'"* ]]
}

@test "a drop-in is masked by a link to /dev/null that goes by .." {
	put /usr/lib/epcache/epcache.conf.d/50-x.conf 'User=vendor'
	mkdir -p "$ROOT/etc/epcache/epcache.conf.d"
	ln -s ../../../dev/null "$ROOT/etc/epcache/epcache.conf.d/50-x.conf"
	run --separate-stderr epcache status --config
	[[ $output != *vendor* && -z $stderr ]]
	ln -sfn ../nowhere "$ROOT/etc/epcache/epcache.conf.d/50-x.conf"
	run --separate-stderr epcache status --config
	[[ $output == *vendor* ]]
	[[ $stderr == *'50-x.conf: ignored, since it is a link that leads nowhere' ]]
}
