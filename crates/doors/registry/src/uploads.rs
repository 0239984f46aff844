//! Upload sessions: unguessable, bound to a repository and to who began them, bounded in number and age.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use knarr_model::Fault;
use knarr_transfer::Sink;
use tokio::time::Instant;

use crate::name::Name;
use crate::problem::{Code, Problem};

/// Sessions at a time.
const MOST: usize = 1024;
/// A session that nobody touched for this long is thrown away.
const IDLE: Duration = Duration::from_secs(60 * 60);
/// How often such sessions are looked for.
const LOOK: Duration = Duration::from_secs(5 * 60);

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

    /// Throws away what nobody touches any more, as long as it is waited for.
    pub(crate) async fn expire(&self) -> Infallible {
        loop {
            tokio::time::sleep(LOOK).await;
            for session in self.take_idle() {
                // A session that a request holds is in use, whatever the clock says of its beginning.
                let Some(sink) = session.sink.try_lock().ok().and_then(|mut held| held.take()) else { continue };
                if let Err(error) = sink.abort().await {
                    tracing::warn!(error = %error.full(), "cannot remove an upload that nobody went on with");
                }
            }
        }
    }

    fn take_idle(&self) -> Vec<Arc<Session>> {
        let idle = |session: &Session| session.sink.try_lock().is_ok() && lock(&session.touched).elapsed() >= IDLE;
        lock(&self.sessions).extract_if(|_, session| idle(session)).map(|(_, session)| session).collect()
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

#[cfg(test)]
mod tests {
    use knarr_content::Content;
    use knarr_model::ports::Content as _;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_upload_that_nobody_goes_on_with_is_thrown_away() {
        let folder = tempfile::tempdir().unwrap();
        let content = Content::open(folder.path()).unwrap();
        let (uploads, name) = (Uploads::default(), Name::parse("a").unwrap());
        for id in ["left", "used"] {
            let mut ingest = content.ingest(id).unwrap();
            ingest.write(b"bytes").unwrap();
            uploads.begin(id, &name, "", Sink::new(ingest)).unwrap();
        }
        let used = uploads.get("used", &name, "").unwrap();
        let _held = used.sink.lock().await;
        let _ = tokio::time::timeout(IDLE + 2 * LOOK, uploads.expire()).await;
        assert!(uploads.get("left", &name, "").is_err());
        assert!(uploads.get("used", &name, "").is_ok());
        assert_eq!(std::fs::read_dir(folder.path().join("ingest")).unwrap().count(), 1);
    }
}
