//! `completion`.

use clap_complete::Shell;

use crate::cli::with_programs;
use crate::client::Client;
use crate::error::Result;
use crate::output;

/// Print the completion script of a shell
#[derive(Debug, clap::Args)]
#[command(override_usage = "bash|zsh|fish")]
#[command(after_help = "Examples:
  knarr completion bash > /etc/bash_completion.d/knarr
  knarr completion zsh > \"${fpath[1]}/_knarr\"
  knarr completion fish > ~/.config/fish/completions/knarr.fish")]
pub(crate) struct Args {
    /// The shell
    #[arg(value_parser = ["bash", "zsh", "fish"])]
    shell: String,
}

impl Args {
    pub(crate) async fn run(self, _: &Client) -> Result<u8> {
        let shell = match self.shell.as_str() {
            "zsh" => Shell::Zsh,
            "fish" => Shell::Fish,
            _ => Shell::Bash,
        };
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut with_programs(), "knarr", &mut script);
        output::text(&String::from_utf8_lossy(&script))?;
        Ok(0)
    }
}
