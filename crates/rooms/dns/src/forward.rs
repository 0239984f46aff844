//! Asking others, from the namespace of the calling process.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::PORT;
use crate::message::Question;

/// How long one server may take: resolvers of clients wait for five seconds.
const PATIENCE: Duration = Duration::from_secs(2);
/// The longest datagram of a question or an answer.
pub(crate) const DATAGRAM: usize = 4096;

/// The first server's answer, as it came.
pub(crate) async fn datagram(message: &[u8], servers: &[IpAddr]) -> Option<Vec<u8>> {
    let question = Question::parse(message)?;
    for server in servers {
        if let Ok(Ok(answer)) = timeout(PATIENCE, one_datagram(message, &question, *server)).await {
            return Some(answer);
        }
    }
    None
}

async fn one_datagram(message: &[u8], question: &Question<'_>, server: IpAddr) -> io::Result<Vec<u8>> {
    let own: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    // A port of its own for every question: what is not an answer to it must guess both.
    let socket = UdpSocket::bind(SocketAddr::new(own, 0)).await?;
    socket.connect(SocketAddr::new(server, PORT)).await?;
    socket.send(message).await?;
    let mut buffer = vec![0; DATAGRAM];
    loop {
        let length = socket.recv(&mut buffer).await?;
        if question.is_answered_by(&buffer[..length]) {
            buffer.truncate(length);
            return Ok(buffer);
        }
    }
}

/// The same over a stream.
pub(crate) async fn stream(message: &[u8], servers: &[IpAddr]) -> Option<Vec<u8>> {
    for server in servers {
        if let Ok(Ok(answer)) = timeout(PATIENCE, one_stream(message, *server)).await {
            return Some(answer);
        }
    }
    None
}

async fn one_stream(message: &[u8], server: IpAddr) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(SocketAddr::new(server, PORT)).await?;
    write(&mut stream, message).await?;
    read(&mut stream).await
}

/// A message of a stream: two bytes of length go before it.
pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut message = vec![0; stream.read_u16().await?.into()];
    stream.read_exact(&mut message).await?;
    Ok(message)
}

/// Writes a message to a stream.
pub(crate) async fn write(stream: &mut (impl AsyncWrite + Unpin), message: &[u8]) -> io::Result<()> {
    let length = u16::try_from(message.len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes()[..], message].concat()).await
}
