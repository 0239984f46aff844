//! The device list as a `BPF_PROG_TYPE_CGROUP_DEVICE` program.
//!
//! Context: `{ u32 access << 16 | kind, u32 major, u32 minor }`; the answer is 1 to allow, 0 to refuse.
//! Rules are tried from the last to the first while register 3 keeps the access that nobody has granted yet: a matching
//! allow takes its bits away (none left: allow), a matching deny with one of the bits left refuses.

use knarr_sys::bpf::Insn;

use super::{Kind, Rule};

const RESULT: u8 = 0;
const CONTEXT: u8 = 1;
const KIND: u8 = 2;
const LEFT: u8 = 3;
const MAJOR: u8 = 4;
const MINOR: u8 = 5;
const SCRATCH: u8 = 6;

pub(super) const LOAD_WORD: u8 = 0x61;
pub(super) const MOVE_REGISTER: u8 = 0xbc;
pub(super) const MOVE: u8 = 0xb4;
pub(super) const AND: u8 = 0x54;
pub(super) const SHIFT_RIGHT: u8 = 0x74;
pub(super) const JUMP_NOT_EQUAL: u8 = 0x56;
pub(super) const JUMP_EQUAL: u8 = 0x16;
pub(super) const EXIT: u8 = 0x95;

const BLOCK: i32 = 1;
const CHARACTER: i32 = 2;

fn insn(code: u8, to: u8, from: u8, offset: i16, immediate: i32) -> Insn {
    Insn { code, registers: to | from << 4, offset, immediate }
}

/// The program for a checked list (see [`super::effective`]).
pub fn program(rules: &[Rule]) -> Vec<Insn> {
    let mut code = vec![
        insn(LOAD_WORD, KIND, CONTEXT, 0, 0),
        insn(MOVE_REGISTER, LEFT, KIND, 0, 0),
        insn(AND, KIND, 0, 0, 0xffff),
        insn(SHIFT_RIGHT, LEFT, 0, 0, 16),
        insn(LOAD_WORD, MAJOR, CONTEXT, 4, 0),
        insn(LOAD_WORD, MINOR, CONTEXT, 8, 0),
    ];
    for rule in rules.iter().rev() {
        code.extend(one(rule));
    }
    code.extend(answer(0));
    code
}

fn answer(value: i32) -> [Insn; 2] {
    [insn(MOVE, RESULT, 0, 0, value), insn(EXIT, 0, 0, 0, 0)]
}

/// A rule: its tests jump over the rest of it where they fail.
fn one(rule: &Rule) -> Vec<Insn> {
    let tests: Vec<(u8, i32)> = [
        rule.kind.map(|kind| (KIND, if kind == Kind::Block { BLOCK } else { CHARACTER })),
        rule.major.map(|major| (MAJOR, major as i32)),
        rule.minor.map(|minor| (MINOR, minor as i32)),
    ]
    .into_iter()
    .flatten()
    .collect();
    let body = if rule.allow { grant(rule.access) } else { refuse(rule.access) };
    let mut code = Vec::with_capacity(tests.len() + body.len());
    for (index, (register, value)) in tests.iter().enumerate() {
        let skipped = tests.len() - index - 1 + body.len();
        code.push(insn(JUMP_NOT_EQUAL, *register, 0, skipped as i16, *value));
    }
    code.extend(body);
    code
}

fn grant(access: u8) -> Vec<Insn> {
    let mut code = vec![insn(AND, LEFT, 0, 0, !i32::from(access)), insn(JUMP_NOT_EQUAL, LEFT, 0, 2, 0)];
    code.extend(answer(1));
    code
}

fn refuse(access: u8) -> Vec<Insn> {
    let mut code = vec![
        insn(MOVE_REGISTER, SCRATCH, LEFT, 0, 0),
        insn(AND, SCRATCH, 0, 0, i32::from(access)),
        insn(JUMP_EQUAL, SCRATCH, 0, 2, 0),
    ];
    code.extend(answer(0));
    code
}
