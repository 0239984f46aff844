//! AppArmor profiles of a test's own, on hosts whose kernel has AppArmor.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Whether this host's kernel has AppArmor, and it is on.
pub fn apparmor_is_on() -> bool {
    std::fs::read_to_string("/sys/module/apparmor/parameters/enabled").is_ok_and(|state| state.trim() == "Y")
}

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A loaded profile; removed when it goes.
pub struct Profile {
    name: String,
    text: String,
}

impl Profile {
    /// Loads one that allows everything but to read `forbidden`.
    pub fn load(forbidden: &str) -> Self {
        let name = format!("knarr-case-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let rules = format!("file, capability, network, signal, ptrace, deny {forbidden} r,");
        let text = format!("profile {name} flags=(attach_disconnected,mediate_deleted) {{ {rules} }}\n");
        parser("--replace", &text);
        Self { name, text }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What a process under it reads of itself.
    pub fn enforced(&self) -> String {
        format!("{} (enforce)", self.name)
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        parser("--remove", &self.text);
    }
}

fn parser(verb: &str, text: &str) {
    let mut command = Command::new("apparmor_parser");
    let mut child = command.args([verb, "--skip-cache", "--quiet"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "apparmor_parser {verb}: {text}");
}
