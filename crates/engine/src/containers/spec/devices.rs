//! Device nodes beyond those that every container has (null, zero, full, random, urandom, tty, which the runtime makes).

use knarr_api::container::HostConfig;
use knarr_spec::Device;

use super::Facts;

/// A device of the host that was asked for.
#[derive(Debug, Clone)]
pub(crate) struct HostDevice {
    /// The node as it is to appear.
    pub(crate) node: Device,
    /// Of `rwm`.
    pub(crate) access: String,
}

/// The nodes to make: all of the host's for a privileged container, else those asked for.
pub(super) fn nodes(host: &HostConfig, facts: &Facts) -> Vec<Device> {
    let asked = facts.devices.iter().map(|device| device.node.clone());
    if host.privileged {
        return facts.host_devices.iter().cloned().chain(asked).collect();
    }
    asked.collect()
}
