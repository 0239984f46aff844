//! `COPY` and `ADD`.

use std::path::PathBuf;

use super::Scope;
use crate::error::{Place, Result};
use crate::op::{CopyOp, Op, Origin};
use crate::syntax;

impl Scope<'_> {
    /// What is copied, and its line in the history.
    pub(super) fn copy(&self, copy: &syntax::Copy, add: bool, place: &Place) -> Result<(Op, String)> {
        let instruction = if add { "ADD" } else { "COPY" };
        let word = |text: &Option<String>| text.as_ref().map(|text| self.word(text, place)).transpose();
        let words = |list: &[String]| list.iter().map(|text| self.word(text, place)).collect::<Result<Vec<String>>>();
        let sources = words(&copy.sources)?;
        let destination = self.nonempty(&copy.destination, instruction, place)?;
        let (owner, mode) = (word(&copy.chown)?, word(&copy.chmod)?);
        let told = told(instruction, owner.as_deref(), mode.as_deref(), &sources, copy, &destination);
        let mode = mode.map(|text| text.parse()).transpose().map_err(|reason: String| place.value(reason))?;
        let op = CopyOp {
            from: copy.from.as_deref().map_or(Origin::Context, |name| self.origin(name)),
            sources,
            documents: self.documents(copy, place)?,
            into_folder: destination.ends_with('/') || destination == ".",
            destination: PathBuf::from(self.absolute(&destination)),
            owner,
            mode,
            checksum: word(&copy.checksum)?,
            excludes: words(&copy.excludes)?,
            parents: copy.parents,
            unpack: add,
        };
        Ok((Op::Copy(op), told))
    }

    fn documents(&self, copy: &syntax::Copy, place: &Place) -> Result<Vec<(String, String)>> {
        let expanded = copy.heredocs.iter().map(|document| {
            let text = match document.expand {
                true => self.expand(place, |expander| expander.document(&document.content))?,
                false => document.content.clone(),
            };
            Ok((document.name.clone(), text))
        });
        expanded.collect()
    }

    fn origin(&self, name: &str) -> Origin {
        match self.stages.get(&name.to_ascii_lowercase()) {
            Some(number) => Origin::Stage(*number),
            None => Origin::Image(name.to_owned()),
        }
    }
}

fn told(
    instruction: &str,
    owner: Option<&str>,
    mode: Option<&str>,
    sources: &[String],
    copy: &syntax::Copy,
    destination: &str,
) -> String {
    let mut words = vec![instruction.to_owned()];
    words.extend(owner.map(|owner| format!("--chown={owner}")));
    words.extend(mode.map(|mode| format!("--chmod={mode}")));
    words.extend(sources.iter().cloned());
    words.extend(copy.heredocs.iter().map(|document| format!("<<{}", document.name)));
    words.push(destination.to_owned());
    words.join(" ")
}
