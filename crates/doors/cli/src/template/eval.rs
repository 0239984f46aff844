//! Renders a parsed template.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::ast::{Base, Node, Operand, Pipeline};
use super::print::{NO_VALUE, print, print_member};
use super::{LabelOf, Optional, Result, TemplateError, functions};

/// Whether a list of nodes went to its end.
#[derive(PartialEq)]
enum Flow {
    Next,
    Break,
    Continue,
}

/// The values in sight.
pub(super) struct Scope<'a> {
    dot: Vec<Cow<'a, Value>>,
    variables: Vec<(String, Value)>,
    optional: Optional,
    label: Option<LabelOf<'a>>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(value: &'a Value, optional: Optional) -> Self {
        Self { dot: vec![Cow::Borrowed(value)], variables: Vec::new(), optional, label: None }
    }

    /// Answers `.Label "name"` of the value that is rendered.
    pub(super) fn with_label(self, label: LabelOf<'a>) -> Self {
        Self { label: Some(label), ..self }
    }

    pub(super) fn render(mut self, nodes: &[Node]) -> Result<String> {
        let mut out = String::new();
        self.nodes(nodes, &mut out)?;
        Ok(out)
    }

    fn nodes(&mut self, nodes: &[Node], out: &mut String) -> Result<Flow> {
        for node in nodes {
            let flow = self.node(node, out)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    /// Variables that a block declares end with it.
    fn block(&mut self, nodes: &[Node], out: &mut String) -> Result<Flow> {
        let depth = self.variables.len();
        let flow = self.nodes(nodes, out);
        self.variables.truncate(depth);
        flow
    }

    fn node(&mut self, node: &Node, out: &mut String) -> Result<Flow> {
        match node {
            Node::Text(text) => out.push_str(text),
            Node::Print(pipeline) => {
                let value = self.pipeline(pipeline)?;
                if pipeline.sets.is_empty() {
                    out.push_str(&self.printed(pipeline, &value));
                }
            }
            Node::If { condition, then, otherwise } => {
                let depth = self.variables.len();
                let chosen = if is_true(&self.pipeline(condition)?) { then } else { otherwise };
                let flow = self.block(chosen, out);
                self.variables.truncate(depth);
                return flow;
            }
            Node::With { value, then, otherwise } => return self.with(value, then, otherwise, out),
            Node::Range { over, body, otherwise } => return self.range(over, body, otherwise, out),
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::Next)
    }

    /// A member that is null prints as what Go has in its place; a map is not printed as a structure.
    fn printed(&self, pipeline: &Pipeline, value: &Value) -> String {
        let Some(name) = pipeline.member() else { return print(value) };
        match self.optional.iter().find(|(known, _)| value.is_null() && *known == name) {
            Some((_, text)) => (*text).to_owned(),
            None => print_member(name, value),
        }
    }

    fn with(&mut self, value: &Pipeline, then: &[Node], otherwise: &[Node], out: &mut String) -> Result<Flow> {
        let depth = self.variables.len();
        let value = self.pipeline(value)?;
        let flow = if is_true(&value) {
            self.dot.push(Cow::Owned(value));
            let flow = self.block(then, out);
            self.dot.pop();
            flow
        } else {
            self.block(otherwise, out)
        };
        self.variables.truncate(depth);
        flow
    }

    fn range(&mut self, over: &Pipeline, body: &[Node], otherwise: &[Node], out: &mut String) -> Result<Flow> {
        let plain = Pipeline { sets: Vec::new(), ..over.clone() };
        let items = elements(self.pipeline(&plain)?)?;
        if items.is_empty() {
            return self.block(otherwise, out);
        }
        let depth = self.variables.len();
        for (key, value) in items {
            match over.sets.as_slice() {
                [] => {}
                [element] => self.variables.push((element.clone(), value.clone())),
                [index, element, ..] => {
                    self.variables.push((index.clone(), key));
                    self.variables.push((element.clone(), value.clone()));
                }
            }
            self.dot.push(Cow::Owned(value));
            let flow = self.nodes(body, out);
            self.dot.pop();
            self.variables.truncate(depth);
            if flow? == Flow::Break {
                break;
            }
        }
        Ok(Flow::Next)
    }

    fn pipeline(&mut self, pipeline: &Pipeline) -> Result<Value> {
        let mut value = None;
        for command in &pipeline.commands {
            value = Some(self.command(command, value)?);
        }
        let value = value.unwrap_or(Value::Null);
        for name in &pipeline.sets {
            self.set(name, value.clone(), pipeline.declares)?;
        }
        Ok(value)
    }

    fn set(&mut self, name: &str, value: Value, declares: bool) -> Result<()> {
        if declares {
            self.variables.push((name.to_owned(), value));
            return Ok(());
        }
        let known = self.variables.iter_mut().rev().find(|(known, _)| known == name);
        known.ok_or_else(|| undefined(name))?.1 = value;
        Ok(())
    }

    fn command(&mut self, operands: &[Operand], piped: Option<Value>) -> Result<Value> {
        let [first, arguments @ ..] = operands else { return Ok(Value::Null) };
        if let (Base::Function(name), true) = (&first.base, first.fields.is_empty()) {
            let mut values = arguments.iter().map(|a| self.operand(a)).collect::<Result<Vec<_>>>()?;
            values.extend(piped);
            return functions::call(name, &values);
        }
        if let (Some(label), [name]) = (self.label.filter(|_| self.is_label(first)), arguments) {
            return Ok(Value::String(label(&print(&self.operand(name)?))));
        }
        if !arguments.is_empty() || piped.is_some() {
            return Err(TemplateError("can't give argument to non-function".into()));
        }
        self.operand(first)
    }

    /// `.Label` where the dot is the whole value, or `$.Label`.
    fn is_label(&self, operand: &Operand) -> bool {
        let whole = match &operand.base {
            Base::Dot => self.dot.len() == 1,
            Base::Variable(name) => name.is_empty(),
            _ => false,
        };
        whole && operand.fields == ["Label"]
    }

    fn operand(&mut self, operand: &Operand) -> Result<Value> {
        let base = match &operand.base {
            Base::Dot => self.dot.last().map(|v| v.clone().into_owned()).unwrap_or_default(),
            Base::Variable(name) if name.is_empty() => {
                self.dot.first().map(|v| v.clone().into_owned()).unwrap_or_default()
            }
            Base::Variable(name) => {
                let known = self.variables.iter().rev().find(|(known, _)| known == name);
                known.ok_or_else(|| undefined(name))?.1.clone()
            }
            Base::Literal(value) => value.clone(),
            Base::Group(pipeline) => self.pipeline(pipeline)?,
            Base::Function(name) => functions::call(name, &[])?,
        };
        operand.fields.iter().try_fold(base, |value, name| {
            self.field(value, name).map_err(|why| TemplateError(format!("executing at <{operand}>: {why}")))
        })
    }

    fn field(&self, value: Value, name: &str) -> Result<Value, String> {
        match value {
            Value::Object(mut map) => match map.remove(name).or_else(|| by_go_name(&mut map, name)) {
                Some(found) => Ok(found),
                None if self.optional.iter().any(|(known, _)| *known == name) => Ok(Value::Null),
                // What begins in lower case is a key of a map of the user's (a label), not a field of ours.
                None if name.starts_with(|c: char| c.is_lowercase()) => Ok(Value::String(NO_VALUE.into())),
                None => Err(format!("map has no entry for key {name:?}")),
            },
            Value::Null => Err(format!("nil pointer evaluating field {name}")),
            other => Err(format!("can't evaluate field {name} in {}", print(&other))),
        }
    }
}

/// A field by its name in Go, whose initialisms are in capitals (`.ID`, `.APIVersion`) where those of JSON may not be (`Id`).
fn by_go_name(map: &mut Map<String, Value>, name: &str) -> Option<Value> {
    let initialism = name.as_bytes().windows(2).any(|pair| pair.iter().all(u8::is_ascii_uppercase));
    let key = map.keys().find(|key| initialism && key.eq_ignore_ascii_case(name))?.clone();
    map.remove(&key)
}

fn undefined(name: &str) -> TemplateError {
    TemplateError(format!("undefined variable \"${name}\""))
}

fn elements(value: Value) -> Result<Vec<(Value, Value)>> {
    match value {
        Value::Array(list) => Ok(list.into_iter().enumerate().map(|(at, v)| (Value::from(at), v)).collect()),
        Value::Object(map) => {
            let sorted: BTreeMap<String, Value> = map.into_iter().collect();
            Ok(sorted.into_iter().map(|(k, v)| (Value::String(k), v)).collect())
        }
        Value::Null => Ok(Vec::new()),
        other => Err(TemplateError(format!("range can't iterate over {}", print(&other)))),
    }
}

/// Go's truth: not zero, not empty, not nil.
pub(super) fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(truth) => *truth,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty() && text != NO_VALUE,
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}
