//! The files of a container, from outside: `cp`, `export`, `diff`, `commit`.
//!
//! A running container is entered through `/proc/<pid>/root`, so that its volumes are where it sees them. For one that is
//! not, the same view is put together in a mount namespace that only a thread of ours is in, and that ends with it. Every
//! path is resolved inside that root by the kernel ([`knarr_sys::path::Root`]); nothing of the container is executed.

mod changes;
mod commit;
mod copy_in;
mod copy_out;
mod export;
mod path;
mod stat;
mod view;

pub use commit::CommitRequest;
pub use copy_in::CopyIn;
pub use copy_out::CopyOut;
pub use export::Export;

use std::io;

use knarr_model::{Fault, Kind};

use crate::containers::Record;

/// What went wrong with a path of a container, in Docker's words.
fn fault(error: io::Error, path: &str, record: &Record) -> Fault {
    match error.kind() {
        io::ErrorKind::NotFound => {
            Fault::not_found(format!("Could not find the file {path} in container {}", record.name))
        }
        io::ErrorKind::ReadOnlyFilesystem => read_only(),
        io::ErrorKind::NotADirectory => Fault::invalid(format!("{path} in container {}", record.name)).because(error),
        _ => Fault::io(format!("open {path} in container {}", record.name), error),
    }
}

fn read_only() -> Fault {
    Fault::new(Kind::Forbidden, "container rootfs or mounted volume is marked read-only")
}
