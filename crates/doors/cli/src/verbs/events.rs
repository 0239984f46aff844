//! `events`.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use knarr_api::system::Event;
use serde_json::Value;

use super::filters::FilterArgs;
use crate::client::{Call, Client};
use crate::error::{Error, Result};
use crate::output;
use crate::spec;
use crate::template::Template;

/// Follow what happens in the daemon
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS]")]
pub(crate) struct Args {
    #[command(flatten)]
    filter: FilterArgs,
    /// Layout: json, or a template such as '{{.Action}}'
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Also what happened since then: a time, or a span such as 42m
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only until then
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let moment = |text: &Option<String>| {
            text.as_deref().map(|text| spec::moment(text, Timestamp::now()).map_err(Error::Invalid)).transpose()
        };
        let template = match self.format.as_deref() {
            None | Some("") => None,
            Some("json") => None,
            Some(text) => Some(Template::parse(text)?.with_optional(&[("Status", ""), ("ID", ""), ("From", "")])),
        };
        let call = Call::get(&["events"]).maybe("since", moment(&self.since)?).maybe("until", moment(&self.until)?);
        let mut lines = client.stream::<Value>(self.filter.apply(call)).await?;
        while let Some(mut value) = lines.next().await? {
            match &template {
                Some(template) => {
                    add_old_names(&mut value);
                    output::line(template.render(&value)?)?;
                }
                None if self.format.as_deref() == Some("json") => output::line(value.to_string())?,
                None => output::line(describe(value)?)?,
            }
        }
        Ok(0)
    }
}

/// Templates say `.ID`, `.Status`, `.From`, `.Scope`, `.Time`, `.TimeNano` for what the wire has in lower case.
fn add_old_names(value: &mut Value) {
    let Some(map) = value.as_object_mut() else { return };
    for (wire, name) in [
        ("id", "ID"),
        ("status", "Status"),
        ("from", "From"),
        ("scope", "Scope"),
        ("time", "Time"),
        ("timeNano", "TimeNano"),
    ] {
        if let Some(found) = map.get(wire).cloned() {
            map.insert(name.to_owned(), found);
        }
    }
}

fn describe(value: Value) -> Result<String> {
    let event: Event = serde_json::from_value(value)
        .map_err(|e| Error::Answer { operation: "events".into(), cause: e.to_string() })?;
    let time = Timestamp::from_nanosecond(event.time_nano.into()).unwrap_or_default().to_zoned(TimeZone::system());
    let head =
        format!("{} {} {} {}", time.strftime("%Y-%m-%dT%H:%M:%S.%9f%:z"), event.kind, event.action, event.actor.id);
    if event.actor.attributes.is_empty() {
        return Ok(head);
    }
    let attributes: Vec<String> =
        event.actor.attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
    Ok(format!("{head} ({})", attributes.join(", ")))
}
