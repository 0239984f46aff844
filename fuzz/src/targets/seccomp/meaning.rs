//! What a policy means for a call, said plainly and without the compiler's own words: the other side of the comparison.

use knarr_seccomp::Arch;
use knarr_spec::{Seccomp, SeccompArg, Syscall};

const KILL_PROCESS: u32 = 0x8000_0000;
const ERRNO: u32 = 0x0005_0000;
const ENOSYS: u32 = 38;
/// The bit of all x32 numbers.
const X32: u32 = 0x4000_0000;

/// A call, as the kernel tells a filter of it.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    pub number: u32,
    pub audit: u32,
    pub args: [u64; 6],
}

/// The answer to a call, on a machine whose own interface is `native`.
pub fn answer(policy: &Seccomp, native: Arch, call: &Call) -> u32 {
    let Some(arch) = interface(call).filter(|arch| is_listed(policy, native, *arch)) else { return KILL_PROCESS };
    let default = action(&policy.default_action, policy.default_errno_ret);
    let named = |rule: &&Syscall| rule.names.iter().any(|name| arch.number(name) == Some(call.number));
    let rules: Vec<&Syscall> = policy.syscalls.iter().filter(named).collect();
    let chosen = rules.iter().find(|rule| !rule.args.is_empty() && holds(rule, &call.args));
    match chosen.or_else(|| rules.iter().find(|rule| rule.args.is_empty())) {
        Some(rule) => action(&rule.action, rule.errno_ret),
        None if default & 0xffff_0000 == ERRNO && is_beyond(policy, arch, call.number) => ERRNO | ENOSYS,
        None => default,
    }
}

/// By which interface a call comes. Number -1 is no x32 call: a tracer has skipped it.
fn interface(call: &Call) -> Option<Arch> {
    match call.audit {
        0xc000_003e if call.number >= X32 && call.number != u32::MAX => Some(Arch::X32),
        0xc000_003e => Some(Arch::X86_64),
        0x4000_0003 => Some(Arch::X86),
        0xc000_00b7 => Some(Arch::Aarch64),
        0x4000_0028 => Some(Arch::Arm),
        _ => None,
    }
}

fn is_listed(policy: &Seccomp, native: Arch, arch: Arch) -> bool {
    let named = |name: &String| name == arch.name() || (name == "SCMP_ARCH_NATIVE" && arch == Arch::NATIVE);
    arch == native || policy.architectures.iter().any(named)
}

/// Behind the last number that the policy knows.
fn is_beyond(policy: &Seccomp, arch: Arch, number: u32) -> bool {
    let known = policy.syscalls.iter().flat_map(|rule| &rule.names).filter_map(|name| arch.number(name));
    known.max().is_none_or(|most| number > most)
}

/// All conditions, or any of them where two are about one argument.
fn holds(rule: &Syscall, args: &[u64; 6]) -> bool {
    let repeated = |index| rule.args.iter().filter(|other| other.index == index).count() > 1;
    match rule.args.iter().any(|arg| repeated(arg.index)) {
        true => rule.args.iter().any(|arg| is_met(arg, args)),
        false => rule.args.iter().all(|arg| is_met(arg, args)),
    }
}

fn is_met(arg: &SeccompArg, args: &[u64; 6]) -> bool {
    let given = args[arg.index as usize];
    match arg.op.as_str() {
        "SCMP_CMP_EQ" => given == arg.value,
        "SCMP_CMP_NE" => given != arg.value,
        "SCMP_CMP_GT" => given > arg.value,
        "SCMP_CMP_GE" => given >= arg.value,
        "SCMP_CMP_LT" => given < arg.value,
        "SCMP_CMP_LE" => given <= arg.value,
        "SCMP_CMP_MASKED_EQ" => given & arg.value == arg.value_two,
        other => panic!("{other} was compiled"),
    }
}

/// `SECCOMP_RET_*` with its data.
fn action(name: &str, errno: Option<u32>) -> u32 {
    let errno = errno.unwrap_or(1);
    match name {
        "SCMP_ACT_KILL" | "SCMP_ACT_KILL_THREAD" => 0,
        "SCMP_ACT_KILL_PROCESS" => KILL_PROCESS,
        "SCMP_ACT_TRAP" => 0x0003_0000,
        "SCMP_ACT_ERRNO" => ERRNO | errno,
        "SCMP_ACT_NOTIFY" => 0x7fc0_0000,
        "SCMP_ACT_TRACE" => 0x7ff0_0000 | errno,
        "SCMP_ACT_LOG" => 0x7ffc_0000,
        "SCMP_ACT_ALLOW" => 0x7fff_0000,
        other => panic!("{other} was compiled"),
    }
}

/// Whether there is a reason to refuse the policy, other than its length.
pub fn is_wrong(policy: &Seccomp) -> bool {
    let asks = |rule: &Syscall| rule.action == "SCMP_ACT_NOTIFY";
    let bad_errno = |name: &str, errno: Option<u32>| {
        errno.is_some_and(|errno| errno > 4095 || !matches!(name, "SCMP_ACT_ERRNO" | "SCMP_ACT_TRACE"))
    };
    bad_errno(&policy.default_action, policy.default_errno_ret)
        || policy.default_action == "SCMP_ACT_NOTIFY"
        || policy.syscalls.iter().any(|rule| {
            bad_errno(&rule.action, rule.errno_ret)
                || rule.names.is_empty()
                || rule.args.iter().any(|arg| arg.index > 5)
                || (asks(rule) && (policy.listener_path.is_empty() || rule.names.iter().any(|name| name == "sendmsg")))
        })
}
