//! The home folder of the user, for a program that is not told one.

use std::ffi::CString;

use knarr_model::accounts::accounts;
use knarr_sys::path::read_regular;
use rustix::fs::{Mode, OFlags, open};

/// Larger files are not read (flaw row 17).
const SIZE_LIMIT: u64 = 1 << 20;

/// Appends `HOME=…` where the environment has none: from the container's `/etc/passwd`, else `/`. Called inside the
/// container's root.
pub fn with_home(env: &[CString], uid: u32) -> Vec<CString> {
    let mut env = env.to_vec();
    if !env.iter().any(|variable| variable.as_bytes().starts_with(b"HOME=")) {
        let home = read().and_then(|text| home(&text, uid)).unwrap_or_else(|| "/".to_owned());
        env.extend(CString::new(format!("HOME={home}")));
    }
    env
}

/// The file, if it is a regular one of reasonable size.
fn read() -> Option<String> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let bytes = read_regular(open("/etc/passwd", flags, Mode::empty()).ok()?, SIZE_LIMIT).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn home(passwd: &str, uid: u32) -> Option<String> {
    accounts(passwd).find(|account| account.uid == uid)?.home().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_is_the_users() {
        let text =
            "cut:x:33\nroot:x:0:0:root:/root:/bin/sh\nwww:x:33:33::/var/www:/bin/false\nbad:x:7:7::relative:/bin/sh\n";
        assert_eq!(home(text, 33).as_deref(), Some("/var/www"));
        assert_eq!(home(text, 7), None);
        assert_eq!(home(text, 1), None);
    }

    #[test]
    fn a_home_that_is_set_stays() {
        let env = [CString::new("HOME=/x").unwrap()];
        assert_eq!(with_home(&env, 0), env);
    }
}
