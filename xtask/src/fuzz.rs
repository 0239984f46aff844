//! The fuzz targets under libFuzzer, guided by coverage.
//!
//! The pinned compiler counts edges by itself (`-C passes`, a stable option); libFuzzer comes as C++ with its crate. New inputs
//! go to a folder beside the build, `--keep` takes those that reach something new over into `fuzz/corpus`.

use std::fs::{self, File};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};

use crate::{setup, shell};

/// The program around the targets: a workspace of its own.
pub const MANIFEST: &str = "fuzz/libfuzzer/Cargo.toml";

/// Of the host alone, so that build scripts and macros stay without counters.
const HOST: &str = "x86_64-unknown-linux-gnu";

/// Counters at edges, and the values of comparisons, for libFuzzer; checks as in debug builds.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Bytes of an input that is kept: a corpus is read with the source.
const SMALL: usize = 512;

/// What is asked for on the command line.
struct Asked {
    targets: Vec<String>,
    /// None would be for ever.
    minutes: NonZeroU32,
    keep: bool,
}

/// Builds, then runs each target; a failing one ends the task and leaves its input behind.
pub fn run(args: &[String]) -> Result<()> {
    let asked = read(args)?;
    setup::packages(&[setup::BUILD, setup::FUZZ])?;
    let program = build()?;
    for target in &asked.targets {
        let fuzzer = Fuzzer { program: &program, target };
        fuzzer.search(asked.minutes)?;
        if asked.keep {
            fuzzer.keep()?;
        }
    }
    Ok(())
}

fn read(args: &[String]) -> Result<Asked> {
    let ten = NonZeroU32::MIN.saturating_add(9);
    let mut asked = Asked { targets: Vec::new(), minutes: ten, keep: false };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--minutes" => asked.minutes = args.next().context("--minutes needs a number")?.parse()?,
            "--keep" => asked.keep = true,
            flag if flag.starts_with('-') => bail!("unknown flag {flag:?}"),
            target => asked.targets.push(target.to_owned()),
        }
    }
    let all = targets()?;
    if let Some(unknown) = asked.targets.iter().find(|target| !all.contains(target)) {
        bail!("unknown target {unknown:?}; there are: {}", all.join(" "));
    }
    if asked.targets.is_empty() {
        asked.targets = all;
    }
    Ok(asked)
}

/// Each target has a corpus.
fn targets() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(shell::root().join("fuzz/corpus"))? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn build() -> Result<PathBuf> {
    let target_dir = shell::target_dir().join("fuzz");
    let mut cargo = shell::command("cargo", &["build", "--release", "--target", HOST]);
    cargo.args(["--manifest-path", MANIFEST, "--target-dir"]).arg(&target_dir).env("RUSTFLAGS", FLAGS);
    shell::check(cargo)?;
    Ok(target_dir.join(HOST).join("release/knarr-libfuzzer"))
}

/// One target.
struct Fuzzer<'a> {
    program: &'a Path,
    target: &'a str,
}

impl Fuzzer<'_> {
    fn found(&self) -> PathBuf {
        shell::target_dir().join("fuzz/found").join(self.target)
    }

    fn corpus(&self) -> PathBuf {
        shell::root().join("fuzz/corpus").join(self.target)
    }

    /// Looks for inputs that break a promise, from those that are known on.
    fn search(&self, minutes: NonZeroU32) -> Result<()> {
        let (found, log) = (self.found(), self.found().with_extension("log"));
        fs::create_dir_all(&found)?;
        let mut prefix = found.clone().into_os_string();
        prefix.push("-");
        let mut fuzzer = shell::command("nice", &["-n", "19"]);
        fuzzer.arg(self.program).args([&found, &self.corpus()]).env("KNARR_FUZZ_TARGET", self.target);
        fuzzer.arg(format!("-max_total_time={}", minutes.get() * 60)).arg("-timeout=10");
        fuzzer.arg(format!("-artifact_prefix={}", prefix.to_string_lossy()));
        eprintln!("+ {} for {minutes} minutes, its log is {}", self.target, log.display());
        let ended = fuzzer.stderr(File::create(&log)?).status().context("cannot run the fuzzer")?;
        let text = fs::read_to_string(&log)?;
        if !ended.success() {
            bail!("{} is broken:\n{}", self.target, text.lines().rev().take(5).collect::<Vec<_>>().join("\n"));
        }
        let figures = text.lines().rfind(|line| line.contains("DONE")).unwrap_or_default();
        println!("{}: {figures}", self.target);
        Ok(())
    }

    /// Takes over what reaches something that the corpus does not.
    fn keep(&self) -> Result<()> {
        let small = self.small()?;
        let mut merge = shell::command("nice", &["-n", "19"]);
        merge.arg(self.program).args(["-set_cover_merge=1", "-use_counters=0"]).args([&self.corpus(), &small]);
        merge.env("KNARR_FUZZ_TARGET", self.target).stderr(Stdio::null());
        shell::check(merge)
    }

    /// The short inputs among those that were found; where the corpus has documents, those that are documents.
    fn small(&self) -> Result<PathBuf> {
        let small = self.found().with_extension("small");
        if small.exists() {
            fs::remove_dir_all(&small)?;
        }
        fs::create_dir_all(&small)?;
        let documents = has_documents(&self.corpus())?;
        for entry in fs::read_dir(self.found())? {
            let entry = entry?;
            let input = fs::read(entry.path())?;
            let is_document = || serde_json::from_slice::<serde_json::Map<_, _>>(&input).is_ok();
            if input.len() <= SMALL && (!documents || is_document()) {
                fs::hard_link(entry.path(), small.join(entry.file_name()))?;
            }
        }
        Ok(small)
    }
}

fn has_documents(folder: &Path) -> Result<bool> {
    let names = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    Ok(names.iter().any(|entry| entry.path().extension().is_some_and(|end| end == "json")))
}
