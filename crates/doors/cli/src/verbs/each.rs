//! Doing the same to several objects.

use futures::StreamExt;

use crate::error::{Error, Result};
use crate::output;

/// How many at once.
const AT_ONCE: usize = 50;

/// Acts on each name, several at once; prints in their order what each returns, and complaints to stderr. Fails if any failed;
/// `Silent(0)` is no failure, and nothing to print.
pub(crate) async fn each(names: &[String], act: impl AsyncFn(String) -> Result<String>) -> Result<u8> {
    let acts = names.iter().cloned().map(|name| act(name));
    let mut results = futures::stream::iter(acts).buffered(AT_ONCE);
    let mut failed = false;
    while let Some(result) = results.next().await {
        match result {
            Ok(text) => output::line(text)?,
            Err(error) => {
                error.report();
                failed |= error.code() != 0;
            }
        }
    }
    if failed { Err(Error::Silent(1)) } else { Ok(0) }
}
