//! `Config`: what a container is, wherever it runs.

use std::collections::BTreeMap;

use knarr_model::oci::{Empty, Healthcheck};

use crate::wire::{Words, is_default, null_when_empty, wire};

wire! {
    /// The portable part of a container's configuration.
    #[serde(rename_all = "PascalCase")]
    pub struct Config {
        /// Host name; empty: the short id.
        pub hostname: String,
        /// Domain name.
        pub domainname: String,
        /// `user[:group]`, names or numbers.
        pub user: String,
        /// Whether the client that creates it wants stdin.
        pub attach_stdin: bool,
        /// Whether it wants stdout.
        pub attach_stdout: bool,
        /// Whether it wants stderr.
        pub attach_stderr: bool,
        /// `80/tcp` → {}.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        pub exposed_ports: BTreeMap<String, Empty>,
        /// Whether it has a terminal.
        pub tty: bool,
        /// Whether its stdin stays open.
        pub open_stdin: bool,
        /// Whether stdin is closed when the first attached client goes.
        pub stdin_once: bool,
        /// `NAME=value`; in a request, `NAME` alone removes it.
        pub env: Vec<String>,
        /// Arguments, or the whole command; none: the image's.
        pub cmd: Option<Words>,
        /// How its health is checked.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub healthcheck: Option<Healthcheck>,
        /// Windows only.
        #[serde(skip_serializing_if = "is_default")]
        pub args_escaped: bool,
        /// The image, as the user named it.
        pub image: String,
        /// Paths that get anonymous volumes.
        #[serde(serialize_with = "null_when_empty")]
        pub volumes: BTreeMap<String, Empty>,
        /// The working folder.
        pub working_dir: String,
        /// The fixed part of the command; none: the image's; `[""]` or `[]`: none at all.
        pub entrypoint: Option<Words>,
        /// No network at all.
        #[serde(skip_serializing_if = "is_default")]
        pub network_disabled: bool,
        /// Wish for a MAC address (before API 1.44).
        #[serde(skip_serializing_if = "is_default")]
        pub mac_address: String,
        /// Triggers for builds on top of the image.
        #[serde(serialize_with = "null_when_empty")]
        pub on_build: Vec<String>,
        /// Labels.
        pub labels: BTreeMap<String, String>,
        /// The signal that asks it to end; empty: SIGTERM.
        #[serde(skip_serializing_if = "is_default")]
        pub stop_signal: String,
        /// Seconds between that signal and SIGKILL; none: 10, -1: forever.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub stop_timeout: Option<i64>,
        /// The shell of shell-form instructions.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub shell: Option<Words>,
    }
}
