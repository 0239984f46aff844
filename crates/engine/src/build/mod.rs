//! `build`: a context and its Dockerfile to an image.
//!
//! ```text
//! context (tar, URL) ─► tmp/<build>/ ─► knarr_build: parse, plan, solve ─┬─► bases: images here, or pulled
//!                                                                    ├─► cache: kept results (metadata database)
//!                                                                    └─► executor: COPY and ADD onto a detached overlay,
//!                                                                        RUN in a container like any other ─► a layer each
//! the last image ─► tags, in one transaction
//! ```
//!
//! The image of every step is recorded, with the one before as its parent. A failed build leaves those of its finished steps, which the
//! next one takes up, and nothing else.

mod bases;
mod cache;
mod context;
mod executor;
mod fetch;
mod files;
mod git;
mod remote;
mod run;
mod teller;
mod tree;
mod workspace;

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use knarr_api::container::HostConfig;
use knarr_build::plan::plan;
use knarr_build::ports::Report;
use knarr_build::solve::{Built, Choices, Ports, solve};
use knarr_build::syntax::Dockerfile;
use knarr_build::{BuildError, Event};
use knarr_images::Registration;
use knarr_model::oci::ImageConfig;
use knarr_model::{Digest, Fault, Kind, Reference, Result};
use knarr_transfer::Credentials;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

pub(crate) use cache::tidy;

use bases::Bases;
use executor::Worker;
use teller::Teller;
use workspace::Workspace;

pub use remote::Remote;

use crate::engine::blocking;
use crate::scratch::Scratch;
use crate::{Engine, Timestamp};

pub use knarr_build::plan::Options as BuildOptions;

/// What to build, and how.
#[derive(Debug, Clone, Default)]
pub struct BuildRequest {
    /// The Dockerfile's path in the context; empty for `Dockerfile`.
    pub dockerfile: String,
    /// Where the context is, instead of in the request's body.
    pub remote: Option<Remote>,
    /// Images whose steps may be taken over. Those that are not here count for nothing.
    pub cache_from: Vec<String>,
    /// Names for the image.
    pub tags: Vec<Reference>,
    /// Arguments, target, platform, labels.
    pub options: BuildOptions,
    /// Leave kept results alone.
    pub no_cache: bool,
    /// Ask the registry for each base even where it is here.
    pub pull: bool,
    /// How the containers of `RUN` are run.
    pub run: RunOptions,
    /// Who asks the registries, by their `host[:port]`.
    pub credentials: BTreeMap<String, Credentials>,
}

/// How the containers of `RUN` are run.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// Network and limits.
    pub host: HostConfig,
    /// Keep the containers of the steps.
    pub keep: bool,
}

/// Why there is no image.
#[derive(Debug)]
pub struct BuildFailure {
    /// The exit status of the command that failed; 1 for everything else.
    pub code: i32,
    /// What to tell.
    pub fault: Fault,
}

impl From<Fault> for BuildFailure {
    fn from(fault: Fault) -> Self {
        Self { code: 1, fault }
    }
}

impl From<BuildError> for BuildFailure {
    fn from(error: BuildError) -> Self {
        let code = if let BuildError::Command { code, .. } = &error { *code } else { 1 };
        Self { code, fault: error.into() }
    }
}

impl Engine {
    /// Builds an image of a context, a tar archive in any compression; says its id. What it says goes to `out`; when nobody listens
    /// there any more, the build ends.
    pub async fn build(
        self: &Arc<Self>,
        request: BuildRequest,
        context: impl Read + Send + 'static,
        out: mpsc::Sender<String>,
    ) -> Result<Digest, BuildFailure> {
        let engine = self.clone();
        let runtime = Handle::current();
        let work = move || engine.leased(|| engine.build_here(&request, context, &Teller::new(out), &runtime));
        match tokio::task::spawn_blocking(work).await {
            Ok(result) => result,
            Err(error) => Err(Fault::internal("the build was cut short").because(error).into()),
        }
    }

    fn build_here(
        self: &Arc<Self>,
        request: &BuildRequest,
        context: impl Read + Send,
        teller: &Teller,
        runtime: &Handle,
    ) -> Result<Digest, BuildFailure> {
        let scratch = Scratch::new(&self.roots)?;
        let workspace = Workspace::new(scratch.path());
        let worker = Worker { engine: self, workspace: &workspace, runtime, teller, options: &request.run };
        let context = match &request.remote {
            None => context::receive(&workspace, context, &request.dockerfile)?,
            Some(remote) => context::take(&workspace, worker.fetch_context(remote)?, &request.dockerfile)?,
        };
        let dockerfile = Dockerfile::parse(&context.name, &context.dockerfile).map_err(BuildError::from)?;
        let plan = plan(&dockerfile, &request.options)?;
        let sources = self.sources(&request.cache_from, teller)?;
        let bases = Bases { engine: self, runtime, teller, credentials: &request.credentials };
        let clock = || Timestamp::now().to_string();
        let (cache, executor) = (self.as_ref(), &worker);
        let (context, sources, clock) = (&context.tree, &sources, &clock);
        let ports = Ports { images: &bases, cache, sources, executor, context, report: teller, clock };
        let built = solve(&plan, Choices { no_cache: request.no_cache, pull: request.pull }, ports)?;
        self.name_built(&built, &request.tags, teller)?;
        Ok(built.id)
    }

    /// The images among these names that are here.
    fn sources(&self, names: &[String], teller: &Teller) -> Result<Vec<ImageConfig>> {
        let mut found = Vec::new();
        for name in names {
            match self.images.resolve(name).map_err(Fault::from) {
                Ok(image) => found.push(image.record.config),
                Err(fault) if fault.kind() == Kind::NotFound => {
                    teller.event(Event::Warning(&format!("--cache-from {name}: no such image here: pull it first")));
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(found)
    }

    fn name_built(&self, built: &Built, tags: &[Reference], teller: &Teller) -> Result<()> {
        if self.images.get(&built.id).is_err() {
            // `FROM scratch` and nothing else: no step has recorded it.
            let config = serde_json::to_vec(&built.image);
            let config = config.map_err(|e| Fault::internal("cannot encode an image config").because(e))?;
            self.images.register(Registration { config, ..Registration::default() })?;
        }
        self.images.tag(&built.id, tags)?;
        for tag in tags {
            self.image_event("tag", &built.id, tag.familiar());
            teller.event(Event::Tagged(&tag.familiar()));
        }
        Ok(())
    }
}

impl Engine {
    /// Forgets the results of earlier builds; says how they were called. The images of their steps stay until they are removed.
    pub async fn prune_builds(self: &Arc<Self>) -> Result<Vec<String>> {
        let engine = self.clone();
        blocking(move || cache::forget(&engine.store)).await
    }
}
