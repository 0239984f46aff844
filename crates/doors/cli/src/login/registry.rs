//! Under which name a registry's credentials are kept.

use knarr_model::Reference;

/// Docker Hub's name in the file.
pub(crate) const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// The name for what a user typed at `login`.
pub(crate) fn key_of(server: &str) -> String {
    let host = bare(server);
    if is_hub(host) { DOCKER_HUB.to_owned() } else { host.to_owned() }
}

/// The name for the registry of an image; none where it is no reference.
pub(crate) fn key_of_reference(image: &str) -> Option<String> {
    let reference: Reference = image.parse().ok()?;
    Some(key_of(reference.domain()))
}

/// Whether two names mean the same registry: old files have `https://host/v1/` for `host`.
pub(crate) fn same_registry(left: &str, right: &str) -> bool {
    bare(left) == bare(right) || (is_hub(bare(left)) && is_hub(bare(right)))
}

fn bare(server: &str) -> &str {
    let rest = server.strip_prefix("https://").or_else(|| server.strip_prefix("http://")).unwrap_or(server);
    rest.split('/').next().unwrap_or(rest)
}

fn is_hub(host: &str) -> bool {
    matches!(host, "" | "docker.io" | "index.docker.io" | "registry-1.docker.io")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(key_of("docker.io"), DOCKER_HUB);
        assert_eq!(key_of("https://r.example:5000/v2/"), "r.example:5000");
        assert_eq!(key_of_reference("debian").unwrap(), DOCKER_HUB);
        assert_eq!(key_of_reference("r.example:5000/a/b:1").unwrap(), "r.example:5000");
        assert!(same_registry("https://r.example/v1/", "r.example"));
        assert!(!same_registry("r.example", "r.example.evil"));
    }
}
