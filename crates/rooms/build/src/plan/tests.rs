use super::*;

fn planned(text: &str, options: &Options) -> Result<Plan> {
    plan(&Dockerfile::parse("Dockerfile", text.as_bytes()).unwrap(), options)
}

fn options(args: &[(&str, &str)], target: &str) -> Options {
    let args = args.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Options { args, target: Some(target.to_owned()), ..Options::default() }
}

fn numbers(plan: &Plan) -> Vec<usize> {
    plan.stages.iter().map(|stage| stage.index).collect()
}

#[test]
fn bases_are_expanded_and_recognised() {
    let text =
        "ARG R=reg:5000\nARG B=$R/debian\nARG V\nFROM $B:${V:-12} AS one\nFROM one\nFROM scratch\nCOPY --from=1 /a /a";
    let plan = planned(text, &Options::default()).unwrap();
    let sources: Vec<_> = plan.stages.iter().map(|stage| stage.source.clone()).collect();
    assert_eq!(sources, [Source::Image("reg:5000/debian:12".into()), Source::Stage(0), Source::Scratch]);
    assert_eq!(plan.total, 3 + 3 + 1);
    let plan = planned(text, &options(&[("V", "13"), ("R", "other")], "one")).unwrap();
    assert_eq!(plan.stages[0].source, Source::Image("other/debian:13".into()));
}

#[test]
fn only_needed_stages_are_built() {
    let text =
        "FROM a AS a\nFROM b AS b\nFROM a AS c\nCOPY --from=b /x /x\nFROM scratch AS d\nFROM d\nCOPY --from=0 /x /x";
    assert_eq!(numbers(&planned(text, &Options::default()).unwrap()), [0, 3, 4]);
    assert_eq!(numbers(&planned(text, &options(&[], "c")).unwrap()), [0, 1, 2]);
    assert_eq!(numbers(&planned(text, &options(&[], "3")).unwrap()), [3]);
    let error = planned(text, &options(&[], "nope")).unwrap_err();
    assert_eq!(error.to_string(), "target stage \"nope\" could not be found");
}

#[test]
fn a_stage_is_never_its_own_base() {
    let plan = planned("FROM debian AS debian\nCOPY --from=debian /a /b", &Options::default()).unwrap();
    assert_eq!(plan.stages[0].source, Source::Image("debian".into()));
    assert!(plan.stages[0].needs.is_empty());
}

#[test]
fn triggers_need_their_stages() {
    let text = "FROM a AS tools\nFROM b AS base\nONBUILD COPY --from=tools /a /a\nFROM base";
    assert_eq!(numbers(&planned(text, &Options::default()).unwrap()), [0, 1, 2]);
}

#[test]
fn platforms_are_known() {
    let text = "FROM --platform=$BUILDPLATFORM a\nFROM --platform=linux/$TARGETARCH b\nCOPY --from=0 a a";
    let wish = Options { platform: Some("linux/arm64".parse().unwrap()), ..Options::default() };
    let plan = planned(text, &wish).unwrap();
    assert_eq!(plan.stages[0].platform, Platform::host());
    assert_eq!(plan.stages[1].platform.to_string(), "linux/arm64");
    assert!(
        planned("FROM --platform=plan9 a", &wish)
            .unwrap_err()
            .to_string()
            .starts_with("Dockerfile:1:1: invalid platform")
    );
}

#[test]
fn blank_bases_are_refused() {
    let error = planned("ARG X\nFROM $X", &Options::default()).unwrap_err();
    assert_eq!(error.to_string(), "Dockerfile:2:1: base name ($X) should not be blank");
}

#[test]
fn unused_arguments_are_known() {
    let plan = planned("ARG A\nFROM a", &options(&[("A", "1"), ("B", "2"), ("HTTP_PROXY", "p")], "")).unwrap();
    assert_eq!(plan.args.unused(), ["B"]);
    assert_eq!(plan.args.proxies(), ["HTTP_PROXY=p"]);
}

#[test]
fn labels_become_a_last_step() {
    let labels = BTreeMap::from([("a".to_owned(), "x $y \"z\"".to_owned())]);
    let plan = planned("FROM a", &Options { labels, ..Options::default() }).unwrap();
    let Instruction::Label(pairs) = &plan.stages[0].steps[0].instruction else { panic!("a label") };
    assert_eq!(pairs[0].value, r#""x \$y \"z\"""#);
    assert_eq!(plan.total, 2);
}
