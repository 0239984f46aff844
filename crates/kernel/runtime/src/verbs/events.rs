//! `events --stats`: what a container uses.

use crate::arguments::{Global, Words};
use crate::record::Record;
use crate::verbs::print_text;
use crate::{Error, Result};

/// The command.
pub fn main(global: &Global, words: &[String]) -> Result<i32> {
    let words = Words::read(words, &[("stats", 0, false), ("interval", 0, true)])?;
    if !words.has("stats") {
        return Err(Error::Usage("events needs --stats: a stream of events is not supported".to_owned()));
    }
    let id = words.id()?;
    let stats = Record::read(&global.root, id)?.cgroup()?.stats()?;
    let document = serde_json::json!({
        "type": "stats",
        "id": id,
        "data": {
            "cpu": { "usage": { "total": stats.cpu.usage } },
            "memory": { "usage": { "usage": stats.memory.usage, "limit": stats.memory.limit } },
            "pids": { "current": stats.pids.current, "limit": stats.pids.limit },
        },
    });
    print_text(&format!("{document}\n"))
}
