//! One stage: its triggers and steps in order, each from the cache or carried out.

use std::collections::BTreeMap;

use knarr_model::Digest;
use knarr_model::oci::{History, ImageConfig};

use super::lower::Scope;
use super::{Cause, Solver, copy, id, key, sources};
use crate::error::{BuildError, Place, Result};
use crate::op::{Exec, Lowered, Op};
use crate::output::Event;
use crate::plan::PlannedStage;
use crate::ports::{Record, Trace};
use crate::syntax::{Step, parse_trigger};

/// The search path of an image that sets none.
const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Builds one stage upon its base.
pub(super) struct Builder<'s, 'a> {
    solver: &'s mut Solver<'a>,
    image: ImageConfig,
    /// The id of the image so far.
    parent: Option<Digest>,
    stage_args: BTreeMap<String, Option<String>>,
    cmd_set: bool,
    /// Why the last step that was carried out was; none where all came from the cache.
    rebuilt: Option<Cause>,
}

impl<'s, 'a> Builder<'s, 'a> {
    pub fn new(solver: &'s mut Solver<'a>, image: ImageConfig, parent: Option<Digest>) -> Self {
        Self { solver, image, parent, stage_args: BTreeMap::new(), cmd_set: false, rebuilt: None }
    }

    /// Runs the base's triggers and the stage's steps; the image and its id. Without any the stage is its base, unchanged.
    pub fn run(mut self, stage: &PlannedStage, base_name: &str) -> Result<(ImageConfig, Option<Digest>)> {
        if stage.steps.is_empty() && self.image.config.on_build.is_empty() {
            return Ok((self.image, self.parent));
        }
        self.image.other.retain(|name, _| matches!(name.as_str(), "os.version" | "os.features" | sources::KEYS));
        if !self.image.config.env.iter().any(|pair| pair.starts_with("PATH=")) {
            self.image.config.env.push(PATH.to_owned());
        }
        self.triggers(base_name)?;
        for step in &stage.steps {
            self.solver.announce(&step.text);
            let place = Place { file: self.solver.file.to_owned(), at: step.at };
            self.step(step, &place)?;
        }
        Ok((self.image, self.parent))
    }

    /// Triggers work once: the image built here does not hand them on.
    fn triggers(&mut self, base_name: &str) -> Result<()> {
        let triggers = std::mem::take(&mut self.image.config.on_build);
        if triggers.is_empty() {
            return Ok(());
        }
        self.solver.ports.report.event(Event::Triggers(triggers.len()));
        let file = format!("ONBUILD of {base_name}");
        for text in &triggers {
            let step = parse_trigger(&file, text)?;
            self.solver.ports.report.event(Event::Trigger(&step.text));
            let place = Place { file: file.clone(), at: step.at };
            self.step(&step, &place)?;
        }
        Ok(())
    }

    fn step(&mut self, step: &Step, place: &Place) -> Result<()> {
        let ports = self.solver.ports;
        if ports.report.cancelled() {
            return Err(BuildError::Cancelled);
        }
        let lowered = self.lower(step, place)?;
        let source = match &lowered.op {
            Op::Copy(op) => Some(copy::Source::open(self.solver, op, place)?),
            _ => None,
        };
        let trace = trace(&lowered.op, source.as_ref());
        let parent = key::identity(&self.image)?;
        let key = key::step(&parent, &lowered, source.as_ref().and_then(|source| source.manifest.digest.as_ref()))?;
        let slot = key::slot(&parent, &step.text)?;
        if let Some(record) = self.cached(&key, place)? {
            self.image = record.image;
            ports.report.event(Event::Cached);
        } else if let Some(brought) = self.brought(&key) {
            self.advance(lowered, brought.layer, brought.created, &key);
            self.keep(&key, "taken from an image".to_owned(), place)?;
            ports.report.event(Event::Cached);
        } else {
            let cause = self.cause(&slot, &trace, place)?;
            if cause != Cause::New {
                ports.report.event(Event::NotCached(&cause));
            }
            let layer = self.apply(&lowered, source.as_ref(), place)?;
            self.advance(lowered, layer, None, &key);
            self.keep(&key, cause.to_string(), place)?;
            self.rebuilt = Some(cause);
        }
        let id = id(&self.image)?;
        ports.cache.put_trace(&slot, &trace, &id).map_err(|fault| place.fault(fault))?;
        ports.report.event(Event::Image(&id));
        self.parent = Some(id);
        Ok(())
    }

    fn lower(&mut self, step: &Step, place: &Place) -> Result<Lowered> {
        let mut scope = Scope {
            args: &mut self.solver.args,
            stage_args: std::mem::take(&mut self.stage_args),
            config: self.image.config.clone(),
            cmd_set: self.cmd_set,
            escape: self.solver.escape,
            stages: &self.solver.names,
        };
        let lowered = scope.lower(step, place);
        self.cmd_set = scope.cmd_set;
        self.stage_args = scope.stage_args;
        lowered
    }

    fn cached(&self, key: &Digest, place: &Place) -> Result<Option<Record>> {
        if self.solver.choices.no_cache {
            return Ok(None);
        }
        self.solver.ports.cache.get(key).map_err(|fault| place.fault(fault))
    }

    fn brought(&self, key: &Digest) -> Option<sources::Brought> {
        let sources = if self.solver.choices.no_cache { &[] } else { self.solver.ports.sources };
        sources::find(sources, &self.image, key)
    }

    /// Keeps the image behind the step as the result under its key.
    fn keep(&self, key: &Digest, cause: String, place: &Place) -> Result<()> {
        let record = Record { image: self.image.clone(), parent: self.parent.clone(), cause };
        self.solver.ports.cache.put(key, &record).map_err(|fault| place.fault(fault))
    }

    fn cause(&self, slot: &Digest, now: &Trace, place: &Place) -> Result<Cause> {
        if self.solver.choices.no_cache {
            return Ok(Cause::NoCache);
        }
        let before = self.solver.ports.cache.trace(slot).map_err(|fault| place.fault(fault))?;
        Ok(Cause::find(before.as_ref(), now, self.rebuilt.as_ref()))
    }

    /// Does the work; the layer it made, if any.
    fn apply(&self, lowered: &Lowered, source: Option<&copy::Source<'_>>, place: &Place) -> Result<Option<Digest>> {
        let executor = self.solver.ports.executor;
        match (&lowered.op, source) {
            (Op::Config, _) => Ok(None),
            (Op::Folder(path), _) => executor.folder(&self.image, path).map_err(|fault| place.fault(fault)),
            (Op::Exec(exec), _) => self.exec(exec, place).map(Some),
            (Op::Copy(op), Some(source)) => {
                executor.copy(&self.image, &source.job(op)).map_err(|fault| place.fault(fault))
            }
            (Op::Copy(_), None) => Ok(None),
        }
    }

    fn exec(&self, exec: &Exec, place: &Place) -> Result<Digest> {
        let ports = self.solver.ports;
        let ran = ports.executor.exec(&self.image, exec, ports.report).map_err(|fault| place.fault(fault))?;
        match ran.layer {
            Some(layer) if ran.code == 0 => Ok(layer),
            _ => {
                let command = match &exec.script {
                    Some(script) => script.content.trim_end().to_owned(),
                    None => exec.argv.join(" "),
                };
                Err(BuildError::Command { command, code: ran.code })
            }
        }
    }

    /// The image behind a step, made at a time, or now.
    fn advance(&mut self, lowered: Lowered, layer: Option<Digest>, created: Option<String>, key: &Digest) {
        let now = created.unwrap_or_else(self.solver.ports.clock);
        let image = &mut self.image;
        image.created = Some(now.clone());
        image.author = lowered.author.or(image.author.take());
        image.config = lowered.config;
        image.history.push(History {
            created: Some(now),
            created_by: Some(lowered.created_by),
            author: image.author.clone(),
            comment: None,
            empty_layer: layer.is_none(),
        });
        image.rootfs.diff_ids.extend(layer);
        sources::note(image, key);
    }
}

fn trace(op: &Op, source: Option<&copy::Source<'_>>) -> Trace {
    let env = match op {
        Op::Exec(exec) => exec.env.clone(),
        _ => Vec::new(),
    };
    let manifest = source.map(|source| source.manifest.clone()).unwrap_or_default();
    Trace { env, digest: manifest.digest, files: manifest.files }
}
