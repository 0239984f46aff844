//! The parsed form of a template.

use std::fmt;

use serde_json::Value;

/// A piece of a template.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// Printed as it is.
    Text(String),
    /// `{{pipeline}}`: printed, unless it sets a variable.
    Print(Pipeline),
    /// `{{if}}`, `{{else}}`, `{{end}}`.
    If { condition: Pipeline, then: Vec<Node>, otherwise: Vec<Node> },
    /// `{{with}}`: the value becomes the dot.
    With { value: Pipeline, then: Vec<Node>, otherwise: Vec<Node> },
    /// `{{range}}`: once an element.
    Range { over: Pipeline, body: Vec<Node>, otherwise: Vec<Node> },
    /// `{{break}}`.
    Break,
    /// `{{continue}}`.
    Continue,
}

/// `$a, $b := command | command`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pipeline {
    /// Names it sets, without `$`.
    pub(super) sets: Vec<String>,
    /// Whether these are new (`:=`) or known (`=`).
    pub(super) declares: bool,
    /// Each gets the value of the one before as its last argument.
    pub(super) commands: Vec<Vec<Operand>>,
}

impl Pipeline {
    /// The name of the member that it takes, where it does nothing else.
    pub(super) fn member(&self) -> Option<&str> {
        match self.commands.as_slice() {
            [command] if command.len() == 1 => command[0].fields.last().map(String::as_str),
            _ => None,
        }
    }
}

/// An operand with the fields taken of it: `(index . 0).Name`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Operand {
    /// What it begins with.
    pub(super) base: Base,
    /// `.A.B`.
    pub(super) fields: Vec<String>,
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.base {
            Base::Dot => {}
            Base::Variable(name) => write!(f, "${name}")?,
            Base::Literal(value) => write!(f, "{value}")?,
            Base::Function(name) => f.write_str(name)?,
            Base::Group(_) => f.write_str("(…)")?,
        }
        self.fields.iter().try_for_each(|name| write!(f, ".{name}"))
    }
}

/// What an operand begins with.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Base {
    /// `.`
    Dot,
    /// `$` or `$name`.
    Variable(String),
    /// A string, number, `true`, `false` or `nil`.
    Literal(Value),
    /// A function's name.
    Function(String),
    /// `( … )`.
    Group(Box<Pipeline>),
}
