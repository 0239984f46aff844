//! The portable part of a create request.

use knarr_api::Healthcheck;
use knarr_api::container::Config;

use super::{Attach, CreateFlags};
use crate::error::{Error, Result};
use crate::spec;

/// The portable part, without ports and volumes.
pub(super) fn config(flags: &CreateFlags, attach: Attach, image: &str, command: &[String]) -> Result<Config> {
    Ok(Config {
        hostname: flags.hostname.clone().unwrap_or_default(),
        domainname: flags.domainname.clone().unwrap_or_default(),
        user: flags.user.clone().unwrap_or_default(),
        attach_stdin: attach.stdin,
        attach_stdout: attach.stdout,
        attach_stderr: attach.stderr,
        tty: flags.tty,
        open_stdin: flags.interactive,
        stdin_once: flags.interactive && attach.stdin,
        env: spec::environment(&flags.env_file, &flags.env)?,
        cmd: (!command.is_empty()).then(|| command.to_vec().into()),
        healthcheck: healthcheck(flags)?,
        image: image.to_owned(),
        working_dir: flags.workdir.clone().unwrap_or_default(),
        entrypoint: flags.entrypoint.clone().map(|program| vec![program].into()),
        mac_address: flags.mac_address.clone().unwrap_or_default(),
        labels: spec::labels(&flags.label_file, &flags.label)?,
        stop_signal: flags.stop_signal.clone().unwrap_or_default(),
        stop_timeout: flags.stop_timeout,
        ..Config::default()
    })
}

fn healthcheck(flags: &CreateFlags) -> Result<Option<Healthcheck>> {
    let check = Healthcheck {
        test: flags.health_cmd.iter().flat_map(|cmd| ["CMD-SHELL".to_owned(), cmd.clone()]).collect(),
        interval: flags.health_interval.unwrap_or_default(),
        timeout: flags.health_timeout.unwrap_or_default(),
        start_period: flags.health_start_period.unwrap_or_default(),
        start_interval: flags.health_start_interval.unwrap_or_default(),
        retries: flags.health_retries.unwrap_or_default(),
    };
    for (name, value) in [
        ("interval", check.interval),
        ("timeout", check.timeout),
        ("retries", check.retries),
        ("start-period", check.start_period),
        ("start-interval", check.start_interval),
    ] {
        if value < 0 {
            return Err(Error::invalid(format!("--health-{name} cannot be negative")));
        }
    }
    match (flags.no_healthcheck, check == Healthcheck::default()) {
        (true, false) => Err(Error::invalid("--no-healthcheck conflicts with --health-* options")),
        (true, true) => Ok(Some(Healthcheck { test: vec!["NONE".into()], ..check })),
        (false, true) => Ok(None),
        (false, false) => Ok(Some(check)),
    }
}
