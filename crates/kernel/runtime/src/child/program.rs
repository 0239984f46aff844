//! Finding the program, in the words that users of Docker know.

use std::ffi::{CStr, CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{Access, AtFlags, CWD, FileType, accessat, stat};
use rustix::io::Errno;

use crate::link::Failure;

/// The path of the program that `name` means: a path as it is, else the first in the environment's `PATH` that may be
/// executed. Called inside the container, as the user.
pub fn find(name: &CStr, env: &[CString]) -> Result<CString, Failure> {
    if name.to_bytes().contains(&b'/') {
        return match executable(name) {
            Ok(()) => Ok(name.to_owned()),
            Err(Errno::NOENT | Errno::NOTDIR) => {
                let shown = name.to_string_lossy();
                Err(refused(name, &format!("stat {shown}: no such file or directory"), Errno::NOENT))
            }
            Err(Errno::ISDIR) => Err(refused(name, "is a directory", Errno::ISDIR)),
            Err(errno) => Err(refused(name, &reason(errno), errno)),
        };
    }
    let path = env.iter().find_map(|variable| variable.to_bytes().strip_prefix(b"PATH=")).unwrap_or_default();
    path.split(|byte| *byte == b':')
        .filter(|folder| !folder.is_empty())
        .filter_map(|folder| {
            CString::new(Path::new(OsStr::from_bytes(folder)).join(os(name)).as_os_str().as_bytes()).ok()
        })
        .find(|candidate| executable(candidate).is_ok())
        .ok_or_else(|| refused(name, "executable file not found in $PATH", Errno::NOENT))
}

/// Why `execve` refused.
pub fn failed(path: &CStr, error: &std::io::Error) -> Failure {
    let text = format!("exec {}: {}", path.to_string_lossy(), crate::error::reason(error));
    Failure { text, errno: error.raw_os_error().unwrap_or(0) }
}

fn os(name: &CStr) -> &OsStr {
    OsStr::from_bytes(name.to_bytes())
}

fn executable(path: &CStr) -> Result<(), Errno> {
    if FileType::from_raw_mode(stat(path)?.st_mode).is_dir() {
        return Err(Errno::ISDIR);
    }
    accessat(CWD, path, Access::EXEC_OK, AtFlags::EACCESS)
}

fn refused(name: &CStr, why: &str, errno: Errno) -> Failure {
    Failure { text: format!("exec: \"{}\": {why}", name.to_string_lossy()), errno: errno.raw_os_error() }
}

fn reason(errno: Errno) -> String {
    crate::error::reason(&errno.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find_text(name: &str, path: &str) -> Result<CString, String> {
        let env = [CString::new(format!("PATH={path}")).unwrap()];
        find(&CString::new(name).unwrap(), &env).map_err(|failure| failure.text)
    }

    #[test]
    fn programs_are_found_in_the_path() {
        assert_eq!(find_text("sh", "/nowhere::/bin").unwrap().to_str().unwrap(), "/bin/sh");
        assert_eq!(find_text("/bin/sh", "").unwrap().to_str().unwrap(), "/bin/sh");
    }

    #[test]
    fn what_is_none_is_refused_in_known_words() {
        assert_eq!(find_text("nope", "/bin").unwrap_err(), "exec: \"nope\": executable file not found in $PATH");
        assert_eq!(find_text("/etc", "").unwrap_err(), "exec: \"/etc\": is a directory");
        assert_eq!(find_text("/etc/passwd", "").unwrap_err(), "exec: \"/etc/passwd\": permission denied");
        assert_eq!(find_text("/nope", "").unwrap_err(), "exec: \"/nope\": stat /nope: no such file or directory");
    }
}
