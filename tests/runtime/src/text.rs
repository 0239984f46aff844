//! Reading what the kernel prints.

/// The value of a line of `/proc/<pid>/status`.
pub fn status_field(text: &str, name: &str) -> String {
    let line = text.lines().find(|line| line.starts_with(&format!("{name}:")));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).split_once(':').unwrap().1.trim().to_owned()
}

/// The five sets of `/proc/<pid>/status` as hexadecimal numbers: inheritable, permitted, effective, bounding, ambient.
pub fn capability_sets(text: &str) -> [u64; 5] {
    ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]
        .map(|name| u64::from_str_radix(&status_field(text, name), 16).unwrap())
}
