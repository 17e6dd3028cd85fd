# shellcheck shell=bash disable=SC2034,SC2153,SC2154 # of bats; for files that load this
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# systemd.bash - a system in a folder with the units as `make install-hooks` installs them,
# and a systemd that runs in it.
#
#     load lib
#     load systemd
#     setup_file() { hooks_begin; units_begin; }    # $WORK/template
#     setup() { units_needs; ROOT=...; }            # a copy of it

UNITS=/usr/lib/systemd/system
SITE=/usr/lib/python3/dist-packages
LOCAL=/usr/local/lib/python3.11/dist-packages
SYSTEMD=/usr/lib/systemd/systemd
PATH=$PATH:/usr/sbin:/sbin

units_needs() {
	needs_roots
	needs systemd-analyze systemd-tmpfiles systemd-sysusers systemd-escape systemctl
	[ -x "$SYSTEMD" ] || skip "needs systemd"
}

# bats has no skip in setup_file.
units_can() (
	# shellcheck disable=SC2317,SC2329 # units_needs runs it
	skip() { exit 1; }
	units_needs
)

# units_begin - $WORK/template: a Python, our tool, its units, and what they refer to.
units_begin() {
	local root=$WORK/template name

	units_can || return 0
	# Merged, as all that have systemd are today.
	mkdir -p "$root"/usr/{bin,lib,lib64}
	for name in bin lib lib64; do
		ln -s "usr/$name" "$root/$name"
	done
	root_make "$root" "$EPCACHE" "$SYSTEMD" /usr/bin/systemctl /usr/bin/systemd-escape
	for name in mkdir ln; do
		ln -s busybox "$root/bin/$name"
	done
	cp "$EPCACHE" /usr/bin/systemctl /usr/bin/systemd-escape "$root/usr/bin"
	install -D "$SYSTEMD" "$root$SYSTEMD"
	MAKEFLAGS='' make -s -C "$TREE" install-hooks-systemd PREFIX=/usr DESTDIR="$root"
	cp -a /usr/lib/systemd/system/*.target "$root$UNITS"
	mkdir -p "$root"{"$SITE","$LOCAL",/usr/lib/python3.11/lib-dynload,/root,/run,/sys}
	: >"$root/usr/bin/python3.11"
	: >"$root/usr/lib/python3.11/os.py"
	ln -s python3.11 "$root/usr/bin/python3"
	dist_make "$root$SITE/a-1.dist-info" '[g]\na = one\n'
	printf '%s\n' 'root:x:0:0::/root:/bin/sh' '_epcache:x:990:990::/nonexistent:/bin/false' \
		>"$root/etc/passwd"
	printf '%s\n' 'root:x:0:' '_epcache:x:990:' >"$root/etc/group"
	echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id"
}

# command_of UNIT - its ExecStart=.
command_of() {
	sed -n 's/^ExecStart=//p' "$ROOT$UNITS/$1"
}

# exposure UNIT - as systemd-analyze has it, from 0 to 10.
exposure() {
	systemd-analyze security --root="$ROOT" --offline=true --no-pager "$1" |
		sed -n 's/.*Overall exposure level.*: \([0-9.]*\) .*/\1/p'
}

# --- a systemd that runs --------------------------------------------------------------

# Run in namespaces of its own: the file systems that it wants, none of which is ours.
boot_in() {
	local root=$1 name

	mount --make-rprivate / && mount --bind "$root" "$root" && cd "$root" || return
	mount -t proc proc proc && mount --bind proc/sys proc/sys &&
		mount -o remount,bind,ro proc/sys && mount -t sysfs -o ro none sys || return
	mount -t tmpfs -o mode=755 none dev && mount -t tmpfs -o mode=755 none run || return
	for name in null zero full random urandom tty ptmx; do
		: >"dev/$name" && mount --bind "/dev/$name" "dev/$name" || return
	done
	mount -t cgroup2 none sys/fs/cgroup || return
	exec chroot . /bin/busybox env -i container=test "$SYSTEMD" --system \
		--unit=multi-user.target --log-target=null --default-standard-output=null
}

# boot - starts the systemd of $ROOT; false where it cannot be.
boot() {
	local i

	is_root || return 1
	group_make || return
	# shellcheck disable=SC2016 # for that bash
	"$BASH" -c 'echo "$$" >"$1/cgroup.procs" && exec unshare --kill-child \
		-m -p -f -C -i -u -n "$BASH" -c "$2; SYSTEMD=$3; boot_in \"\$1\"" - "$4"' - \
		"$GROUP" "$(declare -f boot_in)" "$SYSTEMD" "$ROOT" \
		</dev/null >"$WORK/boot.log" 2>&1 3>&- &
	BOOTED=$!
	for ((i = 0; i < 300; i++)); do
		[ -e "/proc/$BOOTED" ] || break
		init=$(cat "/proc/$BOOTED/task/$BOOTED/children" 2>/dev/null)
		init=${init%% *}
		case $(in_boot systemctl is-system-running 2>/dev/null) in
		running | degraded) return 0 ;;
		esac
		sleep 0.1
	done
	halt
	return 1
}

# group_make - $GROUP, a cgroup below our own: what systemd makes is there, and apart from
# that of others.
group_make() {
	local mounted

	mounted=$(findmnt --first-only --noheadings --output TARGET --types cgroup2) || return
	GROUP=$mounted$(sed -n 's/^0:://p' /proc/self/cgroup)/epcache-hooks-$BASHPID
	mkdir "$GROUP" 2>/dev/null || { GROUP=; return 1; }
}

group_remove() {
	[ ! -e "$GROUP" ] || find "$GROUP" -depth -type d -exec rmdir {} +
}

# halt - end it, and with it all that it has started.
halt() {
	if [ -n "${BOOTED-}" ]; then
		kill -9 "$BOOTED" 2>/dev/null || true
		wait "$BOOTED" 2>/dev/null || true
		BOOTED=
	fi
	[ -z "${GROUP-}" ] || soon group_remove
	GROUP=
}

# in_boot COMMAND... - run in the system that was booted.
in_boot() {
	[ -n "$init" ] && nsenter -t "$init" -m -p -C -n chroot "$ROOT" /bin/busybox env -i \
		PATH=/usr/bin:/bin "$@" </dev/null 3>&-
}

# soon COMMAND... - it succeeds, within 200 tries.
soon() {
	local i

	for ((i = 0; i < 200; i++)); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.2
	done
	"$@"
}
