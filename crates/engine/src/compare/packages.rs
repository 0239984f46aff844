//! Packages of the distribution, as an image's own databases list them: dpkg's status file, the files of distroless images, apk's
//! list. rpm's databases are binary and not read.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::Path;

use knarr_api::compare::Package;
use knarr_layers::Merged;
use knarr_model::{Fault, Result};

/// A list of packages longer than this is refused.
const LIMIT: u64 = 64 << 20;

const DPKG: &str = "var/lib/dpkg/status";
const DISTROLESS: &str = "var/lib/dpkg/status.d";
const APK: [&str; 2] = ["lib/apk/db/installed", "usr/lib/apk/db/installed"];

/// Versions, by manager and name.
type Packages = BTreeMap<(&'static str, String), String>;

/// The packages that differ.
pub(super) fn differences(before: &Merged, after: &Merged) -> Result<Vec<Package>> {
    let (before, after) = (packages(before)?, packages(after)?);
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let version = |all: &Packages, key| all.get(key).cloned().unwrap_or_default();
    let both = names.into_iter().map(|key| Package {
        name: key.1.clone(),
        manager: key.0.to_owned(),
        before: version(&before, key),
        after: version(&after, key),
    });
    Ok(both.filter(|package| package.before != package.after).collect())
}

fn packages(files: &Merged) -> Result<Packages> {
    let mut found = Packages::new();
    for path in [Path::new(DPKG)].into_iter().chain(files.list(Path::new(DISTROLESS))) {
        found.extend(dpkg(&read(files, path)?).into_iter().map(|(name, version)| (("dpkg", name), version)));
    }
    for path in APK {
        found.extend(apk(&read(files, Path::new(path))?).into_iter().map(|(name, version)| (("apk", name), version)));
    }
    Ok(found)
}

/// A file's text; empty where there is no such file.
fn read(files: &Merged, path: &Path) -> Result<String> {
    let Some(file) = files.open(path)? else { return Ok(String::new()) };
    let mut bytes = Vec::new();
    let read = file.take(LIMIT + 1).read_to_end(&mut bytes);
    read.map_err(|e| Fault::io(format!("read /{} of an image", path.display()), e))?;
    if bytes.len() as u64 > LIMIT {
        return Err(Fault::invalid(format!("/{} of an image is larger than {LIMIT} bytes", path.display())));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The installed packages of a status file (deb-control(5)); those of a foreign architecture with it.
fn dpkg(text: &str) -> Vec<(String, String)> {
    let stanza = |stanza: &str| {
        let field =
            |name: &str| stanza.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim));
        // Files of distroless images do not say how the package is.
        let installed = field("Status").is_none_or(|status| status.ends_with(" installed"));
        let (name, version) = (field("Package")?, field("Version")?);
        let several = field("Multi-Arch") == Some("same");
        let name = if several { format!("{name}:{}", field("Architecture")?) } else { name.to_owned() };
        installed.then(|| (name, version.to_owned()))
    };
    text.split("\n\n").filter_map(stanza).collect()
}

/// The packages of apk's list.
fn apk(text: &str) -> Vec<(String, String)> {
    let stanza = |stanza: &str| {
        let field = |name: &str| stanza.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
        Some((field("P:")?, field("V:")?))
    };
    text.split("\n\n").filter_map(stanza).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_are_read() {
        let status = "Package: a\nStatus: install ok installed\nVersion: 1\nDescription: x\n Version: 9\n\n\
                      Package: gone\nStatus: deinstall ok config-files\nVersion: 2\n\n\
                      Package: libc6\nStatus: install ok installed\nMulti-Arch: same\nArchitecture: i386\nVersion: 3:2-1\n\n\
                      Package: half";
        let expected = [("a".to_owned(), "1".to_owned()), ("libc6:i386".to_owned(), "3:2-1".to_owned())];
        assert_eq!(dpkg(status), expected);
        assert_eq!(dpkg("Package: tzdata\nVersion: 2024a\n"), [("tzdata".to_owned(), "2024a".to_owned())]);
        assert_eq!(apk("C:Q1\nP:musl\nV:1.2-r0\nF:lib\n\nP:\n"), [("musl".to_owned(), "1.2-r0".to_owned())]);
    }
}
