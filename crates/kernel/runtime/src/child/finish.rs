//! The last steps before the program, in the order that leaves no more rights than each step needs.

use std::ffi::CString;
use std::os::fd::AsFd;
use std::path::Path;

use knarr_mounts::Root;
use knarr_spec::Status;
use knarr_sys::{exec, signals};
use rustix::fs::{Mode, OFlags, open};
use rustix::process::{chdir, getcwd, setrlimit, umask};

use super::console::{self, Terminal};
use super::{FirstProcess, JoiningProcess, Start, identity, passwd, procfs, program, reaper};
use crate::link::{Failure, Link, OrFail};
use crate::plan::ProcessPlan;

/// Becomes the container's program.
pub fn first(child: &FirstProcess<'_>, terminal: Option<Terminal>) -> Result<i32, Failure> {
    if let Some(domain) = child.plan.personality {
        knarr_sys::process::personality(domain).or_fail("personality")?;
    }
    if let Some(policy) = &child.plan.memory_policy {
        knarr_sys::process::set_memory_policy(policy.mode, &policy.nodes).or_fail("set the memory policy")?;
    }
    let filter = child.supplies.filter()?;
    let program = restrict(&child.plan.process, child.start, filter.as_ref(), &child.link, terminal)?;
    let early = filter.as_ref().is_some_and(knarr_seccomp::Program::notifies);
    if early {
        // While the runtime still listens: it hands the filter's questions on.
        seal(&child.plan.process, filter.as_ref(), &child.link)?;
    }
    if let Some(fifo) = &child.fifo {
        child.link.created()?;
        wait_for_start(fifo)?;
    } else if child.link.is_abandoned() {
        return Err(Failure::text("the runtime has ended"));
    }
    if let Some(hooks) = child.hooks {
        super::rootfs::hook("startContainer", &hooks.start_container, hooks.state(Status::Created))?;
    }
    if !early {
        seal(&child.plan.process, filter.as_ref(), &child.link)?;
    }
    if child.plan.init {
        let link = &child.link;
        reaper::stay(|| super::report(link, Err(program.become_it()))).map(|never| match never {})
    } else {
        Err(program.become_it())
    }
}

/// Becomes a program beside the container's own.
pub fn joining(child: &JoiningProcess<'_>) -> Result<i32, Failure> {
    let terminal = match &child.console {
        Some(socket) if child.process.terminal => Some(terminal_inside(socket.as_fd())?),
        _ => None,
    };
    let program = restrict(child.process, child.start, child.filter.as_ref(), &child.link, terminal)?;
    abandoned(&child.link)?;
    seal(child.process, child.filter.as_ref(), &child.link)?;
    Err(program.become_it())
}

fn abandoned(link: &Link) -> Result<(), Failure> {
    if link.is_abandoned() { Err(Failure::text("the runtime has ended")) } else { Ok(()) }
}

fn terminal_inside(socket: std::os::fd::BorrowedFd<'_>) -> Result<Terminal, Failure> {
    let root = open("/", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).or_fail("open /")?;
    console::pair(&Root::new(root), socket)
}

/// A program that was found.
struct Program {
    path: CString,
    args: Vec<CString>,
    env: Vec<CString>,
}

impl Program {
    fn become_it(&self) -> Failure {
        signals::reset();
        program::failed(&self.path, &exec::exec(&self.path, &self.args, &self.env))
    }
}

/// Limits, labels, identity; then the program is looked for, as the user.
fn restrict(
    process: &ProcessPlan,
    start: Start,
    filter: Option<&knarr_seccomp::Program>,
    link: &Link,
    terminal: Option<Terminal>,
) -> Result<Program, Failure> {
    exec::cloexec_from(3 + start.preserve_fds).or_fail("mark descriptors close-on-exec")?;
    if let Some(terminal) = terminal {
        terminal.take(process.console_size)?;
    }
    limits(process)?;
    through_proc(process)?;
    identity::own_stdio(process)?;
    let env = passwd::with_home(&process.env, process.uid.as_raw());
    umask(Mode::from_raw_mode(process.umask));
    enter_folder(&process.cwd)?;
    if process.no_new_privileges {
        rustix::thread::set_no_new_privs(true).or_fail("set no_new_privs")?;
    } else {
        install(filter, link)?;
    }
    identity::assume(process)?;
    let path = program::find(&process.args[0], &env)?;
    Ok(Program { path, args: process.args.clone(), env })
}

/// With no_new_privs the filter needs no capability, and comes last.
fn seal(process: &ProcessPlan, filter: Option<&knarr_seccomp::Program>, link: &Link) -> Result<(), Failure> {
    if process.no_new_privileges { install(filter, link) } else { Ok(()) }
}

fn install(filter: Option<&knarr_seccomp::Program>, link: &Link) -> Result<(), Failure> {
    let Some(program) = filter else { return Ok(()) };
    match knarr_seccomp::install(program).or_fail("install the seccomp filter")? {
        Some(listener) => link.listener(listener.as_fd()),
        None => Ok(()),
    }
}

fn limits(process: &ProcessPlan) -> Result<(), Failure> {
    for (name, resource, limit) in &process.rlimits {
        setrlimit(*resource, *limit).or_fail(format!("set {name}"))?;
    }
    if let Some(attr) = &process.scheduler {
        knarr_sys::process::set_scheduler(attr).or_fail("set the scheduling policy")?;
    }
    match process.io_priority {
        Some((class, data)) => knarr_sys::process::set_io_priority(class, data).or_fail("set the I/O priority"),
        None => Ok(()),
    }
}

/// What is set by writing to files of `/proc/self`, through a procfs that the container cannot have covered.
fn through_proc(process: &ProcessPlan) -> Result<(), Failure> {
    let labels = &process.labels;
    if process.oom_score_adj.is_none() && labels.apparmor.is_empty() && labels.selinux.is_empty() {
        return Ok(());
    }
    let proc = procfs::Private::mount()?;
    if let Some(score) = process.oom_score_adj {
        match proc.write_own("oom_score_adj", &score.to_string()) {
            // Lowering it needs CAP_SYS_RESOURCE, which a host may lack: not worth losing the container.
            Err(failure) if failure.errno == rustix::io::Errno::ACCESS.raw_os_error() => {}
            Err(failure) if failure.errno == rustix::io::Errno::PERM.raw_os_error() => {}
            other => other?,
        }
    }
    if !labels.selinux.is_empty() {
        proc.write_own("attr/exec", &labels.selinux)?;
    }
    if !labels.apparmor.is_empty() && labels.apparmor != "unconfined" {
        let own = "attr/apparmor/exec";
        let file = if proc.has_own(own) { own } else { "attr/exec" };
        proc.write_own(file, &format!("exec {}", labels.apparmor))?;
    }
    Ok(())
}

/// Changes to the working directory and makes sure that it is inside the container (flaw row 2).
fn enter_folder(path: &Path) -> Result<(), Failure> {
    chdir(path).or_fail(format!("chdir to cwd ({:?}) set in config.json failed", path.display().to_string()))?;
    let real = getcwd(Vec::new()).or_fail("find the working directory")?;
    if real.to_bytes().starts_with(b"/") {
        Ok(())
    } else {
        Err(Failure::text("current working directory is outside of container mount namespace root"))
    }
}

fn wait_for_start(fifo: &std::os::fd::OwnedFd) -> Result<(), Failure> {
    let mut byte = [0u8; 1];
    rustix::io::retry_on_intr(|| rustix::io::read(fifo, &mut byte)).or_fail("wait for start").map(drop)
}
