//! Docker's configuration file. What we do not know in it is kept as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use knarr_api::system::AuthConfig;
use serde_json::{Map, Value, json};

use super::{helper, same_registry};
use crate::error::{Error, Result};

/// The file, as it is on disk.
#[derive(Debug, Clone)]
pub(crate) struct ConfigFile {
    path: PathBuf,
    document: Map<String, Value>,
}

impl ConfigFile {
    /// Reads it; a missing file is an empty one.
    pub(crate) fn load() -> Result<Self> {
        Self::read(folder().join("config.json"))
    }

    fn read(path: PathBuf) -> Result<Self> {
        let document = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|e| Error::invalid(format!("cannot read {}: {e}", path.display())))?,
            Err(error) if error.kind() == ErrorKind::NotFound => Map::new(),
            Err(error) => return Err(Error::io(format!("read {}", path.display()), error)),
        };
        Ok(Self { path, document })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// A text setting, for example `detachKeys` or `psFormat`.
    pub(crate) fn setting(&self, name: &str) -> Option<&str> {
        self.document.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// The credentials of a registry.
    pub(crate) fn credentials(&self, key: &str) -> Result<Option<AuthConfig>> {
        if let Some(helper) = self.helper(key)
            && let Some(found) = helper::get(helper, key)?
        {
            return Ok(Some(found));
        }
        let entries = self.document.get("auths").and_then(Value::as_object);
        let entry = entries
            .and_then(|map| map.get(key).or_else(|| map.iter().find(|(k, _)| same_registry(k, key)).map(|(_, v)| v)));
        Ok(entry.and_then(|entry| decode(key, entry)))
    }

    /// All that are known, for builds: those in the file, and those that the store lists.
    pub(crate) fn all_credentials(&self) -> BTreeMap<String, AuthConfig> {
        let names = |member: &str| {
            self.document.get(member).and_then(Value::as_object).into_iter().flatten().map(|(k, _)| k.clone())
        };
        let listed = self.setting("credsStore").map(helper::list).unwrap_or_default();
        let keys: BTreeSet<String> = names("auths").chain(names("credHelpers")).chain(listed).collect();
        keys.into_iter().filter_map(|key| Some((key.clone(), self.credentials(&key).ok()??))).collect()
    }

    /// Keeps credentials; says whether they are in the file itself.
    pub(crate) fn store(&mut self, key: &str, auth: &AuthConfig) -> Result<bool> {
        if let Some(helper) = self.helper(key) {
            helper::store(helper, auth)?;
            return Ok(false);
        }
        let text = STANDARD.encode(format!("{}:{}", auth.username, auth.password));
        let mut entry = json!({ "auth": text });
        if !auth.identitytoken.is_empty() {
            entry =
                json!({ "auth": STANDARD.encode(format!("{}:", auth.username)), "identitytoken": auth.identitytoken });
        }
        let auths = self.document.entry("auths").or_insert_with(|| json!({}));
        if let Some(map) = auths.as_object_mut() {
            map.insert(key.to_owned(), entry);
        }
        self.save().map(|()| true)
    }

    /// Forgets credentials.
    pub(crate) fn erase(&mut self, key: &str) -> Result {
        if let Some(helper) = self.helper(key) {
            helper::erase(helper, key)?;
        }
        if let Some(map) = self.document.get_mut("auths").and_then(Value::as_object_mut) {
            map.retain(|name, _| !same_registry(name, key));
            self.save()?;
        }
        Ok(())
    }

    fn helper(&self, key: &str) -> Option<&str> {
        let own = self.document.get("credHelpers").and_then(|map| map.get(key)).and_then(Value::as_str);
        own.or_else(|| self.setting("credsStore")).filter(|name| !name.is_empty() && !name.contains('/'))
    }

    /// Writes it whole under another name, and renames.
    fn save(&self) -> Result {
        let failed = |source| Error::io(format!("write {}", self.path.display()), source);
        let folder = self.path.parent().unwrap_or(&self.path);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        let path = self.path.with_extension(format!("json.{}", std::process::id()));
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path).map_err(failed)?;
        let text = serde_json::to_vec(&self.document).unwrap_or_default();
        let text = crate::output::indent(&text, "").replace("    ", "\t");
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        fs::rename(&path, &self.path).map_err(failed)
    }
}

/// The folder that `--config` names.
static FOLDER: OnceLock<PathBuf> = OnceLock::new();

/// Keeps the configuration in this folder, whatever the environment says; the first call counts.
pub(crate) fn use_folder(folder: PathBuf) {
    let _ = FOLDER.set(folder);
}

/// The folder of the client's configuration.
pub(crate) fn folder() -> PathBuf {
    if let Some(folder) = FOLDER.get() {
        return folder.clone();
    }
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("DOCKER_CONFIG").unwrap_or_else(|| set("HOME").unwrap_or_else(|| "/".into()).join(".docker"))
}

fn decode(key: &str, entry: &Value) -> Option<AuthConfig> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut auth = AuthConfig {
        username: text("username"),
        password: text("password"),
        identitytoken: text("identitytoken"),
        registrytoken: text("registrytoken"),
        serveraddress: key.to_owned(),
        ..AuthConfig::default()
    };
    let pair = STANDARD.decode(text("auth")).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    if let Some((user, password)) = pair.split_once(':') {
        auth.username = user.to_owned();
        auth.password = password.trim_end_matches('\0').to_owned();
    }
    let empty = auth.username.is_empty() && auth.identitytoken.is_empty() && auth.registrytoken.is_empty();
    (!empty).then_some(auth)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn credentials_are_kept_and_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sub/config.json");
        let auth = AuthConfig { username: "me".into(), password: "a:b".into(), ..AuthConfig::default() };
        let mut file = ConfigFile::read(path.clone()).unwrap();
        file.document.insert("proxies".into(), json!({"x": 1}));
        assert!(file.store("r:5000", &auth).unwrap());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let mut again = ConfigFile::read(path.clone()).unwrap();
        assert_eq!(again.document["proxies"]["x"], 1);
        let found = again.credentials("r:5000").unwrap().unwrap();
        assert_eq!((found.username.as_str(), found.password.as_str()), ("me", "a:b"));
        assert!(again.credentials("r:5001").unwrap().is_none());
        again.erase("r:5000").unwrap();
        assert!(ConfigFile::read(path).unwrap().credentials("r:5000").unwrap().is_none());
    }
}
