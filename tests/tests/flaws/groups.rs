//! Row 16 (CVE-2023-25173, 2022-36109, 2022-2989, 2022-2990, 2022-2995): groups that are lost. A file of mode 0707 shuts its group out: who
//! has lost that group reads it.
//!
//! Guards: `user::resolve` takes the account's groups and those asked for; `spec::process::user` puts the first group among them, so
//! that a program with the set-group-id bit does not lose it. Seen to fail without either: the file is read.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use knarr_e2e::probe::{self, Probe};
use knarr_runtime_cases::{ELF_DATA, old_system_call};

use crate::host;

/// bob is in the group 77, which is shut out of /data; /aside is of the group 99.
const LINES: &str = "COPY aside /aside
RUN echo 'bob:x:1000:50::/:/bin/sh' >> /etc/passwd && echo 'shut:x:77:bob' >> /etc/group && \
    echo secret > /data && chown 0:77 /data && chmod 707 /data && chown 0:99 /aside && chmod 2755 /aside";
/// `EACCES`, which /aside exits with.
const SHUT_OUT: &str = "shut out\n13";

#[test]
fn who_is_shut_out_stays_shut_out() {
    let (host, _) = host();
    // Opens /data for reading: 5 is open for programs of 32-bit x86.
    let aside = host.path().join("context/aside");
    fs::create_dir_all(aside.parent().unwrap()).unwrap();
    fs::write(&aside, old_system_call(5, [ELF_DATA, 0, 0], b"/data\0")).unwrap();
    fs::set_permissions(&aside, Permissions::from_mode(0o755)).unwrap();
    for (user, flags) in [
        ("bob", &[][..]),
        ("1000", &[]),
        ("1234:77", &[]),
        ("bob:shut", &[]),
        ("bob", &["--group-add", "88"]),
        ("1234:77", &["--user", "1234", "--group-add", "shut"]),
        ("1234:77", &["--user", "1234:50", "--group-add", "77"]),
    ] {
        let lines = format!("{LINES}\nUSER {user}");
        let script = "cat /data 2>/dev/null || echo shut out; /aside; echo $?";
        for (way, output) in probe::everywhere(&host, &Probe { script, flags, lines: &lines }).unwrap() {
            assert_eq!(output.trim(), SHUT_OUT, "{way} {user} {flags:?}");
        }
    }
    // That the file is read by who was never in the group shows what losing it would mean.
    let lines = format!("{LINES}\nUSER 1234:50");
    for (way, output) in probe::everywhere(&host, &Probe { script: "cat /data", flags: &[], lines: &lines }).unwrap() {
        assert_eq!(output.trim(), "secret", "{way}");
    }
    host.finish().unwrap();
}
