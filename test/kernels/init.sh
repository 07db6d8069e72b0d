#!/bin/busybox sh
# First process of the machine: finds the host's file system, read-only under a layer in memory, and goes on in it.
b=/bin/busybox
$b mount -t proc proc /proc
while read module; do $b insmod /modules/$module || echo "init: $module was refused"; done </modules/order
$b mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=512000,cache=loose host /lower || exec $b poweroff -f
$b mount -t tmpfs -o size=2g layer /upper
$b mkdir /upper/data /upper/work
$b mount -t overlay -o lowerdir=/lower,upperdir=/upper/data,workdir=/upper/work whole /root || exec $b poweroff -f
for word in $($b cat /proc/cmdline); do case $word in tortie.second=*) second=${word#*=} ;; esac; done
$b umount /proc
exec $b switch_root /root /bin/busybox sh "$second"
