//! Who a process runs as: Docker's `USER` and `--group-add`, looked up in the container's own files.

mod lookup;

pub(crate) use lookup::{Accounts, Identity, resolve};
