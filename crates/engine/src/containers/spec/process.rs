//! The first process, and further ones.

use knarr_api::container::HostConfig;
use knarr_model::{Fault, Result, check_ulimit};
use knarr_spec::{Capabilities, ConsoleSize, Process, Rlimit, User};

use super::{Facts, SecurityOptions};
use crate::containers::Record;
use crate::containers::create::DEFAULT_PATH;
use crate::containers::user::Identity;

/// The container's first process.
pub(super) fn first(
    record: &Record,
    facts: &Facts,
    security: &SecurityOptions,
    capabilities: Vec<String>,
) -> Result<Process> {
    let (config, host) = (&record.config, &record.host);
    let [rows, columns] = host.console_size;
    Ok(Process {
        terminal: config.tty,
        console_size: console(rows, columns),
        user: user(&facts.identity),
        args: record.command(),
        env: environment(&config.env, &config.hostname, config.tty, &facts.identity),
        cwd: if config.working_dir.is_empty() { "/".into() } else { config.working_dir.clone() },
        capabilities: Some(sets(capabilities, &facts.identity)),
        rlimits: limits(host, facts.compat_docker)?,
        no_new_privileges: security.no_new_privileges,
        apparmor_profile: security.apparmor.clone(),
        oom_score_adj: (host.oom_score_adj != 0).then(|| i32::try_from(host.oom_score_adj).unwrap_or_default()),
        ..Process::default()
    })
}

/// What an exec session asks for.
pub(crate) struct Exec<'a> {
    pub(crate) request: &'a knarr_api::exec::CreateRequest,
    pub(crate) identity: &'a Identity,
    pub(crate) capabilities: Vec<String>,
    pub(crate) console: Option<[u32; 2]>,
}

/// A further process in a container: never more rights than the container's own, unless `privileged` asks for them (row 14).
pub(crate) fn exec(record: &Record, exec: Exec<'_>, facts: &Facts) -> Result<Process> {
    let config = &record.config;
    let security = SecurityOptions::parse(&record.host.security_opt)?;
    let env = crate::containers::create::merge_env(&config.env, &exec.request.env);
    let cwd = [&exec.request.working_dir, &config.working_dir].into_iter().find(|dir| !dir.is_empty());
    let [rows, columns] = exec.console.unwrap_or_default();
    Ok(Process {
        terminal: exec.request.tty,
        console_size: console(rows, columns),
        user: user(exec.identity),
        args: exec.request.cmd.0.clone(),
        env: environment(&env, &config.hostname, exec.request.tty, exec.identity),
        cwd: cwd.cloned().unwrap_or_else(|| "/".into()),
        capabilities: Some(sets(exec.capabilities, exec.identity)),
        rlimits: limits(&record.host, facts.compat_docker)?,
        no_new_privileges: security.no_new_privileges,
        apparmor_profile: security.apparmor,
        ..Process::default()
    })
}

fn console(rows: u32, columns: u32) -> Option<ConsoleSize> {
    let size = |count: u32| u16::try_from(count).ok().filter(|count| *count > 0);
    Some(ConsoleSize { height: size(rows)?, width: size(columns)? })
}

/// The first group is among the others, too: a program with the set-group-id bit must not lose it (row 16).
fn user(identity: &Identity) -> User {
    let others = identity.groups.iter().copied().filter(|group| *group != identity.gid);
    let groups = std::iter::once(identity.gid).chain(others).collect();
    User { uid: identity.uid, gid: identity.gid, umask: None, additional_gids: groups }
}

/// What Docker sets where the user does not: PATH, HOSTNAME, TERM on a terminal, HOME.
fn environment(own: &[String], hostname: &str, tty: bool, identity: &Identity) -> Vec<String> {
    let has = |name: &str| own.iter().any(|pair| pair.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')));
    let mut env = Vec::with_capacity(own.len() + 4);
    if !has("PATH") {
        env.push(DEFAULT_PATH.to_owned());
    }
    if !hostname.is_empty() && !has("HOSTNAME") {
        env.push(format!("HOSTNAME={hostname}"));
    }
    if tty && !has("TERM") {
        env.push("TERM=xterm".to_owned());
    }
    env.extend(own.iter().cloned());
    if !has("HOME") {
        env.push(format!("HOME={}", identity.home));
    }
    env
}

/// Row 13: nothing inheritable, nothing ambient; a user other than root gets a bounding set only.
fn sets(capabilities: Vec<String>, identity: &Identity) -> Capabilities {
    let own = if identity.uid == 0 { capabilities.clone() } else { Vec::new() };
    Capabilities {
        bounding: capabilities,
        effective: own.clone(),
        permitted: own,
        inheritable: Vec::new(),
        ambient: Vec::new(),
    }
}

/// `--ulimit`, and no core files unless the common default is asked for.
fn limits(host: &HostConfig, compat_docker: bool) -> Result<Vec<Rlimit>> {
    let mut all = Vec::new();
    for limit in &host.ulimits {
        check_ulimit(&limit.name, limit.soft, limit.hard).map_err(|error| Fault::invalid(error.to_string()))?;
        let (hard, soft) = (value(limit.hard), value(limit.soft));
        all.push(Rlimit { kind: format!("RLIMIT_{}", limit.name.to_ascii_uppercase()), hard, soft });
    }
    if !compat_docker && !all.iter().any(|limit| limit.kind == "RLIMIT_CORE") {
        all.push(Rlimit { kind: "RLIMIT_CORE".into(), hard: 0, soft: 0 });
    }
    Ok(all)
}

/// -1 is unlimited.
fn value(limit: i64) -> u64 {
    u64::try_from(limit).unwrap_or(u64::MAX)
}
