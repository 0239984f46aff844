//! Lists with `--format`: tables, templates and JSON, one row an object.

use std::io::IsTerminal;

use serde_json::{Map, Value};

use super::columns::columns;
use super::visible::{text, visible};
use crate::error::Result;
use crate::template::Template;

/// One row: column names to text.
pub(crate) type Row = Map<String, Value>;

/// What a list shows.
pub(crate) struct Listing<'a> {
    /// What the user asked for: a template, `table TEMPLATE`, `json` or nothing.
    pub(crate) format: Option<&'a str>,
    /// The template of the default table.
    pub(crate) table: &'a str,
    /// Column names and their heads; the first of each pair may be used in templates.
    pub(crate) heads: &'a [(&'a str, &'a str)],
    /// Only this column, without a head.
    pub(crate) quiet: Option<&'a str>,
}

impl Listing<'_> {
    /// Prints the rows.
    pub(crate) fn print(&self, rows: &[Row]) -> Result {
        text(&self.render(rows)?)
    }

    /// Renders the rows.
    pub(crate) fn render(&self, rows: &[Row]) -> Result<String> {
        match (self.quiet, self.format.filter(|f| !f.is_empty())) {
            (Some(column), None | Some("table")) => self.plain(&format!("{{{{.{column}}}}}"), rows),
            (_, None | Some("table")) => self.table(self.table, rows),
            (_, Some("json")) => self.plain("{{json .}}", rows),
            (_, Some(format)) => match format.strip_prefix("table ") {
                Some(template) => self.table(&escapes(template), rows),
                None => self.plain(&escapes(format), rows),
            },
        }
    }

    fn plain(&self, template: &str, rows: &[Row]) -> Result<String> {
        let template = Template::parse(template)?;
        let mut out = String::new();
        for row in rows {
            out.push_str(&template.render(&Value::Object(row.clone()))?);
            out.push('\n');
        }
        Ok(out)
    }

    /// A table: its head is the template rendered with the columns' heads.
    fn table(&self, template: &str, rows: &[Row]) -> Result<String> {
        let template = Template::parse(template)?;
        let heads: Row = self.heads.iter().map(|(name, head)| ((*name).to_owned(), Value::from(*head))).collect();
        let mut lines = vec![template.render(&Value::Object(heads))?];
        for row in rows {
            lines.push(template.render(&Value::Object(row.clone()))?);
        }
        if std::io::stdout().is_terminal() {
            lines.iter_mut().for_each(|line| *line = visible(line).replace('\n', "\\n"));
        }
        Ok(columns(&lines, 10, 3))
    }
}

fn escapes(template: &str) -> String {
    template.replace("\\t", "\t").replace("\\n", "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Row> {
        [("1", "web"), ("22", "a longer name")]
            .into_iter()
            .map(|(id, name)| {
                Row::from_iter([("ID".to_owned(), Value::from(id)), ("Name".to_owned(), Value::from(name))])
            })
            .collect()
    }

    fn listing(format: Option<&'static str>, quiet: bool) -> String {
        let heads = &[("ID", "CONTAINER ID"), ("Name", "NAME")];
        let listing = Listing { format, table: "{{.ID}}\t{{.Name}}", heads, quiet: quiet.then_some("ID") };
        listing.render(&rows()).unwrap()
    }

    #[test]
    fn lists_come_in_all_forms() {
        assert_eq!(listing(None, false), "CONTAINER ID   NAME\n1              web\n22             a longer name\n");
        assert_eq!(
            listing(Some("table {{.Name}}\\t{{.ID}}"), false),
            "NAME            CONTAINER ID\nweb             1\na longer name   22\n"
        );
        assert_eq!(listing(Some("{{.ID}}={{.Name}}"), true), "1=web\n22=a longer name\n");
        assert_eq!(
            listing(Some("json"), false),
            "{\"ID\":\"1\",\"Name\":\"web\"}\n{\"ID\":\"22\",\"Name\":\"a longer name\"}\n"
        );
        assert_eq!(listing(None, true), "1\n22\n");
    }
}
