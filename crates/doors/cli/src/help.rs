//! The front page of the help.

use clap::Command;

const COMMON: &[&str] = &["run", "exec", "ps", "build", "pull", "push", "images", "login", "logout", "version", "info"];
const GROUPS: &[&str] = &["builder", "container", "image", "network", "system", "volume"];

/// Programs in the same binary that this crate only lists.
pub(crate) const PROGRAMS: &[(&str, &str)] = &[
    ("daemon", "Run the daemon that this command line talks to"),
    ("registry", "Run a registry of images"),
    ("runtime", "Run containers as an OCI runtime"),
];

const TAIL: &str = "\
Global Options:
      --config DIR          Folder of the client's configuration (default ~/.docker; also DOCKER_CONFIG)
  -D, --debug               Say on stderr what is asked of the daemon
  -H, --host unix:///PATH   Daemon to speak to (default unix:///run/knarr/knarr.sock;
                            also KNARR_HOST and DOCKER_HOST), or tcp://HOST:PORT
      --tlsverify           Use TLS on TCP, and verify the daemon (also DOCKER_TLS_VERIFY)
      --tlscacert FILE      Trust daemons with a certificate of this authority only
      --tlscert FILE        Own certificate
      --tlskey FILE         Key of the own certificate; the three files default to ca.pem,
                            cert.pem and key.pem in DOCKER_CERT_PATH or ~/.docker
  -v, --version             Print the version
      --help                Print help

First steps:
  knarr daemon &                                start the daemon
  knarr run --rm -it debian bash                a shell in a fresh Debian
  knarr run -d --name web -p 8080:80 nginx      a web server at http://localhost:8080
  knarr logs -f web                             what it says
  knarr build -t mine .                         an image from the Dockerfile here

Run 'knarr COMMAND --help' for more information on a command.
";

/// The front page: commands by kind, global options, first steps.
pub(crate) fn front_page(command: &Command) -> String {
    let about = |name: &str| {
        let found = command.get_subcommands().find(|sub| sub.get_name() == name);
        found.and_then(|sub| sub.get_about()).map(ToString::to_string).unwrap_or_default()
    };
    let section = |title: &str, rows: Vec<(String, String)>| {
        let lines: String = rows.iter().map(|(name, about)| format!("  {name:<12}{about}\n")).collect();
        format!("{title}:\n{lines}\n")
    };
    let named = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), about(name))).collect();
    let programs = PROGRAMS.iter().map(|(name, about)| ((*name).to_owned(), (*about).to_owned())).collect();
    let rest = command
        .get_subcommands()
        .map(Command::get_name)
        .filter(|name| !COMMON.contains(name) && !GROUPS.contains(name));
    let mut rest: Vec<&str> = rest.collect();
    rest.sort_unstable();
    let sections = [
        section("Common Commands", named(COMMON)),
        section("Management Commands", named(GROUPS)),
        section("Programs", programs),
        section("Commands", named(&rest)),
    ];
    format!("Usage:  knarr [OPTIONS] COMMAND\n\nBuild, ship and run containers\n\n{}{TAIL}", sections.concat())
}
