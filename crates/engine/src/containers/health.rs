//! Health checks: a timer, an exec session, a verdict.

use std::sync::Arc;
use std::time::Duration;

use knarr_api::Words;
use knarr_api::container::{Health, HealthResult};
use knarr_api::exec::CreateRequest;
use knarr_model::oci::Healthcheck;
use tokio::time::Instant;

use super::exec::Session;
use super::{Container, Wanted, signal};
use crate::shim::{FromShim, Link, ToShim};
use crate::{Engine, Event, Timestamp};

/// Results that are kept.
const KEPT: usize = 5;
/// Bytes of a check's output that are kept.
const OUTPUT: usize = 4096;
/// Docker's defaults.
const INTERVAL: Duration = Duration::from_secs(30);
const TIMEOUT: Duration = Duration::from_secs(30);
const START_INTERVAL: Duration = Duration::from_secs(5);
const RETRIES: i64 = 3;

/// A check, with defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Plan {
    command: Vec<String>,
    interval: Duration,
    timeout: Duration,
    start_period: Duration,
    start_interval: Duration,
    retries: i64,
}

/// None where there is nothing to check.
fn plan(check: &Healthcheck, shell: Option<&Words>) -> Option<Plan> {
    let (kind, rest) = check.test.split_first()?;
    let command = match kind.as_str() {
        "CMD" => rest.to_vec(),
        "CMD-SHELL" => {
            let default = || vec!["/bin/sh".to_owned(), "-c".to_owned()];
            let mut command = shell.map_or_else(default, |shell| shell.0.clone());
            command.extend(rest.first().cloned());
            command
        }
        _ => return None,
    };
    let or = |nanoseconds: i64, default: Duration| match u64::try_from(nanoseconds) {
        Ok(0) | Err(_) => default,
        Ok(set) => Duration::from_nanos(set),
    };
    Some(Plan {
        command,
        interval: or(check.interval, INTERVAL),
        timeout: or(check.timeout, TIMEOUT),
        start_period: or(check.start_period, Duration::ZERO),
        start_interval: or(check.start_interval, START_INTERVAL),
        retries: if check.retries > 0 { check.retries } else { RETRIES },
    })
}

/// Checks a running container until it is aborted; none where it has no check.
pub(super) fn watch(engine: &Arc<Engine>, container: &Arc<Container>) -> Option<tokio::task::AbortHandle> {
    let view = container.view();
    let plan = plan(view.config.healthcheck.as_ref()?, view.config.shell.as_ref())?;
    container.health.store(Some(Arc::new(Health { status: "starting".into(), ..Health::default() })));
    let (engine, container) = (engine.clone(), container.clone());
    Some(tokio::spawn(run(engine, container, plan)).abort_handle())
}

async fn run(engine: Arc<Engine>, container: Arc<Container>, plan: Plan) {
    let grace = Instant::now() + plan.start_period;
    loop {
        let starting = Instant::now() < grace && status(&container) == "starting";
        tokio::time::sleep(if starting { plan.start_interval } else { plan.interval }).await;
        let result = probe(&engine, &container, &plan).await;
        let before = status(&container);
        let after = note(&container, result, plan.retries, Instant::now() < grace);
        if before != after {
            let view = container.view();
            let event = Event::new("container", format!("health_status: {after}"), view.id.as_str());
            engine.events.publish(event.with_all(&view.attributes()));
        }
    }
}

fn status(container: &Container) -> String {
    container.health.load().as_ref().map(|health| health.status.clone()).unwrap_or_default()
}

/// Adds a result; the status that follows.
fn note(container: &Container, result: HealthResult, retries: i64, in_grace: bool) -> String {
    let mut health = container.health.load().as_deref().cloned().unwrap_or_default();
    if result.exit_code == 0 {
        health.failing_streak = 0;
        health.status = "healthy".into();
    } else if !(in_grace && health.status == "starting") {
        health.failing_streak += 1;
        if health.failing_streak >= retries {
            health.status = "unhealthy".into();
        }
    }
    health.log.push(result);
    let old = health.log.len().saturating_sub(KEPT);
    health.log.drain(..old);
    let status = health.status.clone();
    container.health.store(Some(Arc::new(health)));
    status
}

async fn probe(engine: &Arc<Engine>, container: &Arc<Container>, plan: &Plan) -> HealthResult {
    let start = Timestamp::now().to_string();
    let (exit_code, output) = check(engine, container, plan).await;
    HealthResult { start, end: Timestamp::now().to_string(), exit_code: i64::from(exit_code), output }
}

async fn check(engine: &Arc<Engine>, container: &Arc<Container>, plan: &Plan) -> (i32, String) {
    let request = CreateRequest { cmd: Words(plan.command.clone()), ..CreateRequest::default() };
    let session = Session::new(request);
    session.begin();
    let wanted = Wanted { stdin: false, stdout: true, stderr: true };
    let mut link = match engine.run_exec(container, &session, None, Some(wanted)).await {
        Ok(Some(link)) => link,
        Ok(None) => return (-1, String::new()),
        Err(error) => return (-1, error.full()),
    };
    if let Ok(result) = tokio::time::timeout(plan.timeout, collect(&mut link)).await {
        return result;
    }
    let _ = link.send(ToShim::Signal { number: signal::KILL, whole_group: true }).await;
    (-1, format!("Health check exceeded timeout ({:?})", plan.timeout))
}

async fn collect(link: &mut Link) -> (i32, String) {
    let mut output = Vec::new();
    let code = loop {
        match link.next().await {
            Ok(FromShim::Stdout(bytes) | FromShim::Stderr(bytes)) => {
                let room = OUTPUT.saturating_sub(output.len());
                output.extend_from_slice(&bytes[..bytes.len().min(room)]);
            }
            Ok(FromShim::Exited(exit)) => break exit.code,
            Ok(_) => {}
            Err(_) => break -1,
        }
    };
    (code, String::from_utf8_lossy(&output).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_have_defaults_and_none_is_no_check() {
        let check =
            |test: &[&str]| Healthcheck { test: test.iter().map(|w| (*w).to_owned()).collect(), ..Default::default() };
        let shell = plan(&check(&["CMD-SHELL", "true"]), None).unwrap();
        assert_eq!(shell.command, ["/bin/sh", "-c", "true"]);
        assert_eq!((shell.interval, shell.retries), (INTERVAL, RETRIES));
        assert!(plan(&check(&["NONE"]), None).is_none() && plan(&check(&[]), None).is_none());
    }
}
