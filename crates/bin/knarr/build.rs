//! Builds the shim, a `no_std` program for musl, and says where it is: `KNARR_SHIM`, for `include_bytes!`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, exit};

const TARGET: &str = "x86_64-unknown-linux-musl";

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let shim = root.join("crates/kernel/shim");
    for watched in ["crates/kernel/shim/src", "crates/kernel/shim/Cargo.toml", "crates/kernel/shim/Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", root.join(watched).display());
    }
    for module in ["Cargo.toml", "src/lib.rs", "src/children.rs", "src/failpoint.rs", "src/program.rs", "src/spawn.rs"]
    {
        println!("cargo::rerun-if-changed={}", root.join("crates/base/sys").join(module).display());
    }
    let Some(out) = env::var_os("OUT_DIR") else { fail("cargo gave no OUT_DIR") };
    let target = PathBuf::from(out).join("shim");
    build(&shim, &target);
    let program = target.join(TARGET).join("release/knarr-shim");
    println!("cargo::rustc-env=KNARR_SHIM={}", program.display());
}

/// A nested cargo must not take over what the outer one was told: its flags, its target, its wrapper's lock.
fn build(shim: &Path, target: &Path) {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        let ours = ["CARGO_HOME", "CARGO_NET_OFFLINE", "CARGO_HTTP_CAINFO"].contains(&name.as_str());
        if (name.starts_with("CARGO") && !ours)
            || name.contains("RUSTFLAGS")
            || name == "RUSTC"
            || name.contains("WRAPPER")
        {
            command.env_remove(&name);
        }
    }
    command.args(["build", "--release", "--locked", "--target", TARGET]);
    if env::var_os("PROFILE").is_some_and(|profile| profile == "debug") {
        command.args(["--features", "failpoints"]);
    }
    command.arg("--manifest-path").arg(shim.join("Cargo.toml")).arg("--target-dir").arg(target);
    match command.output() {
        Ok(output) if output.status.success() => {}
        Ok(output) => fail(&remedy(&String::from_utf8_lossy(&output.stderr))),
        Err(error) => fail(&format!("cannot run cargo: {error}")),
    }
}

fn remedy(errors: &str) -> String {
    if errors.contains("can't find crate for `core`") || errors.contains("may not be installed") {
        return format!("the shim needs the target {TARGET}: run `rustup target add {TARGET}`");
    }
    format!("the shim does not build:\n{errors}")
}

fn fail(why: &str) -> ! {
    println!("cargo::error={}", why.replace('\n', " | "));
    exit(1)
}
