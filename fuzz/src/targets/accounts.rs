//! passwd and group of a container: the accounts are those that a plain second reading finds, no id is out of range, and no
//! home could reach an environment with a control character.

use std::io::ErrorKind;

use knarr_model::accounts::{self, MAX_ID, accounts, groups};
use knarr_sys::path::read_regular;
use rustix::fs::{MemfdFlags, memfd_create};

/// The second reading: name, ids, home.
type Line = (String, u64, u64, String);

pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let found: Vec<_> = accounts(&text).collect();
    let plain: Vec<Line> = text.split_inclusive('\n').filter_map(account).collect();
    assert_eq!(found.len(), plain.len(), "{found:?} is not {plain:?}");
    for (account, (name, uid, gid, home)) in found.iter().zip(plain) {
        assert_eq!((account.name, u64::from(account.uid), u64::from(account.gid)), (name.as_str(), uid, gid));
        let safe = home.starts_with('/') && home.chars().all(|c| !c.is_control());
        assert_eq!(account.home(), safe.then_some(home.as_str()));
    }
    for group in groups(&text) {
        assert!(group.gid <= MAX_ID && group.members.iter().all(|member| !member.is_empty() && !member.contains(',')));
        assert!(!group.name.contains([':', '\n']));
    }
    assert_eq!(accounts::id(&text), number(&text).and_then(|id| u32::try_from(id).ok()));
    check_limit(data);
}

fn account(line: &str) -> Option<Line> {
    // What ends a line ends with a newline: a last line's own return is part of it.
    let line = line.strip_suffix("\r\n").or(line.strip_suffix('\n')).unwrap_or(line);
    let mut fields = line.splitn(7, ':').map(str::to_owned);
    let (name, _) = (fields.next()?, fields.next()?);
    let (uid, gid) = (number(&fields.next()?)?, number(&fields.next()?)?);
    let (_, home) = (fields.next()?, fields.next()?);
    Some((name, uid, gid, home))
}

/// Digit by digit.
fn number(text: &str) -> Option<u64> {
    let add = |sum: u64, c: char| Some(sum.saturating_mul(10).saturating_add(c.to_digit(10)?.into()));
    let number = text.chars().try_fold(0, add)?;
    (!text.is_empty() && number <= u64::from(MAX_ID)).then_some(number)
}

/// Neither one byte beyond the limit nor one less than all.
fn check_limit(data: &[u8]) {
    let length = data.len() as u64;
    for limit in [0, length.saturating_sub(1), length, length + 1] {
        let file = memfd_create("passwd", MemfdFlags::CLOEXEC).expect("a file in memory");
        assert_eq!(rustix::io::pwrite(&file, data, 0), Ok(data.len()));
        match read_regular(file, limit) {
            Ok(bytes) => assert!(length <= limit && bytes == data),
            Err(error) => assert!(length > limit && error.kind() == ErrorKind::FileTooLarge, "{error}"),
        }
    }
}
