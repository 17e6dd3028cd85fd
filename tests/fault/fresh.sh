#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# fresh.sh [PROGRAM] - run fresh-prop on every file system that this machine has or
# can mount.  PROGRAM is build/tests/fault/fresh-prop, or the one beside EPCACHE.
#
# TRIALS for each file system are 2000, with LONG 100000; SEED is 1.  What needs
# root is mounted in a mount namespace that ends with this script, on images in a
# tmpfs of that namespace, so that nothing can be left; elsewhere it is skipped.
#
# Where stamps do not decide, what is below a mount is swapped while it is not mounted,
# with all stamps equal as far as the kind of mount allows it: images made by mkfs
# programs, lower layers, branches of FUSE file systems.
#
# Two-second stamps, and the stamps of a server whose clock is behind, are had without
# such a file system, see fresh-prop.c; tests/unit/t-fresh.c has the rules as a table.
set -u

beside=build/epcache
program=${1:-$(dirname "${EPCACHE:-$beside}")/tests/fault/fresh-prop}
trials=${TRIALS:-$([ -z "${LONG-}" ] && echo 2000 || echo 100000)}
image_size=400M # mkfs.xfs wants 300M; mkfs.ext4 makes more inodes below 512M
count=0
failed=0

# --- what is printed ---------------------------------------------------------------

skip() { # NAME REASON
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

# show NAME - the result of a run, numbered on; one more failure if it ended early.
show() {
	local line plan=''

	while IFS= read -r line; do
		case $line in
		'ok '*|'not ok '*)
			count=$((count + 1))
			[[ $line == ok* ]] || failed=1
			echo "${line%%ok*}ok $count - ${line#*- }" ;;
		1..*) plan=y ;;
		*) echo "# ${line#\# }" ;;
		esac
	done <"$work/$1.out"
	[ -z "$plan" ] || return
	count=$((count + 1))
	failed=1
	echo "not ok $count - $1: could not be tested"
}

# --- what is run -------------------------------------------------------------------

run() { # NAME DIR [OPTION...]
	"$program" --trials "$trials" --seed "${SEED:-1}" --cache "$cache" \
		--name "$1" --dir "$2" "${@:3}" >"$work/$1.out" 2>&1
}

run_and_show() {
	run "$@"
	show "$1"
}

# mount_image NAME MKFS... - make a file system in an image, and mount it.
mount_image() {
	local image=$mem/$1.image

	command -v "$2" >/dev/null || return
	mkdir "$mem/$1" && truncate -s "$image_size" "$image" &&
		"${@:2}" "$image" >/dev/null 2>&1 && mount -o loop "$image" "$mem/$1" 2>/dev/null
}

run_image() { # NAME [OPTION...]
	run "$1" "$mem/$1" \
		--remount "umount '$mem/$1' && mount -o loop '$mem/$1.image' '$mem/$1'" "${@:2}"
}

# stack_overlay FOLDER - what was written last becomes the lower layer, as in a
# container that is started again from its image; a stack of five becomes one, which
# frees the space of what is hidden.  With redirect_dir, folders below can be renamed
# as on any file system.
stack_overlay() {
	local lower=base n=0

	cd "$1" || return
	mkdir -p base merged
	[ ! -d upper4 ] || cp -a merged flat || return
	umount merged 2>/dev/null
	[ ! -d flat ] || { rm -rf base upper* work* && mv flat base; } || return
	while [ -d "upper$n" ]; do
		lower=upper$n:$lower
		n=$((n + 1))
	done
	mkdir "upper$n" "work$n"
	mount -t overlay overlay merged \
		-o "redirect_dir=on,lowerdir=$lower,upperdir=upper$n,workdir=work$n"
}

# --- what is swapped ---------------------------------------------------------------

when=1520598896 # of every stamp
uuid=11111111-2222-3333-4444-555555555555

# stamp_ext4 IMAGE STAGE - ctime and the time of birth, too, which mkfs takes from elsewhere.
stamp_ext4() {
	local path time

	find "$2" -mindepth 1 -printf '%P\n' | while IFS= read -r path; do
		for time in atime mtime ctime crtime; do
			printf 'sif "/%s" %s @%s\nsif "/%s" %s_extra 0\n' \
				"$path" "$time" "$when" "$path" "$time"
		done
	done | debugfs -w -f - "$1" >/dev/null 2>&1
}

make_ext4() { # IMAGE STAGE OPTION...
	rm -f "$1"
	truncate -s 64M "$1"
	E2FSPROGS_FAKE_TIME=$when mkfs.ext4 -q -O ^has_journal -N 16384 -U "$uuid" \
		-E "hash_seed=$uuid,root_owner=0:0" -d "$2" "${@:3}" "$1" && stamp_ext4 "$1" "$2"
}

make_squashfs() { # IMAGE STAGE
	mksquashfs "$2" "$1" -noappend -quiet -no-progress -all-time $when -mkfs-time $when \
		>/dev/null
}

make_erofs() { # IMAGE STAGE
	rm -f "$1"
	mkfs.erofs -T $when -U "$uuid" --quiet "$1" "$2" >/dev/null 2>&1
}

site_modes() { # FOLDER
	find "$1" -mindepth 3 -maxdepth 3 -type d -name site -printf '%m %P\n' | sort
}

# upper_folders - so that each directory is merged, and shows the upper layer's stamps, and
# its mode: which is to be that of the directory below, whose owner may have closed it.
# Where it is, nothing is done: chmod(1) would change a stamp, and that give all away.
upper_folders() {
	local site mode

	for site in stage/*/*/site; do
		mkdir -p "upper/${site#*/}"
	done
	comm -23 <(site_modes stage) <(site_modes upper) | while read -r mode site; do
		chmod "$mode" "upper/$site"
	done
}

lay_over() { # LOWER [TYPE]
	upper_folders
	if [ -n "${2-}" ]; then
		"$2" -o "lowerdir=$1,upperdir=upper,workdir=work" seen
	else
		mount -t overlay overlay -o "lowerdir=$1,upperdir=upper,workdir=work" seen
	fi
}

unmount() {
	! mountpoint -q "$1" || umount "$1"
}

# swap KIND FOLDER - what is in FOLDER/stage by now is seen in FOLDER/seen.
swap() {
	cd "$2" && mkdir -p seen upper work below && unmount seen && unmount below || return
	find stage -exec touch -h -d @$when {} + || return
	case $1 in
	ext4-ro) make_ext4 image stage && mount -o loop,ro image seen ;;
	ext4-rw) make_ext4 image stage && mount -o loop image seen ;;
	ext4-128) make_ext4 image stage -I 128 && mount -o loop image seen ;;
	ext4-bound) make_ext4 image stage && mount -o loop image seen && mount -o remount,bind,ro seen ;;
	squashfs) make_squashfs image stage && mount -t squashfs -o loop image seen ;;
	erofs) make_erofs image stage && mount -t erofs -o loop image seen ;;
	overlay-squashfs)
		make_squashfs image stage && mount -t squashfs -o loop image below && lay_over below ;;
	overlay-lower) lay_over stage ;;
	overlay-ro) mount -t overlay overlay -o lowerdir=below:stage seen ;;
	fuse2fs) make_ext4 image stage && fuse2fs -o ro,fakeroot image seen ;;
	squashfuse) make_squashfs image stage && squashfuse image seen ;;
	fuse-overlayfs) lay_over stage fuse-overlayfs ;;
	mergerfs) upper_folders && mergerfs upper:stage seen ;;
	unionfs) upper_folders && unionfs upper=RW:stage=RO seen ;;
	esac >/dev/null 2>&1
}

swap_kinds='ext4-ro ext4-rw ext4-128 ext4-bound squashfs erofs overlay-squashfs overlay-lower
	overlay-ro fuse2fs squashfuse fuse-overlayfs mergerfs unionfs'

run_and_show_swapped() { # KIND
	local folder=$mem/swap-$1

	mkdir -p "$folder/stage" && cp -a "$folder" "$folder.try"
	if ! (swap "$1" "$folder.try"); then
		skip "$1" 'cannot be made and mounted here'
		return
	fi
	(swap none "$folder.try")
	run "$1" "$folder/stage" --seen "$folder/seen" --swap "bash '$0' --swap '$1' '$folder'"
	show "$1"
	(swap none "$folder")
	rm -rf --one-file-system "$folder" "$folder.try"
}

run_likenesses() { # FOLDER
	mkdir "$1/like-coarse" "$1/like-remote"
	run like-coarse "$1/like-coarse" --like coarse --trusted &
	run like-remote "$1/like-remote" --like remote &
	wait
}

# overlay_folder - where overlays can be: on an ext4, as most are, or on the tmpfs.
overlay_folder() {
	local folder

	mount_image below mkfs.ext4 -q
	for folder in "$mem/below" "$mem/overlay"; do
		mkdir -p "$folder"
		(stack_overlay "$folder") 2>/dev/null && echo "$folder" && return
	done
	return 1
}

run_mounted() {
	local name folder

	mem=$work/mem
	mkdir "$mem" && mount -t tmpfs -o mode=755 tmpfs "$mem" || return
	cache=$mem/cache
	mkdir "$cache" "$mem/tmpfs"

	# These mostly wait.
	mount_image ext4-1s mkfs.ext4 -q -I 128 && run_image ext4-1s --trusted &
	run_likenesses "$mem" &

	run_and_show host "$work"
	run_and_show tmpfs "$mem/tmpfs"
	if folder=$(overlay_folder); then
		run_and_show overlay "$folder/merged" \
			--remount "bash '$0' --stack-overlay '$folder'"
	else
		skip overlay 'cannot be mounted here'
	fi
	mount_image xfs mkfs.xfs -q && run_image xfs
	mount_image btrfs mkfs.btrfs -q && run_image btrfs
	mount_image ext4 mkfs.ext4 -q && run_image ext4
	for name in $swap_kinds; do
		run_and_show_swapped "$name"
	done
	wait
	for name in xfs btrfs ext4 ext4-1s; do
		if [ -e "$work/$name.out" ]; then
			show "$name"
		else
			skip "$name" 'cannot be made and mounted here'
		fi
	done
	show like-coarse
	show like-remote
}

run_unmounted() {
	local name

	cache=$work
	run_likenesses "$work" &
	run_and_show host "$work"
	if [ -n "$shm" ]; then
		run_and_show tmpfs "$shm"
	else
		skip tmpfs 'no tmpfs at /dev/shm'
	fi
	for name in overlay xfs btrfs ext4 $swap_kinds ext4-1s; do
		skip "$name" 'needs root and mounts'
	done
	wait
	show like-coarse
	show like-remote
}

# --- who runs it -------------------------------------------------------------------

# Nothing is left, whatever ends this script: what it started is a process group, and
# the mounts end with the last process that sees them.
tidy_up() {
	kill -KILL -- "-$child" 2>/dev/null
	wait "$child" 2>/dev/null
	rm -rf --one-file-system "$work" ${shm:+"$shm"}
}

start() {
	local namespace=() how=--unmounted

	program=$(realpath "$program") || exit 1
	work=$(mktemp -d "${TMPDIR:-/tmp}/epcache-fresh-XXXXXX") || exit 1
	shm=
	if [ "$(id -u)" -eq 0 ] && unshare --mount true 2>/dev/null; then
		namespace=(unshare --mount)
		how=--mounted
	elif [ "$(stat -f -c %T /dev/shm 2>/dev/null)" = tmpfs ]; then
		shm=$(mktemp -d /dev/shm/epcache-fresh-XXXXXX 2>/dev/null)
	fi
	set -m
	"${namespace[@]}" bash "$0" "$how" "$work" "$program" "$shm" &
	child=$!
	trap tidy_up EXIT
	trap 'exit 1' HUP INT TERM
	wait "$child"
}

case ${1-} in
--stack-overlay)
	stack_overlay "$2"
	exit ;;
--swap)
	swap "$2" "$3"
	exit ;;
--mounted|--unmounted)
	work=$2
	program=$3
	shm=$4
	"run_${1#--}" ;;
*)
	start
	exit ;;
esac
echo "1..$count"
[ "$failed" -eq 0 ]
