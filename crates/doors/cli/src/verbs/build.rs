//! `build`: packs the context while it is sent, and prints what the daemon says.

mod source;

use std::collections::BTreeMap;
use std::fs;

use serde::Serialize;

use self::source::Context;
use super::reference;
use crate::client::{Call, Client};
use crate::error::{Error, Result};
use crate::login::{CONFIG_HEADER, ConfigFile, header};
use crate::output;
use crate::progress::Target;
use crate::spec;

/// Build an image from a Dockerfile
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] PATH | URL | -")]
#[command(after_help = "Examples:
  knarr build -t web .                         the Dockerfile and the files here
  knarr build -t web -f deploy/Dockerfile .    another Dockerfile
  knarr build --target test --build-arg V=2 .  up to a stage, with an argument
  tar c . | knarr build -t web -               a context from stdin")]
pub(crate) struct Args {
    /// Add a line \"host:address\" to /etc/hosts
    #[arg(long, value_name = "HOST:IP", value_parser = spec::extra_host)]
    add_host: Vec<String>,
    /// Set an ARG; a name alone takes its value from here
    #[arg(long, value_name = "NAME[=VALUE]")]
    build_arg: Vec<String>,
    /// Images whose layers may be reused
    #[arg(long, value_name = "IMAGE", value_delimiter = ',')]
    cache_from: Vec<String>,
    /// Parent cgroup of RUN
    #[arg(long, value_name = "PATH")]
    cgroup_parent: Option<String>,
    /// Compress the context on its way to the daemon
    #[arg(long)]
    compress: bool,
    /// Length of a CPU period of RUN in microseconds
    #[arg(long, value_name = "N")]
    cpu_period: Option<i64>,
    /// Microseconds of CPU in a period
    #[arg(long, value_name = "N")]
    cpu_quota: Option<i64>,
    /// Relative weight of CPU time of RUN
    #[arg(short, long, value_name = "N")]
    cpu_shares: Option<i64>,
    /// CPUs that RUN may use, for example 0-2,4
    #[arg(long, value_name = "LIST")]
    cpuset_cpus: Option<String>,
    /// Memory nodes that RUN may use
    #[arg(long, value_name = "LIST")]
    cpuset_mems: Option<String>,
    /// The Dockerfile (default PATH/Dockerfile; - for stdin)
    #[arg(short, long, value_name = "FILE")]
    file: Option<String>,
    /// Always remove containers of RUN
    #[arg(long)]
    force_rm: bool,
    /// Write the image's id to this file
    #[arg(long, value_name = "FILE")]
    iidfile: Option<String>,
    /// Set a label
    #[arg(long, value_name = "NAME=VALUE", value_parser = spec::label)]
    label: Vec<String>,
    /// Memory limit of RUN
    #[arg(short, long, value_name = "BYTES", value_parser = spec::size)]
    memory: Option<i64>,
    /// Limit of memory and swap of RUN together; -1: no limit
    #[arg(long, value_name = "BYTES", value_parser = spec::size_or_unlimited)]
    memory_swap: Option<i64>,
    /// Network of RUN
    #[arg(long, value_name = "MODE")]
    network: Option<String>,
    /// Do not reuse layers of earlier builds
    #[arg(long)]
    no_cache: bool,
    /// Platform, for example linux/arm64
    #[arg(long, value_name = "OS/ARCH")]
    platform: Option<String>,
    /// How progress is shown: the output is the same lines in every case
    #[arg(long, value_name = "KIND", value_parser = ["auto", "plain", "tty", "quiet", "rawjson"])]
    progress: Option<String>,
    /// Pull base images even where they are here
    #[arg(long)]
    pull: bool,
    /// Print only the image's id
    #[arg(short, long)]
    quiet: bool,
    /// Remove containers of RUN when it succeeds (default true)
    #[arg(long, default_value_t = true)]
    rm: bool,
    /// Security option of RUN, for example seccomp=FILE
    #[arg(long, value_name = "OPTION")]
    security_opt: Vec<String>,
    /// Size of /dev/shm of RUN
    #[arg(long, value_name = "BYTES", value_parser = spec::size)]
    shm_size: Option<i64>,
    /// Name of the image
    #[arg(short, long, value_name = "NAME[:TAG]", value_parser = tag)]
    tag: Vec<String>,
    /// Build up to this stage
    #[arg(long, value_name = "STAGE")]
    target: Option<String>,
    /// Resource limit of RUN
    #[arg(long, value_name = "NAME=SOFT[:HARD]", value_parser = spec::ulimit)]
    ulimit: Vec<knarr_api::container::Ulimit>,
    /// The context
    #[arg(value_name = "PATH | URL | -")]
    path: String,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let context = Context::find(&self.path, self.file.as_deref())?;
        let call = self.call(&context)?;
        let quiet = self.quiet || self.progress.as_deref() == Some("quiet");
        let target = if quiet { Target::Nowhere } else { Target::Stdout };
        let shown = context.send(client, call, self.compress, target).await?;
        let id = shown.results.iter().rev().find_map(|aux| aux.get("ID")?.as_str());
        // With `q` the daemon says nothing but the id.
        let id = id.unwrap_or(shown.unprinted.trim());
        if quiet {
            output::line(id)?;
        }
        if let Some(path) = &self.iidfile {
            fs::write(path, id).map_err(|e| Error::io(format!("write {path}"), e))?;
        }
        Ok(0)
    }

    fn call(&self, context: &Context) -> Result<Call> {
        let call = self.tag.iter().fold(Call::post(&["build"]).query("version", "1"), |call, tag| call.query("t", tag));
        let call = match context {
            Context::Folder { dockerfile, .. } => call.query("dockerfile", dockerfile),
            Context::Url(url) => call.query("remote", url).maybe("dockerfile", self.file.as_ref()),
            Context::Archive(_) => call.maybe("dockerfile", self.file.as_ref()),
            Context::Dockerfile(_) => call,
        };
        let call = some(call, "buildargs", &self.build_args());
        let call = some(call, "labels", &spec::pairs(&self.label));
        let call = some(call, "cachefrom", &self.cache_from);
        let call = self.add_host.iter().fold(call, |call, host| call.query("extrahosts", host));
        let call = call.maybe("target", self.target.as_ref()).maybe("platform", self.platform.as_ref());
        let call = call.flag("nocache", self.no_cache).flag("pull", self.pull).flag("q", self.quiet);
        let call = call.flag("rm", self.rm).flag("forcerm", self.force_rm);
        let auths = ConfigFile::load().map(|file| file.all_credentials()).unwrap_or_default();
        Ok(self.sandbox(call)?.header(CONFIG_HEADER, header(&auths)))
    }

    /// In what the steps run.
    fn sandbox(&self, call: Call) -> Result<Call> {
        let number = |value: Option<i64>| value.map(|n| n.to_string());
        let call = call.maybe("networkmode", self.network.as_ref()).maybe("cgroupparent", self.cgroup_parent.as_ref());
        let call = call.maybe("memory", number(self.memory)).maybe("memswap", number(self.memory_swap));
        let call = call.maybe("cpushares", number(self.cpu_shares)).maybe("shmsize", number(self.shm_size));
        let call = call.maybe("cpuperiod", number(self.cpu_period)).maybe("cpuquota", number(self.cpu_quota));
        let call = call.maybe("cpusetcpus", self.cpuset_cpus.as_ref()).maybe("cpusetmems", self.cpuset_mems.as_ref());
        let security = spec::security_options(&self.security_opt)?.options;
        let call = security.iter().fold(call, |call, option| call.query("securityopt", option));
        Ok(some(call, "ulimits", &self.ulimit))
    }

    /// Names without a value take ours; those that are not set here are null, which means unset.
    fn build_args(&self) -> BTreeMap<String, Option<String>> {
        let value = |text: &String| match text.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (text.clone(), std::env::var(text).ok()),
        };
        self.build_arg.iter().map(value).collect()
    }
}

/// Adds a document as a query parameter, unless it is empty.
fn some(call: Call, name: &str, document: &impl Serialize) -> Call {
    match serde_json::to_string(document).unwrap_or_default().as_str() {
        "[]" | "{}" => call,
        text => call.query(name, text),
    }
}

/// Reads one `-t`.
fn tag(text: &str) -> Result<String, String> {
    reference::parse(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}
