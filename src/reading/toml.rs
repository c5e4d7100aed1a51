//! A document tree out of TOML text.

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};

use super::Reading;
use crate::error::{LoadError, LoadErrorKind};
use crate::json::{self, Limits, Member, Node, NodeValue, Number, Span};

pub(super) fn parse(reading: &Reading, text: &str) -> Result<Node, LoadError> {
    let table = DeTable::parse(text).map_err(|error| {
        LoadError::new(LoadErrorKind::Syntax, one_line(error.message()))
            .at(error.span().and_then(|range| reading.place(span(range))))
    })?;
    let depth = Limits::default().max_depth;
    let at = span(table.span());
    Ok(Node {
        span: at,
        value: table_value(reading, table.into_inner(), depth)?,
    })
}

fn table_value(
    reading: &Reading,
    table: DeTable<'_>,
    depth: usize,
) -> Result<NodeValue, LoadError> {
    let members = table.into_iter().map(|(key, value)| {
        let key_span = span(key.span());
        let value = node(reading, value, depth)?;
        Ok(Member {
            key: key.into_inner().into_owned(),
            key_span,
            value,
        })
    });
    members
        .collect::<Result<_, LoadError>>()
        .map(NodeValue::Object)
}

fn node(reading: &Reading, value: Spanned<DeValue<'_>>, depth: usize) -> Result<Node, LoadError> {
    let at = span(value.span());
    let value = match value.into_inner() {
        DeValue::String(text) => NodeValue::String(text.into_owned()),
        DeValue::Boolean(value) => NodeValue::Bool(value),
        DeValue::Integer(integer) => NodeValue::Number(
            integer_value(integer.as_str(), integer.radix())
                .ok_or_else(|| syntax(reading, at, "an integer must fit 64 bits"))?,
        ),
        DeValue::Float(float) => {
            NodeValue::Number(float_value(float.as_str()).ok_or_else(|| {
                syntax(
                    reading,
                    at,
                    "a float must be finite and mean what is written when read as a 64-bit float",
                )
            })?)
        }
        DeValue::Datetime(_) => {
            return Err(syntax(reading, at, "a policy has no use for dates")
                .help("write it as a string, in quotes"));
        }
        DeValue::Array(elements) => {
            let depth = inside(reading, at, depth)?;
            let elements = elements
                .into_iter()
                .map(|element| node(reading, element, depth));
            NodeValue::Array(elements.collect::<Result<_, _>>()?)
        }
        DeValue::Table(table) => table_value(reading, table, inside(reading, at, depth)?)?,
    };
    Ok(Node { span: at, value })
}

fn inside(reading: &Reading, at: Span, depth: usize) -> Result<usize, LoadError> {
    depth
        .checked_sub(1)
        .ok_or_else(|| syntax(reading, at, "the policy is nested too deeply"))
}

/// The parser has taken out underscores and the radix prefix.
fn integer_value(digits: &str, radix: u32) -> Option<Number> {
    if digits == "-0" {
        // As in JSON, where it is a float too.
        return Number::try_from(-0.0).ok();
    }
    let signed = i64::from_str_radix(digits, radix).ok().map(Number::from);
    signed.or_else(|| u64::from_str_radix(digits, radix).ok().map(Number::from))
}

/// By the rules of the JSON reader, which knows no leading plus.
fn float_value(text: &str) -> Option<Number> {
    let text = text.strip_prefix('+').unwrap_or(text);
    match json::parse_node(text, &Limits::default()).ok()?.value {
        NodeValue::Number(number) => Some(number),
        _ => None,
    }
}

fn syntax(reading: &Reading, at: Span, message: &str) -> LoadError {
    LoadError::new(LoadErrorKind::Syntax, message).at(reading.place(at))
}

fn span(range: std::ops::Range<usize>) -> Span {
    let narrow = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
    Span {
        start: narrow(range.start),
        end: narrow(range.end),
    }
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}
