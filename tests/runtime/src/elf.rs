//! Programs of a few instructions, for system calls that no applet makes.

const BASE: u64 = 0x40_0000;
/// ELF header and one program header.
const HEADERS: u64 = 64 + 56;

/// Where the code lies in memory.
pub const ELF_CODE: u32 = (BASE + HEADERS) as u32;

/// A static program of 64-bit x86: the code, and what lies behind it.
pub fn elf(code: &[u8]) -> Vec<u8> {
    let mut file = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let halves = |file: &mut Vec<u8>, words: &[u16]| words.iter().for_each(|word| file.extend(word.to_le_bytes()));
    // An executable for x86-64, its entry, where the program header is, no sections.
    halves(&mut file, &[2, 62]);
    file.extend(1u32.to_le_bytes());
    [u64::from(ELF_CODE), 64, 0].iter().for_each(|word| file.extend(word.to_le_bytes()));
    file.extend(0u32.to_le_bytes());
    halves(&mut file, &[64, 56, 1, 0, 0, 0]);
    // One segment to load, readable and executable, of the whole file.
    [1u32, 5].iter().for_each(|word| file.extend(word.to_le_bytes()));
    let size = HEADERS + code.len() as u64;
    [0, BASE, BASE, size, size, 4096].iter().for_each(|word: &u64| file.extend(word.to_le_bytes()));
    file.extend(code);
    file
}
