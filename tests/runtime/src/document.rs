//! `config.json`, changed by JSON pointers.

use std::ops::{Deref, DerefMut};

use serde_json::{Map, Value, json};

/// A document to change: `/process/cwd`, `/linux/namespaces/0`.
#[derive(Debug, Clone)]
pub struct Document(pub Value);

impl Deref for Document {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.0
    }
}

impl DerefMut for Document {
    fn deref_mut(&mut self) -> &mut Value {
        &mut self.0
    }
}

impl Document {
    /// A program in all namespaces but those for users and clocks, with few capabilities.
    pub fn of(args: &[&str], cgroup: &str) -> Self {
        let capabilities = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];
        let namespaces = ["pid", "network", "ipc", "uts", "mount", "cgroup"].map(|kind| json!({ "type": kind }));
        Self(json!({
            "ociVersion": "1.0.2",
            "process": {
                "user": { "uid": 0, "gid": 0 },
                "args": args,
                "env": ["PATH=/bin", "TERM=xterm"],
                "cwd": "/",
                "capabilities": { "bounding": capabilities, "effective": capabilities, "permitted": capabilities },
                "noNewPrivileges": true,
            },
            "root": { "path": "rootfs", "readonly": false },
            "hostname": "case",
            "mounts": mounts(),
            "linux": {
                "cgroupsPath": cgroup,
                "namespaces": namespaces,
                "resources": { "devices": [{ "allow": false, "access": "rwm" }] },
            },
        }))
    }

    /// Sets a value; objects on the way are made.
    pub fn set(&mut self, pointer: &str, value: impl Into<Value>) {
        *self.place(pointer) = value.into();
    }

    /// Appends to a list, which is made where it is not there.
    pub fn push(&mut self, pointer: &str, value: impl Into<Value>) {
        let place = self.place(pointer);
        if place.is_null() {
            *place = json!([]);
        }
        place.as_array_mut().unwrap_or_else(|| panic!("{pointer} is no list")).push(value.into());
    }

    /// Takes a key of an object away.
    pub fn remove(&mut self, pointer: &str) {
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        self.place(parent).as_object_mut().unwrap_or_else(|| panic!("{parent} is no object")).remove(key);
    }

    /// Keeps the entries of a list that `keep` says yes to.
    pub fn retain(&mut self, pointer: &str, keep: impl Fn(&Value) -> bool) {
        self.place(pointer).as_array_mut().unwrap_or_else(|| panic!("{pointer} is no list")).retain(keep);
    }

    /// A namespace: without a path a new one, in place of what the list says of this kind.
    pub fn namespace(&mut self, kind: &str, path: Option<&str>) {
        self.without_namespace(kind);
        let entry = path.map_or(json!({ "type": kind }), |path| json!({ "type": kind, "path": path }));
        self.push("/linux/namespaces", entry);
    }

    /// The runtime's own namespace of this kind.
    pub fn without_namespace(&mut self, kind: &str) {
        self.retain("/linux/namespaces", |entry| entry["type"] != kind);
    }

    /// The capabilities of the process, in the three sets that count for root.
    pub fn capabilities(&mut self, names: &[&str]) {
        for set in ["bounding", "effective", "permitted"] {
            self.set(&format!("/process/capabilities/{set}"), json!(names));
        }
    }

    /// One more mount.
    pub fn mount(&mut self, destination: &str, kind: &str, source: &str, options: &[&str]) {
        self.push("/mounts", json!({ "destination": destination, "type": kind, "source": source, "options": options }));
    }

    fn place(&mut self, pointer: &str) -> &mut Value {
        pointer.split('/').skip(1).fold(&mut self.0, |place, word| {
            let key = word.replace("~1", "/").replace("~0", "~");
            match place {
                Value::Array(list) => list.get_mut(key.parse::<usize>().expect("an index")).expect("an entry"),
                Value::Object(map) => map.entry(key).or_insert(Value::Null),
                other => {
                    *other = Value::Object(Map::new());
                    &mut other[key]
                }
            }
        })
    }
}

fn mounts() -> Value {
    json!([
        { "destination": "/proc", "type": "proc", "source": "proc" },
        { "destination": "/dev", "type": "tmpfs", "source": "tmpfs",
          "options": ["nosuid", "strictatime", "mode=755", "size=65536k"] },
        { "destination": "/dev/pts", "type": "devpts", "source": "devpts",
          "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"] },
        { "destination": "/dev/shm", "type": "tmpfs", "source": "shm",
          "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"] },
        { "destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"] },
        { "destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"] },
    ])
}
