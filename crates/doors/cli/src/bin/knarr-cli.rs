//! The command line alone, without the daemon's parts: what the tests of this crate run.

fn main() -> std::process::ExitCode {
    knarr_cli::main(std::env::args_os())
}
