//! Which stages a build needs, and what each starts from. Pure.
//!
//! The stages of a [`Plan`] form a graph: an edge from each stage to the stage it starts from and to those it copies from. Stages that the
//! target cannot reach are left out. What a step does is decided later ([`crate::solve`]), when the configuration of its base is known.

mod args;

use std::collections::{BTreeMap, BTreeSet};

use knarr_model::Platform;

pub use args::BuildArgs;

use crate::error::{BuildError, Place, Result};
use crate::expand::Expander;
use crate::syntax::{Dockerfile, Instruction, Pair, Position, Stage, Step, parse_trigger};

/// What the user wants of a build.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// `--build-arg NAME=value`.
    pub args: BTreeMap<String, String>,
    /// `--target`: a stage's name or number; the last stage where none is given.
    pub target: Option<String>,
    /// `--platform`; this machine's where none is given.
    pub platform: Option<Platform>,
    /// `--label`: added to the image as a last step.
    pub labels: BTreeMap<String, String>,
}

/// A build as a graph of stages.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The Dockerfile's name.
    pub file: String,
    /// Its escape character.
    pub escape: char,
    /// The build arguments, and the `ARG`s before the first `FROM`.
    pub args: BuildArgs,
    /// The needed stages, each behind those it depends on. The last one is the target.
    pub stages: Vec<PlannedStage>,
    /// The texts of the `ARG`s before the first `FROM`: they count as steps.
    pub globals: Vec<String>,
    /// How many steps are counted in the output.
    pub total: usize,
}

/// A stage of the graph.
#[derive(Debug, Clone)]
pub struct PlannedStage {
    /// Its number in the Dockerfile, from 0.
    pub index: usize,
    /// Its name.
    pub name: Option<String>,
    /// Where its `FROM` stands.
    pub at: Position,
    /// Its `FROM`, as written.
    pub text: String,
    /// What it starts from.
    pub source: Source,
    /// The platform of its base.
    pub platform: Platform,
    /// Its instructions.
    pub steps: Vec<Step>,
    /// The numbers of the stages it needs.
    pub needs: BTreeSet<usize>,
}

/// What a stage starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nothing.
    Scratch,
    /// An image, by reference or id.
    Image(String),
    /// An earlier stage, by its number.
    Stage(usize),
}

/// Plans a build.
pub fn plan(file: &Dockerfile, options: &Options) -> Result<Plan> {
    let platform = options.platform.clone().unwrap_or_else(Platform::host);
    let mut args = BuildArgs::new(options.args.clone(), &platform);
    for global in &file.globals {
        let place = Place { file: file.name.clone(), at: global.at };
        for arg in &global.args {
            args.declare_global(arg, file.escape, &place)?;
        }
    }
    let mut stages = Vec::with_capacity(file.stages.len());
    for (index, stage) in file.stages.iter().enumerate() {
        stages.push(plan_stage(file, index, stage, &args, &platform)?);
    }
    let target = target(&stages, options.target.as_deref())?;
    let mut stages = reachable(stages, target);
    if let Some(last) = stages.last_mut().filter(|_| !options.labels.is_empty()) {
        last.steps.push(label_step(&options.labels, last.at, file.escape));
    }
    let globals: Vec<String> = file.globals.iter().map(|global| global.text.clone()).collect();
    let total = globals.len() + stages.iter().map(|stage| 1 + stage.steps.len()).sum::<usize>();
    Ok(Plan { file: file.name.clone(), escape: file.escape, args, stages, globals, total })
}

fn plan_stage(
    file: &Dockerfile,
    index: usize,
    stage: &Stage,
    args: &BuildArgs,
    target: &Platform,
) -> Result<PlannedStage> {
    let place = Place { file: file.name.clone(), at: stage.at };
    let lookup = |name: &str| args.global(name);
    let expander = Expander { escape: file.escape, lookup: &lookup };
    let base = expander.word(&stage.base).map_err(|error| place.problem(error))?;
    if base.is_empty() {
        return Err(place.value(format!("base name ({}) should not be blank", stage.base)));
    }
    let platform = match &stage.platform {
        None => target.clone(),
        Some(text) => {
            let text = expander.word(text).map_err(|error| place.problem(error))?;
            text.parse().map_err(|fault: knarr_model::Fault| place.value(fault.full()))?
        }
    };
    let earlier = &file.stages[..index];
    let source = match (base.as_str(), named(earlier, &base)) {
        ("scratch", _) => Source::Scratch,
        (_, Some(number)) => Source::Stage(number),
        (_, None) => Source::Image(base),
    };
    let mut needs: BTreeSet<usize> = stage.steps.iter().filter_map(|step| copied_from(step, earlier)).collect();
    if let Source::Stage(number) = source {
        needs.insert(number);
    }
    let (name, text, steps) = (stage.name.clone(), stage.text.clone(), stage.steps.clone());
    Ok(PlannedStage { index, name, at: stage.at, text, source, platform, steps, needs })
}

/// The earlier stage that a step, or the trigger it leaves behind, copies from.
fn copied_from(step: &Step, earlier: &[Stage]) -> Option<usize> {
    match &step.instruction {
        Instruction::Copy(copy) => by_name_or_number(earlier, copy.from.as_deref()?),
        Instruction::OnBuild(text) => copied_from(&parse_trigger("", text).ok()?, earlier),
        _ => None,
    }
}

/// The last stage of this name.
fn named(stages: &[Stage], name: &str) -> Option<usize> {
    stages.iter().rposition(|stage| stage.name.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(name)))
}

fn by_name_or_number(stages: &[Stage], text: &str) -> Option<usize> {
    named(stages, text).or_else(|| text.parse().ok().filter(|number| *number < stages.len()))
}

fn target(stages: &[PlannedStage], wanted: Option<&str>) -> Result<usize> {
    let Some(wanted) = wanted.filter(|text| !text.is_empty()) else { return Ok(stages.len() - 1) };
    let named =
        stages.iter().rposition(|stage| stage.name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(wanted)));
    let number = || wanted.parse().ok().filter(|number| *number < stages.len());
    named.or_else(number).ok_or_else(|| BuildError::Target(wanted.to_owned()))
}

/// Edges point to earlier stages only, so one pass from the target downwards finds all that is needed.
fn reachable(stages: Vec<PlannedStage>, target: usize) -> Vec<PlannedStage> {
    let mut needed = BTreeSet::from([target]);
    for number in (0..=target).rev() {
        if needed.contains(&number) {
            needed.extend(&stages[number].needs);
        }
    }
    stages.into_iter().filter(|stage| needed.contains(&stage.index)).collect()
}

fn label_step(labels: &BTreeMap<String, String>, at: Position, escape: char) -> Step {
    let quote = |text: &str| {
        let special = |c: char| c == '"' || c == '$' || c == escape;
        let escaped = text.chars().flat_map(|c| special(c).then_some(escape).into_iter().chain([c]));
        format!("\"{}\"", escaped.collect::<String>())
    };
    let pairs: Vec<Pair> = labels.iter().map(|(name, value)| Pair { name: quote(name), value: quote(value) }).collect();
    let words: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    Step { at, text: format!("LABEL {}", words.join(" ")), instruction: Instruction::Label(pairs) }
}

#[cfg(test)]
mod tests;
