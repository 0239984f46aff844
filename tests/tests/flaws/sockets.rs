//! Rows 20 to 22: sockets that a container can make, and ours.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use knarr_e2e::Host;
use knarr_e2e::probe::{self, IMAGE, Probe};
use knarr_runtime_cases::{ELF_DATA, old_system_call, system_call};

use crate::host;

/// unix, inet, inet6, netlink, packet.
const LISTED: [u32; 5] = [1, 2, 10, 16, 17];
const VSOCK: u32 = 40;
const STREAM: u32 = 1;
/// `EPERM`, the filter's answer; a family that the kernel lacks is another error.
const REFUSED: i32 = 1;
/// Numbers of `socket`, and the bit of x32.
const SOCKET: u32 = 41;
const OLD_SOCKET: u32 = 359;
const OLD_SOCKETCALL: u32 = 102;
const X32: u32 = 1 << 30;

/// `socket` by each interface of the kernel, with bits above the 32 that it looks at, too.
fn programs(family: u32) -> [(&'static str, Vec<u8>); 5] {
    let wide = u64::from(family);
    let args: Vec<u8> = [family, STREAM, 0].iter().flat_map(|word| word.to_le_bytes()).collect();
    [
        ("64", system_call(SOCKET, [wide, STREAM.into(), 0])),
        ("64-high", system_call(SOCKET, [wide | 1 << 32, STREAM.into(), 0])),
        ("x32-high", system_call(SOCKET | X32, [wide | 1 << 63, STREAM.into(), 0])),
        ("32", old_system_call(OLD_SOCKET, [family, STREAM, 0], &[])),
        ("socketcall", old_system_call(OLD_SOCKETCALL, [1, ELF_DATA, 0], &args)),
    ]
}

/// Puts the programs of all families into the build's context.
fn write_programs(host: &Host) {
    let folder = host.path().join("context/calls");
    fs::create_dir_all(&folder).unwrap();
    for family in 0..64 {
        for (interface, program) in programs(family) {
            let path = folder.join(format!("{interface}:{family}"));
            fs::write(&path, program).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        }
    }
}

/// How each program ended, by its interface and family.
fn answers(output: &str) -> BTreeMap<(&str, u32), i32> {
    output.lines().map(|line| answer(line).unwrap_or_else(|| panic!("{line}"))).collect()
}

/// `INTERFACE:FAMILY CODE`.
fn answer(line: &str) -> Option<((&str, u32), i32)> {
    let (name, code) = line.split_once(' ')?;
    let (interface, family) = name.split_once(':')?;
    Some(((interface, family.parse().ok()?), code.parse().ok()?))
}

const CALL: Probe<'_> =
    Probe { script: "cd /calls; for p in *; do ./$p; echo $p $?; done", flags: &[], lines: "COPY calls /calls" };

/// Rows 20 and 21 (CVE-2026-123876, 2026-31431, 43284, 43500): families off the list are refused by every interface, whatever the bits that
/// the kernel does not read. Guard: the policy's masked comparisons, `policy/seccomp.json`. Seen to fail with one more family in it, and with
/// `socketcall` 1.
#[test]
fn families_off_the_list_are_refused_on_every_way_in() {
    let (host, _) = host();
    write_programs(&host);
    for (way, output) in probe::everywhere(&host, &CALL).unwrap() {
        let answers = answers(&output);
        assert_eq!(answers.len(), 5 * 64, "{way}");
        for ((interface, family), code) in answers {
            let open = LISTED.contains(&family) && interface != "socketcall";
            assert_eq!(code != REFUSED, open, "{way} {interface} {family}: {code}");
        }
    }
    host.finish().unwrap();
}

/// Row 20 in the common default, which opens all families but one. Guard: the policy compares 32 bits. Seen to fail with all 64 compared:
/// the filter lets a vsock pass.
#[test]
fn vsock_stays_shut_in_the_common_default() {
    let (host, _) = host();
    write_programs(&host);
    let probe = Probe { flags: &["--compat", "docker"], ..CALL };
    let [_, others @ ..] = probe::everywhere(&host, &probe).unwrap();
    for (way, output) in others {
        let refused: Vec<(&str, u32)> =
            answers(&output).into_iter().filter(|(_, code)| *code == REFUSED).map(|(name, _)| name).collect();
        let vsock = ["32", "64", "64-high", "x32-high"].map(|interface| (interface, VSOCK));
        assert_eq!(refused, vsock, "{way}");
    }
    host.finish().unwrap();
}

/// Row 22 (CVE-2020-15257): no socket of ours is in the abstract name space, where a container in the host's network reaches it; those
/// in the file system are for their owner. Guard: shims and daemon bind paths, `bind` with mode 0600. Seen to fail with an abstract listener in
/// the daemon.
#[test]
fn no_socket_of_ours_is_abstract() {
    let (host, knarr) = host();
    knarr.ok(&["run", "-d", "--name", "calm", IMAGE, "sleep", "1000"]).unwrap();
    knarr.ok(&["exec", "-d", "calm", "sleep", "1000"]).unwrap();
    let inside = ["run", "--rm", "--net", "host", IMAGE, "cat", "/proc/net/unix"];
    let sockets = knarr.ok(&inside).unwrap();
    let names: Vec<&str> = sockets.lines().filter_map(|line| line.split_whitespace().nth(7)).collect();
    let folder = host.path().to_string_lossy().into_owned();
    assert!(names.iter().filter(|name| name.starts_with(&folder)).count() >= 3, "{names:?}");
    let ours = |name: &&&str| name.starts_with('@') && (name.contains("knarr") || name.contains(host.bridge()));
    assert_eq!(names.iter().find(ours), None);
    for name in names.iter().filter(|name| name.starts_with(&folder)) {
        let mode = fs::metadata(name).unwrap().permissions().mode();
        assert_eq!(mode & 0o007, 0, "{name}");
    }
    host.finish().unwrap();
}
