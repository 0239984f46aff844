//! `wait`, and waiting for the end of a container that `run` and `start` attach to.

use http_body_util::BodyExt;
use hyper::body::Incoming;
use knarr_api::container::WaitResponse;

use super::each::each;
use crate::client::{Call, Client};
use crate::error::{Error, Result};

/// Wait until containers stop, and print their exit codes
#[derive(Debug, clap::Args)]
#[command(override_usage = "CONTAINER [CONTAINER...]")]
pub(crate) struct Args {
    /// Names or ids
    #[arg(value_name = "CONTAINER", required = true)]
    containers: Vec<String>,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        each(&self.containers, async |id| {
            let answer: WaitResponse = client.json(Call::post(&["containers", &id, "wait"])).await?;
            match answer.error.filter(|error| !error.message.is_empty()) {
                Some(error) => Err(Error::invalid(error.message)),
                None => Ok(answer.status_code.to_string()),
            }
        })
        .await
    }
}

/// The daemon is waiting for us already.
pub(super) struct Waiting(Incoming);

/// Begins to wait: when this returns, no end can be missed.
pub(super) async fn begin(client: &Client, id: &str, condition: &str) -> Result<Waiting> {
    let response = client.send(Call::post(&["containers", id, "wait"]).query("condition", condition)).await?;
    Ok(Waiting(response.into_body()))
}

impl Waiting {
    /// Waits for the end.
    pub(super) async fn end(self) -> Result<WaitResponse> {
        let broken = |cause: String| Error::Answer { operation: "wait for the container".into(), cause };
        let body = self.0.collect().await.map_err(|e| broken(e.to_string()))?.to_bytes();
        serde_json::from_slice(&body).map_err(|e| broken(e.to_string()))
    }
}
