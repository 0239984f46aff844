//! Limits as systemd's properties (systemd.resource-control(5), org.freedesktop.systemd1(5)): pure.

use knarr_spec::{Cpu, LinuxResources, Memory};

/// A property's name and value.
pub type Property = (&'static str, Value);

/// A property's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text.
    Text(String),
    /// Yes or no.
    Flag(bool),
    /// A number.
    Number(u64),
    /// Process ids.
    Pids(Vec<u32>),
    /// Names.
    Names(Vec<String>),
    /// Bits, the lowest in the first byte.
    Bytes(Vec<u8>),
}

impl Value {
    /// Its type, as D-Bus writes it.
    pub fn signature(&self) -> &'static str {
        match self {
            Self::Text(_) => "s",
            Self::Flag(_) => "b",
            Self::Number(_) => "t",
            Self::Pids(_) => "au",
            Self::Names(_) => "as",
            Self::Bytes(_) => "ay",
        }
    }
}

/// What systemd calls no limit.
const INFINITY: u64 = u64::MAX;

/// The properties for these resources on a host whose controllers are of version 2, or of version 1.
pub fn properties(resources: &LinuxResources, unified: bool) -> Vec<Property> {
    let mut properties = Vec::new();
    if let Some(memory) = &resources.memory {
        properties.extend(of_memory(memory, unified));
    }
    if let Some(cpu) = &resources.cpu {
        properties.extend(of_cpu(cpu, unified));
    }
    if let Some(pids) = &resources.pids {
        properties
            .push(("TasksMax", Value::Number(u64::try_from(pids.limit).ok().filter(|n| *n > 0).unwrap_or(INFINITY))));
    }
    properties
}

fn of_memory(memory: &Memory, unified: bool) -> Vec<Property> {
    let limit = |name, value: Option<i64>| {
        value.filter(|v| *v != 0).map(|v| (name, Value::Number(u64::try_from(v).unwrap_or(INFINITY))))
    };
    let own = if unified { "MemoryMax" } else { "MemoryLimit" };
    let low = limit("MemoryLow", memory.reservation).filter(|_| unified);
    let swap = match (memory.limit, memory.swap) {
        (_, Some(sum)) if sum < 0 => Some(-1),
        (Some(limit), Some(sum)) if sum >= limit => Some(sum - limit),
        _ => None,
    };
    let swap = swap.filter(|_| unified).map(|v| ("MemorySwapMax", Value::Number(u64::try_from(v).unwrap_or(INFINITY))));
    limit(own, memory.limit).into_iter().chain(low).chain(swap).collect()
}

/// The period that counts where none is given, in microseconds.
const PERIOD: u64 = 100_000;

fn of_cpu(cpu: &Cpu, unified: bool) -> Vec<Property> {
    let mut properties = Vec::new();
    if let Some(shares) = cpu.shares.filter(|shares| *shares != 0 && !unified) {
        properties.push(("CPUShares", Value::Number(shares)));
    }
    if let Some(period) = cpu.period.filter(|period| *period != 0) {
        properties.push(("CPUQuotaPeriodUSec", Value::Number(period)));
    }
    if let Some(quota) = cpu.quota.filter(|quota| *quota != 0) {
        let period = cpu.period.filter(|period| *period != 0).unwrap_or(PERIOD);
        let per_second = u64::try_from(quota).map_or(INFINITY, |quota| {
            // Whole percents, rounded up: what systemd can say.
            (quota.saturating_mul(1_000_000) / period).next_multiple_of(10_000)
        });
        properties.push(("CPUQuotaPerSecUSec", Value::Number(per_second)));
    }
    properties
}

#[cfg(test)]
mod tests {
    use knarr_spec::Pids;

    use super::*;

    #[test]
    fn limits_have_systemds_names() {
        let resources = LinuxResources {
            memory: Some(Memory { limit: Some(1 << 20), swap: Some(3 << 20), ..Memory::default() }),
            cpu: Some(Cpu { quota: Some(15_000), shares: Some(512), ..Cpu::default() }),
            pids: Some(Pids { limit: 10 }),
            ..LinuxResources::default()
        };
        let number = |name: &'static str, value| (name, Value::Number(value));
        let new = [
            number("MemoryMax", 1 << 20),
            number("MemorySwapMax", 2 << 20),
            number("CPUQuotaPerSecUSec", 150_000),
            number("TasksMax", 10),
        ];
        assert_eq!(properties(&resources, true), new);
        assert_eq!(properties(&resources, false)[..2], [number("MemoryLimit", 1 << 20), number("CPUShares", 512)]);
        let open = LinuxResources { pids: Some(Pids { limit: -1 }), ..LinuxResources::default() };
        assert_eq!(properties(&open, true), [number("TasksMax", u64::MAX)]);
    }
}
