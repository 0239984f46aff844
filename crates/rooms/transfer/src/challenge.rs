//! `WWW-Authenticate` (RFC 9110, 11.6.1). Pure.

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

/// What a registry wants before it lets anybody in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// User and password.
    Basic,
    /// A token from the service at `realm`.
    Bearer {
        /// The token service's address.
        realm: String,
        /// Its name for the registry.
        service: Option<String>,
        /// What the token must allow.
        scope: Option<String>,
    },
}

impl Challenge {
    /// The challenge to answer: a bearer one before a basic one, as Docker chooses.
    pub(crate) fn choose(headers: &HeaderMap) -> Option<Self> {
        let texts = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let found: Vec<Self> = texts.filter_map(Self::parse).collect();
        found.iter().find(|c| **c != Self::Basic).or(found.first()).cloned()
    }

    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let parameters = parameters(rest);
        let get =
            |name: &str| parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, v)| v.clone());
        Some(Self::Bearer { realm: get("realm")?, service: get("service"), scope: get("scope") })
    }
}

/// `key="quoted \" value",key=token`
fn parameters(mut text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    while let Some((key, rest)) = text.split_once('=') {
        let key = key.trim_matches([' ', ',', '\t']).to_owned();
        let (value, rest) = match rest.trim_start().strip_prefix('"') {
            Some(quoted) => quoted_value(quoted),
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                (rest[..end].trim().to_owned(), &rest[end..])
            }
        };
        found.push((key, value));
        text = rest;
    }
    found
}

/// The value up to its closing quote, and what follows it.
fn quoted_value(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            c => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(texts: &[&str]) -> Option<Challenge> {
        Challenge::choose(&texts.iter().map(|t| (WWW_AUTHENTICATE, t.parse().unwrap())).collect())
    }

    #[test]
    fn challenges_are_read() {
        let hub = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push""#;
        let bearer = Challenge::Bearer {
            realm: "https://auth.docker.io/token".into(),
            service: Some("registry.docker.io".into()),
            scope: Some("repository:a/b:pull,push".into()),
        };
        assert_eq!(choose(&[hub]), Some(bearer.clone()));
        assert_eq!(choose(&["Basic realm=\"x\"", hub]), Some(bearer));
        assert_eq!(choose(&["basic"]), Some(Challenge::Basic));
        assert_eq!(choose(&["Negotiate", "Bearer service=x"]), None);
        let odd = choose(&[r#"bearer service = s , realm="a\"b"#]);
        assert_eq!(odd, Some(Challenge::Bearer { realm: "a\"b".into(), service: Some("s".into()), scope: None }));
    }
}
