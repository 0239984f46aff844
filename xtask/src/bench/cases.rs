//! What is timed.

use anyhow::Result;

use super::engines::{Engine, Engines};
use super::stats::median;

/// One timed command: what runs before (untimed), what is timed, what runs after (untimed). The words follow the engine's own command line.
pub struct Case {
    /// As it stands in the table.
    pub name: &'static str,
    target: Option<f64>,
    once: &'static [&'static str],
    before: &'static [&'static str],
    timed: &'static [&'static str],
    after: &'static [&'static str],
    last: &'static [&'static str],
}

const IMAGE: &str = "knarr-bench:1";
const NONE: &[&str] = &[];

/// All cases with the target ratio to docker's time.
pub fn all() -> Vec<Case> {
    let case = |name, target, timed| Case { name, target, once: NONE, before: NONE, timed, after: NONE, last: NONE };
    vec![
        case("run --rm true (bridge)", Some(0.2), &["run", "--rm", IMAGE, "/bin/true"]),
        case("run --rm true (no network)", None, &["run", "--rm", "--network", "none", IMAGE, "/bin/true"]),
        Case {
            once: &["run", "-d", "--name", "kb-x", IMAGE, "sleep", "100000"],
            last: &["rm", "-f", "kb-x"],
            ..case("exec true", Some(0.3), &["exec", "kb-x", "/bin/true"])
        },
        Case { after: &["rm", "kb-c"], ..case("create", Some(0.3), &["create", "--name", "kb-c", IMAGE, "/bin/true"]) },
        Case {
            after: &["rm", "-f", "kb-d"],
            ..case("run -d sleep (bridge)", None, &["run", "-d", "--name", "kb-d", IMAGE, "sleep", "1000"])
        },
        Case {
            before: &["run", "-d", "--name", "kb-r", IMAGE, "sleep", "1000"],
            ..case("rm -f of a running one", None, &["rm", "-f", "kb-r"])
        },
        case("ps with 100 containers", Some(0.3), &["ps", "-a"]),
        case("version", None, &["version"]),
    ]
}

/// Runs one case on every engine, turn by turn, and renders its row.
pub fn row(case: &Case, engines: &Engines, runs: usize) -> Result<String> {
    let hundred = case.name.contains("100 containers");
    for engine in engines.all() {
        engine.quiet(case.once)?;
        if hundred {
            engine.make_containers(100)?;
        }
    }
    let mut times = vec![Vec::new(); engines.all().len()];
    for turn in 0..=runs {
        for (engine, times) in engines.all().iter().zip(&mut times) {
            let took = timed(case, engine)?;
            if turn > 0 {
                times.push(took);
            }
        }
    }
    for engine in engines.all() {
        engine.quiet(case.last)?;
        if hundred {
            engine.remove_containers()?;
        }
    }
    Ok(render(case, &times.into_iter().map(median).collect::<Vec<_>>()))
}

fn timed(case: &Case, engine: &Engine) -> Result<f64> {
    engine.quiet(case.before)?;
    let took = engine.time(case.timed)?;
    engine.quiet(case.after)?;
    Ok(took)
}

fn render(case: &Case, medians: &[f64]) -> String {
    let cells: Vec<String> = medians.iter().map(|ms| format!("{ms:.1}")).collect();
    let ratio = match medians {
        [own, docker, ..] => format!("{:.3}", own / docker),
        _ => "–".into(),
    };
    let target = case.target.map_or("–".into(), |target| format!("≤ {target}"));
    format!("| {} | {target} | {} | {ratio} |", case.name, cells.join(" | "))
}
