//! `update`.

use knarr_api::container::{RestartPolicy, UpdateRequest, UpdateResponse};

use super::each::each;
use crate::client::{Call, Client};
use crate::error::{Error, Result};
use crate::output;
use crate::spec;

/// Change the limits of containers
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] CONTAINER [CONTAINER...]")]
pub(crate) struct Args {
    /// Relative weight of block input and output, 10 to 1000
    #[arg(long, value_name = "N", default_value_t)]
    blkio_weight: u16,
    /// Length of a CPU period in microseconds
    #[arg(long, value_name = "N", default_value_t)]
    cpu_period: i64,
    /// Microseconds of CPU in a period
    #[arg(long, value_name = "N", default_value_t)]
    cpu_quota: i64,
    /// Length of a real-time period in microseconds
    #[arg(long, value_name = "N", default_value_t)]
    cpu_rt_period: i64,
    /// Microseconds of real-time CPU in a period
    #[arg(long, value_name = "N", default_value_t)]
    cpu_rt_runtime: i64,
    /// Relative weight of CPU time
    #[arg(short, long, value_name = "N", default_value_t)]
    cpu_shares: i64,
    /// Number of CPUs, for example 1.5
    #[arg(long, value_name = "N", value_parser = spec::cpus)]
    cpus: Option<i64>,
    /// CPUs it may run on
    #[arg(long, value_name = "LIST", default_value_t)]
    cpuset_cpus: String,
    /// Memory nodes it may use
    #[arg(long, value_name = "LIST", default_value_t)]
    cpuset_mems: String,
    /// Memory limit, for example 512m
    #[arg(short, long, value_name = "BYTES", value_parser = spec::size)]
    memory: Option<i64>,
    /// Soft memory limit
    #[arg(long, value_name = "BYTES", value_parser = spec::size)]
    memory_reservation: Option<i64>,
    /// Limit of memory and swap together; -1: no limit
    #[arg(long, value_name = "BYTES", value_parser = spec::size_or_unlimited)]
    memory_swap: Option<i64>,
    /// Limit of processes; -1: no limit
    #[arg(long, value_name = "N")]
    pids_limit: Option<i64>,
    /// When to start it again: no, on-failure, on-failure:N, always, unless-stopped
    #[arg(long, value_name = "POLICY", value_parser = spec::restart_policy)]
    restart: Option<RestartPolicy>,
    /// Names or ids
    #[arg(value_name = "CONTAINER", required = true)]
    containers: Vec<String>,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let request = self.request();
        if request == UpdateRequest::default() {
            return Err(Error::invalid("you must provide one or more flags when using this command"));
        }
        each(&self.containers, async |id| {
            let answer: UpdateResponse = client.json(Call::post(&["containers", &id, "update"]).body(&request)).await?;
            answer.warnings.iter().for_each(|warning| output::complain(format!("WARNING: {warning}")));
            Ok(id)
        })
        .await
    }

    fn request(&self) -> UpdateRequest {
        UpdateRequest {
            blkio_weight: self.blkio_weight,
            cpu_period: self.cpu_period,
            cpu_quota: self.cpu_quota,
            cpu_realtime_period: self.cpu_rt_period,
            cpu_realtime_runtime: self.cpu_rt_runtime,
            cpu_shares: self.cpu_shares,
            nano_cpus: self.cpus.unwrap_or_default(),
            cpuset_cpus: self.cpuset_cpus.clone(),
            cpuset_mems: self.cpuset_mems.clone(),
            memory: self.memory.unwrap_or_default(),
            memory_reservation: self.memory_reservation.unwrap_or_default(),
            memory_swap: self.memory_swap.unwrap_or_default(),
            pids_limit: self.pids_limit,
            restart_policy: self.restart.clone().unwrap_or_default(),
            ..UpdateRequest::default()
        }
    }
}
