//! One script on every way into a container.

use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::walk::import_busybox;
use crate::{Host, Output, wait_for};

/// The image that [`everywhere`] builds on.
pub const IMAGE: &str = "busybox";

/// Runs the script of the image, without a descriptor of its own.
const CALL: &str = r#"(sh -c "$(cat /probe)" 2>&1)"#;

/// What to ask, and of which container.
#[derive(Debug, Clone, Copy, Default)]
pub struct Probe<'a> {
    /// For `sh`.
    pub script: &'a str,
    /// Flags of `run`. A build has none of them.
    pub flags: &'a [&'a str],
    /// Lines of the Dockerfile in front of the script's.
    pub lines: &'a str,
}

/// A host with [`IMAGE`].
pub fn host() -> Result<Host> {
    let host = Host::start()?;
    import_busybox(&host.knarr(), IMAGE)?;
    Ok(host)
}

/// Builds an image of these lines on [`IMAGE`], without results of earlier builds.
pub fn build(host: &Host, tag: &str, lines: &str) -> Result<Output> {
    let folder = host.path().join("context");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("Dockerfile"), format!("FROM {IMAGE}\n{lines}\n"))?;
    host.knarr().run(&["build", "-q", "--no-cache", "-t", tag, &folder.to_string_lossy()])
}

/// What the script prints in a build, in a container's first process, in an exec session and in a health check.
pub fn everywhere(host: &Host, probe: &Probe<'_>) -> Result<[(&'static str, String); 4]> {
    let knarr = host.knarr();
    std::fs::create_dir_all(host.path().join("context"))?;
    std::fs::write(host.path().join("context/probe"), probe.script)?;
    let check = format!("HEALTHCHECK --interval=100ms CMD {CALL} > /tmp/new; mv /tmp/new /tmp/from-health");
    let lines = format!("{}\nCOPY probe /probe\nRUN {CALL} > /tmp/from-build\n{check}", probe.lines);
    let built = build(host, "probing", &lines)?;
    anyhow::ensure!(built.code == 0, "{built:?}");
    let run = |first: &[&str], command: &[&str]| knarr.ok(&[first, probe.flags, &["probing"], command].concat());
    let output = run(&["run", "--rm", "--no-healthcheck"], &["sh", "-c", CALL])?;
    run(&["run", "-d", "--name", "probed"], &["sleep", "1000"])?;
    let inside = |script: &str| knarr.ok(&["exec", "probed", "sh", "-c", script]);
    let exec = inside(CALL)?;
    let build = inside("cat /tmp/from-build")?;
    let mut health = String::new();
    wait_for("a health check has run", Duration::from_secs(20), || {
        health = inside("cat /tmp/from-health").unwrap_or_default();
        !health.is_empty()
    })
    .context("the script must print something")?;
    knarr.ok(&["rm", "-f", "probed"])?;
    Ok([("build", build), ("run", output), ("exec", exec), ("healthcheck", health)])
}
