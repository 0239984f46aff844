//! What the kernel asks of a filter before it takes it: `bpf_check_classic` and `seccomp_check_filter`, with the
//! instructions that our compiler has a use for.

use knarr_seccomp::Insn;

/// `BPF_MAXINSNS`.
const MOST: usize = 4096;
/// Bytes of `struct seccomp_data`.
const DATA: u32 = 64;

const LOAD_WORD: u16 = 0x20;
const AND: u16 = 0x54;
const JUMP: u16 = 0x05;
const CONDITIONAL: [u16; 3] = [0x15, 0x25, 0x35];
const RETURN: u16 = 0x06;

/// Panics where the kernel would refuse.
pub fn check(filter: &[Insn]) {
    assert!((1..=MOST).contains(&filter.len()), "{} instructions", filter.len());
    for (at, insn) in filter.iter().enumerate() {
        let behind = filter.len() - at - 1;
        let inside =
            |distance: u32| assert!((distance as usize) < behind, "instruction {at} jumps {distance}: {insn:?}");
        match insn.code {
            LOAD_WORD => assert!(insn.k < DATA && insn.k % 4 == 0, "instruction {at} loads {}", insn.k),
            JUMP => inside(insn.k),
            code if CONDITIONAL.contains(&code) => [insn.jt, insn.jf].into_iter().for_each(|jump| inside(jump.into())),
            AND | RETURN => {}
            code => panic!("instruction {at} has the code {code:#x}"),
        }
    }
    assert_eq!(filter.last().map(|insn| insn.code), Some(RETURN), "the program runs beyond its end");
}
