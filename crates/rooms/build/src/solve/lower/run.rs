//! `RUN`.

use super::Scope;
use crate::op::{Exec, Network, Op, Script};
use crate::syntax::{self, RunNetwork};

impl Scope<'_> {
    /// The command, and its line in the history.
    pub(super) fn run(&self, run: &syntax::Run) -> (Op, String) {
        let script = run.script.as_ref().map(|document| Script {
            path: format!("/dev/pipes/{}", document.name.replace('/', "_")),
            content: document.content.clone(),
        });
        let argv = match &script {
            Some(script) => vec![script.path.clone()],
            None => self.argv(&run.command),
        };
        let declared = self.declared();
        let shown = match declared.len() {
            0 => String::new(),
            count => format!("|{count} {} ", declared.join(" ")),
        };
        let created_by = match &script {
            Some(script) => format!("RUN {shown}{}", script.content.trim_end()),
            None => format!("RUN {shown}{}", argv.join(" ")),
        };
        let network = match run.network {
            RunNetwork::Default => Network::Default,
            RunNetwork::None => Network::None,
            RunNetwork::Host => Network::Host,
        };
        let folder = if self.config.working_dir.is_empty() { "/" } else { &self.config.working_dir };
        let exec = Exec {
            argv,
            env: self.config.env.iter().cloned().chain(declared).collect(),
            proxies: self.args.proxies(),
            user: self.config.user.clone(),
            folder: folder.to_owned(),
            script,
            network,
        };
        (Op::Exec(exec), created_by)
    }

    /// The stage's arguments that have a value and are not hidden by a variable of the image.
    fn declared(&self) -> Vec<String> {
        let hidden = |name: &str| self.config.env.iter().any(|pair| pair.split('=').next() == Some(name));
        let set = self.stage_args.iter().filter(|(name, _)| !hidden(name));
        set.filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?))).collect()
    }
}
