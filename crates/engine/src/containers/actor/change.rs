//! Another name, other limits.

use std::sync::Arc;

use knarr_api::container::{HostConfig, UpdateRequest};
use knarr_model::{Fault, Result};

use super::Actor;
use crate::containers::record::{NAMES, TABLE};
use crate::containers::{create, launch, spec};
use crate::engine::blocking;

impl Actor {
    pub(super) async fn rename(&mut self, name: String) -> Result<()> {
        let refused = |fault: Fault| Fault::new(fault.kind(), format!("Error when allocating new name: {fault}"));
        let name = create::checked_name(&name).map_err(refused)?;
        if name == self.record.name {
            return Err(Fault::invalid("Renaming a container with the same name as its current name"));
        }
        let old = std::mem::replace(&mut self.record.name, name.clone());
        let (engine, record, previous) = (self.engine.clone(), self.record.clone(), old.clone());
        let renamed = blocking(move || {
            engine.store.write(|tx| {
                create::claim_name(tx, &record.name, &record.id)?;
                tx.delete(NAMES, &previous)?;
                Ok::<_, Fault>(tx.put(TABLE, record.id.as_str(), &record)?)
            })
        })
        .await;
        if renamed.is_err() {
            self.record.name = old;
            return renamed.map_err(refused);
        }
        self.container.publish(Arc::new(self.record.clone()));
        self.tell(self.event("rename").with("oldName", format!("/{old}")));
        Ok(())
    }

    pub(super) async fn update(&mut self, request: UpdateRequest) -> Result<()> {
        let mut host = HostConfig::clone(&self.record.host);
        apply(&mut host, request);
        create::validate_host(&host)?;
        if self.record.state.status.alive() {
            let (engine, record, wanted) = (self.engine.clone(), self.record.clone(), host.clone());
            blocking(move || {
                let facts = launch::limit_facts(&engine, &wanted)?;
                let resources = spec::resources(&wanted, &facts)?;
                let cgroup = knarr_cgroups::Cgroup::open(&launch::cgroup_path(&engine.config, &record))?;
                cgroup.update(&knarr_spec::LinuxResources { devices: Vec::new(), ..resources })?;
                Ok(())
            })
            .await?;
        }
        self.record.host = Arc::new(host);
        self.commit().await?;
        self.tell(self.event("update"));
        Ok(())
    }
}

/// What is 0 or empty stays as it is.
fn apply(host: &mut HostConfig, request: UpdateRequest) {
    let numbers = [
        (&mut host.cpu_shares, request.cpu_shares),
        (&mut host.memory, request.memory),
        (&mut host.nano_cpus, request.nano_cpus),
        (&mut host.cpu_period, request.cpu_period),
        (&mut host.cpu_quota, request.cpu_quota),
        (&mut host.cpu_realtime_period, request.cpu_realtime_period),
        (&mut host.cpu_realtime_runtime, request.cpu_realtime_runtime),
        (&mut host.memory_reservation, request.memory_reservation),
        (&mut host.memory_swap, request.memory_swap),
    ];
    for (field, value) in numbers {
        if value != 0 {
            *field = value;
        }
    }
    for (field, value) in [(&mut host.cpuset_cpus, request.cpuset_cpus), (&mut host.cpuset_mems, request.cpuset_mems)] {
        if !value.is_empty() {
            *field = value;
        }
    }
    if request.blkio_weight != 0 {
        host.blkio_weight = request.blkio_weight;
    }
    if request.pids_limit.is_some() {
        host.pids_limit = request.pids_limit;
    }
    if !request.restart_policy.name.is_empty() {
        host.restart_policy = request.restart_policy;
    }
}
