//! Records what Docker's builders make of the cases in `tests/dockerfiles`, into the tables:
//! `record-dockerfiles CLASSIC-SOCKET SERVER-URL FOLDER BUILDKIT-PROGRAM`
//!
//! SERVER-URL serves the shared context (`record-dockerfiles context DIR` makes it) where the daemon can reach it. FOLDER takes the
//! contexts. BUILDKIT-PROGRAM is a `docker` with buildx; where it sees FOLDER elsewhere, `BUILDKIT_SEES` says where.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use knarr_e2e::corpus::{BASE, Bench, Case, FAILS, Snapshots, Table, make_context, tables};
use knarr_e2e::{Client, base};

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.as_slice() {
        [task, folder] if task == "context" => make_context(Path::new(folder)),
        [socket, server, folder, buildkit] => {
            let classic = Client::docker(Path::new(socket), Path::new("/nonexistent"));
            let sees = std::env::var("BUILDKIT_SEES").unwrap_or_else(|_| folder.clone());
            let recorder = Recorder {
                classic,
                buildkit: Client::docker_by(Path::new(buildkit), Path::new(socket)),
                server,
                folder: folder.into(),
                sees: sees.into(),
            };
            recorder.all()
        }
        _ => anyhow::bail!("usage: record-dockerfiles SOCKET SERVER FOLDER BUILDKIT | context FOLDER"),
    }
}

struct Recorder<'a> {
    classic: Client,
    buildkit: Client,
    server: &'a str,
    folder: PathBuf,
    sees: PathBuf,
}

impl Recorder<'_> {
    fn all(&self) -> Result<()> {
        self.classic.ok(&["import", "--change", r#"CMD ["sh"]"#, &base::busybox()?.to_string_lossy(), BASE])?;
        let only = std::env::var("ONLY").unwrap_or_default();
        for (name, path) in tables()?.into_iter().filter(|(name, _)| name.starts_with(&only)) {
            let text = std::fs::read_to_string(&path)?;
            let mut table = Table::parse(&text)?;
            self.table(&mut table).with_context(|| name.clone())?;
            std::fs::write(&path, table.print())?;
        }
        Ok(())
    }

    fn table(&self, table: &mut Table) -> Result<()> {
        let snapshots = Snapshots::new(&self.classic, self.server)?;
        for case in &mut table.0 {
            case.expected = self.case(case, &snapshots)?;
        }
        Ok(())
    }

    /// The history is BuildKit's in all cases: the classic builder's tells of shells that do nothing.
    fn case(&self, case: &Case, snapshots: &Snapshots<'_>) -> Result<String> {
        let with = |client, seen| Bench { client, folder: &self.folder, seen, server: self.server }.build(case);
        let buildkit = with(&self.buildkit, &self.sees)?;
        let image = case.image();
        let history = if buildkit.code == 0 { snapshots.history(&image, case.from())? } else { String::new() };
        let output = if case.buildkit { buildkit } else { with(&self.classic, &self.folder)? };
        if output.code != 0 {
            eprintln!("{}: {}", case.name, output.stderr.trim_end());
            return Ok(FAILS.to_owned());
        }
        Ok(snapshots.of(&image)? + &history)
    }
}
