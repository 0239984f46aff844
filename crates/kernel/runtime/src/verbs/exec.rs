//! `exec`: a further process in a running container, never with more rights than were asked for.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use knarr_cgroups::Join;
use knarr_spec::{Capabilities, NamespaceKind, Process, Spec, Status};
use knarr_sys::clone::{Child, clone3};
use rustix::io::Errno;
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces, sched_setaffinity};

use crate::arguments::{Flag, Global, Words};
use crate::child::{self, JoiningProcess, Start};
use crate::link::{Link, Message};
use crate::listener::Listener;
use crate::plan::{ProcessPlan, namespace_flag};
use crate::record::{Record, replace};
use crate::verbs::terminal::Console;
use crate::verbs::{Verb, foreground, launch};
use crate::{Error, Result};

/// The command.
pub const VERB: Verb = Verb {
    name: "exec",
    operands: "CONTAINER [PROGRAM [ARG…]]",
    about: "run a further process in a container",
    flags: FLAGS,
    run: main,
};

const FLAGS: &[Flag] = &[
    Flag::value("process", b'p', "FILE", "a process document, in place of PROGRAM and the flags about it"),
    Flag::value("console-socket", 0, "SOCKET", "where the terminal's master is sent"),
    Flag::value("pid-file", 0, "FILE", "where the process id is written"),
    Flag::value("preserve-fds", 0, "N", "descriptors above standard error that the program inherits"),
    Flag::switch("detach", b'd', "return when the program runs"),
    Flag::switch("tty", b't', "give it a terminal"),
    Flag::value("user", b'u', "UID[:GID]", "who it runs as"),
    Flag::value("additional-gids", b'g', "GID", "a further group"),
    Flag::value("cwd", 0, "DIR", "its working folder"),
    Flag::value("env", b'e', "NAME=VALUE", "a further variable"),
    Flag::value("cap", b'c', "CAPABILITY", "a further capability"),
    Flag::switch("no-new-privs", 0, "set no_new_privs"),
    Flag::value("process-label", 0, "LABEL", "its SELinux label"),
    Flag::value("apparmor", 0, "PROFILE", "its AppArmor profile"),
    Flag::value("cgroup", 0, "[CONTROLLER:]PATH", "an existing cgroup below the container's"),
    Flag::switch("no-new-keyring", 0, "keep the caller's session keyring"),
    Flag::switch("ignore-paused", 0, "also while the container is paused"),
    Flag::switch("no-subreaper", 0, "ignored: orphans are never adopted"),
];

fn main(global: &Global, words: &Words) -> Result<i32> {
    let (id, args) = words.rest.split_first().ok_or_else(|| Error::Usage("a container id is required".to_owned()))?;
    let record = Record::read(&global.root, id)?;
    check_status(&record, &global.root, words.has("ignore-paused"))?;
    let spec = record.spec(&global.root)?;
    let mut process = ProcessPlan::new(&process(words, &spec, args)?)?;
    process.warn(&global.log);
    let (console, here) = Console::asked(words.value("console-socket"), words.has("detach"))?;
    console.check(process.terminal)?;
    process.console_size = console.first_size(process.console_size);
    let wait = (!words.has("detach")).then(foreground::Wait::prepare).transpose()?;
    let child = join(&record, &spec, &process, words, &console)?;
    match wait {
        Some(wait) => wait.for_end(&child, here.filter(|_| process.terminal).as_ref()),
        None => Ok(0),
    }
}

fn check_status(record: &Record, root: &Path, also_paused: bool) -> Result<()> {
    match record.status(root)? {
        Status::Created | Status::Running => Ok(()),
        Status::Paused if also_paused => Ok(()),
        status => Err(Error::Status { operation: "exec in", id: record.id.clone(), status }),
    }
}

fn join(record: &Record, spec: &Spec, process: &ProcessPlan, words: &Words, console: &Console) -> Result<Child> {
    let stopped = || Error::Status { operation: "exec in", id: record.id.clone(), status: Status::Stopped };
    let target = record.process()?.ok_or_else(stopped)?;
    let filter = launch::filter(spec)?;
    let listener = Listener::connect(spec, filter.as_ref())?;
    let (ours, theirs) = Link::pair()?;
    let joining = JoiningProcess {
        process,
        link: theirs,
        namespaces: enter_pid_namespace(spec, &target)?,
        target,
        cgroup: join_cgroup(record, words)?,
        console: console.open(process.terminal)?,
        start: Start {
            preserve_fds: words.number("preserve-fds")?.unwrap_or(0),
            keyring: !words.has("no-new-keyring"),
        },
        filter,
    };
    if let Some(cpus) = &process.affinity.0 {
        // The child begins where this process is.
        sched_setaffinity(None, cpus).map_err(|e| Error::io("set", "the initial CPU affinity", e))?;
    }
    let (mut child, link) = born(joining, ours, record.pid)?;
    follow(&link, &mut child, |descriptor, pid| match &listener {
        Some(listener) => listener.hand_over(descriptor, pid, &record.state(Status::Running)),
        None => Ok(()),
    })
    .inspect_err(|_| child.end())?;
    if let Some(path) = words.value("pid-file") {
        replace(Path::new(path), child.pid.as_raw_nonzero().to_string().as_bytes()).inspect_err(|_| child.end())?;
    }
    Ok(child)
}

/// The next child of this process will be in the container's PID namespace; gives the namespaces that are left for the
/// child itself to join. Where there is a user namespace all are: it gives the rights over the others.
fn enter_pid_namespace(spec: &Spec, target: &OwnedFd) -> Result<u64> {
    let listed = spec.linux.iter().flat_map(|linux| &linux.namespaces);
    let all = listed.fold(0, |flags, namespace| flags | namespace_flag(namespace.kind));
    let pid = namespace_flag(NamespaceKind::Pid);
    if all & namespace_flag(NamespaceKind::User) != 0 {
        return Ok(all);
    }
    if all & pid != 0 {
        move_into_thread_name_spaces(target.as_fd(), ThreadNameSpaceType::PROCESS_ID)
            .map_err(|e| Error::io("join", "the container's PID namespace", e))?;
    }
    Ok(all & !pid)
}

/// The container's cgroup, or those below it that are asked for: `PATH` in every hierarchy, or `CONTROLLER[,…]:PATH`.
fn join_cgroup(record: &Record, words: &Words) -> Result<Join> {
    let asked: Vec<(&str, &str)> =
        words.values("cgroup").map(|word| word.split_once(':').unwrap_or(("", word))).collect();
    if asked.is_empty() {
        return record.join();
    }
    if asked.len() > 1 && asked.iter().any(|(controllers, _)| controllers.is_empty()) {
        return Err(Error::Usage("--cgroup without a controller is for all, and given once".to_owned()));
    }
    Ok(record.cgroup()?.join_below(&asked)?)
}

/// Makes the process, in the container's cgroup or, where that takes none any more, in that of its first process.
fn born(joining: JoiningProcess<'_>, link: Link, first: i32) -> Result<(Child, Link)> {
    let mut joining = Some(joining);
    let made = match attempt(&mut joining, link) {
        Err(error) if Errno::from_io_error(&error) == Some(Errno::BUSY) => {
            let (ours, theirs) = Link::pair()?;
            if let Some(joining) = &mut joining {
                joining.cgroup = std::mem::take(&mut joining.cgroup).beside(first)?;
                joining.link = theirs;
            }
            attempt(&mut joining, ours)
        }
        made => made,
    };
    made.map_err(|e| Error::io("make", "a process", e))
}

fn attempt(joining: &mut Option<JoiningProcess<'_>>, link: Link) -> io::Result<(Child, Link)> {
    let into = joining.as_ref().and_then(|joining| joining.cgroup.clone_into.as_ref());
    let into = into.map(OwnedFd::try_clone).transpose()?;
    clone3(0, into.as_ref().map(AsFd::as_fd), link, || joining.take().map_or(1, child::joining))
}

fn follow(link: &Link, child: &mut Child, hand_over: impl Fn(&OwnedFd, i32) -> Result<()>) -> Result<()> {
    loop {
        match link.next()? {
            Message::Sibling(pidfd) => {
                std::mem::replace(child, launch::of(pidfd)?).reap();
                link.go()?;
            }
            Message::Listener(descriptor) => hand_over(&descriptor, child.pid.as_raw_nonzero().get())?,
            Message::Failed(failure) => return Err(failure.into()),
            Message::Started | Message::Created | Message::Ready => return Ok(()),
        }
    }
}

/// The process that is asked for: a document, or the container's own process with other words.
fn process(words: &Words, spec: &Spec, args: &[String]) -> Result<Process> {
    let own = spec.process.clone().unwrap_or_default();
    if let Some(path) = words.value("process") {
        let text = fs::read(path).map_err(|e| Error::io("read", path, e))?;
        let asked: Process =
            serde_json::from_slice(&text).map_err(|source| Error::Json { path: path.to_owned(), source })?;
        // One that does not speak of capabilities gets the container's, not all.
        let capabilities = asked.capabilities.or(own.capabilities);
        return Ok(Process { capabilities, ..asked });
    }
    let mut process = Process { args: args.to_vec(), terminal: words.has("tty"), console_size: None, ..own };
    process.cwd = words.value("cwd").map_or(process.cwd, str::to_owned);
    process.env.extend(words.values("env").map(str::to_owned));
    process.no_new_privileges |= words.has("no-new-privs");
    if let Some(label) = words.value("process-label") {
        process.selinux_label = label.to_owned();
    }
    if let Some(profile) = words.value("apparmor") {
        process.apparmor_profile = profile.to_owned();
    }
    set_user(&mut process, words)?;
    add_capabilities(&mut process, words);
    Ok(process)
}

/// `uid` or `uid:gid`, decimal (flaw row 15); names are the engine's business.
fn set_user(process: &mut Process, words: &Words) -> Result<()> {
    if let Some(user) = words.value("user") {
        let (uid, gid) = user.split_once(':').map_or((user, None), |(uid, gid)| (uid, Some(gid)));
        process.user.uid = id(uid)?;
        if let Some(gid) = gid {
            process.user.gid = id(gid)?;
        }
    }
    for gid in words.values("additional-gids") {
        process.user.additional_gids.push(id(gid)?);
    }
    Ok(())
}

fn id(text: &str) -> Result<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse::<u32>().ok().filter(|id| digits && *id <= i32::MAX as u32);
    number.ok_or_else(|| Error::Usage(format!("{text:?} is no user or group id")))
}

fn add_capabilities(process: &mut Process, words: &Words) {
    let sets = process.capabilities.get_or_insert_with(Capabilities::default);
    for name in words.values("cap") {
        for set in [&mut sets.bounding, &mut sets.effective, &mut sets.permitted] {
            if !set.iter().any(|known| known == name) {
                set.push(name.to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::Ends;

    #[test]
    fn users_are_strict_numbers() {
        assert_eq!(id("0").unwrap(), 0);
        assert_eq!(id("2147483647").unwrap(), i32::MAX as u32);
        for bad in ["", "+0", "-1", "4294967296", "2147483648", "root", " 1", "0x1"] {
            assert!(id(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_capability_that_is_asked_for_is_neither_inheritable_nor_ambient() {
        let words = ["--cap".to_owned(), "CAP_SYS_ADMIN".to_owned()];
        let words = Words::read(&words, FLAGS, Ends::AtFirstWord).unwrap();
        let mut process = Process::default();
        add_capabilities(&mut process, &words);
        let sets = process.capabilities.unwrap();
        assert_eq!(sets.effective, ["CAP_SYS_ADMIN"]);
        assert!(sets.inheritable.is_empty() && sets.ambient.is_empty());
    }
}
