//! The daemon's own life: its options, its file, its signals, its listeners.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use knarr_e2e::walk::import_busybox;
use knarr_e2e::{Client, Host, knarr_binary, wait_for};
use rustix::process::Signal;

/// What `knarr daemon` says of these options, without starting.
fn check(args: &[&str]) -> (bool, String) {
    let output = Command::new(knarr_binary()).args(["daemon", "--validate"]).args(args).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn wrong_options_are_named_with_file_and_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("daemon.toml");
    let file = |text: &str| {
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (good, said) = check(&["--config-file", &file("data-root = '/x'\nlog-level = 'warn'\nlabels = ['a=b']\n")]);
    assert!(good && said.contains("configuration OK"), "{said}");
    for (text, words) in [
        ("data-root = '/x'\ndataroot = '/y'\n", vec!["daemon.toml", "line 2", "dataroot"]),
        ("mtu = 'many'\n", vec!["daemon.toml", "line 1", "mtu"]),
        ("mtu = \n", vec!["daemon.toml", "line 1"]),
        ("log-level = 'loud'\n", vec!["loud", "debug, info, warn, error"]),
    ] {
        let (good, said) = check(&["--config-file", &file(text)]);
        assert!(!good && words.iter().all(|word| said.contains(word)), "{text}: {said}");
    }
    let (good, said) = check(&["--config-file", &file("mtu = 1400\n"), "--mtu", "1500"]);
    assert!(!good && said.contains("mtu is set by a flag and in the configuration file"), "{said}");
    let (good, said) = check(&["--config-file", "/no/such/file"]);
    assert!(!good && said.contains("/no/such/file"), "{said}");
    let (good, said) = check(&["-H", "tcp://127.0.0.1:2375"]);
    assert!(!good && said.contains("mutual TLS only") && said.contains("--tlsverify"), "{said}");
}

#[test]
fn pidfile_group_and_a_graceful_end() {
    let dir = tempfile::tempdir().unwrap();
    let pidfile = dir.path().join("daemon.pid");
    let flags = ["--pidfile", pidfile.to_str().unwrap(), "--group", "65534", "--log-opt", "max-size=1m"];
    let mut host = Host::start_with(&flags).unwrap();
    assert_eq!(std::fs::read_to_string(&pidfile).unwrap().trim(), host.pid().to_string());
    let socket = std::fs::metadata(host.socket()).unwrap();
    assert_eq!((socket.gid(), socket.permissions().mode() & 0o777), (65534, 0o660));
    let knarr = host.knarr();
    import_busybox(&knarr, "busybox").unwrap();
    knarr.ok(&["run", "-d", "--name", "stays", "busybox", "sleep", "1000"]).unwrap();
    let pid = knarr.ok(&["inspect", "-f", "{{.State.Pid}}", "stays"]).unwrap();
    host.stop_daemon().unwrap();
    assert!(!pidfile.exists() && !host.socket().exists(), "the end leaves pidfile or socket");
    assert!(Path::new(&format!("/proc/{pid}")).exists(), "the container ended with the daemon");
    host.resume().unwrap();
    assert_eq!(knarr.ok(&["inspect", "-f", "{{.State.Pid}}", "stays"]).unwrap(), pid);
    host.finish().unwrap();
}

#[test]
fn sighup_follows_the_file_and_a_wrong_one_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("daemon.toml");
    std::fs::write(&file, "labels = ['stage=one']\n").unwrap();
    let host = Host::start_with(&["--config-file", file.to_str().unwrap()]).unwrap();
    let knarr = host.knarr();
    let shows = |labels: &str, debug: &str| {
        let format = "{{.Labels}} {{.Debug}}";
        wait_for("the daemon follows", Duration::from_secs(10), || {
            knarr.ok(&["info", "--format", format]).is_ok_and(|shown| shown == format!("[{labels}] {debug}"))
        })
        .unwrap();
    };
    shows("stage=one", "false");
    std::fs::write(&file, "labels = ['stage=two']\ndebug = true\ninsecure-registries = ['r.lan:5000']\n").unwrap();
    host.signal_daemon(Signal::HUP).unwrap();
    shows("stage=two", "true");
    assert!(knarr.ok(&["info", "--format", "{{json .RegistryConfig}}"]).unwrap().contains("r.lan:5000"));
    std::fs::write(&file, "labls = ['stage=three']\n").unwrap();
    host.signal_daemon(Signal::HUP).unwrap();
    wait_for("the daemon complains", Duration::from_secs(10), || host.log().contains("labls")).unwrap();
    shows("stage=two", "true");
    host.finish().unwrap();
}

/// An authority, and certificates of it, as PEM files in a folder.
struct Authority {
    dir: tempfile::TempDir,
    issuer: rcgen::CertifiedIssuer<'static, rcgen::KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, "an authority");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let issuer = rcgen::CertifiedIssuer::self_signed(params, rcgen::KeyPair::generate().unwrap()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { dir, issuer }
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_string_lossy().into_owned()
    }

    /// Writes `PREFIXcert.pem` and `PREFIXkey.pem`.
    fn issue(&self, prefix: &str) {
        let params = rcgen::CertificateParams::new(vec!["127.0.0.1".into(), "box.lan".into()]).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(self.path(&format!("{prefix}cert.pem")), certificate.pem()).unwrap();
        std::fs::write(self.path(&format!("{prefix}key.pem")), key.serialize_pem()).unwrap();
    }
}

/// Where the daemon says that it listens.
fn address(host: &Host) -> String {
    let log = host.log();
    let line = log.lines().find(|line| line.contains("listening with mutual TLS")).unwrap();
    line.rsplit_once("address=").unwrap().1.trim().to_owned()
}

fn refused(client: &Client, args: &[&str], words: &[&str]) {
    let output = client.fails(args).unwrap();
    assert!(words.iter().all(|word| output.stderr.contains(word)), "{args:?}: {}", output.stderr);
}

#[test]
fn remote_clients_come_by_mutual_tls_only() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    authority.issue("server-");
    authority.issue("");
    stranger.issue("");
    let [ca, cert, key] = ["ca.pem", "server-cert.pem", "server-key.pem"].map(|name| authority.path(name));
    let tls = ["-H", "tcp://127.0.0.1:0", "--tlsverify", "--tlscacert", &ca, "--tlscert", &cert, "--tlskey", &key];
    let host = Host::start_with(&tls).unwrap();
    import_busybox(&host.knarr(), "busybox").unwrap();
    let address = address(&host);
    let at = format!("tcp://{address}");
    let [cert, key] = ["cert.pem", "key.pem"].map(|name| authority.path(name));
    let good = ["--tlsverify", "--tlscacert", &ca, "--tlscert", &cert, "--tlskey", &key];
    for client in [Client::knarr_at(&at, host.path()), Client::docker_at(&at, host.path())] {
        let client = client.with(&good);
        assert_eq!(client.ok(&["run", "--rm", "busybox", "echo", "hello"]).unwrap(), "hello", "{}", client.name());
        let mut piped = client.command(&["run", "--rm", "-i", "busybox", "wc", "-c"]);
        piped.stdin(std::fs::File::open("/bin/sh").unwrap());
        let output = piped.output().unwrap();
        let size = std::fs::metadata("/bin/sh").unwrap().len();
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), size.to_string(), "stdin's end got lost");
    }
    let knarr = Client::knarr_at(&at, host.path());
    refused(&knarr, &["ps"], &["mutual TLS only", "--tlsverify"]);
    let [other_ca, other_cert, other_key] = ["ca.pem", "cert.pem", "key.pem"].map(|name| stranger.path(name));
    let unknown = ["--tlsverify", "--tlscacert", &ca, "--tlscert", &other_cert, "--tlskey", &other_key];
    refused(&knarr.clone().with(&unknown), &["ps"], &["error during connect"]);
    let untrusted = ["--tlsverify", "--tlscacert", &other_ca, "--tlscert", &cert, "--tlskey", &key];
    refused(&knarr.with(&untrusted), &["ps"], &["error during connect", "certificate"]);
    for (header, status) in [("", 200), ("Origin: http://evil.example", 403), ("Host: evil.example", 403)] {
        assert_eq!(curl(&address, &ca, &cert, &key, header), status, "{header}");
    }
    host.finish().unwrap();
}

/// The status that a browser with a certificate would get.
fn curl(address: &str, ca: &str, cert: &str, key: &str, header: &str) -> u16 {
    let mut command = Command::new("curl");
    command.args(["-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", ca, "--cert", cert, "--key", key]);
    let output = command.args(["-H", header]).arg(format!("https://{address}/_ping")).output().unwrap();
    String::from_utf8_lossy(&output.stdout).parse().unwrap()
}

/// Starts a daemon that must not start; what it says.
fn does_not_start(mut command: Command) -> String {
    let mut daemon = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let ended =
        wait_for("the daemon ends", Duration::from_secs(20), || daemon.try_wait().is_ok_and(|end| end.is_some()));
    // One that has ended is only buried.
    daemon.kill().unwrap();
    let output = daemon.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(ended.is_ok() && !output.status.success(), "it started: {said}");
    said
}

/// Tried, and seen to fail: without the lock, and without the look at the number.
#[test]
fn a_root_of_another_daemon_or_of_a_newer_one_is_left_alone() {
    let mut host = Host::start().unwrap();
    let mut second = Command::new(knarr_binary());
    let other = host.path().join("other");
    second.arg("daemon").arg("--data-root").arg(host.data_root()).arg("--exec-root").arg(&other);
    second.arg("--host").arg(format!("unix://{}", other.join("sock").display()));
    let said = does_not_start(second);
    assert!(said.contains("is in use by another knarr daemon") && said.contains("--data-root"), "{said}");
    host.knarr().ok(&["ps"]).unwrap();

    host.kill_daemon().unwrap();
    let set = |format: u32| {
        let store = knarr_store::Store::open(&host.data_root().join("meta.db")).unwrap();
        store.write(|tx| tx.put("daemon", "format", &format)).unwrap();
    };
    set(2);
    let said = does_not_start(host.daemon_command().unwrap());
    assert!(said.contains("newer knarr (format 2, this one knows 1)"), "{said}");
    assert!(!host.data_root().join("quarantine").exists(), "it is not taken for damage");
    set(1);
    host.resume().unwrap();
    host.finish().unwrap();
}
