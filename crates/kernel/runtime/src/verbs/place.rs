//! A new container's place among the cgroups: begun before its first process is born, finished while that prepares.

use std::os::fd::OwnedFd;

use knarr_cgroups::{Begun, Cgroup};
use knarr_spec::{Linux, LinuxResources};
use knarr_systemd::Scope;

use crate::plan::Plan;
use crate::scope::Started;
use crate::supplies::Cgroups;
use crate::verbs::launch::Launch;
use crate::{Result, sources};

/// A cgroup, none where this process may not make one and nothing depends on it; with its scope, where it is systemd's.
#[derive(Debug)]
pub struct Place<'a> {
    begun: Option<Begun<'a>>,
    scope: Option<Started>,
}

impl<'a> Place<'a> {
    /// Makes what a process can be born in.
    pub fn begin(launch: &Launch, linux: Option<&Linux>, resources: &'a LinuxResources) -> Result<Self> {
        let asked = linux.map_or("", |linux| linux.cgroups_path.as_str());
        if launch.systemd {
            return Self::in_scope(launch, asked, resources);
        }
        let path = if asked.is_empty() { format!("/knarr/{}", launch.id) } else { asked.to_owned() };
        if launch.rootless && asked.is_empty() {
            return Self::if_permitted(&path, resources);
        }
        Ok(Self { begun: Some(Cgroup::begin(&path, resources)?), scope: None })
    }

    /// With what of the scope's limits is for us to write.
    fn in_scope(launch: &Launch, asked: &str, resources: &'a LinuxResources) -> Result<Self> {
        let scope = Scope::parse(asked, &launch.id)?;
        let started = Started::start(&scope, &launch.id, resources)?;
        match Cgroup::adopt(&scope.cgroup(), resources) {
            Ok(begun) => Ok(Self { begun: Some(begun), scope: Some(started) }),
            Err(error) => {
                let _kept = started.undo();
                Err(error.into())
            }
        }
    }

    /// A user without the right to a cgroup does without, unless something was to be limited.
    fn if_permitted(path: &str, resources: &'a LinuxResources) -> Result<Self> {
        match Cgroup::begin(path, resources).and_then(Begun::whole) {
            Err(error) if error.is_denied() => {
                let limits = LinuxResources { devices: Vec::new(), ..resources.clone() };
                let unlimited = limits == LinuxResources::default();
                if unlimited { Ok(Self { begun: None, scope: None }) } else { Err(error.into()) }
            }
            made => Ok(Self { begun: Some(made?), scope: None }),
        }
    }

    /// The cgroup, whole or not.
    pub fn cgroup(&self) -> Option<&Cgroup> {
        self.begun.as_ref().map(Begun::cgroup)
    }

    /// The folder to be born in.
    pub fn clone_into(&self) -> Result<Option<OwnedFd>> {
        match &self.begun {
            Some(begun) => Ok(begun.clone_into()?),
            None => Ok(None),
        }
    }

    /// Makes the rest, with every limit, and opens what the first process needs of it.
    pub fn finish(&mut self, plan: &Plan) -> Result<Cgroups> {
        let Some(begun) = &mut self.begun else { return Ok(Cgroups::default()) };
        begun.finish()?;
        let cgroup = begun.cgroup();
        Ok(Cgroups { join: cgroup.join()?, folders: sources::cgroups(plan, cgroup)? })
    }

    /// The first process is inside.
    pub fn keep(self) {
        self.scope.into_iter().for_each(Started::release);
    }

    /// After an error, which is the one to hear about; the first process has ended.
    pub fn take_away(self) {
        let _kept = self.begun.map(Begun::undo);
        let _kept = self.scope.map(Started::undo);
    }
}
