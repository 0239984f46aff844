//! Rows 13 and 14: capabilities that are inheritable, and sessions that have more of them than their container.

use knarr_e2e::probe::{self, Probe};
use knarr_runtime_cases::{capability_sets, status_field};

use crate::host;

const STATUS: Probe<'_> = Probe { script: "cat /proc/self/status", flags: &[], lines: "" };

/// Row 13 (CVE-2022-24769 and its kin), on every way in: also with capabilities added, and for another user. Guard:
/// `spec::process::sets`. Seen to fail with the inheritable set filled from the bounding one.
#[test]
fn nothing_is_inheritable_on_any_way_in() {
    let (host, knarr) = host();
    for (flags, lines) in [
        (&[][..], ""),
        (&["--cap-add", "NET_ADMIN"], "USER nobody"),
        (&["--privileged"], ""),
        (&["--privileged", "--user", "nobody"], ""),
    ] {
        for (way, status) in probe::everywhere(&host, &Probe { flags, lines, ..STATUS }).unwrap() {
            let sets = capability_sets(&status);
            assert_eq!((sets[0], sets[4]), (0, 0), "{way} {flags:?}: {status}");
        }
    }
    knarr.ok(&["run", "-d", "--name", "calm", probe::IMAGE, "sleep", "1000"]).unwrap();
    let sets = capability_sets(&knarr.ok(&["exec", "--privileged", "calm", "cat", "/proc/self/status"]).unwrap());
    assert_eq!((sets[0], sets[4]), (0, 0), "exec --privileged");
    host.finish().unwrap();
}

/// Row 14 (CVE-2025-27612): a session, a health check too, has what the container's first process has, or less. Guard: `exec::start`
/// takes the container's own `--cap-add` and `--cap-drop`. Seen to fail without the latter: a session has the default's capabilities.
#[test]
fn a_session_has_no_more_than_its_container() {
    let (host, _) = host();
    for flags in [
        &["--cap-drop", "ALL"][..],
        &["--cap-drop", "ALL", "--cap-add", "KILL", "--security-opt", "no-new-privileges"],
        &["--cap-add", "SYS_TIME", "--user", "nobody"],
    ] {
        let [_, (_, run), others @ ..] = probe::everywhere(&host, &Probe { flags, ..STATUS }).unwrap();
        let own = capability_sets(&run);
        for (way, status) in others {
            let has = capability_sets(&status);
            (0..5).for_each(|set| assert_eq!(has[set] & !own[set], 0, "{way} {flags:?}, set {set}"));
            for field in ["NoNewPrivs", "Seccomp", "Uid", "Gid"] {
                assert_eq!(status_field(&status, field), status_field(&run, field), "{way} {flags:?}");
            }
        }
    }
    host.finish().unwrap();
}
