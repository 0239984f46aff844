//! Our stdin to the connection.

use tokio::io::{AsyncReadExt, AsyncWriteExt, WriteHalf};

use super::Ended;
use crate::client::Hijacked;
use crate::error::{Error, Result};
use crate::terminal::{DetachKeys, Scanned};

/// Sends stdin until its end, and then closes our half of the connection only. Without `wanted` it just keeps the connection open.
pub(super) async fn send_stdin(
    mut writer: WriteHalf<Hijacked>,
    mut keys: Option<DetachKeys>,
    wanted: bool,
) -> Result<Ended> {
    if !wanted {
        return std::future::pending().await;
    }
    let mut stdin = tokio::io::stdin();
    let mut buffer = vec![0; 32 * 1024];
    loop {
        let length = stdin.read(&mut buffer).await.map_err(|e| Error::io("read stdin", e))?;
        if length == 0 {
            break;
        }
        let scanned = match &mut keys {
            Some(keys) => keys.scan(&buffer[..length]),
            None => Scanned::Pass(buffer[..length].to_vec()),
        };
        let (data, detach) = match scanned {
            Scanned::Pass(data) => (data, false),
            Scanned::Detach(data) => (data, true),
        };
        // The container may have closed its stdin, or have ended; its output tells.
        if writer.write_all(&data).await.is_err() {
            return Ok(Ended::Closed);
        }
        if detach {
            return Ok(Ended::Detached);
        }
    }
    let _ = writer.shutdown().await;
    Ok(Ended::Closed)
}
