//! Where passwords and tokens go, and where they do not.

use knarr_model::Kind;
use knarr_transfer::{Credentials, Secret};

use crate::server::{Hostile, Sample, Store, answer, client, pull, request};

fn ann() -> Credentials {
    Credentials::Basic { user: "ann".into(), password: Secret::new("hunter2") }
}

/// `ann:hunter2` in basic authentication.
const ANN: &str = "Basic YW5uOmh1bnRlcjI=";

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_sent_only_when_asked_for() {
    let image = Sample::new(b"layer".to_vec());
    let guarded = image.clone();
    let server = Hostile::start(move |_, request, _| match request.header("authorization").as_deref() {
        Some(ANN) => guarded.honest(request),
        _ => answer("401 Unauthorized", &[("WWW-Authenticate", "Basic realm=\"x\"")], b""),
    });
    let store = Store::new();
    let error = pull(&store, &request(server.image())).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unauthorized);
    assert!(error.full().starts_with("unauthorized: authentication required"), "{error:?}");
    let mut wish = request(server.image());
    wish.credentials = ann();
    pull(&store, &wish).await.unwrap();
    let first = &server.requests("manifests")[0];
    assert_eq!(first.header("authorization"), None);
    wish.credentials = Credentials::Basic { user: "ann".into(), password: Secret::new("wrong") };
    assert_eq!(pull(&Store::new(), &wish).await.unwrap_err().kind(), Kind::Unauthorized);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_to_another_origin_gets_no_credentials() {
    let image = Sample::new(b"layer".to_vec());
    let (origin, elsewhere) = (image.clone(), image.clone());
    let thief = Hostile::start(move |_, request, _| elsewhere.honest(request));
    let other = thief.addr;
    let server = Hostile::start(move |_, request, _| {
        if request.header("authorization").as_deref() != Some(ANN) {
            return answer("401 Unauthorized", &[("WWW-Authenticate", "Basic realm=\"x\"")], b"");
        }
        match origin.is_layer(request) {
            true => {
                answer("307 Temporary Redirect", &[("Location", &format!("http://{other}{}", request.path()))], b"")
            }
            false => origin.honest(request),
        }
    });
    let store = Store::new();
    let mut wish = request(server.image());
    wish.credentials = ann();
    pull(&store, &wish).await.unwrap();
    assert!(store.has(&image.layer));
    let stolen = thief.requests("blobs");
    assert_eq!(stolen.len(), 1);
    assert_eq!(stolen[0].header("authorization"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_do_not_go_on_for_ever() {
    let server = Hostile::start(|addr, request, _| {
        answer("302 Found", &[("Location", &format!("http://{addr}{}", request.path()))], b"")
    });
    let error = pull(&Store::new(), &request(server.image())).await.unwrap_err();
    assert!(error.full().contains("too many redirects"), "{error:?}");
    assert!(server.requests("manifests").len() <= 6);
}

/// Wants a bearer token from a token service at `/token`.
fn with_tokens(image: &Sample, realm: &'static str) -> Hostile {
    let image = image.clone();
    Hostile::start(move |addr, request, _| {
        if request.path().starts_with("/token") {
            return answer("200 OK", &[], br#"{"token":"let-me-in","expires_in":300}"#);
        }
        if request.header("authorization").as_deref() == Some("Bearer let-me-in") {
            return image.honest(request);
        }
        let realm = realm.replace("OWN", &addr.to_string());
        let challenge = format!(r#"Bearer realm="{realm}",service="test",scope="repository:a:pull""#);
        answer("401 Unauthorized", &[("WWW-Authenticate", &challenge)], b"")
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_fetched_once_and_shown_to_the_registry_only() {
    let image = Sample::new(b"layer".to_vec());
    let server = with_tokens(&image, "http://OWN/token");
    let store = Store::new();
    let mut wish = request(server.image());
    wish.credentials = ann();
    pull(&store, &wish).await.unwrap();
    let asked = server.requests("/token");
    assert_eq!(asked.len(), 1, "a token is used again");
    assert_eq!(asked[0].path(), "/token?account=ann&service=test&scope=repository%3Aa%3Apull");
    assert_eq!(asked[0].header("authorization").as_deref(), Some(ANN));
    let password = server.requests("/v2/").iter().any(|r| r.header("authorization").as_deref() == Some(ANN));
    assert!(!password, "the registry itself does not see the password");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_is_exchanged() {
    let server = with_tokens(&Sample::new(b"layer".to_vec()), "http://OWN/token");
    let mut wish = request(server.image());
    wish.credentials = Credentials::Identity(Secret::new("refresh"));
    pull(&Store::new(), &wish).await.unwrap();
    assert!(server.requests("/token")[0].line.starts_with("POST /token "));
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_do_not_leave_tls_for_another_host() {
    let server = with_tokens(&Sample::new(b"layer".to_vec()), "http://192.0.2.1/token");
    let mut wish = request(server.image());
    wish.credentials = ann();
    let error = pull(&Store::new(), &wish).await.unwrap_err();
    assert!(error.full().contains("192.0.2.1, which is refused"), "{error:?}");
    assert!(!error.full().contains("hunter2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_always_says_401_is_not_asked_for_ever() {
    let server = Hostile::start(|addr, request, _| {
        if request.path().starts_with("/token") {
            return answer("200 OK", &[], br#"{"token":"never-right"}"#);
        }
        let challenge = format!(r#"Bearer realm="http://{addr}/token",service="test""#);
        answer("401 Unauthorized", &[("WWW-Authenticate", &challenge)], b"")
    });
    let error = pull(&Store::new(), &request(server.image())).await.unwrap_err();
    assert!(error.full().contains("pull access denied"), "{error:?}");
    assert_eq!(server.requests("manifests").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn login_tells_right_from_wrong() {
    let server = Hostile::start(|_, request, _| match request.header("authorization").as_deref() {
        Some(ANN) => answer("200 OK", &[], b"{}"),
        _ => answer("401 Unauthorized", &[("WWW-Authenticate", "Basic realm=\"x\"")], b""),
    });
    let domain = server.addr.to_string();
    client().login(&domain, &ann()).await.unwrap();
    let wrong = Credentials::Basic { user: "ann".into(), password: Secret::new("wrong") };
    assert_eq!(client().login(&domain, &wrong).await.unwrap_err().kind(), Kind::Unauthorized);
}

/// Signed addresses are secrets too: an error names them without their query.
#[tokio::test(flavor = "multi_thread")]
async fn a_signed_address_is_not_told() {
    let image = Sample::new(b"layer".to_vec());
    for answered in [b"".to_vec(), answer("403 Forbidden", &[], b""), answer("307 Temporary Redirect", &[], b"")] {
        let storage = Hostile::start(move |_, _, _| answered.clone());
        let (origin, other) = (image.clone(), storage.addr);
        let server = Hostile::start(move |_, request, _| match origin.is_layer(request) {
            true => {
                answer("307 Temporary Redirect", &[("Location", &format!("http://{other}/b?signature=canary"))], b"")
            }
            false => origin.honest(request),
        });
        let error = pull(&Store::new(), &request(server.image())).await.unwrap_err();
        assert!(!storage.requests("canary").is_empty());
        assert!(!format!("{error:?} {}", error.full()).contains("canary"), "{error:?}");
    }
}

/// A layer's `urls` are somebody else's addresses: they are not asked.
#[tokio::test(flavor = "multi_thread")]
async fn urls_of_a_layer_are_not_followed() {
    let thief = Hostile::start(|_, _, _| answer("200 OK", &[], b"layer"));
    let mut image = Sample::new(b"layer".to_vec());
    let mut manifest: serde_json::Value = serde_json::from_slice(&image.manifest).unwrap();
    manifest["layers"][0]["urls"] = serde_json::json!([format!("http://{}/layer", thief.addr)]);
    image.manifest = manifest.to_string().into_bytes();
    let lacking = image.clone();
    let server = Hostile::start(move |_, request, _| match lacking.is_layer(request) {
        true => answer("404 Not Found", &[], b"{}"),
        false => lacking.honest(request),
    });
    pull(&Store::new(), &request(server.image())).await.unwrap_err();
    assert_eq!(server.requests("blobs").iter().filter(|request| image.is_layer(request)).count(), 1);
    assert!(thief.requests("").is_empty());
}
