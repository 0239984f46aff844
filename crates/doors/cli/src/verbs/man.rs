//! `man`.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Command;
use clap_mangen::Man;

use crate::cli::documented;
use crate::client::Client;
use crate::error::{Error, Result};

/// Write manual pages to a folder
#[derive(Debug, clap::Args)]
#[command(override_usage = "DIR")]
#[command(after_help = "Example:
  knarr man /usr/local/share/man/man1 && man knarr-run")]
pub(crate) struct Args {
    /// The folder
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl Args {
    pub(crate) async fn run(self, _: &Client) -> Result<u8> {
        let failed = |e| Error::io(format!("write manual pages to {}", self.folder.display()), e);
        fs::create_dir_all(&self.folder).map_err(failed)?;
        pages(&documented(), "knarr", &self.folder).map_err(failed)?;
        Ok(0)
    }
}

/// The page of a command, and those of what is below it.
fn pages(command: &Command, name: &str, folder: &Path) -> io::Result<()> {
    fs::write(folder.join(format!("{name}.1")), page(command, name)?)?;
    command.get_subcommands().try_for_each(|below| pages(below, &format!("{name}-{}", below.get_name()), folder))
}

fn page(command: &Command, name: &str) -> io::Result<Vec<u8>> {
    let usage = command.clone().render_usage().to_string();
    let man = Man::new(command.clone().display_name(name)).title(name.to_uppercase()).manual("knarr");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    write!(page, ".SH SYNOPSIS\n.nf\n")?;
    for line in usage.trim_start_matches("Usage:").lines() {
        writeln!(page, "{}", line.trim().replace('\\', "\\\\").replace('-', "\\-"))?;
    }
    writeln!(page, ".fi")?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    if !command.has_subcommands() && !examples.is_empty() {
        write!(page, ".SH NOTES\n.nf\n")?;
        for line in examples.lines() {
            writeln!(page, "\\&{}", line.replace('\\', "\\\\").replace('-', "\\-"))?;
        }
        writeln!(page, ".fi")?;
    }
    Ok(page)
}
