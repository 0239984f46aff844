//! The two command lines, used alike.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::process::knarr_binary;

/// A command line that speaks to one daemon.
#[derive(Clone)]
pub struct Client {
    program: PathBuf,
    host: String,
    config: PathBuf,
    flags: Vec<String>,
}

/// What a command printed, and how it ended.
#[derive(Debug, Clone)]
pub struct Output {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// Exit code; -1 for a signal.
    pub code: i32,
}

impl Output {
    /// Runs a command to its end.
    pub fn of(command: &mut Command) -> Result<Self> {
        let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
        Ok(Self {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code().unwrap_or(-1),
        })
    }
}

impl Client {
    /// Our own command line.
    pub fn knarr(socket: &Path, config: &Path) -> Self {
        Self::knarr_at(&format!("unix://{}", socket.display()), config)
    }

    /// The unmodified `docker` command line.
    pub fn docker(socket: &Path, config: &Path) -> Self {
        Self::docker_at(&format!("unix://{}", socket.display()), config)
    }

    /// Our own command line, for a daemon anywhere.
    pub fn knarr_at(host: &str, config: &Path) -> Self {
        Self::of(knarr_binary(), host, config)
    }

    /// Docker's, for a daemon anywhere.
    pub fn docker_at(host: &str, config: &Path) -> Self {
        Self::of("docker".into(), host, config)
    }

    /// Docker's, by another program: one that has buildx.
    pub fn docker_by(program: &Path, socket: &Path) -> Self {
        Self::of(program.to_owned(), &format!("unix://{}", socket.display()), Path::new("/nonexistent"))
    }

    fn of(program: PathBuf, host: &str, config: &Path) -> Self {
        Self { program, host: host.to_owned(), config: config.to_owned(), flags: Vec::new() }
    }

    /// With these flags in front of each command.
    pub fn with(mut self, flags: &[&str]) -> Self {
        self.flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        self
    }

    /// `knarr` or `docker`.
    pub fn name(&self) -> String {
        self.program.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The command, ready to be changed and started.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--host").arg(&self.host).args(&self.flags).args(args);
        command.env("DOCKER_CONFIG", &self.config).env("DOCKER_BUILDKIT", "0").env_remove("DOCKER_HOST");
        command.stdin(Stdio::null());
        command
    }

    /// Runs it, however it ends.
    pub fn run(&self, args: &[&str]) -> Result<Output> {
        Output::of(&mut self.command(args))
    }

    /// Runs it, and must succeed; its trimmed standard output.
    pub fn ok(&self, args: &[&str]) -> Result<String> {
        let output = self.run(args)?;
        if output.code != 0 {
            bail!("{} {args:?} ended with {}:\n{}{}", self.name(), output.code, output.stdout, output.stderr);
        }
        Ok(output.stdout.trim_end().to_owned())
    }

    /// Runs it, and must fail; its standard error (or output, where it is silent).
    pub fn fails(&self, args: &[&str]) -> Result<Output> {
        let output = self.run(args)?;
        if output.code == 0 {
            bail!("{} {args:?} succeeded and should not have:\n{}", self.name(), output.stdout);
        }
        Ok(output)
    }
}
