//! `create` and `run`.

use std::path::PathBuf;

use crate::arguments::{Flag, Global, Words};
use crate::verbs::launch::{self, Launch};
use crate::verbs::{delete, foreground, start};
use crate::{Error, Result};

const FLAGS: &[Flag] = &[
    ("bundle", b'b', true),
    ("console-socket", 0, true),
    ("pid-file", 0, true),
    ("preserve-fds", 0, true),
    ("no-pivot", 0, false),
    ("no-new-keyring", 0, false),
    ("detach", b'd', false),
    ("keep", 0, false),
    ("no-subreaper", 0, false),
    ("rootfs-snapshot", 0, true),
];

/// `create`: everything but the program.
pub fn create(global: &Global, words: &[String]) -> Result<i32> {
    let (launch, _) = read(global, words, true)?;
    launch::launch(&launch)?;
    Ok(0)
}

/// `run`: create and start; without `--detach`, wait for the end and delete.
pub fn run(global: &Global, words: &[String]) -> Result<i32> {
    let (launch, words) = read(global, words, false)?;
    if words.has("detach") {
        let made = launch::launch(&launch)?;
        start::after(&made.spec, &made.record)?;
        return Ok(0);
    }
    let wait = foreground::Wait::prepare()?;
    let made = launch::launch(&launch)?;
    start::after(&made.spec, &made.record)?;
    let code = wait.for_end(&made.child)?;
    if !words.has("keep") {
        delete::delete(&global.root, &launch.id, true)?;
    }
    Ok(code)
}

fn read(global: &Global, words: &[String], stop_before_program: bool) -> Result<(Launch, Words)> {
    let words = Words::read(words, FLAGS)?;
    if words.has("no-pivot") {
        return Err(Error::Usage(
            "--no-pivot is not supported: it would leave the host's tree within reach".to_owned(),
        ));
    }
    let bundle = match words.value("bundle") {
        Some(bundle) => PathBuf::from(bundle),
        None => PathBuf::from("."),
    };
    let bundle = bundle.canonicalize().map_err(|e| Error::io("find the bundle", bundle.display().to_string(), e))?;
    let launch = Launch {
        root: global.root.clone(),
        id: words.id()?.to_owned(),
        bundle,
        console_socket: words.value("console-socket").map(PathBuf::from),
        pid_file: words.value("pid-file").map(PathBuf::from),
        snapshot: words.value("rootfs-snapshot").map(PathBuf::from),
        preserve_fds: words.number("preserve-fds")?.unwrap_or(0),
        keyring: !words.has("no-new-keyring"),
        stop_before_program,
    };
    Ok((launch, words))
}
