//! An instruction in the environment of its stage, to a neutral operation. Pure.

use std::collections::BTreeMap;
use std::path::PathBuf;

use knarr_model::oci::{Empty, Healthcheck, RunConfig};

use super::values;
use crate::error::{Place, Result};
use crate::expand::Expander;
use crate::op::{CopyOp, Exec, Lowered, Network, Op, Origin, Script};
use crate::plan::BuildArgs;
use crate::syntax::{self, Command, Instruction, Pair, RunNetwork, Step};

/// What the instructions of one stage see and change, apart from files.
pub(super) struct Scope<'a> {
    /// The build's arguments.
    pub args: &'a mut BuildArgs,
    /// The stage's own `ARG`s.
    pub stage_args: BTreeMap<String, Option<String>>,
    /// The configuration so far.
    pub config: RunConfig,
    /// `CMD` was set in this stage.
    pub cmd_set: bool,
    /// The Dockerfile's escape character.
    pub escape: char,
    /// The numbers of the stages by which `COPY --from` may call them: name or number.
    pub stages: &'a BTreeMap<String, usize>,
}

impl Scope<'_> {
    /// What a step does. `ARG` and the like change the scope itself; the configuration is taken over by the caller.
    pub fn lower(&mut self, step: &Step, place: &Place) -> Result<Lowered> {
        let mut lowered =
            Lowered { op: Op::Config, config: self.config.clone(), author: None, created_by: step.text.clone() };
        let config = &mut lowered.config;
        match &step.instruction {
            Instruction::Add(copy) => lowered.op = Op::Copy(self.copy(copy, true, place)?),
            Instruction::Copy(copy) => lowered.op = Op::Copy(self.copy(copy, false, place)?),
            Instruction::Arg(args) => self.arg(args, place)?,
            Instruction::Cmd(command) => {
                config.cmd = Some(self.argv(command));
                self.cmd_set = true;
            }
            Instruction::Entrypoint(command) => self.entrypoint(command, config),
            Instruction::Env(pairs) => self.env(pairs, config, place)?,
            Instruction::Expose(ports) => self.expose(ports, config, place)?,
            Instruction::Healthcheck(check) => config.healthcheck = Some(self.healthcheck(check)),
            Instruction::Label(pairs) => config.labels.extend(self.pairs(pairs, place)?),
            Instruction::Maintainer(author) => lowered.author = Some(author.clone()),
            Instruction::OnBuild(trigger) => config.on_build.push(trigger.clone()),
            Instruction::Run(run) => (lowered.op, lowered.created_by) = self.run(run),
            Instruction::Shell(shell) => config.shell = Some(shell.clone()),
            Instruction::StopSignal(signal) => {
                let signal = self.word(signal, place)?;
                config.stop_signal = Some(values::signal(&signal).map_err(|reason| place.value(reason))?);
            }
            Instruction::User(user) => config.user = self.nonempty(user, "USER", place)?,
            Instruction::Volume(paths) => {
                for path in paths {
                    config.volumes.insert(self.nonempty(path, "VOLUME", place)?, Empty {});
                }
            }
            Instruction::Workdir(path) => lowered.op = self.workdir(path, config, place)?,
        }
        Ok(lowered)
    }

    fn lookup(&self, name: &str) -> Option<String> {
        let prefix = format!("{name}=");
        let env = self.config.env.iter().rev().find_map(|pair| pair.strip_prefix(&prefix));
        env.map(str::to_owned).or_else(|| self.stage_args.get(name).cloned().flatten())
    }

    fn expand<T>(
        &self,
        place: &Place,
        expand: impl FnOnce(&Expander<'_>) -> std::result::Result<T, crate::expand::ExpandError>,
    ) -> Result<T> {
        let lookup = |name: &str| self.lookup(name);
        expand(&Expander { escape: self.escape, lookup: &lookup }).map_err(|error| place.problem(error))
    }

    fn word(&self, text: &str, place: &Place) -> Result<String> {
        self.expand(place, |expander| expander.word(text))
    }

    fn nonempty(&self, text: &str, instruction: &str, place: &Place) -> Result<String> {
        match self.word(text, place)? {
            word if word.is_empty() => Err(place.value(format!("{instruction}: {text:?} expands to nothing"))),
            word => Ok(word),
        }
    }

    fn pairs(&self, pairs: &[Pair], place: &Place) -> Result<Vec<(String, String)>> {
        let expanded = pairs.iter().map(|pair| Ok((self.word(&pair.name, place)?, self.word(&pair.value, place)?)));
        expanded.collect()
    }

    fn shell(&self) -> Vec<String> {
        let default = || vec!["/bin/sh".to_owned(), "-c".to_owned()];
        self.config.shell.clone().filter(|shell| !shell.is_empty()).unwrap_or_else(default)
    }

    fn argv(&self, command: &Command) -> Vec<String> {
        match command {
            Command::Exec(argv) => argv.clone(),
            Command::Shell(text) => self.shell().into_iter().chain([text.clone()]).collect(),
        }
    }

    fn arg(&mut self, args: &[syntax::Arg], place: &Place) -> Result<()> {
        for arg in args {
            let default = arg.default.as_ref().map(|text| self.word(text, place)).transpose()?;
            let value = self.args.declare(&arg.name, default);
            self.stage_args.insert(arg.name.clone(), value);
        }
        Ok(())
    }

    /// A new entrypoint makes an inherited `CMD` meaningless.
    fn entrypoint(&self, command: &Command, config: &mut RunConfig) {
        let argv = self.argv(command);
        config.entrypoint = (!argv.is_empty()).then_some(argv);
        if !self.cmd_set {
            config.cmd = None;
        }
    }

    fn env(&self, pairs: &[Pair], config: &mut RunConfig, place: &Place) -> Result<()> {
        for (name, value) in self.pairs(pairs, place)? {
            let prefix = format!("{name}=");
            let pair = format!("{prefix}{value}");
            match config.env.iter_mut().find(|old| old.starts_with(&prefix)) {
                Some(old) => *old = pair,
                None => config.env.push(pair),
            }
        }
        Ok(())
    }

    fn expose(&self, ports: &[String], config: &mut RunConfig, place: &Place) -> Result<()> {
        for text in ports {
            for word in self.expand(place, |expander| expander.words(text))? {
                let ports = values::ports(&word).map_err(|reason| place.value(reason))?;
                config.exposed_ports.extend(ports.into_iter().map(|port| (port, Empty {})));
            }
        }
        Ok(())
    }

    fn healthcheck(&self, check: &syntax::Healthcheck) -> Healthcheck {
        let test = match &check.command {
            None => vec!["NONE".to_owned()],
            Some(Command::Shell(text)) => vec!["CMD-SHELL".to_owned(), text.clone()],
            Some(Command::Exec(argv)) => std::iter::once("CMD".to_owned()).chain(argv.iter().cloned()).collect(),
        };
        Healthcheck {
            test,
            interval: check.interval,
            timeout: check.timeout,
            start_period: check.start_period,
            start_interval: check.start_interval,
            retries: check.retries,
        }
    }

    fn workdir(&self, path: &str, config: &mut RunConfig, place: &Place) -> Result<Op> {
        let path = self.nonempty(path, "WORKDIR", place)?;
        config.working_dir = self.absolute(&path);
        Ok(Op::Folder(PathBuf::from(&config.working_dir)))
    }

    /// A path in the image, relative ones from the working folder.
    fn absolute(&self, path: &str) -> String {
        let folder = if path.starts_with('/') { "" } else { self.config.working_dir.as_str() };
        knarr_ignore::clean(&format!("/{folder}/{path}"))
    }

    fn run(&self, run: &syntax::Run) -> (Op, String) {
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

    fn copy(&self, copy: &syntax::Copy, add: bool, place: &Place) -> Result<CopyOp> {
        let words = |list: &[String]| list.iter().map(|text| self.word(text, place)).collect::<Result<Vec<String>>>();
        let (urls, sources) = words(&copy.sources)?.into_iter().partition(|source| add && values::is_url(source));
        let destination = self.nonempty(&copy.destination, if add { "ADD" } else { "COPY" }, place)?;
        let mode = copy.chmod.as_ref().map(|text| self.word(text, place)).transpose()?;
        let mode = mode.map(|text| values::mode(&text)).transpose().map_err(|reason| place.value(reason))?;
        let documents = copy.heredocs.iter().map(|document| {
            let text = match document.expand {
                true => self.expand(place, |expander| expander.document(&document.content))?,
                false => document.content.clone(),
            };
            Ok((document.name.clone(), text))
        });
        Ok(CopyOp {
            from: copy.from.as_deref().map_or(Origin::Context, |name| self.origin(name)),
            sources,
            urls,
            documents: documents.collect::<Result<_>>()?,
            into_folder: destination.ends_with('/') || destination.ends_with("/.") || destination == ".",
            destination: PathBuf::from(self.absolute(&destination)),
            owner: copy.chown.as_ref().map(|text| self.word(text, place)).transpose()?,
            mode,
            checksum: copy.checksum.as_ref().map(|text| self.word(text, place)).transpose()?,
            excludes: words(&copy.excludes)?,
            parents: copy.parents,
            unpack: add,
        })
    }

    fn origin(&self, name: &str) -> Origin {
        match self.stages.get(&name.to_ascii_lowercase()) {
            Some(number) => Origin::Stage(*number),
            None => Origin::Image(name.to_owned()),
        }
    }
}
