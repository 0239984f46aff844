//! A conversation about one repository: authentication, redirects, and where credentials may go.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use http::header::{AUTHORIZATION, HeaderMap, HeaderValue, LOCATION, USER_AGENT};
use http::{Method, Request, StatusCode, Uri};
use tokio::sync::OnceCell;

use crate::answer;
use crate::arriving::Answer;
use crate::challenge::Challenge;
use crate::client::Shared;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::hosts::host_of;
use crate::pace::Pace;
use crate::reach::{host_is_public, is_loopback, is_public, literal};
use crate::retry::Patience;
use crate::token::{Wish, basic, bearer};
use crate::wire::{Body, no_body};

/// Redirects followed in a row.
const REDIRECTS: usize = 5;
/// A token service's answer in bytes.
const TOKEN_LIMIT: u64 = 256 << 10;

/// What the conversation needs to be allowed.
#[derive(Debug, Clone)]
pub(crate) enum Access {
    Pull,
    /// With the repositories that blobs may be mounted from.
    Push {
        mount_from: Vec<String>,
    },
}

/// Where a registry is.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) scheme: &'static str,
    /// `registry-1.docker.io`.
    pub(crate) authority: String,
    /// `/v2`.
    pub(crate) prefix: String,
}

/// One registry, or one repository of it, with the caller's credentials.
#[derive(Debug)]
pub(crate) struct Remote {
    pub(crate) shared: Arc<Shared>,
    pub(crate) patience: Patience,
    /// As people write it: `docker.io`.
    name: String,
    place: Place,
    /// Empty for the registry itself.
    repository: String,
    who: Credentials,
    scopes: Vec<String>,
    public: OnceCell<bool>,
    /// The registry whose images are asked for, where this is another place that has them.
    namespace: Option<String>,
    /// Whether there is no time for a slow one.
    pub(crate) pace: Pace,
}

/// One request; `body` makes its body anew for each try.
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<&'a (dyn Fn() -> Body + Send + Sync)>,
    /// Counts the bytes of the body that were taken.
    pub(crate) moved: &'a AtomicU64,
}

impl Remote {
    /// A conversation with the registry itself, about no repository.
    pub(crate) fn new(shared: Arc<Shared>, name: &str, place: Place, who: Credentials) -> Self {
        Self {
            patience: shared.patience,
            shared,
            name: name.to_owned(),
            place,
            repository: String::new(),
            who,
            scopes: Vec::new(),
            public: OnceCell::new(),
            namespace: None,
            pace: Pace::Any,
        }
    }

    /// The same about one repository.
    pub(crate) fn about(mut self, repository: &str, access: Access) -> Self {
        self.scopes = match access {
            Access::Pull => vec![format!("repository:{repository}:pull")],
            Access::Push { mount_from } => std::iter::once(format!("repository:{repository}:pull,push"))
                .chain(mount_from.iter().map(|from| format!("repository:{from}:pull")))
                .collect(),
        };
        repository.clone_into(&mut self.repository);
        self
    }

    /// The same where another one can be asked instead: it is tried twice.
    pub(crate) fn impatient(mut self) -> Self {
        self.patience.tries = self.patience.tries.min(2);
        self
    }

    /// The same where waiting is worse than asking another one: it is tried once, and given up where it is slow.
    pub(crate) fn hasty(mut self) -> Self {
        self.patience.tries = 1;
        self.pace = Pace::Brisk;
        self
    }

    /// The same about the images of another registry.
    pub(crate) fn on_behalf_of(mut self, registry: &str) -> Self {
        self.namespace = Some(registry.to_owned());
        self
    }

    /// As people write it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// An address below the repository.
    pub(crate) fn url(&self, rest: &str) -> String {
        format!("{}/{}/{rest}", self.base(), self.repository)
    }

    /// The address of a manifest. Whoever has the images of several registries is told of which one, as containerd tells mirrors.
    pub(crate) fn manifest_url(&self, target: &str) -> String {
        let url = self.url(&format!("manifests/{target}"));
        self.namespace.as_ref().map_or(url.clone(), |registry| format!("{url}?ns={registry}"))
    }

    /// The API's address.
    fn base(&self) -> String {
        format!("{}://{}{}", self.place.scheme, self.place.authority, self.place.prefix)
    }

    /// An address that the registry gave, relative to `base`.
    pub(crate) fn join(&self, base: &str, location: &str) -> String {
        if location.contains("://") {
            return location.to_owned();
        }
        if let Some(rest) = location.strip_prefix("//") {
            return format!("{}://{rest}", self.place.scheme);
        }
        let path =
            base.find("://").and_then(|at| base[at + 3..].find('/').map(|slash| at + 3 + slash)).unwrap_or(base.len());
        if location.starts_with('/') {
            return format!("{}{location}", &base[..path]);
        }
        let end = base.split('?').next().and_then(|b| b.rfind('/')).map_or(base.len(), |slash| slash.max(path) + 1);
        format!("{}{location}", &base[..end])
    }

    /// Asks `/v2/`, which only who may come in gets.
    pub(crate) async fn ping(&self) -> Result<(), Error> {
        let url = format!("{}/", self.base());
        let moved = AtomicU64::new(0);
        let call = Call { method: Method::GET, url, headers: HeaderMap::new(), body: None, moved: &moved };
        let response = self.send(&call).await.map_err(|error| self.unauthorized(error))?;
        if response.status().is_success() { Ok(()) } else { Err(answer::refused(response).await) }
    }

    /// Sends a request, proving who asks where the registry wants that. Any status but 401 is given back.
    pub(crate) async fn send(&self, call: &Call<'_>) -> Result<Answer, Error> {
        let known = self.challenge();
        let response = self.follow(call).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        let Some(challenge) = Challenge::choose(response.headers()) else {
            return Err(self.unauthorized(answer::refused(response).await));
        };
        if challenge == Challenge::Basic && basic(&self.who).is_none() {
            return Err(self.unauthorized(answer::refused(response).await));
        }
        if let Some(wish) = known.and_then(|known| self.wish(&known)) {
            // A token was shown, and refused.
            self.shared.tokens.forget(&wish);
        }
        self.shared.keep_challenge(self.full_name(), challenge.clone());
        // Once more, and only once: a registry that always says 401 is not asked for ever.
        let response = self.follow(call).await?;
        match (response.status(), challenge) {
            (StatusCode::UNAUTHORIZED, Challenge::Basic) => Err(self.unauthorized(answer::refused(response).await)),
            (StatusCode::UNAUTHORIZED, Challenge::Bearer { .. }) => Err(answer::refused(response).await),
            _ => Ok(response),
        }
    }

    /// Sends a request, and follows redirects where that is harmless.
    async fn follow(&self, call: &Call<'_>) -> Result<Answer, Error> {
        let mut url = call.url.clone();
        let mut own = self.is_own(&self.parse(&url)?);
        for _ in 0..=REDIRECTS {
            let response = self.send_once(call, &url).await?;
            let redirect = response.status().is_redirection() && response.status() != StatusCode::NOT_MODIFIED;
            if !redirect || !matches!(call.method, Method::GET | Method::HEAD) {
                if !own && response.status() == StatusCode::UNAUTHORIZED {
                    return Err(answer::refused(response).await);
                }
                return Ok(response);
            }
            let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            let location = location.ok_or_else(|| self.invalid("a redirect without a location"))?;
            url = self.join(&url, location);
            own = own && self.is_own(&self.parse(&url)?);
        }
        Err(self.invalid("too many redirects"))
    }

    async fn send_once(&self, call: &Call<'_>, url: &str) -> Result<Answer, Error> {
        let uri = self.parse(url)?;
        let own = self.is_own(&uri);
        let only_public = if own { false } else { self.check_target(&uri, false).await? };
        let body = call.body.map_or_else(no_body, |make| make());
        let mut request = Request::new(body);
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = call.headers.clone();
        request.headers_mut().insert(USER_AGENT, agent());
        if own && let Some(value) = self.authorization().await? {
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        self.shared.wires.send(request, only_public, call.moved).await
    }

    /// The header that proves who asks, as far as the registry has asked for one.
    async fn authorization(&self) -> Result<Option<HeaderValue>, Error> {
        if let Credentials::Bearer(token) = &self.who {
            return Ok(bearer(token));
        }
        match self.challenge() {
            None => Ok(None),
            Some(Challenge::Basic) => Ok(basic(&self.who)),
            Some(challenge) => match self.wish(&challenge) {
                Some(wish) => Ok(bearer(&self.token(&wish).await?)),
                None => Ok(None),
            },
        }
    }

    /// What the registry asked for last about this repository.
    fn challenge(&self) -> Option<Challenge> {
        self.shared.challenge(&self.full_name())
    }

    fn full_name(&self) -> String {
        format!("{}/{}", self.base(), self.repository)
    }

    fn wish(&self, challenge: &Challenge) -> Option<Wish> {
        let Challenge::Bearer { realm, service, scope } = challenge else { return None };
        let mut scopes = self.scopes.clone();
        scopes.extend(scope.iter().filter(|scope| !self.covers(scope)).cloned());
        Some(Wish { realm: realm.clone(), service: service.clone(), scopes, who: self.who.clone() })
    }

    /// Whether our own scopes say at least as much: `repository:x:pull` is within `repository:x:pull,push`.
    fn covers(&self, scope: &str) -> bool {
        self.scopes.iter().any(|own| own == scope || own.starts_with(&format!("{scope},")))
    }

    async fn token(&self, wish: &Wish) -> Result<crate::secret::Secret, Error> {
        if let Some(token) = self.shared.tokens.get(wish) {
            return Ok(token);
        }
        let realm = self.parse(&wish.realm)?;
        let secret = !matches!(wish.who, Credentials::Anonymous);
        let only_public = if self.is_own(&realm) { false } else { self.check_target(&realm, secret).await? };
        let request = wish.request().map_err(|e| self.invalid(&format!("unusable token service: {e}")))?;
        let response = self.shared.wires.send(request, only_public, &AtomicU64::new(0)).await?;
        if !response.status().is_success() {
            return Err(self.unauthorized(answer::refused(response).await));
        }
        let body = answer::read(response, TOKEN_LIMIT).await?;
        self.shared.tokens.keep(wish, &body).ok_or_else(|| self.invalid("the token service sent no token"))
    }

    /// Whether this other address may be asked at all; whether only its public addresses may. With `secret`, credentials
    /// would go there (flaw row 63).
    async fn check_target(&self, uri: &Uri, secret: bool) -> Result<bool, Error> {
        let host = uri.host().unwrap_or("");
        let refuse = |reason| Err(Error::Target { registry: self.name.clone(), target: host.to_owned(), reason });
        if uri.authority().is_some_and(|a| a.as_str().contains('@')) {
            return refuse("its address has a user name in it");
        }
        let own_host = host_of(&self.place.authority);
        let near = is_loopback(own_host) && is_loopback(host);
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if self.place.scheme == "https" => return refuse("it leaves TLS"),
            Some("http") if secret && !near && host != own_host => {
                return refuse("credentials go over TLS, or to this machine, only");
            }
            Some("http") => {}
            _ => return refuse("it is neither http nor https"),
        }
        let public = *self.public.get_or_init(|| host_is_public(own_host)).await;
        if public && (is_loopback(host) || literal(host).is_some_and(|address| !is_public(address))) {
            return refuse("a public registry must not point to a private address");
        }
        Ok(public)
    }

    /// Whether an address is the registry's own: same scheme, host and port.
    fn is_own(&self, uri: &Uri) -> bool {
        uri.scheme_str() == Some(self.place.scheme)
            && uri.authority().is_some_and(|a| a.as_str() == self.place.authority)
    }

    fn parse(&self, url: &str) -> Result<Uri, Error> {
        let uri: Result<Uri, _> = url.parse();
        uri.ok().filter(|uri| uri.host().is_some()).ok_or_else(|| self.invalid("an address that is none"))
    }

    /// An answer that the specification does not allow.
    pub(crate) fn invalid(&self, reason: &str) -> Error {
        Error::Invalid { registry: self.name.clone(), reason: reason.to_owned() }
    }

    /// A refusal for want of the right credentials; other errors stay what they are.
    fn unauthorized(&self, error: Error) -> Error {
        match error {
            Error::Refused { status, message, .. } if matches!(status.as_u16(), 401 | 403) => {
                let detail = if message.is_empty() { "authentication required".to_owned() } else { message };
                Error::Unauthorized { registry: self.name.clone(), detail }
            }
            other => other,
        }
    }
}

fn agent() -> HeaderValue {
    HeaderValue::from_static(concat!("knarr/", env!("CARGO_PKG_VERSION")))
}
