//! What all conversations with registries share.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use http::Request;
use knarr_model::{Digest, Reference, Result};

use crate::challenge::Challenge;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::hosts::{Endpoint, Hosts, Table};
use crate::pull::Peer;
use crate::remote::{Access, Place, Remote};
use crate::retry::Patience;
use crate::sources::{Mirror, Sources, Tags};
use crate::token::Tokens;
use crate::wire::{Wires, no_body};

/// How long a loopback or insecure registry has to answer TLS before it is taken for a plain one.
const PROBE: Duration = Duration::from_secs(5);

/// Repositories whose challenge is remembered.
const MOST: usize = 1000;

/// A client of registries: connections, trust, tokens. Cheap to clone; clones share everything.
#[derive(Debug, Clone)]
pub struct Client(pub(crate) Arc<Shared>);

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) wires: Wires,
    pub(crate) tokens: Tokens,
    pub(crate) patience: Patience,
    hosts: Arc<Table>,
    /// Whether an insecure or loopback registry speaks TLS, as found out.
    schemes: Mutex<HashMap<String, &'static str>>,
    /// What registries asked for, by repository: the next conversation begins with it.
    challenges: Mutex<HashMap<String, Challenge>>,
    /// Downloads under way: one a digest.
    flights: Mutex<HashMap<Digest, Weak<tokio::sync::Mutex<()>>>>,
}

impl Client {
    /// A client with the system's certificate roots and those of `hosts`, whose files are read now.
    pub fn new(hosts: Hosts) -> Result<Self> {
        Self::with_patience(hosts, Patience::default())
    }

    /// The same, with other bounds of trying again.
    pub fn with_patience(hosts: Hosts, patience: Patience) -> Result<Self> {
        let hosts = Arc::new(Table::read(hosts)?);
        Ok(Self(Arc::new(Shared {
            wires: Wires::new(Arc::clone(&hosts), patience.silence)?,
            tokens: Tokens::default(),
            patience,
            hosts,
            schemes: Mutex::default(),
            challenges: Mutex::default(),
            flights: Mutex::default(),
        })))
    }

    /// A conversation about one repository.
    pub(crate) async fn remote(&self, image: &Reference, who: &Credentials, access: Access) -> Result<Remote, Error> {
        let place = self.0.place(self.0.hosts.registry(image.domain())).await?;
        Ok(Remote::new(Arc::clone(&self.0), image.domain(), place, who.clone()).about(image.path(), access))
    }

    /// Conversations about one repository with peers, who are shown what they want of us, with its mirrors, who are told nobody's name, and with
    /// the registry.
    pub(crate) async fn sources(&self, image: &Reference, who: &Credentials, peers: &[Peer]) -> Result<Sources, Error> {
        let mut mirrors = Vec::new();
        for peer in peers {
            match self.0.place(self.0.hosts.registry(&peer.host)).await {
                Ok(place) => {
                    let remote = Remote::new(Arc::clone(&self.0), &peer.host, place, peer.credentials.clone());
                    let remote = remote.hasty().on_behalf_of(image.domain()).about(image.path(), Access::Pull);
                    mirrors.push(Mirror::new(remote, Tags::Last));
                }
                Err(error) => tracing::info!(peer = peer.host, %error, "a peer cannot be asked"),
            }
        }
        for endpoint in self.0.hosts.mirrors(image.domain()).iter().filter(|endpoint| endpoint.pulls) {
            let (name, tags) = (endpoint.authority.clone(), if endpoint.resolves { Tags::First } else { Tags::Never });
            let place = self.0.place(endpoint.clone()).await?;
            let remote = Remote::new(Arc::clone(&self.0), &name, place, Credentials::Anonymous);
            mirrors.push(Mirror::new(remote.impatient().about(image.path(), Access::Pull), tags));
        }
        Ok(Sources::new(mirrors, self.remote(image, who, Access::Pull).await?))
    }

    /// Checks credentials against a registry (Docker's `login`): `/v2/` must let them in.
    pub async fn login(&self, domain: &str, who: &Credentials) -> Result<()> {
        let place = self.0.place(self.0.hosts.registry(domain)).await?;
        Ok(Remote::new(Arc::clone(&self.0), domain, place, who.clone()).ping().await?)
    }
}

impl Shared {
    /// The endpoint with its scheme.
    async fn place(&self, endpoint: Endpoint) -> Result<Place, Error> {
        let scheme = match endpoint.scheme {
            Some(scheme) => scheme,
            None => self.scheme(&endpoint.authority).await?,
        };
        Ok(Place { scheme, authority: endpoint.authority, prefix: endpoint.prefix })
    }

    /// `https`, or for loopback and listed registries that do not answer TLS, `http`.
    async fn scheme(&self, authority: &str) -> Result<&'static str, Error> {
        if !self.hosts.allows_plain(authority) {
            return Ok("https");
        }
        if let Some(known) = lock(&self.schemes).get(authority) {
            return Ok(known);
        }
        let probed = tokio::time::timeout(PROBE, self.probe(authority)).await;
        let scheme = match probed {
            Ok(Ok(())) => "https",
            Ok(Err(error)) if crate::wire::is_not_tls(&error) => "http",
            Ok(Err(error)) if error.to_string().contains("failed to verify certificate") => return Err(error),
            // Not reachable at all, most likely: the request itself will tell.
            Ok(Err(_)) | Err(_) => return Ok("http"),
        };
        lock(&self.schemes).insert(authority.to_owned(), scheme);
        Ok(scheme)
    }

    async fn probe(&self, authority: &str) -> Result<(), Error> {
        let request = Request::get(format!("https://{authority}/v2/")).body(no_body());
        let request = request.map_err(|e| Error::Invalid { registry: authority.to_owned(), reason: e.to_string() })?;
        self.wires.send(request, false, &AtomicU64::new(0)).await.map(drop)
    }

    pub(crate) fn challenge(&self, repository: &str) -> Option<Challenge> {
        lock(&self.challenges).get(repository).cloned()
    }

    pub(crate) fn keep_challenge(&self, repository: String, challenge: Challenge) {
        let mut challenges = lock(&self.challenges);
        if challenges.len() >= MOST {
            challenges.clear();
        }
        challenges.insert(repository, challenge);
    }

    /// The turn to download this digest; held by one download at a time.
    pub(crate) fn flight(&self, digest: &Digest) -> Arc<tokio::sync::Mutex<()>> {
        let mut flights = lock(&self.flights);
        if let Some(flight) = flights.get(digest).and_then(Weak::upgrade) {
            return flight;
        }
        flights.retain(|_, flight| flight.strong_count() > 0);
        let flight = Arc::default();
        flights.insert(digest.clone(), Arc::downgrade(&flight));
        flight
    }
}

/// A panicking holder cannot leave these maps half-changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
