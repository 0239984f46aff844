//! The targets, one a folder or file.

mod accounts;
mod cgroup_files;
mod chunks;
mod mountinfo;
mod plan;
mod seccomp;
mod shim_events;
mod shim_requests;
mod ttrpc;

use crate::{Form, Target};

/// All of them.
pub const TARGETS: &[Target] = &[
    Target { name: "accounts", run: accounts::run, form: Form::Bytes },
    Target { name: "cgroup-files", run: cgroup_files::run, form: Form::Bytes },
    Target { name: "chunks", run: chunks::run, form: Form::Bytes },
    Target { name: "mountinfo", run: mountinfo::run, form: Form::Bytes },
    Target { name: "plan", run: plan::run, form: Form::Json },
    Target { name: "seccomp", run: seccomp::policy::run, form: Form::Bytes },
    Target { name: "seccomp-profile", run: seccomp::profile::run, form: Form::Json },
    Target { name: "shim-events", run: shim_events::run, form: Form::Bytes },
    Target { name: "shim-requests", run: shim_requests::run, form: Form::Bytes },
    Target { name: "ttrpc", run: ttrpc::run, form: Form::Bytes },
];
