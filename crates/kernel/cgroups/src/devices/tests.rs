//! The program against the plain meaning of a list, and against the kernel's verifier in `tests/`.

use knarr_sys::bpf::Insn;
use proptest::prelude::*;

use super::program::*;
use super::*;

/// What a list means: from the last rule to the first, allows gather bits, a deny of a missing bit refuses.
fn meaning(rules: &[Rule], kind: Kind, major: u32, minor: u32, access: u8) -> bool {
    let mut left = access;
    for rule in rules.iter().rev() {
        let matches = rule.kind.is_none_or(|k| k == kind)
            && rule.major.is_none_or(|m| m == major)
            && rule.minor.is_none_or(|m| m == minor);
        match (matches, rule.allow) {
            (false, _) => {}
            (true, true) => left &= !rule.access,
            (true, false) if left & rule.access != 0 => return false,
            (true, false) => {}
        }
        if left == 0 && matches && rule.allow {
            return true;
        }
    }
    false
}

/// Runs a program as the kernel would.
fn run(program: &[Insn], context: [u32; 3]) -> bool {
    let mut registers = [0u32; 11];
    let mut at = 0;
    loop {
        let Insn { code, registers: pair, offset, immediate } = program[at];
        let (to, from) = ((pair & 15) as usize, (pair >> 4) as usize);
        at += 1;
        match code {
            LOAD_WORD => registers[to] = context[offset as usize / 4],
            MOVE_REGISTER => registers[to] = registers[from],
            MOVE => registers[to] = immediate as u32,
            AND => registers[to] &= immediate as u32,
            SHIFT_RIGHT => registers[to] >>= immediate,
            JUMP_NOT_EQUAL if registers[to] != immediate as u32 => at += offset as usize,
            JUMP_EQUAL if registers[to] == immediate as u32 => at += offset as usize,
            JUMP_NOT_EQUAL | JUMP_EQUAL => {}
            EXIT => return registers[0] == 1,
            other => panic!("unknown instruction {other:#x}"),
        }
    }
}

fn asked(rules: &[Rule], kind: Kind, major: u32, minor: u32, access: u8) -> bool {
    let number = if kind == Kind::Block { 1 } else { 2 };
    run(&program(rules), [u32::from(access) << 16 | number, major, minor])
}

fn rule() -> impl Strategy<Value = Rule> {
    let kind = prop_oneof![Just(None), Just(Some(Kind::Block)), Just(Some(Kind::Character))];
    let number = || prop::option::of(0u32..3);
    (any::<bool>(), kind, number(), number(), 1u8..8).prop_map(|(allow, kind, major, minor, access)| Rule {
        allow,
        kind,
        major,
        minor,
        access,
    })
}

proptest! {
    #[test]
    fn the_program_says_what_the_list_means(
        rules in prop::collection::vec(rule(), 0..12), block: bool, major in 0u32..3, minor in 0u32..3, access in 1u8..8,
    ) {
        let kind = if block { Kind::Block } else { Kind::Character };
        prop_assert_eq!(asked(&rules, kind, major, minor, access), meaning(&rules, kind, major, minor, access));
    }
}

#[test]
fn an_empty_list_allows_the_defaults_only() {
    let rules = effective(&[]).unwrap();
    assert!(asked(&rules, Kind::Character, 1, 3, READ | WRITE));
    assert!(asked(&rules, Kind::Character, 136, 77, READ | WRITE));
    for (kind, major, minor) in
        [(Kind::Character, 1, 1), (Kind::Character, 10, 229), (Kind::Block, 7, 0), (Kind::Block, 1, 3)]
    {
        assert!(!asked(&rules, kind, major, minor, READ), "{kind:?} {major}:{minor}");
        assert!(!asked(&rules, kind, major, minor, MKNOD), "{kind:?} {major}:{minor}");
    }
}

#[test]
fn a_list_of_denials_never_allows_the_rest() {
    let deny = DeviceRule { kind: "b".into(), major: Some(8), access: "w".into(), ..DeviceRule::default() };
    let rules = effective(&[deny]).unwrap();
    assert!(!asked(&rules, Kind::Block, 9, 0, READ));
}

#[test]
fn v1_reads_the_same_list() {
    let fuse = DeviceRule { allow: true, kind: "c".into(), major: Some(10), minor: Some(229), access: "rw".into() };
    let any = DeviceRule { allow: true, kind: "a".into(), major: Some(7), ..DeviceRule::default() };
    let lines: Vec<_> =
        v1_writes(&[fuse, any]).unwrap().iter().map(|w| format!("{} {}", w.file, w.value)).take(4).collect();
    assert_eq!(
        lines,
        ["devices.deny a *:* rwm", "devices.allow c 10:229 rw", "devices.allow b 7:* rwm", "devices.allow c 7:* rwm"]
    );
}

#[test]
fn nonsense_is_refused() {
    for (kind, major, access) in [("x", 1, "r"), ("c", -7, "r"), ("c", 1 << 33, "r"), ("c", 1, "z")] {
        let rule = DeviceRule { kind: kind.into(), major: Some(major), access: access.into(), ..DeviceRule::default() };
        assert!(effective(&[rule]).is_err());
    }
}
