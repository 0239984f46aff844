//! Whom the hosts table believes, and to whom it shows a certificate.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex};

use knarr_tls::Identity;
use knarr_transfer::{Client, Credentials, Hosts};
use rcgen::{CertificateParams, KeyPair};

use crate::server::patience;

/// A server that lets nobody in without a certificate of `clients`' authority, and keeps the heads of requests.
fn server(own: &Identity, clients: &Path) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let settings = Arc::new(knarr_tls::server(own, Some(clients)).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (addr, seen) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<String>>>::default());
    let log = Arc::clone(&seen);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = rustls::ServerConnection::new(Arc::clone(&settings)).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, stream);
            let mut head = [0; 4096];
            let Ok(n @ 1..) = stream.read(&mut head) else { continue };
            log.lock().unwrap().push(String::from_utf8_lossy(&head[..n]).into_owned());
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    (addr, seen)
}

/// A self-signed certificate for `name` in `folder`.
fn identity(folder: &Path, name: &str) -> Identity {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().self_signed(&key).unwrap();
    let identity = Identity { certificate: folder.join(format!("{name}.pem")), key: folder.join(format!("{name}.k")) };
    std::fs::write(&identity.certificate, certificate.pem()).unwrap();
    std::fs::write(&identity.key, key.serialize_pem()).unwrap();
    identity
}

fn client(folder: &Path) -> Client {
    let hosts = Hosts { folders: vec![folder.to_owned()], ..Hosts::default() };
    Client::with_patience(hosts, patience()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registrys_folder_says_whom_to_believe_and_what_to_show() {
    let files = tempfile::tempdir().unwrap();
    let (own, ann, eve) =
        (identity(files.path(), "localhost"), identity(files.path(), "ann"), identity(files.path(), "eve"));
    let (addr, seen) = server(&own, &ann.certificate);
    let domain = format!("localhost:{}", addr.port());
    let tables = tempfile::tempdir().unwrap();
    let login = async |name: &str, files: &[(&str, &Path)], toml: &str| {
        let folder = tables.path().join(name).join(&domain);
        std::fs::create_dir_all(&folder).unwrap();
        for (name, from) in files {
            std::fs::copy(from, folder.join(name)).unwrap();
        }
        std::fs::write(folder.join("hosts.toml"), toml).unwrap();
        client(&tables.path().join(name)).login(&domain, &Credentials::Anonymous).await
    };
    let (ca, cert, key) = (("ca.crt", &*own.certificate), ("a.cert", &*ann.certificate), ("a.key", &*ann.key));
    let unknown = login("none", &[], "").await.unwrap_err();
    assert!(unknown.full().contains("failed to verify certificate"), "{unknown:?}");
    login("believes", &[ca], "").await.unwrap_err();
    let wrong = [ca, ("a.cert", &*eve.certificate), ("a.key", &*eve.key)];
    login("wrong", &wrong, "").await.unwrap_err();
    assert!(seen.lock().unwrap().is_empty(), "nobody came in yet");
    login("dockers", &[ca, cert, key], "").await.unwrap();
    let toml = format!("ca = {:?}\nclient = [[{:?}, {:?}]]", own.certificate, ann.certificate, ann.key);
    login("containerds", &[], &toml).await.unwrap();
    let toml = format!("skip_verify = true\nclient = [[{:?}, {:?}]]", ann.certificate, ann.key);
    login("blind", &[], &toml.replace("skip_verify = true\n", "")).await.unwrap_err();
    login("blind", &[], &toml).await.unwrap();
    assert_eq!(seen.lock().unwrap().iter().filter(|head| head.starts_with("GET /v2/ ")).count(), 6);
}
