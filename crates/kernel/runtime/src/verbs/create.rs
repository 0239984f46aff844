//! `create` and `run`.

use std::path::PathBuf;

use crate::arguments::{Flag, Global, Words};
use crate::verbs::launch::{self, Launch};
use crate::verbs::terminal::Console;
use crate::verbs::{Verb, delete, foreground, start};
use crate::{Error, Result};

const FLAGS: &[Flag] = &[
    Flag::value("bundle", b'b', "DIR", "folder of config.json (the working folder)"),
    Flag::value("console-socket", 0, "SOCKET", "where the terminal's master is sent"),
    Flag::value("pid-file", 0, "FILE", "where the process id is written"),
    Flag::value("preserve-fds", 0, "N", "descriptors above standard error that the program inherits"),
    Flag::switch("no-pivot", 0, "move the root over / instead of pivot_root, for a root on an initramfs"),
    Flag::switch("no-new-keyring", 0, "keep the caller's session keyring"),
    Flag::switch("no-subreaper", 0, "ignored: orphans are never adopted"),
    Flag::switch("detach", b'd', "return when the program runs (run)"),
    Flag::switch("keep", 0, "do not delete the container when it ends (run)"),
    Flag::value("rootfs-snapshot", 0, "FILE", "layers to mount as the root, as the engine writes them"),
];

/// The command `create`.
pub const CREATE: Verb = Verb {
    name: "create",
    operands: "CONTAINER",
    about: "make a container whose program waits for start",
    flags: FLAGS,
    run: create,
};

/// The command `run`.
pub const RUN: Verb = Verb {
    name: "run",
    operands: "CONTAINER",
    about: "create and start; without --detach wait for the end and delete",
    flags: FLAGS,
    run,
};

fn create(global: &Global, words: &Words) -> Result<i32> {
    let (console, _) = Console::asked(words.value("console-socket"), true)?;
    launch::launch(&read(global, words, console, true)?)?;
    Ok(0)
}

fn run(global: &Global, words: &Words) -> Result<i32> {
    let (console, here) = Console::asked(words.value("console-socket"), words.has("detach"))?;
    let launch = read(global, words, console, false)?;
    if words.has("detach") {
        let made = launch::launch(&launch)?;
        start::after(&made.spec, &made.record, &global.log);
        return Ok(0);
    }
    let wait = foreground::Wait::prepare()?;
    let made = launch::launch(&launch)?;
    start::after(&made.spec, &made.record, &global.log);
    let here = here.filter(|_| made.spec.process.as_ref().is_some_and(|process| process.terminal));
    let code = wait.for_end(&made.child, here.as_ref());
    match code {
        Err(_) => delete::remove(&global.root, &launch.id, true, &global.log)?,
        Ok(_) if !words.has("keep") => delete::remove_ended(&global.root, &made.record, &made.spec, &global.log)?,
        Ok(_) => {}
    }
    code
}

/// Sockets that a service manager has opened for this process (sd_listen_fds(3)), to be the program's.
pub(super) fn listen_fds() -> u32 {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u32>().ok());
    let ours = number("LISTEN_PID") == Some(std::process::id());
    number("LISTEN_FDS").filter(|count| ours && *count <= 1024).unwrap_or(0)
}

fn read(global: &Global, words: &Words, console: Console, stop_before_program: bool) -> Result<Launch> {
    let bundle = match words.value("bundle") {
        Some(bundle) => PathBuf::from(bundle),
        None => PathBuf::from("."),
    };
    let bundle = bundle.canonicalize().map_err(|e| Error::io("find the bundle", bundle.display().to_string(), e))?;
    Ok(Launch {
        root: global.root.clone(),
        id: words.id()?.to_owned(),
        bundle,
        console,
        pid_file: words.value("pid-file").map(PathBuf::from),
        snapshot: words.value("rootfs-snapshot").map(PathBuf::from),
        preserve_fds: words.number("preserve-fds")?.unwrap_or(0),
        listen_fds: listen_fds(),
        keyring: !words.has("no-new-keyring"),
        pivot: !words.has("no-pivot"),
        systemd: global.systemd_cgroup,
        rootless: global.rootless.unwrap_or_else(|| !rustix::process::geteuid().is_root()),
        stop_before_program,
        log: global.log.clone(),
    })
}
