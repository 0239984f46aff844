//! Docker's `config.json`: where `login` keeps credentials for clients. Other programs' settings in it are kept as they are.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use knarr_model::{Fault, Result};
use knarr_store::files::write_atomic;
use serde_json::{Map, Value, json};

use crate::credentials::Credentials;
use crate::secret::Secret;

/// Docker Hub's key in the file, from the days of its first API.
const HUB: &str = "https://index.docker.io/v1/";
/// The user name with which credential programs mark a refresh token.
const TOKEN_USER: &str = "<token>";
/// What credential programs say where they have nothing.
const NOTHING: &str = "credentials not found";

/// The file, read once.
#[derive(Debug, Clone)]
pub struct DockerConfig {
    path: PathBuf,
    document: Map<String, Value>,
}

impl DockerConfig {
    /// Reads `config.json` in `$DOCKER_CONFIG`, or in `~/.docker`. A missing file is an empty one.
    pub fn load() -> Result<Self> {
        let folder = match (std::env::var_os("DOCKER_CONFIG"), std::env::var_os("HOME")) {
            (Some(folder), _) => PathBuf::from(folder),
            (None, Some(home)) => Path::new(&home).join(".docker"),
            (None, None) => return Err(Fault::invalid("cannot find docker's configuration: HOME is not set")),
        };
        Self::read(&folder.join("config.json"))
    }

    /// Reads this file; a missing one is empty.
    pub fn read(path: &Path) -> Result<Self> {
        let document = match std::fs::read(path) {
            // The parser's own message could quote a secret.
            Ok(bytes) if !bytes.is_empty() => serde_json::from_slice(&bytes)
                .map_err(|_| Fault::invalid(format!("cannot use {}: it is not a JSON object", path.display())))?,
            Ok(_) => Map::new(),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Map::new(),
            Err(e) => return Err(Fault::io(format!("read {}", path.display()), e)),
        };
        Ok(Self { path: path.to_owned(), document })
    }

    /// What is kept for a registry; anonymous where there is nothing. Only an exact host matches (flaw row 45).
    pub fn credentials(&self, domain: &str) -> Result<Credentials> {
        if let Some(program) = self.program(domain) {
            return ask(&program, domain);
        }
        let entries = self.document.get("auths").and_then(Value::as_object);
        let entry = entries.and_then(|e| e.iter().find(|(key, _)| registry_of(key) == domain)).map(|(_, value)| value);
        entry.map_or(Ok(Credentials::Anonymous), Credentials::from_auth_config)
    }

    /// Keeps credentials for a registry, in the configured credential program or else in the file (mode 0600).
    pub fn login(&mut self, domain: &str, who: &Credentials) -> Result<()> {
        let key = key(domain);
        if let Some(program) = self.program(domain) {
            let (user, secret) = match who {
                Credentials::Basic { user, password } => (user.as_str(), password),
                Credentials::Identity(token) | Credentials::Bearer(token) => (TOKEN_USER, token),
                Credentials::Anonymous => return self.logout(domain).map(drop),
            };
            let entry = json!({"ServerURL": key, "Username": user, "Secret": secret.reveal()});
            run(&program, "store", &entry.to_string())?;
            self.auths()?.insert(key, json!({}));
            return self.save();
        }
        let entry = match who {
            Credentials::Basic { user, password } => json!({"auth": pair(user, password.reveal())}),
            Credentials::Identity(token) => json!({"auth": pair(TOKEN_USER, ""), "identitytoken": token.reveal()}),
            Credentials::Bearer(token) => json!({"registrytoken": token.reveal()}),
            Credentials::Anonymous => return self.logout(domain).map(drop),
        };
        self.auths()?.insert(key, entry);
        self.save()
    }

    /// Forgets a registry; false where nothing was kept.
    pub fn logout(&mut self, domain: &str) -> Result<bool> {
        if let Some(program) = self.program(domain) {
            run(&program, "erase", &key(domain))?;
        }
        let auths = self.auths()?;
        let before = auths.len();
        auths.retain(|key, _| registry_of(key) != domain);
        let removed = auths.len() < before;
        if removed {
            self.save()?;
        }
        Ok(removed)
    }

    /// The credential program for a registry (`credHelpers`, `credsStore`), a plain word so that it is never a path.
    fn program(&self, domain: &str) -> Option<String> {
        let own = self.document.get("credHelpers").and_then(Value::as_object);
        let own = own.and_then(|map| map.iter().find(|(key, _)| registry_of(key) == domain)).map(|(_, value)| value);
        let name = own.or(self.document.get("credsStore"))?.as_str()?;
        let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        plain.then(|| format!("docker-credential-{name}"))
    }

    fn auths(&mut self) -> Result<&mut Map<String, Value>> {
        let auths = self.document.entry("auths").or_insert_with(|| json!({}));
        auths
            .as_object_mut()
            .ok_or_else(|| Fault::invalid(format!("cannot use {}: auths is no object", self.path.display())))
    }

    fn save(&self) -> Result<()> {
        let step = || format!("write {}", self.path.display());
        let text = serde_json::to_string_pretty(&self.document).map_err(|e| Fault::internal(step()).because(e))?;
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder).map_err(|e| Fault::io(step(), e))?;
        }
        write_atomic(&self.path, text.as_bytes(), 0o600).map_err(|e| Fault::io(step(), e))
    }
}

/// The registry's key in the file.
fn key(domain: &str) -> String {
    if domain == "docker.io" { HUB.to_owned() } else { domain.to_owned() }
}

/// The registry that an address, or a key of docker's configuration, is for: `https://index.docker.io/v1/` is `docker.io`.
pub fn registry_of(key: &str) -> &str {
    let bare = key.trim_start_matches("https://").trim_start_matches("http://");
    match bare.split('/').next().unwrap_or("") {
        "index.docker.io" | "registry-1.docker.io" => "docker.io",
        host => host,
    }
}

fn pair(user: &str, password: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"))
}

/// Asks a credential program what it keeps.
fn ask(program: &str, domain: &str) -> Result<Credentials> {
    let answer = match run(program, "get", &key(domain)) {
        Ok(answer) => answer,
        Err(fault) if fault.full().contains(NOTHING) => return Ok(Credentials::Anonymous),
        Err(fault) => return Err(fault),
    };
    let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
    let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
    match (text("Username"), text("Secret").map(Secret::new)) {
        (Some(user), Some(token)) if user == TOKEN_USER => Ok(Credentials::Identity(token)),
        (Some(user), Some(password)) => Ok(Credentials::Basic { user, password }),
        _ => Err(Fault::invalid(format!("{program} gave an answer without user and secret"))),
    }
}

/// Runs a credential program (docker-credential-helpers' protocol: a verb, the rest on stdin).
fn run(program: &str, verb: &str, input: &str) -> Result<Vec<u8>> {
    let step = || format!("run {program} {verb}");
    let child =
        Command::new(program).arg(verb).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn();
    let mut child = child.map_err(|e| Fault::io(step(), e))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read its input says why by its exit code.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output().map_err(|e| Fault::io(step(), e))?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(Fault::invalid(format!("cannot {}", step()))
            .because(String::from_utf8_lossy(&output.stdout).trim().to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(user: &str, password: &str) -> Credentials {
        Credentials::Basic { user: user.into(), password: Secret::new(password) }
    }

    #[test]
    fn credentials_are_kept_as_docker_keeps_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("docker/config.json");
        let mut config = DockerConfig::read(&path).unwrap();
        assert_eq!(config.credentials("r.example:5000").unwrap(), Credentials::Anonymous);
        config.document.insert("psFormat".into(), "table".into());
        config.login("r.example:5000", &basic("ann", "a:b")).unwrap();
        config.login("docker.io", &basic("hub", "x")).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(document["auths"]["r.example:5000"]["auth"], "YW5uOmE6Yg==");
        assert_eq!(document["auths"][HUB]["auth"], "aHViOng=");
        assert_eq!(document["psFormat"], "table");
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let mut again = DockerConfig::read(&path).unwrap();
        assert_eq!(again.credentials("r.example:5000").unwrap(), basic("ann", "a:b"));
        assert_eq!(again.credentials("docker.io").unwrap(), basic("hub", "x"));
        for other in ["r.example", "r.example:5001", "evil.r.example:5000", "example:5000"] {
            assert_eq!(again.credentials(other).unwrap(), Credentials::Anonymous, "{other}");
        }
        assert!(again.logout("r.example:5000").unwrap());
        assert!(!again.logout("r.example:5000").unwrap());
        assert_eq!(DockerConfig::read(&path).unwrap().credentials("r.example:5000").unwrap(), Credentials::Anonymous);
    }

    #[test]
    fn a_broken_file_is_an_error_that_quotes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.json");
        std::fs::write(&path, r#"{"auths":{"r":{"auth":"hunter2"#).unwrap();
        let error = DockerConfig::read(&path).unwrap_err();
        assert!(error.full().contains("config.json") && !error.full().contains("hunter2"), "{error:?}");
    }

    #[test]
    fn a_credential_program_is_a_word() {
        let program = |name: &str| {
            let document = json!({"credsStore": name}).as_object().unwrap().clone();
            DockerConfig { path: PathBuf::new(), document }.program("r")
        };
        assert_eq!(program("pass"), Some("docker-credential-pass".into()));
        assert_eq!(program("../evil"), None);
        assert_eq!(program(""), None);
    }
}
