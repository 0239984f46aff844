//! Sharing: other hosts take images straight from this daemon's store, by its read-only endpoint. Off until somebody enables it.
//!
//! What was enabled is in the metadata (`daemon`, `share`), and is so after a restart too: the address, the certificate's files, and the sha256 of
//! the token. The token itself is told once, and is nowhere here.

mod read;
mod settings;
mod token;

pub use read::Shared;
pub use settings::ShareRequest;
pub use token::Token;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use knarr_api::share::{ShareEnabled, ShareStatus};
use knarr_model::{Fault, Result};
use knarr_tls::ServerConfig;
use tokio::sync::{Mutex, mpsc, watch};

use self::settings::Settings;
use crate::Engine;
use crate::images::blocking;

/// A place where others read: the door serves it as long as it is the engine's.
#[derive(Debug)]
pub struct Share {
    /// Does not block.
    pub listener: TcpListener,
    /// None speaks plainly, on loopback only.
    pub tls: Option<Arc<ServerConfig>>,
    /// What readers must show.
    pub token: Token,
    address: SocketAddr,
    /// Closed when nobody serves this any more.
    _open: mpsc::Sender<()>,
}

/// Whether, and where, others read.
pub(crate) struct Sharing {
    now: watch::Sender<Option<Arc<Share>>>,
    /// One change at a time.
    change: Mutex<State>,
}

#[derive(Default)]
struct State {
    settings: Option<Settings>,
    /// Why what is enabled is not served.
    failure: Option<String>,
    /// Ends when the last holder of the share is gone.
    closed: Option<mpsc::Receiver<()>>,
}

impl Default for Sharing {
    fn default() -> Self {
        Self { now: watch::Sender::new(None), change: Mutex::default() }
    }
}

impl Engine {
    /// What is to be served, now and later.
    pub fn shares(&self) -> watch::Receiver<Option<Arc<Share>>> {
        self.sharing.now.subscribe()
    }

    /// Begins to share; the answer has the token, which is told this once.
    pub async fn enable_share(self: &Arc<Self>, request: ShareRequest) -> Result<ShareEnabled> {
        let mut state = self.sharing.change.lock().await;
        if let Some(settings) = &state.settings {
            let text = format!("the daemon shares at {} already; disable that first", settings.address);
            return Err(Fault::conflict(text));
        }
        let (token, secret) = Token::random()?;
        let (settings, share, closed) = blocking(move || {
            let (share, closed) = open(&request, &token)?;
            // With the port that was found where none was asked for: it stays the same after a restart.
            let request = ShareRequest { address: share.address.to_string(), ..request };
            Ok((Settings::new(request, token), share, closed))
        })
        .await?;
        let (engine, kept) = (Arc::clone(self), settings.clone());
        blocking(move || kept.keep(&engine.store)).await?;
        let address = share.address.to_string();
        tracing::info!(address, tls = share.tls.is_some(), "sharing images");
        self.sharing.now.send_replace(Some(Arc::new(share)));
        *state = State { settings: Some(settings), failure: None, closed: Some(closed) };
        Ok(ShareEnabled { address, token: secret })
    }

    /// Ends sharing: nobody's connection is open, and the address is free, when this returns.
    pub async fn disable_share(self: &Arc<Self>) -> Result<()> {
        let mut state = self.sharing.change.lock().await;
        let engine = Arc::clone(self);
        blocking(move || Settings::forget(&engine.store)).await?;
        self.sharing.now.send_replace(None);
        let closed = std::mem::take(&mut *state).closed;
        if let Some(mut closed) = closed {
            while closed.recv().await.is_some() {}
        }
        Ok(())
    }

    /// Whether and where it shares.
    pub async fn share_status(&self) -> ShareStatus {
        let state = self.sharing.change.lock().await;
        let Some(settings) = &state.settings else { return ShareStatus::default() };
        ShareStatus {
            enabled: true,
            address: settings.address.clone(),
            certificate: settings.certificate.as_ref().map(|path| path.display().to_string()).unwrap_or_default(),
            failure: state.failure.clone().unwrap_or_default(),
        }
    }

    /// Shares again what was shared before the daemon ended. Where that cannot be done the status says why, and the daemon runs on.
    pub(crate) async fn resume_share(self: &Arc<Self>) {
        let mut state = self.sharing.change.lock().await;
        let engine = Arc::clone(self);
        let opened = blocking(move || {
            let Some(settings) = Settings::kept(&engine.store)? else { return Ok(None) };
            let opened = open(&settings.request(), &settings.token);
            Ok(Some((settings, opened)))
        });
        match opened.await {
            Ok(None) => {}
            Ok(Some((settings, Ok((share, closed))))) => {
                self.sharing.now.send_replace(Some(Arc::new(share)));
                *state = State { settings: Some(settings), failure: None, closed: Some(closed) };
            }
            Ok(Some((settings, Err(error)))) => {
                tracing::error!(error = %error.full(), "cannot share images again");
                *state = State { settings: Some(settings), failure: Some(error.full()), closed: None };
            }
            Err(error) => tracing::error!(error = %error.full(), "cannot read what is shared"),
        }
    }
}

/// Listens. Without a certificate only on loopback: the token would go over the network in plain text.
fn open(request: &ShareRequest, token: &Token) -> Result<(Share, mpsc::Receiver<()>)> {
    let address = &request.address;
    let failed = |error| Fault::io(format!("share on {address}"), error);
    let tls = request.identity()?.map(|own| knarr_tls::server(&own, None)).transpose();
    let tls = tls.map_err(|e| Fault::invalid(format!("cannot share on {address}")).because(e))?;
    let listener = TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    if tls.is_none() && !bound.ip().is_loopback() {
        return Err(Fault::invalid(format!(
            "cannot share on {address} without TLS, for the token would be sent in plain text: give a certificate and its key, or share \
             on a loopback address"
        )));
    }
    let (open, closed) = mpsc::channel(1);
    let share = Share { listener, tls: tls.map(Arc::new), token: token.clone(), address: bound, _open: open };
    Ok((share, closed))
}
