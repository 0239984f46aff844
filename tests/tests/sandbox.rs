//! What every process of a container is held to, whichever way it came in, and who stays beside it.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use knarr_e2e::probe::{self, IMAGE, Probe};
use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Client, Host, wait_for};

/// Who it is, what it may do, what it holds.
const PROBE: &str = "grep -E '^(Uid|Gid|Groups|Cap...|NoNewPrivs|Seccomp):' /proc/self/status; cat /proc/self/uid_map; \
                     ls /proc/$$/fd; ulimit -c; \
                     mount -t tmpfs none /mnt 2>&1; unshare -n true 2>&1; cat /proc/kcore | wc -c";

fn host() -> (Host, Client) {
    let host = probe::host().unwrap();
    let knarr = host.knarr();
    (host, knarr)
}

fn inspect(client: &Client, format: &str, name: &str) -> String {
    client.ok(&["inspect", "-f", format, name]).unwrap()
}

/// Rows 2 and 13 of the flaw catalogue, too: no descriptor but the three, nothing inheritable. Guard of row 13: `spec::process::sets`.
#[test]
fn run_exec_build_and_healthcheck_are_held_alike() {
    let host = probe::host().unwrap();
    let [first, others @ ..] = probe::everywhere(&host, &Probe { script: PROBE, ..Probe::default() }).unwrap();
    let (_, build) = first;
    for line in ["CapInh:\t0000000000000000", "CapAmb:\t0000000000000000", "CapEff:\t00000000800425fb", "Seccomp:\t2"] {
        assert!(build.contains(line), "{line}: {build}");
    }
    assert!(build.contains("\n0\n1\n2\n0\n"), "{build}");
    assert!(build.contains("unshare: unshare(0x40000000): Operation not permitted"), "{build}");
    for (way, output) in others {
        assert_eq!(output, build, "{way}");
    }
    host.finish().unwrap();
}

#[test]
fn system_calls_are_filtered_unless_told_otherwise() {
    let (host, knarr) = host();
    let code = |flags: &[&str]| {
        knarr.run(&[&["run", "--rm"], flags, &[IMAGE, "unshare", "-U", "true"]].concat()).unwrap().code
    };
    assert_eq!(code(&[]), 1);
    assert_eq!(code(&["--security-opt", "seccomp=unconfined"]), 0);
    let file = host.path().join("profile.json");
    let names = r#"{"names":["unshare"],"action":"SCMP_ACT_ERRNO"}"#;
    std::fs::write(&file, format!(r#"{{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{names}]}}"#)).unwrap();
    assert_eq!(code(&["--security-opt", &format!("seccomp={}", file.display())]), 1);
    std::fs::write(&file, "{}").unwrap();
    assert_eq!(code(&["--security-opt", &format!("seccomp={}", file.display())]), 125, "an empty profile is none");
    host.finish().unwrap();
}

#[test]
fn what_is_masked_cannot_be_read_and_what_is_read_only_not_written() {
    let (host, knarr) = host();
    let read = "for f in acpi asound interrupts kcore keys latency_stats sched_debug scsi timer_list timer_stats; do
                    [ -d /proc/$f ] && ls -A /proc/$f || cat /proc/$f 2>/dev/null; done
                ls -A /sys/firmware /sys/devices/virtual/powercap 2>/dev/null | grep -v :
                find /sys/devices/system/cpu -path '*thermal_throttle/*' 2>/dev/null";
    assert_eq!(knarr.run(&["run", "--rm", IMAGE, "sh", "-c", read]).unwrap().stdout.trim(), "");
    let write = "for f in /proc/sys/kernel/core_pattern /proc/sysrq-trigger /proc/irq/default_smp_affinity \
                 /sys/kernel/mm/ksm/run /sys/fs/cgroup/cgroup.procs; do
                     [ -e $f ] && (echo 1 > $f) 2>&1 | sed 's/.*: //'; done | sort -u";
    assert_eq!(knarr.ok(&["run", "--rm", IMAGE, "sh", "-c", write]).unwrap(), "Read-only file system");
    let whole =
        ["run", "--rm", "--security-opt", "systempaths=unconfined", IMAGE, "sh", "-c", "wc -c < /proc/interrupts"];
    assert_ne!(knarr.ok(&whole).unwrap(), "0");
    host.finish().unwrap();
}

#[test]
fn only_the_shim_stays_and_it_is_tiny() {
    let (host, knarr) = host();
    knarr.ok(&["run", "-d", "--name", "parked", IMAGE, "sleep", "1000"]).unwrap();
    let folder = host.path().to_string_lossy().into_owned();
    let ours = processes(|line| line.contains(&folder) && !line.contains("knarr daemon") && !line.contains(" daemon "));
    let shims = processes(|line| line.contains(&folder) && line.starts_with("knarr-shim"));
    assert_eq!((ours.len(), &ours), (1, &shims), "more than the shim is there");
    let parent =
        std::fs::read_to_string(format!("/proc/{}/status", inspect(&knarr, "{{.State.Pid}}", "parked"))).unwrap();
    assert!(parent.contains(&format!("PPid:\t{}\n", shims[0])), "the shim is not the parent");
    let smaps = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", shims[0])).unwrap();
    let private: u64 = smaps.lines().filter(|line| line.starts_with("Private_")).filter_map(kib).sum();
    assert!(private < 102, "{private} KiB are the shim's own:\n{smaps}");
    host.finish().unwrap();
}

fn kib(line: &str) -> Option<u64> {
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Processes by their command line.
fn processes(wanted: impl Fn(&str) -> bool) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let line = |path: &Path| {
        String::from_utf8_lossy(&std::fs::read(path.join("cmdline")).unwrap_or_default()).replace('\0', " ")
    };
    let found = entries.filter(|entry| wanted(&line(&entry.path())));
    found.filter_map(|entry| entry.file_name().to_string_lossy().parse().ok()).collect()
}

#[test]
fn a_terminal_has_the_size_it_is_given() {
    let (host, knarr) = host();
    let script = "trap 'stty size' WINCH; tty; while :; do sleep 0.1; done";
    knarr.ok(&["run", "-d", "-t", "--name", "screen", IMAGE, "sh", "-c", script]).unwrap();
    wait_for("it is up", Duration::from_secs(20), || knarr.ok(&["logs", "screen"]).unwrap().contains("/dev/pts/0"))
        .unwrap();
    let url = "http://d/v1.45/containers/screen/resize?h=43&w=117";
    let socket = host.socket();
    let resized =
        Command::new("curl").args(["-sf", "-X", "POST", "--unix-socket"]).arg(socket).arg(url).status().unwrap();
    assert!(resized.success());
    wait_for("it is told", Duration::from_secs(20), || knarr.ok(&["logs", "screen"]).unwrap().contains("43 117"))
        .unwrap();
    assert_eq!(knarr.ok(&["exec", "-t", "screen", "tty"]).unwrap().trim(), "/dev/pts/1");
    host.finish().unwrap();
}

#[test]
fn signals_arrive_by_name_and_number() {
    let (host, knarr) = host();
    let script = "trap 'echo hup' HUP; trap 'echo usr1' USR1; trap 'echo bye; exit 5' QUIT; echo up; while :; do sleep 0.1; done";
    knarr.ok(&["run", "-d", "--stop-signal", "SIGQUIT", "--name", "ears", IMAGE, "sh", "-c", script]).unwrap();
    let heard = |word: &str| {
        wait_for(word, Duration::from_secs(20), || knarr.ok(&["logs", "ears"]).unwrap().lines().any(|l| l == word))
            .unwrap();
    };
    heard("up");
    knarr.ok(&["kill", "-s", "HUP", "ears"]).unwrap();
    heard("hup");
    knarr.ok(&["kill", "--signal", "10", "ears"]).unwrap();
    heard("usr1");
    knarr.ok(&["stop", "ears"]).unwrap();
    heard("bye");
    assert_eq!(inspect(&knarr, "{{.State.ExitCode}}", "ears"), "5");
    host.finish().unwrap();
}

#[test]
fn the_common_default_is_restored_for_a_container_or_a_daemon() {
    const SHOW: &str =
        "grep CapEff /proc/self/status; cat /sys/fs/cgroup/pids/pids.max 2>/dev/null || cat /sys/fs/cgroup/pids.max";
    let (host, knarr) = host();
    let (ours, common) = ("CapEff:\t00000000800425fb\n4096", "CapEff:\t00000000a80425fb\nmax");
    assert_eq!(knarr.ok(&["run", "--rm", IMAGE, "sh", "-c", SHOW]).unwrap(), ours);
    knarr.ok(&["run", "-d", "--name", "open", "--compat", "docker", IMAGE, "sleep", "1000"]).unwrap();
    assert_eq!(knarr.ok(&["exec", "open", "sh", "-c", SHOW]).unwrap(), common);
    assert_eq!(
        inspect(&knarr, "{{.HostConfig.SecurityOpt}} {{.HostConfig.PidsLimit}}", "open"),
        "[compat=docker] <nil>"
    );
    let docker = ["run", "--rm", "--security-opt", "compat=docker", IMAGE, "sh", "-c", SHOW];
    assert_eq!(host.docker().ok(&docker).unwrap(), common);
    assert_eq!(host.docker().run(&["run", "--security-opt", "compat=podman", IMAGE, "true"]).unwrap().code, 125);
    host.finish().unwrap();

    let host = Host::start_with(&["--compat", "docker"]).unwrap();
    import_busybox(&host.knarr(), IMAGE).unwrap();
    assert_eq!(host.knarr().ok(&["run", "--rm", IMAGE, "sh", "-c", SHOW]).unwrap(), common);
    host.finish().unwrap();
}
