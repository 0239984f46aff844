//! Containers: `/containers/…`.

mod config;
mod create;
mod host;
mod inspect;
mod life;
mod stats;
mod summary;

pub use config::Config;
pub use create::{CreateRequest, CreateResponse};
pub use host::{
    Bind, BindOptions, DeviceMapping, DeviceRequest, HostConfig, LogConfig, Mount, PortBinding, RestartPolicy,
    ThrottleDevice, TmpfsOptions, Ulimit, VolumeOptions, WeightDevice,
};
pub use inspect::{GraphDriver, Health, HealthResult, Inspect, MountPoint, NetworkSettings, State};
pub use life::{
    Change, PathStat, PruneResponse, TopResponse, UpdateRequest, UpdateResponse, WaitError, WaitResponse, change,
};
pub use stats::{Blkio, BlkioEntry, Cpu, CpuUsage, Memory, NetworkStats, Pids, Stats, Throttling};
pub use summary::{Port, Summary, SummaryHostConfig, SummaryNetworks};
