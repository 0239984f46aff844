//! Tables, transactions.

use std::path::Path;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, TableError};
use serde::{Serialize, de::DeserializeOwned};

use crate::StoreError;

/// A table's name.
pub type Table = &'static str;

type Result<T> = std::result::Result<T, StoreError>;

/// Pages kept in memory: the whole of a usual database, without letting a large one grow the daemon.
const CACHE_BYTES: usize = 2 << 20;

fn definition(table: Table) -> TableDefinition<'static, &'static str, &'static [u8]> {
    TableDefinition::new(table)
}

/// The metadata database. Cheap to share behind an `Arc`; writers wait for each other, readers for nobody.
pub struct Store {
    database: Database,
}

impl Store {
    /// Opens `path`, and makes it where it does not exist. [`StoreError::InUse`] where another process has it open.
    pub fn open(path: &Path) -> Result<Self> {
        let database = Database::builder().set_cache_size(CACHE_BYTES).create(path).map_err(|error| match error {
            redb::DatabaseError::DatabaseAlreadyOpen => StoreError::InUse(path.to_owned()),
            other => StoreError::Open { path: path.to_owned(), source: Box::new(other.into()) },
        })?;
        Ok(Self { database })
    }

    /// Runs `body` on one consistent snapshot.
    pub fn read<T, E: From<StoreError>>(
        &self,
        body: impl FnOnce(&Read) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        let fail = StoreError::transaction("read");
        let transaction = self.database.begin_read().map_err(|e| fail(e.into()))?;
        body(&Read { transaction })
    }

    /// Runs `body` in one transaction: committed durably when it returns `Ok`, without any effect when it does not.
    pub fn write<T, E: From<StoreError>>(
        &self,
        body: impl FnOnce(&Write) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        let fail = StoreError::transaction("write");
        let mut transaction = self.database.begin_write().map_err(|e| fail(e.into()))?;
        transaction.set_quick_repair(true);
        let write = Write { transaction };
        let value = body(&write)?;
        write.transaction.commit().map_err(|e| fail(e.into()))?;
        Ok(value)
    }
}

/// A read transaction.
pub struct Read {
    transaction: redb::ReadTransaction,
}

impl Read {
    fn table(&self, table: Table) -> Result<Option<redb::ReadOnlyTable<&'static str, &'static [u8]>>> {
        match self.transaction.open_table(definition(table)) {
            Ok(open) => Ok(Some(open)),
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(StoreError::transaction("read")(error.into())),
        }
    }

    /// The record under `key`.
    pub fn get<T: DeserializeOwned>(&self, table: Table, key: &str) -> Result<Option<T>> {
        let Some(open) = self.table(table)? else { return Ok(None) };
        get(&open, table, key)
    }

    /// All records in the order of their keys.
    pub fn list<T: DeserializeOwned>(&self, table: Table) -> Result<Vec<(String, T)>> {
        let Some(open) = self.table(table)? else { return Ok(Vec::new()) };
        list(&open, table)
    }
}

/// A write transaction; reads in it see what it wrote.
pub struct Write {
    transaction: redb::WriteTransaction,
}

impl Write {
    fn table(&self, table: Table) -> Result<redb::Table<'_, &'static str, &'static [u8]>> {
        self.transaction.open_table(definition(table)).map_err(|e| StoreError::transaction("write")(e.into()))
    }

    /// The record under `key`.
    pub fn get<T: DeserializeOwned>(&self, table: Table, key: &str) -> Result<Option<T>> {
        get(&self.table(table)?, table, key)
    }

    /// All records in the order of their keys.
    pub fn list<T: DeserializeOwned>(&self, table: Table) -> Result<Vec<(String, T)>> {
        list(&self.table(table)?, table)
    }

    /// Writes or overwrites the record under `key`.
    pub fn put<T: Serialize>(&self, table: Table, key: &str, record: &T) -> Result<()> {
        let bytes = serde_json::to_vec(record).map_err(|source| StoreError::Encode { table, source })?;
        let mut open = self.table(table)?;
        open.insert(key, bytes.as_slice()).map_err(|e| StoreError::transaction("write")(e.into()))?;
        Ok(())
    }

    /// Removes the record under `key`; whether there was one.
    pub fn delete(&self, table: Table, key: &str) -> Result<bool> {
        let mut open = self.table(table)?;
        let removed = open.remove(key).map_err(|e| StoreError::transaction("write")(e.into()))?;
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
) -> Result<Option<T>> {
    let found = open.get(key).map_err(|e| StoreError::transaction("read")(e.into()))?;
    found.map(|bytes| decode(table, key, bytes.value())).transpose()
}

fn list<T: DeserializeOwned>(
    open: &impl ReadableTable<&'static str, &'static [u8]>,
    table: Table,
) -> Result<Vec<(String, T)>> {
    let fail = StoreError::transaction("read");
    let mut records = Vec::new();
    for entry in open.iter().map_err(|e| fail(e.into()))? {
        let (key, bytes) = entry.map_err(|e| fail(e.into()))?;
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
