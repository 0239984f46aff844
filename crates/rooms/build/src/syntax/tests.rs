use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Result<Dockerfile, SyntaxError> {
    Dockerfile::parse("Dockerfile", text.as_bytes())
}

/// The instructions of the only stage.
fn steps(text: &str) -> Vec<Instruction> {
    let file = parse(&format!("FROM a\n{text}")).unwrap();
    file.stages[0].steps.iter().map(|step| step.instruction.clone()).collect()
}

fn step(text: &str) -> Instruction {
    let mut all = steps(text);
    assert_eq!(all.len(), 1, "{text}");
    all.remove(0)
}

fn error(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

fn shell(text: &str) -> Command {
    Command::Shell(text.into())
}

fn exec(argv: &[&str]) -> Command {
    Command::Exec(argv.iter().map(|arg| (*arg).to_owned()).collect())
}

fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn stages_are_read() {
    let file = parse("ARG V=1 W\nFROM --platform=$BUILDPLATFORM a:$V AS Build\nRUN x\nfrom build\nRUN y\n").unwrap();
    assert_eq!(file.globals[0].args[0], Arg { name: "V".into(), default: Some("1".into()) });
    assert_eq!(file.globals[0].args[1], Arg { name: "W".into(), default: None });
    let [first, second] = file.stages.as_slice() else { panic!("two stages") };
    assert_eq!((first.base.as_str(), first.name.as_deref()), ("a:$V", Some("build")));
    assert_eq!(first.platform.as_deref(), Some("$BUILDPLATFORM"));
    assert_eq!(first.text, "FROM --platform=$BUILDPLATFORM a:$V AS Build");
    assert_eq!((second.at, second.steps.len()), (Position { line: 4, column: 1 }, 1));
}

#[test]
fn commands_have_two_forms() {
    assert_eq!(step("CMD echo  hi"), Instruction::Cmd(shell("echo  hi")));
    assert_eq!(step(r#"CMD ["a", "b c"]"#), Instruction::Cmd(exec(&["a", "b c"])));
    assert_eq!(step("CMD []"), Instruction::Cmd(exec(&[])));
    assert_eq!(step("CMD [ -f x ] && y"), Instruction::Cmd(shell("[ -f x ] && y")));
    assert_eq!(step("ENTRYPOINT ['a']"), Instruction::Entrypoint(shell("['a']")));
    assert_eq!(step(r#"SHELL ["/bin/bash", "-c"]"#), Instruction::Shell(strings(&["/bin/bash", "-c"])));
}

#[test]
fn run_has_flags_and_documents() {
    let Instruction::Run(run) = step("RUN --network=none --security=sandbox a --b") else { panic!("RUN") };
    assert_eq!((run.command, run.network), (shell("a --b"), RunNetwork::None));
    let Instruction::Run(run) = step("RUN <<EOF\na\n $b\nEOF") else { panic!("RUN") };
    assert_eq!((run.command, run.script), (shell("a\n $b\n"), None));
    let Instruction::Run(run) = step("RUN <<EOF\n#!/usr/bin/python3\nprint()\nEOF\n") else { panic!("RUN") };
    assert_eq!(run.script.unwrap().content, "#!/usr/bin/python3\nprint()\n");
    let Instruction::Run(run) = step("RUN cat <<-A && cat 3<<'B'\n\tx\n\tA\ny\nB") else { panic!("RUN") };
    assert_eq!(run.command, shell("cat <<-A && cat 3<<'B'\nx\nA\ny\nB"));
    assert_eq!(steps("RUN echo it's <<EOF\nUSER b").len(), 2);
    assert_eq!(steps("RUN cat <<<x; echo $((1 << 2))\nUSER b").len(), 2);
}

#[test]
fn copies_have_flags_and_documents() {
    let flags = "--from=b --chown=1:2 --chmod=644 --link --exclude=*.o --exclude=*.a";
    let Instruction::Copy(copy) = step(&format!("COPY {flags} a \"b c\" /d/")) else { panic!("COPY") };
    assert_eq!((copy.sources, copy.destination.as_str()), (strings(&["a", "\"b c\""]), "/d/"));
    assert_eq!(
        (copy.from.as_deref(), copy.chown.as_deref(), copy.chmod.as_deref()),
        (Some("b"), Some("1:2"), Some("644"))
    );
    assert_eq!(copy.excludes, strings(&["*.o", "*.a"]));
    let Instruction::Copy(copy) = step(r#"COPY ["a b", "/c d"]"#) else { panic!("COPY") };
    assert_eq!((copy.sources, copy.destination.as_str()), (strings(&["a b"]), "/c d"));
    let Instruction::Add(add) = step("ADD --checksum=sha256:1 http://x/y /z") else { panic!("ADD") };
    assert_eq!(add.checksum.as_deref(), Some("sha256:1"));
    let Instruction::Copy(copy) = step("COPY <<a <<\"b\" c /d/\n$x\na\n$y\nb") else { panic!("COPY") };
    assert_eq!(copy.sources, strings(&["c"]));
    let found: Vec<_> = copy.heredocs.iter().map(|h| (h.name.as_str(), h.content.as_str(), h.expand)).collect();
    assert_eq!(found, [("a", "$x\n", true), ("b", "$y\n", false)]);
}

#[test]
fn pairs_have_two_forms() {
    let pair = |name: &str, value: &str| Pair { name: name.into(), value: value.into() };
    assert_eq!(
        step("ENV a=1 b=\"x y\" c=d\\ e"),
        Instruction::Env(vec![pair("a", "1"), pair("b", "\"x y\""), pair("c", "d\\ e")])
    );
    assert_eq!(step("ENV ONE TWO= THREE=world"), Instruction::Env(vec![pair("ONE", "TWO= THREE=world")]));
    assert_eq!(
        step("LABEL \"com.example\"=\"a\" \\\n  b="),
        Instruction::Label(vec![pair("\"com.example\"", "\"a\""), pair("b", "")])
    );
}

#[test]
fn the_simple_ones_are_read() {
    assert_eq!(step("expose 80 443/udp 8000-8010"), Instruction::Expose(strings(&["80", "443/udp", "8000-8010"])));
    assert_eq!(step("VOLUME /a /b"), Instruction::Volume(strings(&["/a", "/b"])));
    assert_eq!(step(r#"VOLUME ["/a b"]"#), Instruction::Volume(strings(&["/a b"])));
    assert_eq!(step("WORKDIR /a b"), Instruction::Workdir("/a b".into()));
    assert_eq!(step("USER a:b"), Instruction::User("a:b".into()));
    assert_eq!(step("STOPSIGNAL 9"), Instruction::StopSignal("9".into()));
    assert_eq!(step("MAINTAINER a <b@c>"), Instruction::Maintainer("a <b@c>".into()));
    assert_eq!(step("ONBUILD COPY a /b"), Instruction::OnBuild("COPY a /b".into()));
    assert_eq!(step("ONBUILD COPY <<E /b\nx\nE"), Instruction::OnBuild("COPY <<E /b\nx\nE".into()));
}

#[test]
fn health_checks_are_read() {
    assert_eq!(step("HEALTHCHECK none"), Instruction::Healthcheck(Healthcheck::default()));
    let Instruction::Healthcheck(check) = step("HEALTHCHECK --interval=5s --retries=3 CMD curl -f /") else { panic!() };
    assert_eq!((check.interval, check.retries, check.command), (5_000_000_000, 3, Some(shell("curl -f /"))));
}

#[test]
fn directives_stand_at_the_top() {
    let file = parse("# syntax=docker/dockerfile:1\n# escape=`\nFROM a\nRUN a `\n b\\\n").unwrap();
    assert_eq!(file.stages[0].steps[0].text, "RUN a  b\\");
    assert_eq!(parse("# about\n# escape=`\nFROM a\nRUN a \\\n b").unwrap().escape, '\\');
    assert_eq!(error("# escape=x\nFROM a"), "Dockerfile:1:1: invalid escape token \"x\": must be \\ or `");
    assert!(error("# escape=`\n# escape=`\nFROM a").contains("only one escape"));
    assert!(error("# syntax=evil/lang\nFROM a").contains("not supported"));
}

#[test]
fn triggers_are_checked() {
    assert!(parse_trigger("a", "RUN x").is_ok());
    for bad in ["FROM a", "ONBUILD RUN x", "MAINTAINER a", "", "RUNN", "RUN <<E\nx"] {
        assert!(parse_trigger("a", bad).is_err(), "{bad}");
    }
}

#[test]
fn bounds_hold() {
    assert!(error(&"\n".repeat(SIZE_LIMIT + 1)).contains("bytes"));
    assert!(error(&format!("FROM a\n{}", "USER a\n".repeat(STEP_LIMIT))).contains("10000 instructions"));
    assert_eq!(
        Dockerfile::parse("D", b"FROM a\nUSER \xff").unwrap_err().to_string(),
        "D:2:6: the Dockerfile is not valid UTF-8"
    );
}

fn corpus(kind: &str) -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(kind);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn the_good_corpus_parses() {
    let files = corpus("good");
    assert!(files.len() >= 5);
    for (path, text) in files {
        parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

/// Cases are separated by lines of `====`; the first line of each is the error.
#[test]
fn the_bad_corpus_is_refused_with_its_place() {
    let mut cases = 0;
    for (path, text) in corpus("bad") {
        for case in text.split("====\n") {
            let (expected, dockerfile) = case.split_once('\n').unwrap();
            let found = parse(dockerfile).map(|_| ()).unwrap_err().to_string();
            assert_eq!(found, expected, "{}: {dockerfile}", path.display());
            cases += 1;
        }
    }
    assert!(cases > 40, "{cases} cases");
}

proptest! {
    #[test]
    fn never_panics_on_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Dockerfile::parse("Dockerfile", &bytes);
    }

    #[test]
    fn never_panics_on_near_misses(parts in prop::collection::vec(prop::sample::select(PARTS), 0..25)) {
        let _ = parse(&parts.concat());
    }
}

const PARTS: &[&str] = &[
    "FROM a",
    "\n",
    "\\\n",
    " ",
    "RUN ",
    "COPY ",
    "ADD ",
    "ONBUILD ",
    "HEALTHCHECK ",
    "CMD ",
    "--from=",
    "--mount=",
    "--x",
    "<<E",
    "<<-E",
    "<<",
    "E\n",
    "[\"a\"]",
    "[",
    "]",
    "\"",
    "'",
    "$",
    "${x",
    "}",
    "=",
    "ENV ",
    "ARG ",
    "# escape=`\n",
    "é",
    "\t",
    "LABEL ",
    "EXPOSE ",
    "--",
    "\r\n",
    "\u{feff}",
];
