//! The parent's side of making a container.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use knarr_cgroups::{Cgroup, Version};
use knarr_model::Snapshot;
use knarr_spec::{NamespaceKind, Spec, Status};
use knarr_sys::clone::{Child, clone3};
use rustix::fs::{Mode, OFlags};

use crate::child::{self, ChildHooks, FirstProcess, Start};
use crate::link::{Link, Message};
use crate::plan::{self, Plan, RootSource};
use crate::record::{Record, read_spec, replace, start_time};
use crate::{Error, Result, hooks, namespaces, time};

/// What was asked for.
#[derive(Debug, Clone)]
pub struct Launch {
    /// Folder of all records.
    pub root: PathBuf,
    /// The new container.
    pub id: String,
    /// Its bundle, absolute.
    pub bundle: PathBuf,
    /// Socket that gets the terminal.
    pub console_socket: Option<PathBuf>,
    /// Where the process id is written.
    pub pid_file: Option<PathBuf>,
    /// Our `rootfs.json`, in place of the document's root.
    pub snapshot: Option<PathBuf>,
    /// How many descriptors above standard error the program inherits.
    pub preserve_fds: u32,
    /// Whether it gets a session keyring of its own.
    pub keyring: bool,
    /// Whether the program waits for `start`.
    pub stop_before_program: bool,
}

/// What was made.
#[derive(Debug)]
pub struct Made {
    /// The first process.
    pub child: Child,
    /// What is remembered.
    pub record: Record,
    /// The document.
    pub spec: Spec,
}

/// Makes a container. After an error nothing of it is left.
pub fn launch(launch: &Launch) -> Result<Made> {
    let (spec, text) = read_spec(&launch.bundle.join("config.json"))?;
    let snapshot = launch.snapshot.as_deref().map(read_snapshot).transpose()?;
    let plan = Plan::new(&spec, &launch.bundle, snapshot)?;
    check_console(launch, &plan)?;
    let folder = Record::reserve(&launch.root, &launch.id)?;
    let copied = fs::write(folder.join("config.json"), &text)
        .map_err(|e| Error::io("write", folder.join("config.json").display().to_string(), e));
    copied.and_then(|()| in_cgroup(launch, spec, &plan, &folder)).inspect_err(|_| {
        // The error that is being reported matters more than a folder below a run directory.
        let _kept = fs::remove_dir_all(&folder);
    })
}

fn read_snapshot(path: &Path) -> Result<Snapshot> {
    let name = || path.display().to_string();
    let text = fs::read(path).map_err(|e| Error::io("read", name(), e))?;
    serde_json::from_slice(&text).map_err(|source| Error::Json { path: name(), source })
}

fn check_console(launch: &Launch, plan: &Plan) -> Result<()> {
    match (plan.process.terminal, &launch.console_socket) {
        (true, None) => Err(Error::Usage("a terminal needs --console-socket".to_owned())),
        (false, Some(_)) => Err(Error::Usage("--console-socket is for processes with a terminal".to_owned())),
        _ => Ok(()),
    }
}

fn in_cgroup(launch: &Launch, spec: Spec, plan: &Plan, folder: &Path) -> Result<Made> {
    let linux = spec.linux.clone().unwrap_or_default();
    let path = match linux.cgroups_path.as_str() {
        "" => format!("/knarr/{}", launch.id),
        path => path.to_owned(),
    };
    let mut resources = linux.resources.unwrap_or_default();
    resources.devices.extend(plan::rules_to_make(&linux.devices));
    let cgroup = Cgroup::create(&path, &resources)?;
    first_process(launch, spec, plan, folder, &cgroup).inspect_err(|_| {
        // As above: the first error is the one to hear about.
        let _kept = cgroup.kill_all().and_then(|()| cgroup.delete());
    })
}

fn first_process(launch: &Launch, spec: Spec, plan: &Plan, folder: &Path, cgroup: &Cgroup) -> Result<Made> {
    let (ours, theirs) = Link::pair()?;
    let mut record = record(launch, &spec, cgroup);
    let hooks = child_hooks(&spec, &record);
    let first = FirstProcess {
        plan,
        link: theirs,
        join: namespaces::open(&plan.namespaces)?,
        cgroup: cgroup.join()?,
        cgroup_folders: cgroup_folders(cgroup),
        root: root_mount(plan)?,
        console: launch.console_socket.as_deref().map(connect).transpose()?,
        fifo: launch.stop_before_program.then(|| fifo(folder)).transpose()?,
        parent_works: parent_works(&spec, plan),
        hooks: hooks.as_ref(),
        start: Start { preserve_fds: launch.preserve_fds, keyring: launch.keyring, seccomp: filter(&spec)? },
    };
    let child = born(first, plan.namespaces.clone_flags)?;
    record.pid = child.pid.as_raw_nonzero().get();
    let mut made = Made { child, record, spec };
    follow(launch, plan, folder, &ours, &mut made).inspect_err(|_| made.child.end())?;
    Ok(made)
}

/// Compiles the document's system call filter, for the first process and for every one that joins.
pub fn filter(spec: &Spec) -> Result<Option<knarr_seccomp::Program>> {
    let Some(profile) = spec.linux.as_ref().and_then(|linux| linux.seccomp.as_ref()) else { return Ok(None) };
    let program = knarr_seccomp::compile(profile)?;
    if program.notifies() {
        return Err(Error::Spec("seccomp: SCMP_ACT_NOTIFY is not supported".to_owned()));
    }
    Ok(Some(program))
}

/// Makes the process; what it needs is closed here once it has it.
fn born(first: FirstProcess<'_>, namespaces: u64) -> Result<Child> {
    let into = first.cgroup.clone_into.as_ref().map(OwnedFd::try_clone).transpose();
    let into = into.map_err(|e| Error::io("copy", "a descriptor", e))?;
    clone3(namespaces, into.as_ref().map(AsFd::as_fd), || child::first(first))
        .map_err(|e| Error::io("make", "the container's first process", e))
}

/// Records the process and listens to it until it is where it should be.
fn follow(launch: &Launch, plan: &Plan, folder: &Path, link: &Link, made: &mut Made) -> Result<()> {
    made.record.start_time = start_time(made.record.pid).unwrap_or(0);
    made.record.write(folder)?;
    loop {
        match link.next()? {
            Message::Ready => {
                work_for(made, plan)?;
                link.go()?;
            }
            Message::Created | Message::Started => break,
            Message::Failed(failure) => return Err(failure.into()),
        }
    }
    let pid = made.record.pid.to_string();
    launch.pid_file.as_deref().map_or(Ok(()), |path| replace(path, pid.as_bytes()))
}

/// What only the parent can do once the namespaces exist.
fn work_for(made: &Made, plan: &Plan) -> Result<()> {
    namespaces::write_maps(made.record.pid, &plan.namespaces)?;
    let Some(list) = &made.spec.hooks else { return Ok(()) };
    let state = made.record.state(Status::Creating);
    hooks::run("prestart", &list.prestart, &state)?;
    hooks::run("createRuntime", &list.create_runtime, &state)
}

fn parent_works(spec: &Spec, plan: &Plan) -> bool {
    let hooks = spec.hooks.as_ref().is_some_and(|h| !h.prestart.is_empty() || !h.create_runtime.is_empty());
    hooks || plan.namespaces.is_new(NamespaceKind::User)
}

fn child_hooks(spec: &Spec, record: &Record) -> Option<ChildHooks> {
    let list = spec.hooks.as_ref()?;
    Some(ChildHooks {
        create_container: list.create_container.clone(),
        start_container: list.start_container.clone(),
        state: record.state(Status::Creating),
    })
}

fn record(launch: &Launch, spec: &Spec, cgroup: &Cgroup) -> Record {
    Record {
        oci_version: knarr_spec::VERSION.to_owned(),
        id: launch.id.clone(),
        pid: 0,
        start_time: 0,
        bundle: launch.bundle.clone(),
        cgroup: cgroup.path().to_string(),
        created: time::now(),
        annotations: spec.annotations.clone(),
    }
}

/// A snapshot is mounted here, detached: whatever becomes of the child, nothing is left in a mount table.
fn root_mount(plan: &Plan) -> Result<Option<OwnedFd>> {
    match &plan.root.source {
        RootSource::Snapshot(snapshot) if plan.namespaces.is_new(NamespaceKind::User) => {
            let users = namespaces::mapped_users(&plan.namespaces)?;
            Ok(Some(knarr_mounts::overlay_for(snapshot, users.as_fd())?))
        }
        RootSource::Snapshot(snapshot) => Ok(Some(knarr_mounts::overlay(snapshot)?)),
        RootSource::Folder(_) => Ok(None),
    }
}

/// Connects to the socket that wants the terminal.
pub fn connect(path: &Path) -> Result<OwnedFd> {
    let name = || path.display().to_string();
    UnixStream::connect(path).map(OwnedFd::from).map_err(|e| Error::io("connect to the console socket", name(), e))
}

/// The pipe that the child reads before it becomes the program. Open for both directions, so that the child waits for
/// a byte and does not see an end.
fn fifo(folder: &Path) -> Result<OwnedFd> {
    let path = folder.join("exec.fifo");
    let fault = |e| Error::io("make", path.display().to_string(), e);
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, Mode::from_raw_mode(0o600), 0)
        .map_err(fault)?;
    rustix::fs::open(&path, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()).map_err(fault)
}

/// The container's folder in each hierarchy, by the name under which a container expects it; no name on a v2 host.
fn cgroup_folders(cgroup: &Cgroup) -> Vec<(String, PathBuf)> {
    let folders: Vec<_> = cgroup.folders().collect();
    let pure = matches!(folders.as_slice(), [(hierarchy, _)] if hierarchy.version == Version::V2);
    let name = |mount: &Path| mount.file_name().unwrap_or_default().to_string_lossy().into_owned();
    folders
        .into_iter()
        .map(|(hierarchy, folder)| (if pure { String::new() } else { name(&hierarchy.mount) }, folder))
        .collect()
}
