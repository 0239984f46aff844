//! A profile as people write it: whatever is read as one compiles to a program that the kernel takes, or is refused with
//! a reason, for every machine, kernel and set of capabilities.

use knarr_seccomp::interpret::{self, Call};
use knarr_seccomp::{Arch, Error, Host, Profile, compile_for};
use knarr_spec::Seccomp;

use super::checker;

const HOSTS: [Host; 3] = [
    Host { arch: Arch::X86_64, kernel: (6, 8) },
    Host { arch: Arch::Aarch64, kernel: (4, 7) },
    Host { arch: Arch::Arm, kernel: (0, 0) },
];
const CAPABILITIES: [&str; 4] = ["CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_NET_ADMIN", "CAP_BPF"];

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(profile) = text.parse::<Profile>() else { return };
    let all = CAPABILITIES.map(str::to_owned);
    for host in HOSTS {
        for caps in [&[][..], &all] {
            let policy = profile.resolve(caps, host);
            same_again(&policy);
            compile(&policy, host.arch);
        }
    }
}

/// A bundle's document carries it to the runtime.
fn same_again(policy: &Seccomp) {
    let text = serde_json::to_string(policy).expect("a policy can be written");
    let read: Seccomp = serde_json::from_str(&text).expect("what was written can be read");
    assert_eq!(read, *policy);
}

fn compile(policy: &Seccomp, native: Arch) {
    match compile_for(policy, native) {
        Ok(program) => {
            checker::check(&program.filter);
            for number in [0, 1, 59, 257, 0x4000_0000, u32::MAX] {
                interpret::run(&program.filter, &Call { number, arch: native.audit(), args: [u64::MAX; 6] });
            }
        }
        Err(Error::TooLong(length)) => assert!(length > 4096, "{length} instructions are not too many"),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
