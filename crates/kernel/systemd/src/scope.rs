//! Which scope a container has.

use crate::{Error, Result};

/// A scope below a slice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The slice's name.
    pub slice: String,
    /// The scope's.
    pub unit: String,
}

impl Scope {
    /// Reads `SLICE:PREFIX:NAME`. Without a path it is `knarr-ID.scope` below the system's slice.
    pub fn parse(path: &str, id: &str) -> Result<Self> {
        let wrong = || Error::Path(path.to_owned());
        let (slice, prefix, name) = match path.split(':').collect::<Vec<_>>()[..] {
            [""] => ("", "knarr", id),
            [slice, prefix, name] => (slice, prefix, name),
            _ => return Err(wrong()),
        };
        let slice = if slice.is_empty() { "system.slice" } else { slice };
        let unit = if prefix.is_empty() { format!("{name}.scope") } else { format!("{prefix}-{name}.scope") };
        let word = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-:@\\".contains(&b));
        if name.is_empty() || unit.len() > 255 || !word(&unit) || !word(slice) || folders(slice).is_none() {
            return Err(wrong());
        }
        Ok(Self { slice: slice.to_owned(), unit })
    }

    /// Its path below each cgroup hierarchy: `a-b.slice` lies in `a.slice` (systemd.slice(5)).
    pub fn cgroup(&self) -> String {
        format!("{}/{}", folders(&self.slice).unwrap_or_default(), self.unit)
    }
}

fn folders(slice: &str) -> Option<String> {
    let name = slice.strip_suffix(".slice")?;
    if name == "-" {
        return Some(String::new());
    }
    let mut path = String::new();
    let mut so_far = String::new();
    for part in name.split('-') {
        if part.is_empty() {
            return None;
        }
        so_far.push_str(part);
        path.push_str(&format!("/{so_far}.slice"));
        so_far.push('-');
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_lie_within_each_other() {
        let scope = Scope::parse("machine-web-a.slice:libpod:abc", "x").unwrap();
        assert_eq!(scope.unit, "libpod-abc.scope");
        assert_eq!(scope.cgroup(), "/machine.slice/machine-web.slice/machine-web-a.slice/libpod-abc.scope");
        assert_eq!(Scope::parse("-.slice::abc", "x").unwrap().cgroup(), "/abc.scope");
        assert_eq!(Scope::parse("", "c1").unwrap().cgroup(), "/system.slice/knarr-c1.scope");
        assert_eq!(Scope::parse(":docker:c1", "x").unwrap().cgroup(), "/system.slice/docker-c1.scope");
    }

    #[test]
    fn what_is_no_scope_is_refused() {
        for bad in ["/a/b", "a.slice:b", "a:b:c", "a--b.slice:p:n", "a.slice:p:", "a.slice:p:../x", "a/b.slice:p:n"] {
            assert!(Scope::parse(bad, "id").is_err(), "{bad}");
        }
    }
}
