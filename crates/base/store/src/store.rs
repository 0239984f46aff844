//! Tables, transactions.

use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, TryLockError};
use std::time::Duration;

use knarr_sys::failpoint;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, TableError};
use serde::{Serialize, de::DeserializeOwned};

use crate::StoreError;
use crate::failure::Failure;
use crate::reserve::Reserve;
use crate::restore::{self, Restored};

/// A table's name.
pub type Table = &'static str;

type Result<T> = std::result::Result<T, StoreError>;

/// Pages kept in memory: the whole of a usual database, without letting a large one grow the daemon.
const CACHE_BYTES: usize = 2 << 20;

fn definition(table: Table) -> TableDefinition<'static, &'static str, &'static [u8]> {
    TableDefinition::new(table)
}

/// Times that an exclusive hold on the database is tried, a millisecond apart, to open it anew.
const TRIES: u32 = 200;

/// The metadata database. Cheap to share behind an `Arc`; writers wait for each other, readers for nobody.
pub struct Store {
    path: PathBuf,
    /// None only after opening it anew has failed.
    database: RwLock<Option<Database>>,
    failure: Failure,
    reserve: Reserve,
    restored: Option<Restored>,
}

/// The database, held open for one transaction.
type Held<'a> = RwLockReadGuard<'a, Option<Database>>;

impl Store {
    /// Opens `path`, and makes it where it does not exist. [`StoreError::InUse`] where another process has it open.
    pub fn open(path: &Path) -> Result<Self> {
        Self::on(path, open(path)?, None)
    }

    /// Opens `path` after a look at all of it. A damaged file is moved to the folder `quarantine`, and the copy that the last good start has made is
    /// taken in its place: [`Store::restored`] says so.
    pub fn open_or_restore(path: &Path, quarantine: &Path) -> Result<Self> {
        let (database, restored) = restore::open(path, quarantine, open)?;
        Self::on(path, database, restored)
    }

    fn on(path: &Path, database: Database, restored: Option<Restored>) -> Result<Self> {
        let failed = |e: std::io::Error| StoreError::Open { path: path.to_owned(), source: Box::new(e.into()) };
        let reserve = Reserve::new(path).map_err(failed)?;
        let database = RwLock::new(Some(database));
        Ok(Self { path: path.to_owned(), database, failure: Failure::default(), reserve, restored })
    }

    /// What was done about a damaged file when it was opened: what was recorded since the copy was made is not known any more.
    pub fn restored(&self) -> Option<&Restored> {
        self.restored.as_ref()
    }

    /// Runs `body` on one consistent snapshot.
    pub fn read<T, E: From<StoreError>>(
        &self,
        body: impl FnOnce(&Read) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        let held = self.hold()?;
        let transaction = self.of(&held)?.begin_read().map_err(|e| self.failure.note("read", e))?;
        body(&Read { transaction, failure: self.failure.clone() })
    }

    /// Runs `body` in one transaction: committed durably when it returns `Ok`, without any effect when it does not.
    pub fn write<T, E: From<StoreError>>(
        &self,
        body: impl FnOnce(&Write) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        let fail = |e: redb::Error| self.failure.note("write", e);
        let roomy = self.reserve.fill().map_err(|e| fail(e.into()))?;
        let held = self.hold()?;
        let mut transaction = self.of(&held)?.begin_write().map_err(|e| fail(e.into()))?;
        transaction.set_quick_repair(true);
        let write = Write { transaction, failure: self.failure.clone(), roomy };
        let value = body(&write)?;
        failpoint!("database.committing", io).map_err(|e| fail(e.into()))?;
        write.transaction.commit().map_err(|e| fail(e.into()))?;
        Ok(value)
    }

    /// The database; opened anew where it has failed.
    fn hold(&self) -> Result<Held<'_>> {
        if self.failure.happened() {
            self.open_again()?;
        }
        Ok(self.database.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn of<'h>(&self, held: &'h Held<'_>) -> Result<&'h Database> {
        held.as_ref().ok_or_else(|| self.failure.note("read", redb::Error::PreviousIo))
    }

    /// Waits for the transactions under way, which all fail, and no longer: one that itself asks here must not wait for itself.
    fn open_again(&self) -> Result<()> {
        for _ in 0..TRIES {
            let mut held = match self.database.try_write() {
                Ok(held) => held,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {
                    std::thread::sleep(Duration::from_millis(1));
                    continue;
                }
            };
            if self.failure.happened() {
                // Closed first: it holds the file's lock.
                *held = None;
                *held = Some(open(&self.path)?);
                self.failure.clear();
            }
            return Ok(());
        }
        Err(self.failure.note("read", redb::Error::PreviousIo))
    }
}

fn open(path: &Path) -> Result<Database> {
    Database::builder().set_cache_size(CACHE_BYTES).create(path).map_err(|error| match error {
        redb::DatabaseError::DatabaseAlreadyOpen => StoreError::InUse(path.to_owned()),
        other => StoreError::Open { path: path.to_owned(), source: Box::new(other.into()) },
    })
}

/// A read transaction.
pub struct Read {
    transaction: redb::ReadTransaction,
    failure: Failure,
}

impl Read {
    fn table(&self, table: Table) -> Result<Option<redb::ReadOnlyTable<&'static str, &'static [u8]>>> {
        match self.transaction.open_table(definition(table)) {
            Ok(open) => Ok(Some(open)),
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(self.failure.note("read", error)),
        }
    }

    /// The record under `key`.
    pub fn get<T: DeserializeOwned>(&self, table: Table, key: &str) -> Result<Option<T>> {
        let Some(open) = self.table(table)? else { return Ok(None) };
        get(&open, table, key, &self.failure)
    }

    /// All records in the order of their keys.
    pub fn list<T: DeserializeOwned>(&self, table: Table) -> Result<Vec<(String, T)>> {
        let Some(open) = self.table(table)? else { return Ok(Vec::new()) };
        list(&open, table, &self.failure)
    }
}

/// A write transaction; reads in it see what it wrote.
pub struct Write {
    transaction: redb::WriteTransaction,
    failure: Failure,
    /// Whether there is room for new records.
    roomy: bool,
}

impl Write {
    fn table(&self, table: Table) -> Result<redb::Table<'_, &'static str, &'static [u8]>> {
        self.transaction.open_table(definition(table)).map_err(|e| self.failure.note("write", e))
    }

    /// The record under `key`.
    pub fn get<T: DeserializeOwned>(&self, table: Table, key: &str) -> Result<Option<T>> {
        get(&self.table(table)?, table, key, &self.failure)
    }

    /// All records in the order of their keys.
    pub fn list<T: DeserializeOwned>(&self, table: Table) -> Result<Vec<(String, T)>> {
        list(&self.table(table)?, table, &self.failure)
    }

    /// Writes or overwrites the record under `key`.
    pub fn put<T: Serialize>(&self, table: Table, key: &str, record: &T) -> Result<()> {
        let bytes = serde_json::to_vec(record).map_err(|source| StoreError::Encode { table, source })?;
        let mut open = self.table(table)?;
        let fail = |e| self.failure.note("write", e);
        if !self.roomy && open.get(key).map_err(fail)?.is_none() {
            return Err(StoreError::Full { table });
        }
        open.insert(key, bytes.as_slice()).map_err(fail)?;
        Ok(())
    }

    /// Removes the record under `key`; whether there was one.
    pub fn delete(&self, table: Table, key: &str) -> Result<bool> {
        let mut open = self.table(table)?;
        let removed = open.remove(key).map_err(|e| self.failure.note("write", e))?;
        Ok(removed.is_some())
    }
}

fn decode<T: DeserializeOwned>(table: Table, key: &str, bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|source| StoreError::Decode { table, key: key.to_owned(), source })
}

fn get<T: DeserializeOwned>(
    open: &impl ReadableTable<&'static str, &'static [u8]>,
    table: Table,
    key: &str,
    failure: &Failure,
) -> Result<Option<T>> {
    let found = open.get(key).map_err(|e| failure.note("read", e))?;
    found.map(|bytes| decode(table, key, bytes.value())).transpose()
}

fn list<T: DeserializeOwned>(
    open: &impl ReadableTable<&'static str, &'static [u8]>,
    table: Table,
    failure: &Failure,
) -> Result<Vec<(String, T)>> {
    let fail = |e| failure.note("read", e);
    let mut records = Vec::new();
    for entry in open.iter().map_err(fail)? {
        let (key, bytes) = entry.map_err(fail)?;
        records.push((key.value().to_owned(), decode(table, key.value(), bytes.value())?));
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_survive_reopening_and_failed_writes_leave_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("meta.db");
        let store = Store::open(&path).unwrap();
        store.write(|tx| tx.put("t", "a", &1u32)).unwrap();
        let failed: std::result::Result<(), StoreError> = store.write(|tx| {
            tx.put("t", "b", &2u32)?;
            tx.get::<String>("t", "a").map(drop)
        });
        assert!(matches!(failed, Err(StoreError::Decode { .. })));
        drop(store);
        let store = Store::open(&path).unwrap();
        let all: Vec<(String, u32)> = store.read(|tx| tx.list("t")).unwrap();
        assert_eq!(all, [("a".to_owned(), 1)]);
        assert!(store.write(|tx| tx.delete("t", "a")).unwrap());
        assert_eq!(store.read(|tx| tx.get::<u32>("none", "a")).unwrap(), None);
    }

    #[test]
    fn a_second_opener_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("meta.db");
        let _first = Store::open(&path).unwrap();
        assert!(matches!(Store::open(&path), Err(StoreError::InUse(_))));
    }
}
