//! `update`: changes the limits of a living container.

use std::io::Read;
use std::path::Path;

use knarr_spec::{BlockIo, Cpu, LinuxResources, Memory, Pids, Status};

use crate::arguments::{Flag, Global, Words};
use crate::record::Record;
use crate::verbs::Verb;
use crate::{Error, Result, scope};

/// Changes limits; what is none in `resources` stays.
pub fn update(root: &Path, id: &str, resources: &LinuxResources) -> Result<()> {
    let record = Record::read(root, id)?;
    let status = record.status(root)?;
    if status == Status::Stopped {
        return Err(Error::Status { operation: "update", id: id.to_owned(), status });
    }
    if !record.scope.is_empty() {
        scope::update(&record.scope, resources)?;
    }
    Ok(record.cgroup()?.update(resources)?)
}

/// The command.
pub const VERB: Verb = Verb {
    name: "update",
    operands: "CONTAINER",
    about: "change the limits of a living container",
    flags: FLAGS,
    run: main,
};

const FLAGS: &[Flag] = &[
    Flag::value("resources", b'r', "FILE", "a resources document (- for standard input), in place of the others"),
    Flag::value("memory", 0, "BYTES", "memory, -1 for unlimited"),
    Flag::value("memory-reservation", 0, "BYTES", "soft limit of memory"),
    Flag::value("memory-swap", 0, "BYTES", "memory and swap, -1 for unlimited"),
    Flag::value("kernel-memory", 0, "BYTES", "ignored: kernels have it no longer"),
    Flag::value("kernel-memory-tcp", 0, "BYTES", "memory of TCP buffers (v1)"),
    Flag::value("cpu-period", 0, "MICROSECONDS", "period of the CPU quota"),
    Flag::value("cpu-quota", 0, "MICROSECONDS", "CPU time a period, -1 for unlimited"),
    Flag::value("cpu-burst", 0, "MICROSECONDS", "CPU time that may be saved up"),
    Flag::value("cpu-share", 0, "SHARES", "weight against others, 2 to 262144"),
    Flag::value("cpu-rt-period", 0, "MICROSECONDS", "period of real-time CPU time (v1)"),
    Flag::value("cpu-rt-runtime", 0, "MICROSECONDS", "real-time CPU time a period (v1)"),
    Flag::value("cpu-idle", 0, "0|1", "whether it runs only when nothing else does"),
    Flag::value("cpuset-cpus", 0, "LIST", "CPUs that may be used"),
    Flag::value("cpuset-mems", 0, "LIST", "memory nodes that may be used"),
    Flag::value("pids-limit", 0, "N", "tasks, 0 or less for unlimited"),
    Flag::value("blkio-weight", 0, "WEIGHT", "weight of block devices, 10 to 1000"),
];

fn main(global: &Global, words: &Words) -> Result<i32> {
    let resources = match words.value("resources") {
        Some(file) => read(file)?,
        None => from_flags(words)?,
    };
    update(&global.root, words.id()?, &resources)?;
    Ok(0)
}

fn read(file: &str) -> Result<LinuxResources> {
    let mut text = Vec::new();
    let done = match file {
        "-" => std::io::stdin().read_to_end(&mut text),
        path => std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut text)),
    };
    done.map_err(|e| Error::io("read", file, e))?;
    serde_json::from_slice(&text).map_err(|source| Error::Json { path: file.to_owned(), source })
}

fn from_flags(words: &Words) -> Result<LinuxResources> {
    let memory = Memory {
        limit: words.number("memory")?,
        reservation: words.number("memory-reservation")?,
        swap: words.number("memory-swap")?,
        kernel_tcp: words.number("kernel-memory-tcp")?,
        ..Memory::default()
    };
    let cpu = Cpu {
        shares: words.number("cpu-share")?,
        quota: words.number("cpu-quota")?,
        burst: words.number("cpu-burst")?,
        period: words.number("cpu-period")?,
        realtime_period: words.number("cpu-rt-period")?,
        realtime_runtime: words.number("cpu-rt-runtime")?,
        idle: words.number("cpu-idle")?,
        cpus: words.value("cpuset-cpus").unwrap_or_default().to_owned(),
        mems: words.value("cpuset-mems").unwrap_or_default().to_owned(),
    };
    let weight = words.number("blkio-weight")?;
    Ok(LinuxResources {
        memory: Some(memory),
        cpu: Some(cpu),
        pids: words.number("pids-limit")?.map(|limit| Pids { limit }),
        block_io: weight.map(|weight| BlockIo { weight: Some(weight), ..BlockIo::default() }),
        ..LinuxResources::default()
    })
}
