//! The image tree of a thousand images.

use anyhow::Result;

use super::engines::{Engine, Engines};
use super::stats::median;
use crate::shell;

/// Different layers; a stack has up to seven.
const LAYERS: &str = "300";
const IMAGES: &str = "1000";

/// Prints the time of `knarr tree` in three layouts, the command line's own time included.
pub fn report(engines: &Engines, runs: usize) -> Result<()> {
    let archive = engines.folder().join("forest.tar").display().to_string();
    let words = ["run", "--quiet", "--package", "knarr-e2e", "--bin", "forest", "--", &archive, LAYERS, IMAGES];
    shell::check(shell::command("cargo", &words))?;
    let own = engines.own();
    own.quiet(&["load", "-q", "-i", &archive])?;
    println!("| {} of {IMAGES} images: first | ≤ 50 | {:.1} ms | |", own.name(), own.time(&["tree"])?);
    for words in [&["tree"] as &[_], &["tree", "--format", "json"], &["tree", "--parents", "tree:299"]] {
        println!("| {} {} | ≤ 50 | {:.1} ms | |", own.name(), words.join(" "), median(timed(own, words, runs)?));
    }
    Ok(())
}

fn timed(engine: &Engine, words: &[&str], runs: usize) -> Result<Vec<f64>> {
    (0..runs).map(|_| engine.time(words)).collect()
}
