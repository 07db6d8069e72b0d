#!/bin/busybox sh
# In the host's file system: what every Linux has at this point, then the command of the file `command` beside this one.
here=${0%/*}
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
$b mount -t devtmpfs dev /dev
$b mkdir -p /dev/pts /dev/shm
$b mount -t devpts pts /dev/pts
for at in /dev/shm /run; do $b mount -t tmpfs -o mode=1777 memory $at; done
$b mount -t cgroup2 cgroup /sys/fs/cgroup
$b hostname kernels
$b ip link set lo up
# Modules come when they are asked for, from the unpacked package.
release=$($b uname -r)
$b mkdir -p /run/modules /lib/modules/$release
$b ln -s /bin/busybox /run/modules/modprobe
$b mount --bind "$($b cat $here/modules)" /lib/modules/$release
echo /run/modules/modprobe >/proc/sys/kernel/modprobe
# A machine has an interface besides lo.
$b ip link add eth0 type dummy
exec </dev/null >/dev/ttyS1 2>&1
$b stty -F /dev/ttyS1 raw
$b sh $here/command
echo "kernels: exit $?"
$b sleep 1
$b poweroff -f
