//! The parent's side of making a container.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use knarr_cgroups::Cgroup;
use knarr_model::Snapshot;
use knarr_spec::{IntelRdt, Linux, LinuxResources, NamespaceKind, Spec, Status};
use knarr_sys::clone::{Child, clone3};
use rustix::fs::{Mode, OFlags};

use crate::child::{self, ChildHooks, FirstProcess, Start};
use crate::intel_rdt::Class;
use crate::link::{Link, Message};
use crate::listener::Listener;
use crate::log::Log;
use crate::plan::{self, Plan};
use crate::record::{Record, read_spec, replace, start_time};
use crate::supplies::{self, Giver};
use crate::verbs::place::Place;
use crate::verbs::terminal::Console;
use crate::{Error, Result, hooks, namespaces, net_devices, sources, time};

/// What was asked for.
#[derive(Debug)]
pub struct Launch {
    /// Folder of all records.
    pub root: PathBuf,
    /// The new container.
    pub id: String,
    /// Its bundle, absolute.
    pub bundle: PathBuf,
    /// Where a terminal's master goes.
    pub console: Console,
    /// Where the process id is written.
    pub pid_file: Option<PathBuf>,
    /// Our `rootfs.json`, in place of the document's root.
    pub snapshot: Option<PathBuf>,
    /// How many descriptors above standard error the program inherits.
    pub preserve_fds: u32,
    /// How many of a service manager's sockets come before those.
    pub listen_fds: u32,
    /// Whether it gets a session keyring of its own.
    pub keyring: bool,
    /// Whether pivot_root(2) is used to leave the host's tree.
    pub pivot: bool,
    /// Whether the cgroup is a scope of systemd's.
    pub systemd: bool,
    /// Whether a cgroup that may not be made is done without.
    pub rootless: bool,
    /// Whether the program waits for `start`.
    pub stop_before_program: bool,
    /// Where what is passed over is told.
    pub log: Log,
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
    listener: Option<Listener>,
    class: Option<Class>,
}

impl Made {
    fn note_process(&mut self) {
        self.record.pid = self.child.pid.as_raw_nonzero().get();
        self.record.start_time = start_time(self.record.pid).unwrap_or(0);
    }

    fn hand_over(&self, descriptor: &OwnedFd) -> Result<()> {
        let state = self.record.state(Status::Creating);
        self.listener.iter().try_for_each(|listener| listener.hand_over(descriptor, self.record.pid, &state))
    }

    /// Another process goes on in the child's place, which ends.
    fn replace(&mut self, pidfd: OwnedFd) -> Result<()> {
        let before = std::mem::replace(&mut self.child, of(pidfd)?);
        before.reap();
        self.note_process();
        Ok(())
    }
}

/// A process that a child has made for us.
pub fn of(pidfd: OwnedFd) -> Result<Child> {
    Child::of(pidfd).map_err(|e| Error::io("find", "the container's process", e))
}

/// Makes a container. After an error nothing of it is left.
pub fn launch(launch: &Launch) -> Result<Made> {
    let (spec, text) = read_spec(&launch.bundle.join("config.json"))?;
    let snapshot = launch.snapshot.as_deref().map(read_snapshot).transpose()?;
    let mut plan = Plan::new(&spec, &launch.bundle, snapshot)?;
    plan.process.listen(launch.listen_fds);
    plan.process.warn(&launch.log);
    launch.console.check(plan.process.terminal)?;
    plan.process.console_size = launch.console.first_size(plan.process.console_size);
    let folder = Record::reserve(&launch.root, &launch.id)?;
    in_cgroup(launch, Document { spec, text }, &plan, &folder).inspect_err(|_| {
        // The error that is being reported matters more than a folder below a run directory.
        let _kept = fs::remove_dir_all(&folder);
    })
}

/// A document, read and as it was written.
struct Document {
    spec: Spec,
    text: Vec<u8>,
}

fn read_snapshot(path: &Path) -> Result<Snapshot> {
    let name = || path.display().to_string();
    let text = fs::read(path).map_err(|e| Error::io("read", name(), e))?;
    serde_json::from_slice(&text).map_err(|source| Error::Json { path: name(), source })
}

fn in_cgroup(launch: &Launch, document: Document, plan: &Plan, folder: &Path) -> Result<Made> {
    let resources = resources(document.spec.linux.as_ref());
    let mut place = Place::begin(launch, document.spec.linux.as_ref(), &resources)?;
    let made = first_process(launch, document, plan, folder, &mut place);
    match made {
        Ok(_) => place.keep(),
        Err(_) => place.take_away(),
    }
    made
}

/// What the document limits, and the devices that it asks for.
fn resources(linux: Option<&Linux>) -> LinuxResources {
    let mut resources = linux.and_then(|linux| linux.resources.clone()).unwrap_or_default();
    resources.devices.extend(plan::rules_to_make(linux.map_or(&[], |linux| &linux.devices)));
    resources
}

fn first_process(
    launch: &Launch,
    Document { spec, text }: Document,
    plan: &Plan,
    folder: &Path,
    place: &mut Place<'_>,
) -> Result<Made> {
    let (ours, theirs) = Link::pair()?;
    let (giver, supplies) = supplies::channel()?;
    let record = record(launch, &spec, place.cgroup());
    let hooks = child_hooks(&spec, &record);
    let class = Class::of(&launch.id, intel_rdt(&spec))?;
    // Before a PID namespace is joined: these make a child of their own.
    let (root, sources) = (sources::root(plan)?, sources::binds(plan)?);
    let (at_birth, later) = plan.namespaces.when();
    let first = FirstProcess {
        plan,
        link: theirs,
        supplies,
        make: later,
        root,
        sources,
        join: namespaces::open(&plan.namespaces)?,
        console: launch.console.open(plan.process.terminal)?,
        fifo: launch.stop_before_program.then(|| fifo(folder)).transpose()?,
        pivot: launch.pivot,
        parent_works: parent_works(&spec, plan),
        hooks: hooks.as_ref(),
        start: Start { preserve_fds: launch.listen_fds.saturating_add(launch.preserve_fds), keyring: launch.keyring },
    };
    let (child, (link, giver)) = born(first, at_birth, place.clone_into()?, (ours, giver))?;
    let mut made = Made { child, record, spec, listener: None, class };
    let followed = supply(&giver, plan, place, &mut made)
        .and_then(|()| write_document(folder, &text))
        .and_then(|()| follow(launch, plan, folder, &link, &mut made));
    followed.inspect_err(|_| {
        made.child.end();
        let _kept = made.class.as_ref().map(Class::leave);
    })?;
    Ok(made)
}

/// Compiles the document's system call filter, for the first process and for every one that joins.
pub fn filter(spec: &Spec) -> Result<Option<knarr_seccomp::Program>> {
    let profile = spec.linux.as_ref().and_then(|linux| linux.seccomp.as_ref());
    Ok(profile.map(knarr_seccomp::compile).transpose()?)
}

/// Makes the process; what it needs is closed here once it has it, and what is `kept` there.
fn born<T>(first: FirstProcess<'_>, namespaces: u64, into: Option<OwnedFd>, kept: T) -> Result<(Child, T)> {
    clone3(namespaces, into.as_ref().map(AsFd::as_fd), kept, || child::first(first))
        .map_err(|e| Error::io("make", "the container's first process", e))
}

/// Makes what the child needs later on, while it already prepares.
fn supply(giver: &Giver, plan: &Plan, place: &mut Place<'_>, made: &mut Made) -> Result<()> {
    giver.cgroups(&place.finish(plan)?)?;
    let filter = filter(&made.spec)?;
    made.listener = Listener::connect(&made.spec, filter.as_ref())?;
    giver.filter(filter.as_ref())
}

/// Keeps the document as it was when the container was made.
fn write_document(folder: &Path, text: &[u8]) -> Result<()> {
    let path = folder.join("config.json");
    fs::write(&path, text).map_err(|e| Error::io("write", path.display().to_string(), e))
}

/// Records the process and listens to it until it is where it should be.
fn follow(launch: &Launch, plan: &Plan, folder: &Path, link: &Link, made: &mut Made) -> Result<()> {
    made.note_process();
    made.record.write(folder)?;
    loop {
        match link.next()? {
            Message::Sibling(pidfd) => {
                made.replace(pidfd)?;
                made.record.write(folder)?;
                link.go()?;
            }
            Message::Listener(descriptor) => made.hand_over(&descriptor)?,
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
    if plan.namespaces.is_new(NamespaceKind::User) {
        namespaces::write_maps(made.record.pid, &plan.namespaces.uid_map, &plan.namespaces.gid_map)?;
    }
    if let Some(class) = &made.class {
        class.enter(made.record.pid)?;
    }
    net_devices::move_into(&plan.net_devices, made.record.pid)?;
    let Some(list) = &made.spec.hooks else { return Ok(()) };
    let state = made.record.state(Status::Creating);
    hooks::run("prestart", &list.prestart, &state)?;
    hooks::run("createRuntime", &list.create_runtime, &state)
}

fn parent_works(spec: &Spec, plan: &Plan) -> bool {
    let hooks = spec.hooks.as_ref().is_some_and(|h| !h.prestart.is_empty() || !h.create_runtime.is_empty());
    let moves = !plan.net_devices.is_empty() || intel_rdt(spec).is_some();
    hooks || moves || plan.namespaces.is_new(NamespaceKind::User)
}

fn intel_rdt(spec: &Spec) -> Option<&IntelRdt> {
    spec.linux.as_ref().and_then(|linux| linux.intel_rdt.as_ref())
}

fn child_hooks(spec: &Spec, record: &Record) -> Option<ChildHooks> {
    let list = spec.hooks.as_ref()?;
    Some(ChildHooks {
        create_container: list.create_container.clone(),
        start_container: list.start_container.clone(),
        told: record.state(Status::Creating),
    })
}

fn record(launch: &Launch, spec: &Spec, cgroup: Option<&Cgroup>) -> Record {
    Record {
        oci_version: knarr_spec::VERSION.to_owned(),
        id: launch.id.clone(),
        pid: 0,
        start_time: 0,
        bundle: launch.bundle.clone(),
        cgroup: cgroup.map(|cgroup| cgroup.path().to_string()).unwrap_or_default(),
        scope: launch.systemd.then(|| cgroup.and_then(scope_name)).flatten().unwrap_or_default(),
        created: time::now(),
        annotations: spec.annotations.clone(),
    }
}

/// The last part of a scope's cgroup is its name.
fn scope_name(cgroup: &Cgroup) -> Option<String> {
    cgroup.path().to_string().rsplit('/').next().map(str::to_owned)
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
