//! `exec`: a further process in a running container, never with more rights than were asked for.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use knarr_spec::{Capabilities, NamespaceKind, Process, Spec, Status};
use knarr_sys::clone::{Child, clone3};
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces};

use crate::arguments::{Flag, Global, Words};
use crate::child::{self, JoiningProcess, Start};
use crate::link::{Link, Message};
use crate::plan::{ProcessPlan, namespace_flag};
use crate::record::{Record, replace};
use crate::verbs::{foreground, launch};
use crate::{Error, Result};

const FLAGS: &[Flag] = &[
    ("process", b'p', true),
    ("console-socket", 0, true),
    ("pid-file", 0, true),
    ("preserve-fds", 0, true),
    ("detach", b'd', false),
    ("tty", b't', false),
    ("user", b'u', true),
    ("additional-gids", b'g', true),
    ("cwd", 0, true),
    ("env", b'e', true),
    ("cap", b'c', true),
    ("no-new-privs", 0, false),
    ("process-label", 0, true),
    ("apparmor", 0, true),
    ("no-new-keyring", 0, false),
    ("ignore-paused", 0, false),
    ("no-subreaper", 0, false),
];

/// The command.
pub fn main(global: &Global, words: &[String]) -> Result<i32> {
    let words = Words::read(words, FLAGS)?;
    let (id, args) = words.rest.split_first().ok_or_else(|| Error::Usage("a container id is required".to_owned()))?;
    let record = Record::read(&global.root, id)?;
    check_status(&record, &global.root, words.has("ignore-paused"))?;
    let spec = record.spec(&global.root)?;
    let process = ProcessPlan::new(&process(&words, &spec, args)?)?;
    let console = words.value("console-socket").map(PathBuf::from);
    if process.terminal != console.is_some() {
        return Err(Error::Usage("a terminal and --console-socket go together".to_owned()));
    }
    let wait = (!words.has("detach")).then(foreground::Wait::prepare).transpose()?;
    let child = join(&record, &spec, &process, &words, console.as_deref())?;
    match wait {
        Some(wait) => wait.for_end(&child),
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

fn join(record: &Record, spec: &Spec, process: &ProcessPlan, words: &Words, console: Option<&Path>) -> Result<Child> {
    let stopped = || Error::Status { operation: "exec in", id: record.id.clone(), status: Status::Stopped };
    let target = record.process()?.ok_or_else(stopped)?;
    let (ours, theirs) = Link::pair()?;
    let joining = JoiningProcess {
        process,
        link: theirs,
        namespaces: enter_pid_namespace(spec, &target)?,
        target,
        cgroup: record.cgroup()?.join()?,
        console: console.map(launch::connect).transpose()?,
        start: Start {
            preserve_fds: words.number("preserve-fds")?.unwrap_or(0),
            keyring: !words.has("no-new-keyring"),
            seccomp: launch::filter(spec)?,
        },
    };
    let child = born(joining)?;
    let path = words.value("pid-file").map(Path::new);
    follow(&ours, &child, path).inspect_err(|_| child.end())?;
    Ok(child)
}

/// The next child of this process will be in the container's PID namespace; gives the namespaces that are left for the
/// child itself to join.
fn enter_pid_namespace(spec: &Spec, target: &OwnedFd) -> Result<u64> {
    let listed = spec.linux.iter().flat_map(|linux| &linux.namespaces);
    let all = listed.fold(0, |flags, namespace| flags | namespace_flag(namespace.kind));
    let pid = namespace_flag(NamespaceKind::Pid);
    if all & pid != 0 {
        move_into_thread_name_spaces(target.as_fd(), ThreadNameSpaceType::PROCESS_ID)
            .map_err(|e| Error::io("join", "the container's PID namespace", e))?;
    }
    Ok(all & !pid)
}

fn born(joining: JoiningProcess<'_>) -> Result<Child> {
    let into = joining.cgroup.clone_into.as_ref().map(OwnedFd::try_clone).transpose();
    let into = into.map_err(|e| Error::io("copy", "a descriptor", e))?;
    clone3(0, into.as_ref().map(AsFd::as_fd), || child::joining(joining)).map_err(|e| Error::io("make", "a process", e))
}

fn follow(link: &Link, child: &Child, pid_file: Option<&Path>) -> Result<()> {
    match link.next()? {
        Message::Failed(failure) => return Err(failure.into()),
        Message::Started | Message::Created | Message::Ready => {}
    }
    let pid = child.pid.as_raw_nonzero().to_string();
    pid_file.map_or(Ok(()), |path| replace(path, pid.as_bytes()))
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
        let words = Words::read(&["--cap".to_owned(), "CAP_SYS_ADMIN".to_owned()], FLAGS).unwrap();
        let mut process = Process::default();
        add_capabilities(&mut process, &words);
        let sets = process.capabilities.unwrap();
        assert_eq!(sets.effective, ["CAP_SYS_ADMIN"]);
        assert!(sets.inheritable.is_empty() && sets.ambient.is_empty());
    }
}
