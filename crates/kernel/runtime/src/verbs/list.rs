//! `list`.

use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::arguments::{Flag, Global, Words};
use crate::record::Record;
use crate::verbs::{Verb, print, print_text};
use crate::{Error, Result};

/// A line of the list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    oci_version: String,
    id: String,
    pid: i32,
    status: String,
    bundle: String,
    created: String,
    owner: &'static str,
}

/// The command.
pub const VERB: Verb = Verb {
    name: "list",
    operands: "",
    about: "the containers below the root",
    flags: &[
        Flag::value("format", b'f', "FORMAT", "table (default) or json"),
        Flag::switch("quiet", b'q', "only the ids"),
    ],
    run: main,
};

fn main(global: &Global, words: &Words) -> Result<i32> {
    let lines = lines(&global.root)?;
    if words.has("quiet") {
        return print_text(&lines.iter().map(|line| format!("{}\n", line.id)).collect::<String>());
    }
    match words.value("format").unwrap_or("table") {
        "json" => print(&lines),
        "table" => print_text(&table(&lines)),
        other => Err(Error::Usage(format!("unknown format {other:?}"))),
    }
}

/// All containers; one that disappears meanwhile is left out.
fn lines(root: &Path) -> Result<Vec<Line>> {
    let entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(Error::io("list", root.display().to_string(), e)),
    };
    let mut lines = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|e| Error::io("list", root.display().to_string(), e))?;
        match Record::read(root, &entry.file_name().to_string_lossy()) {
            Ok(record) => lines.push(line(root, record)?),
            Err(Error::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    lines.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(lines)
}

fn line(root: &Path, record: Record) -> Result<Line> {
    let state = record.state(record.status(root)?);
    Ok(Line {
        oci_version: state.oci_version,
        id: state.id,
        pid: state.pid,
        status: state.status.to_string(),
        bundle: state.bundle,
        created: record.created,
        owner: "root",
    })
}

fn table(lines: &[Line]) -> String {
    let width = |column: fn(&Line) -> usize, least: usize| lines.iter().map(column).max().unwrap_or(0).max(least);
    let (id, bundle) = (width(|l| l.id.len(), 2), width(|l| l.bundle.len(), 6));
    let mut text =
        format!("{:id$}   {:<7}   {:<7}   {:bundle$}   {:30}   OWNER\n", "ID", "PID", "STATUS", "BUNDLE", "CREATED");
    for line in lines {
        let Line { id: name, pid, status, bundle: place, created, owner, .. } = line;
        text += &format!("{name:id$}   {pid:<7}   {status:<7}   {place:bundle$}   {created:30}   {owner}\n");
    }
    text
}
