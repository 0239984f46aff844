//! A container's cgroup as a scope of systemd's (`--systemd-cgroup`).

use knarr_cgroups::{Layout, Version};
use knarr_spec::LinuxResources;
use knarr_sys::clone::{Child, clone3};
use knarr_systemd::{Manager, Property, Scope, Value, properties};

use crate::link::Link;
use crate::{Error, Result};

/// A scope that has started. A scope cannot begin without a process: a child that does nothing is in it until the
/// container's first process is, so that limits hold before that one exists.
#[derive(Debug)]
pub struct Started {
    manager: Manager,
    unit: String,
    holder: Child,
    /// Open as long as the holder shall wait.
    _waits: Link,
}

impl Started {
    /// Starts the scope of a document's cgroupsPath.
    pub fn start(scope: &Scope, id: &str, resources: &LinuxResources) -> Result<Self> {
        let mut manager = Manager::of_caller()?;
        let mut all = limits(resources)?;
        let (ours, theirs) = Link::pair()?;
        let (holder, ours) = clone3(0, None, ours, || i32::from(theirs.ready_and_wait().is_err()))
            .map_err(|e| Error::io("make", "a process for the scope", e))?;
        all.extend(about(scope, id, holder.pid.as_raw_nonzero().get() as u32));
        if let Err(error) = manager.start(&scope.unit, &all) {
            holder.end();
            return Err(error.into());
        }
        Ok(Self { manager, unit: scope.unit.clone(), holder, _waits: ours })
    }

    /// The container's first process is inside, and keeps the scope from here on.
    pub fn release(self) {
        self.holder.end();
    }

    /// Takes it away again.
    pub fn undo(mut self) -> Result<()> {
        self.holder.end();
        Ok(self.manager.stop(&self.unit)?)
    }
}

/// Says new limits to systemd.
pub fn update(unit: &str, resources: &LinuxResources) -> Result<()> {
    let limits = limits(resources)?;
    if limits.is_empty() { Ok(()) } else { Ok(Manager::of_caller()?.set(unit, &limits)?) }
}

/// Stops a scope.
pub fn stop(unit: &str) -> Result<()> {
    Ok(Manager::of_caller()?.stop(unit)?)
}

fn limits(resources: &LinuxResources) -> Result<Vec<Property>> {
    Ok(properties(resources, Layout::host()?.version_of("memory") == Some(Version::V2)))
}

fn about(scope: &Scope, id: &str, pid: u32) -> Vec<Property> {
    vec![
        ("Description", Value::Text(format!("knarr container {id}"))),
        ("Slice", Value::Text(scope.slice.clone())),
        ("Wants", Value::Names(vec![scope.slice.clone()])),
        ("PIDs", Value::Pids(vec![pid])),
        ("Delegate", Value::Flag(true)),
        ("DefaultDependencies", Value::Flag(false)),
        ("MemoryAccounting", Value::Flag(true)),
        ("CPUAccounting", Value::Flag(true)),
        ("TasksAccounting", Value::Flag(true)),
    ]
}
