//! The tests of what version 2 of cgroups does alone, and of AppArmor, in a virtual machine: test machines often have version 1 or both, and
//! kernels without AppArmor.
//!
//! ```text
//! kernel.rs  Debian's cloud kernel, kept in ~/.cache/knarr/vm
//! tests.rs   the test programs, as cargo built them     ─► <target>/vm/plan.sh
//! machine.rs qemu without KVM; the root is this machine's own, read-only, by virtiofs
//! guest.sh   the guest's first process: mounts, modules, then the plan, then the verdict on the console
//! ```

mod kernel;
mod machine;
mod tests;

use anyhow::{Result, bail};

use crate::{setup, shell};

/// Fetches, builds, boots, and fails where a test in the guest failed.
pub fn run() -> Result<()> {
    setup::need_root("vm")?;
    setup::packages(&[setup::BUILD, setup::RUN, setup::VM])?;
    setup::musl_target()?;
    shell::run("cargo", &["build", "--package", "knarr"])?;
    shell::busybox_tar()?;
    let kernel = kernel::fetched()?;
    let plan = tests::plan(&kernel)?;
    match machine::boot(&kernel, &plan)? {
        true => Ok(()),
        false => bail!("a test failed in the virtual machine: its output is above"),
    }
}
