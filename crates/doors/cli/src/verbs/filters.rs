//! `--filter` and the other flags of lists.

use clap::Args;

use crate::client::Call;
use crate::output::Listing;
use crate::spec::{self, Filters};

/// `--filter` of lists.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct FilterArgs {
    /// Only what matches, for example label=a=b
    #[arg(short, long, value_name = "NAME=VALUE", value_parser = spec::filter)]
    filter: Vec<(String, String)>,
}

impl FilterArgs {
    /// The wire form: name → values.
    pub(crate) fn filters(&self) -> Filters {
        collect(&self.filter)
    }

    /// Adds the filters to a call.
    pub(crate) fn apply(&self, call: Call) -> Call {
        with_filters(call, &self.filters())
    }
}

/// The flags of lists that can be cut.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    /// Layout: table, json, or a template such as '{{.ID}}'
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<String>,
    /// Do not cut long columns
    #[arg(long)]
    pub(crate) no_trunc: bool,
    /// Only ids
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

impl ListArgs {
    /// What is shown, with this as the default table.
    pub(crate) fn listing<'a>(&'a self, table: &'a str, heads: &'a [(&'a str, &'a str)]) -> Listing<'a> {
        Listing { format: self.format.as_deref(), table, heads, quiet: self.quiet.then_some("ID") }
    }
}

/// The wire form of pairs of names and values.
pub(crate) fn collect(pairs: &[(String, String)]) -> Filters {
    let mut filters = Filters::new();
    for (name, value) in pairs {
        filters.entry(name.clone()).or_default().insert(value.clone(), true);
    }
    filters
}

/// Adds filters to a call.
pub(crate) fn with_filters(call: Call, filters: &Filters) -> Call {
    if filters.is_empty() { call } else { call.query("filters", serde_json::to_string(filters).unwrap_or_default()) }
}
