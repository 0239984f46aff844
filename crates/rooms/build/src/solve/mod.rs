//! Carries out a plan over the ports.
//!
//! Stages are solved one after the other, each behind those it needs; nothing in the ports depends on that order, so independent
//! stages can be solved side by side. A step's key is made of its parent's identity, the operation after expansion, and the
//! digest of the files it copies; a kept result under that key is taken instead of work.

mod cause;
mod change;
mod copy;
mod key;
mod lower;
mod sources;
mod stage;
mod values;

use std::collections::BTreeMap;

use knarr_model::oci::ImageConfig;
use knarr_model::{Digest, Platform};

pub use cause::Cause;
pub use change::change;

use crate::error::{BuildError, Place, Result};
use crate::output::Event;
use crate::plan::{BuildArgs, Plan, PlannedStage, Source};
use crate::ports::{Cache, Executor, Images, Report};
use crate::tree::Tree;

/// The world of one build.
#[derive(Clone, Copy)]
pub struct Ports<'a> {
    /// Base images.
    pub images: &'a dyn Images,
    /// Results of earlier builds.
    pub cache: &'a dyn Cache,
    /// Images whose steps may be taken over, too (`--cache-from`); all their layers are here.
    pub sources: &'a [ImageConfig],
    /// Whoever does the work.
    pub executor: &'a dyn Executor,
    /// The build context.
    pub context: &'a dyn Tree,
    /// Whoever watches.
    pub report: &'a dyn Report,
    /// The time now, RFC 3339.
    pub clock: &'a (dyn Fn() -> String + Sync),
}

/// How the cache and the registries are used.
#[derive(Debug, Clone, Copy, Default)]
pub struct Choices {
    /// `--no-cache`
    pub no_cache: bool,
    /// `--pull`: ask the registry for each base even where it is here.
    pub pull: bool,
}

/// What a build made.
#[derive(Debug, Clone, PartialEq)]
pub struct Built {
    /// The image's id: its config's digest.
    pub id: Digest,
    /// Its config.
    pub image: ImageConfig,
}

/// Builds the plan's target.
pub fn solve(plan: &Plan, choices: Choices, ports: Ports<'_>) -> Result<Built> {
    let mut solver = Solver {
        file: &plan.file,
        escape: plan.escape,
        args: plan.args.clone(),
        choices,
        ports,
        number: 0,
        total: plan.total,
        done: BTreeMap::new(),
        names: BTreeMap::new(),
    };
    for text in &plan.globals {
        solver.announce(text);
    }
    let mut last = None;
    for stage in &plan.stages {
        last = Some(solver.stage(stage)?);
    }
    for name in solver.args.unused() {
        let text = format!("One or more build-args [{name}] were not consumed");
        ports.report.event(Event::Warning(&text));
    }
    let done = last.ok_or_else(|| BuildError::Target(String::new()))?;
    let id = done.last.map_or_else(|| id(&done.image), Ok)?;
    ports.report.event(Event::Built(&id));
    Ok(Built { id, image: done.image })
}

/// A solved stage.
#[derive(Clone)]
struct Done {
    image: ImageConfig,
    /// Its id; none for scratch without a step.
    last: Option<Digest>,
}

struct Solver<'a> {
    file: &'a str,
    escape: char,
    args: BuildArgs,
    choices: Choices,
    ports: Ports<'a>,
    number: usize,
    total: usize,
    done: BTreeMap<usize, Done>,
    /// What `COPY --from` may call the solved stages: names in lower case, and numbers.
    names: BTreeMap<String, usize>,
}

impl Solver<'_> {
    fn announce(&mut self, text: &str) {
        self.number += 1;
        self.ports.report.event(Event::Step { number: self.number, total: self.total, text });
    }

    fn stage(&mut self, stage: &PlannedStage) -> Result<Done> {
        let place = Place { file: self.file.to_owned(), at: stage.at };
        self.announce(&stage.text);
        let (image, base, triggers_of) = self.base(stage, &place)?;
        if let Some(base) = &base {
            self.ports.report.event(Event::Image(base));
        }
        let (image, last) = stage::Builder::new(self, image, base.clone()).run(stage, &triggers_of)?;
        let done = Done { image, last };
        self.names.insert(stage.index.to_string(), stage.index);
        if let Some(name) = &stage.name {
            self.names.insert(name.to_ascii_lowercase(), stage.index);
        }
        self.done.insert(stage.index, done.clone());
        Ok(done)
    }

    /// The image that a stage starts from, its id, and what to call it in errors of its triggers.
    fn base(&self, stage: &PlannedStage, place: &Place) -> Result<(ImageConfig, Option<Digest>, String)> {
        match &stage.source {
            Source::Scratch => Ok((scratch(&stage.platform), None, "scratch".to_owned())),
            Source::Stage(number) => {
                let done = self.solved(*number, place)?;
                Ok((done.image.clone(), done.last.clone(), format!("stage {number}")))
            }
            Source::Image(reference) => {
                let images = self.ports.images;
                let base = images.resolve(reference, &stage.platform, self.choices.pull);
                let base = base.map_err(|fault| place.fault(fault))?;
                Ok((base.config, Some(base.id), reference.clone()))
            }
        }
    }

    fn solved(&self, number: usize, place: &Place) -> Result<&Done> {
        self.done.get(&number).ok_or_else(|| place.value(format!("stage {number} is not part of this build")))
    }
}

fn scratch(platform: &Platform) -> ImageConfig {
    let Platform { os, architecture, variant } = platform.clone();
    ImageConfig { os, architecture, variant, ..ImageConfig::scratch() }
}

fn id(image: &ImageConfig) -> Result<Digest> {
    serde_json::to_vec(image).map(|bytes| Digest::of(&bytes)).map_err(BuildError::Encode)
}

#[cfg(test)]
mod tests;
