//! Flaw row 18: checkpoint archives as a source of policy (CVE-2024-8676).
//!
//! Guard: there is no restore; both verbs say so, and touch nothing. Seen to fail with `checkpoint::VERBS` answering 0.

use knarr_runtime_cases::{Runtime, cases};

cases! {
    checkpoint_and_restore_answer: ["cli/checkpoint", "flaw/18"] Ours("runc and crun call criu"),
}

fn checkpoint_and_restore_answer(runtime: &Runtime) {
    let bundle = runtime.sleeper();
    for verb in ["checkpoint", "restore"] {
        let said = bundle.refused(&[verb, bundle.id()]);
        assert!(said.contains("not supported"), "{said}");
    }
    assert_eq!(bundle.status(), "running");
}
