//! `docs/conformance.md` and the cases say the same: each clause has a row, each row names exactly the cases that show it; what a
//! row says of tests of whole programs in a further column stays, and names tests that are there. `BLESS=1` writes the rows anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use knarr_runtime_cases::Case;

const DOCUMENT: &str = "../../docs/conformance.md";
/// Where the tests of whole programs are.
const WHOLE: &str = "../tests";
const SECTION: &str = "## OCI runtime-spec, clause by clause";

/// Compares, or with `BLESS` in the environment writes.
pub fn check(features: &[(&str, &[Case])]) -> Result<(), String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT);
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let shown = shown(features);
    let rows: BTreeSet<&str> = section(&text).filter_map(clause).collect();
    let missing: Vec<&&str> = shown.keys().filter(|clause| !rows.contains(**clause)).collect();
    if !missing.is_empty() {
        return Err(format!("clauses without a row in {DOCUMENT}: {missing:?}"));
    }
    let unexplained: Vec<&str> = section(&text).filter(|line| says_nothing(line, &shown)).collect();
    if !unexplained.is_empty() {
        return Err(format!("rows of {DOCUMENT} with neither a case nor `none: ` and a reason: {unexplained:?}"));
    }
    let unknown: Vec<String> = section(&text).filter(|line| clause(line).is_some()).flat_map(unknown_tests).collect();
    if !unknown.is_empty() {
        return Err(format!("{DOCUMENT} names tests that are not there: {unknown:?}"));
    }
    let right = text.lines().map(|line| row(line, &shown)).collect::<Vec<_>>().join("\n") + "\n";
    if right == text {
        return Ok(());
    }
    if std::env::var_os("BLESS").is_some() {
        return std::fs::write(&path, right).map_err(|e| format!("{}: {e}", path.display()));
    }
    let wrong = text.lines().zip(right.lines()).find(|(found, right)| found != right);
    Err(format!("{DOCUMENT} is not up to date (BLESS=1 writes it): {wrong:?}"))
}

/// The lines of our section.
fn section(text: &str) -> impl Iterator<Item = &str> {
    text.lines().skip_while(|line| *line != SECTION).skip(1).take_while(|line| !line.starts_with("## "))
}

/// The clause of a row: a word with a slash, or `features`, in the first cell.
fn clause(line: &str) -> Option<&str> {
    let name = line.strip_prefix("| `")?.split_once("` |")?.0;
    let known = ["bundle/", "runtime/", "config/", "linux/", "cli/", "flaw/"];
    (name == "features" || known.iter().any(|prefix| name.starts_with(prefix))).then_some(name)
}

/// Which cases show a clause, by feature.
fn shown<'a>(features: &[(&'a str, &'a [Case])]) -> BTreeMap<&'a str, BTreeMap<&'a str, Vec<&'a str>>> {
    let mut shown: BTreeMap<&str, BTreeMap<&str, Vec<&str>>> = BTreeMap::new();
    for (feature, cases) in features {
        for case in *cases {
            for clause in case.clauses {
                shown.entry(clause).or_default().entry(feature).or_default().push(case.name);
            }
        }
    }
    shown
}

/// Whether a row has neither a case nor the reason why there is none.
fn says_nothing(line: &str, shown: &BTreeMap<&str, BTreeMap<&str, Vec<&str>>>) -> bool {
    clause(line).is_some_and(|clause| !shown.contains_key(clause) && !line.contains("| none: "))
}

/// The line as it should be.
fn row(line: &str, shown: &BTreeMap<&str, BTreeMap<&str, Vec<&str>>>) -> String {
    let Some((clause, features)) = clause(line).and_then(|clause| Some((clause, shown.get(clause)?))) else {
        return line.to_owned();
    };
    let names: Vec<String> = features.iter().map(|(feature, cases)| name(feature, cases)).collect();
    let cells = cells(line);
    let further: String = cells.iter().skip(3).map(|cell| format!(" {cell} |")).collect();
    format!("| `{clause}` | {} | {} |{further}", cells[1], names.join(", "))
}

fn cells(line: &str) -> Vec<&str> {
    line.trim_start_matches("| ").trim_end_matches(" |").split(" | ").collect()
}

/// Tests of whole programs, `file::test` or `file::{test, test}`, that are not there.
fn unknown_tests(line: &str) -> Vec<String> {
    let cells = cells(line);
    let Some(cell) = cells.get(3) else { return Vec::new() };
    let groups = cell.split('`').skip(1).step_by(2).filter_map(|group| group.split_once("::"));
    let missing = groups.flat_map(|(file, names)| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(WHOLE).join(format!("{file}.rs"));
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let names: Vec<&str> = names.trim_matches(['{', '}']).split(", ").collect();
        let missing = names.into_iter().filter(|name| !text.contains(&format!("fn {name}()")));
        missing.map(|name| format!("{file}::{name}")).collect::<Vec<_>>()
    });
    missing.collect()
}

fn name(feature: &str, cases: &[&str]) -> String {
    match cases {
        [one] => format!("`{feature}::{one}`"),
        several => format!("`{feature}::{{{}}}`", several.join(", ")),
    }
}
