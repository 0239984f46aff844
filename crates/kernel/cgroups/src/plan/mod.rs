//! What to write where for a set of resources: pure.
//!
//! The device list is not here: in v1 it is planned by [`crate::devices::v1_writes`], in v2 it is a BPF program.

mod blkio;
mod cpu;
mod memory;
mod other;

use knarr_spec::LinuxResources;

use crate::{Result, Version};

/// One value for one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// The controller that owns the file.
    pub controller: String,
    /// File name inside the cgroup's folder.
    pub file: String,
    /// What is written.
    pub value: String,
    /// Another file and value, for a kernel that lacks `file`.
    pub otherwise: Option<(String, String)>,
    /// Whether it limits anything: "unlimited" for a controller that the host lacks is no error.
    pub limits: bool,
}

impl Write {
    pub(crate) fn limit(controller: &str, file: impl Into<String>, value: impl ToString) -> Self {
        let (controller, file) = (controller.to_owned(), file.into());
        Self { controller, file, value: value.to_string(), otherwise: None, limits: true }
    }

    pub(crate) fn unlimited(controller: &str, file: impl Into<String>, value: impl ToString) -> Self {
        Self { limits: false, ..Self::limit(controller, file, value) }
    }

    pub(crate) fn or(self, file: impl Into<String>, value: impl ToString) -> Self {
        Self { otherwise: Some((file.into(), value.to_string())), ..self }
    }
}

/// The writes for `resources`, in the order in which the kernel takes them. `version` tells which version governs a
/// controller; one that is absent is planned as v2, and applying the plan names it.
pub fn plan(resources: &LinuxResources, version: impl Fn(&str) -> Option<Version>) -> Result<Vec<Write>> {
    let of = |controller| version(controller).unwrap_or(Version::V2);
    let mut writes = Vec::new();
    if let Some(memory) = &resources.memory {
        writes.extend(memory::writes(memory, of("memory"))?);
    }
    if let Some(cpu) = &resources.cpu {
        writes.extend(cpu::writes(cpu, of("cpu"))?);
    }
    if let Some(pids) = &resources.pids {
        writes.push(other::pids(pids));
    }
    if let Some(block) = &resources.block_io {
        let found = version("blkio").or(version("io")).unwrap_or(Version::V2);
        writes.extend(blkio::writes(block, found)?);
    }
    for limit in &resources.hugepage_limits {
        writes.extend(other::hugepages(limit, of("hugetlb"))?);
    }
    if let Some(network) = &resources.network {
        writes.extend(other::network(network));
    }
    writes.extend(resources.rdma.iter().map(|(device, limit)| other::rdma(device, limit)));
    for (file, value) in &resources.unified {
        writes.push(other::unified(file, value)?);
    }
    Ok(writes)
}

#[cfg(test)]
mod tests;
