//! The document's process: checked, in the kernel's numbers.

use std::collections::BTreeSet;
use std::ffi::CString;
use std::path::PathBuf;

use knarr_spec::{ConsoleSize, Process, Scheduler};
use knarr_sys::process::SchedAttr;
use rustix::process::{Gid, Resource, Rlimit, Uid};
use rustix::thread::{CapabilitySet, CpuSet};

use super::numbers;
use crate::log::Log;
use crate::{Error, Result, capabilities};

/// A process to become.
#[derive(Debug, Clone, PartialEq)]
pub struct ProcessPlan {
    /// Program and arguments, never empty.
    pub args: Vec<CString>,
    /// Environment.
    pub env: Vec<CString>,
    /// Working directory.
    pub cwd: PathBuf,
    /// User id.
    pub uid: Uid,
    /// Group id.
    pub gid: Gid,
    /// Supplementary groups.
    pub groups: Vec<Gid>,
    /// File mode creation mask.
    pub umask: u32,
    /// Capability sets.
    pub capabilities: CapabilityPlan,
    /// Names that are no capabilities: told, and no failure (config.md, "Linux Process").
    pub unknown_capabilities: Vec<String>,
    /// Resource limits, the name first for errors.
    pub rlimits: Vec<(String, Resource, Rlimit)>,
    /// `PR_SET_NO_NEW_PRIVS`.
    pub no_new_privileges: bool,
    /// `oom_score_adj`.
    pub oom_score_adj: Option<i32>,
    /// Scheduling policy.
    pub scheduler: Option<SchedAttr>,
    /// I/O priority: class and data.
    pub io_priority: Option<(u32, u32)>,
    /// CPUs on which it runs until, and from when, it is in the container's cgroups; for one that joins.
    pub affinity: (Option<CpuSet>, Option<CpuSet>),
    /// Whether it gets a terminal.
    pub terminal: bool,
    /// The terminal's first size.
    pub console_size: Option<ConsoleSize>,
    /// Security labels.
    pub labels: LabelPlan,
}

/// The five capability sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CapabilityPlan {
    /// Bounding.
    pub bounding: CapabilitySet,
    /// Effective.
    pub effective: CapabilitySet,
    /// Permitted.
    pub permitted: CapabilitySet,
    /// Inheritable.
    pub inheritable: CapabilitySet,
    /// Ambient.
    pub ambient: CapabilitySet,
}

/// Security labels that take effect with the program's start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelPlan {
    /// AppArmor profile, empty for none.
    pub apparmor: String,
    /// SELinux label, empty for none.
    pub selinux: String,
}

impl ProcessPlan {
    /// Checks a process.
    pub fn new(process: &Process) -> Result<Self> {
        if process.args.first().is_none_or(String::is_empty) {
            return Err(Error::Spec("process.args must not be empty".to_owned()));
        }
        Ok(Self {
            args: strings(&process.args, "process.args")?,
            env: strings(&process.env, "process.env")?,
            cwd: super::absolute(&process.cwd, "process.cwd")?,
            uid: Uid::from_raw(id(process.user.uid)?),
            gid: Gid::from_raw(id(process.user.gid)?),
            groups: groups(process)?,
            umask: process.user.umask.unwrap_or(0o022) & 0o777,
            capabilities: capability_sets(process),
            unknown_capabilities: unknown_capabilities(process),
            rlimits: rlimits(&process.rlimits)?,
            no_new_privileges: process.no_new_privileges,
            oom_score_adj: oom_score(process)?,
            scheduler: process.scheduler.as_ref().map(scheduler).transpose()?,
            io_priority: io_priority(process)?,
            affinity: affinity(process)?,
            terminal: process.terminal,
            console_size: process.console_size,
            labels: LabelPlan { apparmor: process.apparmor_profile.clone(), selinux: process.selinux_label.clone() },
        })
    }
}

impl ProcessPlan {
    /// Tells what of the document is passed over.
    pub fn warn(&self, log: &Log) {
        if !self.unknown_capabilities.is_empty() {
            log.warn(&format!("unknown capabilities are ignored: {}", self.unknown_capabilities.join(", ")));
        }
    }

    /// Tells the program of the sockets that it inherits, as a service manager tells its services.
    pub fn listen(&mut self, sockets: u32) {
        if sockets > 0 {
            let told = [format!("LISTEN_FDS={sockets}"), "LISTEN_PID=1".to_owned()];
            self.env.extend(told.into_iter().filter_map(|variable| CString::new(variable).ok()));
        }
    }
}

fn strings(texts: &[String], what: &str) -> Result<Vec<CString>> {
    let one = |text: &String| {
        CString::new(text.as_str()).map_err(|_| Error::Spec(format!("{what} has a zero byte in {text:?}")))
    };
    texts.iter().map(one).collect()
}

/// Ids above 2^31 - 1 are refused: -1 means "leave it" to the kernel, and others are taken for negative (flaw row 15).
fn id(id: u32) -> Result<u32> {
    if id <= i32::MAX as u32 { Ok(id) } else { Err(Error::Spec(format!("{id} is no user or group id"))) }
}

fn groups(process: &Process) -> Result<Vec<Gid>> {
    process.user.additional_gids.iter().map(|gid| id(*gid).map(Gid::from_raw)).collect()
}

fn capability_sets(process: &Process) -> CapabilityPlan {
    let wanted = process.capabilities.clone().unwrap_or_default();
    let (permitted, inheritable) = (capabilities::set(&wanted.permitted), capabilities::set(&wanted.inheritable));
    CapabilityPlan {
        bounding: capabilities::set(&wanted.bounding),
        effective: capabilities::set(&wanted.effective),
        permitted,
        inheritable,
        // The kernel's rule (capabilities(7)). As with runc, others that are listed are no failure.
        ambient: capabilities::set(&wanted.ambient) & permitted & inheritable,
    }
}

/// Each name once.
fn unknown_capabilities(process: &Process) -> Vec<String> {
    let Some(wanted) = &process.capabilities else { return Vec::new() };
    let sets = [&wanted.bounding, &wanted.effective, &wanted.permitted, &wanted.inheritable, &wanted.ambient];
    let unknown: BTreeSet<&String> = sets.into_iter().flat_map(|names| capabilities::unknown(names)).collect();
    unknown.into_iter().cloned().collect()
}

const RLIMITS: &[(&str, Resource)] = &[
    ("RLIMIT_CPU", Resource::Cpu),
    ("RLIMIT_FSIZE", Resource::Fsize),
    ("RLIMIT_DATA", Resource::Data),
    ("RLIMIT_STACK", Resource::Stack),
    ("RLIMIT_CORE", Resource::Core),
    ("RLIMIT_RSS", Resource::Rss),
    ("RLIMIT_NPROC", Resource::Nproc),
    ("RLIMIT_NOFILE", Resource::Nofile),
    ("RLIMIT_MEMLOCK", Resource::Memlock),
    ("RLIMIT_AS", Resource::As),
    ("RLIMIT_LOCKS", Resource::Locks),
    ("RLIMIT_SIGPENDING", Resource::Sigpending),
    ("RLIMIT_MSGQUEUE", Resource::Msgqueue),
    ("RLIMIT_NICE", Resource::Nice),
    ("RLIMIT_RTPRIO", Resource::Rtprio),
    ("RLIMIT_RTTIME", Resource::Rttime),
];

fn rlimits(limits: &[knarr_spec::Rlimit]) -> Result<Vec<(String, Resource, Rlimit)>> {
    for (index, limit) in limits.iter().enumerate() {
        if limits[..index].iter().any(|before| before.kind == limit.kind) {
            return Err(Error::Spec(format!("{} is limited twice", limit.kind)));
        }
    }
    limits.iter().map(rlimit).collect()
}

fn rlimit(limit: &knarr_spec::Rlimit) -> Result<(String, Resource, Rlimit)> {
    let known = RLIMITS.iter().find(|(name, _)| *name == limit.kind);
    let (_, resource) = known.ok_or_else(|| Error::Spec(format!("{:?} is no resource limit", limit.kind)))?;
    if limit.soft > limit.hard {
        return Err(Error::Spec(format!("the soft limit of {} is above the hard one", limit.kind)));
    }
    let value = |number: u64| (number != u64::MAX).then_some(number);
    Ok((limit.kind.clone(), *resource, Rlimit { current: value(limit.soft), maximum: value(limit.hard) }))
}

fn oom_score(process: &Process) -> Result<Option<i32>> {
    match process.oom_score_adj {
        Some(score) if !(-1000..=1000).contains(&score) => Err(Error::Spec(format!("oomScoreAdj {score}"))),
        other => Ok(other),
    }
}

const POLICIES: &[(&str, u32)] = &[
    ("SCHED_OTHER", 0),
    ("SCHED_FIFO", 1),
    ("SCHED_RR", 2),
    ("SCHED_BATCH", 3),
    ("SCHED_IDLE", 5),
    ("SCHED_DEADLINE", 6),
];

const SCHED_FLAGS: &[(&str, u64)] = &[
    ("SCHED_FLAG_RESET_ON_FORK", 0x01),
    ("SCHED_FLAG_RECLAIM", 0x02),
    ("SCHED_FLAG_DL_OVERRUN", 0x04),
    ("SCHED_FLAG_KEEP_POLICY", 0x08),
    ("SCHED_FLAG_KEEP_PARAMS", 0x10),
    ("SCHED_FLAG_UTIL_CLAMP_MIN", 0x20),
    ("SCHED_FLAG_UTIL_CLAMP_MAX", 0x40),
];

fn scheduler(wanted: &Scheduler) -> Result<SchedAttr> {
    let unknown = |text: &str| Error::Spec(format!("{text:?} is no scheduling policy or flag"));
    let find = |text: &str| POLICIES.iter().find(|(name, _)| *name == text).map(|(_, number)| *number);
    let flag = |text: &String| SCHED_FLAGS.iter().find(|(name, _)| name == text).map(|(_, bit)| *bit);
    let mut flags = 0;
    for text in &wanted.flags {
        flags |= flag(text).ok_or_else(|| unknown(text))?;
    }
    Ok(SchedAttr {
        size: 0,
        policy: find(&wanted.policy).ok_or_else(|| unknown(&wanted.policy))?,
        flags,
        nice: wanted.nice.unwrap_or(0),
        priority: u32::try_from(wanted.priority.unwrap_or(0)).map_err(|_| unknown("priority"))?,
        runtime: wanted.runtime.unwrap_or(0),
        deadline: wanted.deadline.unwrap_or(0),
        period: wanted.period.unwrap_or(0),
    })
}

fn io_priority(process: &Process) -> Result<Option<(u32, u32)>> {
    let Some(wanted) = &process.io_priority else { return Ok(None) };
    let class = match wanted.class.as_str() {
        "IOPRIO_CLASS_RT" => 1,
        "IOPRIO_CLASS_BE" => 2,
        "IOPRIO_CLASS_IDLE" => 3,
        other => return Err(Error::Spec(format!("{other:?} is no I/O priority class"))),
    };
    let data = u32::try_from(wanted.priority).ok().filter(|data| *data <= 7);
    Ok(Some((class, data.ok_or_else(|| Error::Spec(format!("I/O priority {}", wanted.priority)))?)))
}

fn affinity(process: &Process) -> Result<(Option<CpuSet>, Option<CpuSet>)> {
    let Some(asked) = &process.exec_cpu_affinity else { return Ok((None, None)) };
    Ok((cpus(&asked.initial)?, cpus(&asked.last)?))
}

fn cpus(list: &str) -> Result<Option<CpuSet>> {
    if list.is_empty() {
        return Ok(None);
    }
    let numbers = numbers::parse(list).ok_or_else(|| Error::Spec(format!("execCPUAffinity: CPUs {list:?}")))?;
    let mut set = CpuSet::new();
    numbers.into_iter().for_each(|number| set.set(number));
    Ok(Some(set))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process() -> Process {
        Process { args: vec!["sh".into()], cwd: "/".into(), ..Process::default() }
    }

    #[test]
    fn a_process_without_capabilities_has_none() {
        let plan = ProcessPlan::new(&process()).unwrap();
        assert!(plan.capabilities.bounding.is_empty() && plan.capabilities.permitted.is_empty());
        assert_eq!(plan.umask, 0o022);
    }

    #[test]
    fn wrong_processes_are_refused() {
        let mut wrong = vec![Process { args: vec![], ..process() }, Process { cwd: "relative".into(), ..process() }];
        wrong.push(Process { args: vec!["a\0b".into()], ..process() });
        wrong.push(Process { oom_score_adj: Some(1001), ..process() });
        let mut user = process();
        user.user.uid = u32::MAX;
        wrong.push(user);
        for process in wrong {
            assert!(ProcessPlan::new(&process).is_err(), "{process:?}");
        }
    }
}
