//! `ResizePty` and `CloseIO`.

use std::sync::Arc;

use crate::messages::Empty;
use crate::messages::task::{CloseIoRequest, ResizePtyRequest};
use crate::shim::Shim;
use crate::{Error, Result};

/// Changes a terminal's size.
pub fn resize(shim: &Arc<Shim>, request: ResizePtyRequest) -> Result<Empty> {
    let size =
        |number: u32| u16::try_from(number).map_err(|_| Error::Invalid(format!("{number} is no terminal's size")));
    let process = shim.container(&request.id)?.process(&request.exec_id)?;
    process.streams()?.resize(size(request.width)?, size(request.height)?)?;
    Ok(Empty {})
}

/// Lets standard input end.
pub fn close(shim: &Arc<Shim>, request: CloseIoRequest) -> Result<Empty> {
    let process = shim.container(&request.id)?.process(&request.exec_id)?;
    if request.stdin {
        process.streams()?.close_stdin();
    }
    Ok(Empty {})
}
