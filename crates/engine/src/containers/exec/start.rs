//! `exec start`.

use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use knarr_api::exec::StartRequest;
use knarr_model::{Fault, Result};
use knarr_sys::failpoint;

use super::create::{check_running, exec_event};
use super::{ExecStream, Session};
use crate::Engine;
use crate::containers::{Container, Record, Wanted, launch, spec};
use crate::engine::blocking;
use crate::shim::{self, Ended, FromShim, Link, ToShim};
use crate::streams::DetachKeys;

/// The runtime must have started the program after this long.
const DEADLINE: Duration = Duration::from_secs(60);

/// The shim of a session whose program runs.
struct Shim {
    events: Link,
    ended: Ended,
}

impl Engine {
    /// Starts a session that nobody watches.
    pub async fn start_exec_detached(self: &Arc<Self>, id: &str, request: &StartRequest) -> Result<()> {
        let (container, session) = self.begin_exec(id)?;
        self.run_exec(&container, &session, request.console_size, None).await.map(drop)
    }

    /// Starts a session for a client: with its streams, or with the reason why it could not be started.
    pub async fn start_exec(self: &Arc<Self>, id: &str, request: &StartRequest) -> Result<ExecStream> {
        let (container, session) = self.begin_exec(id)?;
        let asked = &session.request;
        let wanted = Wanted { stdin: asked.attach_stdin, stdout: asked.attach_stdout, stderr: asked.attach_stderr };
        let keys = DetachKeys::parse(&asked.detach_keys)?;
        let outcome = self.run_exec(&container, &session, request.console_size, Some(wanted)).await;
        let outcome = outcome.and_then(|link| link.ok_or_else(|| Fault::internal("the session has no streams")));
        Ok(ExecStream { session: session.clone(), outcome, tty: asked.tty, stdin: asked.attach_stdin, keys })
    }

    fn begin_exec(&self, id: &str) -> Result<(Arc<Container>, Arc<Session>)> {
        let (container, session) = self.find_exec(id)?;
        check_running(&container.view())?;
        if !session.begin() {
            let state = if session.progress().exit_code.is_some() { "has already run" } else { "is already running" };
            return Err(Fault::conflict(format!("Error: Exec command {id} {state}")));
        }
        Ok((container, session))
    }

    /// Runs a session of ours (a health check) or a client's; the streams that are wanted.
    pub(crate) async fn run_exec(
        self: &Arc<Self>,
        container: &Arc<Container>,
        session: &Arc<Session>,
        console: Option<[u32; 2]>,
        wanted: Option<Wanted>,
    ) -> Result<Option<Link>> {
        let view = container.view();
        let result = self.launch_exec(&view, session, console, wanted).await;
        match result {
            Ok((shim, pid, streams)) => {
                failpoint!("exec.program-runs");
                session.started(pid);
                self.events.publish(exec_event(&view, "exec_start", session).with("execID", session.id.clone()));
                tokio::spawn(watch(self.clone(), container.clone(), session.clone(), shim));
                Ok(streams)
            }
            Err(error) => {
                session.ended(exit_code(&error));
                self.forget_exec(session).await;
                Err(error)
            }
        }
    }

    async fn launch_exec(
        self: &Arc<Self>,
        view: &Arc<Record>,
        session: &Arc<Session>,
        console: Option<[u32; 2]>,
        wanted: Option<Wanted>,
    ) -> Result<(Shim, u32, Option<Link>)> {
        let (engine, record, asked) = (self.clone(), view.clone(), session.clone());
        let (stream, ended) = blocking(move || prepare(&engine, &record, &asked, console)).await?;
        failpoint!("exec.shim-spawned");
        let begun = tokio::time::timeout(DEADLINE, self.begin(session, stream, wanted)).await;
        let late = |_| Fault::internal(format!("the runtime did not start the program within {DEADLINE:?}"));
        match begun.map_err(late).flatten() {
            Ok((events, pid, streams)) => Ok((Shim { events, ended }, pid, streams)),
            Err(error) => {
                self.end_orphans(view, ended).await;
                Err(error)
            }
        }
    }

    /// Lets the shim go, and waits until the program runs.
    async fn begin(
        &self,
        session: &Session,
        stream: UnixStream,
        wanted: Option<Wanted>,
    ) -> Result<(Link, u32, Option<Link>)> {
        let mut events = Link::adopt(stream)?;
        events.greet().await?;
        let dir = self.roots.exec("shims").join(&session.id);
        let streams = match wanted {
            Some(wanted) => Some(shim::connect(&dir, wanted.flags()).await?),
            None => None,
        };
        events.send(ToShim::Go).await?;
        failpoint!("exec.go-said");
        let pid = started(&mut events, &dir).await?;
        Ok((events, pid, streams))
    }

    /// Once the shim has ended, what it has left behind does too: it may have been killed.
    async fn end_orphans(self: &Arc<Self>, view: &Arc<Record>, ended: Ended) {
        let _closed_by_its_end = tokio::time::timeout(DEADLINE, ended).await;
        let (engine, record) = (self.clone(), view.clone());
        let _ = blocking(move || {
            launch::end_orphans(&engine, &record);
            Ok(())
        })
        .await;
    }

    async fn forget_exec(&self, session: &Session) {
        let dir = self.roots.exec("shims").join(&session.id);
        let _ = blocking(move || Ok(launch::remove_tree(&dir))).await;
    }
}

/// Writes the process and spawns the shim.
fn prepare(
    engine: &Engine,
    record: &Record,
    session: &Session,
    console: Option<[u32; 2]>,
) -> Result<(UnixStream, Ended)> {
    let request = &session.request;
    let identity = launch::identity_of_running(record, &request.user)?;
    let host = &record.host;
    let facts = launch::exec_facts(engine, host)?;
    let privileged = host.privileged || request.privileged;
    let capabilities = spec::capabilities(&host.cap_add, &host.cap_drop, privileged, &facts)?;
    let console = console.or(request.console_size);
    let exec = spec::Exec { request, identity: &identity, capabilities, console };
    let process = spec::exec_process(record, exec, &facts)?;
    launch::session(engine, record, launch::Session { id: &session.id, request, process: &process })
}

async fn started(events: &mut Link, dir: &std::path::Path) -> Result<u32> {
    loop {
        match events.next().await {
            Ok(FromShim::Started(pid)) => return Ok(pid),
            Ok(FromShim::Failed(_)) => {
                let said = launch::last_error(&dir.join("runtime.log"));
                let said = said.unwrap_or_else(|| "the runtime failed without a word".to_owned());
                return Err(Fault::invalid(format!("OCI runtime exec failed: {said}")));
            }
            Ok(_) => {}
            Err(error) => {
                return Err(Fault::internal("the session's shim ended before its program was started").because(error));
            }
        }
    }
}

/// 127 where the program is not there, else 126: also where its working directory is not.
fn exit_code(error: &Fault) -> i32 {
    let said = error.full();
    let no_program = said.contains("exec: \"") && launch::exit_code(&said) == 127;
    if no_program { 127 } else { 126 }
}

/// Waits for the end, and cleans up after it.
async fn watch(engine: Arc<Engine>, container: Arc<Container>, session: Arc<Session>, mut shim: Shim) {
    let code = loop {
        match shim.events.next().await {
            Ok(FromShim::Exited(exit)) => break exit.code,
            Ok(_) => {}
            Err(_) => {
                engine.end_orphans(&container.view(), shim.ended).await;
                let file = engine.roots.exec("shims").join(&session.id).join("exit.json");
                break launch::session_exit(&file).map_or(255, |exit| exit.code);
            }
        }
    };
    failpoint!("exec.heard");
    session.ended(code);
    let view = container.view();
    let event = exec_event(&view, "exec_die", &session).with("execID", session.id.clone());
    engine.events.publish(event.with("exitCode", code.to_string()));
    failpoint!("exec.published");
    engine.forget_exec(&session).await;
    failpoint!("exec.cleaned");
}
