//! Lists with `--format`: tables, templates and JSON, one row an object.

use std::collections::BTreeMap;
use std::io::IsTerminal;

use serde_json::Value;

use super::columns::columns;
use super::visible::{text, visible};
use crate::error::{Error, Result};
use crate::template::Template;

/// One row.
#[derive(Debug, Clone, Default)]
pub(crate) struct Row {
    /// Column names to text, as an object.
    columns: Value,
    /// What `.Label "name"` finds.
    labels: BTreeMap<String, String>,
}

impl FromIterator<(String, Value)> for Row {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(columns: I) -> Self {
        Self { columns: columns.into_iter().collect(), labels: BTreeMap::new() }
    }
}

impl Row {
    /// The row of something that has labels.
    pub(crate) fn with_labels(self, labels: &BTreeMap<String, String>) -> Self {
        Self { labels: labels.clone(), ..self }
    }

    /// One column's text; empty where there is none.
    #[cfg(test)]
    pub(crate) fn column(&self, name: &str) -> &str {
        self.columns[name].as_str().unwrap_or_default()
    }

    /// The columns as an object.
    pub(crate) fn into_value(self) -> Value {
        self.columns
    }

    /// One line of JSON, sorted and escaped as Go does it.
    fn json(&self) -> String {
        let columns = self.columns.as_object().into_iter().flatten();
        let sorted: BTreeMap<&String, &Value> = columns.collect();
        let text = serde_json::to_string(&sorted).unwrap_or_default();
        text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026") + "\n"
    }

    fn render(&self, template: &Template) -> Result<String> {
        let label = |name: &str| self.labels.get(name).cloned().unwrap_or_default();
        Ok(template.render_row(&self.columns, &label)?)
    }
}

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
            (_, Some("json" | "{{json .}}")) => Ok(rows.iter().map(Row::json).collect()),
            (_, Some(format)) => match format.strip_prefix("table ") {
                Some(template) => self.table(&escapes(template), rows),
                None => self.plain(&escapes(format), rows),
            },
        }
    }

    fn plain(&self, template: &str, rows: &[Row]) -> Result<String> {
        let template = parse(template)?;
        let mut out = String::new();
        for row in rows {
            out.push_str(&row.render(&template)?);
            out.push('\n');
        }
        Ok(out)
    }

    /// A table: its head is the template rendered with the columns' heads.
    fn table(&self, template: &str, rows: &[Row]) -> Result<String> {
        let template = parse(template)?;
        let heads: Value = self.heads.iter().map(|(name, head)| ((*name).to_owned(), Value::from(*head))).collect();
        let mut lines = vec![template.render_row(&heads, &label_head)?];
        for row in rows {
            lines.push(row.render(&template)?);
        }
        if std::io::stdout().is_terminal() {
            lines.iter_mut().for_each(|line| *line = visible(line).replace('\n', "\\n"));
        }
        Ok(columns(&lines, 10, 3))
    }
}

/// The head of a label's column: the last part of its name, in words.
fn label_head(name: &str) -> String {
    name.rsplit('.').next().unwrap_or(name).replace(['-', '_'], " ")
}

/// A wrong template of a list is no wrong command line: Docker's exit code is 1.
fn parse(template: &str) -> Result<Template> {
    Template::parse(template).map_err(|error| Error::invalid(error.to_string()))
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

    #[test]
    fn labels_are_columns_too() {
        let labels = BTreeMap::from([("com.example.built-by".to_owned(), "me".to_owned())]);
        let rows = [rows().remove(0).with_labels(&labels), rows().remove(1)];
        let format = Some("table {{.ID}}\\t{{.Label \"com.example.built-by\"}}");
        let heads = &[("ID", "CONTAINER ID")];
        let rendered = Listing { format, table: "", heads, quiet: None }.render(&rows).unwrap();
        assert_eq!(rendered, "CONTAINER ID   built by\n1              me\n22             \n");
    }
}
