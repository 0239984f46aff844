//! The table of `docs/sandbox.md` beside what the plan has.

use knarr_api::container::HostConfig;
use knarr_seccomp::interpret::{Call, run};
use knarr_seccomp::{Arch, Program, compile_for};
use knarr_spec::Spec;

use super::tests::{facts, record};
use super::{Facts, build};

const TABLE: &str = include_str!("../../../../../docs/sandbox.md");
const ALLOW: u32 = 0x7fff_0000;

fn spec(compat_docker: bool) -> Spec {
    build(&record(HostConfig::default()), &Facts { compat_docker, ..facts() }).unwrap()
}

/// How a row's cell reads off a plan.
type Cell = fn(&Spec) -> String;

/// Each row's name and cell.
const ROWS: [(&str, Cell); 6] = [
    ("capabilities", capabilities),
    ("tasks", tasks),
    ("size of core files", core_files),
    ("families of `socket`", |spec| families(spec, "socket")),
    ("calls of `socketcall` (32-bit x86)", socket_calls),
    ("`ioctl` of TIOCSTI and TIOCLINUX", terminal),
];

fn capabilities(spec: &Spec) -> String {
    let all = &spec.process.as_ref().unwrap().capabilities.as_ref().unwrap().bounding;
    all.iter().map(|name| name.trim_start_matches("CAP_")).collect::<Vec<_>>().join(" ")
}

fn tasks(spec: &Spec) -> String {
    match spec.linux.as_ref().unwrap().resources.as_ref().unwrap().pids.as_ref().unwrap().limit {
        0 => "no limit".into(),
        limit => limit.to_string(),
    }
}

fn core_files(spec: &Spec) -> String {
    let limits = &spec.process.as_ref().unwrap().rlimits;
    let core = limits.iter().find(|limit| limit.kind == "RLIMIT_CORE");
    core.map_or("the daemon's".into(), |limit| limit.hard.to_string())
}

fn families(spec: &Spec, name: &str) -> String {
    let allowed: Vec<u64> = (0..64).filter(|family| allows(spec, Arch::X86_64, name, &[*family | 1 << 32])).collect();
    let denied: Vec<u64> = (0..64).filter(|family| !allowed.contains(family)).collect();
    list(&allowed, &denied)
}

fn socket_calls(spec: &Spec) -> String {
    let (allowed, denied): (Vec<u64>, Vec<u64>) =
        (1..21).partition(|call| allows(spec, Arch::X86, "socketcall", &[*call]));
    list(&allowed, &denied)
}

fn terminal(spec: &Spec) -> String {
    let open = [0x5412, 0x541c].map(|request| allows(spec, Arch::X86_64, "ioctl", &[0, request]));
    if open == [true; 2] { "allowed" } else { "refused" }.to_owned()
}

/// The shorter way to say it.
fn list(allowed: &[u64], denied: &[u64]) -> String {
    let words = |numbers: &[u64]| numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(" ");
    match denied.len() {
        0 => "all".into(),
        1..4 => format!("all but {}", words(denied)),
        _ => words(allowed),
    }
}

fn allows(spec: &Spec, arch: Arch, name: &str, given: &[u64]) -> bool {
    let filter = spec.linux.as_ref().unwrap().seccomp.as_ref().unwrap();
    let Program { filter, .. } = compile_for(filter, Arch::X86_64).unwrap();
    let mut args = [0; 6];
    args[..given.len()].copy_from_slice(given);
    run(&filter, &Call { number: arch.number(name).unwrap(), arch: arch.audit(), args }) == ALLOW
}

#[test]
fn the_documented_differences_are_those_of_the_plan() {
    for (name, read) in ROWS {
        let row = format!("| {name} | {} | {} |", read(&spec(false)), read(&spec(true)));
        assert!(TABLE.lines().any(|line| line == row), "docs/sandbox.md lacks: {row}");
    }
    let documented = TABLE.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    assert_eq!(documented.take_while(|line| line.starts_with('|')).count(), ROWS.len());
}

#[test]
fn nothing_else_differs() {
    let (mut ours, mut common) = (spec(false), spec(true));
    for spec in [&mut ours, &mut common] {
        let process = spec.process.as_mut().unwrap();
        (process.capabilities, process.rlimits) = (None, Vec::new());
        let linux = spec.linux.as_mut().unwrap();
        linux.seccomp = None;
        linux.resources.as_mut().unwrap().pids = None;
    }
    assert_eq!(ours, common);
}
