//! Conditions on arguments. An argument has 64 bits, the machine 32: the high word is looked at first.

use knarr_spec::SeccompArg;

use crate::assemble::{Assembler, JUMP_EQUAL, JUMP_GREATER, JUMP_GREATER_EQUAL, Label};
use crate::{Error, Result};

/// Offset of the arguments in `struct seccomp_data`, eight bytes each, the low word first on our machines.
const ARGUMENTS: u32 = 16;

/// The names of comparisons in a profile.
pub const OPERATORS: &[&str] =
    &["SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_LE", "SCMP_CMP_LT", "SCMP_CMP_MASKED_EQ", "SCMP_CMP_NE"];

/// A test of one argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Condition {
    index: u32,
    comparison: Comparison,
    value: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Comparison {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    /// With this mask.
    Masked(u64),
}

impl Condition {
    /// From a profile.
    pub fn parse(arg: &SeccompArg) -> Result<Self> {
        if arg.index > 5 {
            return Err(Error::Argument(arg.index));
        }
        let (comparison, value) = match arg.op.as_str() {
            "SCMP_CMP_EQ" => (Comparison::Equal, arg.value),
            "SCMP_CMP_NE" => (Comparison::NotEqual, arg.value),
            "SCMP_CMP_GT" => (Comparison::Greater, arg.value),
            "SCMP_CMP_GE" => (Comparison::GreaterOrEqual, arg.value),
            "SCMP_CMP_LT" => (Comparison::Less, arg.value),
            "SCMP_CMP_LE" => (Comparison::LessOrEqual, arg.value),
            "SCMP_CMP_MASKED_EQ" => (Comparison::Masked(arg.value), arg.value_two),
            other => return Err(Error::Comparison(other.to_owned())),
        };
        Ok(Self { index: arg.index, comparison, value })
    }

    /// Which argument it tests.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// Emits the test.
    pub fn emit(&self, code: &mut Assembler, holds: Label, fails: Label) -> Label {
        match self.comparison {
            Comparison::Equal => self.equal(code, u64::MAX, holds, fails),
            Comparison::NotEqual => self.equal(code, u64::MAX, fails, holds),
            Comparison::Masked(mask) => self.equal(code, mask, holds, fails),
            Comparison::Greater => self.greater(code, JUMP_GREATER, holds, fails),
            Comparison::GreaterOrEqual => self.greater(code, JUMP_GREATER_EQUAL, holds, fails),
            Comparison::Less => self.greater(code, JUMP_GREATER_EQUAL, fails, holds),
            Comparison::LessOrEqual => self.greater(code, JUMP_GREATER, fails, holds),
        }
    }

    fn equal(&self, code: &mut Assembler, mask: u64, holds: Label, fails: Label) -> Label {
        let low = self.word_equal(code, 0, mask as u32, self.value as u32, holds, fails);
        self.word_equal(code, 4, (mask >> 32) as u32, (self.value >> 32) as u32, low, fails)
    }

    /// One word; a mask that keeps nothing leaves nothing to load.
    fn word_equal(
        &self,
        code: &mut Assembler,
        offset: u32,
        mask: u32,
        value: u32,
        holds: Label,
        fails: Label,
    ) -> Label {
        if mask == 0 {
            return if value == 0 { holds } else { fails };
        }
        let test = code.test(JUMP_EQUAL, value, holds, fails);
        let masked = if mask == u32::MAX { test } else { code.and(mask, test) };
        code.load(self.offset() + offset, masked)
    }

    fn greater(&self, code: &mut Assembler, low_test: u16, holds: Label, fails: Label) -> Label {
        let high = (self.value >> 32) as u32;
        let low = code.test(low_test, self.value as u32, holds, fails);
        let low = code.load(self.offset(), low);
        let same = code.test(JUMP_EQUAL, high, low, fails);
        let above = code.test(JUMP_GREATER, high, holds, same);
        code.load(self.offset() + 4, above)
    }

    fn offset(&self) -> u32 {
        ARGUMENTS + 8 * self.index
    }

    /// Its plain meaning, against which the program is tested.
    #[cfg(test)]
    pub fn meaning(&self, args: &[u64; 6]) -> bool {
        let arg = args[self.index as usize];
        match self.comparison {
            Comparison::Equal => arg == self.value,
            Comparison::NotEqual => arg != self.value,
            Comparison::Greater => arg > self.value,
            Comparison::GreaterOrEqual => arg >= self.value,
            Comparison::Less => arg < self.value,
            Comparison::LessOrEqual => arg <= self.value,
            Comparison::Masked(mask) => arg & mask == self.value,
        }
    }
}
