//! Running programs, and where things are.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// The checkout's root: the one that cargo was called in, also where several share a target folder.
pub fn root() -> PathBuf {
    let own = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&own).parent().map(Path::to_owned).unwrap_or_default()
}

/// Cargo's target folder.
pub fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// What is kept between runs, outside the checkout.
pub fn cache_dir() -> PathBuf {
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    base.or_else(home).unwrap_or_else(|| "/var/cache".into()).join("knarr")
}

/// A command that runs in the checkout's root.
pub fn command(program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(root());
    command
}

/// The shim's manifest: a workspace of its own.
pub const SHIM: &str = "crates/kernel/shim/Cargo.toml";

/// A cargo command on the shim, with a target folder of its own inside the shared one: the two workspaces' locks don't mix.
pub fn shim(task: &str) -> Command {
    let mut cargo = command("cargo", &[task, "--locked", "--manifest-path", SHIM]);
    cargo.arg("--target-dir").arg(target_dir().join("shim"));
    cargo
}

/// Runs a command, shown first, and fails where it fails.
pub fn run(program: &str, args: &[&str]) -> Result<()> {
    check(command(program, args))
}

/// Runs a prepared command, shown first, and fails where it fails.
pub fn check(mut command: Command) -> Result<()> {
    let shown = show(&command);
    eprintln!("+ {shown}");
    let status = command.status().with_context(|| format!("cannot run {shown}"))?;
    if !status.success() {
        bail!("{shown}: {status}");
    }
    Ok(())
}

/// Whether `program` is found.
pub fn has(program: &str) -> bool {
    find(program).is_some()
}

/// A program in PATH, or where distributions put root's programs and those that only programs call.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let others = ["/usr/sbin", "/sbin", "/usr/libexec", "/usr/lib/qemu"].map(PathBuf::from);
    let folders = std::env::split_paths(&path).chain(others);
    folders.map(|folder| folder.join(program)).find(|path| path.is_file())
}

fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// The busybox image that the end-to-end tests make.
pub fn busybox_tar() -> Result<PathBuf> {
    let mut made =
        command("cargo", &["run", "--quiet", "--package", "knarr-e2e", "--bin", "base-image", "--", "busybox"]);
    let output = made.output().context("cannot make the busybox image")?;
    if !output.status.success() {
        bail!("cannot make the busybox image: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}
