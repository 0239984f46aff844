//! A template engine for `--format`: the part of Go's `text/template` that people use with Docker, over JSON values.
//!
//! ```text
//! {{.Field.Sub}}  {{index .Map "key" 0}}  {{json .}}  {{.A | lower}}  {{(index .List 0).Name}}
//! {{if …}} {{else if …}} {{else}} {{end}}   {{range $k, $v := …}} {{else}} {{end}}   {{with …}} {{end}}   {{$x := …}}
//! ```
//!
//! [`Template::parse`] reads the text once; [`Template::render`] may be called for many values. Functions are listed in `functions`.

mod ast;
mod chars;
mod eval;
mod functions;
mod parse;
mod print;
mod printf;

use serde_json::Value;

pub(crate) use print::quote;

/// Why a template is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("template parsing error: {0}")]
pub(crate) struct TemplateError(pub(crate) String);

/// What `.Label "name"` prints.
pub(crate) type LabelOf<'a> = &'a dyn Fn(&str) -> String;

/// Names that an object may leave out or have as null, and what is printed for them then.
pub(crate) type Optional = &'static [(&'static str, &'static str)];

type Result<T, E = TemplateError> = std::result::Result<T, E>;

/// Why a template cannot be rendered for a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub(crate) struct RenderError(TemplateError);

/// A parsed template.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    nodes: Vec<ast::Node>,
    optional: Optional,
}

impl Template {
    /// Reads a template.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        Ok(Self { nodes: parse::template(text)?, optional: &[] })
    }

    /// Names that are null where an object does not have them; any other missing name with a capital is an error.
    pub(crate) fn with_optional(mut self, names: Optional) -> Self {
        self.optional = names;
        self
    }

    /// Renders it for one value.
    pub(crate) fn render(&self, value: &Value) -> Result<String, RenderError> {
        eval::Scope::new(value, self.optional).render(&self.nodes).map_err(RenderError)
    }

    /// Renders it for a row of a list, which has labels.
    pub(crate) fn render_row(&self, value: &Value, label: LabelOf<'_>) -> Result<String, RenderError> {
        eval::Scope::new(value, self.optional).with_label(label).render(&self.nodes).map_err(RenderError)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OPTIONAL: Optional = &[("Health", "<nil>"), ("Volumes", "map[]")];

    fn render(text: &str) -> String {
        let value = json!({
            "Name": "/web", "Up": true, "N": 3, "F": 1.5, "None": null, "List": ["a", "b"], "Empty": [],
            "Map": {"k": "v", "80/tcp": [{"HostPort": "8080"}]}, "State": {"Status": "running", "Pid": 7}, "Volumes": null, "ApiVersion": "1.50",
        });
        match Template::parse(text) {
            Ok(template) => template.with_optional(OPTIONAL).render(&value).unwrap_or_else(|e| e.to_string()),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn fields_functions_and_pipelines() {
        for (text, expected) in [
            ("plain", "plain"),
            ("{{.Name}} {{.State.Status}}", "/web running"),
            ("{{.N}}|{{.F}}|{{.Up}}|{{.None}}", "3|1.5|true|<nil>"),
            ("{{json .Map}}", r#"{"k":"v","80/tcp":[{"HostPort":"8080"}]}"#),
            ("{{.List}} {{.Map.k}}", "[a b] v"),
            ("{{.State}} {{.Map}}", "{running 7} map[80/tcp:[{8080}] k:v]"),
            ("{{.Health}} {{.Volumes}} {{json .Volumes}}", "<nil> map[] null"),
            ("{{upper .Name}} {{.Name | lower | upper}}", "/WEB /WEB"),
            ("{{join .List \",\"}} {{len .List}} {{len .Name}}", "a,b 2 4"),
            ("{{index .List 1}} {{index .Map \"k\"}}", "b v"),
            ("{{(index (index .Map \"80/tcp\") 0).HostPort}}", "8080"),
            ("{{println .Name}}", "/web\n"),
            ("{{printf \"%s-%d-%q-%5.1f\" .Name .N .Name .F}}", "/web-3-\"/web\"-  1.5"),
            ("{{split .Name \"e\"}} {{split \"ab\" \"\"}}", "[/w b] [a b]"),
            ("{{title \"a-b c\"}} {{pad \"\" 2 2}}|", "A-B C |"),
            ("{{title \"abc\"}} {{truncate .Name 2}} {{pad .Name 1 2}}|", "Abc /w  /web  |"),
            ("{{slice .Name 1 3}}", "we"),
            ("{{print 1 2 \"x\"}}", "1 2x"),
            ("a {{- .N -}} b", "a3b"),
            ("{{/* nothing */}}x", "x"),
            ("{{.APIVersion}} {{.ApiVersion}}", "1.50 1.50"),
            ("{{`raw`}}{{\"q\\t\"}}", "rawq\t"),
        ] {
            assert_eq!(render(text), expected, "{text}");
        }
    }

    #[test]
    fn control_structures() {
        for (text, expected) in [
            ("{{if .Up}}y{{else}}n{{end}}", "y"),
            ("{{if .Empty}}y{{else if .N}}n{{else}}z{{end}}", "n"),
            ("{{if and .Up (gt .N 2)}}y{{end}}", "y"),
            ("{{if eq .N 1 2 3}}y{{end}}{{if ne .Name \"x\"}}z{{end}}", "yz"),
            ("{{if not .None}}y{{end}}{{or .None .Name}}", "y/web"),
            ("{{range .List}}<{{.}}>{{end}}", "<a><b>"),
            ("{{range $i, $e := .List}}{{$i}}={{$e}};{{end}}", "0=a;1=b;"),
            ("{{range $k, $v := .Map}}{{$k}};{{end}}", "80/tcp;k;"),
            ("{{range .Empty}}x{{else}}none{{end}}", "none"),
            ("{{with .State}}{{.Status}} {{$.N}}{{end}}", "running 3"),
            ("{{$x := .N}}{{if .Up}}{{$x = 4}}{{end}}{{$x}}", "4"),
            ("{{range .List}}{{if eq . \"b\"}}{{break}}{{end}}{{.}}{{end}}", "a"),
            ("{{if .Health}}h{{else}}none{{end}}", "none"),
        ] {
            assert_eq!(render(text), expected, "{text}");
        }
    }

    #[test]
    fn labels_are_those_of_the_row() {
        let render = |text: &str| {
            let template = Template::parse(text).unwrap();
            template.render_row(&json!({ "Names": ["web"] }), &|name| format!("<{name}>")).map_err(|e| e.to_string())
        };
        assert_eq!(render("{{.Label \"a\"}}{{range .Names}}{{$.Label .}}{{end}}").unwrap(), "<a><web>");
        assert_eq!(render("{{if eq (.Label \"a\") \"<a>\"}}same{{end}}").unwrap(), "same");
        assert!(render("{{.Label \"a\" \"b\"}}").unwrap_err().contains("can't give argument"));
    }

    #[test]
    fn wrong_templates_are_named() {
        for (text, part) in [
            ("{{.State.Nope}}", "at <.State.Nope>: map has no entry for key \"Nope\""),
            ("{{foo .}}", "function \"foo\" not defined"),
            ("{{.Name", "unclosed action"),
            ("{{if .Up}}", "unexpected EOF"),
            ("{{end}}", "unexpected {{end}}"),
            ("{{index .List 7}}", "out of range"),
            ("{{$x}}", "undefined variable"),
            ("{{.Name \"x\"}}", "can't give argument"),
            ("{{\"open}}", "unterminated"),
        ] {
            assert!(render(text).contains(part), "{text}: {}", render(text));
        }
        assert_eq!(render("{{.Map.missing}}"), "<no value>");
    }
}
