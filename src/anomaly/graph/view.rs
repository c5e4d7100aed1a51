//! A graph as it is at one moment.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use super::counts::{Counts, Suspicion, Traffic};
use super::endpoint::Endpoint;
use super::expectation::{Expectation, Expected};
use super::memory::{Dropped, Memory, Source};
use crate::anomaly::policy::{MonitorPolicy, ResourceClass};
use crate::ids::AgentId;

/// A graph as it was when it was looked at, in an order that depends on nothing but what is in it: nodes by kind and name,
/// edges by agent and target. Made by [`CommunicationGraph::view`](super::CommunicationGraph::view).
///
/// It is told as JSON by `serde`, and as a picture by [`dot`](Self::dot) and [`mermaid`](Self::mermaid).
#[derive(Clone, Debug)]
pub struct GraphView {
    pub(super) nodes: Vec<GraphNode>,
    pub(super) edges: Vec<GraphEdge>,
    pub(super) dropped: Dropped,
    pub(super) classes: Arc<[ResourceClass]>,
}

/// An agent, a tool or a destination.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct GraphNode {
    /// What it is.
    pub endpoint: Endpoint,
    /// What went through it: over all edges that begin or end at it.
    pub traffic: Traffic,
    /// What was told about it: over these edges, and of an agent also what was told about it and about none of them.
    pub suspicion: Suspicion,
    /// Edges of this agent that had to give way to others.
    pub dropped: u64,
}

/// The way from an agent to whom or what it turned to.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct GraphEdge {
    /// Who turned to it.
    pub source: AgentId,
    /// To whom or what.
    pub target: Endpoint,
    /// What went along it.
    pub traffic: Traffic,
    /// Whether it is expected.
    pub expectation: Expectation,
    /// What was told about it.
    pub suspicion: Suspicion,
}

impl GraphView {
    /// Sorted by kind and name.
    #[must_use]
    pub fn nodes(&self) -> &[GraphNode] {
        &self.nodes
    }

    /// Sorted by agent, then by kind and name of the target.
    #[must_use]
    pub fn edges(&self) -> &[GraphEdge] {
        &self.edges
    }

    /// What there was no room for.
    #[must_use]
    pub fn dropped(&self) -> Dropped {
        self.dropped
    }

    pub(super) fn of(memory: &Memory, policy: &MonitorPolicy) -> Self {
        let mut edges = Vec::new();
        let mut nodes = BTreeMap::new();
        let dropped = memory.for_each(|source| add_source(source, policy, &mut nodes, &mut edges));
        edges.sort_by(|one: &GraphEdge, other| {
            (&one.source, &one.target).cmp(&(&other.source, &other.target))
        });
        Self {
            nodes: nodes.into_iter().map(Node::finish).collect(),
            edges,
            dropped,
            classes: Arc::clone(policy.classes()),
        }
    }
}

/// A node while its edges are gathered.
struct Node {
    counts: Counts,
    suspicion: Suspicion,
    dropped: u64,
}

fn add_source(
    source: &Source,
    policy: &MonitorPolicy,
    nodes: &mut BTreeMap<Endpoint, Node>,
    edges: &mut Vec<GraphEdge>,
) {
    let expected = Expected::new(policy, &source.agent);
    let agent = Endpoint::Agent(source.agent.clone());
    for edge in &source.edges {
        add_to_node(nodes, &agent, &edge.counts, &edge.told);
        // What an agent says to itself goes through it once.
        if edge.target != agent {
            add_to_node(nodes, &edge.target, &edge.counts, &edge.told);
        }
        edges.push(GraphEdge {
            source: source.agent.clone(),
            target: edge.target.clone(),
            traffic: edge.counts.traffic(),
            expectation: expected.leads_to(&edge.target, edge.is_named),
            suspicion: edge.told,
        });
    }
    if let Some(node) = nodes.get_mut(&agent) {
        node.suspicion.merge(&source.told);
        node.dropped = source.dropped;
    }
}

fn add_to_node(
    nodes: &mut BTreeMap<Endpoint, Node>,
    endpoint: &Endpoint,
    counts: &Counts,
    told: &Suspicion,
) {
    match nodes.entry(endpoint.clone()) {
        Entry::Occupied(node) => {
            let node = node.into_mut();
            node.counts.merge(counts);
            node.suspicion.merge(told);
        }
        Entry::Vacant(place) => {
            place.insert(Node {
                counts: counts.clone(),
                suspicion: *told,
                dropped: 0,
            });
        }
    }
}

impl Node {
    fn finish((endpoint, node): (Endpoint, Self)) -> GraphNode {
        GraphNode {
            endpoint,
            traffic: node.counts.traffic(),
            suspicion: node.suspicion,
            dropped: node.dropped,
        }
    }
}
