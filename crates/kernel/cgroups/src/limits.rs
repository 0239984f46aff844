//! Writing a plan into the folders.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use knarr_spec::{DeviceRule, LinuxResources};
use knarr_sys::bpf;
use rustix::io::Errno;

use crate::{Cgroup, Error, Layout, Result, Version, Write, devices, files, plan};

/// The plan for this host, with every limit's controller known to be there.
pub fn planned(layout: &Layout, resources: &LinuxResources) -> Result<Vec<Write>> {
    let mut writes = plan(resources, |controller| layout.version_of(controller))?;
    if let Some(missing) = writes.iter().find(|w| w.limits && layout.of(&w.controller).is_none()) {
        let (controller, file) = (missing.controller.clone(), missing.file.clone());
        return Err(Error::NoController { controller, file });
    }
    writes.retain(|write| layout.of(&write.controller).is_some());
    Ok(writes)
}

/// Writes all; a limit whose file the kernel lacks is an error.
pub fn apply(cgroup: &Cgroup, writes: &[Write]) -> Result<()> {
    let mut rest = writes.iter().collect::<Vec<_>>();
    if grows_beyond_the_sum(cgroup, writes)? {
        rest.sort_by_key(|write| write.file != "memory.memsw.limit_in_bytes");
    }
    for write in rest {
        let Some((_, folder)) = cgroup.of(&write.controller) else { continue };
        put(&folder, write)?;
    }
    Ok(())
}

/// Whether the new v1 memory limit is above the present sum of memory and swap: then the sum must be written first.
fn grows_beyond_the_sum(cgroup: &Cgroup, writes: &[Write]) -> Result<bool> {
    let new = |file: &str| writes.iter().find(|w| w.file == file).and_then(|w| w.value.parse::<u64>().ok());
    let (Some(limit), Some(_)) = (new("memory.limit_in_bytes"), new("memory.memsw.limit_in_bytes")) else {
        return Ok(false);
    };
    let Some((_, folder)) = cgroup.of("memory") else { return Ok(false) };
    let present = files::read_if_there(&folder.join("memory.memsw.limit_in_bytes"))?.unwrap_or_default();
    Ok(present.trim().parse::<u64>().is_ok_and(|sum| limit > sum))
}

fn put(folder: &Path, write: &Write) -> Result<()> {
    let candidates = [Some((&write.file, &write.value)), write.otherwise.as_ref().map(|(file, value)| (file, value))];
    for (file, value) in candidates.into_iter().flatten() {
        let file = folder.join(file);
        if file.exists() {
            return write_period_last_if_refused(&file, value);
        }
    }
    if write.limits {
        return Err(Error::NoFile { controller: write.controller.clone(), file: write.file.clone() });
    }
    Ok(())
}

/// A new v1 CPU period is refused while the present quota would be too much for it: the quota is taken away first, and
/// is written next (or put back).
fn write_period_last_if_refused(file: &Path, value: &str) -> Result<()> {
    let refused = match files::write(file, value) {
        Err(error) if error.errno() == Some(Errno::INVAL) && file.ends_with("cpu.cfs_period_us") => error,
        result => return result,
    };
    let quota = file.with_file_name("cpu.cfs_quota_us");
    let present = files::read(&quota)?;
    files::write(&quota, "-1")?;
    files::write(file, value).map_err(|_| refused)?;
    match files::write(&quota, present.trim()) {
        Err(error) if error.errno() != Some(Errno::INVAL) => Err(error),
        _put_back_or_too_much => Ok(()),
    }
}

/// The device list: writes in v1, a program in v2 (which replaces the one that was there).
pub fn apply_devices(cgroup: &Cgroup, rules: &[DeviceRule]) -> Result<()> {
    match (cgroup.of("devices"), cgroup.unified()) {
        (Some((Version::V1, folder)), _) => devices::v1_writes(rules)?
            .iter()
            .try_for_each(|write| files::write(&folder.join(&write.file), &write.value)),
        (_, Some(folder)) => replace_program(&folder, rules),
        (_, None) => Err(Error::NoController { controller: "devices".to_owned(), file: "devices.deny".to_owned() }),
    }
}

fn replace_program(folder: &PathBuf, rules: &[DeviceRule]) -> Result<()> {
    let program = devices::program(&devices::effective(rules)?);
    let failed = |operation: &'static str| move |e| Error::io(operation, folder, e);
    let directory: OwnedFd = fs::File::open(folder).map_err(failed("open"))?.into();
    let before = bpf::device_programs(directory.as_fd()).map_err(failed("list the device programs of"))?;
    let loaded = bpf::load_device_program(&program).map_err(failed("load the device program of"))?;
    bpf::attach_device_program(directory.as_fd(), loaded.as_fd()).map_err(failed("attach the device program to"))?;
    for old in before {
        bpf::detach_device_program(directory.as_fd(), old.as_fd()).map_err(failed("detach a device program from"))?;
    }
    Ok(())
}
