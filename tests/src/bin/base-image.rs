//! Makes (or finds) a base image and prints the path of its tar: `base-image busybox|debian`.

fn main() -> anyhow::Result<()> {
    let path = match std::env::args().nth(1).as_deref() {
        Some("busybox") => knarr_e2e::base::busybox()?,
        Some("debian") => knarr_e2e::base::debian()?,
        _ => anyhow::bail!("usage: base-image busybox|debian"),
    };
    println!("{}", path.display());
    Ok(())
}
