//! Whose credentials go where: docker's configuration file, credential helpers, identity tokens; what `login` and `logout` do to them.

mod fake;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use fake::{Answer, Fake, ok};
use serde_json::{Value, json};

/// Has what it knows in a file a server, beside itself.
const HELPER: &str = r#"#!/bin/sh
PATH=/usr/bin:/bin
here=$(dirname "$0"); name=$(basename "$0" | sed s/docker-credential-//)
input=$(cat)
file=$here/$name.$(echo "$input" | tr / _)
case $1 in
get) cat "$file" ;;
store) echo "$input" >"$here/stored" ;;
erase) rm "$file" ;;
list) cat "$here/$name.list" ;;
esac
"#;

/// A user's folder: configuration, helpers, and a daemon that takes every pull.
struct Home {
    folder: tempfile::TempDir,
    fake: Fake,
}

impl Home {
    fn new(config: &Value, login: &str) -> Self {
        let done = Answer::Body(200, "{\"status\":\"done\"}\n".into());
        let home = Self {
            folder: tempfile::tempdir().unwrap(),
            fake: Fake::start(&[
                ("POST /images/create", done),
                ("POST /auth", ok(login)),
                ("POST /build", ok("{\"stream\":\"done\"}\n")),
            ]),
        };
        fs::write(home.config(), config.to_string()).unwrap();
        for name in ["one", "all"] {
            let program = home.path().join(format!("docker-credential-{name}"));
            fs::write(&program, HELPER).unwrap();
            fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
        }
        home
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn config(&self) -> PathBuf {
        self.path().join("config.json")
    }

    /// A helper knows this user of this server.
    fn knows(&self, helper: &str, server: &str, user: &str, secret: &str) {
        let known = json!({"ServerURL": server, "Username": user, "Secret": secret});
        fs::write(self.path().join(format!("{helper}.{}", server.replace('/', "_"))), known.to_string()).unwrap();
    }

    fn run(&self, words: &[&str]) -> String {
        let mut command = self.fake.client(words);
        command.env("DOCKER_CONFIG", self.path()).env("PATH", format!("{}:/usr/bin:/bin", self.path().display()));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// What the daemon is told of the user when an image is pulled.
    fn told(&self, image: &str) -> Value {
        self.run(&["pull", "-q", image]);
        serde_json::from_slice(&URL_SAFE.decode(self.fake.header("x-registry-auth").unwrap()).unwrap()).unwrap()
    }
}

fn who(told: &Value) -> (&str, &str, &str) {
    let text = |key: &str| told[key].as_str().unwrap_or_default();
    (text("username"), text("password"), text("identitytoken"))
}

/// Broken for a look, and seen to fail here: `credsStore` asked before `credHelpers`; ports not compared (`same_registry`); the store's list not asked for.
#[test]
fn each_registry_is_told_what_is_kept_for_it_and_nothing_else() {
    let home = Home::new(
        &json!({
            "auths": {
                "file.example:5000": {"auth": STANDARD.encode("ann:a:b")},
                "token.example": {"auth": STANDARD.encode("ann:"), "identitytoken": "refresh"},
                "one.example": {"auth": STANDARD.encode("left:over")},
            },
            "credHelpers": {"one.example": "one"},
        }),
        "{}",
    );
    home.knows("one", "one.example", "ivy", "secret");
    assert_eq!(who(&home.told("file.example:5000/x")), ("ann", "a:b", ""));
    assert_eq!(who(&home.told("token.example/x")).2, "refresh");
    assert_eq!(who(&home.told("one.example/x")), ("ivy", "secret", ""), "the helper is asked, not the file");
    for other in ["file.example/x", "file.example:5001/x", "sub.one.example/x", "one.example:443/x", "debian"] {
        assert_eq!(who(&home.told(other)), ("", "", ""), "{other}");
    }

    // A store for all others; an identity token is told as one.
    let home = Home::new(&json!({"credsStore": "all", "credHelpers": {"one.example": "one"}}), "{}");
    home.knows("one", "one.example", "ivy", "secret");
    home.knows("all", "one.example", "wrong", "wrong");
    home.knows("all", "token.example", "<token>", "refresh");
    home.knows("all", "https://index.docker.io/v1/", "hub", "pw");
    assert_eq!(who(&home.told("one.example/x")), ("ivy", "secret", ""));
    assert_eq!(who(&home.told("token.example/x")), ("", "", "refresh"));
    assert_eq!(who(&home.told("debian")), ("hub", "pw", ""));
    assert_eq!(who(&home.told("unknown.example/x")), ("", "", ""), "a helper that knows nobody");

    // A build does not know before which registries it will ask: it is told all.
    let context = home.path().join("context");
    fs::create_dir(&context).unwrap();
    fs::write(context.join("Dockerfile"), "FROM token.example/x").unwrap();
    fs::write(home.path().join("all.list"), json!({"token.example": "<token>", "gone.example": "x"}).to_string())
        .unwrap();
    home.run(&["build", "-q", &context.to_string_lossy()]);
    let told: Value =
        serde_json::from_slice(&URL_SAFE.decode(home.fake.header("x-registry-config").unwrap()).unwrap()).unwrap();
    let servers: Vec<&String> = told.as_object().unwrap().keys().collect();
    assert_eq!(servers, ["one.example", "token.example"]);
    assert_eq!((who(&told["one.example"]).0, who(&told["token.example"]).2), ("ivy", "refresh"));
}

/// Broken for a look, and seen to fail here: the password kept in the file where there is an identity token (`ConfigFile::store`).
#[test]
fn login_keeps_what_the_registry_gives_and_logout_forgets_it() {
    let home = Home::new(&json!({"credsStore": "all"}), r#"{"IdentityToken":"refresh","Status":"Login Succeeded"}"#);
    assert!(home.run(&["login", "-u", "ann", "-p", "hunter2", "r.example"]).contains("Login Succeeded"));
    let stored: Value = serde_json::from_slice(&fs::read(home.path().join("stored")).unwrap()).unwrap();
    assert_eq!(stored, json!({"ServerURL": "r.example", "Username": "<token>", "Secret": "refresh"}));
    let kept = fs::read_to_string(home.config()).unwrap();
    assert!(!kept.contains("hunter2") && !kept.contains("refresh"), "{kept}");
    home.knows("all", "r.example", "<token>", "refresh");
    home.run(&["logout", "r.example"]);
    assert!(!home.path().join("all.r.example").exists());
    assert_eq!(who(&home.told("r.example/x")), ("", "", ""));

    let home = Home::new(&json!({"auths": {}, "psFormat": "kept"}), r#"{"IdentityToken":"refresh"}"#);
    home.run(&["login", "-u", "ann", "-p", "hunter2", "r.example"]);
    let text = fs::read_to_string(home.config()).unwrap();
    let kept: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(kept["auths"]["r.example"]["identitytoken"], "refresh");
    assert!(kept["psFormat"] == "kept" && !text.contains("hunter2") && !text.contains(&STANDARD.encode("ann:hunter2")));
    assert_eq!(who(&home.told("r.example/x")).2, "refresh");
}
