//! `update`: changes the limits of a living container.

use std::io::Read;
use std::path::Path;

use knarr_spec::{BlockIo, Cpu, LinuxResources, Memory, Pids, Status};

use crate::arguments::{Flag, Global, Words};
use crate::record::Record;
use crate::{Error, Result};

/// Changes limits; what is none in `resources` stays.
pub fn update(root: &Path, id: &str, resources: &LinuxResources) -> Result<()> {
    let record = Record::read(root, id)?;
    let status = record.status(root)?;
    if status == Status::Stopped {
        return Err(Error::Status { operation: "update", id: id.to_owned(), status });
    }
    Ok(record.cgroup()?.update(resources)?)
}

const FLAGS: &[Flag] = &[
    ("resources", b'r', true),
    ("memory", 0, true),
    ("memory-reservation", 0, true),
    ("memory-swap", 0, true),
    ("cpu-period", 0, true),
    ("cpu-quota", 0, true),
    ("cpu-burst", 0, true),
    ("cpu-share", 0, true),
    ("cpuset-cpus", 0, true),
    ("cpuset-mems", 0, true),
    ("pids-limit", 0, true),
    ("blkio-weight", 0, true),
];

/// The command.
pub fn main(global: &Global, words: &[String]) -> Result<i32> {
    let words = Words::read(words, FLAGS)?;
    let resources = match words.value("resources") {
        Some(file) => read(file)?,
        None => from_flags(&words)?,
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
        ..Memory::default()
    };
    let cpu = Cpu {
        shares: words.number("cpu-share")?,
        quota: words.number("cpu-quota")?,
        burst: words.number("cpu-burst")?,
        period: words.number("cpu-period")?,
        cpus: words.value("cpuset-cpus").unwrap_or_default().to_owned(),
        mems: words.value("cpuset-mems").unwrap_or_default().to_owned(),
        ..Cpu::default()
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
