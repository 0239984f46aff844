//! Daemons that are asked before registries.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use knarr_engine::{Credentials, Peer, Secret};

/// Reads `HOST[:PORT]=FILE`s, and the tokens in the files.
pub fn peers(texts: &[String]) -> Result<Vec<Peer>> {
    texts.iter().map(|text| peer(text)).collect()
}

fn peer(text: &str) -> Result<Peer> {
    let Some((host, file)) = text.split_once('=').filter(|(host, file)| !host.is_empty() && !file.is_empty()) else {
        bail!(
            "invalid peer {text:?}: expected HOST[:PORT]=FILE, the file with the token that `knarr share enable` printed there"
        );
    };
    let token = token(Path::new(file)).with_context(|| format!("cannot use the token of peer {host} in {file}"))?;
    Ok(Peer { host: host.to_owned(), credentials: Credentials::Bearer(token) })
}

fn token(file: &Path) -> Result<Secret> {
    let text = std::fs::read_to_string(file)?;
    let token = text.trim();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        bail!("it is not one word");
    }
    Ok(Secret::new(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_a_host_and_the_file_of_its_token() {
        let file = std::env::temp_dir().join(format!("knarr-peer-{}", std::process::id()));
        std::fs::write(&file, "0123\n").unwrap();
        let found = peers(&[format!("box.lan:5443={}", file.display())]);
        std::fs::write(&file, "two words").unwrap();
        let wrong = peers(&[format!("box.lan={}", file.display())]).unwrap_err();
        std::fs::remove_file(&file).unwrap();
        let known = Peer { host: "box.lan:5443".into(), credentials: Credentials::Bearer(Secret::new("0123")) };
        assert_eq!(found.unwrap(), [known]);
        assert!(format!("{wrong:#}").contains("box.lan") && !format!("{wrong:#}").contains("two words"));
        for wrong in ["box.lan", "=file", "box.lan=", "box.lan=/nowhere"] {
            assert!(peers(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }
}
