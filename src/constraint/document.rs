//! Constraints as documents write them.

use std::sync::Arc;

use super::pattern::PatternCache;
use super::{Bound, Check, Constraint, Edge, Field, Fields, TypeName, Values, glob, path};
use crate::error::{LoadError, LoadErrorKind, Source, Unseen};
use crate::json::{self, Limits, Node, NodeValue, Span, Value};
use crate::reading::Reading;

/// Reads the constraints of one document.
#[derive(Debug)]
pub(crate) struct ConstraintReader<'r> {
    reading: &'r Reading,
    patterns: PatternCache,
}

pub(super) const KEYS: [&str; 23] = [
    "one_of",
    "min",
    "max",
    "above",
    "below",
    "pattern",
    "prefix",
    "glob",
    "path",
    "host",
    "url",
    "cidr",
    "type",
    "min_length",
    "max_length",
    "min_items",
    "max_items",
    "each",
    "fields",
    "all_of",
    "any_of",
    "not",
    "any",
];

#[cfg(feature = "net")]
pub(super) const URL_KEYS: [&str; 4] = ["host", "scheme", "port", "path"];

/// Words that other languages use for one of our keys.
const ALIASES: [(&str, &str); 16] = [
    ("regex", "pattern"),
    ("regexp", "pattern"),
    ("matches", "pattern"),
    ("enum", "one_of"),
    ("in", "one_of"),
    ("values", "one_of"),
    ("minimum", "min"),
    ("maximum", "max"),
    ("exclusiveMinimum", "above"),
    ("exclusiveMaximum", "below"),
    ("items", "each"),
    ("properties", "fields"),
    ("starts_with", "prefix"),
    ("domain", "host"),
    ("ip", "cidr"),
    ("kind", "type"),
];

pub(super) fn from_json(text: &str) -> Result<Constraint, LoadError> {
    let source = Arc::new(Source {
        name: None,
        text: text.to_owned(),
    });
    let reading = Reading {
        source: Some(source),
    };
    let node =
        json::parse_node(text, &Limits::default()).map_err(|error| syntax(&reading, &error))?;
    ConstraintReader::new(&reading).constraint(&node)
}

pub(super) fn from_entries(entries: Vec<(String, Value)>) -> Result<Constraint, LoadError> {
    let members = entries
        .into_iter()
        .map(|(key, value)| json::Member {
            key,
            key_span: Span::default(),
            value: node_of(value),
        })
        .collect();
    let node = Node {
        span: Span::default(),
        value: NodeValue::Object(members),
    };
    ConstraintReader::new(&Reading::default()).constraint(&node)
}

/// In the order of the format reference, so that constraints are equal however their keys were ordered.
pub(super) fn in_order(mut checks: Vec<Check>) -> Vec<Check> {
    checks.sort_by_key(|check| KEYS.iter().position(|key| *key == check.key()));
    checks
}

/// A value as a document without places.
fn node_of(value: Value) -> Node {
    let member = |(key, value): (&str, &Value)| json::Member {
        key: key.to_owned(),
        key_span: Span::default(),
        value: node_of(value.clone()),
    };
    let value = match value {
        Value::Null => NodeValue::Null,
        Value::Bool(value) => NodeValue::Bool(value),
        Value::Number(number) => NodeValue::Number(number),
        Value::String(text) => NodeValue::String(text),
        Value::Array(elements) => NodeValue::Array(elements.into_iter().map(node_of).collect()),
        Value::Object(object) => NodeValue::Object(object.iter().map(member).collect()),
    };
    Node {
        span: Span::default(),
        value,
    }
}

pub(crate) fn syntax(reading: &Reading, error: &json::Error) -> LoadError {
    let at = u32::try_from(error.offset().unwrap_or(0)).unwrap_or(u32::MAX);
    LoadError::new(LoadErrorKind::Syntax, error.kind().to_string()).at(reading.place(Span {
        start: at,
        end: at.saturating_add(1),
    }))
}

pub(super) fn non_empty<T>(
    key: &str,
    items: impl IntoIterator<Item = T>,
) -> Result<Vec<T>, LoadError> {
    let items: Vec<T> = items.into_iter().collect();
    if items.is_empty() {
        return Err(LoadError::new(
            LoadErrorKind::Policy,
            format!("`{key}` must not be empty"),
        ));
    }
    Ok(items)
}

impl<'r> ConstraintReader<'r> {
    pub(crate) fn new(reading: &'r Reading) -> Self {
        Self {
            reading,
            patterns: PatternCache::default(),
        }
    }

    /// Parameters or fields: name by name, each with its constraint, `optional` or not.
    pub(crate) fn fields(&mut self, node: &Node) -> Result<Fields, LoadError> {
        let NodeValue::Object(members) = &node.value else {
            return Err(self
                .reading
                .unexpected(node, "a table of names and constraints"));
        };
        let mut fields = members
            .iter()
            .map(|member| self.field(member))
            .collect::<Result<Vec<_>, _>>()?;
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Fields(fields))
    }

    fn field(&mut self, member: &json::Member) -> Result<Field, LoadError> {
        let mut optional = false;
        let mut rest = member.value.clone();
        if let NodeValue::Object(members) = &mut rest.value
            && let Some(index) = members.iter().position(|member| member.key == "optional")
        {
            let word = members.remove(index);
            optional = self.reading.boolean(&word.value)?;
            if members.is_empty() {
                let error = self
                    .reading
                    .error(word.key_span, "`optional` alone says nothing of the value");
                return Err(error.help("write `any = true` beside it if anything may be there"));
            }
        }
        json::check_key(&member.key)
            .map_err(|problem| self.reading.error(member.key_span, problem.to_string()))?;
        let constraint = self.constraint(&rest)?;
        Ok(Field {
            name: member.key.as_str().into(),
            constraint,
            optional,
            span: Unseen(member.key_span),
        })
    }

    pub(crate) fn constraint(&mut self, node: &Node) -> Result<Constraint, LoadError> {
        match &node.value {
            NodeValue::Array(_) => Ok(Constraint([Check::OneOf(self.values(node)?)].into())),
            NodeValue::Object(members) if members.is_empty() => Err(self
                .reading
                .error(node.span, "an empty constraint says nothing of the value")
                .help("write `{ any = true }` if anything may be there")),
            NodeValue::Object(members) => {
                let checks = members
                    .iter()
                    .map(|member| self.check(member))
                    .collect::<Result<Vec<_>, _>>()?;
                self.refuse_empty_range(node, &checks)?;
                Ok(Constraint(in_order(checks).into()))
            }
            _ => Err(self
                .reading
                .unexpected(node, "a list of values or a table of constraints")
                .help("write a list, such as `[\"a\"]`, for a single value")),
        }
    }

    fn check(&mut self, member: &json::Member) -> Result<Check, LoadError> {
        let node = &member.value;
        Ok(match member.key.as_str() {
            "any" => return self.any(node),
            "one_of" => Check::OneOf(self.values(node)?),
            "type" => Check::Type(self.reading.word(node, &TypeName::WORDS)?),
            "min" => Check::Bound(Bound::Min, self.reading.number(node)?),
            "max" => Check::Bound(Bound::Max, self.reading.number(node)?),
            "above" => Check::Bound(Bound::Above, self.reading.number(node)?),
            "below" => Check::Bound(Bound::Below, self.reading.number(node)?),
            "pattern" => Check::Pattern(self.pattern(node)?),
            "prefix" => self.prefix(node)?,
            "glob" => Check::Glob(self.glob(node)?),
            "path" => Check::Path(self.path(node)?),
            "host" | "url" | "cidr" => return self.net(member),
            "min_length" => Check::Length(Edge::Min, self.size(node)?),
            "max_length" => Check::Length(Edge::Max, self.size(node)?),
            "min_items" => Check::Items(Edge::Min, self.size(node)?),
            "max_items" => Check::Items(Edge::Max, self.size(node)?),
            "each" => Check::Each(self.constraint(node)?),
            "fields" => Check::Fields(self.fields(node)?),
            "all_of" => Check::AllOf(self.constraints(node)?),
            "any_of" => Check::AnyOf(self.constraints(node)?),
            "not" => Check::Not(self.constraint(node)?),
            "optional" => {
                let error = self.reading.error(
                    member.key_span,
                    "`optional` goes with a parameter or a field",
                );
                return Err(error.help("move it to the outermost table of the parameter"));
            }
            _ => return Err(self.unknown(member)),
        })
    }

    fn unknown(&self, member: &json::Member) -> LoadError {
        let error = self.reading.unknown_key(member, "a constraint", &KEYS);
        match ALIASES.iter().find(|(alias, _)| *alias == member.key) {
            Some((_, key)) => error.help(format!("write `{key}`")),
            None => error,
        }
    }

    fn any(&self, node: &Node) -> Result<Check, LoadError> {
        match self.reading.boolean(node)? {
            true => Ok(Check::Any),
            false => Err(self.reading.error(node.span, "`any` can only be `true`")),
        }
    }

    fn values(&self, node: &Node) -> Result<Values, LoadError> {
        let elements = self.reading.list(node, "a list of values")?;
        if elements.is_empty() {
            return Err(self
                .reading
                .error(node.span, "an empty list admits nothing"));
        }
        let members = elements
            .iter()
            .map(|element| {
                element
                    .to_value()
                    .map_err(|error| self.reading.error(element.span, error.kind().to_string()))
            })
            .collect::<Result<_, _>>()?;
        Ok(Values::new(members))
    }

    fn pattern(&mut self, node: &Node) -> Result<super::pattern::Pattern, LoadError> {
        let text = self.reading.string(node)?;
        self.patterns
            .pattern(text)
            .map_err(|error| self.inside_string(node, error.offset(), &error))
    }

    fn glob(&self, node: &Node) -> Result<glob::Glob, LoadError> {
        let text = self.reading.string(node)?;
        glob::Glob::new(text).map_err(|error| self.inside_string(node, error.offset(), &error))
    }

    /// Points into a string where its text stands in the document as it is, and at the whole string otherwise.
    fn inside_string(
        &self,
        node: &Node,
        offset: usize,
        error: &dyn std::fmt::Display,
    ) -> LoadError {
        let span = match (&node.value, &self.reading.source) {
            (NodeValue::String(text), Some(source)) => {
                source.within_string(node.span, text, offset..offset.saturating_add(1))
            }
            _ => node.span,
        };
        self.reading.error(span, error.to_string())
    }

    fn prefix(&self, node: &Node) -> Result<Check, LoadError> {
        match self.reading.string(node)? {
            "" => Err(self
                .reading
                .error(node.span, "an empty prefix admits every string")),
            prefix => Ok(Check::Prefix(prefix.to_owned())),
        }
    }

    fn path(&self, node: &Node) -> Result<path::PathRoots, LoadError> {
        let roots = self.strings(node)?;
        path::PathRoots::new(roots).map_err(|error| self.at_entry(node, error.entry(), &error))
    }

    fn at_entry(
        &self,
        node: &Node,
        entry: Option<usize>,
        error: &dyn std::fmt::Display,
    ) -> LoadError {
        let element = match (&node.value, entry) {
            (NodeValue::Array(elements), Some(index)) => elements.get(index),
            _ => None,
        };
        self.reading.error(
            element.map_or(node.span, |element| element.span),
            error.to_string(),
        )
    }

    fn strings(&self, node: &Node) -> Result<Vec<String>, LoadError> {
        let elements = self.reading.list(node, "a list of strings")?;
        elements
            .iter()
            .map(|element| self.reading.string(element).map(str::to_owned))
            .collect()
    }

    fn size(&self, node: &Node) -> Result<usize, LoadError> {
        let count = self.reading.count(node)?;
        usize::try_from(count).map_err(|_| self.reading.error(node.span, "the size is too large"))
    }

    fn constraints(&mut self, node: &Node) -> Result<Vec<Constraint>, LoadError> {
        let elements = self.reading.list(node, "a list of constraints")?;
        if elements.is_empty() {
            return Err(self.reading.error(node.span, "the list must not be empty"));
        }
        elements
            .iter()
            .map(|element| self.constraint(element))
            .collect()
    }

    /// Bounds that leave no number, and sizes that leave no size, are mistakes.
    fn refuse_empty_range(&self, node: &Node, checks: &[Check]) -> Result<(), LoadError> {
        if numbers_are_empty(checks.iter()) {
            return Err(self
                .reading
                .error(node.span, "no number is within these bounds"));
        }
        if sizes_are_empty(checks.iter()) {
            return Err(self
                .reading
                .error(node.span, "the smallest size is above the largest"));
        }
        Ok(())
    }

    #[cfg(not(feature = "net"))]
    fn net(&self, member: &json::Member) -> Result<Check, LoadError> {
        let message = format!(
            "`{}` needs the crate feature `net`, which is not compiled in",
            member.key
        );
        Err(self.reading.error(member.key_span, message))
    }

    #[cfg(feature = "net")]
    fn net(&self, member: &json::Member) -> Result<Check, LoadError> {
        let node = &member.value;
        match member.key.as_str() {
            "host" => super::host::Hosts::new(self.strings(node)?)
                .map(Check::Host)
                .map_err(|error| self.at_entry(node, error.entry(), &error)),
            "cidr" => super::cidr::Cidrs::new(self.strings(node)?)
                .map(Check::Cidr)
                .map_err(|error| self.at_entry(node, error.entry(), &error)),
            _ => self.url(node),
        }
    }

    #[cfg(feature = "net")]
    fn url(&self, node: &Node) -> Result<Check, LoadError> {
        let members = self.reading.members(node, "a URL constraint", &URL_KEYS)?;
        let find = |key: &str| {
            members
                .iter()
                .find(|member| member.key == key)
                .map(|member| &member.value)
        };
        let list = |key: &str| find(key).map(|node| self.strings(node)).transpose();
        let Some(host) = list("host")? else {
            return Err(self
                .reading
                .error(node.span, "a URL constraint needs `host`"));
        };
        let port = find("port").map(|node| self.ports(node)).transpose()?;
        let source = super::url::UrlSource {
            host,
            scheme: list("scheme")?,
            port,
            path: list("path")?,
        };
        super::url::UrlRule::new(source)
            .map(Check::Url)
            .map_err(|error| {
                self.at_entry(find(error.key()).unwrap_or(node), error.entry(), &error)
            })
    }

    #[cfg(feature = "net")]
    fn ports(&self, node: &Node) -> Result<Vec<u16>, LoadError> {
        let elements = self.reading.list(node, "a list of ports")?;
        elements
            .iter()
            .map(|element| {
                let port = self.reading.count(element)?;
                u16::try_from(port)
                    .map_err(|_| self.reading.error(element.span, "a port is at most 65535"))
            })
            .collect()
    }
}

/// Bounds or sizes that contradict each other.
pub(super) fn leave_nothing(checks: &[Check]) -> bool {
    numbers_are_empty(checks.iter()) || sizes_are_empty(checks.iter())
}

/// Whether no number is within the bounds among these.
pub(crate) fn numbers_are_empty<'c>(checks: impl Iterator<Item = &'c Check> + Clone) -> bool {
    let bounds = || {
        checks.clone().filter_map(|check| match check {
            Check::Bound(bound, number) => Some((*bound, *number)),
            _ => None,
        })
    };
    let lower = || bounds().filter(|(bound, _)| matches!(bound, Bound::Min | Bound::Above));
    let upper = || bounds().filter(|(bound, _)| matches!(bound, Bound::Max | Bound::Below));
    lower().any(|(low, from)| {
        upper().any(|(high, to)| match from.compare(to) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => low == Bound::Above || high == Bound::Below,
            std::cmp::Ordering::Greater => true,
        })
    })
}

/// Whether no size of a string, or none of an array, is within those among these.
pub(crate) fn sizes_are_empty<'c>(checks: impl Iterator<Item = &'c Check> + Clone) -> bool {
    let sizes = |wanted: Edge| {
        checks.clone().filter_map(move |check| match check {
            Check::Length(edge, size) if *edge == wanted => Some((true, *size)),
            Check::Items(edge, size) if *edge == wanted => Some((false, *size)),
            _ => None,
        })
    };
    sizes(Edge::Min).any(|(of_string, min)| {
        sizes(Edge::Max).any(|(other, max)| of_string == other && min > max)
    })
}
