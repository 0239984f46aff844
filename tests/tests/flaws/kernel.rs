//! Rows 10 to 12: the kernel's cgroups and devices.

use knarr_e2e::probe::IMAGE;

use crate::host;

/// Rows 10 and 11 (CVE-2022-0492, 2023-25809): no cgroup can be written to, nor any hierarchy mounted anew; in a user namespace of
/// its own, where it may mount, the release agent stays out of reach. Guards: the cgroups are mounted read-only (`spec::mounts`),
/// CAP_SYS_ADMIN is not given (`spec::capabilities`), the filter refuses mount and unshare. Seen to fail without the first: files are
/// written and folders made; without the second: they are mounted anew, writable. The third alone is left out in the last two runs.
#[test]
fn cgroups_are_out_of_reach() {
    let (host, knarr) = host();
    let script = "
        for f in /sys/fs/cgroup/*/release_agent /sys/fs/cgroup/*/notify_on_release /sys/fs/cgroup/*/cgroup.procs \
                 /sys/fs/cgroup/cgroup.procs; do test -e $f && (echo 1 > $f) 2>/dev/null && echo wrote $f; done
        for d in /sys/fs/cgroup /sys/fs/cgroup/*/; do mkdir $d/x 2>/dev/null && echo made in $d; done
        mount -t cgroup -o memory cgroup /mnt 2>/dev/null && echo mounted
        mount -o remount,rw /sys/fs/cgroup 2>/dev/null && echo remounted
        unshare -UrmC sh -c 'mount -t cgroup -o memory cgroup /mnt && echo /bin/true > /mnt/release_agent' 2>/dev/null &&
            echo agent
        ls -d /sys/fs/cgroup/*/kt* /sys/fs/cgroup/kt* 2>/dev/null
        echo end";
    for flags in [
        &[][..],
        &["--compat", "docker"],
        &["--security-opt", "seccomp=unconfined"],
        &["--security-opt", "seccomp=unconfined", "--cgroupns", "host"],
    ] {
        let run = knarr.run(&[&["run", "--rm"], flags, &[IMAGE, "sh", "-c", script]].concat()).unwrap();
        assert_eq!((run.code, run.stdout.as_str()), (0, "end\n"), "{flags:?}: {run:?}");
    }
    host.finish().unwrap();
}

/// Row 12 (GHSA-g54h-m393-cpwq): memory, loop devices, disks, the host's kernel log and others. Guard: `spec::resources::device_rules`
/// denies all first. Seen to fail without it: the nodes that may be made are opened.
#[test]
fn devices_of_the_host_are_out_of_reach() {
    let (host, knarr) = host();
    let open = "
        for d in 'c 1 1' 'c 1 2' 'c 1 11' 'b 7 0' 'b 8 0' 'b 254 0' 'c 10 229' 'c 10 200' 'c 10 237'; do
            rm -f /node; mknod /node $d 2>/dev/null && echo made; (: < /node) 2>/dev/null && echo opened $d; done
        echo end";
    for (flags, made) in [
        (&[][..], 0),
        (&["--cap-add", "MKNOD"], 9),
        (&["--compat", "docker"], 9),
        (&["--cap-add", "ALL"], 9),
        (&["--cap-add", "ALL", "--security-opt", "seccomp=unconfined"], 9),
    ] {
        let run = knarr.run(&[&["run", "--rm"], flags, &[IMAGE, "sh", "-c", open]].concat()).unwrap();
        assert_eq!(run.stdout, "made\n".repeat(made) + "end\n", "{flags:?}: {run:?}");
    }
    host.finish().unwrap();
}
