//! Programs of a few instructions, for system calls that no applet makes.

const BASE: u64 = 0x40_0000;
/// ELF header and one program header.
const HEADERS: u64 = 64 + 56;
/// Bytes kept for the code, before the data.
const CODE: usize = 64;

/// Where the data of [`old_system_call`] lies in memory.
pub const ELF_DATA: u32 = (BASE + HEADERS) as u32 + CODE as u32;

/// A static program that makes one system call of 64-bit x86 and exits with the negated answer: the error's number where it is
/// refused.
pub fn system_call(number: u32, args: [u64; 3]) -> Vec<u8> {
    // mov eax, number; movabs rdi, rsi, rdx; syscall.
    let mut code = vec![0xb8];
    code.extend(number.to_le_bytes());
    for (register, value) in [0xbf_u8, 0xbe, 0xba].into_iter().zip(args) {
        code.extend([0x48, register]);
        code.extend(value.to_le_bytes());
    }
    code.extend([0x0f, 0x05]);
    exits_with_answer(code, &[])
}

/// The same by `int 0x80`, as programs of 32-bit x86 call; `data` lies at [`ELF_DATA`], for arguments that are addresses.
pub fn old_system_call(number: u32, args: [u32; 3], data: &[u8]) -> Vec<u8> {
    // mov eax, number; mov ebx, ecx, edx; int 0x80.
    let mut code = Vec::new();
    for (register, value) in [0xb8_u8, 0xbb, 0xb9, 0xba].into_iter().zip([number].into_iter().chain(args)) {
        code.push(register);
        code.extend(value.to_le_bytes());
    }
    code.extend([0xcd, 0x80]);
    exits_with_answer(code, data)
}

/// neg eax; mov edi, eax; mov eax, 60 (exit); syscall.
fn exits_with_answer(mut code: Vec<u8>, data: &[u8]) -> Vec<u8> {
    code.extend([0xf7, 0xd8, 0x89, 0xc7, 0xb8, 60, 0, 0, 0, 0x0f, 0x05]);
    code.resize(CODE, 0);
    code.extend(data);
    elf(&code)
}

/// A static program of 64-bit x86: the code, and what lies behind it.
fn elf(code: &[u8]) -> Vec<u8> {
    let mut file = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let halves = |file: &mut Vec<u8>, words: &[u16]| words.iter().for_each(|word| file.extend(word.to_le_bytes()));
    // An executable for x86-64, its entry, where the program header is, no sections.
    halves(&mut file, &[2, 62]);
    file.extend(1u32.to_le_bytes());
    [BASE + HEADERS, 64, 0].iter().for_each(|word| file.extend(word.to_le_bytes()));
    file.extend(0u32.to_le_bytes());
    halves(&mut file, &[64, 56, 1, 0, 0, 0]);
    // One segment to load, readable and executable, of the whole file.
    [1u32, 5].iter().for_each(|word| file.extend(word.to_le_bytes()));
    let size = HEADERS + code.len() as u64;
    [0, BASE, BASE, size, size, 4096].iter().for_each(|word: &u64| file.extend(word.to_le_bytes()));
    file.extend(code);
    file
}
