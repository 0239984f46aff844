//! What a machine must have, and how it gets it.

use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::shell;

/// A Debian package and a program that shows it is there.
pub struct Package {
    /// Its name; with `|` the first of several that the release has.
    name: &'static str,
    /// A program in PATH, or an absolute path to a file.
    shown_by: &'static str,
}

const fn package(name: &'static str, shown_by: &'static str) -> Package {
    Package { name, shown_by }
}

/// What a build needs.
pub const BUILD: &[Package] = &[package("gcc", "gcc"), package("libc6-dev", "/usr/include/stdlib.h")];

/// What libFuzzer needs besides.
pub const FUZZ: &[Package] = &[package("g++", "g++")];

/// What the static binary needs besides.
pub const DIST: &[Package] = &[package("musl-tools", "musl-gcc")];

/// What the demo and the tests need besides.
pub const RUN: &[Package] = &[
    package("busybox-static", "busybox"),
    package("ca-certificates", "/etc/ssl/certs/ca-certificates.crt"),
    package("containerd", "containerd"),
    package("crun", "crun"),
    package("curl", "curl"),
    package("docker-cli|docker.io", "docker"),
    package("docker-registry", "docker-registry"),
    package("docker.io", "dockerd"),
    package("e2fsprogs", "mkfs.ext4"),
    package("groff-base", "groff"),
    package("iproute2", "ip"),
    package("mmdebstrap", "mmdebstrap"),
    package("nftables", "nft"),
    package("podman", "podman"),
    package("runc", "runc"),
    package("skopeo", "skopeo"),
    package("openssl", "openssl"),
];

/// What the virtual machine needs besides.
pub const VM: &[Package] = &[
    package("apparmor", "apparmor_parser"),
    package("debian-archive-keyring", "/usr/share/keyrings/debian-archive-keyring.gpg"),
    package("kmod", "modprobe"),
    package("qemu-system-x86", "qemu-system-x86_64"),
    package("virtiofsd|qemu-system-common", "virtiofsd"),
];

/// Installs the packages of these lists that are missing, or says what to install.
pub fn packages(lists: &[&[Package]]) -> Result<()> {
    let missing: Vec<&'static str> = lists
        .iter()
        .flat_map(|list| list.iter())
        .filter(|package| !present(package.shown_by))
        .map(|package| package.name)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ").replace('|', " or ");
    if !is_root() || !shell::has("apt-get") {
        bail!(
            "these packages are missing: {names}\ninstall them with: sudo apt-get install --no-install-recommends {names}"
        );
    }
    eprintln!("installing {names}");
    install(&missing)
}

/// Installs without starting any service that a package brings along.
fn install(names: &[&'static str]) -> Result<()> {
    let mut update = shell::command("apt-get", &["update", "-q"]);
    update.stdout(Stdio::null());
    shell::check(update)?;
    let policy = NoServices::begin()?;
    let mut install = shell::command("apt-get", &["install", "-y", "-q", "--no-install-recommends"]);
    let chosen: Vec<&str> = names.iter().map(|name| first_known(name)).collect();
    install.args(chosen).env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null());
    let done = shell::check(install);
    drop(policy);
    done
}

/// The first of `a|b` that the release has; the last where it has none.
fn first_known(name: &'static str) -> &'static str {
    let known = |name: &str| {
        let output = shell::command("apt-cache", &["show", name]).output();
        output.is_ok_and(|output| output.status.success() && !output.stdout.is_empty())
    };
    name.split('|').find(|name| known(name)).or(name.rsplit('|').next()).unwrap_or(name)
}

/// Debian's policy-rc.d: while it says 101, no package starts a service. One that exists already is left alone.
struct NoServices(bool);

const POLICY: &str = "/usr/sbin/policy-rc.d";

impl NoServices {
    fn begin() -> Result<Self> {
        use std::os::unix::fs::PermissionsExt as _;
        if std::path::Path::new(POLICY).exists() {
            return Ok(Self(false));
        }
        std::fs::write(POLICY, "#!/bin/sh\nexit 101\n")?;
        std::fs::set_permissions(POLICY, std::fs::Permissions::from_mode(0o755))?;
        Ok(Self(true))
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.0 {
            let _ = std::fs::remove_file(POLICY);
        }
    }
}

/// The shim is always built for musl, so its standard library's core must be there.
pub fn musl_target() -> Result<()> {
    const TARGET: &str = "x86_64-unknown-linux-musl";
    if installed_target(TARGET) {
        return Ok(());
    }
    if !shell::has("rustup") {
        bail!("Rust's {TARGET} target is missing: install Rust with rustup, then run: rustup target add {TARGET}");
    }
    shell::run("rustup", &["target", "add", TARGET])
}

fn installed_target(target: &str) -> bool {
    let Ok(output) = shell::command("rustc", &["--print", "target-libdir", "--target", target]).output() else {
        return false;
    };
    output.status.success() && std::path::Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
}

/// Containers, bridges and mounts are root's.
pub fn need_root(task: &str) -> Result<()> {
    if is_root() {
        return Ok(());
    }
    bail!("`cargo xtask {task}` runs containers and must be root: run it as root (for example with `sudo -E`)");
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn present(shown_by: &str) -> bool {
    if shown_by.starts_with('/') { std::path::Path::new(shown_by).exists() } else { shell::has(shown_by) }
}
