//! The guest's kernel: Debian 13's for clouds, the same on every machine that runs the tests.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::shell;

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
const SOURCE: &str = "http://deb.debian.org/debian trixie main";
/// The package that depends on the present version.
const NEWEST: &str = "linux-image-cloud-amd64";

/// An unpacked kernel package.
pub struct Kernel {
    folder: PathBuf,
}

impl Kernel {
    /// The image to boot.
    pub fn image(&self) -> Result<PathBuf> {
        only_entry(&self.folder.join("boot"), "vmlinuz-")
    }

    /// Below it lies `lib/modules`, for modprobe.
    pub fn modules(&self) -> PathBuf {
        self.folder.join("usr")
    }
}

/// The kernel of the cache, which is filled on the first call.
pub fn fetched() -> Result<Kernel> {
    let cache = shell::cache_dir().join("vm");
    let kernel = Kernel { folder: cache.join("kernel") };
    if !kernel.folder.is_dir() {
        let partial = cache.join(format!("partial.{}", std::process::id()));
        unpack(&partial)?;
        std::fs::rename(partial.join("kernel"), &kernel.folder)?;
        std::fs::remove_dir_all(&partial)?;
    }
    Ok(kernel)
}

/// Downloads with lists of apt's own in `folder`, so that the machine's sources stay what they are.
fn unpack(folder: &Path) -> Result<()> {
    for inside in ["lists/partial", "archives/partial"] {
        std::fs::create_dir_all(folder.join(inside))?;
    }
    std::fs::write(folder.join("sources.list"), format!("deb [arch=amd64 signed-by={KEYRING}] {SOURCE}\n"))?;
    shell::check(apt(folder, "apt-get", &["update", "-q"]))?;
    let depends = apt(folder, "apt-cache", &["depends", "--important", NEWEST]).output()?;
    let depends = String::from_utf8_lossy(&depends.stdout).into_owned();
    let package = depends.lines().find_map(|line| line.trim().strip_prefix("Depends: "));
    let package = package.with_context(|| format!("{SOURCE} has no {NEWEST}"))?;
    shell::check(apt(folder, "apt-get", &["download", "-q", package]))?;
    let mut extract = shell::command("dpkg-deb", &["--extract"]);
    extract.arg(only_entry(folder, "linux-image-")?).arg(folder.join("kernel"));
    shell::check(extract)?;
    let release = only_entry(&folder.join("kernel/usr/lib/modules"), "")?;
    let mut depmod = shell::command("depmod", &["--basedir"]);
    depmod.arg(folder.join("kernel/usr")).arg(release.file_name().unwrap_or_default());
    shell::check(depmod)
}

fn apt(folder: &Path, program: &str, args: &[&str]) -> std::process::Command {
    let mut command = std::process::Command::new(program);
    let own = |name: &str, path: &str| format!("{name}={}", folder.join(path).display());
    for option in [
        own("Dir::Etc::SourceList", "sources.list"),
        "Dir::Etc::SourceParts=/dev/null".to_owned(),
        own("Dir::State::Lists", "lists"),
        own("Dir::Cache", "."),
        "APT::Sandbox::User=root".to_owned(),
    ] {
        command.arg("-o").arg(option);
    }
    command.args(args).current_dir(folder).stdin(std::process::Stdio::null());
    command
}

/// The one entry of a folder whose name begins so.
fn only_entry(folder: &Path, prefix: &str) -> Result<PathBuf> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut names = entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix));
    let found = names.next().with_context(|| format!("{} has no {prefix}*", folder.display()))?;
    Ok(found.path())
}
