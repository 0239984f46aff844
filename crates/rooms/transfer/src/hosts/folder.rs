//! A folder with a folder for each registry, in the two forms that engines have: Docker's (`*.crt`, `*.cert` with `*.key`) and
//! containerd's (`hosts.toml`).

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use knarr_model::{Fault, Result};
use serde::Deserialize;

use super::registry_of;
use super::table::{Endpoint, Settings, Tls};

/// The folder for registries that have none.
pub(super) const DEFAULT: &str = "_default";

/// `hosts.toml`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    server: Option<String>,
    #[serde(flatten)]
    own: Entry,
    #[serde(default)]
    host: toml::map::Map<String, toml::Value>,
}

/// What a host's table says; at the file's top it is about the server.
#[derive(Default, Deserialize)]
struct Entry {
    capabilities: Option<Vec<String>>,
    ca: Option<OneOrMore>,
    client: Option<Client>,
    skip_verify: Option<bool>,
    override_path: Option<bool>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(PathBuf),
    More(Vec<PathBuf>),
}

/// A file with certificate and key, several of them, or pairs.
#[derive(Deserialize)]
#[serde(untagged)]
enum Client {
    One(PathBuf),
    More(Vec<PathBuf>),
    Pairs(Vec<Vec<PathBuf>>),
}

/// The registries that a folder knows; none where it is not there.
pub(super) fn read(folder: &Path) -> Result<BTreeMap<String, Settings>> {
    let failed = |e| Fault::io(format!("read the hosts table {}", folder.display()), e);
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        entries => entries.and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(failed)?,
    };
    let mut found = BTreeMap::new();
    for entry in entries.into_iter().filter(|entry| entry.path().is_dir()) {
        if let Some(name) = entry.file_name().to_str() {
            // A colon may be written as containerd writes it where file systems have none: `host_5000_`.
            let name = name
                .strip_suffix('_')
                .and_then(|n| n.rsplit_once('_'))
                .map_or(name.to_owned(), |(host, port)| format!("{host}:{port}"));
            let registry = if name == DEFAULT { name } else { registry_of(&name).to_owned() };
            found.insert(registry.clone(), settings(&registry, &entry.path())?);
        }
    }
    Ok(found)
}

/// The settings in one registry's folder.
fn settings(registry: &str, folder: &Path) -> Result<Settings> {
    let path = folder.join("hosts.toml");
    let bad = |why: String| Fault::invalid(format!("cannot use {}: {why}", path.display()));
    let text = match fs::read_to_string(&path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => String::new(),
        read => read.map_err(|e| bad(e.to_string()))?,
    };
    let file: File = toml::from_str(&text).map_err(|e| bad(e.to_string()))?;
    let mut settings = Settings::default();
    if let Some(server) = &file.server {
        settings.server = Some(endpoint(server, &file.own).map_err(|e| bad(e.full()))?);
    }
    let own = settings.server.clone().unwrap_or_else(|| Endpoint::of_authority(hub(registry)));
    let mut tls = tls(folder, &file.own);
    dockers(folder, &mut tls)?;
    keep(&mut settings.tls, &own.authority, tls);
    for (url, entry) in file.host {
        let entry: Entry = entry.try_into().map_err(|e: toml::de::Error| bad(format!("host {url:?}: {e}")))?;
        let mirror = endpoint(&url, &entry).map_err(|e| bad(e.full()))?;
        keep(&mut settings.tls, &mirror.authority, self::tls(folder, &entry));
        settings.mirrors.push(mirror);
    }
    Ok(settings)
}

fn hub(registry: &str) -> &str {
    if registry == "docker.io" { "registry-1.docker.io" } else { registry }
}

fn keep(all: &mut HashMap<String, Tls>, authority: &str, tls: Tls) {
    if tls != Tls::default() {
        all.insert(authority.to_owned(), tls);
    }
}

fn endpoint(url: &str, entry: &Entry) -> Result<Endpoint> {
    let mut endpoint = Endpoint::parse(url)?;
    if entry.override_path == Some(true) {
        endpoint.prefix.truncate(endpoint.prefix.len() - "/v2".len());
    }
    if let Some(capabilities) = &entry.capabilities {
        let can = |what: &str| capabilities.iter().any(|c| c == what);
        (endpoint.resolves, endpoint.pulls) = (can("resolve"), can("pull"));
    }
    Ok(endpoint)
}

/// Relative paths begin at the registry's folder.
fn tls(folder: &Path, entry: &Entry) -> Tls {
    let place = |path: &PathBuf| folder.join(path);
    let ca = match &entry.ca {
        None => Vec::new(),
        Some(OneOrMore::One(path)) => vec![place(path)],
        Some(OneOrMore::More(paths)) => paths.iter().map(place).collect(),
    };
    let both = |path: &PathBuf| (place(path), place(path));
    let client = match &entry.client {
        None => Vec::new(),
        Some(Client::One(path)) => vec![both(path)],
        Some(Client::More(paths)) => paths.iter().map(both).collect(),
        Some(Client::Pairs(pairs)) => pairs
            .iter()
            .filter_map(|pair| {
                let certificate = pair.first()?;
                Some((
                    place(certificate),
                    place(pair.get(1).filter(|key| !key.as_os_str().is_empty()).unwrap_or(certificate)),
                ))
            })
            .collect(),
    };
    Tls { ca, client, skip_verify: entry.skip_verify == Some(true) }
}

/// Docker's files: every `*.crt` is an authority, every `*.cert` a certificate of ours whose key has the same name.
fn dockers(folder: &Path, tls: &mut Tls) -> Result<()> {
    let failed = |e| Fault::io(format!("read {}", folder.display()), e);
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(failed)?;
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("crt") => tls.ca.push(path),
            Some("cert") => {
                let key = path.with_extension("key");
                if !key.exists() {
                    return Err(Fault::invalid(format!(
                        "cannot use {}: there is no {}",
                        path.display(),
                        key.display()
                    )));
                }
                tls.client.push((path, key));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosts::{Hosts, Table};

    fn table(files: &[(&str, &str)]) -> (tempfile::TempDir, Result<Table>) {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let hosts = Hosts { folders: vec![folder.path().to_owned(), "/nonexistent".into()], ..Hosts::default() };
        (folder, Table::read(hosts))
    }

    #[test]
    fn containerds_file_is_read() {
        let text = "server = 'https://real.example'\nca = 'own.pem'\n\
                    [host.'https://one:5000']\ncapabilities = ['pull']\nca = ['a.pem', '/b.pem']\nclient = [['c.pem', 'k.pem']]\n\
                    [host.'http://two/cache/v2']\noverride_path = true\nskip_verify = true\n";
        let (folder, table) = table(&[("r.example/hosts.toml", text)]);
        let table = table.unwrap();
        assert_eq!(table.registry("r.example").authority, "real.example");
        assert_eq!(table.tls("real.example").unwrap().ca, [folder.path().join("r.example/own.pem")]);
        let [one, two] = table.mirrors("r.example") else { panic!("in their order: {table:?}") };
        assert_eq!((one.resolves, one.pulls, two.resolves, two.pulls), (false, true, true, true));
        assert_eq!((two.scheme, two.prefix.as_str()), (Some("http"), "/cache/v2"));
        let tls = table.tls("one:5000").unwrap();
        assert_eq!(tls.ca[1], PathBuf::from("/b.pem"));
        assert!(tls.client[0].1.ends_with("k.pem") && !tls.skip_verify && table.tls("two").unwrap().skip_verify);
    }

    #[test]
    fn dockers_files_are_read() {
        let files = [("lab:5000/ca.crt", ""), ("lab:5000/client.cert", ""), ("lab:5000/client.key", "")];
        let (folder, table) = table(&files);
        let table = table.unwrap();
        let place = |name: &str| folder.path().join("lab:5000").join(name);
        let tls = table.tls("lab:5000").unwrap();
        assert_eq!(
            (&tls.ca, &tls.client),
            (&vec![place("ca.crt")], &vec![(place("client.cert"), place("client.key"))])
        );
    }

    #[test]
    fn registries_without_a_folder_have_the_default_mirrors() {
        let files = [
            ("_default/hosts.toml", "[host.'http://m']"),
            ("own/hosts.toml", ""),
            ("port_5000_/hosts.toml", "server = 'http://x'"),
        ];
        let (_folder, table) = table(&files);
        let table = table.unwrap();
        assert_eq!(table.mirrors("any.example").len(), 1);
        assert!(table.mirrors("own").is_empty());
        assert_eq!(table.registry("port:5000").authority, "x");
    }

    #[test]
    fn a_file_that_cannot_be_used_is_named() {
        for wrong in ["server = 1", "unknown = 'x'", "[host.'ftp://x']", "not toml", "[host.x]\nca = 3"] {
            let (_folder, table) = table(&[("r/hosts.toml", wrong)]);
            assert!(table.unwrap_err().full().contains("r/hosts.toml"), "{wrong}");
        }
        let (_folder, table) = table(&[("r/client.cert", "")]);
        assert!(table.unwrap_err().full().contains("client.key"));
    }
}
