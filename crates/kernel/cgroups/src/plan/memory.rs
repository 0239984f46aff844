//! Memory and swap.

use knarr_spec::Memory;

use super::Write;
use crate::{Error, Result, Version};

const UNLIMITED: i64 = -1;

/// The writes of one memory section. A limit of 0 means "not given", as clients of the runtime send it.
pub fn writes(memory: &Memory, version: Version) -> Result<Vec<Write>> {
    match version {
        Version::V1 => Ok(v1(memory)),
        Version::V2 => v2(memory),
    }
}

/// In v1 the sum of memory and swap may not be below memory: memory goes first. Where memory is made unlimited, so
/// must be the sum, and first.
fn v1(memory: &Memory) -> Vec<Write> {
    let given = |value: Option<i64>| value.filter(|v| *v != 0);
    let mut writes = Vec::new();
    let swap = given(memory.swap).or((memory.limit == Some(UNLIMITED)).then_some(UNLIMITED));
    let sum = swap.map(|value| bytes("memory.memsw.limit_in_bytes", value));
    let limit = given(memory.limit).map(|value| bytes("memory.limit_in_bytes", value));
    if swap == Some(UNLIMITED) {
        writes.extend(sum.into_iter().chain(limit));
    } else {
        writes.extend(limit.into_iter().chain(sum));
    }
    writes.extend(given(memory.reservation).map(|value| bytes("memory.soft_limit_in_bytes", value)));
    writes.extend(given(memory.kernel_tcp).map(|value| bytes("memory.kmem.tcp.limit_in_bytes", value)));
    writes.extend(memory.swappiness.map(|value| Write::limit("memory", "memory.swappiness", value)));
    if memory.disable_oom_killer == Some(true) {
        writes.push(Write::limit("memory", "memory.oom_control", 1));
    }
    writes
}

fn bytes(file: &str, value: i64) -> Write {
    if value < 0 { Write::unlimited("memory", file, UNLIMITED) } else { Write::limit("memory", file, value) }
}

/// In v2 swap is counted alone; swappiness and the OOM killer's switch do not exist there and are left.
fn v2(memory: &Memory) -> Result<Vec<Write>> {
    let given = |value: Option<i64>| value.filter(|v| *v != 0);
    let mut writes = Vec::new();
    writes.extend(given(memory.limit).map(|value| maximum("memory.max", value)));
    if let Some(value) = swap_alone(given(memory.limit), given(memory.swap))? {
        // A host that does not count swap has none to give: no swap at all is what such a container gets.
        writes.push(Write { limits: value > 0, ..maximum("memory.swap.max", value) });
    }
    writes.extend(given(memory.reservation).map(|value| maximum("memory.low", value)));
    Ok(writes)
}

fn maximum(file: &str, value: i64) -> Write {
    if value < 0 { Write::unlimited("memory", file, "max") } else { Write::limit("memory", file, value) }
}

/// Swap without memory, from memory and the sum of both.
fn swap_alone(limit: Option<i64>, sum: Option<i64>) -> Result<Option<i64>> {
    match (limit, sum) {
        (Some(UNLIMITED), None) => Ok(Some(UNLIMITED)),
        (_, None) => Ok(None),
        (_, Some(sum)) if sum < 0 => Ok(Some(UNLIMITED)),
        (Some(limit), Some(sum)) if limit >= 0 && sum >= limit => Ok(Some(sum - limit)),
        (Some(limit), Some(sum)) if limit >= 0 => {
            Err(Error::Limit("memory and swap", format!("{sum} bytes are less than the memory limit of {limit}")))
        }
        _ => Err(Error::Limit("memory and swap", "it needs a memory limit beside it".to_owned())),
    }
}
