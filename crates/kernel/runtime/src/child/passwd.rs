//! The home folder of the user, for a program that is not told one.

use std::ffi::CString;
use std::io::Read;
use std::os::fd::OwnedFd;

use rustix::fs::{FileType, Mode, OFlags, fstat, open};

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
    let file: OwnedFd = open("/etc/passwd", flags, Mode::empty()).ok()?;
    let stat = fstat(&file).ok()?;
    if !FileType::from_raw_mode(stat.st_mode).is_file() || stat.st_size as u64 > SIZE_LIMIT {
        return None;
    }
    let mut text = String::new();
    std::fs::File::from(file).take(SIZE_LIMIT).read_to_string(&mut text).ok()?;
    Some(text)
}

/// The sixth field of the user's line; one with a control character is not believed (flaw row 77).
fn home(text: &str, uid: u32) -> Option<String> {
    let line = text.lines().find(|line| line.split(':').nth(2).is_some_and(|field| field.parse() == Ok(uid)))?;
    let home = line.split(':').nth(5)?;
    (home.starts_with('/') && !home.chars().any(char::is_control)).then(|| home.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_is_the_users() {
        let text = "root:x:0:0:root:/root:/bin/sh\nwww:x:33:33::/var/www:/bin/false\nbad:x:7:7::relative:/bin/sh\n";
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
