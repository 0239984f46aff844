use std::sync::atomic::Ordering;

use super::*;
use crate::plan::{Options, plan};
use crate::syntax::Dockerfile;
use crate::testing::{MemoryTree, World};

fn world() -> World {
    let context = MemoryTree::of(&[("page.html", "hello"), ("conf/a", "1"), ("conf/b", "2"), ("x.tar", "tar")]);
    let mut world = World { context, ..World::default() };
    let mut debian = ImageConfig::scratch();
    debian.rootfs.diff_ids.push(Digest::of(b"debian"));
    debian.config.cmd = Some(vec!["bash".into()]);
    world.images.insert("debian".into(), debian);
    world
}

fn build_with(world: &World, text: &str, options: &Options, choices: Choices) -> Result<Built> {
    let file = Dockerfile::parse("Dockerfile", text.as_bytes())?;
    let plan = plan(&file, options)?;
    let clock = || format!("t{}", world.clock.load(Ordering::Relaxed));
    let ports = Ports {
        images: world,
        cache: world,
        sources: &world.sources,
        executor: world,
        context: &world.context,
        report: world,
        clock: &clock,
    };
    solve(&plan, choices, ports)
}

fn build(world: &World, text: &str) -> Result<Built> {
    build_with(world, text, &Options::default(), Choices::default())
}

fn args(pairs: &[(&str, &str)]) -> Options {
    let args = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Options { args, ..Options::default() }
}

fn causes(world: &World) -> Vec<String> {
    let prefix = " ---> Not cached: ";
    world.said().lines().filter_map(|line| line.strip_prefix(prefix)).map(str::to_owned).collect()
}

const WEB: &str = "FROM debian\nRUN apt-get install nginx\nCOPY page.html /www/\nCOPY conf /etc/\nCMD [\"nginx\"]\n";

#[test]
fn the_output_is_the_classic_one() {
    let world = world();
    let built = build(&world, "FROM debian\nRUN echo hi\nENV A=b").unwrap();
    let said = world.said();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "Step 1/3 : FROM debian");
    assert!(lines[1].starts_with(" ---> ") && lines[1].len() == " ---> ".len() + 12, "{}", lines[1]);
    assert_eq!(lines[2], "Step 2/3 : RUN echo hi");
    assert_eq!(lines[3], " ---> Running in 0123456789ab");
    assert_eq!(lines[4], "hello");
    assert_eq!(lines[5], " ---> Removed intermediate container 0123456789ab");
    assert_eq!(lines.last(), Some(&format!("Successfully built {}", built.id.short()).as_str()));
    assert_eq!(built.id, id(&built.image).unwrap());
}

#[test]
fn the_same_inputs_are_taken_from_the_cache() {
    let mut world = world();
    let first = build(&world, WEB).unwrap();
    world.said();
    world.context.1 = 12345;
    let second = build(&world, WEB).unwrap();
    assert_eq!(first.id, second.id);
    assert_eq!(world.said().matches(" ---> Using cache\n").count(), 4);
    assert_eq!(world.executed.lock().unwrap().len(), 1);
}

#[test]
fn one_changed_byte_rebuilds_from_there() {
    let mut world = world();
    build(&world, WEB).unwrap();
    world.said();
    world.context.put("page.html", "hellO");
    let second = build(&world, WEB).unwrap();
    let said = world.said();
    assert_eq!(said.matches("Using cache").count(), 1, "{said}");
    assert!(said.contains("Step 3/5 : COPY page.html /www/\n ---> Not cached: changed files: page.html\n"), "{said}");
    assert!(said.contains("Step 4/5 : COPY conf /etc/\n ---> Not cached: the step before changed\n"), "{said}");
    assert_eq!(second.image.rootfs.diff_ids.len(), 4);
}

#[test]
fn arguments_count_where_they_are_used() {
    let world = world();
    let text = "FROM debian\nRUN before\nARG V=1\nRUN after\n";
    build(&world, text).unwrap();
    world.said();
    build_with(&world, text, &args(&[("V", "2")]), Choices::default()).unwrap();
    assert_eq!(causes(&world), ["changed variables: V"]);
    build_with(&world, text, &args(&[("V", "2"), ("HTTP_PROXY", "p")]), Choices::default()).unwrap();
    assert_eq!(causes(&world), [""; 0]);
}

#[test]
fn the_cache_can_be_left_alone() {
    let world = world();
    build(&world, WEB).unwrap();
    world.said();
    build_with(&world, WEB, &Options::default(), Choices { no_cache: true, pull: false }).unwrap();
    assert_eq!(causes(&world), ["--no-cache"; 4]);
    world.records.lock().unwrap().clear();
    build(&world, "FROM debian\nRUN apt-get install nginx").unwrap();
    assert_eq!(causes(&world), ["the earlier result is gone"]);
}

#[test]
fn steps_are_taken_from_images_that_the_user_names() {
    let mut world = world();
    let built = build(&world, WEB).unwrap();
    world.records.lock().unwrap().clear();
    world.sources = vec![built.image.clone()];
    world.said();
    let again = build(&world, WEB).unwrap();
    assert_eq!((again.id, world.said().matches("Using cache").count()), (built.id, 4));
    assert_eq!(world.records.lock().unwrap().len(), 4, "what was taken is kept");
    world.records.lock().unwrap().clear();
    world.context.put("page.html", "hellO");
    build(&world, WEB).unwrap();
    assert_eq!(world.said().matches("Using cache").count(), 1);
}

#[test]
fn another_base_is_another_build() {
    let mut world = world();
    build(&world, WEB).unwrap();
    world.said();
    world.images.get_mut("debian").unwrap().rootfs.diff_ids[0] = Digest::of(b"newer");
    build(&world, WEB).unwrap();
    assert!(!world.said().contains("Using cache"));
}

#[test]
fn failing_commands_are_told_in_dockers_words() {
    let error = build(&world(), "FROM debian\nRUN false").unwrap_err();
    assert_eq!(error.to_string(), "The command '/bin/sh -c false' returned a non-zero code: 1");
}

#[test]
fn errors_name_the_place() {
    let text = |dockerfile: &str| build(&world(), dockerfile).unwrap_err().to_string();
    assert_eq!(text("FROM nope"), "Dockerfile:1:1: no such image: nope");
    assert_eq!(
        text("FROM debian\n  COPY nope /"),
        "Dockerfile:2:3: COPY failed: file not found in build context or excluded by .dockerignore: nope"
    );
    assert!(text("FROM debian\nCOPY conf page.html /x").contains("must be a directory and end with a /"));
    assert_eq!(text("FROM debian\nEXPOSE ${P:?unset}"), "Dockerfile:2:1: P: unset");
    assert_eq!(text("FROM debian\nSTOPSIGNAL x"), "Dockerfile:2:1: invalid signal \"x\"");
    assert_eq!(
        text("FROM debian\nADD git@x:y /z"),
        "Dockerfile:2:1: ADD failed: git@x:y: git repositories are not supported as a source"
    );
}

#[test]
fn the_configuration_follows_the_instructions() {
    let text = "FROM debian\nARG who=me\nENV A=1 B=\"x $A\"\nENV A=2 C=$A\nWORKDIR /a\nWORKDIR b/../c\nUSER $who\nLABEL l=$A\n\
        EXPOSE 80 90-91/udp\nVOLUME /v\nSTOPSIGNAL SIGQUIT\nSHELL [\"/bin/bash\", \"-c\"]\nENTRYPOINT run $A\n\
        HEALTHCHECK --retries=2 CMD [\"x\"]\nONBUILD RUN y\nMAINTAINER me\nENV D";
    let built = build(&world(), &text.replace("\nENV D", "")).unwrap();
    let config = &built.image.config;
    assert_eq!(config.env[1..], ["A=2", "B=x ", "C=1"]);
    assert_eq!((config.working_dir.as_str(), config.user.as_str()), ("/a/c", "me"));
    assert_eq!(config.labels["l"], "2");
    assert_eq!(config.exposed_ports.keys().collect::<Vec<_>>(), ["80/tcp", "90/udp", "91/udp"]);
    assert_eq!(config.entrypoint.as_deref().unwrap(), ["/bin/bash", "-c", "run $A"]);
    assert_eq!(config.cmd, None, "a new entrypoint drops the base's command");
    assert_eq!(config.healthcheck.as_ref().unwrap().test, ["CMD", "x"]);
    assert_eq!((config.on_build[0].as_str(), built.image.author.as_deref()), ("RUN y", Some("me")));
    assert_eq!(config.stop_signal.as_deref(), Some("SIGQUIT"));
}

#[test]
fn commands_get_arguments_and_environment() {
    let world = world();
    let text = "FROM debian\nARG A=1\nARG PATH=x\nENV B=2\nWORKDIR /w\nRUN --network=none [\"a\", \"b\"]\nRUN <<E\n#!/x\ny\nE\n";
    let built = build_with(&world, text, &args(&[("https_proxy", "p")]), Choices::default()).unwrap();
    let executed = world.executed.lock().unwrap();
    assert_eq!(executed[0].argv, ["a", "b"]);
    assert_eq!(executed[0].env[1..], ["B=2", "A=1"]);
    assert_eq!((executed[0].folder.as_str(), executed[0].network), ("/w", crate::op::Network::None));
    assert_eq!(executed[0].proxies, ["https_proxy=p"]);
    assert_eq!(executed[1].script.as_ref().unwrap().content, "#!/x\ny\n");
    assert_eq!(executed[1].argv, ["/dev/pipes/E"]);
    let history: Vec<_> = built.image.history.iter().filter_map(|entry| entry.created_by.as_deref()).collect();
    assert_eq!(history[4], "RUN |1 A=1 a b");
    assert!(built.image.history[0].empty_layer && !built.image.history[4].empty_layer);
}

#[test]
fn stages_copy_from_each_other() {
    let world = world();
    let text = "FROM debian AS Build\nRUN make\nFROM scratch\nCOPY --from=build /out/app /app\nCOPY --from=0 out /\n";
    let built = build(&world, text).unwrap();
    assert_eq!(*world.copied.lock().unwrap(), ["file app -> /app kept", "folder app -> / kept"]);
    assert_eq!(built.image.rootfs.diff_ids.len(), 2);
    let records = world.records.lock().unwrap();
    assert_eq!(records.values().filter(|record| record.parent.is_none()).count(), 1, "scratch has no parent");
}

#[test]
fn only_add_unpacks() {
    let world = world();
    build(&world, "FROM debian\nWORKDIR /w\nADD x.tar d\nCOPY x.tar ./\nADD --chown=a <<E ./\ntext\nE").unwrap();
    assert_eq!(*world.copied.lock().unwrap(), ["archive x.tar -> /w/d", "file x.tar -> /w", "file E -> /w"]);
}

#[test]
fn triggers_of_the_base_run_once() {
    let mut world = world();
    let mut base = world.images["debian"].clone();
    base.config.on_build = vec!["RUN first".into(), "COPY conf /c".into()];
    world.images.insert("base".into(), base);
    let built = build(&world, "FROM base\nRUN second").unwrap();
    let ran: Vec<_> = world.executed.lock().unwrap().iter().map(|exec| exec.argv[2].clone()).collect();
    assert_eq!(ran, ["first", "second"]);
    assert!(built.image.config.on_build.is_empty());
    assert!(world.said().contains("# Executing 2 build triggers\n"));
}

#[test]
fn a_stage_without_steps_is_its_base() {
    let world = world();
    let built = build(&world, "FROM debian").unwrap();
    assert_eq!((built.id, built.image), (Digest::of(b"debian"), world.images["debian"].clone()));
}

#[test]
fn unused_arguments_are_warned_of() {
    let world = world();
    build_with(&world, "FROM debian", &args(&[("nope", "1")]), Choices::default()).unwrap();
    assert!(world.said().contains("[Warning] One or more build-args [nope] were not consumed\n"));
}
