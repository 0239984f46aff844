//! What a build says, on its way to the client.

use knarr_build::Event;
use knarr_build::ports::Report;
use tokio::sync::mpsc;

/// Sends texts to the client; its channel is bounded, so a slow client slows its own build. A client that is gone cancels it.
#[derive(Clone)]
pub(super) struct Teller {
    out: mpsc::Sender<String>,
}

impl Teller {
    pub(super) fn new(out: mpsc::Sender<String>) -> Self {
        Self { out }
    }

    /// Sends a text from asynchronous work.
    pub(super) async fn tell(&self, text: String) {
        // A client that is gone is noticed by whoever waits for it.
        let _ = self.out.send(text).await;
    }

    /// Sends a text that may be lost where the client is slow.
    pub(super) fn mention(&self, text: String) {
        let _ = self.out.try_send(text);
    }

    /// Ends when the client is gone.
    pub(super) async fn gone(&self) {
        self.out.closed().await;
    }
}

/// For the solver's own thread, which may wait.
impl Report for Teller {
    fn event(&self, event: Event<'_>) {
        let _ = self.out.blocking_send(event.to_string());
    }

    fn cancelled(&self) -> bool {
        self.out.is_closed()
    }
}

/// Bytes to text, where a character may be cut by the end of a piece.
#[derive(Default)]
pub(super) struct Decoder {
    /// The beginning of a character whose end has not come yet: at most three bytes.
    rest: Vec<u8>,
}

impl Decoder {
    /// The text of the next piece. What is not UTF-8 becomes U+FFFD.
    pub(super) fn text(&mut self, bytes: &[u8]) -> String {
        let mut all = std::mem::take(&mut self.rest);
        all.extend_from_slice(bytes);
        let cut = all.len() - unfinished(&all);
        self.rest = all.split_off(cut);
        String::from_utf8_lossy(&all).into_owned()
    }
}

/// How many bytes at the end begin a character without ending it.
fn unfinished(bytes: &[u8]) -> usize {
    let tail = bytes.len().saturating_sub(3);
    let start = bytes[tail..].iter().rposition(|byte| byte & 0xc0 != 0x80).map(|at| tail + at);
    let Some(start) = start else { return 0 };
    let wanted = match bytes[start] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    let have = bytes.len() - start;
    if have < wanted { have } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_characters_are_joined() {
        let text = "aé日𝄞!";
        for cut in 0..=text.len() {
            let mut decoder = Decoder::default();
            let (first, second) = text.as_bytes().split_at(cut);
            assert_eq!(decoder.text(first) + &decoder.text(second), text, "{cut}");
        }
        let mut decoder = Decoder::default();
        assert_eq!(decoder.text(b"\xff\x80x"), "\u{fffd}\u{fffd}x");
    }

    #[test]
    fn a_client_that_is_gone_cancels() {
        let (sender, receiver) = mpsc::channel(1);
        let teller = Teller::new(sender);
        teller.mention("a".into());
        teller.mention("lost".into());
        assert!(!teller.cancelled());
        drop(receiver);
        assert!(teller.cancelled());
        teller.event(Event::Cached);
    }
}
