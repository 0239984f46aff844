//! `Create`: a container, all but its program.

use std::path::Path;
use std::sync::Arc;

use prost::Message;

use crate::container::Container;
use crate::messages::Any;
use crate::messages::events::{TaskCreate, TaskIo};
use crate::messages::options::{OPTIONS, Options};
use crate::messages::task::{CreateTaskRequest, CreateTaskResponse};
use crate::oom::OomHandler;
use crate::place::check_id;
use crate::process::Phase;
use crate::shim::Shim;
use crate::stdio::Paths;
use crate::{Error, Result, log, rootfs};

/// Makes it; after an error nothing of it is left.
pub fn create(shim: &Arc<Shim>, request: CreateTaskRequest) -> Result<CreateTaskResponse> {
    check(&request)?;
    shim.check_free(&request.id)?;
    let paths = Paths {
        stdin: request.stdin.clone(),
        stdout: request.stdout.clone(),
        stderr: request.stderr.clone(),
        terminal: request.terminal,
    };
    let options = options(request.options.as_ref())?;
    let container = Arc::new(Container::new(&request.id, Path::new(&request.bundle), options, paths)?);
    rootfs::mount(&request.rootfs, &container.rootfs())?;
    make(shim, &container).inspect_err(|_| unmount(&container))?;
    shim.insert(container.clone());
    let pid = container.init.pid();
    shim.publisher.send(&created(request, pid));
    // From here on its end can be seen.
    shim.watch(&container, &container.init)?;
    watch_oom(shim, &container);
    Ok(CreateTaskResponse { pid })
}

fn check(request: &CreateTaskRequest) -> Result<()> {
    check_id(&request.id)?;
    if !request.checkpoint.is_empty() {
        return Err(Error::Unsupported("checkpoints are not supported".to_owned()));
    }
    match Path::new(&request.bundle).is_absolute() {
        true => Ok(()),
        false => Err(Error::Invalid(format!("the bundle {:?} is not absolute", request.bundle))),
    }
}

/// Options of runc's kind are read; a client that gives none, or another runtime's, gets the default.
pub fn options(any: Option<&Any>) -> Result<Options> {
    match any {
        Some(any) if any.type_url == OPTIONS => {
            Options::decode(any.value.as_slice()).map_err(|e| Error::Decode("the runtime options", e.to_string()))
        }
        Some(any) if !any.type_url.is_empty() => {
            log::warn(&format!("runtime options of the kind {} have no meaning here", any.type_url));
            Ok(Options::default())
        }
        _ => Ok(Options::default()),
    }
}

fn make(shim: &Shim, container: &Container) -> Result<()> {
    container.place.make("")?;
    let mut verb = vec!["create".to_owned(), "--bundle".to_owned(), container.bundle.display().to_string()];
    verb.extend(container.options.no_pivot_root.then(|| "--no-pivot".to_owned()));
    verb.extend(container.options.no_new_keyring.then(|| "--no-new-keyring".to_owned()));
    verb.push(container.id.clone());
    container.init.begin_start(Phase::Added)?;
    let made = shim.make(container, &container.init, &verb).inspect_err(|_| delete_record(container))?;
    container.init.made(made, Phase::Created);
    Ok(())
}

/// Where the runtime has made the container and something failed behind it.
fn delete_record(container: &Container) {
    if let Err(error) = knarr_runtime::delete(&container.place.records(), &container.id, true) {
        log::warn(&error.full());
    }
}

fn unmount(container: &Container) {
    if let Err(error) = rootfs::unmount(&container.rootfs()) {
        log::warn(&error.full());
    }
}

fn created(request: CreateTaskRequest, pid: u32) -> TaskCreate {
    TaskCreate {
        container_id: request.id,
        bundle: request.bundle,
        rootfs: request.rootfs,
        io: Some(TaskIo {
            stdin: request.stdin,
            stdout: request.stdout,
            stderr: request.stderr,
            terminal: request.terminal,
        }),
        checkpoint: request.checkpoint,
        pid,
    }
}

/// A container that cannot be watched runs all the same.
fn watch_oom(shim: &Shim, container: &Arc<Container>) {
    let watched = container.cgroup().and_then(|cgroup| {
        let Some(watch) = cgroup.watch_oom()? else { return Ok(()) };
        let publisher = shim.publisher.clone();
        let (token, handler) = shim.poll.add(|_| OomHandler { container: container.clone(), watch, publisher });
        shim.poll.watch(&handler.watch, token)
    });
    if let Err(error) = watched {
        log::warn(&error.full());
    }
}
