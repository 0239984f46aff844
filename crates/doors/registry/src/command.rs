//! `knarr registry serve`.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};

use crate::error::Error;
use crate::serve::{Config, serve};

/// Serve a registry (OCI distribution 1.1).
#[derive(Debug, Clone, clap::Args)]
pub struct ServeArgs {
    /// Folder that repositories and blobs are kept in
    #[arg(long, value_name = "DIR")]
    pub root: PathBuf,
    /// Address to listen on; port 0 chooses a free port, which is printed
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:5000")]
    pub addr: String,
    /// Let in only the users of this htpasswd file (bcrypt entries, as `htpasswd -B` makes them)
    #[arg(long, value_name = "FILE")]
    pub htpasswd: Option<PathBuf>,
    /// Certificate chain (PEM); speaks HTTPS together with --tls-key
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// Private key (PEM) of the certificate
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
}

/// Serves until SIGTERM or SIGINT. The chosen address is printed as `listening on http://HOST:PORT`.
pub fn run(args: ServeArgs) -> anyhow::Result<()> {
    let tls = match (args.tls_cert, args.tls_key) {
        (Some(cert), Some(key)) => Some((cert, key)),
        (None, None) => None,
        _ => return Err(Error::HalfTls.into()),
    };
    let scheme = if tls.is_some() { "https" } else { "http" };
    let config = Config { root: args.root, addr: args.addr, htpasswd: args.htpasswd, tls };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.context("cannot start the async runtime")?;
    runtime.block_on(async {
        let stop = stop_signal()?;
        let announce = |address| {
            let mut stdout = std::io::stdout();
            let _ = writeln!(stdout, "listening on {scheme}://{address}").and_then(|()| stdout.flush());
        };
        serve(config, announce, stop).await.map_err(anyhow::Error::from)
    })
}

/// Done at the first SIGTERM or SIGINT.
fn stop_signal() -> Result<impl Future<Output = ()>, Error> {
    let failed = |source| Error::System { operation: "wait for signals", source };
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
