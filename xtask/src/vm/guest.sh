#!/bin/sh
# The first process of the guest: a root that is read-only, pure cgroup v2, AppArmor, modules on demand; then the tests of $plan.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mountpoint -q /dev || mount -t devtmpfs dev /dev
mount -t tmpfs -o mode=755 run /run
mount -t securityfs security /sys/kernel/security
mount -t cgroup2 -o nsdelegate cgroup2 /sys/fs/cgroup
mkdir -p /dev/pts /dev/shm /run/tmp
mount -t devpts devpts /dev/pts
mount -t tmpfs shm /dev/shm
ip link set lo up

. "$plan"
printf '#!/bin/sh\nexec modprobe --dirname "%s" "$@"\n' "$MODULES" >/run/modprobe
chmod 755 /run/modprobe
echo /run/modprobe >/proc/sys/kernel/modprobe
/run/modprobe virtio_blk

export TMPDIR=/run/tmp RUST_BACKTRACE=0
verdict=passed
run() {
    "$@" || verdict=failed
}
cd /run
tests
if [ -n "$(find /sys/fs/cgroup -mindepth 1 -type d)" ]; then
    find /sys/fs/cgroup -mindepth 1 -type d
    verdict=failed
fi
echo "vm: $verdict"
echo o >/proc/sysrq-trigger
sleep 60
