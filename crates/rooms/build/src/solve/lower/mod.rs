//! An instruction in the environment of its stage, to a neutral operation. Pure.
//!
//! The line in the history is the instruction as it is carried out: expanded, without quotes, in BuildKit's words. Where BuildKit writes
//! structures of its own (`CMD`, `EXPOSE`, `HEALTHCHECK`, …) it is the instruction as the Dockerfile says it.

mod copy;
mod run;

use std::collections::BTreeMap;
use std::path::PathBuf;

use knarr_model::oci::{Empty, Healthcheck, RunConfig};

use super::values;
use crate::error::{Place, Result};
use crate::expand::Expander;
use crate::op::{Lowered, Op};
use crate::plan::BuildArgs;
use crate::syntax::{self, Command, Instruction, Pair, Step};

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
            Instruction::Add(copy) => (lowered.op, lowered.created_by) = self.copy(copy, true, place)?,
            Instruction::Copy(copy) => (lowered.op, lowered.created_by) = self.copy(copy, false, place)?,
            Instruction::Arg(args) => lowered.created_by = self.arg(args, place)?,
            Instruction::Cmd(command) => {
                config.cmd = Some(self.argv(command));
                self.cmd_set = true;
            }
            Instruction::Entrypoint(command) => self.entrypoint(command, config),
            Instruction::Env(pairs) => {
                let pairs = self.pairs(pairs, place)?;
                lowered.created_by = told("ENV", &pairs);
                set_env(config, pairs);
            }
            Instruction::Expose(ports) => self.expose(ports, config, place)?,
            Instruction::Healthcheck(check) => config.healthcheck = Some(self.healthcheck(check)),
            Instruction::Label(pairs) => {
                let pairs = self.pairs(pairs, place)?;
                lowered.created_by = told("LABEL", &pairs);
                config.labels.extend(pairs);
            }
            Instruction::Maintainer(author) => lowered.author = Some(author.clone()),
            Instruction::OnBuild(trigger) => config.on_build.push(trigger.clone()),
            Instruction::Run(run) => (lowered.op, lowered.created_by) = self.run(run),
            Instruction::Shell(shell) => config.shell = Some(shell.clone()),
            Instruction::StopSignal(signal) => {
                let signal = self.word(signal, place)?;
                lowered.created_by = format!("STOPSIGNAL {signal}");
                config.stop_signal = Some(values::signal(&signal).map_err(|reason| place.value(reason))?);
            }
            Instruction::User(user) => {
                config.user = self.nonempty(user, "USER", place)?;
                lowered.created_by = format!("USER {}", config.user);
            }
            Instruction::Volume(paths) => {
                for path in paths {
                    config.volumes.insert(self.nonempty(path, "VOLUME", place)?, Empty {});
                }
            }
            Instruction::Workdir(path) => {
                lowered.op = self.workdir(path, config, place)?;
                lowered.created_by = format!("WORKDIR {}", config.working_dir);
            }
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

    /// Declares arguments; the line in the history tells their defaults.
    fn arg(&mut self, args: &[syntax::Arg], place: &Place) -> Result<String> {
        let mut told = "ARG".to_owned();
        for arg in args {
            let default = arg.default.as_ref().map(|text| self.word(text, place)).transpose()?;
            told.extend([" ", &arg.name]);
            told.extend(default.iter().flat_map(|default| ["=", default]));
            let value = self.args.declare(&arg.name, default);
            self.stage_args.insert(arg.name.clone(), value);
        }
        Ok(told)
    }

    /// A new entrypoint makes an inherited `CMD` meaningless.
    fn entrypoint(&self, command: &Command, config: &mut RunConfig) {
        let argv = self.argv(command);
        config.entrypoint = (!argv.is_empty()).then_some(argv);
        if !self.cmd_set {
            config.cmd = None;
        }
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
}

fn told(instruction: &str, pairs: &[(String, String)]) -> String {
    let pairs = pairs.iter().map(|(name, value)| format!(" {name}={value}"));
    std::iter::once(instruction.to_owned()).chain(pairs).collect()
}

fn set_env(config: &mut RunConfig, pairs: Vec<(String, String)>) {
    for (name, value) in pairs {
        let prefix = format!("{name}=");
        let pair = format!("{prefix}{value}");
        match config.env.iter_mut().find(|old| old.starts_with(&prefix)) {
            Some(old) => *old = pair,
            None => config.env.push(pair),
        }
    }
}
