//! The corpus of every target, and changed inputs of it: always the same ones, and never a matter of time.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use knarr_fuzz::{Numbers, TARGETS, Target};
use libtest_mimic::{Arguments, Failed, Trial, run};

/// Changed inputs of a target.
const CHANGED: usize = 4_000;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = TARGETS.iter().map(|target| Trial::test(format!("replay::{}", target.name), || replay(target)));
    run(&arguments, trials.collect()).exit_code()
}

fn replay(target: &'static Target) -> Result<(), Failed> {
    let corpus = corpus(target)?;
    if corpus.is_empty() {
        return Err(format!("the corpus of {} is empty", target.name).into());
    }
    for (path, input) in &corpus {
        attempt(target, input).map_err(|why| format!("{}: {why}", path.display()))?;
    }
    let mut numbers = Numbers::new(corpus.len() as u64);
    for _ in 0..CHANGED {
        let (first, other) = (numbers.below(corpus.len()), numbers.below(corpus.len()));
        let input = target.mutate(&mut numbers, &corpus[first].1, &corpus[other].1);
        attempt(target, &input).map_err(|why| kept(target, &input, &why))?;
    }
    Ok(())
}

/// In the order of their names.
fn corpus(target: &Target) -> Result<Vec<(PathBuf, Vec<u8>)>, Failed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name);
    let mut paths = Vec::new();
    for entry in fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))? {
        paths.push(entry?.path());
    }
    paths.sort();
    paths.into_iter().map(|path| Ok((path.clone(), fs::read(path)?))).collect()
}

fn attempt(target: &Target, input: &[u8]) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(|| (target.run)(input))).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        text.unwrap_or("it has panicked").to_owned()
    })
}

/// Keeps an input that nobody has on disk, to be tried again and to be put into the corpus.
fn kept(target: &Target, input: &[u8], why: &str) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{}", target.name));
    match fs::write(&path, input) {
        Ok(()) => format!("{why}\nthe input is kept in {}", path.display()),
        Err(error) => format!("{why}\ncannot keep the input {input:?}: {error}"),
    }
}
