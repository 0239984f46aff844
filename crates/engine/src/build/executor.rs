//! Carrying out the steps of a build: a fresh writable layer on the parent's layers, the work, and a layer of what changed.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use knarr_build::op::Exec;
use knarr_build::ports::{CopyJob, Download, Executor, Ran, Report};
use knarr_build::tree::Tree;
use knarr_layers::archive::Reader;
use knarr_layers::decompress;
use knarr_model::oci::ImageConfig;
use knarr_model::{Digest, Fault, Result};
use knarr_sys::path::Root;
use tokio::runtime::Handle;

use super::teller::Teller;
use super::tree::RootTree;
use super::workspace::Workspace;
use super::{RunOptions, fetch, files, run};
use crate::Engine;
use crate::containers::owner;

/// Works for one build.
pub(super) struct Worker<'a> {
    pub(super) engine: &'a Arc<Engine>,
    pub(super) workspace: &'a Workspace<'a>,
    pub(super) runtime: &'a Handle,
    pub(super) teller: &'a Teller,
    pub(super) options: &'a RunOptions,
}

impl Worker<'_> {
    /// Lets `work` change the parent's files; what it changed becomes a layer.
    fn change(&self, parent: &ImageConfig, work: impl FnOnce(&Root) -> Result<()>) -> Result<Digest> {
        let layers = &self.engine.layers;
        let top = parent.chain_ids().pop();
        let folder = self.workspace.folder()?;
        let snapshot = layers.prepare(top.as_ref(), &folder)?;
        work(&Root::from_fd(knarr_mounts::overlay(&snapshot)?))?;
        let layer = layers.commit(&folder.join("upper"), top.as_ref())?;
        std::fs::remove_dir_all(&folder).map_err(|e| Fault::io(format!("remove {}", folder.display()), e))?;
        Ok(layer.diff_id)
    }

    /// The parent's files, read-only.
    fn view(&self, image: &ImageConfig) -> Result<Root> {
        let view = self.engine.layers.view(image.chain_ids().last())?;
        Ok(Root::from_fd(knarr_mounts::overlay(&view)?))
    }
}

impl Executor for Worker<'_> {
    fn tree(&self, image: &ImageConfig) -> Result<Box<dyn Tree>> {
        Ok(Box::new(RootTree(self.view(image)?)))
    }

    fn exec(&self, parent: &ImageConfig, exec: &Exec, report: &dyn Report) -> Result<Ran> {
        run::run(self, parent, exec, report)
    }

    fn copy(&self, parent: &ImageConfig, job: &CopyJob<'_>) -> Result<Option<Digest>> {
        let owner = match job.owner {
            Some(text) => owner(&self.view(parent)?, text)?,
            None => (0, 0),
        };
        self.change(parent, |root| files::copy(root, job, owner)).map(Some)
    }

    fn folder(&self, parent: &ImageConfig, path: &Path) -> Result<Option<Digest>> {
        if self.view(parent)?.open_dir(path).is_ok() {
            return Ok(None);
        }
        self.change(parent, |root| files::folder(root, path, (0, 0)).map(drop)).map(Some)
    }

    fn is_archive(&self, content: Box<dyn Read + Send>) -> Result<bool> {
        let content = decompress(content)?;
        Ok(matches!(Reader::new(content).next_member(), Ok(Some(_))))
    }

    fn fetch(&self, url: &str) -> Result<Download> {
        let mut file = self.workspace.file()?;
        let modified = self.runtime.block_on(fetch::fetch(url, &mut file))?;
        Ok(Download { file, modified })
    }
}
