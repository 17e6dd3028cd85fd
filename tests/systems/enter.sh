#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# enter.sh ROOT ARCHIVES USER COMMAND... - become a command in a system, as on a machine
# of its own.  It is called in new namespaces of mounts and processes, by roots.bash.
set -eu
root=$1 archives=$2 user=$3
shift 3

mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount --bind "$archives" "$root/var/cache/apt/archives"

# Not /dev/log: what is tested does not write into this machine's journal.
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
for n in 0 1 2; do
	ln -s "/proc/self/fd/$n" "$root/dev/$(printf '%s\n' stdin stdout stderr | sed -n "$((n + 1))p")"
done
cp -a /dev/{null,zero,full,random,urandom,tty,fuse,loop*} "$root/dev" 2>/dev/null || :

cd "$root"
pivot_root . .
umount -l .
cd /

# The first process of the namespace stays a shell, which reaps whatever is left to it.
home=/root as=()
if [ "$user" != root ]; then
	home=/home/$user
	as=(setpriv --reuid "$user" --regid "$user" --init-groups)
fi
cd "$home"
# shellcheck disable=SC2016 # for the shell in there
exec env -i HOME="$home" USER="$user" LOGNAME="$user" SHELL=/bin/bash TERM=dumb \
	LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	/bin/bash -c '"$@"; exit $?' - "${as[@]}" "$@"
