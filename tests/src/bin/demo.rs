//! The main job, shown: two hosts and a registry on this machine.

fn main() -> anyhow::Result<()> {
    println!("knarr: build, ship, run. Two daemons (hosts A and B) and a registry, all private to this demo.");
    knarr_e2e::walk::walk(knarr_e2e::walk::With::Knarr, &|step| println!("{step}"))
}
