//! `ADD` of a URL.

use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{LAST_MODIFIED, LOCATION, USER_AGENT};
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use knarr_model::{Fault, Kind, Result};

/// Redirects that are followed.
const REDIRECTS: usize = 10;
/// The largest download, in bytes.
const LIMIT: u64 = 16 << 30;
/// A server that sends nothing for this long is given up.
const SILENCE: Duration = Duration::from_secs(60);

/// Downloads `url` into `file`; says when the server says it changed, in seconds since 1970.
pub(super) async fn fetch(url: &str, file: &mut File) -> Result<Option<i64>> {
    let client = Client::builder(TokioExecutor::new()).build(connector()?);
    let mut uri: Uri = url.parse().map_err(|e| Fault::invalid(format!("{url} is not a URL")).because(e))?;
    for _ in 0..=REDIRECTS {
        let response = request(&client, &uri).await?;
        match response.status() {
            StatusCode::OK => return receive(response, file, url).await,
            status if status.is_redirection() => uri = target(&uri, &response)?,
            status => return Err(Fault::invalid(format!("cannot download {url}: the server answers {status}"))),
        }
    }
    Err(Fault::invalid(format!("cannot download {url}: more than {REDIRECTS} redirects")))
}

fn connector() -> Result<HttpsConnector<HttpConnector>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|e| Fault::internal("cannot set up TLS").because(e))?;
    let config = config.with_root_certificates(roots).with_no_client_auth();
    Ok(hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().build())
}

async fn request(
    client: &Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
    uri: &Uri,
) -> Result<Response<Incoming>> {
    let agent = concat!("knarr/", env!("CARGO_PKG_VERSION"));
    let request = Request::get(uri.clone()).header(USER_AGENT, agent).body(Empty::new());
    let request = request.map_err(|e| Fault::invalid(format!("{uri} is not a URL")).because(e))?;
    match tokio::time::timeout(SILENCE, client.request(request)).await {
        Ok(response) => response.map_err(|e| unavailable(uri, "the server cannot be reached").because(e)),
        Err(_) => Err(unavailable(uri, "the server does not answer")),
    }
}

/// Where a redirect leads; only to HTTP and HTTPS.
fn target(from: &Uri, response: &Response<Incoming>) -> Result<Uri> {
    let bad = || unavailable(from, "the server sends a redirect to no place");
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok()).ok_or_else(bad)?;
    let absolute = match location.strip_prefix('/') {
        Some(_) => format!("{}://{}{location}", from.scheme_str().unwrap_or("http"), from.authority().ok_or_else(bad)?),
        None => location.to_owned(),
    };
    let uri: Uri = absolute.parse().map_err(|_| bad())?;
    if matches!(uri.scheme_str(), Some("http" | "https")) { Ok(uri) } else { Err(bad()) }
}

async fn receive(mut response: Response<Incoming>, file: &mut File, url: &str) -> Result<Option<i64>> {
    let uri: Uri = url.parse().unwrap_or_default();
    let modified = response.headers().get(LAST_MODIFIED).and_then(|value| value.to_str().ok()).and_then(seconds);
    let mut size: u64 = 0;
    loop {
        let frame = match tokio::time::timeout(SILENCE, response.frame()).await {
            Err(_) => return Err(unavailable(&uri, "the server sends nothing any more")),
            Ok(None) => return Ok(modified),
            Ok(Some(frame)) => frame.map_err(|e| unavailable(&uri, "the line broke").because(e))?,
        };
        let Ok(data) = frame.into_data() else { continue };
        size += data.len() as u64;
        if size > LIMIT {
            return Err(Fault::new(Kind::TooLarge, format!("cannot download {url}: it has more than {LIMIT} bytes")));
        }
        file.write_all(&data).map_err(|e| Fault::io(format!("keep what is downloaded from {url}"), e))?;
    }
}

/// An HTTP date (RFC 9110, 5.6.7).
fn seconds(date: &str) -> Option<i64> {
    jiff::fmt::rfc2822::parse(date).ok().map(|zoned| zoned.timestamp().as_second())
}

fn unavailable(uri: &Uri, reason: &str) -> Fault {
    Fault::new(Kind::Unavailable, format!("cannot download {uri}: {reason}"))
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Seek as _};

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// A server that answers each connection with the next of these texts.
    async fn server(answers: Vec<String>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0, "the request ends early");
                }
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        format!("http://{address}")
    }

    #[tokio::test]
    async fn redirects_are_followed_and_times_kept() {
        let moved = "HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        let here = "HTTP/1.1 200 OK\r\nLast-Modified: Wed, 21 Oct 2015 07:28:00 GMT\r\nContent-Length: 4\r\nConnection: close\r\n\r\ntext";
        let url = server(vec![moved.into(), here.into()]).await;
        let mut file = tempfile::tempfile().unwrap();
        assert_eq!(fetch(&url, &mut file).await.unwrap(), Some(1_445_412_480));
        file.rewind().unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "text");
    }

    #[tokio::test]
    async fn failures_name_the_url() {
        let mut file = tempfile::tempfile().unwrap();
        let url = server(vec!["HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".into()]).await;
        let error = fetch(&url, &mut file).await.unwrap_err().full();
        assert_eq!(error, format!("cannot download {url}: the server answers 404 Not Found"));
        let url =
            server(vec!["HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n".into()])
                .await;
        assert!(fetch(&url, &mut file).await.unwrap_err().full().contains("a redirect to no place"));
        let url = server(vec!["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut".into()]).await;
        assert!(fetch(&url, &mut file).await.unwrap_err().full().contains("the line broke"));
    }
}
