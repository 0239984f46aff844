//! PAX records (pax(1), "Extended Header Keyword/Value Pairs"): `<length> <key>=<value>\n`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

use knarr_sys::path::Time;

use crate::error::{Error, Result};

/// The records that matter here. An empty value takes a record back, so it is as if it were not there.
#[derive(Debug, Default)]
pub(crate) struct Records {
    pub path: Option<PathBuf>,
    pub link: Option<PathBuf>,
    pub size: Option<u64>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    pub modified: Option<Time>,
    pub xattrs: Vec<(OsString, Vec<u8>)>,
    /// `GNU.sparse.<name>`.
    pub sparse: Vec<(String, String)>,
}

impl Records {
    /// Parses the content of an `x` header.
    pub fn parse(data: &[u8]) -> Result<Self> {
        let mut records = Self::default();
        let mut rest = data;
        while !rest.is_empty() && rest.iter().any(|b| *b != 0) {
            let (key, value, after) = split(rest).ok_or_else(|| Error::archive("malformed PAX record"))?;
            records.take(key, value)?;
            rest = after;
        }
        Ok(records)
    }

    /// Whether a global header would change what members are.
    pub fn touches_members(&self) -> bool {
        self.path.is_some() || self.link.is_some() || self.size.is_some() || !self.sparse.is_empty()
    }

    fn take(&mut self, key: &str, value: &[u8]) -> Result<()> {
        let bad = || Error::archive(format!("PAX record {key:?} has the value {:?}", String::from_utf8_lossy(value)));
        if let Some(name) = key.strip_prefix("SCHILY.xattr.") {
            self.xattrs.push((name.into(), value.to_vec()));
            return Ok(());
        }
        if value.is_empty() {
            return Ok(());
        }
        let text = || std::str::from_utf8(value).ok().ok_or_else(bad);
        match key {
            "path" => set(&mut self.path, path(value).ok_or_else(bad)?, bad)?,
            "linkpath" => set(&mut self.link, path(value).ok_or_else(bad)?, bad)?,
            "size" => set(&mut self.size, decimal(text()?).ok_or_else(bad)?, bad)?,
            "uid" => self.uid = Some(id(text()?).ok_or_else(bad)?),
            "gid" => self.gid = Some(id(text()?).ok_or_else(bad)?),
            "mtime" => self.modified = Some(time(text()?).ok_or_else(bad)?),
            _ => {
                if let Some(name) = key.strip_prefix("GNU.sparse.") {
                    self.sparse.push((name.to_owned(), text()?.to_owned()));
                }
            }
        }
        Ok(())
    }
}

/// Sets a record that two readers would take differently if it came twice.
fn set<T>(slot: &mut Option<T>, value: T, twice: impl Fn() -> Error) -> Result<()> {
    if slot.replace(value).is_some() { Err(twice()) } else { Ok(()) }
}

/// The first record and what follows it.
fn split(data: &[u8]) -> Option<(&str, &[u8], &[u8])> {
    let space = data.iter().take(20).position(|b| *b == b' ')?;
    let length = usize::try_from(decimal(std::str::from_utf8(&data[..space]).ok()?)?).ok()?;
    let record = data.get(space + 1..length)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|b| *b == b'=')?;
    let key = std::str::from_utf8(&record[..equals]).ok().filter(|key| !key.is_empty())?;
    Some((key, &record[equals + 1..], &data[length..]))
}

/// Digits only: no sign, no spaces.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

fn id(text: &str) -> Option<u32> {
    u32::try_from(decimal(text)?).ok().filter(|id| *id != u32::MAX)
}

fn path(value: &[u8]) -> Option<PathBuf> {
    (!value.contains(&0)).then(|| OsString::from_vec(value.to_vec()).into())
}

/// `[-]seconds[.fraction]`, more than nine digits of fraction cut off.
fn time(text: &str) -> Option<Time> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let seconds = i64::try_from(decimal(whole)?).ok()?;
    let digits: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
    let nanoseconds = u32::try_from(decimal(&digits)?).ok()?;
    Some(match (negative, nanoseconds) {
        (false, _) => Time { seconds, nanoseconds },
        (true, 0) => Time { seconds: -seconds, nanoseconds },
        (true, _) => Time { seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_parsed() {
        let records = Records::parse(b"9 path=a\n17 mtime=-1.5001\n29 SCHILY.xattr.user.a=x\ny=\n\n").unwrap();
        assert_eq!(records.path, Some("a".into()));
        assert_eq!(records.modified, Some(Time { seconds: -2, nanoseconds: 499_900_000 }));
        assert_eq!(records.xattrs, [("user.a".into(), b"x\ny=\n".to_vec())]);
    }

    #[test]
    fn malformed_records_are_refused() {
        let bad: [&[u8]; 9] = [
            b"9 path=a",
            b"8 path=a\n",
            b"99 path=a\n",
            b"x path=a\n",
            b"+9 path=a\n",
            b"5 =a\n",
            b"9 size=-1\n",
            b"10 path=a\0\n",
            b"9 path=a\n9 path=b\n",
        ];
        for data in bad {
            assert!(Records::parse(data).is_err(), "{:?}", String::from_utf8_lossy(data));
        }
    }
}
