//! A graph as Graphviz draws it.

use std::fmt::Write as _;

use super::endpoint::Endpoint;
use super::expectation::Expectation;
use super::label::{Label, shown, told};
use super::view::{GraphEdge, GraphView};
use crate::anomaly::alert::Severity;

impl GraphView {
    /// All of the graph in the DOT language, a node and an edge a line.
    ///
    /// Agents are round, destinations six-sided, and agents tell what was told about them. The more calls, the bolder an edge;
    /// an unexpected one is dashed, and the severer the worst alert about it, the redder. Names are cut at 64 characters and
    /// escaped: nodes have numbers in their place, so that no name can be anything but a label.
    ///
    /// Source: [the DOT language](https://graphviz.org/doc/info/lang.html).
    #[must_use]
    pub fn dot(&self) -> String {
        let mut dot = String::from("digraph communication {\n  rankdir=LR;\n");
        let dropped = self.dropped;
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(
            dot,
            "  // dropped for want of room: {} edges, {} agents",
            dropped.edges, dropped.agents
        );
        for (number, node) in self.nodes.iter().enumerate() {
            let (label, shape) = (escaped(node.endpoint.name()), shape(&node.endpoint));
            let told = told(node).map(|told| format!("\\n{told}"));
            let told = told.unwrap_or_default();
            let _ = writeln!(dot, "  n{number} [label=\"{label}{told}\", {shape}];");
        }
        for edge in &self.edges {
            if let Some((source, target)) = self.ends(edge) {
                let (label, style) = (Label(edge), style(edge));
                let _ = writeln!(
                    dot,
                    "  n{source} -> n{target} [label=\"{label}\", {style}];"
                );
            }
        }
        dot.push_str("}\n");
        dot
    }

    /// The places of the nodes at which an edge begins and ends; they are always there.
    pub(super) fn ends(&self, edge: &GraphEdge) -> Option<(usize, usize)> {
        let place = |endpoint: &Endpoint| {
            let found = self
                .nodes
                .binary_search_by(|node| node.endpoint.cmp(endpoint));
            found.ok()
        };
        let source = place(&Endpoint::Agent(edge.source.clone()))?;
        Some((source, place(&edge.target)?))
    }
}

fn shape(endpoint: &Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Agent(_) => "shape=box, style=rounded",
        Endpoint::Tool(_) => "shape=box",
        Endpoint::Destination(_) => "shape=hexagon",
    }
}

fn style(edge: &GraphEdge) -> String {
    let width = 1.0 + (edge.traffic.count.max(1) as f64).log10();
    let line = match edge.expectation {
        Expectation::Unexpected => "dashed",
        _ => "solid",
    };
    let colour = match edge.suspicion.severity {
        None => "black",
        Some(Severity::Low) => "orange",
        Some(Severity::Medium) => "orangered",
        Some(Severity::High) => "red",
    };
    format!("penwidth={width:.1}, style={line}, color={colour}")
}

/// The inside of a quoted string, in which `\` begins an escape and `&` an entity.
fn escaped(name: &str) -> String {
    let mut escaped = String::new();
    for character in shown(name).chars() {
        match character {
            '"' | '\\' => escaped.extend(['\\', character]),
            '&' => escaped.push_str("&amp;"),
            _ => escaped.push(character),
        }
    }
    escaped
}
