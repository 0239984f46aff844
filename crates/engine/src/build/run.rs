//! `RUN`: a container like any other, on the image so far, whose changes become a layer.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use knarr_api::Words;
use knarr_api::container::{Config, CreateRequest, HostConfig};
use knarr_build::Event;
use knarr_build::op::{Exec, Network};
use knarr_build::ports::{Ran, Report};
use knarr_model::oci::{Healthcheck, ImageConfig};
use knarr_model::{Digest, Fault, Result};

use super::executor::Worker;
use super::teller::Decoder;
use crate::containers::{Command, Condition, Container, Wanted};
use crate::shim::FromShim;

/// Runs a command on the parent's layers.
pub(super) fn run(worker: &Worker<'_>, parent: &ImageConfig, exec: &Exec, report: &dyn Report) -> Result<Ran> {
    let request = request(worker, exec)?;
    let container = worker.create(request, parent)?;
    let short = container.id().short().to_owned();
    report.event(Event::Running(&short));
    let ended = worker.runtime.block_on(execute(worker, &container));
    let committed = match &ended {
        Ok(0) => commit(worker, &container, parent).map(Some),
        _ => Ok(None),
    };
    if !worker.options.keep {
        worker.runtime.block_on(worker.engine.remove(container.id().as_str(), true, true))?;
        report.event(Event::Removed(&short));
    }
    Ok(Ran { code: ended?, layer: committed? })
}

impl Worker<'_> {
    fn create(&self, request: CreateRequest, parent: &ImageConfig) -> Result<Arc<Container>> {
        let id = serde_json::to_vec(parent).map(|bytes| Digest::of(&bytes));
        let id = id.map_err(|e| Fault::internal("cannot encode an image config").because(e))?;
        // The container's actor is a task of the runtime.
        let _entered = self.runtime.enter();
        self.engine.create_on_layers(request, id, parent, !self.options.keep)
    }
}

/// What the container is. Nothing of the image but its files counts: all else is in the operation.
fn request(worker: &Worker<'_>, exec: &Exec) -> Result<CreateRequest> {
    let mut host = HostConfig { ..worker.options.host.clone() };
    match exec.network {
        Network::Default => {}
        Network::None => host.network_mode = "none".into(),
        Network::Host => host.network_mode = "host".into(),
    }
    if let Some(script) = &exec.script {
        let path = worker.workspace.folder()?.join("script");
        let write = || {
            fs::write(&path, &script.content)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
        };
        write().map_err(|e| Fault::io(format!("write {}", path.display()), e))?;
        host.binds.push(format!("{}:{}:ro", path.display(), script.path));
    }
    let config = Config {
        cmd: Some(Words(exec.argv.clone())),
        env: exec.env.iter().chain(&exec.proxies).cloned().collect(),
        user: exec.user.clone(),
        working_dir: exec.folder.clone(),
        attach_stdout: true,
        attach_stderr: true,
        healthcheck: Some(Healthcheck { test: vec!["NONE".into()], ..Healthcheck::default() }),
        ..Config::default()
    };
    Ok(CreateRequest { config, host_config: host, ..CreateRequest::default() })
}

/// Starts the container, tells its output, and waits for its end or for the client's.
async fn execute(worker: &Worker<'_>, container: &Arc<Container>) -> Result<i32> {
    let name = container.id().as_str();
    let wanted = Wanted { stdin: false, stdout: true, stderr: true };
    let link = container.order(|reply| Command::Attach(wanted, reply))?;
    let end = worker.engine.wait(name, Condition::NextExit)?;
    worker.engine.start(name).await?;
    let link = link.await.map_err(|_| Fault::internal("a build container went away"))??;
    let (mut output, _input) = link.split();
    let (mut stdout, mut stderr) = (Decoder::default(), Decoder::default());
    loop {
        tokio::select! {
            frame = output.next() => match frame {
                Ok(FromShim::Stdout(bytes)) => worker.teller.tell(stdout.text(&bytes)).await,
                Ok(FromShim::Stderr(bytes)) => worker.teller.tell(stderr.text(&bytes)).await,
                Ok(FromShim::Exited(_) | FromShim::Failed(_)) | Err(_) => break,
                Ok(FromShim::Started(_) | FromShim::Answer(_)) => {}
            },
            () = worker.teller.gone() => {
                worker.engine.kill(name, "KILL").await?;
                break;
            }
        }
    }
    Ok(end.await)
}

fn commit(worker: &Worker<'_>, container: &Container, parent: &ImageConfig) -> Result<Digest> {
    let upper = worker.engine.container_dir(container.id()).join("upper");
    let top = parent.chain_ids().pop();
    Ok(worker.engine.layers.commit(&upper, top.as_ref())?.diff_id)
}
