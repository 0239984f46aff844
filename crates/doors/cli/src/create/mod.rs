//! From the flags of `run` and `create` to the API's create request: a pure step, but for the files that flags name.

mod config;
mod flags;
mod host;
mod networks;

pub(crate) use flags::CreateFlags;

use knarr_api::container::CreateRequest;

use crate::error::Result;

/// Who wants which streams, besides what the flags say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Attach {
    /// stdin.
    pub(crate) stdin: bool,
    /// stdout.
    pub(crate) stdout: bool,
    /// stderr.
    pub(crate) stderr: bool,
}

impl Attach {
    /// Whether any stream is wanted.
    pub(crate) fn any(self) -> bool {
        self.stdin || self.stdout || self.stderr
    }
}

/// The create request of these flags, for an image and a command.
pub(crate) fn request(flags: &CreateFlags, attach: Attach, image: &str, command: &[String]) -> Result<CreateRequest> {
    let networks = networks::networks(flags)?;
    let mut config = config::config(flags, attach, image, command)?;
    let mut host_config = host::host_config(flags)?;
    host_config.network_mode = networks.mode;
    host::add_volumes(flags, &mut config, &mut host_config)?;
    host::add_ports(flags, &mut config, &mut host_config)?;
    Ok(CreateRequest { config, host_config, networking_config: networks.config })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    #[command(disable_help_flag = true)]
    struct Only {
        #[command(flatten)]
        flags: CreateFlags,
    }

    fn build(arguments: &str) -> Result<CreateRequest> {
        let words = std::iter::once("x").chain(arguments.split_whitespace());
        let flags = Only::try_parse_from(words).unwrap().flags;
        request(&flags, Attach { stdin: true, stdout: true, stderr: true }, "img", &["cmd".into()])
    }

    #[test]
    fn flags_become_a_request() {
        let request = build(
            "-i -t -e A=1 -w /w -u 1:2 --entrypoint /e -h name -m 64m --cpus 1.5 --pids-limit 10 -p 127.0.0.1:8080:80 --expose 90 \
             -v /a:/b:ro -v /anon --tmpfs /t:size=1m --cap-add NET_ADMIN --label a=b --network none --restart on-failure:2 \
             --init --read-only --stop-timeout 3 --ulimit nofile=1:2 --health-cmd true --health-interval 2s",
        )
        .unwrap();
        let (config, host) = (&request.config, &request.host_config);
        assert!(config.open_stdin && config.stdin_once && config.tty);
        assert_eq!(config.env, ["A=1"]);
        assert_eq!(config.entrypoint.as_ref().unwrap().0, ["/e"]);
        assert_eq!(config.cmd.as_ref().unwrap().0, ["cmd"]);
        assert!(config.exposed_ports.contains_key("80/tcp") && config.exposed_ports.contains_key("90/tcp"));
        assert!(config.volumes.contains_key("/anon"));
        assert_eq!(config.stop_timeout, Some(3));
        assert_eq!(config.healthcheck.as_ref().unwrap().test, ["CMD-SHELL", "true"]);
        assert_eq!((host.memory, host.nano_cpus, host.pids_limit), (64 << 20, 1_500_000_000, Some(10)));
        assert_eq!(host.port_bindings["80/tcp"].as_ref().unwrap()[0].host_ip, "127.0.0.1");
        assert_eq!(host.binds, ["/a:/b:ro"]);
        assert_eq!(host.tmpfs["/t"], "size=1m");
        assert_eq!((host.network_mode.as_str(), host.init, host.readonly_rootfs), ("none", Some(true), true));
        assert_eq!(host.restart_policy.maximum_retry_count, 2);
    }

    #[test]
    fn conflicts_are_refused() {
        for (arguments, part) in [
            ("--rm --restart always", "cannot specify both --restart and --rm"),
            ("--no-healthcheck --health-cmd x", "--no-healthcheck conflicts"),
            ("-p x", "invalid containerPort"),
            ("-v a:b", "must be absolute"),
            ("--network none --network-alias a", "network-scoped aliases"),
        ] {
            let error = build(arguments).unwrap_err().to_string();
            assert!(error.contains(part), "{arguments}: {error}");
        }
    }
}
