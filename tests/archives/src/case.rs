//! A hostile archive and what must become of it.

use std::path::Path;

use crate::cases;

/// One archive.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its family and what it tries, for a failure's text: unlike any other's.
    pub name: String,
    /// Its bytes.
    pub data: Vec<u8>,
    /// What must become of it as an image layer.
    pub layer: Outcome,
    /// What must become of it in a live folder, where names that begin with `.wh.` are ordinary.
    pub live: Outcome,
}

/// What must become of an archive. Whichever it is: nothing outside its root changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// An error whose text has this in it.
    Refused(&'static str),
    /// It is unpacked to exactly these lines of [`crate::listing()`].
    Makes(Vec<String>),
    /// Either: the archive may mean something on one file system and not on another.
    Contained,
}

impl Outcome {
    /// These lines.
    pub fn makes(lines: &[&str]) -> Self {
        Self::Makes(lines.iter().map(|line| (*line).to_owned()).collect())
    }
}

impl Case {
    /// One that means the same everywhere.
    pub(crate) fn new(name: impl Into<String>, data: Vec<u8>, outcome: Outcome) -> Self {
        Self { name: name.into(), data, layer: outcome.clone(), live: outcome }
    }

    /// One that means something else in a live folder.
    pub(crate) fn in_a_layer(name: impl Into<String>, data: Vec<u8>, layer: Outcome, live: Outcome) -> Self {
        Self { name: name.into(), data, layer, live }
    }
}

/// All cases. They try to reach `outside`, a folder on this machine, and the file `canary` in it.
pub fn corpus(outside: &Path) -> Vec<Case> {
    let outside = outside.to_str().expect("the folder outside has a name that is text");
    [
        cases::names::all(outside),
        cases::links::all(outside),
        cases::hard_links::all(outside),
        cases::parents::all(),
        cases::replaced::all(),
        cases::whiteouts::all(),
        cases::overlay::all(),
        cases::headers::all(),
        cases::numbers::all(),
        cases::records::all(),
        cases::sparse::all(),
        cases::cut::all(),
        cases::compressed::all(),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_at_least_two_hundred_and_each_has_a_name_of_its_own() {
        let mut names: Vec<_> = corpus(Path::new("/outside")).into_iter().map(|case| case.name).collect();
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all, "two cases of one name");
        assert!(all >= 200, "{all} cases");
    }
}
