//! The forms in which a shim writes records, and where those end (`crates/kernel/shim/src/log.rs`).

use knarr_shim_client::LogForm;

use crate::containers::Record;

/// The bytes that a record of `local` has before its line, without its length.
pub(super) const HEAD: usize = 13;
/// Bytes of a record's length.
pub(super) const LENGTH: usize = 4;
/// The longest line that a shim writes at once.
const LINE: usize = 16 << 10;

/// How a container's output is kept; none where it is not.
pub(crate) fn form(record: &Record) -> Option<LogForm> {
    match record.host.log_config.kind.as_str() {
        "none" => None,
        "local" => Some(LogForm::Local),
        _ => Some(LogForm::JsonFile),
    }
}

/// The newest file's name; `.1` is the one before it.
pub(crate) fn file_name(form: LogForm) -> &'static str {
    match form {
        LogForm::JsonFile => "json.log",
        LogForm::Local => "local.log",
    }
}

/// What bytes begin with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Begun {
    /// A record of so many bytes.
    Whole(usize),
    /// Less than one.
    Part,
    /// Something else: what follows it in this file cannot be told apart.
    Nonsense,
}

/// Looks for a record at the beginning of some bytes.
pub(super) fn begun(form: LogForm, bytes: &[u8]) -> Begun {
    match form {
        LogForm::JsonFile => {
            bytes.iter().position(|byte| *byte == b'\n').map_or(Begun::Part, |end| Begun::Whole(end + 1))
        }
        LogForm::Local => match bytes.first_chunk::<LENGTH>().map(|length| u32::from_le_bytes(*length) as usize) {
            Some(length) if !(HEAD..=HEAD + LINE).contains(&length) => Begun::Nonsense,
            Some(length) if bytes.len() >= LENGTH + length => Begun::Whole(LENGTH + length),
            _ => Begun::Part,
        },
    }
}
