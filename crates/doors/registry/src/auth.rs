//! Basic authentication by an htpasswd file with bcrypt entries.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime};

use base64::Engine as _;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use knarr_model::{Digest, Fault};
use tokio::sync::Semaphore;

use crate::error::Error;
use crate::problem::{Code, Outcome, Problem};

/// How long a verified password is believed without bcrypt, and how long a removed user may stay (flaw row 72).
const MEMORY: Duration = Duration::from_secs(60);
/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(5);
/// Verified passwords remembered.
const MOST: usize = 1024;
/// bcrypt verifications at a time; each takes a core for tens of milliseconds.
const AT_ONCE: usize = 2;
/// What an unknown user's password is compared with, so that it takes as long as a known one's: a hash at cost 10, as
/// `htpasswd -B` and Docker's documentation make them, of random bytes that nobody kept.
const NOBODY: &str = "$2y$10$Gq1zY5nFfOyUXWpzj1jHVeu8oJ0vVYYk4yZQKxX0v5i2mU6cVQy7K";

/// Decides who comes in.
pub(crate) struct Gate {
    path: PathBuf,
    state: Mutex<State>,
    verifying: Semaphore,
}

struct State {
    users: Arc<HashMap<String, String>>,
    stamp: Option<SystemTime>,
    looked: Instant,
    /// Digest of user, password and hash → when that was verified.
    verified: HashMap<Digest, Instant>,
}

impl Gate {
    /// Reads the file; entries other than bcrypt are refused by line number.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let (users, stamp) = load(path)?;
        let state = State { users: Arc::new(users), stamp, looked: Instant::now(), verified: HashMap::new() };
        Ok(Self { path: path.to_owned(), state: Mutex::new(state), verifying: Semaphore::new(AT_ONCE) })
    }

    /// The user's name, or 401 with the challenge.
    pub(crate) async fn admit(&self, headers: &HeaderMap) -> Outcome<String> {
        let Some((user, password)) = basic(headers) else { return Err(challenge()) };
        let hash = self.users().get(&user).cloned();
        let mark = Digest::of(format!("{user}\0{password}\0{}", hash.as_deref().unwrap_or("")).as_bytes());
        if hash.is_some() && self.remembers(&mark) {
            return Ok(user);
        }
        if !self.verify(password, hash).await? {
            return Err(challenge());
        }
        self.remember(mark);
        Ok(user)
    }

    /// bcrypt on a blocking thread, with the same work for a user that does not exist.
    async fn verify(&self, password: String, hash: Option<String>) -> Outcome<bool> {
        let lost = |e| Problem::from(Fault::internal("cannot verify a password").because(e));
        let _turn = self.verifying.acquire().await.map_err(|e| Fault::internal(e.to_string()))?;
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.to_owned());
        let right = tokio::task::spawn_blocking(move || bcrypt::verify(password, &hash).unwrap_or(false));
        Ok(right.await.map_err(lost)? && known)
    }

    /// The users, read again when the file changed. A file that cannot be read any more lets nobody in.
    fn users(&self) -> Arc<HashMap<String, String>> {
        let mut state = self.state();
        if state.looked.elapsed() >= LOOK {
            state.looked = Instant::now();
            if modified(&self.path) != state.stamp {
                let (users, stamp) = load(&self.path).unwrap_or_else(|error| {
                    tracing::error!(%error, "cannot read the password file: nobody is let in");
                    (HashMap::new(), None)
                });
                (state.users, state.stamp) = (Arc::new(users), stamp);
                state.verified.clear();
            }
        }
        Arc::clone(&state.users)
    }

    fn remembers(&self, mark: &Digest) -> bool {
        self.state().verified.get(mark).is_some_and(|at| at.elapsed() < MEMORY)
    }

    fn remember(&self, mark: Digest) {
        let mut state = self.state();
        state.verified.retain(|_, at| at.elapsed() < MEMORY);
        if state.verified.len() < MOST {
            state.verified.insert(mark, Instant::now());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|m| m.modified()).ok()
}

fn load(path: &Path) -> Result<(HashMap<String, String>, Option<SystemTime>), Error> {
    let stamp = modified(path);
    let read = |source| Error::Read { path: path.to_owned(), source };
    let text = std::fs::read_to_string(path).map_err(read)?;
    Ok((parse(path, &text)?, stamp))
}

/// `user:$2y$…` a line; blank lines and `#` comments are skipped.
fn parse(path: &Path, text: &str) -> Result<HashMap<String, String>, Error> {
    let mut users = HashMap::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line.split_once(':') {
            Some((user, hash)) if !user.is_empty() && is_bcrypt(hash) => users.insert(user.to_owned(), hash.to_owned()),
            _ => return Err(Error::Password { path: path.to_owned(), line: number + 1 }),
        };
    }
    Ok(users)
}

fn is_bcrypt(hash: &str) -> bool {
    hash.len() == 60 && ["$2a$", "$2b$", "$2y$"].iter().any(|prefix| hash.starts_with(prefix))
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, value) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = base64::engine::general_purpose::STANDARD.decode(value.trim()).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

fn challenge() -> Problem {
    let realm = (WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"knarr registry\""));
    Problem::new(Code::Unauthorized, "authentication required").with_headers([realm])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(user: &str, password: &str) -> HeaderMap {
        let value = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        HeaderMap::from_iter([(AUTHORIZATION, format!("Basic {value}").parse().unwrap())])
    }

    #[test]
    fn the_hash_for_unknown_users_is_well_formed() {
        // A malformed one would be refused at once, and so tell unknown users from known ones.
        assert!(matches!(bcrypt::verify("x", NOBODY), Ok(false)));
    }

    #[tokio::test]
    async fn only_the_right_password_comes_in() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("# people\nann:{}\n", bcrypt::hash("right", 4).unwrap())).unwrap();
        let gate = Gate::open(file.path()).unwrap();
        assert_eq!(gate.admit(&headers("ann", "right")).await.unwrap(), "ann");
        assert_eq!(gate.admit(&headers("ann", "right")).await.unwrap(), "ann");
        for (user, password) in [("ann", "wrong"), ("bob", "right"), ("", ""), ("ann", "")] {
            assert!(gate.admit(&headers(user, password)).await.is_err(), "{user}:{password}");
        }
        assert!(gate.admit(&HeaderMap::new()).await.is_err());
    }

    #[test]
    fn entries_that_are_not_bcrypt_are_refused_by_line() {
        let error = parse(Path::new("pw"), "# x\n\nann:{SHA}abc\n").unwrap_err();
        assert!(error.to_string().contains("line 3"), "{error}");
    }
}
