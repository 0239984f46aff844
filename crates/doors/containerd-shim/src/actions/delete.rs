//! `delete`: cleans up behind a shim that is dead, and prints how the container ended.

use std::io::Write as _;
use std::path::Path;

use prost::Message as _;

use crate::arguments::Arguments;
use crate::messages::Timestamp;
use crate::messages::task::DeleteResponse;
use crate::place::{Place, read_pid};
use crate::{Error, Result, rootfs, socket};

/// Nobody knows how it ended; what still ran was killed.
const KILLED: u32 = 128 + 9;

/// The action.
pub fn delete(arguments: &Arguments) -> Result<()> {
    let place = Place::of(&arguments.bundle);
    let pid = read_pid(&place.process("")).map_or(0, |pid| pid.as_raw_nonzero().get().unsigned_abs());
    let address = std::fs::read_to_string(arguments.bundle.join("address")).unwrap_or_default();
    let socket = address.strip_prefix("unix://").map_or(Ok(()), |path| socket::remove_stale(Path::new(path)));
    let deleted = knarr_runtime::delete(&place.records(), &arguments.id, true).map_err(Error::from);
    // All are tried: what can go, goes.
    rootfs::unmount(&arguments.bundle.join("rootfs")).and(deleted).and(socket)?;
    let response = DeleteResponse { pid, exit_status: KILLED, exited_at: Some(Timestamp::now()) };
    let mut output = std::io::stdout();
    let written = output.write_all(&response.encode_to_vec()).and_then(|()| output.flush());
    written.map_err(|e| Error::io("write to", "standard output", e))
}
