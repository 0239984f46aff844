//! `volume ls`, `volume inspect`.

use std::sync::Arc;

use knarr_api::volume::{ListResponse, UsageData, Volume as WireVolume};
use knarr_model::Result;
use knarr_volumes::Volume;

use crate::engine::blocking;
use crate::{Engine, Filters};

impl Engine {
    /// The volumes that pass `filters` (`name`, `label`, `driver`, `dangling`).
    pub async fn list_volumes(self: &Arc<Self>, filters: &Filters) -> Result<ListResponse> {
        filters.only(&["name", "label", "driver", "dangling"])?;
        let dangling = filters.flag("dangling")?;
        let used = self.volume_users();
        let engine = self.clone();
        let all = blocking(move || Ok(engine.volumes.list()?)).await?;
        let names = filters.patterns("name");
        let wanted = |volume: &Volume| {
            names.fit(&volume.name)
                && filters.any("driver", |value| value == "local")
                && filters.labels(&volume.labels)
                && dangling.is_none_or(|dangling| dangling != used.contains_key(&volume.name))
        };
        let volumes = all.iter().filter(|volume| wanted(volume)).map(|volume| describe(self, volume)).collect();
        Ok(ListResponse { volumes, warnings: Vec::new() })
    }

    /// Everything about one volume.
    pub async fn inspect_volume(self: &Arc<Self>, name: &str) -> Result<WireVolume> {
        let (engine, name) = (self.clone(), name.to_owned());
        blocking(move || Ok(describe(&engine, &engine.volumes.get(&name)?))).await
    }

    /// All volumes with how they are used, for `system df`.
    pub async fn volumes_in_use(self: &Arc<Self>) -> Result<Vec<WireVolume>> {
        let used = self.volume_users();
        let engine = self.clone();
        blocking(move || {
            let all = engine.volumes.list()?.into_iter().map(|volume| {
                let size = i64::try_from(engine.volumes.size(&volume)?).unwrap_or(i64::MAX);
                let ref_count = used.get(&volume.name).map_or(0, |users| users.len() as i64);
                let usage_data = Some(UsageData { ref_count, size });
                Ok(WireVolume { usage_data, ..describe(&engine, &volume) })
            });
            all.collect()
        })
        .await
    }
}

/// In Docker's words.
pub(super) fn describe(engine: &Engine, volume: &Volume) -> WireVolume {
    WireVolume {
        created_at: volume.created.to_string(),
        driver: "local".into(),
        labels: volume.labels.clone(),
        mountpoint: engine.volumes.mountpoint(&volume.name).to_string_lossy().into_owned(),
        name: volume.name.clone(),
        options: volume.options.clone(),
        scope: "local".into(),
        usage_data: None,
    }
}
