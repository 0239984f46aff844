//! A registry that wants bearer tokens.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};

use anyhow::Result;

/// `ada:lovelace` in basic authentication.
const ADA: &str = "Basic YWRhOmxvdmVsYWNl";
const TOKEN: &str = "a-token-of-adas";

/// Stands before a registry and lets in who shows a token; its token service at `/token` gives one for ada's password `lovelace`.
pub struct Gate {
    address: SocketAddr,
}

impl Gate {
    /// Starts one before the registry at `target`.
    pub fn start(target: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (address, target) = (listener.local_addr()?, target.to_owned());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let target = target.clone();
                // A connection that breaks is its client's business.
                std::thread::spawn(move || drop(answer(client, address, &target)));
            }
        });
        Ok(Self { address })
    }

    /// `HOST:PORT`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }
}

/// One request a connection.
fn answer(mut client: TcpStream, own: SocketAddr, target: &str) -> Result<()> {
    let Some(head) = head(&mut client)? else {
        // TLS was tried first.
        return Ok(client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")?);
    };
    let shown = head.lines().find_map(|line| line.to_lowercase().starts_with("authorization:").then(|| &line[14..]));
    let shown = shown.map_or("", str::trim);
    let path = head.split(' ').nth(1).unwrap_or_default();
    if path.starts_with("/token") {
        let body = format!("{{\"token\":\"{TOKEN}\",\"expires_in\":300}}");
        let (status, body) = if shown == ADA { ("200 OK", body.as_str()) } else { ("401 Unauthorized", "{}") };
        return say(&mut client, status, "", body);
    }
    if shown != format!("Bearer {TOKEN}") {
        let challenge = format!("WWW-Authenticate: Bearer realm=\"http://{own}/token\",service=\"gate\"\r\n");
        return say(&mut client, "401 Unauthorized", &challenge, "{}");
    }
    let mut registry = TcpStream::connect(target)?;
    let (line, rest) = head.split_once("\r\n").unwrap_or((&head, ""));
    write!(registry, "{line}\r\nConnection: close\r\n{rest}")?;
    let (mut from, mut to) = (client.try_clone()?, registry.try_clone()?);
    std::thread::spawn(move || std::io::copy(&mut from, &mut to));
    std::io::copy(&mut registry, &mut client)?;
    Ok(client.shutdown(Shutdown::Both)?)
}

fn say(client: &mut TcpStream, status: &str, headers: &str, body: &str) -> Result<()> {
    let length = body.len();
    Ok(write!(client, "HTTP/1.1 {status}\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}")?)
}

/// A request's head; none of what is not HTTP.
pub(crate) fn head(client: &mut TcpStream) -> Result<Option<String>> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        if client.read(&mut byte)? == 0 || (head.is_empty() && byte[0] == 0x16) {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    Ok(Some(String::from_utf8(head)?))
}
