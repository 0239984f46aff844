//! `image waste`.

use knarr_api::compare::Waste;

use super::container_rows::short_id;
use crate::client::{Call, Client};
use crate::error::Result;
use crate::output::{self, columns, short_size};

/// Show the bytes of an image that its upper layers overwrite or delete
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] IMAGE")]
pub(crate) struct Args {
    /// Layout: text or json
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = ["text", "json"], hide_possible_values = true)]
    format: String,
    /// Name or id
    image: String,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let call = Call::get(&["knarr", "images", "waste"]).query("image", &self.image);
        let waste: Waste = client.json(call).await?;
        match self.format.as_str() {
            "json" => output::document(&waste)?,
            _ => output::text(&draw(&waste))?,
        }
        Ok(0)
    }
}

fn draw(waste: &Waste) -> String {
    let size = |bytes: i64| short_size(bytes as f64);
    let sum = format!("{} of {} are wasted\n", size(waste.wasted), size(waste.size));
    if waste.files.is_empty() {
        return sum;
    }
    let mut lines = vec!["SIZE\tLAYER\tHIDDEN BY\tHOW\tPATH".to_owned()];
    lines.extend(waste.files.iter().map(|file| {
        let how = if file.deleted { "deleted" } else { "overwritten" };
        [&size(file.size), &short_id(&file.layer), &short_id(&file.hidden_by), how, &file.path].join("\t")
    }));
    sum + &columns(&lines, 0, 2)
}
