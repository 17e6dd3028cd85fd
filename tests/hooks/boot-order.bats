# shellcheck shell=bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# boot-order.bats - whole boots, made of this machine's systemd and mounts of a network:
# our units add no ordering cycle, which systemd breaks by dropping a job.

# shellcheck disable=SC2154 # lib.bash

load lib
load systemd

setup_file() {
	hooks_begin
	units_begin
}

teardown_file() {
	hooks_end
}

setup() {
	units_needs
	BOOT=$(mktemp -d "$WORK/boot-XXXXXX")
	cp -a /usr/lib/systemd/system/. "$BOOT"
	rm -f "$BOOT"/epcache-* "$BOOT"/*/epcache-*
	# As NetworkManager: it starts after basic.target.
	service network-late Before=network.target Wants=network.target
	service network-wait Requires=network-late.service After=network-late.service \
		Before=network-online.target
	wanted multi-user.target network-late.service
	wanted network-online.target network-wait.service
}

# service NAME LINE... - of a boot.
service() {
	printf '%s\n' '[Unit]' "${@:2}" '[Service]' Type=oneshot RemainAfterExit=yes \
		ExecStart=/bin/true >"$BOOT/$1.service"
}

wanted() {
	mkdir -p "$BOOT/$1.wants"
	ln -sf "../$2" "$BOOT/$1.wants/$2"
}

# remote PATH - it is on NFS, as systemd-fstab-generator has that.
remote() {
	local unit

	unit=$(systemd-escape --path --suffix=mount "$1")
	printf '%s\n' '[Unit]' SourcePath=/etc/fstab Before=remote-fs.target \
		'[Mount]' What=server:/export Where="$1" Type=nfs >"$BOOT/$unit"
	wanted remote-fs.target "$unit"
}

# ours - our units, enabled, and what the generator makes for LOCAL.
ours() {
	local unit target

	for unit in "$WORK/template$UNITS"/epcache-*; do
		[ -d "$unit" ] || sed 's,=/usr/bin/epcache .*,=/bin/true,' "$unit" >"$BOOT/${unit##*/}"
	done
	for unit in epcache-boot.service epcache-refresh.timer epcache-watch.target; do
		target=$(sed -n 's/^WantedBy=//p' "$BOOT/$unit")
		wanted "$target" "$unit"
	done
	unit=$(systemd-escape --path --template=epcache-watch@.path "$LOCAL")
	mkdir -p "$BOOT/epcache-watch.target.wants"
	ln -s ../epcache-watch@.path "$BOOT/epcache-watch.target.wants/$unit"
}

cycles() {
	SYSTEMD_UNIT_PATH=$BOOT systemd-analyze verify --man=no "$BOOT/multi-user.target" 2>&1 |
		grep -E 'ordering cycle|to break' || :
}

@test "a made-up boot: without us there is no cycle, and one would be noticed" {
	remote /usr/local
	[ -z "$(cycles)" ]
	service early DefaultDependencies=no Before=sysinit.target RequiresMountsFor=/usr/local
	wanted sysinit.target early.service
	[ -n "$(cycles)" ]
}

@test "a made-up boot: no cycle, whatever of ours is on a network" {
	local path

	ours
	[ -z "$(cycles)" ]
	for path in "$LOCAL" /usr/local /usr/local/lib /var/cache /var/lib /var/cache/epcache; do
		remote "$path"
		[ -z "$(cycles)" ] || { echo "$path: $(cycles)"; false; }
	done
}

@test "the boot service runs where /var/cache is empty, and not where it is read-only" {
	local conditions

	is_root || skip "needs root"
	unshare -m true 2>/dev/null || skip "needs a mount namespace"
	mapfile -t conditions < <(grep ^Condition "$WORK/template$UNITS/epcache-boot.service")
	# shellcheck disable=SC2016 # for that shell
	unshare -m sh -c 'mount -t tmpfs none /var && mkdir /var/cache && touch /var/.updated &&
		systemd-analyze condition "$@"' - "${conditions[@]}"
	# shellcheck disable=SC2016 # for that shell
	run ! unshare -m sh -c 'mount -t tmpfs none /var && mkdir /var/cache &&
		mount -o remount,ro /var && systemd-analyze condition "$@"' - "${conditions[@]}"
}
