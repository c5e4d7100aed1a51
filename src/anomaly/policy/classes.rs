//! Tools that lead to one kind of thing, under a name.

use crate::error::{LoadError, Unseen};
use crate::ids::ToolPattern;
use crate::json::{Member, Node, NodeValue, Span};
use crate::reading::Reading;
use crate::text::Plain;

/// What is worth protecting, by the tools that reach it: `payments`, by `pay` and `refund_*`.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::anomaly) struct ResourceClass {
    pub(in crate::anomaly) name: Box<str>,
    pub(in crate::anomaly) tools: Vec<ToolPattern>,
    /// Where each tool is named.
    pub(super) spans: Unseen<Vec<Span>>,
}

impl ResourceClass {
    pub(in crate::anomaly) fn covers(&self, tool: &str) -> bool {
        self.tools.iter().any(|pattern| pattern.covers(tool))
    }
}

/// Reads all classes, sorted by name.
pub(super) fn read_classes(
    reading: &Reading,
    node: &Node,
) -> Result<Vec<ResourceClass>, LoadError> {
    let NodeValue::Object(members) = &node.value else {
        return Err(reading.unexpected(node, "an object of resource classes"));
    };
    let classes = members.iter().map(|member| read_class(reading, member));
    in_order(reading, classes.collect::<Result<_, _>>()?)
}

/// Sorted by name. Keys of a document are different from each other; what code names may not be.
pub(super) fn in_order(
    reading: &Reading,
    mut classes: Vec<ResourceClass>,
) -> Result<Vec<ResourceClass>, LoadError> {
    classes.sort_by(|one, other| one.name.cmp(&other.name));
    let twice = classes.windows(2).find_map(|pair| match pair {
        [one, other] if one.name == other.name => Some(&one.name),
        _ => None,
    });
    match twice {
        None => Ok(classes),
        Some(name) => {
            let message = format!("the resource class `{name}` stands twice");
            Err(reading.error(Span::default(), message))
        }
    }
}

pub(super) fn read_class(reading: &Reading, member: &Member) -> Result<ResourceClass, LoadError> {
    if !is_name(&member.key) {
        let message = format!(
            "`{}` is no name of a resource class: 1 to {MAX_NAME} characters out of `A-Z a-z 0-9 _ . -`",
            Plain(&member.key)
        );
        return Err(reading.error(member.key_span, message));
    }
    let nodes = reading.list(&member.value, "a list of names of tools")?;
    if nodes.is_empty() {
        return Err(reading
            .error(member.value.span, "no tool is in this resource class")
            .help("name the tools that reach it, or leave it out"));
    }
    let mut tools = Vec::with_capacity(nodes.len());
    for node in nodes {
        let tool = ToolPattern::parse(reading.string(node)?)
            .map_err(|error| reading.error(node.span, error.to_string()))?;
        if tools.contains(&tool) {
            return Err(reading.error(node.span, "the same tool is named before"));
        }
        tools.push(tool);
    }
    Ok(ResourceClass {
        name: member.key.as_str().into(),
        tools,
        spans: Unseen(nodes.iter().map(|node| node.span).collect()),
    })
}

fn is_name(text: &str) -> bool {
    (1..=MAX_NAME).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}

const MAX_NAME: usize = 64;
