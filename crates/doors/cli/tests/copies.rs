//! `cp`, against a daemon that is told what to say.

mod fake;

use std::fs;

use fake::{Answer, Fake};

fn names(archive: &[u8]) -> Vec<String> {
    let mut archive = tar::Archive::new(archive);
    archive.entries().unwrap().map(|e| e.unwrap().path().unwrap().display().to_string()).collect()
}

fn missing() -> Answer {
    Answer::Body(404, r#"{"message":"no such path"}"#.into())
}

#[test]
fn a_folder_gets_the_name_of_a_target_that_is_not_there() {
    let fake =
        Fake::start(&[("HEAD /containers/web/archive", missing()), ("PUT /containers/web/archive", fake::ok(""))]);
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("src/f"), "x").unwrap();
    let source = folder.path().join("src");
    let done = fake.run(&["cp", source.to_str().unwrap(), "web:/srv/new"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert_eq!(names(&fake.body("PUT ")), ["new/", "new/f"]);
    let query = "path=%2Fsrv&noOverwriteDirNonDir=true";
    assert_eq!(fake.requests().last().unwrap(), &format!("PUT /containers/web/archive?{query}"));
}

#[test]
fn a_file_cannot_become_a_folder_that_is_not_there() {
    let fake = Fake::start(&[("HEAD /containers/web/archive", missing())]);
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("f");
    fs::write(&source, "x").unwrap();
    let done = fake.run(&["cp", source.to_str().unwrap(), "web:/nowhere/"]);
    assert_eq!((done.code, done.stderr.as_str()), (1, "no such directory: /nowhere/\n"));
    assert_eq!(fake.run(&["cp", "a", "b"]).stderr, "must specify at least one container source\n");
    assert_eq!(fake.run(&["cp", "a:/b", "c:/d"]).stderr, "copying between containers is not supported\n");
    let done = fake.run(&["cp", "web:/nope", folder.path().to_str().unwrap()]);
    assert_eq!(done.code, 1);
}
