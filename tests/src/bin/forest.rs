//! `forest FILE LAYERS IMAGES`: an archive of many small images, for `load`.

use anyhow::{Context as _, Result};

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [file, layers, images] = words.as_slice() else { anyhow::bail!("usage: forest FILE LAYERS IMAGES") };
    let number = |text: &str| text.parse().with_context(|| format!("{text:?} is no number"));
    knarr_e2e::forest::forest(file.as_ref(), number(layers)?, number(images)?)
}
