//! A graph as a flowchart of Mermaid, which many tools draw where they show Markdown.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::endpoint::Endpoint;
use super::expectation::Expectation;
use super::label::{Label, shown, told};
use super::view::{GraphEdge, GraphNode, GraphView};

/// The most edges that Mermaid draws, and the longest text, unless it is told otherwise (`maxEdges`, `maxTextSize`).
const MOST_EDGES: usize = 500;
const MOST_TEXT: usize = 50_000;
/// What is kept free for the lines that are not nodes or edges: the longest of them lists the number of every edge.
const RESERVE: usize = 4_096;

/// An edge that is drawn: by its number among all, between these nodes.
struct Drawn<'g> {
    source: usize,
    target: usize,
    edge: &'g GraphEdge,
}

impl GraphView {
    /// The graph as a Mermaid flowchart. Agents are round, destinations six-sided, unexpected edges dotted and red.
    ///
    /// Mermaid draws at most 500 edges and 50,000 characters. Where there are more, the unexpected ones are drawn first, then
    /// those with the severest alerts, the most surprising ones and the most calls; a note says how many were left out. Names
    /// are cut at 64 characters and escaped: nodes have numbers in their place, so that no name can be anything but a label.
    ///
    /// Source: [Mermaid flowcharts](https://mermaid.js.org/syntax/flowchart.html).
    #[must_use]
    pub fn mermaid(&self) -> String {
        let drawn = self.drawn();
        let mut mermaid = String::from("flowchart LR\n");
        for number in nodes_of(&drawn) {
            if let Some(node) = self.nodes.get(number) {
                mermaid.push_str(&node_line(number, node));
            }
        }
        for drawn in &drawn {
            mermaid.push_str(&edge_line(drawn));
        }
        let is_unexpected = |drawn: &Drawn<'_>| is_unexpected(drawn.edge);
        let red: Vec<String> = (0..)
            .zip(&drawn)
            .filter(|(_, drawn)| is_unexpected(drawn))
            .map(|(number, _): (usize, _)| number.to_string())
            .collect();
        // Writing to a string cannot fail, here and below.
        if !red.is_empty() {
            let _ = writeln!(mermaid, "  linkStyle {} stroke:red", red.join(","));
        }
        let left_out = self.edges.len() - drawn.len();
        if left_out > 0 {
            let _ = writeln!(mermaid, "  leftout[\"{left_out} edges are not drawn\"]");
        }
        if self.dropped.edges > 0 {
            let dropped = self.dropped.edges;
            let _ = writeln!(mermaid, "  dropped[\"{dropped} edges were dropped\"]");
        }
        mermaid
    }

    /// The edges that matter most, as many as fit, in the order of the view.
    fn drawn(&self) -> Vec<Drawn<'_>> {
        let mut ranked: Vec<(usize, &GraphEdge)> = self.edges.iter().enumerate().collect();
        ranked.sort_by(|(_, one), (_, other)| compare(one, other));
        let mut nodes = BTreeSet::new();
        let mut drawn = Vec::new();
        let mut size = RESERVE;
        for (place, edge) in ranked.into_iter().take(MOST_EDGES) {
            let Some((source, target)) = self.ends(edge) else {
                continue;
            };
            let edge = Drawn {
                source,
                target,
                edge,
            };
            size += edge_line(&edge).len();
            for number in [source, target] {
                if let (true, Some(node)) = (nodes.insert(number), self.nodes.get(number)) {
                    size += node_line(number, node).len();
                }
            }
            if size > MOST_TEXT {
                break;
            }
            drawn.push((place, edge));
        }
        drawn.sort_by_key(|(place, _)| *place);
        drawn.into_iter().map(|(_, drawn)| drawn).collect()
    }
}

/// What matters more comes first; what matters as much stays in its order.
fn compare(one: &GraphEdge, other: &GraphEdge) -> std::cmp::Ordering {
    let key = |edge: &GraphEdge| Reverse((is_unexpected(edge), edge.suspicion.severity));
    let count = |edge: &GraphEdge| Reverse(edge.traffic.count);
    key(one)
        .cmp(&key(other))
        .then(other.suspicion.score.total_cmp(&one.suspicion.score))
        .then(count(one).cmp(&count(other)))
}

fn is_unexpected(edge: &GraphEdge) -> bool {
    edge.expectation == Expectation::Unexpected
}

fn nodes_of(drawn: &[Drawn<'_>]) -> BTreeSet<usize> {
    let ends = drawn.iter().flat_map(|drawn| [drawn.source, drawn.target]);
    ends.collect()
}

fn node_line(number: usize, node: &GraphNode) -> String {
    let (open, close) = match node.endpoint {
        Endpoint::Agent(_) => ("(", ")"),
        Endpoint::Tool(_) => ("[", "]"),
        Endpoint::Destination(_) => ("{{", "}}"),
    };
    let label = escaped(node.endpoint.name());
    let told = told(node).map(|told| format!("<br>{told}"));
    let told = told.unwrap_or_default();
    format!("  n{number}{open}\"{label}{told}\"{close}\n")
}

fn edge_line(drawn: &Drawn<'_>) -> String {
    let (source, target, label) = (drawn.source, drawn.target, Label(drawn.edge));
    let arrow = if is_unexpected(drawn.edge) {
        "-.->"
    } else {
        "-->"
    };
    format!("  n{source} {arrow}|\"{label}\"| n{target}\n")
}

/// The inside of a quoted label: all that might mean something to Mermaid, to Markdown or to HTML is written as the code of
/// its character, which only the label shows.
fn escaped(name: &str) -> String {
    let mut escaped = String::new();
    for character in shown(name).chars() {
        let is_plain =
            character.is_alphanumeric() || matches!(character, '_' | '-' | '.' | ':' | '/' | '…');
        if is_plain {
            escaped.push(character);
        } else {
            let _ = write!(escaped, "#{};", u32::from(character));
        }
    }
    escaped
}
