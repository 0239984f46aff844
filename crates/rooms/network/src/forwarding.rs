//! Routing between links, which bridges need and which must not open the host: what did not reach through the host
//! before there were bridges does not reach through it afterwards.
//!
//! The first daemon that finds forwarding off records the links of that moment ("uplinks") and switches it on; its
//! firewall drops what would go from one to another. A daemon that finds it switched on by another one of ours guards the
//! same links, and the last to go switches it off again. Links that come later are left to whoever makes them: a VPN or
//! another container engine needs its traffic routed.

use std::collections::BTreeSet;

use knarr_store::Store;
use serde::{Deserialize, Serialize};

use crate::{NetworkError, firewall, host};

const TABLE: &str = "network-facts";
const KEY: &str = "forwarding";

/// What was found when forwarding was off last.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    /// The run of the machine for which it holds.
    boot_id: String,
    /// The links between which the host does not route.
    uplinks: BTreeSet<String>,
}

/// The links to guard, recorded before forwarding is switched on. `ours` are our bridges' names.
pub(crate) fn uplinks(store: &Store, own_table: &str, ours: &BTreeSet<&str>) -> Result<BTreeSet<String>, NetworkError> {
    let boot_id = host::boot_id()?;
    let known: Option<Record> = store.read(|tx| tx.get(TABLE, KEY))?;
    let known = known.filter(|record| record.boot_id == boot_id);
    let uplinks = loop {
        if !host::forwarding()? {
            break host::other_links(ours)?;
        } else if let Some(record) = known {
            return Ok(record.uplinks);
        } else if let Some(inherited) = inherited(own_table)? {
            break inherited;
        }
    };
    let record = Record { boot_id, uplinks };
    store.write::<_, NetworkError>(|tx| Ok(tx.put(TABLE, KEY, &record)?))?;
    Ok(record.uplinks)
}

/// What the other daemons guard; none where one of them ended meanwhile, and may have switched forwarding off.
fn inherited(own_table: &str) -> Result<Option<BTreeSet<String>>, NetworkError> {
    let mut uplinks = BTreeSet::new();
    for table in firewall::tables()?.into_iter().filter(|table| table != own_table) {
        match firewall::uplinks(&table)? {
            Some(guarded) => uplinks.extend(guarded),
            None => return Ok(None),
        }
    }
    Ok(Some(uplinks))
}

/// Switches forwarding off where knarr switched it on and no daemon of ours is left to need it.
pub(crate) fn give_back(store: &Store, guarded: &BTreeSet<String>) -> Result<(), NetworkError> {
    store.write::<_, NetworkError>(|tx| Ok(tx.delete(TABLE, KEY)?))?;
    if guarded.is_empty() || !firewall::tables()?.is_empty() {
        return Ok(());
    }
    host::set_forwarding(false)
}
