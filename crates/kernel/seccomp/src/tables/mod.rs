//! Names and numbers of the system calls, as of Linux 6.17. `generate.sh` beside this file writes them anew.

pub mod aarch64;
pub mod arm;
pub mod x32;
pub mod x86;
pub mod x86_64;
