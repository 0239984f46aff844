//! An assembler that works from the end to the beginning.
//!
//! A conditional jump of classic BPF reaches 255 instructions forward. Emitting backward, every target is already
//! there and its distance known; one that is too far is reached over an unconditional jump, which has no such limit.

use knarr_sys::seccomp::Insn;

use crate::action::Action;

pub const LOAD: u16 = 0x20;
pub const AND: u16 = 0x54;
pub const RETURN: u16 = 0x06;
pub const JUMP: u16 = 0x05;
pub const JUMP_EQUAL: u16 = 0x15;
pub const JUMP_GREATER: u16 = 0x25;
pub const JUMP_GREATER_EQUAL: u16 = 0x35;

/// A conditional jump reaches this far, with room for one instruction that comes between.
const REACH: usize = 250;

/// A place in the program, counted from its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label(usize);

/// A program in the making, its last instruction first.
#[derive(Debug, Default)]
pub struct Assembler {
    backward: Vec<Insn>,
    /// The newest answer of each kind; there are few kinds.
    answers: Vec<(Action, Label)>,
}

impl Assembler {
    /// An answer; one that is near enough is used again.
    pub fn answer(&mut self, action: Action) -> Label {
        let known = self.answers.iter().position(|(other, _)| *other == action);
        match known.map(|place| self.answers[place].1) {
            Some(label) if self.distance(label) < REACH / 2 => label,
            _ => {
                let label = self.push(RETURN, action.0, 0, 0);
                match known {
                    Some(place) => self.answers[place].1 = label,
                    None => self.answers.push((action, label)),
                }
                label
            }
        }
    }

    /// Loads a word of `struct seccomp_data`, then goes on at `next`.
    pub fn load(&mut self, offset: u32, next: Label) -> Label {
        self.step(LOAD, offset, next)
    }

    /// Keeps the bits of `mask`, then goes on at `next`.
    pub fn and(&mut self, mask: u32, next: Label) -> Label {
        self.step(AND, mask, next)
    }

    /// Goes to `holds` or to `fails` by a test against `value`.
    pub fn test(&mut self, code: u16, value: u32, holds: Label, fails: Label) -> Label {
        if holds == fails {
            return holds;
        }
        let (holds, fails) = (self.reachable(holds), self.reachable(fails));
        let (jt, jf) = (self.distance(holds), self.distance(fails));
        self.push(code, value, jt as u8, jf as u8)
    }

    /// The program, from `start` on, which was emitted last.
    pub fn finish(mut self, start: Label) -> Vec<Insn> {
        let start = if self.distance(start) == 0 { start } else { self.jump(start) };
        debug_assert_eq!(self.distance(start), 0);
        self.backward.reverse();
        self.backward
    }

    fn step(&mut self, code: u16, value: u32, next: Label) -> Label {
        if self.distance(next) > 0 {
            self.jump(next);
        }
        self.push(code, value, 0, 0)
    }

    fn jump(&mut self, target: Label) -> Label {
        let distance = self.distance(target);
        self.push(JUMP, distance as u32, 0, 0)
    }

    fn reachable(&mut self, label: Label) -> Label {
        if self.distance(label) < REACH { label } else { self.jump(label) }
    }

    /// Instructions between the next one and `label`.
    fn distance(&self, label: Label) -> usize {
        self.backward.len() - label.0 - 1
    }

    fn push(&mut self, code: u16, k: u32, jt: u8, jf: u8) -> Label {
        self.backward.push(Insn { code, jt, jf, k });
        Label(self.backward.len() - 1)
    }
}
