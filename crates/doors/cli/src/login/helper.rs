//! Programs that keep credentials: `docker-credential-NAME get|store|erase|list`.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use knarr_api::system::AuthConfig;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What such a program reads and prints.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Credentials {
    #[serde(rename = "ServerURL")]
    server_url: String,
    username: String,
    secret: String,
}

/// A user name that says the secret is an identity token.
const TOKEN: &str = "<token>";

/// Asks for credentials; none where the program has none.
pub(super) fn get(helper: &str, server: &str) -> Result<Option<AuthConfig>> {
    let Ok(text) = call(helper, "get", server) else { return Ok(None) };
    let found: Credentials = serde_json::from_slice(&text)
        .map_err(|e| Error::invalid(format!("cannot read the answer of docker-credential-{helper}: {e}")))?;
    let mut auth = AuthConfig { serveraddress: server.to_owned(), ..AuthConfig::default() };
    if found.username == TOKEN {
        auth.identitytoken = found.secret;
    } else {
        (auth.username, auth.password) = (found.username, found.secret);
    }
    Ok(Some(auth))
}

/// The servers that the program has credentials for; none where it does not say.
pub(super) fn list(helper: &str) -> Vec<String> {
    let known = call(helper, "list", "").ok().and_then(|text| serde_json::from_slice(&text).ok());
    known.map(|known: BTreeMap<String, String>| known.into_keys().collect()).unwrap_or_default()
}

/// Hands over credentials.
pub(super) fn store(helper: &str, auth: &AuthConfig) -> Result {
    let token = !auth.identitytoken.is_empty();
    let credentials = Credentials {
        server_url: auth.serveraddress.clone(),
        username: if token { TOKEN.into() } else { auth.username.clone() },
        secret: if token { auth.identitytoken.clone() } else { auth.password.clone() },
    };
    let text = serde_json::to_string(&credentials).unwrap_or_default();
    call(helper, "store", &text).map(drop)
}

/// Has credentials forgotten.
pub(super) fn erase(helper: &str, server: &str) -> Result {
    call(helper, "erase", server).map(drop)
}

fn call(helper: &str, verb: &str, input: &str) -> Result<Vec<u8>> {
    let program = format!("docker-credential-{helper}");
    let failed = |source| Error::io(format!("run {program} {verb}"), source);
    let mut child = Command::new(&program)
        .arg(verb)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).map_err(failed)?;
    }
    let output = child.wait_with_output().map_err(failed)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Err(Error::invalid(format!("{program} {verb}: {}: {}", output.status, text.trim())))
}
