//! Many small images in one archive.

use std::io::Write;
use std::path::Path;

use anyhow::Result;
use knarr_model::Digest;
use serde_json::{Value, json};

/// Writes an archive for `load` with `images` images, `tree:0` …, on `layers` different layers of one file each, cut from one tree: layer
/// N lies on layer (N − 1) / 3. Image N has the layers of number N % `layers`.
pub fn forest(target: &Path, layers: usize, images: usize) -> Result<()> {
    let mut archive = tar::Builder::new(std::io::BufWriter::new(std::fs::File::create(target)?));
    let mut diff_ids = Vec::with_capacity(layers);
    for number in 0..layers {
        let layer = layer(number)?;
        diff_ids.push(Digest::of(&layer).to_string());
        add(&mut archive, &format!("layer-{number}.tar"), &layer)?;
    }
    let mut items = Vec::with_capacity(images);
    for number in 0..images {
        let stack = stack(number % layers);
        let ids: Vec<&String> = stack.iter().map(|layer| &diff_ids[*layer]).collect();
        let rootfs = json!({"type": "layers", "diff_ids": ids});
        let config = json!({"architecture": "amd64", "os": "linux", "author": number.to_string(), "rootfs": rootfs});
        let name = format!("config-{number}.json");
        add(&mut archive, &name, &serde_json::to_vec(&config)?)?;
        let paths: Vec<String> = stack.iter().map(|layer| format!("layer-{layer}.tar")).collect();
        items.push(json!({"Config": name, "RepoTags": [format!("tree:{number}")], "Layers": paths}));
    }
    add(&mut archive, "manifest.json", &serde_json::to_vec(&Value::Array(items))?)?;
    archive.into_inner()?.flush()?;
    Ok(())
}

/// The numbers of a layer and of those below it, the lowest first.
pub fn stack(layer: usize) -> Vec<usize> {
    let mut stack: Vec<usize> =
        std::iter::successors(Some(layer), |layer| layer.checked_sub(1).map(|before| before / 3)).collect();
    stack.reverse();
    stack
}

/// A layer with one file of 100 bytes.
fn layer(number: usize) -> Result<Vec<u8>> {
    let mut layer = tar::Builder::new(Vec::new());
    add(&mut layer, &format!("file-{number}"), format!("{number:100}").as_bytes())?;
    Ok(layer.into_inner()?)
}

fn add<W: Write>(archive: &mut tar::Builder<W>, name: &str, data: &[u8]) -> Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(data.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    Ok(archive.append_data(&mut header, name, data)?)
}
