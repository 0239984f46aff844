//! `/build`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use bytes::Bytes;
use knarr_api::container::{HostConfig, Ulimit};
use knarr_engine::{BuildFailure, BuildOptions, BuildRequest, Engine, RunOptions};
use knarr_model::{Digest, Fault, Kind, Reference};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::Daemon;
use super::transfer::all_credentials;
use crate::error::Result;
use crate::long_body::Upload;
use crate::query::Query;
use crate::stream;

/// How a build ends.
type Done = std::result::Result<Digest, BuildFailure>;

/// Lines that wait for a client.
const QUEUE: usize = 64;

pub(super) fn routes() -> Router<Arc<Engine>> {
    Router::new().route("/build", post(build)).route("/build/prune", post(prune))
}

/// `POST /build`: the classic builder. What fails before anything was said is a plain error answer.
async fn build(State(engine): Daemon, query: Query, headers: HeaderMap, request: Request) -> Result<Response> {
    refuse_unsupported(&query)?;
    let build = build_request(&query, &headers)?;
    let quiet = query.flag("q");
    let context = Upload::new(request.into_body());
    let (said, saying) = mpsc::channel::<String>(QUEUE);
    let working = tokio::spawn(async move { engine.build(build, context, said).await });
    let (sender, receiver) = mpsc::channel(QUEUE);
    let mut answer = Answer { saying, sender, quiet };
    let Some(first) = answer.saying.recv().await else {
        // Nothing was said: it failed at once.
        let done = ended(working.await);
        return match done {
            Err(failure) => Err(failure.fault.into()),
            Ok(id) => Ok(lines(Body::from(stream::line(&json!({"stream": format!("{id}\n")}))))),
        };
    };
    tokio::spawn(async move {
        if answer.forward(first).await.is_some() {
            answer.end(ended(working.await)).await;
        }
    });
    Ok(lines(stream::body(receiver)))
}

/// `POST /build/prune`: forgets what earlier builds kept.
async fn prune(State(engine): Daemon) -> Result<axum::Json<Value>> {
    let forgotten = engine.prune_builds().await?;
    Ok(axum::Json(json!({"CachesDeleted": forgotten, "SpaceReclaimed": 0})))
}

fn lines(body: Body) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn ended(done: std::result::Result<Done, tokio::task::JoinError>) -> Done {
    done.unwrap_or_else(|error| Err(Fault::internal("the build was cut short").because(error).into()))
}

/// A running build's answer.
struct Answer {
    saying: mpsc::Receiver<String>,
    sender: mpsc::Sender<Bytes>,
    quiet: bool,
}

impl Answer {
    /// Sends all that is said; none when the client is gone, which ends the build, too.
    async fn forward(&mut self, first: String) -> Option<()> {
        let mut next = Some(first);
        while let Some(text) = next {
            if !self.quiet {
                self.sender.send(stream::line(&json!({"stream": text}))).await.ok()?;
            }
            next = tokio::select! {
                text = self.saying.recv() => text,
                () = self.sender.closed() => return None,
            };
        }
        Some(())
    }

    async fn end(&self, done: Done) {
        let line = match done {
            Ok(id) if self.quiet => json!({"stream": format!("{id}\n")}),
            Ok(id) => json!({"aux": {"ID": id}}),
            Err(BuildFailure { code, fault }) => {
                let message = fault.full();
                json!({"errorDetail": {"code": code, "message": message}, "error": message})
            }
        };
        // A client that left before the last line does not want it.
        let _ = self.sender.send(stream::line(&line)).await;
    }
}

fn refuse_unsupported(query: &Query) -> Result<()> {
    let refuse = |text: &str| Err(Fault::new(Kind::Unsupported, text).into());
    if query.text("version") == "2" {
        return refuse("BuildKit is not supported: build with DOCKER_BUILDKIT=0");
    }
    if query.flag("squash") {
        return refuse("squashing layers is not supported");
    }
    Ok(())
}

fn build_request(query: &Query, headers: &HeaderMap) -> Result<BuildRequest> {
    let tags = query.all("t").iter().filter(|tag| !tag.is_empty());
    let tags = tags.map(|tag| tag.parse::<Reference>().map_err(Fault::from));
    let args: BTreeMap<String, Option<String>> = object(query, "buildargs")?;
    let platform = match query.text("platform") {
        "" => None,
        text => Some(text.parse()?),
    };
    let options = BuildOptions {
        args: args.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
        target: Some(query.text("target").to_owned()).filter(|target| !target.is_empty()),
        platform,
        labels: object(query, "labels")?,
    };
    Ok(BuildRequest {
        dockerfile: query.text("dockerfile").to_owned(),
        remote: Some(query.text("remote")).filter(|remote| !remote.is_empty()).map(str::parse).transpose()?,
        cache_from: object::<Option<Vec<String>>>(query, "cachefrom")?.unwrap_or_default(),
        tags: tags.collect::<std::result::Result<_, _>>()?,
        options,
        no_cache: query.flag("nocache"),
        pull: query.flag("pull"),
        run: RunOptions { host: host(query)?, keep: !query.flag_or_true("rm") && !query.flag("forcerm") },
        credentials: all_credentials(headers)?,
    })
}

/// Network and limits of the build's containers.
fn host(query: &Query) -> Result<HostConfig> {
    let number = |key: &str| query.number::<i64>(key).map(Option::unwrap_or_default);
    Ok(HostConfig {
        network_mode: query.text("networkmode").to_owned(),
        memory: number("memory")?,
        memory_swap: number("memswap")?,
        cpu_shares: number("cpushares")?,
        cpu_period: number("cpuperiod")?,
        cpu_quota: number("cpuquota")?,
        cpuset_cpus: query.text("cpusetcpus").to_owned(),
        cpuset_mems: query.text("cpusetmems").to_owned(),
        cgroup_parent: query.text("cgroupparent").to_owned(),
        shm_size: number("shmsize")?,
        ulimits: object::<Option<Vec<Ulimit>>>(query, "ulimits")?.unwrap_or_default(),
        extra_hosts: query.all("extrahosts").to_vec(),
        security_opt: query.all("securityopt").iter().filter(|option| !option.is_empty()).cloned().collect(),
        ..HostConfig::default()
    })
}

/// A parameter that is JSON.
fn object<T: DeserializeOwned + Default>(query: &Query, key: &str) -> Result<T> {
    match query.text(key) {
        "" | "null" => Ok(T::default()),
        text => {
            let value = serde_json::from_str(text);
            Ok(value.map_err(|e| Fault::invalid(format!("invalid value of query parameter {key}: {e}")))?)
        }
    }
}
