//! Layers of which most is here already: what travels is counted on the line.

use std::path::Path;

use knarr_e2e::{Host, Registry, Tap};

/// Bytes of the big layer.
const SIZE: usize = 64 << 20;
/// Bytes of each of its files.
const FILE: usize = 1 << 20;

/// Bytes that no compressor shortens, the same for the same seed.
fn noise(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..FILE / 8).flat_map(|_| next()).collect()
}

/// Makes an image of one layer of `folder`'s files, and pushes it compressed by zstd.
fn push(host: &Host, folder: &Path, image: &str) {
    let tar = folder.with_extension("tar");
    let packed =
        std::process::Command::new("tar").arg("-cf").arg(&tar).arg("-C").arg(folder).arg(".").status().unwrap();
    assert!(packed.success());
    host.knarr().ok(&["import", &tar.to_string_lossy(), image]).unwrap();
    host.knarr().ok(&["push", "--compression", "zstd", image]).unwrap();
}

/// The digests of a save's layers: what an image's files are.
fn saved(host: &Host, image: &str) -> Vec<u8> {
    let file = host.path().join("saved.tar");
    host.knarr().ok(&["save", "-o", &file.to_string_lossy(), image]).unwrap();
    let listed = std::process::Command::new("tar").arg("-tf").arg(&file).output().unwrap().stdout;
    std::fs::remove_file(file).unwrap();
    listed
}

#[test]
fn one_changed_file_moves_a_fiftieth_of_its_layer_at_most() {
    let (maker, puller, registry) = (Host::start().unwrap(), Host::start().unwrap(), Registry::start().unwrap());
    let folder = maker.path().join("files");
    std::fs::create_dir(&folder).unwrap();
    for number in 0..SIZE / FILE {
        std::fs::write(folder.join(format!("{number:03}")), noise(number as u64)).unwrap();
    }
    push(&maker, &folder, &registry.image("big:1"));
    let mut changed = noise(31);
    changed.splice(5_000..5_010, *b"a longer text than there was");
    std::fs::write(folder.join("031"), &changed).unwrap();
    push(&maker, &folder, &registry.image("big:2"));

    let tap = Tap::start(registry.address(), u64::MAX).unwrap();
    let image = |tag: &str| format!("{}/big:{tag}", tap.address());
    puller.docker().ok(&["pull", "-q", &image("1")]).unwrap();
    let whole = tap.reset(u64::MAX);
    assert!(whole > SIZE as u64, "the first one came whole: {whole}");
    let said = puller.docker().ok(&["pull", &image("2")]).unwrap();
    let moved = tap.passed();
    assert!(moved <= SIZE as u64 / 50, "{moved} bytes moved: {said}");
    assert!(said.contains("Rebuilt: "), "{said}");
    assert_eq!(saved(&puller, &image("2")), saved(&maker, &registry.image("big:2")));

    // What was rebuilt is a blob like any other: it can be pushed elsewhere, and nothing has to be compressed for it.
    let other = Registry::start().unwrap();
    puller.docker().ok(&["tag", &image("2"), &other.image("big:2")]).unwrap();
    puller.docker().ok(&["push", "-q", &other.image("big:2")]).unwrap();
    assert_eq!(other.blobs("big", "2").unwrap(), registry.blobs("big", "2").unwrap());
    for (host, image) in [(&maker, registry.image("big")), (&puller, format!("{}/big", tap.address()))] {
        host.knarr().ok(&["rmi", &format!("{image}:1"), &format!("{image}:2")]).unwrap();
    }
    puller.finish().unwrap();
    maker.finish().unwrap();
}
