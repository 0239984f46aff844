//! Intel's resource director: a class of service is a folder of resctrl, whose `tasks` are limited as its `schemata` say
//! (config-linux.md, "IntelRdt"). A folder that is named after the container is made for it and goes with it; one that
//! the document names belongs to whoever made it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use knarr_mounts::mountinfo;
use knarr_spec::IntelRdt;

use crate::{Error, Result};

/// A container's class of service.
#[derive(Debug)]
pub struct Class {
    root: PathBuf,
    id: String,
    asked: IntelRdt,
}

impl Class {
    /// What a document asks for; without resctrl it is an error.
    pub fn of(id: &str, asked: Option<&IntelRdt>) -> Result<Option<Self>> {
        let Some(asked) = asked else { return Ok(None) };
        let mounts = mountinfo::read("self")?;
        let found = mounts.into_iter().find(|entry| entry.kind == "resctrl");
        let root =
            found.ok_or_else(|| Error::Spec("intelRdt: this host has no resctrl file system mounted".to_owned()))?;
        Self::at(root.mount_point, id, asked).map(Some)
    }

    fn at(root: PathBuf, id: &str, asked: &IntelRdt) -> Result<Self> {
        let name = asked.clos_id.as_str();
        if name == "." || name == ".." || name.contains('/') || name.contains('\n') {
            return Err(Error::Spec(format!("intelRdt: closID {name:?}")));
        }
        let class = Self { root, id: id.to_owned(), asked: asked.clone() };
        if class.lines().iter().any(|line| line.contains('\n')) {
            return Err(Error::Spec("intelRdt: a schema is one line".to_owned()));
        }
        Ok(class)
    }

    /// Makes the class where it is needed, and puts a process into it.
    pub fn enter(&self, pid: i32) -> Result<()> {
        let (folder, lines) = (self.folder(), self.lines());
        let is_new = make(&folder)?;
        if is_new && !self.asked.clos_id.is_empty() && lines.is_empty() {
            let _empty_again = fs::remove_dir(&folder);
            return Err(Error::Spec(format!("intelRdt: there is no class {:?}", self.asked.clos_id)));
        }
        if !is_new && !self.asked.clos_id.is_empty() {
            compare(&folder, &lines)?;
        } else if !lines.is_empty() {
            write(&folder.join("schemata"), &lines.iter().map(|line| format!("{line}\n")).collect::<String>())?;
        }
        write(&folder.join("tasks"), &pid.to_string())?;
        if self.monitors() {
            make(&self.monitor())?;
            write(&self.monitor().join("tasks"), &pid.to_string())?;
        }
        Ok(())
    }

    /// Removes what was made for the container alone.
    pub fn leave(&self) -> Result<()> {
        let own = self.asked.clos_id.is_empty().then(|| self.folder());
        self.monitors().then(|| self.monitor()).into_iter().chain(own).try_for_each(|folder| {
            match fs::remove_dir(&folder) {
                Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io("remove", folder.display().to_string(), e)),
                _ => Ok(()),
            }
        })
    }

    fn folder(&self) -> PathBuf {
        self.root.join(if self.asked.clos_id.is_empty() { &self.id } else { &self.asked.clos_id })
    }

    fn monitor(&self) -> PathBuf {
        self.folder().join("mon_groups").join(&self.id)
    }

    fn monitors(&self) -> bool {
        self.asked.enable_monitoring || self.asked.enable_cmt || self.asked.enable_mbm
    }

    fn lines(&self) -> Vec<&str> {
        let two = [self.asked.l3_cache_schema.as_str(), self.asked.mem_bw_schema.as_str()];
        two.into_iter().filter(|line| !line.is_empty()).chain(self.asked.schemata.iter().map(String::as_str)).collect()
    }
}

/// Whether it was not there.
fn make(folder: &Path) -> Result<bool> {
    match fs::create_dir(folder) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(Error::io("create", folder.display().to_string(), e)),
    }
}

/// A class that is somebody else's is joined only as it is.
fn compare(folder: &Path, lines: &[&str]) -> Result<()> {
    let path = folder.join("schemata");
    let present = fs::read_to_string(&path).map_err(|e| Error::io("read", path.display().to_string(), e))?;
    let has = |line: &str| present.lines().any(|found| found.trim() == line.trim());
    match lines.iter().find(|line| !has(line)) {
        Some(line) => Err(Error::Spec(format!("intelRdt: the class at {} does not have {line:?}", folder.display()))),
        None => Ok(()),
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    let mut options = fs::OpenOptions::new();
    let written =
        options.write(true).open(path).and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()));
    written.map_err(|e| Error::io("write", path.display().to_string(), e))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder as resctrl has it, with the files of a class.
    fn with_class(name: &str, schemata: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join(name).join("mon_groups/c1")).unwrap();
        for file in ["schemata", "tasks", "mon_groups/c1/tasks"] {
            fs::write(root.path().join(name).join(file), "").unwrap();
        }
        fs::write(root.path().join(name).join("schemata"), schemata).unwrap();
        root
    }

    fn class(root: &tempfile::TempDir, asked: IntelRdt) -> Class {
        Class::at(root.path().to_owned(), "c1", &asked).unwrap()
    }

    #[test]
    fn an_own_class_gets_its_lines_and_the_process() {
        let root = with_class("c1", "");
        let asked = IntelRdt {
            l3_cache_schema: "L3:0=f".into(),
            schemata: vec!["MB:0=20".into()],
            enable_monitoring: true,
            ..IntelRdt::default()
        };
        class(&root, asked).enter(7).unwrap();
        let read = |file: &str| fs::read_to_string(root.path().join("c1").join(file)).unwrap();
        assert_eq!(read("schemata"), "L3:0=f\nMB:0=20\n");
        assert_eq!((read("tasks"), read("mon_groups/c1/tasks")), ("7".into(), "7".into()));
    }

    #[test]
    fn a_class_of_others_is_joined_as_it_is_or_not_at_all() {
        let root = with_class("shared", "    L3:0=f\n    MB:0=100\n");
        let shared =
            |line: &str| IntelRdt { clos_id: "shared".into(), l3_cache_schema: line.into(), ..IntelRdt::default() };
        class(&root, shared("L3:0=f")).enter(7).unwrap();
        class(&root, shared("")).enter(7).unwrap();
        assert!(class(&root, shared("L3:0=3")).enter(7).is_err());
        let missing = IntelRdt { clos_id: "missing".into(), ..IntelRdt::default() };
        assert!(class(&root, missing).enter(7).is_err());
        assert!(!root.path().join("missing").exists());
        class(&root, shared("")).leave().unwrap();
        assert!(root.path().join("shared").exists());
    }

    #[test]
    fn names_and_lines_cannot_be_more_than_that() {
        let at = |asked: IntelRdt| Class::at("/r".into(), "c1", &asked);
        assert!(at(IntelRdt { clos_id: "../x".into(), ..IntelRdt::default() }).is_err());
        assert!(at(IntelRdt { schemata: vec!["a\nb".into()], ..IntelRdt::default() }).is_err());
    }
}
