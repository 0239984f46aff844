//! `ps`: the processes of a container.

use crate::arguments::{Flag, Global, Words};
use crate::record::Record;
use crate::verbs::{Verb, print, print_text};
use crate::{Error, Result};

/// The command.
pub const VERB: Verb = Verb {
    name: "ps",
    operands: "CONTAINER",
    about: "the processes of a container",
    flags: &[Flag::value("format", b'f', "FORMAT", "table (default) or json")],
    run: main,
};

fn main(global: &Global, words: &Words) -> Result<i32> {
    let pids = Record::read(&global.root, words.id()?)?.cgroup()?.pids()?;
    match words.value("format").unwrap_or("table") {
        "json" => print(&pids),
        "table" => print_text(&table(&pids)),
        other => Err(Error::Usage(format!("unknown format {other:?}"))),
    }
}

fn table(pids: &[u32]) -> String {
    let lines = pids.iter().map(|pid| format!("{pid:>7} {}\n", command(*pid)));
    std::iter::once("    PID CMD\n".to_owned()).chain(lines).collect()
}

/// The command line, or the name of a process without one; control characters are shown escaped.
fn command(pid: u32) -> String {
    let read = |file: &str| std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let words = read("cmdline");
    let text = if words.is_empty() { read("comm") } else { words };
    let text = String::from_utf8_lossy(&text).replace('\0', " ");
    text.trim_end().chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}
