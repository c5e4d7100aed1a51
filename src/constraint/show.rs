//! Constraints for people and as documents.

use std::fmt;

use super::{Bound, Check, Constraint, Edge, Fields, TypeName};
use crate::json::{Object, Value};
use crate::text::Plain;

/// What completes "must be ...".
impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        separated(f, self.checks(), " and ", |f, check| write!(f, "{check}"))
    }
}

impl fmt::Debug for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Constraint({self})")
    }
}

/// The most members of a list that a message repeats.
const SHOWN_MEMBERS: usize = 8;

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("anything"),
            Self::OneOf(values) => {
                f.write_str("one of ")?;
                let shown = values
                    .members()
                    .get(..SHOWN_MEMBERS)
                    .unwrap_or(values.members());
                separated(f, shown, ", ", |f, value| {
                    let mut text = String::new();
                    value.write_json(&mut text);
                    write!(f, "{}", Plain(&text))
                })?;
                match values.members().len() - shown.len() {
                    0 => Ok(()),
                    more => write!(f, " or {more} more"),
                }
            }
            Self::Type(name) => write!(f, "of type {}", name.word()),
            Self::Bound(bound, number) => write!(f, "{} {number}", bound.words()),
            Self::Pattern(pattern) => write!(f, "a string matching `{}`", Plain(pattern.source())),
            Self::Prefix(prefix) => write!(f, "a string beginning with `{}`", Plain(prefix)),
            Self::Glob(glob) => write!(f, "a string matching the glob `{}`", Plain(glob.source())),
            Self::Path(roots) => {
                f.write_str("a normal path at or under ")?;
                alternatives(f, roots.source())
            }
            #[cfg(feature = "net")]
            Self::Host(hosts) => {
                f.write_str("a host out of ")?;
                alternatives(f, hosts.source())
            }
            #[cfg(feature = "net")]
            Self::Url(rule) => {
                f.write_str("a URL in normal form at ")?;
                alternatives(f, &rule.source().host)
            }
            #[cfg(feature = "net")]
            Self::Cidr(networks) => {
                f.write_str("an address within ")?;
                alternatives(f, networks.source())
            }
            Self::Length(edge, size) => write!(f, "a string of {} {size} characters", edge.words()),
            Self::Items(edge, size) => write!(f, "an array of {} {size} elements", edge.words()),
            Self::Each(constraint) => write!(f, "an array of elements that are each {constraint}"),
            Self::Fields(fields) => {
                f.write_str("an object of ")?;
                let names: Vec<String> = fields
                    .0
                    .iter()
                    .map(|field| field.name.to_string())
                    .collect();
                alternatives(f, &names)
            }
            Self::AllOf(constraints) => some_of(f, constraints, " and "),
            Self::AnyOf(constraints) => some_of(f, constraints, " or "),
            Self::Not(constraint) => write!(f, "not {constraint}"),
        }
    }
}

fn separated<T>(
    f: &mut fmt::Formatter<'_>,
    items: &[T],
    separator: &str,
    write_one: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        write_one(f, item)?;
    }
    Ok(())
}

fn some_of(f: &mut fmt::Formatter<'_>, constraints: &[Constraint], separator: &str) -> fmt::Result {
    let shown = constraints.get(..SHOWN_MEMBERS).unwrap_or(constraints);
    separated(f, shown, separator, |f, one| write!(f, "({one})"))?;
    match constraints.len() - shown.len() {
        0 => Ok(()),
        more => write!(f, "{separator}{more} more"),
    }
}

fn alternatives(f: &mut fmt::Formatter<'_>, texts: &[String]) -> fmt::Result {
    let shown = texts.get(..SHOWN_MEMBERS).unwrap_or(texts);
    separated(f, shown, ", ", |f, text| write!(f, "`{}`", Plain(text)))?;
    match texts.len() - shown.len() {
        0 => Ok(()),
        more => write!(f, " or {more} more"),
    }
}

impl Bound {
    fn words(self) -> &'static str {
        match self {
            Self::Min => "at least",
            Self::Max => "at most",
            Self::Above => "above",
            Self::Below => "below",
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::Min => "min",
            Self::Max => "max",
            Self::Above => "above",
            Self::Below => "below",
        }
    }
}

impl Edge {
    fn words(self) -> &'static str {
        match self {
            Self::Min => "at least",
            Self::Max => "at most",
        }
    }
}

/// Back to the document form, which reads as the same constraint.
impl Constraint {
    pub(crate) fn to_value(&self) -> Value {
        match self.checks() {
            [Check::OneOf(values)] => Value::Array(values.members().to_vec()),
            _ => Value::Object(self.to_object(false)),
        }
    }

    fn to_object(&self, optional: bool) -> Object {
        let entries = self
            .checks()
            .iter()
            .map(|check| (check.key().to_owned(), check.to_value()));
        let mut entries: Vec<(String, Value)> = entries.collect();
        if optional {
            entries.push(("optional".to_owned(), Value::Bool(true)));
        }
        object(entries)
    }
}

/// Keys are unique by construction.
fn object(entries: Vec<(String, Value)>) -> Object {
    Object::from_entries(entries).unwrap_or_default()
}

impl Fields {
    pub(crate) fn to_value(&self) -> Value {
        let entries = self.0.iter().map(|field| {
            let value = match field.optional {
                true => Value::Object(field.constraint.to_object(true)),
                false => field.constraint.to_value(),
            };
            (field.name.to_string(), value)
        });
        Value::Object(object(entries.collect()))
    }
}

impl Check {
    pub(crate) fn key(&self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::OneOf(_) => "one_of",
            Self::Type(_) => "type",
            Self::Bound(bound, _) => bound.key(),
            Self::Pattern(_) => "pattern",
            Self::Prefix(_) => "prefix",
            Self::Glob(_) => "glob",
            Self::Path(_) => "path",
            #[cfg(feature = "net")]
            Self::Host(_) => "host",
            #[cfg(feature = "net")]
            Self::Url(_) => "url",
            #[cfg(feature = "net")]
            Self::Cidr(_) => "cidr",
            Self::Length(Edge::Min, _) => "min_length",
            Self::Length(Edge::Max, _) => "max_length",
            Self::Items(Edge::Min, _) => "min_items",
            Self::Items(Edge::Max, _) => "max_items",
            Self::Each(_) => "each",
            Self::Fields(_) => "fields",
            Self::AllOf(_) => "all_of",
            Self::AnyOf(_) => "any_of",
            Self::Not(_) => "not",
        }
    }

    fn to_value(&self) -> Value {
        match self {
            Self::Any => Value::Bool(true),
            Self::OneOf(values) => Value::Array(values.members().to_vec()),
            Self::Type(name) => Value::from(TypeName::word(*name)),
            Self::Bound(_, number) => Value::Number(*number),
            Self::Pattern(pattern) => Value::from(pattern.source()),
            Self::Prefix(prefix) => Value::from(prefix.as_str()),
            Self::Glob(glob) => Value::from(glob.source()),
            Self::Path(roots) => strings(roots.source()),
            #[cfg(feature = "net")]
            Self::Host(hosts) => strings(hosts.source()),
            #[cfg(feature = "net")]
            Self::Url(rule) => url_value(rule.source()),
            #[cfg(feature = "net")]
            Self::Cidr(networks) => strings(networks.source()),
            Self::Length(_, size) | Self::Items(_, size) => Value::from(*size),
            Self::Each(constraint) | Self::Not(constraint) => constraint.to_value(),
            Self::Fields(fields) => fields.to_value(),
            Self::AllOf(constraints) | Self::AnyOf(constraints) => {
                Value::Array(constraints.iter().map(Constraint::to_value).collect())
            }
        }
    }
}

fn strings(texts: &[String]) -> Value {
    Value::Array(
        texts
            .iter()
            .map(|text| Value::from(text.as_str()))
            .collect(),
    )
}

#[cfg(feature = "net")]
fn url_value(source: &super::url::UrlSource) -> Value {
    let mut entries = vec![("host".to_owned(), strings(&source.host))];
    if let Some(schemes) = &source.scheme {
        entries.push(("scheme".to_owned(), strings(schemes)));
    }
    if let Some(ports) = &source.port {
        entries.push((
            "port".to_owned(),
            Value::Array(ports.iter().map(|port| Value::from(*port)).collect()),
        ));
    }
    if let Some(roots) = &source.path {
        entries.push(("path".to_owned(), strings(roots)));
    }
    Value::Object(object(entries))
}
