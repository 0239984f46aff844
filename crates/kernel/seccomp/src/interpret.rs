//! Runs a program as the kernel would: the oracle of the tests.

use knarr_sys::seccomp::Insn;

use crate::assemble::*;

/// `struct seccomp_data`.
pub struct Call {
    /// Of the system call.
    pub number: u32,
    /// The kernel's name of the interface.
    pub arch: u32,
    /// All six, of 64 bits.
    pub args: [u64; 6],
}

impl Call {
    fn word(&self, offset: u32) -> u32 {
        match offset {
            0 => self.number,
            4 => self.arch,
            16..64 => {
                let arg = self.args[(offset as usize - 16) / 8];
                if offset.is_multiple_of(8) { arg as u32 } else { (arg >> 32) as u32 }
            }
            _ => panic!("load of offset {offset}"),
        }
    }
}

/// The answer. Panics where the kernel's checker would refuse: a jump beyond the end, an unknown instruction.
pub fn run(program: &[Insn], call: &Call) -> u32 {
    let (mut at, mut accumulator) = (0, 0);
    loop {
        let Insn { code, jt, jf, k } = program[at];
        at += 1;
        let mut branch = |holds: bool| at += usize::from(if holds { jt } else { jf });
        match code {
            LOAD => accumulator = call.word(k),
            AND => accumulator &= k,
            JUMP => at += k as usize,
            JUMP_EQUAL => branch(accumulator == k),
            JUMP_GREATER => branch(accumulator > k),
            JUMP_GREATER_EQUAL => branch(accumulator >= k),
            RETURN => return k,
            other => panic!("unknown instruction {other:#x}"),
        }
    }
}
