//! Plans as they print themselves.

use std::path::Path;

use knarr_model::Snapshot;
use knarr_runtime::Plan;

#[test]
fn the_plan_of_the_example_document() {
    let snapshot = Snapshot { lowers: vec!["/layers/top".into(), "/layers/base".into()], upper: None };
    let mut spec = knarr_runtime::example_spec();
    spec.hostname = "web".into();
    let plan = Plan::new(&spec, Path::new("/bundle"), Some(snapshot)).unwrap();
    insta::assert_debug_snapshot!(plan);
}
