//! Upload sessions: unguessable, bound to a repository and to who began them, bounded in number and age.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use knarr_model::Fault;
use knarr_transfer::Sink;

use crate::name::Name;
use crate::problem::{Code, Problem};

/// Sessions at a time.
const MOST: usize = 1024;
/// A session that nobody touched for this long is thrown away.
const IDLE: Duration = Duration::from_secs(60 * 60);

/// One upload.
pub(crate) struct Session {
    name: Name,
    principal: String,
    touched: Mutex<Instant>,
    /// The content so far; none once it was committed or aborted. Held by the request that writes.
    pub(crate) sink: tokio::sync::Mutex<Option<Sink>>,
}

/// The sessions of this process.
#[derive(Default)]
pub(crate) struct Uploads {
    sessions: Mutex<HashMap<String, Arc<Session>>>,
}

/// A fresh session id: 128 random bits.
pub(crate) fn new_id() -> Result<String, Problem> {
    let mut bits = [0u8; 16];
    getrandom::fill(&mut bits).map_err(|e| Fault::internal("cannot get random bytes").because(e.to_string()))?;
    Ok(bits.iter().map(|b| format!("{b:02x}")).collect())
}

impl Uploads {
    /// Begins a session under `id`.
    pub(crate) fn begin(&self, id: &str, name: &Name, principal: &str, sink: Sink) -> Result<Arc<Session>, Problem> {
        let session = Arc::new(Session {
            name: name.clone(),
            principal: principal.to_owned(),
            touched: Mutex::new(Instant::now()),
            sink: tokio::sync::Mutex::new(Some(sink)),
        });
        let mut sessions = lock(&self.sessions);
        sessions.retain(|_, session| lock(&session.touched).elapsed() < IDLE);
        if sessions.len() >= MOST {
            return Err(Problem::new(Code::TooManyRequests, "too many uploads at a time"));
        }
        sessions.insert(id.to_owned(), Arc::clone(&session));
        Ok(session)
    }

    /// The session, for the repository and principal it was begun by: for others it does not exist (flaw row 74).
    pub(crate) fn get(&self, id: &str, name: &Name, principal: &str) -> Result<Arc<Session>, Problem> {
        let sessions = lock(&self.sessions);
        let session = sessions.get(id).filter(|s| s.name == *name && s.principal == principal);
        let session = session.ok_or_else(unknown)?;
        *lock(&session.touched) = Instant::now();
        Ok(Arc::clone(session))
    }

    /// Forgets the session.
    pub(crate) fn end(&self, id: &str) {
        lock(&self.sessions).remove(id);
    }
}

/// 404 for a session that is not there, or not any more.
pub(crate) fn unknown() -> Problem {
    Problem::new(Code::BlobUploadUnknown, "blob upload unknown to registry")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
