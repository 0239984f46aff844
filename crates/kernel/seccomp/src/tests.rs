//! The compiler against the plain meaning of a profile, and the policy against what it promises.

use knarr_spec::{Seccomp, SeccompArg, Syscall};
use proptest::prelude::*;

use crate::action::Action;
use crate::condition::Condition;
use crate::interpret::{Call, run};
use crate::*;

const ALLOW: u32 = 0x7fff_0000;
const EPERM: u32 = 0x0005_0001;
const ENOSYS: u32 = 0x0005_0026;
const KILL_PROCESS: u32 = 0x8000_0000;
const ALL: [Arch; 3] = [Arch::X86_64, Arch::X86, Arch::X32];

/// What a profile means for a call that this interface has.
fn meaning(profile: &Seccomp, name: &str, args: &[u64; 6]) -> u32 {
    let rules: Vec<_> = profile.syscalls.iter().filter(|rule| rule.names.iter().any(|n| n == name)).collect();
    let holds = |rule: &Syscall| {
        let conditions: Vec<_> = rule.args.iter().map(|arg| Condition::parse(arg).unwrap()).collect();
        let mut indexes: Vec<_> = conditions.iter().map(Condition::index).collect();
        indexes.sort_unstable();
        let repeated = indexes.windows(2).any(|pair| pair[0] == pair[1]);
        let mut each = conditions.iter().map(|condition| condition.meaning(args));
        if repeated { each.any(|holds| holds) } else { each.all(|holds| holds) }
    };
    let conditional = rules.iter().find(|rule| !rule.args.is_empty() && holds(rule));
    let plain = rules.iter().find(|rule| rule.args.is_empty());
    match conditional.or(plain) {
        Some(rule) => Action::parse(&rule.action, rule.errno_ret).unwrap().0,
        None => Action::parse(&profile.default_action, profile.default_errno_ret).unwrap().0,
    }
}

fn arg() -> impl Strategy<Value = SeccompArg> {
    let op = prop::sample::select(vec![
        "SCMP_CMP_EQ",
        "SCMP_CMP_NE",
        "SCMP_CMP_GT",
        "SCMP_CMP_GE",
        "SCMP_CMP_LT",
        "SCMP_CMP_LE",
        "SCMP_CMP_MASKED_EQ",
    ]);
    (0u32..3, value(), value(), op).prop_map(|(index, value, value_two, op)| SeccompArg {
        index,
        value,
        value_two,
        op: op.to_owned(),
    })
}

/// Values around the borders of words.
fn value() -> impl Strategy<Value = u64> {
    let word = prop::sample::select(vec![0u64, 1, 2, 0x7e02_0000, 0x8000_0000, 0xffff_ffff]);
    let high = prop::sample::select(vec![0u64, 0, 0, 1, 0x8000_0000, 0xffff_ffff]);
    (word, high).prop_map(|(low, high)| high << 32 | low)
}

const NAMES: [&str; 8] = ["read", "write", "socket", "clone", "openat", "ioctl", "getpid", "futex"];

fn rule() -> impl Strategy<Value = Syscall> {
    let names = prop::collection::vec(prop::sample::select(NAMES.to_vec()), 1..4);
    let action =
        prop::sample::select(vec!["SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_LOG", "SCMP_ACT_KILL_PROCESS"]);
    (names, action, prop::option::of(0u32..4096), prop::collection::vec(arg(), 0..3)).prop_map(
        |(names, action, errno_ret, args)| Syscall {
            names: names.into_iter().map(str::to_owned).collect(),
            action: action.to_owned(),
            errno_ret: errno_ret.filter(|_| action == "SCMP_ACT_ERRNO"),
            args,
        },
    )
}

fn all_arches() -> Vec<String> {
    ALL.iter().map(|arch| arch.name().to_owned()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn the_program_does_what_the_profile_means(
        syscalls in prop::collection::vec(rule(), 0..10),
        calls in prop::collection::vec((prop::sample::select(NAMES.to_vec()), prop::array::uniform6(value())), 1..20),
    ) {
        let profile = Seccomp {
            default_action: "SCMP_ACT_ERRNO".into(), architectures: all_arches(), syscalls, ..Seccomp::default()
        };
        let program = compile_for(&profile, Arch::X86_64).unwrap();
        for (name, args) in calls {
            for arch in ALL {
                let number = arch.number(name).unwrap();
                let found = run(&program.filter, &Call { number, arch: arch.audit(), args });
                let known = profile.syscalls.iter().flat_map(|rule| &rule.names).filter_map(|n| arch.number(n)).max();
                let expected = if known.is_none_or(|most| number > most) { ENOSYS } else { meaning(&profile, name, &args) };
                prop_assert_eq!(found, expected, "{} {:?} {:x?}", name, arch, args);
            }
        }
    }
}

struct Policy(Program);

impl Policy {
    fn with(caps: &[&str]) -> Self {
        let caps: Vec<String> = caps.iter().map(|cap| (*cap).to_owned()).collect();
        Self(compile_for(&default_profile(&caps, Flavour::Tightened).unwrap(), Arch::X86_64).unwrap())
    }

    fn asks(&self, arch: Arch, name: &str, args: &[u64]) -> u32 {
        let mut all = [0; 6];
        all[..args.len()].copy_from_slice(args);
        run(&self.0.filter, &Call { number: arch.number(name).unwrap(), arch: arch.audit(), args: all })
    }
}

#[test]
fn every_name_of_the_policy_exists_somewhere() {
    let profile = default_profile(&[], Flavour::Tightened).unwrap();
    let arches = [Arch::X86_64, Arch::X86, Arch::X32, Arch::Aarch64, Arch::Arm];
    for name in profile.syscalls.iter().flat_map(|rule| &rule.names) {
        assert!(arches.iter().any(|arch| arch.number(name).is_some()), "{name}");
    }
    assert_eq!(profile.architectures, all_arches());
}

#[test]
fn socket_families_are_listed_on_their_low_word_in_every_interface() {
    let policy = Policy::with(&[]);
    let listed = [1, 2, 10, 16, 17];
    for family in 0..64u64 {
        let expected = if listed.contains(&family) { ALLOW } else { EPERM };
        for arch in ALL {
            for high in [0, 1 << 32, 0xdead_beef << 32] {
                assert_eq!(policy.asks(arch, "socket", &[family | high]), expected, "{family} {arch:?}");
            }
        }
    }
    for call in 0..32u64 {
        let expected = if (2..=7).contains(&call) || (9..=20).contains(&call) { ALLOW } else { EPERM };
        assert_eq!(policy.asks(Arch::X86, "socketcall", &[call]), expected, "socketcall {call}");
    }
    assert_eq!(policy.asks(Arch::X86_64, "socketpair", &[1]), ALLOW);
    assert_eq!(policy.asks(Arch::X86_64, "socketpair", &[30]), EPERM);
    assert_eq!(Policy::with(&["CAP_NET_ADMIN"]).asks(Arch::X86_64, "socket", &[29]), ALLOW);
}

#[test]
fn no_new_namespaces_without_the_capability() {
    let policy = Policy::with(&[]);
    for arch in ALL {
        assert_eq!(policy.asks(arch, "clone", &[0x0120_0011]), ALLOW);
        for flag in [0x0002_0000u64, 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000] {
            assert_eq!(policy.asks(arch, "clone", &[flag | 17]), EPERM, "{flag:x}");
        }
        assert_eq!(policy.asks(arch, "clone3", &[]), ENOSYS);
        assert_eq!(policy.asks(arch, "unshare", &[0x1000_0000]), EPERM);
        assert_eq!(policy.asks(arch, "mount", &[]), EPERM);
    }
    let admin = Policy::with(&["CAP_SYS_ADMIN"]);
    for name in ["clone", "clone3", "unshare", "mount", "setns"] {
        assert_eq!(admin.asks(Arch::X86_64, name, &[0x0200_0000]), ALLOW, "{name}");
    }
}

#[test]
fn what_is_left_out_is_refused_in_every_interface() {
    let full = Policy::with(&["CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_NET_ADMIN"]);
    for policy in [Policy::with(&[]), full] {
        for name in [
            "keyctl",
            "add_key",
            "request_key",
            "userfaultfd",
            "io_uring_setup",
            "io_uring_enter",
            "io_uring_register",
            "kexec_load",
            "swapon",
            "init_module",
            "ioperm",
            "reboot",
            "nfsservctl",
            "vhangup",
            "settimeofday",
            "acct",
        ] {
            for arch in ALL {
                if arch.number(name).is_some() {
                    assert_eq!(policy.asks(arch, name, &[]), EPERM, "{name} {arch:?}");
                }
            }
        }
    }
}

#[test]
fn capabilities_open_their_groups() {
    for (cap, name) in [
        ("CAP_SYS_CHROOT", "chroot"),
        ("CAP_SYS_TIME", "clock_settime"),
        ("CAP_SYS_PTRACE", "kcmp"),
        ("CAP_SYS_MODULE", "init_module"),
        ("CAP_SYS_BOOT", "reboot"),
        ("CAP_DAC_READ_SEARCH", "open_by_handle_at"),
        ("CAP_SYS_NICE", "mbind"),
        ("CAP_BPF", "bpf"),
    ] {
        assert_eq!(Policy::with(&[]).asks(Arch::X86_64, name, &[]), EPERM, "{name}");
        assert_eq!(Policy::with(&[cap]).asks(Arch::X86_64, name, &[]), ALLOW, "{name}");
    }
}

#[test]
fn words_are_not_put_into_the_terminals_mouth() {
    let policy = Policy::with(&[]);
    assert_eq!(policy.asks(Arch::X86_64, "ioctl", &[0, 0x5401]), ALLOW);
    for request in [0x5412, 0x541c, 0x5412 | 1 << 32] {
        assert_eq!(policy.asks(Arch::X86_64, "ioctl", &[0, request]), EPERM);
    }
}

#[test]
fn unknown_calls_and_foreign_interfaces() {
    let policy = Policy::with(&[]);
    let call = |number, arch| run(&policy.0.filter, &Call { number, arch, args: [0; 6] });
    assert_eq!(call(9999, Arch::X86_64.audit()), ENOSYS);
    assert_eq!(call(u32::MAX, Arch::X86_64.audit()), ENOSYS);
    assert_eq!(call(0, Arch::Aarch64.audit()), KILL_PROCESS);
    let alone = Seccomp { default_action: "SCMP_ACT_ALLOW".into(), ..Seccomp::default() };
    let alone = compile_for(&alone, Arch::X86_64).unwrap();
    let call = |number, arch| run(&alone.filter, &Call { number, arch, args: [0; 6] });
    assert_eq!(call(1, Arch::X86_64.audit()), ALLOW);
    assert_eq!(call(0x4000_0001, Arch::X86_64.audit()), KILL_PROCESS);
    assert_eq!(call(u32::MAX, Arch::X86_64.audit()), ALLOW);
    assert_eq!(call(1, Arch::X86.audit()), KILL_PROCESS);
}

#[test]
fn a_tree_of_many_conditions_still_reaches_everywhere() {
    let names = ["read", "write", "open", "close", "stat", "mmap", "ioctl", "socket", "clone", "openat", "futex"];
    let values = (0..25u64).map(|value| SeccompArg { index: 0, value, value_two: 0, op: "SCMP_CMP_EQ".into() });
    let rule = |name: &str, arg: SeccompArg| Syscall {
        names: vec![name.to_owned()],
        action: "SCMP_ACT_ERRNO".into(),
        errno_ret: Some(arg.value as u32),
        args: vec![arg],
    };
    let syscalls = names.iter().flat_map(|name| values.clone().map(move |arg| rule(name, arg))).collect();
    let profile = Seccomp { default_action: "SCMP_ACT_ALLOW".into(), syscalls, ..Seccomp::default() };
    let program = compile_for(&profile, Arch::X86_64).unwrap();
    assert!(program.filter.len() > 2 * 256, "longer than jumps reach");
    for name in names {
        for value in [0, 7, 24, 25, 1 << 32] {
            let args = [value, 0, 0, 0, 0, 0];
            let call = Call { number: Arch::X86_64.number(name).unwrap(), arch: Arch::X86_64.audit(), args };
            assert_eq!(run(&program.filter, &call), meaning(&profile, name, &args), "{name} {value}");
        }
    }
}

#[test]
fn a_docker_profile_is_read_and_its_mistakes_are_named() {
    let text = r#"{"defaultAction":"SCMP_ACT_ERRNO","archMap":[
        {"architecture":"SCMP_ARCH_X86_64","subArchitectures":["SCMP_ARCH_X86"]},
        {"architecture":"SCMP_ARCH_AARCH64","subArchitectures":null}],
      "syscalls":[
        {"names":["read"],"action":"SCMP_ACT_ALLOW","args":[],"comment":"","includes":{},"excludes":{}},
        {"name":"ptrace","action":"SCMP_ACT_ALLOW","includes":{"minKernel":"4.8"}},
        {"names":["mount"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN"]},"excludes":{"arches":["arm64"]}}]}"#;
    let text = text.replace(r#","subArchitectures":null"#, "");
    let profile: Profile = text.parse().unwrap();
    let host = |kernel| Host { arch: Arch::X86_64, kernel };
    let names = |caps: &[&str], host: Host| -> Vec<String> {
        let caps: Vec<String> = caps.iter().map(|cap| (*cap).to_owned()).collect();
        profile.resolve(&caps, host).syscalls.into_iter().flat_map(|rule| rule.names).collect()
    };
    assert_eq!(names(&[], host((6, 1))), ["read", "ptrace"]);
    assert_eq!(names(&["CAP_SYS_ADMIN"], host((4, 7))), ["read", "mount"]);
    let arm = Host { arch: Arch::Aarch64, kernel: (6, 1) };
    assert_eq!(names(&["CAP_SYS_ADMIN"], arm), ["read", "ptrace"]);
    assert_eq!(profile.resolve(&[], arm).architectures, ["SCMP_ARCH_AARCH64"]);
    for bad in [
        "",
        "{}",
        r#"{"defaultAction":"SCMP_ACT_ALLOW","archMap":[{"architecture":"a"}],"architectures":["b"]}"#,
        r#"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"action":"SCMP_ACT_ALLOW"}]}"#,
    ] {
        assert!(bad.parse::<Profile>().is_err(), "{bad}");
    }
}

#[test]
fn what_cannot_be_understood_is_refused() {
    let arg = |index, op: &str| SeccompArg { index, op: op.into(), ..SeccompArg::default() };
    let with = |action: &str, args: Vec<SeccompArg>| Seccomp {
        default_action: "SCMP_ACT_ALLOW".into(),
        syscalls: vec![Syscall { names: vec!["read".into()], action: action.into(), errno_ret: None, args }],
        ..Seccomp::default()
    };
    for profile in [
        Seccomp::default(),
        with("ALLOW", vec![]),
        with("SCMP_ACT_ALLOW", vec![arg(6, "SCMP_CMP_EQ")]),
        with("SCMP_ACT_ALLOW", vec![arg(0, "==")]),
        Seccomp { architectures: vec!["SCMP_ARCH_Z80".into()], ..with("SCMP_ACT_ALLOW", vec![]) },
        Seccomp { flags: vec!["SECCOMP_FILTER_FLAG_NONE".into()], ..with("SCMP_ACT_ALLOW", vec![]) },
        Seccomp { default_errno_ret: Some(4096), ..with("SCMP_ACT_ALLOW", vec![]) },
    ] {
        assert!(compile(&profile).is_err(), "{profile:?}");
    }
}

#[test]
fn listeners_and_flags_go_to_the_kernel() {
    let profile = Seccomp {
        default_action: "SCMP_ACT_ALLOW".into(),
        flags: vec!["SECCOMP_FILTER_FLAG_LOG".into(), "SECCOMP_FILTER_FLAG_TSYNC".into()],
        listener_path: "/run/listener".into(),
        syscalls: vec![Syscall { names: vec!["mkdir".into()], action: "SCMP_ACT_NOTIFY".into(), ..Syscall::default() }],
        ..Seccomp::default()
    };
    let program = compile(&profile).unwrap();
    assert!(program.notifies());
    assert_eq!(program.flags, 2 | 8);
}

#[test]
fn questions_that_could_never_be_answered_are_refused() {
    let asked = |name: &str, default: &str| Seccomp {
        default_action: default.into(),
        listener_path: "/run/listener".into(),
        syscalls: vec![Syscall { names: vec![name.into()], action: "SCMP_ACT_NOTIFY".into(), ..Syscall::default() }],
        ..Seccomp::default()
    };
    assert!(compile(&asked("mkdir", "SCMP_ACT_ALLOW")).is_ok());
    assert!(compile(&asked("mkdir", "SCMP_ACT_NOTIFY")).is_err());
    assert!(compile(&asked("sendmsg", "SCMP_ACT_ALLOW")).is_err());
    assert!(compile(&Seccomp { listener_path: String::new(), ..asked("mkdir", "SCMP_ACT_ALLOW") }).is_err());
}
