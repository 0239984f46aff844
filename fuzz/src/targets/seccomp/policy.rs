//! A policy made of the bytes, compiled for every machine: the program is one that the kernel takes, and its answers are
//! the policy's, at and around every border of the policy.

use arbitrary::{Result, Unstructured};
use knarr_seccomp::interpret;
use knarr_seccomp::{ACTIONS, ARCHITECTURES, Arch, Error, Insn, OPERATORS, compile_for};
use knarr_spec::{Seccomp, SeccompArg, Syscall};

use super::checker;
use super::meaning::{self, Call};

const MACHINES: [Arch; 5] = [Arch::X86_64, Arch::X86, Arch::X32, Arch::Aarch64, Arch::Arm];
/// RISC-V, and what nobody is.
const FOREIGN: [u32; 2] = [0xc000_00f3, 0];

/// Calls at the beginning, the end and in the middle of the tables; some that only one interface has, and one that
/// nobody has.
const NAMES: &[&str] = &[
    "read",
    "write",
    "openat",
    "close",
    "ioctl",
    "clone",
    "clone3",
    "socket",
    "socketcall",
    "sendmsg",
    "mseal",
    "futex",
    "_llseek",
    "arm_fadvise64_64",
    "breakpoint",
    "set_tls",
    "cachestat",
    "io_setup",
    "restart_syscall",
    "nothing_has_it",
];

/// Numbers at the borders of words.
const BORDERS: &[u64] =
    &[0, 1, 2, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x1_0000_0000, 0x1_0000_0001, 1 << 63, u64::MAX - 1, u64::MAX];

/// Rules that are made at most.
const MOST_RULES: usize = 16;

pub fn run(data: &[u8]) {
    let mut bytes = Unstructured::new(data);
    let Ok((native, policy, args)) = case(&mut bytes) else { return };
    match compile_for(&policy, native) {
        Ok(program) => {
            assert!(!meaning::is_wrong(&policy), "compiled in spite of a mistake: {policy:#?}");
            checker::check(&program.filter);
            compare(&policy, native, &program.filter, args);
        }
        Err(Error::TooLong(length)) => assert!(length > 4096, "{length} instructions are not too many"),
        Err(error) => assert!(meaning::is_wrong(&policy), "{error}: {policy:#?}"),
    }
}

fn case(bytes: &mut Unstructured<'_>) -> Result<(Arch, Seccomp, [u64; 6])> {
    let native = *bytes.choose(&MACHINES)?;
    let mut architectures = Vec::new();
    for _ in 0..bytes.int_in_range(0..=4)? {
        let others = ["SCMP_ARCH_NATIVE", "SCMP_ARCH_S390X"];
        let names: Vec<&str> = ARCHITECTURES.iter().copied().chain(others).collect();
        architectures.push((*bytes.choose(&names)?).to_owned());
    }
    let default_action = (*bytes.choose(ACTIONS)?).to_owned();
    let default_errno_ret = errno(bytes, &default_action)?;
    let listener_path = if bytes.ratio(7, 8)? { "/run/listener".to_owned() } else { String::new() };
    let args = bytes.arbitrary()?;
    let mut syscalls = Vec::new();
    while !bytes.is_empty() && syscalls.len() < MOST_RULES {
        syscalls.push(rule(bytes)?);
    }
    let policy =
        Seccomp { default_action, default_errno_ret, architectures, listener_path, syscalls, ..Seccomp::default() };
    Ok((native, policy, args))
}

fn rule(bytes: &mut Unstructured<'_>) -> Result<Syscall> {
    let mut names = vec![(*bytes.choose(NAMES)?).to_owned()];
    while names.len() < 3 && bytes.ratio(1, 3)? {
        names.push((*bytes.choose(NAMES)?).to_owned());
    }
    let action = (*bytes.choose(ACTIONS)?).to_owned();
    let errno_ret = errno(bytes, &action)?;
    let mut args = Vec::new();
    while args.len() < 3 && bytes.arbitrary()? {
        args.push(condition(bytes)?);
    }
    Ok(Syscall { names, action, errno_ret, args })
}

/// Mostly where it may be, and within its limit.
fn errno(bytes: &mut Unstructured<'_>, action: &str) -> Result<Option<u32>> {
    match bytes.int_in_range(0..=15)? {
        0 => Ok(Some(u32::from(bytes.arbitrary::<u16>()?))),
        1..=7 if matches!(action, "SCMP_ACT_ERRNO" | "SCMP_ACT_TRACE") => Ok(Some(bytes.int_in_range(0..=4095)?)),
        _ => Ok(None),
    }
}

fn condition(bytes: &mut Unstructured<'_>) -> Result<SeccompArg> {
    let index = if bytes.ratio(1, 64)? { 6 } else { bytes.int_in_range(0..=5)? };
    let op = (*bytes.choose(OPERATORS)?).to_owned();
    Ok(SeccompArg { index, value: value(bytes)?, value_two: value(bytes)?, op })
}

fn value(bytes: &mut Unstructured<'_>) -> Result<u64> {
    if bytes.ratio(2, 3)? { Ok(*bytes.choose(BORDERS)?) } else { bytes.arbitrary() }
}

/// Every interface, every number around those that the policy names there, arguments around those that it tests.
fn compare(policy: &Seccomp, native: Arch, filter: &[Insn], args: [u64; 6]) {
    for arch in MACHINES {
        for number in numbers(policy, arch) {
            for args in arguments(policy, arch, number, args) {
                compare_one(policy, native, filter, Call { number, audit: arch.audit(), args });
            }
        }
    }
    for audit in FOREIGN {
        compare_one(policy, native, filter, Call { number: 0, audit, args });
    }
}

fn compare_one(policy: &Seccomp, native: Arch, filter: &[Insn], call: Call) {
    let given = interpret::Call { number: call.number, arch: call.audit, args: call.args };
    let (found, expected) = (interpret::run(filter, &given), meaning::answer(policy, native, &call));
    assert_eq!(found, expected, "{found:#x} is not {expected:#x} for {call:x?} on {native:?}: {policy:#?}");
}

fn numbers(policy: &Seccomp, arch: Arch) -> Vec<u32> {
    let named = policy.syscalls.iter().flat_map(|rule| &rule.names).filter_map(|name| arch.number(name));
    let around = named.flat_map(|number| [number.saturating_sub(1), number, number + 1, number ^ 0x4000_0000]);
    let borders = [0, 0x3fff_ffff, 0x4000_0000, 0x7fff_ffff, u32::MAX - 1, u32::MAX];
    let mut numbers: Vec<u32> = around.chain(borders).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// Of the rules that are about this number.
fn arguments(policy: &Seccomp, arch: Arch, number: u32, given: [u64; 6]) -> Vec<[u64; 6]> {
    let rules = policy.syscalls.iter().filter(|rule| rule.names.iter().any(|name| arch.number(name) == Some(number)));
    let mut tried = vec![given];
    for arg in rules.flat_map(|rule| &rule.args) {
        let (value, other) = (arg.value, arg.value_two);
        let around = [value.wrapping_sub(1), value.wrapping_add(1), value ^ 1 << 32, value.rotate_left(32), value];
        for near in around.into_iter().chain([other | !value, other]) {
            // Of what was set before the rest stays, so that several conditions of a rule can hold at once.
            let mut args = *tried.last().unwrap_or(&given);
            args[arg.index as usize] = near;
            tried.push(args);
        }
    }
    tried
}
