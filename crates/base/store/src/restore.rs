//! A database that can be opened whatever has become of its file: it is checked, and one that is damaged is moved away and replaced by the copy that
//! the last good start has made.

use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use redb::Database;

use crate::StoreError;
use crate::files::sync_dir;

/// What was done about a damaged database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Where the damaged file is now; none where it was gone.
    pub moved_to: Option<PathBuf>,
    /// Whether there was a copy to go on with; else the database is empty.
    pub from_copy: bool,
    /// What was wrong.
    pub reason: String,
}

/// Opens and checks the database at `path`. A damaged one is moved to the folder `quarantine`.
pub(crate) fn open(
    path: &Path,
    quarantine: &Path,
    plain: impl Fn(&Path) -> Result<Database, StoreError>,
) -> Result<(Database, Option<Restored>), StoreError> {
    let fail = |e: io::Error| StoreError::Open { path: path.to_owned(), source: Box::new(e.into()) };
    let (copy, fresh) = (beside(path, "copy"), beside(path, "copy.new"));
    let kept = copy_whole(path, &fresh);
    let lost = fs::metadata(path).map_or(0, |metadata| metadata.len()) == 0 && copy.exists();
    let looked = if lost { Err("it is gone or empty".to_owned()) } else { checked(path, &plain)? };
    let reason = match looked {
        Ok(database) => {
            // Without room for a copy the older one stays.
            if kept.is_ok_and(|there| there) {
                fs::rename(&fresh, &copy).map_err(fail)?;
            }
            return Ok((database, None));
        }
        Err(reason) => reason,
    };
    let moved_to = move_away(path, quarantine).map_err(fail)?;
    let _it_is_as_damaged = fs::remove_file(&fresh);
    let from_copy = copy_whole(&copy, path).map_err(fail)?;
    match checked(path, &plain)? {
        Ok(database) => Ok((database, Some(Restored { moved_to, from_copy, reason }))),
        Err(_) => {
            let _the_damaged_copy = move_away(path, quarantine).map_err(fail)?;
            Ok((plain(path)?, Some(Restored { moved_to, from_copy: false, reason })))
        }
    }
}

/// The database, or what is wrong with its bytes. A file that others hold, or that the system does not give, is an error as ever.
fn checked(
    path: &Path,
    plain: &impl Fn(&Path) -> Result<Database, StoreError>,
) -> Result<Result<Database, String>, StoreError> {
    let look = || {
        let mut database = plain(path)?;
        let whole = database.check_integrity();
        whole.map(|_| database).map_err(|e| StoreError::Open { path: path.to_owned(), source: Box::new(e.into()) })
    };
    match catch_unwind(AssertUnwindSafe(look)) {
        Ok(Ok(database)) => Ok(Ok(database)),
        Ok(Err(error)) if of_the_system(&error) => Err(error),
        Ok(Err(error)) => {
            Ok(Err(std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string)))
        }
        Err(_) => Ok(Err("its pages contradict each other".to_owned())),
    }
}

/// Whether the system has refused, or the file is whole and of another version, rather than the bytes being wrong.
fn of_the_system(error: &StoreError) -> bool {
    let StoreError::Open { source, .. } = error else { return true };
    match source.as_ref() {
        redb::Error::Io(io) => !matches!(io.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof),
        other => matches!(other, redb::Error::UpgradeRequired(_)),
    }
}

/// Copies a file and syncs it; false where there is none.
fn copy_whole(from: &Path, to: &Path) -> io::Result<bool> {
    let copy = || {
        fs::copy(from, to)?;
        fs::File::open(to)?.sync_all()
    };
    match copy() {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => {
            let _half_made = fs::remove_file(to);
            Err(e)
        }
    }
}

fn move_away(path: &Path, quarantine: &Path) -> io::Result<Option<PathBuf>> {
    if !path.exists() {
        return Ok(None);
    }
    fs::create_dir_all(quarantine)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let free = (1..).map(|number| quarantine.join(format!("{name}.{number}"))).find(|target| !target.exists());
    let target = free.unwrap_or_else(|| quarantine.join(&*name));
    fs::rename(path, &target)?;
    sync_dir(quarantine)?;
    Ok(Some(target))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use crate::{Store, StoreError};

    /// Bytes changed anywhere, a file cut anywhere: it opens, with what the last start had or with what is still whole.
    #[test]
    fn whatever_is_damaged_it_opens_with_what_was_there() {
        let dir = tempfile::tempdir().unwrap();
        let (path, quarantine) = (dir.path().join("meta.db"), dir.path().join("quarantine"));
        let record = |n: u32| format!("{n}{}", "x".repeat(300));
        let store = Store::open(&path).unwrap();
        store.write(|tx| (0..200).try_for_each(|n| tx.put("t", &n.to_string(), &record(n)))).unwrap();
        drop(store);
        drop(Store::open_or_restore(&path, &quarantine).unwrap());
        let whole = std::fs::read(&path).unwrap();
        let step = whole.len() / 29;
        let mut restored = 0;
        for at in (0..whole.len()).step_by(step) {
            for cut in [false, true] {
                let mut bytes = whole.clone();
                if cut {
                    bytes.truncate(at);
                } else {
                    bytes[at] ^= 0x55;
                }
                std::fs::write(&path, bytes).unwrap();
                let store = Store::open_or_restore(&path, &quarantine).unwrap();
                restored += usize::from(store.restored().is_some_and(|restored| restored.from_copy));
                let all = store.read(|tx| tx.list::<String>("t")).unwrap();
                assert_eq!(all.len(), 200, "byte {at}, cut: {cut}");
                assert!(all.iter().all(|(key, text)| *text == record(key.parse().unwrap())), "byte {at}, cut: {cut}");
                store.write(|tx| tx.put("t", "0", &record(0))).unwrap();
            }
        }
        assert!(restored > 29, "{restored}");
    }

    #[test]
    fn without_a_copy_it_is_empty_and_a_live_one_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (path, quarantine) = (dir.path().join("meta.db"), dir.path().join("quarantine"));
        std::fs::write(&path, b"no database at all").unwrap();
        let store = Store::open_or_restore(&path, &quarantine).unwrap();
        let restored = store.restored().unwrap();
        assert!(!restored.from_copy && restored.moved_to.as_ref().is_some_and(|path| path.exists()));
        assert!(matches!(Store::open_or_restore(&path, &quarantine), Err(StoreError::InUse(_))));
    }
}
